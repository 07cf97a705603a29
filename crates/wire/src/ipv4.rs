//! The IPv4 header around an advertisement (RFC 791), as a raw socket gives and takes it.

use core::net::Ipv4Addr;

use crate::reader::{Writer, address, byte, set_word, word};
use crate::{BufferTooSmall, internet_checksum};

/// IP protocol number of VRRP (RFC 9568 §5.1.1.4).
pub const PROTOCOL_VRRP: u8 = 112;
/// IP protocol number of the authentication header (RFC 2402).
pub const PROTOCOL_AH: u8 = 51;
/// Type of service of advertisements: class selector 6, network control.
pub const TOS_NETWORK_CONTROL: u8 = 0xc0;
/// Length in bytes of a header without options.
pub const HEADER_LENGTH: usize = 20;
const HEADER_LENGTH_U16: u16 = 20;

/// What a VRRP receiver needs of an IPv4 packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Sender.
    pub source: Ipv4Addr,
    /// Receiver or group.
    pub destination: Ipv4Addr,
    /// Time to live as received.
    pub ttl: u8,
    /// IP protocol number.
    pub protocol: u8,
    /// Bytes after the header and its options, up to the total length (link padding is cut off).
    pub payload: &'a [u8],
}

/// Why bytes are not an IPv4 packet that may be parsed further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketError {
    /// Fewer bytes than a header or than the total length says.
    Truncated,
    /// The version nibble is not 4.
    Version(u8),
    /// The header length is below 5 words or beyond the packet.
    HeaderLength(u8),
    /// Header checksum wrong.
    Checksum,
    /// A fragment: never parsed as VRRP.
    Fragment,
}

impl<'a> Packet<'a> {
    /// Parses a whole IPv4 packet.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, PacketError> {
        let first = byte(bytes, 0).ok_or(PacketError::Truncated)?;
        if first >> 4 != 4 {
            return Err(PacketError::Version(first >> 4));
        }
        let header_length = usize::from(first & 0x0f) * 4;
        if header_length < HEADER_LENGTH {
            return Err(PacketError::HeaderLength(first & 0x0f));
        }
        let total = usize::from(word(bytes, 2).ok_or(PacketError::Truncated)?);
        if total < header_length {
            return Err(PacketError::Truncated);
        }
        let packet = bytes.get(..total).ok_or(PacketError::Truncated)?;
        let header = packet.get(..header_length).ok_or(PacketError::Truncated)?;
        if internet_checksum(header) != 0 {
            return Err(PacketError::Checksum);
        }
        let fragment = word(header, 6).ok_or(PacketError::Truncated)?;
        if fragment & 0x3fff != 0 {
            return Err(PacketError::Fragment);
        }
        Self::fields(packet, header_length).ok_or(PacketError::Truncated)
    }

    fn fields(packet: &'a [u8], header_length: usize) -> Option<Self> {
        Some(Packet {
            source: address(packet, 12)?,
            destination: address(packet, 16)?,
            ttl: byte(packet, 8)?,
            protocol: byte(packet, 9)?,
            payload: packet.get(header_length..)?,
        })
    }
}

/// The header of a packet that we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Identification; keepalived counts it up from 1 per instance.
    pub identification: u16,
    /// Time to live; 255 for VRRP.
    pub ttl: u8,
    /// IP protocol number.
    pub protocol: u8,
    /// Our address.
    pub source: Ipv4Addr,
    /// Group or peer.
    pub destination: Ipv4Addr,
}

impl Header {
    /// Writes the header and its checksum in front of `payload_length` bytes (20 bytes written).
    pub fn emit(&self, payload_length: u16, buffer: &mut [u8]) -> Result<usize, BufferTooSmall> {
        let total = HEADER_LENGTH_U16.saturating_add(payload_length);
        let mut writer = Writer::new(buffer);
        writer
            .put(&[0x45, TOS_NETWORK_CONTROL])
            .put(&total.to_be_bytes())
            .put(&self.identification.to_be_bytes())
            .put(&[0, 0, self.ttl, self.protocol, 0, 0])
            .put(&self.source.octets())
            .put(&self.destination.octets());
        let header = writer.finish()?;
        let checksum = internet_checksum(header);
        set_word(header, 10, checksum);
        Ok(header.len())
    }
}
