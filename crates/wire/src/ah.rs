//! The authentication header around version 2 advertisements for IPv4: RFC 2338 §5.3.6.3 with
//! HMAC-MD5-96 (RFC 2403), as keepalived makes it.
//!
//! Two deviations are keepalived's and are on the wire everywhere: the security parameters index is
//! the sender's address, and the integrity check value of a multicast covers the TTL. A receiver
//! takes the value by RFC 2402 §3.3.3.1 as well, which counts the TTL as 0.

use core::fmt;
use core::net::Ipv4Addr;

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use zeroize::Zeroizing;

use crate::ipv4::{self, PROTOCOL_AH, PROTOCOL_VRRP};
use crate::reader::{Writer, array, byte};

/// Bytes of the header.
pub const HEADER_LENGTH: usize = 24;
/// Bytes of the integrity check value, the last field of the header.
const ICV_LENGTH: usize = 12;
/// The length field counts 32-bit words beyond the first two.
const LENGTH_FIELD: u8 = 4;

/// The shared key: the password of RFC 2338, zero-filled. Wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<[u8; 8]>);

impl Key {
    /// The key that is these eight bytes.
    pub fn new(password: [u8; 8]) -> Self {
        Key(Zeroizing::new(password))
    }

    /// The bytes, for whoever must hand them on.
    pub fn reveal(&self) -> [u8; 8] {
        *self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(********)")
    }
}

/// Why bytes are not a VRRP message in an authentication header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// Not IPv4 that may be parsed further.
    Ip(ipv4::PacketError),
    /// Another protocol than AH.
    Protocol(u8),
    /// The IPv4 header has options, which no speaker sends and whose treatment nobody agrees on.
    Options,
    /// Fewer bytes than the header has.
    Truncated,
    /// The length field is not that of a 96-bit value.
    Length(u8),
    /// Something else than VRRP is inside.
    NextHeader(u8),
}

/// A packet with an authentication header; nothing in it is to be believed before
/// [`Packet::is_authentic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The IPv4 header's fields; its payload begins with the authentication header.
    pub ip: ipv4::Packet<'a>,
    /// Security parameters index.
    pub spi: u32,
    /// Sequence number.
    pub sequence: u32,
    /// The VRRP message inside.
    pub message: &'a [u8],
    whole: &'a [u8],
    icv: [u8; ICV_LENGTH],
}

impl<'a> Packet<'a> {
    /// Parses a whole IPv4 packet.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, HeaderError> {
        let ip = ipv4::Packet::parse(bytes).map_err(HeaderError::Ip)?;
        if ip.protocol != PROTOCOL_AH {
            return Err(HeaderError::Protocol(ip.protocol));
        }
        if byte(bytes, 0) != Some(0x45) {
            return Err(HeaderError::Options);
        }
        let [next, length, _, _] = array(ip.payload, 0).ok_or(HeaderError::Truncated)?;
        if length != LENGTH_FIELD {
            return Err(HeaderError::Length(length));
        }
        if next != PROTOCOL_VRRP {
            return Err(HeaderError::NextHeader(next));
        }
        Self::fields(bytes, ip).ok_or(HeaderError::Truncated)
    }

    fn fields(bytes: &'a [u8], ip: ipv4::Packet<'a>) -> Option<Self> {
        Some(Packet {
            ip,
            spi: u32::from_be_bytes(array(ip.payload, 4)?),
            sequence: u32::from_be_bytes(array(ip.payload, 8)?),
            message: ip.payload.get(HEADER_LENGTH..)?,
            whole: bytes.get(..ipv4::HEADER_LENGTH + ip.payload.len())?,
            icv: array(ip.payload, HEADER_LENGTH - ICV_LENGTH)?,
        })
    }

    /// Whether the sender's address is what it says and it knows the key. The comparison takes the
    /// same time for every wrong value.
    pub fn is_authentic(&self, key: &Key) -> bool {
        let verify = |ttl: Ttl| {
            digest(self.whole, key, ttl)
                .is_some_and(|mac| mac.verify_truncated_left(&self.icv).is_ok())
        };
        self.spi == self.ip.source.to_bits() && (verify(Ttl::Covered) || verify(Ttl::Zero))
    }
}

/// Whether the integrity check value covers the TTL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ttl {
    Covered,
    Zero,
}

/// Writes the authentication header between an IPv4 header of protocol [`PROTOCOL_AH`] and a VRRP
/// message that stands [`HEADER_LENGTH`] bytes behind it, or renews one that is there. `None` if the
/// packet is too short or not AH.
pub fn seal(packet: &mut [u8], sequence: u32, key: &Key) -> Option<()> {
    if byte(packet, 0)? != 0x45 || byte(packet, 9)? != PROTOCOL_AH {
        return None;
    }
    let source: [u8; 4] = array(packet, 12)?;
    let destination = Ipv4Addr::from(array::<4>(packet, 16)?);
    let header = packet.get_mut(ipv4::HEADER_LENGTH..ipv4::HEADER_LENGTH + HEADER_LENGTH)?;
    Writer::new(header)
        .put(&[PROTOCOL_VRRP, LENGTH_FIELD, 0, 0])
        .put(&source)
        .put(&sequence.to_be_bytes());
    let ttl = if destination.is_multicast() {
        Ttl::Covered
    } else {
        Ttl::Zero
    };
    let value = digest(packet, key, ttl)?.finalize().into_bytes();
    let at = ipv4::HEADER_LENGTH + HEADER_LENGTH - ICV_LENGTH;
    let place = packet.get_mut(at..at + ICV_LENGTH)?;
    place.copy_from_slice(value.get(..ICV_LENGTH)?);
    Some(())
}

/// HMAC-MD5 of the packet with everything zero that changes on the way, and the value itself.
fn digest(packet: &[u8], key: &Key, ttl: Ttl) -> Option<Hmac<Md5>> {
    let mut header: [u8; ipv4::HEADER_LENGTH] = array(packet, 0)?;
    for (position, field) in header.iter_mut().enumerate() {
        let mutable = match position {
            // Type of service, flags and fragment offset, checksum.
            1 | 6 | 7 | 10 | 11 => true,
            8 => ttl == Ttl::Zero,
            _ => false,
        };
        if mutable {
            *field = 0;
        }
    }
    let rest = packet.get(ipv4::HEADER_LENGTH..)?;
    let mut mac = Hmac::<Md5>::new_from_slice(&*key.0).ok()?;
    mac.update(&header);
    mac.update(rest.get(..HEADER_LENGTH - ICV_LENGTH)?);
    mac.update(&[0; ICV_LENGTH]);
    mac.update(rest.get(HEADER_LENGTH..)?);
    Some(mac)
}
