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

/// Microseconds of a second.
const SECOND: u64 = 1_000_000;

impl fmt::Display for Micros {
    /// As people say it: `230 µs`, `3.1 ms`, `350 ms`, `3.6 s`, `2 min 5 s`, `3 d 4 h`. Whole hundredths of a second are kept up
    /// to a minute, for intervals of version 3 differ by as little: `1.01 s`. Whoever computes takes the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.0;
        match us {
            0 => f.write_str("0 s"),
            1..1_000 => write!(f, "{us} µs"),
            1_000..9_950 => decimal(f, (us + 50) / 100, 10, "ms"),
            9_950..999_500 => decimal(f, (us + 500) / 1_000, 1, "ms"),
            999_500..59_950_000 if us.is_multiple_of(10_000) && !us.is_multiple_of(100_000) => {
                decimal(f, us / 10_000, 100, "s")
            }
            999_500..59_950_000 => decimal(f, (us + 50_000) / 100_000, 10, "s"),
            _ => long(f, us.saturating_add(SECOND / 2) / SECOND),
        }
    }
}

/// A number of parts of a unit: `3 s`, `3.6 s`, `1.01 s`.
fn decimal(f: &mut fmt::Formatter<'_>, number: u64, parts: u64, unit: &str) -> fmt::Result {
    let whole = number / parts;
    match (number % parts, parts) {
        (0, _) => write!(f, "{whole} {unit}"),
        (part, 100) => write!(f, "{whole}.{part:02} {unit}"),
        (part, _) => write!(f, "{whole}.{part} {unit}"),
    }
}

/// A minute and more, in its two largest units.
fn long(f: &mut fmt::Formatter<'_>, seconds: u64) -> fmt::Result {
    const UNITS: [(u64, &str, u64, &str); 3] = [
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ];
    let fits = UNITS.iter().find(|(large, ..)| seconds >= *large);
    let Some((large, large_name, small, small_name)) = fits else {
        return write!(f, "{seconds} s");
    };
    write!(f, "{} {large_name}", seconds / large)?;
    match seconds % large / small {
        0 => Ok(()),
        rest => write!(f, " {rest} {small_name}"),
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

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn durations_are_told_as_people_say_them() {
        for (us, expected) in [
            (0, "0 s"),
            (230, "230 µs"),
            (1_000, "1 ms"),
            (3_137, "3.1 ms"),
            (9_949, "9.9 ms"),
            (9_950, "10 ms"),
            (12_345, "12 ms"),
            (350_400, "350 ms"),
            (999_499, "999 ms"),
            (999_500, "1 s"),
            (1_010_000, "1.01 s"),
            (1_200_000, "1.2 s"),
            (3_617_187, "3.6 s"),
            (40_950_000, "40.95 s"),
            (59_949_999, "59.9 s"),
            (59_950_000, "1 min"),
            (125_400_000, "2 min 5 s"),
            (3_600_000_000, "1 h"),
            (8_060_000_000, "2 h 14 min"),
            (273_600_000_000, "3 d 4 h"),
        ] {
            assert_eq!(Micros(us).to_string(), expected, "{us}");
        }
        assert!(Micros(u64::MAX).to_string().ends_with(" h"));
    }
}
