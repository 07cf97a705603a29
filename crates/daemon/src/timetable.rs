//! `reload_time_file`: a file says when the configuration is read again.
//!
//! It holds `HH:MM:SS`, `YY-MM-DD HH:MM:SS` or `YYYY-MM-DD HH:MM:SS`, with a `Z` at its end where UTC is meant. A thread
//! looks at it once a second, at the beginning of the second; a folder that hangs holds up nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use standfast_config::Reload;
use standfast_core::journal::Level;
use standfast_linux::calendar::{Civil, Zone};
use standfast_linux::clock::{Micros, realtime};
use standfast_linux::files::read_regular;
use standfast_linux::poller::Waker;
use standfast_linux::{Error, Object};

use crate::log::Logger;

/// Bytes of the file; what is longer is no time.
const FILE_BYTES: u64 = 64;
/// Configurations that may wait for the thread.
const QUEUE: usize = 4;

/// The file to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Plan {
    path: PathBuf,
    repeat: bool,
}

/// The handle of the VRRP loop.
pub(crate) struct Timetable {
    plans: SyncSender<Option<Plan>>,
    due: Receiver<()>,
    planned: Option<Plan>,
}

impl Timetable {
    /// Starts the thread, which ends with the handle; `waker` is woken when a reload is due.
    pub(crate) fn start(logger: Logger, waker: Waker) -> Result<Self, Error> {
        let (plans, queue) = sync_channel(QUEUE);
        // One that waits is enough.
        let (report, due) = sync_channel(1);
        let clock = Clock {
            queue,
            report,
            waker,
            logger,
        };
        thread::Builder::new()
            .name("timetable".into())
            .stack_size(128 * 1024)
            .spawn(move || clock.run())
            .map_err(|error| Error {
                operation: "start",
                object: Object::Named("timetable thread"),
                errno: error.into(),
            })?;
        Ok(Timetable {
            plans,
            due,
            planned: None,
        })
    }

    /// Never blocks.
    pub(crate) fn configure(&mut self, reload: &Reload) {
        let plan = reload.time_file.as_ref().map(|path| Plan {
            path: path.value.clone(),
            repeat: reload.repeat,
        });
        if plan != self.planned && self.plans.try_send(plan.clone()).is_ok() {
            self.planned = plan;
        }
    }

    /// Whether the time of a reload has come since the last question.
    pub(crate) fn is_due(&self) -> bool {
        self.due.try_recv().is_ok()
    }
}

struct Clock {
    queue: Receiver<Option<Plan>>,
    report: SyncSender<()>,
    waker: Waker,
    logger: Logger,
}

impl Clock {
    fn run(self) {
        let Ok(mut plan) = self.queue.recv() else {
            return;
        };
        let (mut seen, mut before) = (String::new(), realtime());
        loop {
            let next = match &plan {
                None => self
                    .queue
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
                Some(_) => self.queue.recv_timeout(rest_of_second()),
            };
            match next {
                Ok(other) => {
                    plan = other;
                    seen.clear();
                    before = realtime();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if let Some(plan) = &plan {
                let now = realtime();
                self.look(plan, &mut seen, before, now);
                before = now;
            }
        }
    }

    fn look(&self, plan: &Plan, seen: &mut String, before: Micros, now: Micros) {
        let text = read(&plan.path);
        let time = text.as_deref().and_then(Time::parse);
        if let Some(text) = text.filter(|text| text != seen) {
            self.announce(time, &text, now);
            *seen = text;
        }
        if !time.is_some_and(|time| time.is_passed(before, now)) {
            return;
        }
        if !plan.repeat {
            seen.clear();
            if let Err(error) = fs::remove_file(&plan.path) {
                let text = format!("cannot remove {}: {error}", plan.path.display());
                self.logger.log(Level::Warning, text);
            }
        }
        // A reload that waits already reads the same file.
        let _ = self.report.try_send(());
        self.waker.wake();
    }

    fn announce(&self, time: Option<Time>, text: &str, now: Micros) {
        let (level, text) = match time {
            None => {
                let text = text.trim().escape_debug();
                let text = format!("reload_time_file: \"{text}\" is no time");
                (Level::Warning, text)
            }
            Some(time) => match time.next(now) {
                Some(next) => (Level::Info, format!("Scheduling reload for {next}")),
                None => {
                    let text = "reload_time_file: the time is over, no reload is scheduled";
                    (Level::Warning, text.into())
                }
            },
        };
        self.logger.log(level, text);
    }
}

fn rest_of_second() -> Duration {
    Duration::from_micros(1_000_000 - realtime().0 % 1_000_000)
}

/// `None` if there is no file, or something else.
fn read(path: &Path) -> Option<String> {
    String::from_utf8(read_regular(path, FILE_BYTES).ok()?).ok()
}

/// What the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Time {
    zone: Zone,
    /// Year, month, day; none: every day.
    date: Option<(i32, u8, u8)>,
    /// Hour, minute, second.
    clock: (u8, u8, u8),
}

impl Time {
    fn parse(text: &str) -> Option<Time> {
        let text = text.trim();
        let (text, zone) = match text.strip_suffix('Z') {
            Some(text) => (text.trim_end(), Zone::Utc),
            None => (text, Zone::Local),
        };
        let (date, clock) = match text.split_once(' ') {
            Some((date, clock)) => (Some(parse_date(date)?), clock.trim_start()),
            None => (None, text),
        };
        let [hour, minute, second] = numbers(clock, ':')?;
        let small = |number: u16, limit: u8| u8::try_from(number).ok().filter(|n| *n < limit);
        let clock = (small(hour, 24)?, small(minute, 60)?, small(second, 60)?);
        Some(Time { zone, date, clock })
    }

    fn on(&self, day: Civil) -> Civil {
        let (year, month, day) = self.date.unwrap_or((day.year, day.month, day.day));
        let (hour, minute, second) = self.clock;
        Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
        }
    }

    /// Whether it has come between the two. A clock that was set back passes nothing.
    fn is_passed(&self, before: Micros, now: Micros) -> bool {
        let (before, now) = (Civil::at(before, self.zone), Civil::at(now, self.zone));
        let days = [self.on(before), self.on(now)];
        days.into_iter().any(|time| before < time && time <= now)
    }

    /// When it comes next; `None` if it is over.
    fn next(&self, now: Micros) -> Option<Civil> {
        let tomorrow = Micros(now.0.saturating_add(86_400_000_000));
        let days = [now, tomorrow].map(|at| self.on(Civil::at(at, self.zone)));
        let now = Civil::at(now, self.zone);
        days.into_iter().find(|time| *time > now)
    }
}

fn parse_date(text: &str) -> Option<(i32, u8, u8)> {
    let [year, month, day] = numbers(text, '-')?;
    let year = if year < 100 { year + 2000 } else { year };
    let within = |number: u16, limit: u8| {
        let number = u8::try_from(number).ok();
        number.filter(|number| (1..=limit).contains(number))
    };
    Some((i32::from(year), within(month, 12)?, within(day, 31)?))
}

fn numbers(text: &str, separator: char) -> Option<[u16; 3]> {
    let parts: Vec<u16> = text
        .split(separator)
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    parts.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 07:50:54 UTC.
    const NOW: Micros = Micros(1_795_420_254_000_000);

    fn later(seconds: u64) -> Micros {
        Micros(NOW.0 + seconds * 1_000_000)
    }

    fn next(text: &str) -> Option<String> {
        Time::parse(text)
            .unwrap()
            .next(NOW)
            .map(|time| time.to_string())
    }

    #[test]
    fn times_are_read_as_keepalived_reads_them() {
        for (text, expected) in [
            ("08:00:00Z", Some("2026-11-23 08:00:00")),
            ("07:50:54 Z\n", Some("2026-11-24 07:50:54")),
            ("26-12-01 00:00:01Z", Some("2026-12-01 00:00:01")),
            ("2027-01-02 03:04:05Z", Some("2027-01-02 03:04:05")),
            ("2026-11-23 07:50:53Z", None),
        ] {
            assert_eq!(next(text).as_deref(), expected, "{text}");
        }
        for text in [
            "",
            "8",
            "25:00:00",
            "08:00",
            "2026-13-01 00:00:00",
            "soon",
            "08:00:00 x",
        ] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_passes_once_a_day_or_once() {
        let daily = Time::parse("07:51:00Z").unwrap();
        assert!(!daily.is_passed(NOW, later(5)));
        assert!(daily.is_passed(later(5), later(6)));
        assert!(!daily.is_passed(later(6), later(7)));
        assert!(daily.is_passed(later(86_405), later(86_406)));
        assert!(!daily.is_passed(later(10), NOW), "the clock was set back");
        let midnight = Time::parse("00:00:00Z").unwrap();
        let night = 16 * 3600 + 9 * 60 + 6;
        assert!(!midnight.is_passed(NOW, later(night - 1)));
        assert!(midnight.is_passed(later(night - 1), later(night)));
        let once = Time::parse("2026-11-23 07:51:00Z").unwrap();
        assert!(once.is_passed(later(5), later(6)));
        assert!(!once.is_passed(later(86_405), later(86_406)));
    }
}
