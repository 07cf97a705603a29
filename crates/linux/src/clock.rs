//! The kernel's clocks in whole microseconds.

use std::fmt;

use libc::clockid_t;

use crate::Error;
use crate::sys::check;

/// Microseconds: a point on one of the kernel's clocks, or a distance between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Micros(pub u64);

impl Micros {
    /// So many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// The sum; stops at the largest number.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference; stops at zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} µs", self.0)
    }
}

/// Time since some start that never steps and stands still while the machine sleeps (`CLOCK_MONOTONIC`).
pub fn monotonic() -> Micros {
    read(libc::CLOCK_MONOTONIC)
}

/// Like [`monotonic`] but runs on while the machine sleeps (`CLOCK_BOOTTIME`).
pub fn boottime() -> Micros {
    read(libc::CLOCK_BOOTTIME)
}

/// Time since 1970 as people set it (`CLOCK_REALTIME`); a step against [`monotonic`] betrays a stunned machine.
pub fn realtime() -> Micros {
    read(libc::CLOCK_REALTIME)
}

/// What this thread has used of a processor so far (`CLOCK_THREAD_CPUTIME_ID`): time in which others ran is not in it.
pub fn thread_cpu() -> Micros {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Whether somebody keeps [`realtime`] right (adjtimex(2): the kernel's clock is not marked unsynchronised).
pub fn is_kept_right() -> Result<bool, Error> {
    // SAFETY: zero is a valid value of every member of this plain structure; no mode is set, so nothing is changed.
    let mut status: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a structure of ours, which the call fills.
    let state = check(unsafe { libc::adjtimex(&raw mut status) })
        .map_err(|errno| errno.at("read", "kernel clock"))?;
    Ok(state != libc::TIME_ERROR && status.status & libc::STA_UNSYNC == 0)
}

/// The three clocks cannot fail on Linux; a clock before its start reads as zero.
fn read(clock: clockid_t) -> Micros {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a timespec of ours, which the call fills.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    from_timespec(&time)
}

/// Rounds down to whole microseconds.
pub(crate) fn from_timespec(time: &libc::timespec) -> Micros {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    Micros(
        seconds
            .saturating_mul(1_000_000)
            .saturating_add(nanos / 1_000),
    )
}

/// Seconds past the type's range become its largest number.
pub(crate) fn to_timespec(time: Micros) -> libc::timespec {
    libc::timespec {
        tv_sec: libc::time_t::try_from(time.0 / 1_000_000).unwrap_or(libc::time_t::MAX),
        tv_nsec: libc::c_long::try_from(time.0 % 1_000_000).unwrap_or(0) * 1_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_run_and_order() {
        let first = monotonic();
        let second = monotonic();
        assert!(first <= second && first > Micros(0));
        assert!(boottime() >= first);
        assert!(realtime() > Micros(1_700_000_000_000_000));
    }

    #[test]
    fn timespec_round_trip_keeps_microseconds() {
        for micros in [0, 1, 999_999, 1_000_000, 1_234_567_890_123] {
            assert_eq!(from_timespec(&to_timespec(Micros(micros))), Micros(micros));
        }
    }
}
