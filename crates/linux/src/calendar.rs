//! Dates for log lines.

use std::mem::MaybeUninit;

use crate::clock::Micros;

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A date and a time of day; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    /// Year, such as 2026.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
}

/// Whose clock is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// The host's time zone.
    Local,
    /// UTC.
    Utc,
}

impl Civil {
    /// What calendar and clock on the wall say at a time.
    pub fn at(realtime: Micros, zone: Zone) -> Self {
        let broken = broken_down(realtime, zone);
        let small = |number: i32| u8::try_from(number).unwrap_or(0);
        Civil {
            year: broken.tm_year.saturating_add(1900),
            month: small(broken.tm_mon.saturating_add(1)),
            day: small(broken.tm_mday),
            hour: small(broken.tm_hour),
            minute: small(broken.tm_min),
            second: small(broken.tm_sec),
        }
    }
}

impl std::fmt::Display for Civil {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:02}-{:02} ", self.year, self.month, self.day)?;
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }
}

fn broken_down(realtime: Micros, zone: Zone) -> libc::tm {
    let seconds = libc::time_t::try_from(realtime.0 / 1_000_000).unwrap_or(0);
    let mut broken = MaybeUninit::<libc::tm>::zeroed();
    let (from, to) = (&raw const seconds, broken.as_mut_ptr());
    // SAFETY: both pointers are valid for the call, which fills the structure of numbers and a pointer
    // to a zone name that is not used; zeroed is valid too.
    unsafe {
        match zone {
            Zone::Local => libc::localtime_r(from, to),
            Zone::Utc => libc::gmtime_r(from, to),
        };
        broken.assume_init()
    }
}

/// `Mon Nov 23 01:38:29 2026` in local time, as ctime(3) and keepalived's console log write it.
pub fn date_time(realtime: Micros) -> String {
    let local = broken_down(realtime, Zone::Local);
    let name = |names: &[&'static str], number: i32| {
        let index = usize::try_from(number).ok();
        index
            .and_then(|index| names.get(index))
            .copied()
            .unwrap_or("???")
    };
    format!(
        "{} {} {:02} {:02}:{:02}:{:02} {}",
        name(&DAYS, local.tm_wday),
        name(&MONTHS, local.tm_mon),
        local.tm_mday,
        local.tm_hour,
        local.tm_min,
        local.tm_sec,
        i64::from(local.tm_year) + 1900
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_the_calendar() {
        let civil = Civil::at(Micros(1_795_420_254_435_364), Zone::Utc);
        assert_eq!(civil.to_string(), "2026-11-23 07:50:54");
        assert!(civil < Civil::at(Micros(1_795_420_255_000_000), Zone::Utc));
    }

    #[test]
    fn looks_like_ctime() {
        let text = date_time(Micros(1_795_389_420_832_883));
        let words: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(words.len(), 5, "{text}");
        assert!(DAYS.contains(words.first().unwrap()), "{text}");
        assert_eq!(words.last(), Some(&"2026"), "{text}");
    }
}
