//! What Standfast nodes tell each other beside VRRP (Standfast's own keywords `peer_channel`, `peer_port`, `fast_detect`).

use crate::span::Spanned;
use crate::units::Micros;

/// The UDP port where none is configured.
pub const PEER_PORT: u16 = 9112;

/// `fast_detect TIME [xCOUNT]`: a peer is watched at that interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FastDetect {
    /// A sign of life comes this often: 10 ms to 10 s.
    pub interval: Micros,
    /// So many missing in a row are a suspicion: 2 to 20.
    pub misses: u8,
}

impl FastDetect {
    /// The silence after which a peer is suspected.
    #[must_use]
    pub fn patience(self) -> Micros {
        Micros(self.interval.get().saturating_mul(u64::from(self.misses)))
    }
}

/// The settings in `global_defs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct PeerChannelDefs {
    /// `peer_channel`; unset, it is on.
    pub enabled: Option<Spanned<bool>>,
    /// `peer_port`.
    pub port: Option<Spanned<u16>>,
    /// `fast_detect`; unset or `off`, nobody is watched.
    pub fast_detect: Option<Spanned<FastDetect>>,
}

impl PeerChannelDefs {
    /// The port of all nodes.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.map_or(PEER_PORT, |port| port.value)
    }

    /// Whether instances that say nothing take part.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.enabled.is_none_or(|enabled| enabled.value)
    }
}

/// What an instance does on the peer channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct PeerChannel {
    /// Its master's node is watched.
    pub fast_detect: Option<FastDetect>,
}
