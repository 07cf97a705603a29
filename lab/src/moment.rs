//! One clock for every process of a lab.

use std::ops::{Add, Sub};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// A point of CLOCK_MONOTONIC in nanoseconds: the same in every namespace of one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment(u64);

impl Moment {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self(read_clock(ClockId::CLOCK_MONOTONIC))
    }

    /// The moment of a kernel time stamp (CLOCK_REALTIME, nanoseconds), provided that it is recent: the two
    /// clocks are compared now, so that a step of the wall clock cannot shift earlier records.
    #[must_use]
    pub fn from_realtime(stamp_ns: u64) -> Self {
        let age = read_clock(ClockId::CLOCK_REALTIME).saturating_sub(stamp_ns);
        Self(read_clock(ClockId::CLOCK_MONOTONIC).saturating_sub(age))
    }

    /// Nanoseconds since the clock's start.
    #[must_use]
    pub const fn nanoseconds(self) -> u64 {
        self.0
    }

    /// The moment that many nanoseconds after the clock's start.
    #[must_use]
    pub const fn from_nanoseconds(nanoseconds: u64) -> Self {
        Self(nanoseconds)
    }

    /// Time from `earlier` to this moment; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(nanoseconds_of(rhs)))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;
    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(nanoseconds_of(rhs)))
    }
}

fn nanoseconds_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Linux never fails to read these clocks; zero would show up as an absurd duration.
fn read_clock(clock: ClockId) -> u64 {
    clock_gettime(clock).map_or(0, |time| nanoseconds_of(Duration::from(time)))
}
