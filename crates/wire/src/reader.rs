//! Reading and writing fixed fields without a panic.

use core::net::Ipv4Addr;

use crate::BufferTooSmall;

pub(crate) fn byte(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

pub(crate) fn word(bytes: &[u8], at: usize) -> Option<u16> {
    array::<2>(bytes, at).map(u16::from_be_bytes)
}

pub(crate) fn address(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    array::<4>(bytes, at).map(Ipv4Addr::from)
}

pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// Appends fields to a caller's buffer; what does not fit is counted and reported once by `finish`.
pub(crate) struct Writer<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(buffer: &'a mut [u8]) -> Self {
        Writer { buffer, length: 0 }
    }

    pub(crate) fn put(&mut self, field: &[u8]) -> &mut Self {
        let end = self.length.saturating_add(field.len());
        if let Some(place) = self.buffer.get_mut(self.length..end) {
            place.copy_from_slice(field);
        }
        self.length = end;
        self
    }

    pub(crate) fn finish(self) -> Result<&'a mut [u8], BufferTooSmall> {
        let (need, have) = (self.length, self.buffer.len());
        self.buffer
            .get_mut(..need)
            .ok_or(BufferTooSmall { need, have })
    }
}

/// Overwrites two bytes at `at`; the callers' packets always hold them.
pub(crate) fn set_word(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(place) = bytes.get_mut(at..at.saturating_add(2)) {
        place.copy_from_slice(&value.to_be_bytes());
    }
}
