//! What travels on the LAN: bytes, and what the LAN itself knows about them.

use std::net::{IpAddr, Ipv4Addr};

use standfast_core::wire::MacAddress;
use standfast_core::wire::arp::Arp;
use standfast_core::wire::ipv4::{self, PROTOCOL_VRRP};
use standfast_core::wire::vrrp::{AdvertisementRepr, Interval, Priority};

use standfast_core::spec::RouterSpec;

use standfast_core::Instant;

use crate::random::Random;

/// Where a frame comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Port {
    /// A host.
    Node(usize),
    /// A client.
    Client(usize),
    /// Somebody who is not ours.
    Stranger,
}

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An IPv4 packet with a VRRP message.
    Vrrp,
    /// An Ethernet frame with an ARP message.
    Arp,
    /// A message of the peer channel.
    Peer {
        /// Who sent it.
        source: Ipv4Addr,
        /// A host, or a group.
        destination: Ipv4Addr,
        /// When it was sent for the first time.
        sent: Instant,
    },
}

/// Bytes on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
    /// Nobody may believe it: damaged or forged so that a check must fail.
    pub(crate) bad: bool,
}

/// Ways in which a packet can be wrong so that it must not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    /// A time to live below 255.
    Ttl,
    /// A wrong VRRP checksum.
    Checksum,
    /// The other protocol version.
    Version,
    /// Another advertisement interval (version 2), or 0 (version 3).
    Interval,
    /// Cut off.
    Truncated,
    /// Another virtual router.
    Vrid,
    /// Sent to somebody else.
    Destination,
    /// The wrong password (version 2; a wrong checksum in version 3).
    Password,
    /// Any bytes.
    Noise,
}

impl Forgery {
    /// All of them.
    pub const ALL: [Forgery; 9] = [
        Forgery::Ttl,
        Forgery::Checksum,
        Forgery::Version,
        Forgery::Interval,
        Forgery::Truncated,
        Forgery::Vrid,
        Forgery::Destination,
        Forgery::Password,
        Forgery::Noise,
    ];
}

/// A gratuitous ARP for `address`.
pub(crate) fn announcement(mac: MacAddress, address: Ipv4Addr) -> Frame {
    Frame {
        kind: Kind::Arp,
        bytes: Arp::announcement(mac, address).emit().to_vec(),
        bad: false,
    }
}

/// An advertisement for the router of `spec` that anybody will believe.
pub(crate) fn advertisement(
    spec: &RouterSpec,
    source: Ipv4Addr,
    priority: Priority,
) -> Option<Frame> {
    packet(spec, source, priority, None, &mut Random::new(0))
}

/// An advertisement that nobody may believe.
pub(crate) fn forged(
    spec: &RouterSpec,
    source: Ipv4Addr,
    forgery: Forgery,
    random: &mut Random,
) -> Option<Frame> {
    let priority = Priority(random.byte());
    packet(spec, source, priority, Some(forgery), random)
}

fn packet(
    spec: &RouterSpec,
    source: Ipv4Addr,
    priority: Priority,
    forgery: Option<Forgery>,
    random: &mut Random,
) -> Option<Frame> {
    let IpAddr::V4(group) = spec.group else {
        return None;
    };
    let addresses: Vec<IpAddr> = spec.addresses.iter().map(|held| held.address).collect();
    let message = AdvertisementRepr {
        vrid: spec.vrid,
        priority,
        interval: forged_interval(spec.wire_interval(), forgery),
        authentication: spec.authentication,
        checksum: spec.checksum,
        addresses: &addresses,
    };
    let mut payload = [0; 512];
    let length = message
        .emit(IpAddr::V4(source), spec.group, &mut payload)
        .ok()?;
    let mut payload = payload.get(..length)?.to_vec();
    damage(&mut payload, forgery, random);
    let header = ipv4::Header {
        identification: 1,
        ttl: if forgery == Some(Forgery::Ttl) {
            254
        } else {
            255
        },
        protocol: PROTOCOL_VRRP,
        source,
        destination: match forgery {
            Some(Forgery::Destination) => Ipv4Addr::new(192, 0, 2, 1),
            _ => group,
        },
    };
    let mut bytes = vec![0; ipv4::HEADER_LENGTH];
    header
        .emit(u16::try_from(payload.len()).ok()?, &mut bytes)
        .ok()?;
    bytes.extend(payload);
    Some(Frame {
        kind: Kind::Vrrp,
        bytes,
        bad: forgery.is_some(),
    })
}

fn forged_interval(interval: Interval, forgery: Option<Forgery>) -> Interval {
    match (forgery, interval) {
        (Some(Forgery::Interval), Interval::Seconds(seconds)) => {
            Interval::Seconds(seconds.wrapping_add(1))
        }
        (Some(Forgery::Interval), Interval::Centiseconds(_)) => Interval::Centiseconds(0),
        (_, interval) => interval,
    }
}

/// Damages bytes of a message whose checksum stands at 6, so that it fails where it should.
fn damage(payload: &mut Vec<u8>, forgery: Option<Forgery>, random: &mut Random) {
    match forgery {
        Some(Forgery::Checksum) => flip(payload, 7, 0x55),
        Some(Forgery::Password) => exchange_password(payload),
        Some(Forgery::Version) => flip(payload, 0, 0x10),
        Some(Forgery::Truncated) => payload.truncate(random.position(payload.len())),
        Some(Forgery::Vrid) => flip(payload, 1, 0x80),
        Some(Forgery::Noise) => {
            for byte in payload.iter_mut() {
                *byte = random.byte();
            }
            // Not by accident a message of ours after all.
            flip_to(payload, 0, 0xf1);
        }
        Some(Forgery::Ttl | Forgery::Interval | Forgery::Destination) | None => {}
    }
}

/// The words of the password in another order: the checksum does not notice. Where that is no other
/// password, the checksum is made wrong instead.
fn exchange_password(payload: &mut [u8]) {
    let version_2 = payload.first().is_some_and(|first| first >> 4 == 2);
    let before = payload.to_vec();
    if let Some(start) = payload.len().checked_sub(8).filter(|_| version_2)
        && let Some(password) = payload.get_mut(start..)
    {
        password.rotate_left(2);
    }
    if payload == before {
        flip(payload, 7, 0x55);
    }
}

fn flip(payload: &mut [u8], position: usize, bits: u8) {
    if let Some(byte) = payload.get_mut(position) {
        *byte ^= bits;
    }
}

fn flip_to(payload: &mut [u8], position: usize, value: u8) {
    if let Some(byte) = payload.get_mut(position) {
        *byte = value;
    }
}
