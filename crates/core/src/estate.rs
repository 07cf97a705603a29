//! What is left to do when the process that ran the routers has died: resign for it, go on
//! answering until a successor is heard, then let go.
//!
//! The supervisor holds an [`Estate`] for every Active router of its worker, filled with bytes and
//! addresses that are ready to use. It decides like a leaving router (see `router::leave`).

use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::trailer::{self, Sequence};
use standfast_wire::vrrp::{Advertisement, Authentication, Interval, Priority, Version, Vrid};
use standfast_wire::{ah, ipv4, ipv6};

use crate::authentication::{AntiReplay, Hmac, HmacMode, WallClock};
use crate::input::{InterfaceIndex, RouterId};
use crate::spec::{Fixture, VirtualAddress};
use crate::time::{Instant, Micros};

/// What one Active router leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estate {
    /// Which router.
    pub router: RouterId,
    /// Where it heard advertisements.
    pub interface: InterfaceIndex,
    /// Where its own left from: with `vmac_xmit_base` the interface below.
    pub sends_on: InterfaceIndex,
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
    /// Its authentication in the message.
    pub authentication: Authentication,
    /// The key of its authentication headers.
    pub header_key: Option<ah::Key>,
    /// Its signatures.
    pub hmac: Option<Hmac>,
    /// Numbers of headers or signatures below this one may have been used.
    pub sequence_floor: u64,
    /// The clock that numbers follow.
    pub clock: WallClock,
    /// The packets that resign, one for each destination: to be renewed with [`Estate::resign`]
    /// before they are sent.
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

impl Estate {
    /// The packets that resign, with a number that nobody has heard from us: a signature that was
    /// made in advance would be old by now.
    pub fn resign(&self, now: Instant) -> Vec<Vec<u8>> {
        let packets = self.resignations.iter().enumerate();
        let renewed = packets.filter_map(|(position, packet)| {
            let mut packet = packet.clone();
            self.renew(&mut packet, now, u64::try_from(position).ok()?)?;
            Some(packet)
        });
        renewed.collect()
    }

    fn renew(&self, packet: &mut [u8], now: Instant, position: u64) -> Option<()> {
        if let Some(key) = &self.header_key {
            let number = self.clock.seconds(now).max(self.sequence_floor);
            let number = u32::try_from(number.saturating_add(position)).unwrap_or(u32::MAX);
            return ah::seal(packet, number, key);
        }
        let Some(key) = self.hmac.as_ref().and_then(|hmac| hmac.signing_key()) else {
            return Some(());
        };
        let (shown, floor) = (self.clock.sequence(now), Sequence(self.sequence_floor));
        let first = if self.sequence_floor == 0 || shown.is_after(floor) {
            shown
        } else {
            floor
        };
        let sequence = Sequence(first.0.wrapping_add(position));
        let (to, header_length) = match self.source {
            IpAddr::V4(_) => {
                let to = ipv4::Packet::parse(packet).ok()?.destination;
                (IpAddr::V4(to), ipv4::HEADER_LENGTH)
            }
            IpAddr::V6(_) => {
                let octets: [u8; 16] = packet.get(24..40)?.try_into().ok()?;
                (IpAddr::from(octets), ipv6::HEADER_LENGTH)
            }
        };
        let payload = packet.get_mut(header_length..)?;
        trailer::sign(payload, key, sequence, self.source, to)
    }
}

/// How far the execution of an [`Estate`] is.
#[derive(Clone, Debug)]
pub struct Execution {
    estate: Estate,
    release_at: Instant,
    succeeded: bool,
}

impl Execution {
    /// Begins at `now`; the caller sends what [`Estate::resign`] gives.
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
        if self.estate.header_key.is_none()
            && let Some(advertisement) = self.signed(now, source, destination, message)
        {
            self.consider(now, source, destination, ttl, &advertisement);
        }
    }

    /// An IPv4 packet of protocol 51 came in on the estate's interface: is it the successor's?
    pub fn heard_sealed(&mut self, now: Instant, packet: &[u8]) {
        let (Some(key), Ok(packet)) = (&self.estate.header_key, ah::Packet::parse(packet)) else {
            return;
        };
        let (source, destination) = (packet.ip.source.into(), packet.ip.destination.into());
        if packet.is_authentic(key)
            && let Ok(advertisement) = Advertisement::parse(packet.message, source, destination)
        {
            self.consider(now, source, destination, packet.ip.ttl, &advertisement);
        }
    }

    /// The advertisement in a message that is signed as it must be.
    fn signed<'m>(
        &self,
        now: Instant,
        source: IpAddr,
        destination: IpAddr,
        message: &'m [u8],
    ) -> Option<Advertisement<'m>> {
        let Some(hmac) = &self.estate.hmac else {
            return Advertisement::parse(message, source, destination).ok();
        };
        let (advertisement, signed) =
            Advertisement::parse_signed(message, source, destination).ok()?;
        let Some(signed) = signed else {
            return (hmac.mode != HmacMode::Enforce).then_some(advertisement);
        };
        let fresh = match hmac.anti_replay {
            AntiReplay::Time(window) => self.estate.clock.is_near(now, signed.sequence, window),
            AntiReplay::Monotonic => true,
        };
        let key = hmac.key(signed.key)?;
        let believed = signed.well_formed && fresh && signed.is_authentic(source, key);
        believed.then_some(advertisement)
    }

    fn consider(
        &mut self,
        now: Instant,
        source: IpAddr,
        destination: IpAddr,
        ttl: u8,
        advertisement: &Advertisement<'_>,
    ) {
        let estate = &self.estate;
        // Unicast may come over routers, and from anywhere: only a peer can be the successor.
        let from_peer = estate.peers.contains(&source);
        let ours = (from_peer || (estate.peers.is_empty() && ttl == 255))
            && destination == estate.listens_at
            && source != estate.source
            && advertisement.vrid == estate.vrid
            && advertisement.version == estate.version
            && advertisement.priority != Priority::RESIGN
            && self.authentic(advertisement);
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
