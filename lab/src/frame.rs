//! Ethernet frames as far as the lab looks at them, and the frames its floods are made of.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::moment::Moment;

/// Ethernet types.
const ETHERTYPE_IPV4: [u8; 2] = [0x08, 0x00];
const ETHERTYPE_ARP: [u8; 2] = [0x08, 0x06];
const ETHERTYPE_IPV6: [u8; 2] = [0x86, 0xdd];

/// Internet protocol numbers.
const PROTOCOL_VRRP: u8 = 112;
const PROTOCOL_ICMPV6: u8 = 58;

/// ICMPv6 type of a Neighbour Advertisement (RFC 4861).
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const PROTOCOL_AH: u8 = 51;

/// Length of the authentication header that VRRP with AH carries (RFC 2402 with a 96-bit digest).
const AH_BYTES: usize = 24;

/// An Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress(pub [u8; 6]);

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for MacAddress {
    type Err = NotAMacAddress;
    fn from_str(text: &str) -> Result<Self, NotAMacAddress> {
        let bytes: Vec<u8> = text
            .split(':')
            .map(|part| u8::from_str_radix(part, 16))
            .collect::<Result<_, _>>()
            .map_err(|_| NotAMacAddress)?;
        bytes.try_into().map(Self).map_err(|_| NotAMacAddress)
    }
}

/// The text is not six hexadecimal bytes with colons between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAMacAddress;

/// A frame that the capture has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When the kernel got it.
    pub time: Moment,
    /// Who sent it, as the switch learns it.
    pub source_mac: MacAddress,
    /// What it is.
    pub kind: FrameKind,
}

/// What a captured frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// An ARP packet whose sender announces its own address (sender and target address are equal).
    Garp {
        /// The announced address.
        address: Ipv4Addr,
        /// The MAC address it is announced with.
        mac: MacAddress,
        /// 1 request, 2 reply.
        operation: u16,
    },
    /// An ordinary ARP request.
    ArpRequest {
        /// Who asks.
        sender: Ipv4Addr,
        /// Who is asked for.
        target: Ipv4Addr,
    },
    /// An ordinary ARP reply.
    ArpReply {
        /// The address that is answered for.
        address: Ipv4Addr,
        /// The MAC address that is answered.
        mac: MacAddress,
    },
    /// A Neighbour Advertisement, the ARP reply of IPv6.
    NeighbourAdvertisement {
        /// The address that is answered for, or announced.
        address: Ipv6Addr,
        /// The MAC address that it is said to have.
        mac: MacAddress,
        /// It answers a question; else it is an announcement.
        solicited: bool,
    },
    /// A VRRP advertisement.
    Vrrp(Advertisement),
}

/// The fields of a VRRP advertisement that tests look at (RFC 3768, RFC 9568).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertisement {
    /// IPv4 source address; unspecified for VRRP over IPv6.
    pub source: Ipv4Addr,
    /// IPv4 destination address; unspecified for VRRP over IPv6.
    pub destination: Ipv4Addr,
    /// 2 or 3.
    pub version: u8,
    /// Virtual router identifier.
    pub vrid: u8,
    /// Priority; 0 says that the sender stops.
    pub priority: u8,
    /// How many addresses it lists.
    pub address_count: u8,
    /// Time to live or hop limit.
    pub ttl: u8,
}

impl Frame {
    /// Reads a frame; `None` if it is neither ARP nor VRRP nor a Neighbour Advertisement or is cut short.
    #[must_use]
    pub fn parse(time: Moment, bytes: &[u8]) -> Option<Self> {
        let source_mac = MacAddress(array_at(bytes, 6)?);
        let payload = bytes.get(14..)?;
        let kind = match array_at(bytes, 12)? {
            ETHERTYPE_ARP => parse_arp(payload)?,
            ETHERTYPE_IPV4 => FrameKind::Vrrp(parse_vrrp_ipv4(payload)?),
            ETHERTYPE_IPV6 => parse_ipv6(payload, source_mac)?,
            _ => return None,
        };
        Some(Self {
            time,
            source_mac,
            kind,
        })
    }

    /// The advertisement, if this is one.
    #[must_use]
    pub const fn advertisement(&self) -> Option<Advertisement> {
        match self.kind {
            FrameKind::Vrrp(advertisement) => Some(advertisement),
            FrameKind::Garp { .. }
            | FrameKind::ArpRequest { .. }
            | FrameKind::ArpReply { .. }
            | FrameKind::NeighbourAdvertisement { .. } => None,
        }
    }

    /// Whether this announces `address`.
    #[must_use]
    pub fn announces(&self, address: impl Into<IpAddr>) -> bool {
        let address = address.into();
        match self.kind {
            FrameKind::Garp {
                address: announced, ..
            } => address == announced,
            FrameKind::NeighbourAdvertisement {
                address: announced,
                solicited: false,
                ..
            } => address == announced,
            FrameKind::NeighbourAdvertisement { .. }
            | FrameKind::ArpRequest { .. }
            | FrameKind::ArpReply { .. }
            | FrameKind::Vrrp(_) => false,
        }
    }
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn parse_arp(payload: &[u8]) -> Option<FrameKind> {
    let operation = u16::from_be_bytes(array_at(payload, 6)?);
    let mac = MacAddress(array_at(payload, 8)?);
    let sender = Ipv4Addr::from(array_at::<4>(payload, 14)?);
    let target = Ipv4Addr::from(array_at::<4>(payload, 24)?);
    Some(match operation {
        _ if sender == target => FrameKind::Garp {
            address: sender,
            mac,
            operation,
        },
        1 => FrameKind::ArpRequest { sender, target },
        2 => FrameKind::ArpReply {
            address: sender,
            mac,
        },
        _ => return None,
    })
}

fn parse_vrrp_ipv4(packet: &[u8]) -> Option<Advertisement> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let vrrp = match *packet.get(9)? {
        PROTOCOL_VRRP => packet.get(header..)?,
        PROTOCOL_AH => packet.get(header.checked_add(AH_BYTES)?..)?,
        _ => return None,
    };
    let source = Ipv4Addr::from(array_at::<4>(packet, 12)?);
    let destination = Ipv4Addr::from(array_at::<4>(packet, 16)?);
    parse_advertisement(vrrp, (source, destination), *packet.get(8)?)
}

fn parse_ipv6(packet: &[u8], source_mac: MacAddress) -> Option<FrameKind> {
    let message = packet.get(40..)?;
    match *packet.get(6)? {
        PROTOCOL_VRRP => {
            let unknown = (Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED);
            parse_advertisement(message, unknown, *packet.get(7)?).map(FrameKind::Vrrp)
        }
        PROTOCOL_ICMPV6 if *message.first()? == NEIGHBOUR_ADVERTISEMENT => {
            // The option for the target's MAC address has number 2.
            let option = message
                .get(24..32)
                .filter(|option| option.first() == Some(&2));
            let mac = option
                .and_then(|option| array_at(option, 2))
                .map(MacAddress);
            Some(FrameKind::NeighbourAdvertisement {
                address: Ipv6Addr::from(array_at::<16>(message, 8)?),
                mac: mac.unwrap_or(source_mac),
                solicited: *message.get(4)? & 0x40 != 0,
            })
        }
        _ => None,
    }
}

fn parse_advertisement(
    vrrp: &[u8],
    (source, destination): (Ipv4Addr, Ipv4Addr),
    ttl: u8,
) -> Option<Advertisement> {
    let [version_and_type, vrid, priority, address_count] = array_at(vrrp, 0)?;
    Some(Advertisement {
        source,
        destination,
        version: version_and_type >> 4,
        vrid,
        priority,
        address_count,
        ttl,
    })
}

/// An answer to an ICMP echo request.
pub(crate) struct EchoReply {
    pub source: IpAddr,
    pub source_mac: MacAddress,
}

impl EchoReply {
    /// Reads a frame that the kernel's filter already knows to be an echo reply.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let source = match array_at(bytes, 12)? {
            ETHERTYPE_IPV6 => Ipv6Addr::from(array_at::<16>(bytes, 22)?).into(),
            _ => Ipv4Addr::from(array_at::<4>(bytes, 26)?).into(),
        };
        Some(Self {
            source,
            source_mac: MacAddress(array_at(bytes, 6)?),
        })
    }
}

/// A VRRP version 2 advertisement over IPv4 to send, right or wrong in every field that a receiver checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgery {
    /// Ethernet source address.
    pub source_mac: MacAddress,
    /// IPv4 source address.
    pub source: Ipv4Addr,
    /// Time to live; 255 is right.
    pub ttl: u8,
    /// Virtual router identifier.
    pub vrid: u8,
    /// Priority.
    pub priority: u8,
    /// Interval in seconds.
    pub interval_s: u8,
    /// Addresses.
    pub addresses: Vec<Ipv4Addr>,
    /// Password of authentication type 1, or no authentication.
    pub password: Option<[u8; 8]>,
    /// Added to the right checksum: 0 is right.
    pub checksum_error: u16,
}

impl Forgery {
    /// The frame, as it goes on the wire to 224.0.0.18.
    #[must_use]
    pub fn to_frame(&self) -> Vec<u8> {
        let vrrp = self.vrrp();
        // A test's forgery has a few addresses; a longer one is cut by the length field alone.
        let length = u16::try_from(vrrp.len().saturating_add(20)).unwrap_or(u16::MAX);
        let mut header = vec![0x45, 0xc0];
        header.extend(length.to_be_bytes());
        header.extend([0, 1, 0x40, 0, self.ttl, PROTOCOL_VRRP, 0, 0]);
        header.extend(self.source.octets());
        header.extend([224, 0, 0, 18]);
        put_checksum(&mut header, 10, 0);
        let mut frame = vec![0x01, 0x00, 0x5e, 0x00, 0x00, 0x12];
        frame.extend(self.source_mac.0);
        frame.extend(ETHERTYPE_IPV4);
        frame.extend(header);
        frame.extend(vrrp);
        frame
    }

    fn vrrp(&self) -> Vec<u8> {
        let count = u8::try_from(self.addresses.len()).unwrap_or(u8::MAX);
        let authentication = u8::from(self.password.is_some());
        let mut vrrp = vec![
            0x21,
            self.vrid,
            self.priority,
            count,
            authentication,
            self.interval_s,
            0,
            0,
        ];
        vrrp.extend(self.addresses.iter().flat_map(Ipv4Addr::octets));
        vrrp.extend(self.password.unwrap_or_default());
        put_checksum(&mut vrrp, 6, self.checksum_error);
        vrrp
    }
}

fn put_checksum(bytes: &mut [u8], at: usize, error: u16) {
    let sum = internet_checksum(bytes).wrapping_add(error);
    if let Some(field) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *field = sum.to_be_bytes();
    }
}

/// The Internet checksum (RFC 1071) of bytes whose checksum field is zero.
pub(crate) fn internet_checksum(bytes: &[u8]) -> u16 {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let last = rest.first().map(|byte| u16::from_be_bytes([*byte, 0]));
    let words = pairs
        .iter()
        .map(|pair| u16::from_be_bytes(*pair))
        .chain(last);
    let sum = words.fold(0_u16, |sum, word| {
        let (sum, carry) = sum.overflowing_add(word);
        sum.wrapping_add(u16::from(carry))
    });
    !sum
}

/// Bytes as hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(
        String::with_capacity(bytes.len().saturating_mul(2)),
        |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        },
    )
}

/// The bytes that hexadecimal digits stand for.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forgery() -> Forgery {
        Forgery {
            source_mac: MacAddress([2, 0, 0, 0, 0, 9]),
            source: Ipv4Addr::new(192, 168, 1, 9),
            ttl: 255,
            vrid: 51,
            priority: 99,
            interval_s: 1,
            addresses: vec![Ipv4Addr::new(192, 168, 1, 200)],
            password: Some(*b"1111\0\0\0\0"),
            checksum_error: 0,
        }
    }

    #[test]
    fn a_forged_advertisement_reads_back() {
        let frame = Frame::parse(Moment::from_nanoseconds(7), &forgery().to_frame()).unwrap();
        assert_eq!(frame.source_mac, MacAddress([2, 0, 0, 0, 0, 9]));
        let expected = Advertisement {
            source: Ipv4Addr::new(192, 168, 1, 9),
            destination: Ipv4Addr::new(224, 0, 0, 18),
            version: 2,
            vrid: 51,
            priority: 99,
            address_count: 1,
            ttl: 255,
        };
        assert_eq!(frame.advertisement(), Some(expected));
    }

    #[test]
    fn checksums_are_right_unless_asked_to_be_wrong() {
        let sum = |frame: &[u8]| internet_checksum(frame.get(34..).unwrap());
        assert_eq!(sum(&forgery().to_frame()), 0);
        assert_ne!(
            sum(&Forgery {
                checksum_error: 1,
                ..forgery()
            }
            .to_frame()),
            0
        );
        assert_eq!(
            internet_checksum(forgery().to_frame().get(14..34).unwrap()),
            0
        );
    }

    #[test]
    fn frames_cut_anywhere_are_refused_or_read_without_panic() {
        let whole = forgery().to_frame();
        for length in 0..whole.len() {
            let _ = Frame::parse(Moment::from_nanoseconds(0), whole.get(..length).unwrap());
        }
        assert!(Frame::parse(Moment::from_nanoseconds(0), whole.get(..37).unwrap()).is_none());
    }

    #[test]
    fn hexadecimal_and_mac_addresses_read_back() {
        assert_eq!(from_hex(&to_hex(&[0, 255, 18])), Some(vec![0, 255, 18]));
        assert_eq!(from_hex("0"), None);
        assert_eq!(from_hex("zz"), None);
        let mac = MacAddress([2, 0, 0, 0, 0, 0xfe]);
        assert_eq!(mac.to_string().parse(), Ok(mac));
        assert_eq!("02:00".parse::<MacAddress>(), Err(NotAMacAddress));
    }
}
