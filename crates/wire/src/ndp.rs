//! Neighbour discovery over Ethernet (RFC 4861), as far as announcing an address and noticing another holder go.

use core::net::Ipv6Addr;

use crate::MacAddress;
use crate::checksum::sum;
use crate::ipv6::{self, HOP_LIMIT_ON_LINK};
use crate::reader::{Writer, array, byte, set_word, word};

/// Length in bytes of a frame with one link-layer address option.
pub const FRAME_LENGTH: usize = MESSAGE + 32;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ETHERNET_HEADER: usize = 14;
/// Where the ICMPv6 message begins in a frame without extension headers.
const MESSAGE: usize = ETHERNET_HEADER + ipv6::HEADER_LENGTH;
/// Length of a message without options.
const FIXED_LENGTH: usize = 24;
const NEXT_HEADER_ICMPV6: u8 = 58;
const TYPE_SOLICITATION: u8 = 135;
const TYPE_ADVERTISEMENT: u8 = 136;
const OPTION_SOURCE_MAC: u8 = 1;
const OPTION_TARGET_MAC: u8 = 2;
const FLAG_ROUTER: u8 = 0x80;
const FLAG_SOLICITED: u8 = 0x40;
const FLAG_OVERRIDE: u8 = 0x20;
/// All nodes of the link (RFC 4291 §2.7.1).
pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// Most options that are looked at; a Neighbour Advertisement has one.
const MAX_OPTIONS: usize = 8;

/// A Neighbour Advertisement in an Ethernet frame (RFC 4861 §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeighbourAdvertisement {
    /// Ethernet source.
    pub frame_source: MacAddress,
    /// Ethernet destination.
    pub frame_destination: MacAddress,
    /// Sender.
    pub source: Ipv6Addr,
    /// Who is told.
    pub destination: Ipv6Addr,
    /// The sender forwards packets.
    pub router: bool,
    /// It answers a solicitation.
    pub solicited: bool,
    /// What neighbours know is to be replaced.
    pub overrides: bool,
    /// The address that is told of.
    pub target: Ipv6Addr,
    /// Its link-layer address, if the message has one.
    pub mac: Option<MacAddress>,
}

/// Why a frame is not a Neighbour Advertisement that counts (RFC 4861 §7.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NdpError {
    /// Shorter than it says or must be.
    Truncated,
    /// Another ethertype.
    EtherType(u16),
    /// Not ICMPv6 right after the header.
    NextHeader(u8),
    /// It came over a router.
    HopLimit(u8),
    /// Another ICMPv6 message.
    Type(u8),
    /// The checksum is wrong.
    Checksum,
    /// An option of length 0.
    Option,
    /// The target is a group.
    Target,
}

impl NeighbourAdvertisement {
    /// The unsolicited advertisement that keepalived sends: from the address itself to all nodes, with the override flag.
    pub fn announcement(mac: MacAddress, address: Ipv6Addr, router: bool) -> Self {
        NeighbourAdvertisement {
            frame_source: mac,
            frame_destination: multicast_mac(ALL_NODES),
            source: address,
            destination: ALL_NODES,
            router,
            solicited: false,
            overrides: true,
            target: address,
            mac: Some(mac),
        }
    }

    /// The hardware address that neighbours take for the target's: the option's, else the frame's.
    pub fn claimed_mac(&self) -> MacAddress {
        self.mac.unwrap_or(self.frame_source)
    }

    /// Parses an Ethernet frame; bytes after the packet (padding) are ignored.
    pub fn parse(frame: &[u8]) -> Result<Self, NdpError> {
        let ethertype = word(frame, 12).ok_or(NdpError::Truncated)?;
        if ethertype != ETHERTYPE_IPV6 {
            return Err(NdpError::EtherType(ethertype));
        }
        let packet = frame.get(ETHERNET_HEADER..).ok_or(NdpError::Truncated)?;
        let length = usize::from(word(packet, 4).ok_or(NdpError::Truncated)?);
        let next_header = byte(packet, 6).ok_or(NdpError::Truncated)?;
        if next_header != NEXT_HEADER_ICMPV6 {
            return Err(NdpError::NextHeader(next_header));
        }
        let hop_limit = byte(packet, 7).ok_or(NdpError::Truncated)?;
        if hop_limit != HOP_LIMIT_ON_LINK {
            return Err(NdpError::HopLimit(hop_limit));
        }
        let message = packet
            .get(ipv6::HEADER_LENGTH..ipv6::HEADER_LENGTH + length)
            .ok_or(NdpError::Truncated)?;
        Self::parse_message(frame, message)
    }

    fn parse_message(frame: &[u8], message: &[u8]) -> Result<Self, NdpError> {
        let kind = byte(message, 0).ok_or(NdpError::Truncated)?;
        if kind != TYPE_ADVERTISEMENT {
            return Err(NdpError::Type(kind));
        }
        let options = message.get(FIXED_LENGTH..).ok_or(NdpError::Truncated)?;
        let address = |at| array::<16>(frame, at).map(Ipv6Addr::from);
        let (Some(source), Some(destination)) = (address(22), address(38)) else {
            return Err(NdpError::Truncated);
        };
        if checksum(source, destination, message) != 0 {
            return Err(NdpError::Checksum);
        }
        let target = address(MESSAGE + 8).ok_or(NdpError::Truncated)?;
        if target.is_multicast() {
            return Err(NdpError::Target);
        }
        let flags = byte(message, 4).ok_or(NdpError::Truncated)?;
        Ok(NeighbourAdvertisement {
            frame_source: MacAddress(array(frame, 6).ok_or(NdpError::Truncated)?),
            frame_destination: MacAddress(array(frame, 0).ok_or(NdpError::Truncated)?),
            source,
            destination,
            router: flags & FLAG_ROUTER != 0,
            solicited: flags & FLAG_SOLICITED != 0,
            overrides: flags & FLAG_OVERRIDE != 0,
            target,
            mac: target_mac(options)?,
        })
    }

    /// The whole Ethernet frame; without [`NeighbourAdvertisement::mac`] the option carries the frame's source.
    pub fn emit(&self) -> [u8; FRAME_LENGTH] {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let flags = flag(self.router, FLAG_ROUTER)
            | flag(self.solicited, FLAG_SOLICITED)
            | flag(self.overrides, FLAG_OVERRIDE);
        frame(
            (self.frame_source, self.frame_destination),
            (self.source, self.destination),
            (TYPE_ADVERTISEMENT, flags, self.target),
            (OPTION_TARGET_MAC, self.claimed_mac()),
        )
    }
}

/// A Neighbour Solicitation frame from `source` that asks who holds `address`: the holder answers `source` alone, and
/// nobody's neighbour table changes but for the sender's own entry (RFC 4861 §4.3).
pub fn solicitation(mac: MacAddress, source: Ipv6Addr, address: Ipv6Addr) -> [u8; FRAME_LENGTH] {
    let group = solicited_node(address);
    frame(
        (mac, multicast_mac(group)),
        (source, group),
        (TYPE_SOLICITATION, 0, address),
        (OPTION_SOURCE_MAC, mac),
    )
}

/// The group in which the holder of an address is asked for it (RFC 4291 §2.7.1).
fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = address.octets();
    Ipv6Addr::from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c])
}

/// The Ethernet group of an IPv6 group (RFC 2464 §7).
fn multicast_mac(group: Ipv6Addr) -> MacAddress {
    let [.., a, b, c, d] = group.octets();
    MacAddress([0x33, 0x33, a, b, c, d])
}

fn frame(
    (from_mac, to_mac): (MacAddress, MacAddress),
    (source, destination): (Ipv6Addr, Ipv6Addr),
    (kind, flags, target): (u8, u8, Ipv6Addr),
    (option, option_mac): (u8, MacAddress),
) -> [u8; FRAME_LENGTH] {
    let mut frame = [0; FRAME_LENGTH];
    Writer::new(&mut frame)
        .put(&to_mac.0)
        .put(&from_mac.0)
        .put(&ETHERTYPE_IPV6.to_be_bytes())
        .put(&[0x60, 0, 0, 0, 0, 32, NEXT_HEADER_ICMPV6, HOP_LIMIT_ON_LINK])
        .put(&source.octets())
        .put(&destination.octets())
        .put(&[kind, 0, 0, 0, flags, 0, 0, 0])
        .put(&target.octets())
        .put(&[option, 1])
        .put(&option_mac.0);
    if let Some(message) = frame.get_mut(MESSAGE..) {
        let checksum = checksum(source, destination, message);
        set_word(message, 2, checksum);
    }
    frame
}

/// The checksum of an ICMPv6 message with its pseudo-header; 0 where the message holds a right one.
fn checksum(source: Ipv6Addr, destination: Ipv6Addr, message: &[u8]) -> u16 {
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    !sum(&[
        &source.octets(),
        &destination.octets(),
        &length.to_be_bytes(),
        &[0, NEXT_HEADER_ICMPV6],
        message,
    ])
}

/// The target link-layer address among the options.
fn target_mac(mut options: &[u8]) -> Result<Option<MacAddress>, NdpError> {
    for _ in 0..MAX_OPTIONS {
        let (Some(kind), Some(units)) = (byte(options, 0), byte(options, 1)) else {
            return Ok(None);
        };
        let length = usize::from(units) * 8;
        if length == 0 {
            return Err(NdpError::Option);
        }
        if kind == OPTION_TARGET_MAC {
            return Ok(array(options, 2).map(MacAddress));
        }
        options = options.get(length..).ok_or(NdpError::Truncated)?;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
    const VIP: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x64);

    #[test]
    fn an_announcement_is_as_rfc_9568_and_keepalived_want_it() {
        let frame = NeighbourAdvertisement::announcement(MAC, VIP, true).emit();
        assert_eq!(frame[..6], [0x33, 0x33, 0, 0, 0, 1]);
        assert_eq!(frame[6..12], MAC.0);
        assert_eq!(frame[20..22], [58, 255]);
        assert_eq!(frame[22..38], VIP.octets());
        assert_eq!(frame[38..54], ALL_NODES.octets());
        assert_eq!((frame[54], frame[58]), (136, 0xa0));
        assert_eq!(frame[62..78], VIP.octets());
        assert_eq!(frame[78..], [2, 1, 2, 0, 0, 0, 0, 1]);
        let host = NeighbourAdvertisement::announcement(MAC, VIP, false).emit();
        assert_eq!(host[58], 0x20);
    }

    #[test]
    fn advertisements_round_trip() {
        for router in [false, true] {
            let sent = NeighbourAdvertisement::announcement(MAC, VIP, router);
            assert_eq!(NeighbourAdvertisement::parse(&sent.emit()), Ok(sent));
            assert_eq!(sent.claimed_mac(), MAC);
        }
    }

    #[test]
    fn a_solicitation_goes_to_the_group_of_the_address_and_is_no_advertisement() {
        let own: Ipv6Addr = "fe80::1".parse().unwrap();
        let frame = solicitation(MAC, own, "2001:db8::1:2345:6789".parse().unwrap());
        assert_eq!(frame[..6], [0x33, 0x33, 0xff, 0x45, 0x67, 0x89]);
        assert_eq!(frame[22..38], own.octets());
        assert_eq!(frame[38..40], [0xff, 0x02]);
        assert_eq!(frame[49..54], [1, 0xff, 0x45, 0x67, 0x89]);
        assert_eq!(frame[78..80], [1, 1]);
        let message = frame.get(54..).unwrap();
        let to = Ipv6Addr::from(array::<16>(&frame, 38).unwrap());
        assert_eq!(checksum(own, to, message), 0);
        let parsed = NeighbourAdvertisement::parse(&frame);
        assert_eq!(parsed, Err(NdpError::Type(135)));
    }

    #[test]
    fn every_prefix_is_refused() {
        let whole = NeighbourAdvertisement::announcement(MAC, VIP, true).emit();
        for length in 0..whole.len() {
            let prefix = whole.get(..length).unwrap();
            let parsed = NeighbourAdvertisement::parse(prefix);
            assert_eq!(parsed, Err(NdpError::Truncated), "{length}");
        }
    }

    #[test]
    fn what_does_not_count_is_named() {
        let whole = NeighbourAdvertisement::announcement(MAC, VIP, true).emit();
        let changed = |at: usize, value: u8| {
            let mut frame = whole;
            *frame.get_mut(at).unwrap() = value;
            NeighbourAdvertisement::parse(&frame)
        };
        assert_eq!(changed(13, 0), Err(NdpError::EtherType(0x8600)));
        assert_eq!(changed(20, 6), Err(NdpError::NextHeader(6)));
        assert_eq!(changed(21, 64), Err(NdpError::HopLimit(64)));
        assert_eq!(changed(54, 134), Err(NdpError::Type(134)));
        assert_eq!(changed(70, 9), Err(NdpError::Checksum));
    }

    #[test]
    fn an_option_without_length_ends_the_reading() {
        assert_eq!(target_mac(&[9, 0, 0, 0, 0, 0, 0, 0]), Err(NdpError::Option));
        assert_eq!(target_mac(&[9, 2, 0, 0]), Err(NdpError::Truncated));
        assert_eq!(target_mac(&[]), Ok(None));
        let second = [9, 1, 0, 0, 0, 0, 0, 0, 2, 1, 1, 2, 3, 4, 5, 6];
        assert_eq!(
            target_mac(&second),
            Ok(Some(MacAddress([1, 2, 3, 4, 5, 6])))
        );
    }
}
