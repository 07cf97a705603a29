//! The authentication trailer behind a VRRP message: keepalived's `auth_hmac` (since 2.4.2), for
//! both versions and both families.
//!
//! ```text
//!  type 1 | key id | 0 0 | seconds (4) | 2^-16 s (2) | counter (2) | HMAC-SHA256, first 16 bytes
//! ```
//!
//! The HMAC covers family, version, VRID and the sender's address, the message with its checksum
//! zeroed, and the trailer up to the HMAC.

use core::fmt;
use core::net::IpAddr;
use core::num::NonZeroU8;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::reader::{Writer, array, byte, set_word};
use crate::vrrp::pseudo_sum;

/// Bytes of the trailer.
pub const LENGTH: usize = 28;
/// Bytes of it that the HMAC covers.
const PREFIX_LENGTH: usize = 12;
const HMAC_LENGTH: usize = LENGTH - PREFIX_LENGTH;
const TYPE_HMAC_SHA256: u8 = 1;
/// Fewest bytes of a key.
pub const MIN_KEY_LENGTH: usize = 32;
/// Most bytes of a key: the block of SHA-256.
pub const MAX_KEY_LENGTH: usize = 64;

/// A shared key and its number. Wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    id: NonZeroU8,
    length: usize,
    bytes: Zeroizing<[u8; MAX_KEY_LENGTH]>,
}

impl Key {
    /// `None` for the number 0 and for keys that are shorter than [`MIN_KEY_LENGTH`] or longer than
    /// [`MAX_KEY_LENGTH`].
    pub fn new(id: u8, key: &[u8]) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; MAX_KEY_LENGTH]);
        bytes.get_mut(..key.len())?.copy_from_slice(key);
        (key.len() >= MIN_KEY_LENGTH).then_some(())?;
        Some(Key {
            id: NonZeroU8::new(id)?,
            length: key.len(),
            bytes,
        })
    }

    /// Its number on the wire.
    pub const fn id(&self) -> u8 {
        self.id.get()
    }

    /// The bytes, for whoever must hand them on.
    pub fn reveal(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, ********)", self.id)
    }
}

/// What tells an old packet from a new one: seconds since 1970 (modulo 2^32), 2^-16 seconds, and a
/// counter, together one number that rises with every packet of a sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequence(pub u64);

impl Sequence {
    /// One second.
    pub const SECOND: u64 = 1 << 32;

    /// The first number of a time, in microseconds since 1970.
    pub fn at(micros: u64) -> Self {
        let fraction = micros % 1_000_000 * 65_536 / 1_000_000;
        Sequence((micros / 1_000_000) << 32 | fraction << 16)
    }

    /// The next number.
    #[must_use]
    pub fn next(self) -> Self {
        Sequence(self.0.wrapping_add(1))
    }

    /// Whether it is newer than the other one (serial number arithmetic, RFC 1982).
    pub fn is_after(self, other: Sequence) -> bool {
        let ahead = self.0.wrapping_sub(other.0);
        ahead != 0 && ahead < 1 << 63
    }

    /// How far the two are apart, in units of 2^-32 seconds.
    pub fn distance(self, other: Sequence) -> u64 {
        let ahead = self.0.wrapping_sub(other.0);
        ahead.min(ahead.wrapping_neg())
    }
}

/// The trailer of a received message. Nothing in it is to be believed before
/// [`Trailer::is_authentic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer<'a> {
    /// Type 1 and nothing in the reserved field.
    pub well_formed: bool,
    /// Number of the key.
    pub key: u8,
    /// Its number.
    pub sequence: Sequence,
    message: &'a [u8],
    prefix: &'a [u8],
    hmac: [u8; HMAC_LENGTH],
}

impl<'a> Trailer<'a> {
    /// Splits a payload into the message of that length and the trailer behind it; `None` if what is
    /// behind it is not as long as a trailer.
    pub(crate) fn split(payload: &'a [u8], length: usize) -> Option<(&'a [u8], Self)> {
        let (message, trailer) = payload.split_at_checked(length)?;
        if trailer.len() != LENGTH {
            return None;
        }
        let [kind, key, high, low] = array(trailer, 0)?;
        let signed = Trailer {
            well_formed: kind == TYPE_HMAC_SHA256 && high == 0 && low == 0,
            key,
            sequence: Sequence(u64::from_be_bytes(array(trailer, 4)?)),
            message,
            prefix: trailer.get(..PREFIX_LENGTH)?,
            hmac: array(trailer, PREFIX_LENGTH)?,
        };
        Some((message, signed))
    }

    /// Whether `source` sent the message and knows the key. The comparison takes the same time for
    /// every wrong value.
    pub fn is_authentic(&self, source: IpAddr, key: &Key) -> bool {
        digest(self.message, self.prefix, source, key)
            .is_some_and(|mac| mac.verify_truncated_left(&self.hmac).is_ok())
    }
}

/// Signs a message that has [`LENGTH`] bytes of room behind it, or renews its trailer. The checksum
/// of IPv6 covers the trailer and is made anew. `None` if the payload is too short.
pub fn sign(
    payload: &mut [u8],
    key: &Key,
    sequence: Sequence,
    source: IpAddr,
    destination: IpAddr,
) -> Option<()> {
    let length = payload.len().checked_sub(LENGTH)?;
    let (message, trailer) = payload.split_at_mut_checked(length)?;
    let mut writer = Writer::new(trailer);
    writer
        .put(&[TYPE_HMAC_SHA256, key.id(), 0, 0])
        .put(&sequence.0.to_be_bytes());
    let (prefix, place) = trailer.split_at_mut_checked(PREFIX_LENGTH)?;
    let value = digest(message, prefix, source, key)?
        .finalize()
        .into_bytes();
    place.copy_from_slice(value.get(..HMAC_LENGTH)?);
    if source.is_ipv6() {
        set_word(payload, 6, 0);
        let checksum = !pseudo_sum(source, destination, payload);
        set_word(payload, 6, checksum);
    }
    Some(())
}

fn digest(message: &[u8], prefix: &[u8], source: IpAddr, key: &Key) -> Option<Hmac<Sha256>> {
    let mut address = [0; 16];
    let family = match source {
        IpAddr::V4(source) => {
            Writer::new(&mut address).put(&source.octets());
            4
        }
        IpAddr::V6(source) => {
            address = source.octets();
            6
        }
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(key.reveal()).ok()?;
    mac.update(&[family, byte(message, 0)? >> 4, byte(message, 1)?, 0]);
    mac.update(&address);
    // Everything but the checksum, which is in the seventh and eighth byte.
    mac.update(message.get(..6)?);
    mac.update(&[0, 0]);
    mac.update(message.get(8..)?);
    mac.update(prefix);
    mac.update(&[0; HMAC_LENGTH]);
    Some(mac)
}
