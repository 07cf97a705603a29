//! Numbers with their unit in the type.

use std::fmt;
use std::num::NonZeroU8;

/// A duration in whole microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub u64);

impl Micros {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// That many seconds, saturating.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// That many milliseconds, saturating.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds.saturating_mul(1_000))
    }

    /// The duration in microseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl From<Micros> for std::time::Duration {
    fn from(value: Micros) -> Self {
        Self::from_micros(value.0)
    }
}

impl fmt::Display for Micros {
    /// Seconds, with as many decimals as are needed: `1.5 s`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, fraction) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if fraction == 0 {
            return write!(formatter, "{seconds} s");
        }
        let digits = format!("{fraction:06}");
        write!(formatter, "{seconds}.{} s", digits.trim_end_matches('0'))
    }
}

/// A virtual router identifier, 1 to 255 (RFC 9568 §5.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vrid(NonZeroU8);

impl Vrid {
    /// The identifier, or `None` for 0.
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        NonZeroU8::new(number).map(Self)
    }

    /// The number on the wire.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0.get()
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A configured priority, 1 to 255; 255 is the owner of the addresses (RFC 9568 §5.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(NonZeroU8);

impl Priority {
    /// What keepalived takes where nothing is configured.
    pub const DEFAULT: Self = Self(NonZeroU8::MIN.saturating_add(99));
    /// The address owner's priority.
    pub const OWNER: Self = Self(NonZeroU8::MAX);

    /// The priority, or `None` for 0.
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        NonZeroU8::new(number).map(Self)
    }

    /// The number on the wire.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0.get()
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_as_seconds() {
        assert_eq!(Micros::from_secs(2).to_string(), "2 s");
        assert_eq!(Micros(1_500_000).to_string(), "1.5 s");
        assert_eq!(Micros(10).to_string(), "0.00001 s");
    }

    #[test]
    fn priorities_have_keepalived_values() {
        assert_eq!((Priority::DEFAULT.get(), Priority::OWNER.get()), (100, 255));
        assert_eq!(Priority::new(0), None);
    }
}
