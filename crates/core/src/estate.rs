//! What is left to do when the process that ran the routers has died: resign for it, go on
//! answering until a successor is heard, then let go.
//!
//! The supervisor holds an [`Estate`] for every Active router of its worker, filled with bytes and
//! addresses that are ready to use. It decides like a leaving router (see `router::leave`).

use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::vrrp::{Advertisement, Authentication, Interval, Priority, Version, Vrid};

use crate::input::{InterfaceIndex, RouterId};
use crate::spec::{Fixture, VirtualAddress};
use crate::time::{Instant, Micros};

/// What one Active router leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estate {
    /// Which router.
    pub router: RouterId,
    /// Where it advertised.
    pub interface: InterfaceIndex,
    /// Where it sent from.
    pub source: IpAddr,
    /// Where it heard advertisements: its group, or with unicast its own address.
    pub listens_at: IpAddr,
    /// Its unicast peers, one of which is the successor; none with multicast.
    pub peers: Vec<IpAddr>,
    /// Its virtual router identifier.
    pub vrid: Vrid,
    /// Its protocol version.
    pub version: Version,
    /// Its interval, as on the wire.
    pub interval: Interval,
    /// Its authentication.
    pub authentication: Authentication,
    /// The whole packets that resign, one for each destination.
    pub resignations: Vec<Vec<u8>>,
    /// Go on answering until a successor is heard, at most this long; zero: release at once.
    pub bound: Micros,
    /// From the successor's first advertisement until everything is removed.
    pub succession: Micros,
    /// What to remove.
    pub addresses: Vec<(InterfaceIndex, VirtualAddress)>,
    /// Routes and rules to remove, in this order, before the last address.
    pub fixtures: Vec<Fixture>,
}

/// How far the execution of an [`Estate`] is.
#[derive(Clone, Debug)]
pub struct Execution {
    estate: Estate,
    release_at: Instant,
    succeeded: bool,
}

impl Execution {
    /// Begins at `now`; the caller sends [`Estate::resignations`].
    pub fn begin(estate: Estate, now: Instant) -> Self {
        Execution {
            release_at: now + estate.bound,
            estate,
            succeeded: false,
        }
    }

    /// What is executed.
    pub fn estate(&self) -> &Estate {
        &self.estate
    }

    /// A VRRP message came in on the estate's interface: is it the successor's?
    pub fn heard(
        &mut self,
        now: Instant,
        source: IpAddr,
        destination: IpAddr,
        ttl: u8,
        message: &[u8],
    ) {
        let estate = &self.estate;
        let Ok(advertisement) = Advertisement::parse(message, source, destination) else {
            return;
        };
        // Unicast may come over routers, and from anywhere: only a peer can be the successor.
        let from_peer = estate.peers.contains(&source);
        let ours = (from_peer || (estate.peers.is_empty() && ttl == 255))
            && destination == estate.listens_at
            && source != estate.source
            && advertisement.vrid == estate.vrid
            && advertisement.version == estate.version
            && advertisement.priority != Priority::RESIGN
            && self.authentic(&advertisement);
        if ours && !self.succeeded {
            self.succeeded = true;
            self.release_at = self.release_at.min(now + self.estate.succession);
        }
    }

    fn authentic(&self, advertisement: &Advertisement<'_>) -> bool {
        match advertisement.version {
            Version::V2 => {
                advertisement.interval == self.estate.interval
                    && advertisement
                        .authentication
                        .matches(&self.estate.authentication)
            }
            Version::V3 => advertisement.interval != Interval::Centiseconds(0),
        }
    }

    /// The successor's announcement of an address: returns what is to be removed now.
    pub fn announced(&mut self, sender: IpAddr) -> Vec<(InterfaceIndex, VirtualAddress)> {
        let (gone, left) = core::mem::take(&mut self.estate.addresses)
            .into_iter()
            .partition(|(_, address)| address.address == sender);
        self.estate.addresses = left;
        gone
    }

    /// When everything left is to be removed.
    pub fn release_at(&self) -> Instant {
        self.release_at
    }

    /// Whether a successor has advertised.
    pub fn succeeded(&self) -> bool {
        self.succeeded
    }
}
