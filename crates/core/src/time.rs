//! Time as integer microseconds, so that every timer is exact.

use core::fmt;
use core::ops::{Add, Sub};

/// A duration in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub u64);

impl Micros {
    /// No time at all.
    pub const ZERO: Micros = Micros(0);

    /// From milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Micros(millis.saturating_mul(1_000))
    }

    /// From seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Micros(secs.saturating_mul(1_000_000))
    }

    /// `self` taken `times` times, at most the longest duration.
    pub const fn times(self, times: u64) -> Self {
        Micros(self.0.saturating_mul(times))
    }

    /// Sum, at most the longest duration.
    pub const fn plus(self, other: Micros) -> Self {
        Micros(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Micros {
    /// Seconds with as many decimals as needed: `3.617187 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        match micros {
            0 => write!(f, "{seconds} s"),
            _ if micros % 1_000 == 0 => write!(f, "{seconds}.{:03} s", micros / 1_000),
            _ => write!(f, "{seconds}.{micros:06} s"),
        }
    }
}

/// A moment in microseconds of the caller's monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

impl Instant {
    /// Time that has passed since `earlier`; zero if that is later.
    pub const fn since(self, earlier: Instant) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Micros> for Instant {
    type Output = Instant;

    fn add(self, duration: Micros) -> Instant {
        Instant(self.0.saturating_add(duration.0))
    }
}

impl Sub<Micros> for Instant {
    type Output = Instant;

    fn sub(self, duration: Micros) -> Instant {
        Instant(self.0.saturating_sub(duration.0))
    }
}
