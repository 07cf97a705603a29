//! Dates for log lines.

use std::mem::MaybeUninit;

use crate::clock::Micros;

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `Mon Nov 23 01:38:29 2026` in local time, as ctime(3) and keepalived's console log write it.
pub fn date_time(realtime: Micros) -> String {
    let seconds = libc::time_t::try_from(realtime.0 / 1_000_000).unwrap_or(0);
    let mut local = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid for the call, which fills the structure of numbers and a pointer
    // to a zone name that is not used; zeroed is valid too.
    let local = unsafe {
        libc::localtime_r(&raw const seconds, local.as_mut_ptr());
        local.assume_init()
    };
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
    fn looks_like_ctime() {
        let text = date_time(Micros(1_795_389_420_832_883));
        let words: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(words.len(), 5, "{text}");
        assert!(DAYS.contains(words.first().unwrap()), "{text}");
        assert_eq!(words.last(), Some(&"2026"), "{text}");
    }
}
