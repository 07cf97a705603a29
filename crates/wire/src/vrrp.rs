//! VRRP advertisements: version 2 for IPv4 (RFC 3768, with the password of RFC 2338) and version 3
//! for both families (RFC 9568).
//!
//! Version 2 knows no IPv6; keepalived sends it all the same where it is told to: IPv6 addresses, no authentication data, the
//! checksum of IPv6. Who wants that is the caller's to decide.
//!
//! [`Advertisement::parse`] checks what the bytes alone can show: version, type, length, checksum.
//! Whether a virtual router, an interval or a password is the right one is the caller's to decide.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::num::NonZeroU8;

use crate::checksum::sum;
use crate::ipv4::PROTOCOL_VRRP;
use crate::reader::{Writer, address, array, byte, set_word, word};
use crate::trailer::{self, Trailer};
use crate::{BufferTooSmall, internet_checksum};

/// The IPv4 multicast group of VRRP (RFC 9568 §5.1.1.2).
pub const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// The IPv6 multicast group of VRRP (RFC 9568 §5.1.2.2).
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
/// Bytes before the addresses.
pub const HEADER_LENGTH: usize = 8;
/// Bytes of authentication data that every version 2 message for IPv4 ends with.
pub const AUTHENTICATION_LENGTH: usize = 8;
/// The longest message: 255 IPv6 addresses, signed.
pub const MAX_LENGTH: usize = HEADER_LENGTH + 255 * 16 + trailer::LENGTH;
/// The highest interval of version 3: 12 bits of centiseconds.
pub const MAX_CENTISECONDS: u16 = 4095;
const TYPE_ADVERTISEMENT: u8 = 1;

/// Virtual router identifier, 1–255 (RFC 9568 §5.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vrid(NonZeroU8);

impl Vrid {
    /// `None` for 0, which no virtual router has.
    pub const fn new(vrid: u8) -> Option<Self> {
        match NonZeroU8::new(vrid) {
            Some(vrid) => Some(Vrid(vrid)),
            None => None,
        }
    }

    /// The number on the wire.
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Priority of a router for a virtual router (RFC 9568 §5.2.4): 0 resigns, 255 owns the addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(pub u8);

impl Priority {
    /// The Active Router stops taking part.
    pub const RESIGN: Priority = Priority(0);
    /// The router owns the addresses.
    pub const OWNER: Priority = Priority(255);
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// RFC 3768.
    V2,
    /// RFC 9568 (and RFC 5798).
    V3,
}

impl Version {
    /// The number on the wire.
    pub const fn number(self) -> u8 {
        match self {
            Version::V2 => 2,
            Version::V3 => 3,
        }
    }
}

/// Advertisement interval as the wire carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// Version 2: whole seconds.
    Seconds(u8),
    /// Version 3: centiseconds, 12 bits.
    Centiseconds(u16),
}

/// Authentication field of version 2 (RFC 2338 §5.3.6). Never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// Type 0; the data is ignored.
    None,
    /// Type 1 and its eight bytes, zero-filled.
    Password([u8; 8]),
    /// Type 2: the packet has an authentication header (see [`crate::ah`]); the data is zero.
    Header,
    /// Another type.
    Other(u8),
}

impl Authentication {
    /// The number on the wire.
    pub const fn kind(&self) -> u8 {
        match self {
            Authentication::None => 0,
            Authentication::Password(_) => 1,
            Authentication::Header => 2,
            Authentication::Other(kind) => *kind,
        }
    }

    /// Whether both are the same, in a time that does not depend on the password.
    pub fn matches(&self, other: &Authentication) -> bool {
        match (self, other) {
            (Authentication::None, Authentication::None)
            | (Authentication::Header, Authentication::Header) => true,
            (Authentication::Password(a), Authentication::Password(b)) => {
                a.iter()
                    .zip(b)
                    .fold(0, |difference, (a, b)| difference | (a ^ b))
                    == 0
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Authentication::None => f.write_str("None"),
            Authentication::Password(_) => f.write_str("Password(********)"),
            Authentication::Header => f.write_str("Header"),
            Authentication::Other(kind) => write!(f, "Other({kind})"),
        }
    }
}

/// What a version 3 checksum covers besides the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumForm {
    /// Nothing: RFC 9568 §5.2.8 for IPv4, and every version 2 message.
    Plain,
    /// The pseudo-header of the packet: IPv6 always, and for IPv4 keepalived's, FRR's and
    /// Wireshark's reading of RFC 5798.
    PseudoHeader,
}

/// Why bytes are not an advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdvertisementError {
    /// Shorter than the fixed header.
    Truncated {
        /// Bytes present.
        length: usize,
    },
    /// A version that is neither 2 nor 3.
    Version(u8),
    /// Not an advertisement.
    Type(u8),
    /// The VRID 0, which no virtual router has.
    ZeroVrid,
    /// The number of addresses and the length disagree.
    Length {
        /// Bytes that the count asks for.
        need: usize,
        /// Bytes present.
        have: usize,
    },
    /// No address at all in version 3 (RFC 9568 §5.2.5).
    NoAddresses,
    /// The checksum is wrong in every known form.
    Checksum,
}

/// An advertisement as received: a view of checked bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertisement<'a> {
    /// Protocol version.
    pub version: Version,
    /// Virtual router.
    pub vrid: Vrid,
    /// Sender's priority.
    pub priority: Priority,
    /// Sender's interval.
    pub interval: Interval,
    /// Version 2 authentication, `None` in version 3.
    pub authentication: Authentication,
    /// The form in which the checksum was right.
    pub checksum: ChecksumForm,
    addresses: &'a [u8],
    address_length: usize,
}

/// Version nibble and VRID of a message, to find its virtual router before any further work.
pub fn peek(message: &[u8]) -> Result<(u8, u8), AdvertisementError> {
    match (byte(message, 0), byte(message, 1)) {
        (Some(first), Some(vrid)) if message.len() >= HEADER_LENGTH => Ok((first >> 4, vrid)),
        _ => Err(AdvertisementError::Truncated {
            length: message.len(),
        }),
    }
}

impl<'a> Advertisement<'a> {
    /// Parses a VRRP message; `source` and `destination` are those of its packet.
    pub fn parse(
        message: &'a [u8],
        source: IpAddr,
        destination: IpAddr,
    ) -> Result<Self, AdvertisementError> {
        Self::parse_covered(message, message, source, destination)
    }

    /// Parses a VRRP message that may have a [`Trailer`] behind it. The checksum of IPv4 stops
    /// before the trailer; that of IPv6, which the sender's kernel makes, covers it.
    pub fn parse_signed(
        payload: &'a [u8],
        source: IpAddr,
        destination: IpAddr,
    ) -> Result<(Self, Option<Trailer<'a>>), AdvertisementError> {
        let Some((message, signed)) = Trailer::split(payload, announced_length(payload, source)?)
        else {
            return Ok((Self::parse(payload, source, destination)?, None));
        };
        let covered = match source {
            IpAddr::V4(_) => message,
            IpAddr::V6(_) => payload,
        };
        let advertisement = Self::parse_covered(message, covered, source, destination)?;
        Ok((advertisement, Some(signed)))
    }

    fn parse_covered(
        message: &'a [u8],
        covered: &[u8],
        source: IpAddr,
        destination: IpAddr,
    ) -> Result<Self, AdvertisementError> {
        let truncated = AdvertisementError::Truncated {
            length: message.len(),
        };
        let [first, vrid, priority, count, fifth, sixth, _, _] =
            array::<HEADER_LENGTH>(message, 0).ok_or(truncated)?;
        let version = match first >> 4 {
            2 => Version::V2,
            3 => Version::V3,
            other => return Err(AdvertisementError::Version(other)),
        };
        if first & 0x0f != TYPE_ADVERTISEMENT {
            return Err(AdvertisementError::Type(first & 0x0f));
        }
        let vrid = Vrid::new(vrid).ok_or(AdvertisementError::ZeroVrid)?;
        let address_length = address_length(source);
        let addresses = check_length(message, version, count, address_length)?;
        let checksum = check_checksum(covered, version, source, destination)?;
        let (interval, authentication) = match version {
            Version::V2 => (
                Interval::Seconds(sixth),
                match source {
                    IpAddr::V4(_) => authentication(message, fifth).ok_or(truncated)?,
                    IpAddr::V6(_) => Authentication::None,
                },
            ),
            Version::V3 => (
                Interval::Centiseconds(u16::from_be_bytes([fifth & 0x0f, sixth])),
                Authentication::None,
            ),
        };
        Ok(Advertisement {
            version,
            vrid,
            priority: Priority(priority),
            interval,
            authentication,
            checksum,
            addresses,
            address_length,
        })
    }

    /// The addresses in the order of the message, all of the packet's family.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + use<'a> {
        self.addresses
            .chunks_exact(self.address_length)
            .filter_map(|bytes| match array::<16>(bytes, 0) {
                Some(octets) => Some(IpAddr::from(octets)),
                None => address(bytes, 0).map(IpAddr::from),
            })
    }
}

fn address_length(address: IpAddr) -> usize {
    match address {
        IpAddr::V4(_) => 4,
        IpAddr::V6(_) => 16,
    }
}

/// How long a message is that begins like this one.
fn announced_length(payload: &[u8], source: IpAddr) -> Result<usize, AdvertisementError> {
    let (version, _) = peek(payload)?;
    let count = usize::from(byte(payload, 3).unwrap_or(0));
    let end = HEADER_LENGTH + count * address_length(source);
    Ok(match (version, source) {
        (2, IpAddr::V4(_)) => end + AUTHENTICATION_LENGTH,
        _ => end,
    })
}

/// The address bytes, if the message is exactly as long as `count` asks for.
fn check_length(
    message: &[u8],
    version: Version,
    count: u8,
    address_length: usize,
) -> Result<&[u8], AdvertisementError> {
    if count == 0 && version == Version::V3 {
        return Err(AdvertisementError::NoAddresses);
    }
    let end = HEADER_LENGTH + usize::from(count) * address_length;
    let need = match version {
        Version::V2 if address_length == 4 => end + AUTHENTICATION_LENGTH,
        Version::V2 | Version::V3 => end,
    };
    let have = message.len();
    match message.get(HEADER_LENGTH..end) {
        Some(addresses) if have == need => Ok(addresses),
        _ => Err(AdvertisementError::Length { need, have }),
    }
}

fn check_checksum(
    message: &[u8],
    version: Version,
    source: IpAddr,
    destination: IpAddr,
) -> Result<ChecksumForm, AdvertisementError> {
    if source.is_ipv4() && internet_checksum(message) == 0 {
        return Ok(ChecksumForm::Plain);
    }
    let has_pseudo_header = version == Version::V3 || source.is_ipv6();
    if has_pseudo_header && pseudo_sum(source, destination, message) == 0xffff {
        Ok(ChecksumForm::PseudoHeader)
    } else {
        Err(AdvertisementError::Checksum)
    }
}

/// One's complement sum of pseudo-header and message. The order of 16-bit words does not matter to
/// it, so both families' pseudo-headers are the addresses, the length and the protocol (RFC 8200
/// §8.1); of two different families the sum is that of no packet.
pub(crate) fn pseudo_sum(source: IpAddr, destination: IpAddr, message: &[u8]) -> u16 {
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    let (length, protocol) = (&length.to_be_bytes(), &[0, PROTOCOL_VRRP]);
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => sum(&[
            &source.octets(),
            &destination.octets(),
            length,
            protocol,
            message,
        ]),
        (IpAddr::V6(source), IpAddr::V6(destination)) => sum(&[
            &source.octets(),
            &destination.octets(),
            length,
            protocol,
            message,
        ]),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => 0,
    }
}

fn authentication(message: &[u8], kind: u8) -> Option<Authentication> {
    Some(match kind {
        0 => Authentication::None,
        1 => Authentication::Password(array(
            message,
            message.len().checked_sub(AUTHENTICATION_LENGTH)?,
        )?),
        2 => Authentication::Header,
        other => Authentication::Other(other),
    })
}

/// An advertisement to send.
#[derive(Clone, Copy, Debug)]
pub struct AdvertisementRepr<'a> {
    /// Virtual router.
    pub vrid: Vrid,
    /// Our priority.
    pub priority: Priority,
    /// Our interval; its variant is the protocol version.
    pub interval: Interval,
    /// Version 2 authentication; ignored in version 3 and for IPv6.
    pub authentication: Authentication,
    /// Form of a version 3 checksum for IPv4; ignored in version 2 and for IPv6.
    pub checksum: ChecksumForm,
    /// The addresses, at most 255 and all of the packet's family; further ones are not sent.
    pub addresses: &'a [IpAddr],
}

impl AdvertisementRepr<'_> {
    /// Protocol version, from the interval's unit.
    pub fn version(&self) -> Version {
        match self.interval {
            Interval::Seconds(_) => Version::V2,
            Interval::Centiseconds(_) => Version::V3,
        }
    }

    fn count(&self) -> u8 {
        u8::try_from(self.addresses.len()).unwrap_or(u8::MAX)
    }

    /// Writes the message with its checksum and returns its length.
    pub fn emit(
        &self,
        source: IpAddr,
        destination: IpAddr,
        buffer: &mut [u8],
    ) -> Result<usize, BufferTooSmall> {
        let (version, count) = (self.version(), self.count());
        let field = match self.interval {
            Interval::Seconds(seconds) if source.is_ipv4() => [self.authentication.kind(), seconds],
            Interval::Seconds(seconds) => [0, seconds],
            Interval::Centiseconds(centiseconds) => {
                centiseconds.min(MAX_CENTISECONDS).to_be_bytes()
            }
        };
        let mut writer = Writer::new(buffer);
        writer
            .put(&[(version.number() << 4) | TYPE_ADVERTISEMENT])
            .put(&[self.vrid.get(), self.priority.0, count])
            .put(&field)
            .put(&[0, 0]);
        for address in self.addresses.iter().take(usize::from(count)) {
            match address {
                IpAddr::V4(address) => writer.put(&address.octets()),
                IpAddr::V6(address) => writer.put(&address.octets()),
            };
        }
        if version == Version::V2 && source.is_ipv4() {
            writer.put(&match self.authentication {
                Authentication::Password(password) => password,
                Authentication::None | Authentication::Header | Authentication::Other(_) => {
                    [0; AUTHENTICATION_LENGTH]
                }
            });
        }
        let message = writer.finish()?;
        let form = match (source, version) {
            (IpAddr::V4(_), Version::V2) => ChecksumForm::Plain,
            (IpAddr::V4(_), Version::V3) => self.checksum,
            (IpAddr::V6(_), _) => ChecksumForm::PseudoHeader,
        };
        let checksum = match form {
            ChecksumForm::PseudoHeader => !pseudo_sum(source, destination, message),
            ChecksumForm::Plain => internet_checksum(message),
        };
        set_word(message, 6, checksum);
        Ok(message.len())
    }
}

/// The checksum field of a message, as it stands there.
pub fn checksum_field(message: &[u8]) -> Option<u16> {
    word(message, 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sent by keepalived 2.2.7 with `version 2` and IPv6 addresses, from fd00::1 to fd00::2.
    const VERSION_2_OVER_IPV6: [u8; 24] = [
        0x21, 17, 200, 1, 0, 1, 0x1d, 0x5c, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2,
    ];

    #[test]
    fn version_2_over_ipv6_is_what_keepalived_makes_of_it() {
        let [source, destination]: [IpAddr; 2] = ["fd00::1", "fd00::2"].map(|a| a.parse().unwrap());
        let read = Advertisement::parse(&VERSION_2_OVER_IPV6, source, destination).unwrap();
        assert_eq!(read.version, Version::V2);
        assert_eq!(read.interval, Interval::Seconds(1));
        let repr = AdvertisementRepr {
            vrid: read.vrid,
            priority: read.priority,
            interval: read.interval,
            authentication: Authentication::Password(*b"ignored!"),
            checksum: ChecksumForm::Plain,
            addresses: &["fd00::202".parse().unwrap()],
        };
        let mut buffer = [0; 64];
        let length = repr.emit(source, destination, &mut buffer).unwrap();
        assert_eq!(buffer.get(..length).unwrap(), VERSION_2_OVER_IPV6);
    }

    #[test]
    fn version_2_over_ipv6_can_be_signed() {
        let [source, destination]: [IpAddr; 2] = ["fd00::1", "fd00::2"].map(|a| a.parse().unwrap());
        let mut signed = [0; VERSION_2_OVER_IPV6.len() + trailer::LENGTH];
        for (to, from) in signed.iter_mut().zip(VERSION_2_OVER_IPV6) {
            *to = from;
        }
        let key = trailer::Key::new(1, &[7; 32]).unwrap();
        trailer::sign(&mut signed, &key, trailer::Sequence(1), source, destination).unwrap();
        let (read, trailer) = Advertisement::parse_signed(&signed, source, destination).unwrap();
        assert_eq!(read.addresses().count(), 1);
        assert!(trailer.unwrap().is_authentic(source, &key));
    }
}
