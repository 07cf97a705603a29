//! Netlink messages and attributes as bytes (linux/netlink.h).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Length of `struct nlmsghdr`.
const HEADER_BYTES: usize = 16;
/// Length of `struct nlattr`.
const ATTRIBUTE_HEADER_BYTES: usize = 4;
/// Attribute types carry two flags above these bits (NLA_TYPE_MASK).
const ATTRIBUTE_TYPE_MASK: u16 = 0x3fff;

/// `NLA_F_NESTED`: the attribute holds attributes.
const NESTED: u16 = 0x8000;

/// `NLMSG_ERROR`: an acknowledgement or an error.
pub(super) const ERROR: u16 = 2;
/// `NLMSG_DONE`: the end of a dump.
pub(super) const DONE: u16 = 3;

/// Messages under construction, one after another.
#[derive(Debug, Default)]
pub(super) struct Buffer(Vec<u8>);

impl Buffer {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Appends one message whose payload `fill` writes.
    pub(super) fn message(
        &mut self,
        kind: u16,
        flags: u16,
        sequence: u32,
        fill: impl FnOnce(&mut Self),
    ) {
        let start = self.0.len();
        self.push(&[0; 4]);
        self.push(&kind.to_ne_bytes());
        self.push(&flags.to_ne_bytes());
        self.push(&sequence.to_ne_bytes());
        self.push(&[0; 4]);
        fill(self);
        let length = u32::try_from(self.0.len() - start).unwrap_or(u32::MAX);
        self.patch(start, &length.to_ne_bytes());
        self.align();
    }

    /// Appends one attribute.
    pub(super) fn attribute(&mut self, kind: u16, value: &[u8]) {
        let length = u16::try_from(ATTRIBUTE_HEADER_BYTES + value.len()).unwrap_or(u16::MAX);
        self.push(&length.to_ne_bytes());
        self.push(&kind.to_ne_bytes());
        self.push(value);
        self.align();
    }

    /// Appends one attribute that holds others, which `fill` writes.
    pub(super) fn nested(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        self.push(&[0; 2]);
        self.push(&(kind | NESTED).to_ne_bytes());
        fill(self);
        let length = u16::try_from(self.0.len() - start).unwrap_or(u16::MAX);
        self.patch(start, &length.to_ne_bytes());
        self.align();
    }

    /// Appends a number in the host's byte order as an attribute.
    pub(super) fn number(&mut self, kind: u16, value: u32) {
        self.attribute(kind, &value.to_ne_bytes());
    }

    /// Appends an address as an attribute.
    pub(super) fn address(&mut self, kind: u16, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.attribute(kind, &address.octets()),
            IpAddr::V6(address) => self.attribute(kind, &address.octets()),
        }
    }

    /// Appends fixed fields of a payload.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Overwrites bytes that are there.
    pub(super) fn patch(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.0.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    fn align(&mut self) {
        self.0.resize(aligned(self.0.len()), 0);
    }
}

/// A received message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) kind: u16,
    pub(super) flags: u16,
    pub(super) sequence: u32,
    pub(super) payload: &'a [u8],
}

/// The messages of a datagram; stops at the first that does not fit.
pub(super) fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let length = usize::try_from(number32(bytes, 0)?).ok()?;
        let message = Message {
            kind: number16(bytes, 4)?,
            flags: number16(bytes, 6)?,
            sequence: number32(bytes, 8)?,
            payload: bytes.get(HEADER_BYTES..length)?,
        };
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some(message)
    })
}

/// Type and value of each attribute; stops at the first that does not fit.
pub(super) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(number16(bytes, 0)?);
        let kind = number16(bytes, 2)? & ATTRIBUTE_TYPE_MASK;
        let value = bytes.get(ATTRIBUTE_HEADER_BYTES..length)?;
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// The address in an attribute, by its length.
pub(super) fn read_address(value: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(value) {
        return Some(Ipv4Addr::from(octets).into());
    }
    let octets = <[u8; 16]>::try_from(value).ok()?;
    Some(Ipv6Addr::from(octets).into())
}

/// The 16-bit number at an offset, in the host's byte order.
pub(super) fn number16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(array(bytes, at)?))
}

/// The 32-bit number at an offset, in the host's byte order.
pub(super) fn number32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(array(bytes, at)?))
}

/// The error number of an [`ERROR`] message, or of a [`DONE`] one that has it: 0 is an acknowledgement.
pub(super) fn error_number(payload: &[u8]) -> i32 {
    let negated = array(payload, 0).map_or(0, i32::from_ne_bytes);
    negated.saturating_neg()
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

const fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut buffer = Buffer::default();
        for sequence in [7, 8] {
            buffer.message(20, 5, sequence, |message| {
                message.push(&[1, 2, 3, 4]);
                message.attribute(3, b"ab");
                message.attribute(4, &[9; 4]);
            });
        }
        let read: Vec<_> = messages(buffer.bytes()).collect();
        assert_eq!(
            read.iter()
                .map(|m| (m.kind, m.flags, m.sequence))
                .collect::<Vec<_>>(),
            [(20, 5, 7), (20, 5, 8)]
        );
        let attributes: Vec<_> = attributes(&read[1].payload[4..]).collect();
        assert_eq!(attributes, [(3, &b"ab"[..]), (4, &[9; 4][..])]);
    }

    #[test]
    fn no_bytes_make_the_reader_panic_or_run_on() {
        let mut state = 1_u32;
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..state % 64)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    // Mostly small numbers, so that lengths fit now and then.
                    if state >> 31 == 0 {
                        0
                    } else {
                        (state >> 24).to_ne_bytes()[0] % 32
                    }
                })
                .collect();
            assert!(messages(&bytes).count() <= bytes.len() / HEADER_BYTES + 1);
            assert!(attributes(&bytes).count() <= bytes.len() / ATTRIBUTE_HEADER_BYTES + 1);
            state = state.wrapping_add(1);
        }
    }
}
