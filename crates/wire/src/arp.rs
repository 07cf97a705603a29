//! ARP over Ethernet (RFC 826), as far as announcing an address and noticing another holder go.

use core::fmt;
use core::net::Ipv4Addr;

use crate::reader::{Writer, address, array, word};

/// Length in bytes of an ARP frame without padding.
pub const FRAME_LENGTH: usize = 42;
const ETHERTYPE_ARP: u16 = 0x0806;
/// Hardware type Ethernet, protocol type IPv4, address lengths 6 and 4.
const FIXED: [u8; 6] = [0, 1, 8, 0, 6, 4];

/// An Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// ff:ff:ff:ff:ff:ff
    pub const BROADCAST: MacAddress = MacAddress([0xff; 6]);
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// ARP operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Opcode 1.
    Request,
    /// Opcode 2.
    Reply,
}

/// An ARP message in an Ethernet frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    /// Ethernet source.
    pub frame_source: MacAddress,
    /// Ethernet destination.
    pub frame_destination: MacAddress,
    /// Request or reply.
    pub operation: Operation,
    /// Sender hardware address.
    pub sender_mac: MacAddress,
    /// Sender protocol address.
    pub sender: Ipv4Addr,
    /// Target hardware address.
    pub target_mac: MacAddress,
    /// Target protocol address.
    pub target: Ipv4Addr,
}

/// Why a frame is not an ARP message for IPv4 over Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArpError {
    /// Shorter than 42 bytes.
    Truncated,
    /// Another ethertype.
    EtherType(u16),
    /// Other hardware or protocol types or lengths.
    NotEthernetIpv4,
    /// Neither request nor reply.
    Operation(u16),
}

impl Arp {
    /// The gratuitous ARP that keepalived sends: a broadcast request in which sender and target are
    /// `address` and the target hardware address is all ones. Linux neighbours take it over even
    /// inside their lock time.
    pub fn announcement(mac: MacAddress, address: Ipv4Addr) -> Self {
        Arp {
            frame_source: mac,
            frame_destination: MacAddress::BROADCAST,
            operation: Operation::Request,
            sender_mac: mac,
            sender: address,
            target_mac: MacAddress::BROADCAST,
            target: address,
        }
    }

    /// The reply form of an announcement; the target hardware address must be the sender's, or
    /// Linux does not see it as gratuitous.
    pub fn announcement_reply(mac: MacAddress, address: Ipv4Addr) -> Self {
        Arp {
            operation: Operation::Reply,
            target_mac: mac,
            ..Arp::announcement(mac, address)
        }
    }

    /// A probe (RFC 5227 §2.1.1): whoever holds `address` answers, and nobody's neighbour table
    /// changes, because the sender address is unspecified.
    pub fn probe(mac: MacAddress, address: Ipv4Addr) -> Self {
        Arp {
            sender: Ipv4Addr::UNSPECIFIED,
            target_mac: MacAddress([0; 6]),
            ..Arp::announcement(mac, address)
        }
    }

    /// Whether sender and target address are the same (RFC 5944 §4.6).
    pub fn is_gratuitous(&self) -> bool {
        self.sender == self.target
    }

    /// Parses an Ethernet frame; bytes after the message (padding) are ignored.
    pub fn parse(frame: &[u8]) -> Result<Self, ArpError> {
        let ethertype = word(frame, 12).ok_or(ArpError::Truncated)?;
        if ethertype != ETHERTYPE_ARP {
            return Err(ArpError::EtherType(ethertype));
        }
        if array::<6>(frame, 14).ok_or(ArpError::Truncated)? != FIXED {
            return Err(ArpError::NotEthernetIpv4);
        }
        let operation = match word(frame, 20).ok_or(ArpError::Truncated)? {
            1 => Operation::Request,
            2 => Operation::Reply,
            other => return Err(ArpError::Operation(other)),
        };
        Self::fields(frame, operation).ok_or(ArpError::Truncated)
    }

    fn fields(frame: &[u8], operation: Operation) -> Option<Self> {
        Some(Arp {
            frame_source: MacAddress(array(frame, 6)?),
            frame_destination: MacAddress(array(frame, 0)?),
            operation,
            sender_mac: MacAddress(array(frame, 22)?),
            sender: address(frame, 28)?,
            target_mac: MacAddress(array(frame, 32)?),
            target: address(frame, 38)?,
        })
    }

    /// The whole Ethernet frame.
    pub fn emit(&self) -> [u8; FRAME_LENGTH] {
        let mut frame = [0; FRAME_LENGTH];
        let operation: u16 = match self.operation {
            Operation::Request => 1,
            Operation::Reply => 2,
        };
        Writer::new(&mut frame)
            .put(&self.frame_destination.0)
            .put(&self.frame_source.0)
            .put(&ETHERTYPE_ARP.to_be_bytes())
            .put(&FIXED)
            .put(&operation.to_be_bytes())
            .put(&self.sender_mac.0)
            .put(&self.sender.octets())
            .put(&self.target_mac.0)
            .put(&self.target.octets());
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
    const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 109);

    /// Captured from keepalived 2.4.3 (conformance checklist §1.12).
    const CAPTURED: [u8; FRAME_LENGTH] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 0x01, 0x08, 0x06, 0, 1, 8, 0, 6, 4,
        0, 1, 0x02, 0, 0, 0, 0, 0x01, 0xc0, 0, 2, 0x6d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc0,
        0, 2, 0x6d,
    ];

    #[test]
    fn announcement_is_keepalived_byte_for_byte() {
        assert_eq!(Arp::announcement(MAC, VIP).emit(), CAPTURED);
    }

    #[test]
    fn both_forms_round_trip() {
        for arp in [
            Arp::announcement(MAC, VIP),
            Arp::announcement_reply(MAC, VIP),
        ] {
            assert_eq!(Arp::parse(&arp.emit()), Ok(arp));
            assert!(arp.is_gratuitous());
        }
    }

    #[test]
    fn every_prefix_is_refused_as_truncated() {
        for length in 0..FRAME_LENGTH {
            let prefix = CAPTURED.get(..length).unwrap();
            assert_eq!(Arp::parse(prefix), Err(ArpError::Truncated), "{length}");
        }
    }

    #[test]
    fn foreign_frames_are_named() {
        let mut frame = CAPTURED;
        frame[13] = 0;
        assert_eq!(Arp::parse(&frame), Err(ArpError::EtherType(0x0800)));
        let mut frame = CAPTURED;
        frame[19] = 16;
        assert_eq!(Arp::parse(&frame), Err(ArpError::NotEthernetIpv4));
        let mut frame = CAPTURED;
        frame[21] = 3;
        assert_eq!(Arp::parse(&frame), Err(ArpError::Operation(3)));
    }
}
