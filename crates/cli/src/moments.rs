//! Durations as people write them, and moments as people read them.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use standfast_api::status::Pause;

/// Longest duration that is taken: a hundred years.
const LONGEST_S: u64 = 100 * 365 * 86_400;
/// Microseconds of a second.
const SECOND_US: u64 = 1_000_000;

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoDuration {
    /// It is not of the form `90`, `30s`, `10m`, `2h30m` or `1d`.
    Form,
    /// It is zero.
    Zero,
    /// It is more than a hundred years.
    TooLong,
}

impl fmt::Display for NoDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Form => "write it as 90 (seconds), 30s, 10m, 2h30m or 1d",
            Self::Zero => "it must be longer than nothing",
            Self::TooLong => "that is more than a hundred years",
        })
    }
}

impl std::error::Error for NoDuration {}

/// Seconds of a duration: `90`, `30s`, `10m`, `2h30m`, `1d`; each unit at most once, the largest first.
pub(crate) fn seconds(text: &str) -> Result<u64, NoDuration> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return bounded(number(text)?);
    }
    let mut rest = text;
    let mut sum = 0_u64;
    for (unit, seconds) in [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)] {
        if let Some((digits, after)) = rest.split_once(unit) {
            let part = number(digits)?.checked_mul(seconds);
            let whole = part.and_then(|part| sum.checked_add(part));
            sum = whole.ok_or(NoDuration::TooLong)?;
            rest = after;
        }
    }
    if rest.is_empty() {
        bounded(sum)
    } else {
        Err(NoDuration::Form)
    }
}

fn number(digits: &str) -> Result<u64, NoDuration> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NoDuration::Form);
    }
    digits.parse().map_err(|_| NoDuration::TooLong)
}

fn bounded(seconds: u64) -> Result<u64, NoDuration> {
    match seconds {
        0 => Err(NoDuration::Zero),
        seconds if seconds > LONGEST_S => Err(NoDuration::TooLong),
        seconds => Ok(seconds),
    }
}

/// A duration with its two largest units, or as a fraction where it is short: `3d 4h`, `2h 14m`, `41s`, `3.6 s`, `0.4 ms`.
pub(crate) fn span(us: u64) -> String {
    let tenths = |unit: u64| {
        // Rounded half up, as a whole number of tenths.
        let tenths = us.saturating_mul(10).saturating_add(unit / 2) / unit;
        match (tenths / 10, tenths % 10) {
            (whole, 0) => whole.to_string(),
            (whole, tenth) => format!("{whole}.{tenth}"),
        }
    };
    let seconds = us / SECOND_US;
    let pair = |large: u64, large_name: &str, small: u64, small_name: &str| match small {
        0 => format!("{large}{large_name}"),
        small => format!("{large}{large_name} {small}{small_name}"),
    };
    match seconds {
        0 if us < SECOND_US / 10 => format!("{} ms", tenths(1_000)),
        0 => format!("{} ms", us / 1_000),
        1..10 => format!("{} s", tenths(SECOND_US)),
        10..60 => format!("{seconds} s"),
        60..3_600 => pair(seconds / 60, "m", seconds % 60, "s"),
        3_600..86_400 => pair(seconds / 3_600, "h", seconds % 3_600 / 60, "m"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// When something is seen, and in which time zone that is told.
#[derive(Clone, Debug)]
pub(crate) struct Present {
    /// Microseconds since 1970.
    pub(crate) now_us: u64,
    /// The reader's.
    pub(crate) zone: TimeZone,
}

impl Present {
    /// How long ago that was; a clock that was set back makes it `just now`.
    pub(crate) fn since(&self, then_us: u64) -> String {
        span(self.now_us.saturating_sub(then_us))
    }

    /// `12 s ago`.
    pub(crate) fn ago(&self, then_us: u64) -> String {
        match self.now_us.saturating_sub(then_us) {
            0..SECOND_US => "just now".to_owned(),
            age => format!("{} ago", span(age)),
        }
    }

    /// `in 300 ms`, or `now` where it is due.
    pub(crate) fn ahead(&self, then_us: u64) -> String {
        match then_us.saturating_sub(self.now_us) {
            0 => "now".to_owned(),
            wait => format!("in {}", span(wait)),
        }
    }

    /// Until when a check is paused, and what ends that: `until 17:30:00, in 59m, or `standfast unpause chk``.
    pub(crate) fn pause(&self, check: &str, pause: &Pause) -> String {
        let command = format!("`standfast unpause {check}`");
        match pause.until_us {
            Some(until) => format!(
                "paused until {}, {}, or {command}: what fails meanwhile is not noticed",
                self.clock(until),
                self.ahead(until)
            ),
            None => format!("paused until {command}: what fails meanwhile is not noticed"),
        }
    }

    /// The time of day, with the day where it is not today: `14:02:11`, `2026-11-22 14:02:11`.
    pub(crate) fn clock(&self, at_us: u64) -> String {
        let moment = |us: u64| {
            let us = i64::try_from(us).ok()?;
            let moment = Timestamp::from_microsecond(us).ok()?;
            Some(moment.to_zoned_datetime(self.zone.clone()))
        };
        let Some(at) = moment(at_us) else {
            return format!("{at_us} µs after 1970");
        };
        let today = moment(self.now_us).is_some_and(|now| now.date() == at.date());
        let format = if today {
            "%H:%M:%S"
        } else {
            "%Y-%m-%d %H:%M:%S"
        };
        at.strftime(format).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_people_write_them() {
        for (text, expected) in [
            ("90", 90),
            ("30s", 30),
            ("10m", 600),
            ("2h30m", 9_000),
            ("1d", 86_400),
            ("1d2h3m4s", 93_784),
            ("90m", 5_400),
        ] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "", "m", "1.5h", "-3", "+3", "3 m", "3m2h", "2h2h", "1w", "10ms", "٣s", "1h 2m",
        ] {
            assert_eq!(seconds(text), Err(NoDuration::Form), "{text}");
        }
        for text in ["0", "0m", "0h0s"] {
            assert_eq!(seconds(text), Err(NoDuration::Zero), "{text}");
        }
        for text in ["36501d", "99999999999999999999", "999999999999999999d"] {
            assert_eq!(seconds(text), Err(NoDuration::TooLong), "{text}");
        }
    }

    #[test]
    fn spans_are_short() {
        for (us, expected) in [
            (0, "0 ms"),
            (3_100, "3.1 ms"),
            (99_960, "100 ms"),
            (120_400, "120 ms"),
            (3_600_000, "3.6 s"),
            (9_990_000, "10 s"),
            (41_900_000, "41 s"),
            (60_000_000, "1m"),
            (8_060_000_000, "2h 14m"),
            (273_600_000_000, "3d 4h"),
        ] {
            assert_eq!(span(us), expected, "{us}");
        }
    }

    #[test]
    fn moments_are_told_with_their_day_only_where_it_is_another() {
        let present = Present {
            now_us: 1_795_392_000_000_000,
            zone: TimeZone::UTC,
        };
        assert_eq!(
            present.clock(present.now_us - SECOND_US),
            "2026-11-22 23:59:59"
        );
        assert_eq!(present.clock(present.now_us + SECOND_US), "00:00:01");
        assert_eq!(
            present.clock(u64::MAX),
            "18446744073709551615 µs after 1970"
        );
        assert_eq!(present.ago(present.now_us + 5), "just now");
        assert_eq!(present.ahead(present.now_us + 300_000), "in 300 ms");
        assert_eq!(present.ahead(0), "now");
    }
}
