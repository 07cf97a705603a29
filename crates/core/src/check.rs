//! Checks: when they run and what their results mean (keepalived.conf(5), `vrrp_script`).

use crate::input::{CheckId, CheckOutcome};
use crate::spec::CheckSpec;
use crate::time::Instant;

/// What is known of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckState {
    /// No result yet; routers that track it wait.
    Pending,
    /// Counts as up.
    Up,
    /// Counts as down.
    Down,
    /// Cannot run: does not count at all.
    Unusable,
}

/// A check and its history.
#[derive(Clone, Debug)]
pub struct Check {
    /// Number.
    pub id: CheckId,
    /// What it is.
    pub spec: CheckSpec,
    /// What is known of it.
    pub state: CheckState,
    /// How the last run ended.
    pub last: Option<CheckOutcome>,
    /// Level of confidence, 0..rise+fall: at `rise` and above it is up.
    confidence: u32,
    running: bool,
    next_run: Option<Instant>,
}

impl Check {
    /// A check that runs for the first time at `now`; `trusted` takes it for up until then, as
    /// keepalived does for scripts that a reload brings.
    pub fn new(id: CheckId, spec: CheckSpec, now: Instant, trusted: bool) -> Self {
        let usable = spec.unusable.is_none();
        let (state, confidence) = match (usable, spec.init_fail, trusted) {
            (false, _, _) => (CheckState::Unusable, 0),
            (true, true, _) => (CheckState::Down, 0),
            (true, false, true) => (CheckState::Up, spec.rise),
            (true, false, false) => (CheckState::Pending, spec.rise.saturating_sub(1)),
        };
        Check {
            id,
            spec,
            state,
            last: None,
            confidence,
            running: false,
            next_run: usable.then_some(now),
        }
    }

    /// When it runs next; `None` if it never does.
    pub fn next_run(&self) -> Option<Instant> {
        self.next_run
    }

    /// Whether a run has been started and has not ended.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// The next run is due.
    pub fn start(&mut self, now: Instant) -> Start {
        let Some(due) = self.next_run.filter(|due| *due <= now) else {
            return Start::NotDue;
        };
        // A fixed rate, but runs that a pause of the host has missed are not made up for.
        let next = due + self.spec.interval;
        self.next_run = Some(if next > now {
            next
        } else {
            now + self.spec.interval
        });
        if core::mem::replace(&mut self.running, true) {
            return Start::StillRunning;
        }
        Start::Run
    }

    /// A run ended. The first result counts at once; later ones only `rise` or `fall` in a row.
    pub fn finish(&mut self, outcome: CheckOutcome) {
        self.running = false;
        self.last = Some(outcome);
        let (rise, full) = (
            self.spec.rise,
            self.spec
                .rise
                .saturating_add(self.spec.fall)
                .saturating_sub(1),
        );
        if outcome == CheckOutcome::Passed {
            self.confidence = match self.confidence.saturating_add(1) {
                more if self.confidence >= rise || more >= rise => full,
                more => more,
            };
        } else {
            self.confidence = match self.confidence.saturating_sub(1) {
                less if self.confidence < rise || less < rise => 0,
                less => less,
            };
        }
        self.state = if self.confidence >= rise {
            CheckState::Up
        } else {
            CheckState::Down
        };
    }
}

/// What is to be done about a check whose time may have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Nothing yet.
    NotDue,
    /// Run it.
    Run,
    /// The last run has not ended: skip this one.
    StillRunning,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Micros;
    use alloc::string::String;
    use alloc::vec::Vec;

    fn check(rise: u32, fall: u32, init_fail: bool) -> Check {
        let spec = CheckSpec {
            name: String::from("chk"),
            definition: String::new(),
            interval: Micros::from_secs(2),
            timeout: Micros::from_secs(2),
            rise,
            fall,
            init_fail,
            unusable: None,
        };
        Check::new(CheckId(0), spec, Instant(0), false)
    }

    fn states(mut check: Check, results: &str) -> Vec<CheckState> {
        let outcome = |c| match c {
            '+' => CheckOutcome::Passed,
            _ => CheckOutcome::Exited(1),
        };
        results
            .chars()
            .map(|c| {
                check.finish(outcome(c));
                check.state
            })
            .collect()
    }

    use CheckState::{Down, Up};

    #[test]
    fn the_first_result_counts_at_once() {
        assert_eq!(states(check(3, 3, false), "+"), [Up]);
        assert_eq!(states(check(3, 3, false), "-"), [Down]);
    }

    #[test]
    fn later_results_count_only_in_a_row() {
        assert_eq!(
            states(check(2, 3, false), "+--+---++"),
            [Up, Up, Up, Up, Up, Up, Down, Down, Up]
        );
    }

    #[test]
    fn a_failure_while_rising_starts_over() {
        assert_eq!(
            states(check(2, 1, false), "-+-++"),
            [Down, Down, Down, Down, Up]
        );
    }

    #[test]
    fn init_fail_needs_all_of_rise() {
        assert_eq!(check(2, 1, true).state, Down);
        assert_eq!(states(check(2, 1, true), "++"), [Down, Up]);
    }

    #[test]
    fn runs_at_a_fixed_rate_and_never_twice_at_once() {
        let mut check = check(1, 1, false);
        assert_eq!(check.start(Instant(0)), Start::Run);
        assert_eq!(check.start(Instant(1)), Start::NotDue);
        assert_eq!(check.start(Instant(2_000_300)), Start::StillRunning);
        check.finish(CheckOutcome::Passed);
        assert_eq!(check.next_run(), Some(Instant(4_000_000)));
        assert_eq!(check.start(Instant(60_000_000)), Start::Run);
        assert_eq!(check.next_run(), Some(Instant(62_000_000)));
    }

    #[test]
    fn an_unusable_check_never_runs() {
        let spec = CheckSpec {
            unusable: Some(String::from("missing")),
            ..check(1, 1, false).spec
        };
        let mut check = Check::new(CheckId(0), spec, Instant(0), false);
        assert_eq!(check.state, CheckState::Unusable);
        assert_eq!(check.start(Instant(9)), Start::NotDue);
    }
}
