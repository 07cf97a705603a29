//! Who advertises what on one interface.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use standfast_linux::clock::Micros;
use standfast_wire::ipv4::{PROTOCOL_VRRP, Packet};
use standfast_wire::vrrp::{Advertisement, Authentication, Interval, Version};

/// Bytes of an Ethernet header.
const ETHERNET_HEADER: usize = 14;
/// The sender's address in it.
const SOURCE_MAC: std::ops::Range<usize> = 6..12;
/// IP protocol number of the authentication header (RFC 4302).
const AUTHENTICATION_HEADER: u8 = 51;
/// What every advertisement to a group is sent with (RFC 9568 §5.1.1.3).
const TTL: u8 = 255;
/// Senders that are kept for one virtual router: more are an attack, or a network that is beyond help.
const MAX_SENDERS: usize = 8;
/// How virtual MAC addresses begin (RFC 9568 §7.3): all nodes of a group share them.
pub(super) const VIRTUAL_MAC_START: [u8; 4] = [0, 0, 0x5e, 0];

/// How a sender authenticates. The data itself is only ever compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Authenticated {
    /// As the message says.
    Message(Authentication),
    /// By an authentication header, which is not verified.
    Header,
}

/// One sender of one virtual router, to the group or to this host alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sender {
    pub(super) vrid: u8,
    pub(super) to_group: bool,
    pub(super) address: Ipv4Addr,
    pub(super) mac: [u8; 6],
}

/// What it says, by its latest advertisement.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Says {
    pub(super) version: Version,
    pub(super) interval_us: u64,
    pub(super) authenticated: Authenticated,
    /// Has the trailer of `auth_hmac`, whether right or wrong.
    pub(super) signed: bool,
    pub(super) priority: u8,
    pub(super) addresses: BTreeSet<IpAddr>,
    pub(super) first: Micros,
    pub(super) last: Micros,
    pub(super) count: u32,
}

/// Everything heard on one interface.
#[derive(Default)]
pub(super) struct Heard {
    /// Senders of the virtual routers that the configuration has.
    pub(super) senders: BTreeMap<Sender, Says>,
    /// Every VRID that somebody uses.
    pub(super) vrids: BTreeSet<u8>,
}

impl Heard {
    /// Takes an Ethernet frame; whatever is no valid advertisement, or is our own, is forgotten.
    pub(super) fn take(
        &mut self,
        frame: &[u8],
        at: Micros,
        vrids: &BTreeSet<u8>,
        is_own: impl Fn(Ipv4Addr, [u8; 6]) -> bool,
    ) {
        let mac = frame.get(SOURCE_MAC).and_then(|mac| mac.try_into().ok());
        let packet = frame
            .get(ETHERNET_HEADER..)
            .and_then(|bytes| Packet::parse(bytes).ok());
        let (Some(mac), Some(packet)) = (mac, packet) else {
            return;
        };
        let to_group = packet.destination.is_multicast();
        let Some((message, header)) = message(&packet) else {
            return;
        };
        let (from, to) = (packet.source.into(), packet.destination.into());
        let Ok((advertisement, signed)) = Advertisement::parse_signed(message, from, to) else {
            return;
        };
        if (to_group && packet.ttl != TTL) || is_own(packet.source, mac) {
            return;
        }
        let vrid = advertisement.vrid.get();
        self.vrids.insert(vrid);
        let sender = Sender {
            vrid,
            to_group,
            address: packet.source,
            mac,
        };
        if vrids.contains(&vrid) {
            self.note(sender, &advertisement, (header, signed.is_some()), at);
        }
    }

    fn note(
        &mut self,
        sender: Sender,
        advertisement: &Advertisement<'_>,
        (header, signed): (bool, bool),
        at: Micros,
    ) {
        let before = self
            .senders
            .get(&sender)
            .map(|says| (says.first, says.count));
        let known = self
            .senders
            .keys()
            .filter(|other| other.vrid == sender.vrid);
        if before.is_none() && known.count() >= MAX_SENDERS {
            return;
        }
        let (first, count) = before.unwrap_or((at, 0));
        let says = Says {
            version: advertisement.version,
            interval_us: match advertisement.interval {
                Interval::Seconds(seconds) => u64::from(seconds) * 1_000_000,
                Interval::Centiseconds(hundredths) => u64::from(hundredths) * 10_000,
            },
            authenticated: if header {
                Authenticated::Header
            } else {
                Authenticated::Message(advertisement.authentication)
            },
            signed,
            priority: advertisement.priority.0,
            addresses: advertisement.addresses().collect(),
            first,
            last: at,
            count: count.saturating_add(1),
        };
        self.senders.insert(sender, says);
    }
}

/// The VRRP message of a packet, and whether it lies in an authentication header.
fn message<'a>(packet: &Packet<'a>) -> Option<(&'a [u8], bool)> {
    match packet.protocol {
        PROTOCOL_VRRP => Some((packet.payload, false)),
        AUTHENTICATION_HEADER => {
            let (next, words) = (*packet.payload.first()?, *packet.payload.get(1)?);
            let length = (usize::from(words) + 2) * 4;
            let message = packet.payload.get(length..)?;
            (next == PROTOCOL_VRRP).then_some((message, true))
        }
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use standfast_wire::ipv4::Header;
    use standfast_wire::vrrp::{AdvertisementRepr, ChecksumForm, GROUP, Priority, Vrid};

    use super::*;

    /// A frame of a version 2 router 192.0.2.`last` with these addresses, of another length of life than usual if so wanted.
    pub(in super::super) fn frame(
        last: u8,
        vrid: u8,
        interval: Interval,
        authentication: Authentication,
        vips: &[[u8; 4]],
    ) -> Vec<u8> {
        let addresses: Vec<IpAddr> = vips.iter().map(|vip| IpAddr::from(*vip)).collect();
        let source = Ipv4Addr::new(192, 0, 2, last);
        let mut message = [0; 1024];
        let repr = AdvertisementRepr {
            vrid: Vrid::new(vrid).unwrap(),
            priority: Priority(100),
            interval,
            authentication,
            checksum: ChecksumForm::PseudoHeader,
            addresses: &addresses,
        };
        let length = repr
            .emit(source.into(), GROUP.into(), &mut message)
            .unwrap();
        let header = Header {
            identification: 1,
            ttl: 255,
            protocol: PROTOCOL_VRRP,
            source,
            destination: GROUP,
        };
        let mut packet = [0; 20];
        header
            .emit(u16::try_from(length).unwrap(), &mut packet)
            .unwrap();
        let mut frame = vec![1, 0, 0x5e, 0, 0, 18, 2, 0, 0, 0, 0, last, 8, 0];
        frame.extend(packet);
        frame.extend(&message[..length]);
        frame
    }

    fn usual(last: u8, vrid: u8) -> Vec<u8> {
        let second = Interval::Seconds(1);
        frame(
            last,
            vrid,
            second,
            Authentication::None,
            &[[192, 0, 2, 100]],
        )
    }

    fn heard(frames: &[Vec<u8>]) -> Heard {
        let mut heard = Heard::default();
        for (at, frame) in (0..).zip(frames) {
            let own = |source: Ipv4Addr, _| source.octets()[3] == 1;
            heard.take(frame, Micros(at), &[51].into(), own);
        }
        heard
    }

    #[test]
    fn strangers_are_kept_and_our_own_are_not() {
        let frames = [usual(1, 51), usual(2, 51), usual(2, 51), usual(3, 7)];
        let heard = heard(&frames);
        let (sender, says) = heard.senders.first_key_value().unwrap();
        assert_eq!(heard.senders.len(), 1);
        assert_eq!(sender.address, Ipv4Addr::new(192, 0, 2, 2));
        assert_eq!((sender.vrid, sender.mac[5], says.count), (51, 2, 2));
        assert_eq!((says.first, says.last), (Micros(1), Micros(2)));
        assert_eq!(heard.vrids, [7, 51].into());
    }

    #[test]
    fn hostile_frames_are_forgotten_and_memory_is_bounded() {
        let good = usual(2, 51);
        let cut = (0..good.len()).map(|length| good[..length].to_vec());
        let flipped = (14..good.len()).map(|at| {
            let mut frame = good.clone();
            frame[at] ^= 0xff;
            frame
        });
        let bad: Vec<Vec<u8>> = cut.chain(flipped).collect();
        assert_eq!(heard(&bad).senders.len(), 0);
        let many: Vec<Vec<u8>> = (2..=255).map(|last| usual(last, 51)).collect();
        assert_eq!(heard(&many).senders.len(), MAX_SENDERS);
    }

    #[test]
    fn an_authentication_header_is_looked_through() {
        let plain = usual(2, 51);
        let (link, rest) = plain.split_at(14);
        let (_, message) = rest.split_at(20);
        // Next header, length in words less two, and what is not verified: 24 bytes.
        let mut payload = vec![112, 4];
        payload.resize(24, 0);
        payload.extend(message);
        let header = Header {
            identification: 1,
            ttl: 255,
            protocol: AUTHENTICATION_HEADER,
            source: Ipv4Addr::new(192, 0, 2, 2),
            destination: GROUP,
        };
        let mut packet = [0; 20];
        header
            .emit(u16::try_from(payload.len()).unwrap(), &mut packet)
            .unwrap();
        let frame = [link, &packet, &payload].concat();
        let heard = heard(&[frame]);
        let says = heard.senders.values().next().unwrap();
        assert!(says.authenticated == Authenticated::Header);
    }
}
