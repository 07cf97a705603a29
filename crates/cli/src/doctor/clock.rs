//! The clock on the wall: no timer follows it, but signatures by time and the times in the journal do.

use std::fs;
use std::path::Path;

use standfast_api::status::Status;
use standfast_config::{AntiReplay, Config};
use standfast_linux::clock::{boottime, is_kept_right, realtime};

use super::remedy::Remedy;
use super::{Finding, Level};
use crate::moments::span;

/// Microseconds of a tick of /proc (sysconf(3): `_SC_CLK_TCK` is 100 on every machine that this runs on).
const TICK_US: u64 = 10_000;
/// Where `ppid` and `starttime` stand in /proc/PID/stat, counted from what follows the name (proc(5): fields 4 and 22).
const PARENT: usize = 1;
/// See [`PARENT`].
const START: usize = 19;
/// The daemon notes the time of its start once it has read its files, which may take a while.
const START_TAKES_US: u64 = 5_000_000;

/// What is known of the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Clock {
    /// Somebody keeps it right; none: not known.
    kept: Option<bool>,
    /// By so many microseconds it was set, forwards or backwards, since the daemon runs.
    step_us: Option<u64>,
    /// Advertisements are refused whose signature is of another time.
    signs: bool,
}

impl Clock {
    /// Looks at it.
    pub(super) fn look(config: &Config, status: Option<&Status>) -> Self {
        let mut keys = config.instances.iter().filter_map(|one| one.hmac.as_ref());
        Clock {
            kept: is_kept_right().ok(),
            step_us: status.and_then(step_us),
            signs: keys.any(|hmac| hmac.anti_replay == AntiReplay::Time),
        }
    }

    /// How it is.
    pub(super) fn text(self) -> String {
        let kept = match self.kept {
            Some(true) => "is kept right",
            Some(false) => "nobody keeps it right: nothing but the times of the journal suffers",
            None => "is not told",
        };
        match self.step_us {
            Some(step) => format!(
                "{kept}; it was set by {} while the daemon ran: times in the journal before that are off, timers are not",
                span(step)
            ),
            None => kept.to_owned(),
        }
    }

    /// What harms; that nobody keeps it where it matters is judged with the configuration (SF0413).
    pub(super) fn finding(self) -> Option<Finding> {
        let step = self.step_us.filter(|_| self.signs)?;
        let text = format!(
            "this host's clock was set by {} while the daemon ran: until all nodes have the same time, advertisements that are signed by time are \
             refused",
            span(step)
        );
        Some(Finding {
            level: Level::Warn,
            code: None,
            text,
            remedy: Remedy::advice(
                "start chrony or ntpd on all nodes, before the daemon, and let it slew; or `anti_replay monotonic`",
            ),
        })
    }
}

/// By how much the clock and the time since the host's start have parted while the daemon ran.
fn step_us(status: &Status) -> Option<u64> {
    let stat = |pid: &str| fs::read_to_string(Path::new("/proc").join(pid).join("stat")).ok();
    let field = |stat: &str, at: usize| {
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_ascii_whitespace().nth(at).map(str::to_owned)
    };
    // The supervisor has noted its start, and lives as long as the daemon.
    let supervisor = field(&stat(&status.node.pid.to_string())?, PARENT)?;
    let ticks: u64 = field(&stat(&supervisor)?, START)?.parse().ok()?;
    let ran_us = boottime().0.checked_sub(ticks.checked_mul(TICK_US)?)?;
    parted_us(ran_us, realtime().0, status.node.started_us)
}

/// `ran_us`: since it was started. The two ends of that time by the clock.
fn parted_us(ran_us: u64, now_us: u64, started_us: u64) -> Option<u64> {
    let by_clock = i128::from(now_us) - i128::from(started_us);
    let parted = (by_clock - i128::from(ran_us)).unsigned_abs();
    let parted = u64::try_from(parted).ok()?;
    (parted > START_TAKES_US).then_some(parted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000_000;

    #[test]
    fn a_clock_that_was_set_is_seen_whichever_way() {
        let start = 1_700_000_000_000_000;
        assert_eq!(parted_us(HOUR, start + HOUR, start), None);
        // The start was noted two seconds after the process began.
        assert_eq!(parted_us(HOUR + 2_000_000, start + HOUR, start), None);
        assert_eq!(parted_us(HOUR, start + 3 * HOUR, start), Some(2 * HOUR));
        assert_eq!(parted_us(3 * HOUR, start + HOUR, start), Some(2 * HOUR));
        assert_eq!(parted_us(HOUR, 0, start), Some(start + HOUR));
    }

    #[test]
    fn a_step_harms_signatures_by_time_alone() {
        let clock = Clock {
            kept: Some(false),
            step_us: Some(2 * HOUR),
            signs: false,
        };
        assert_eq!(clock.finding(), None);
        assert!(
            clock.text().contains("nobody keeps it right"),
            "{}",
            clock.text()
        );
        assert!(clock.text().contains("set by 2h while"), "{}", clock.text());
        let signs = Clock {
            signs: true,
            ..clock
        };
        assert!(signs.finding().is_some());
        let still = Clock {
            step_us: None,
            ..signs
        };
        assert_eq!(still.finding(), None);
    }
}
