//! Moments as people write them.

use std::fmt;

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use super::now_us;
use crate::moments::seconds;

/// It is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoMoment;

impl fmt::Display for NoMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "write it as a time ago (30s, 10m, 2h30m, 1d), as 14:00, 2026-11-23, 2026-11-23 14:00, \
             2026-11-23T14:00:00Z, today or yesterday",
        )
    }
}

impl std::error::Error for NoMoment {}

/// Microseconds since 1970.
pub(super) fn parse(text: &str) -> Result<u64, NoMoment> {
    let stamp = i64::try_from(now_us()).map_err(|_| NoMoment)?;
    let stamp = Timestamp::from_microsecond(stamp).map_err(|_| NoMoment)?;
    moment(text, &stamp.to_zoned_datetime(TimeZone::system()))
}

/// As seen at a moment, in its time zone.
pub(super) fn moment(text: &str, now: &ZonedDateTime) -> Result<u64, NoMoment> {
    let text = text.trim();
    if let Ok(ago) = seconds(text) {
        let ago = ago.saturating_mul(1_000_000);
        return Ok(since_1970(now.timestamp()).saturating_sub(ago));
    }
    let midnight = now.start_of_day().map_err(|_| NoMoment);
    let at = match text {
        "now" => now.clone(),
        "today" => midnight?,
        "yesterday" => {
            let day = now.yesterday().and_then(|day| day.start_of_day());
            day.map_err(|_| NoMoment)?
        }
        text => return written(text, now),
    };
    Ok(since_1970(at.timestamp()))
}

/// A date, a time, or both.
fn written(text: &str, now: &ZonedDateTime) -> Result<u64, NoMoment> {
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Ok(since_1970(stamp));
    }
    let clock = || text.parse::<Time>().ok();
    let local = match text.parse::<DateTime>() {
        Ok(local) => local,
        // A date alone has no colon.
        Err(_) => now.date().to_datetime(clock().ok_or(NoMoment)?),
    };
    let at = local.to_zoned_datetime(now.time_zone().clone());
    at.map(|at| since_1970(at.timestamp()))
        .map_err(|_| NoMoment)
}

/// Before 1970 nothing happened.
fn since_1970(stamp: Timestamp) -> u64 {
    u64::try_from(stamp.as_microsecond()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Result<String, NoMoment> {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let now: DateTime = "2026-11-23 15:30:00".parse().unwrap();
        let now = now.to_zoned_datetime(zone.clone()).unwrap();
        let us = i64::try_from(moment(text, &now)?).unwrap();
        let at = Timestamp::from_microsecond(us)
            .unwrap()
            .to_zoned_datetime(zone);
        Ok(at.strftime("%Y-%m-%d %H:%M:%S").to_string())
    }

    #[test]
    fn moments_as_people_write_them() {
        for (text, expected) in [
            ("10m", "2026-11-23 15:20:00"),
            ("2h30m", "2026-11-23 13:00:00"),
            ("1d", "2026-11-22 15:30:00"),
            ("now", "2026-11-23 15:30:00"),
            ("today", "2026-11-23 00:00:00"),
            ("yesterday", "2026-11-22 00:00:00"),
            ("14:00", "2026-11-23 14:00:00"),
            ("14:00:05", "2026-11-23 14:00:05"),
            ("2026-11-20", "2026-11-20 00:00:00"),
            ("2026-11-20 14:00", "2026-11-20 14:00:00"),
            ("2026-11-20T14:00:09", "2026-11-20 14:00:09"),
            ("2026-11-23T14:00:00Z", "2026-11-23 16:00:00"),
            ("2026-11-23 14:00:00+01:00", "2026-11-23 15:00:00"),
        ] {
            assert_eq!(at(text), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "soon",
            "25:00",
            "2026-13-01",
            "2026-11-23 14:00 foo",
            "-3h",
        ] {
            assert_eq!(at(text), Err(NoMoment), "{text}");
        }
    }
}
