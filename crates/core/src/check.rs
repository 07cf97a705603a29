//! Checks: when they run and what their results mean (keepalived.conf(5), `vrrp_script`).

use crate::input::{CheckId, CheckOutcome};
use crate::spec::CheckSpec;
use crate::time::{Instant, Micros};

/// The golden section of 2³²: its multiples lie evenly in a circle, however many there are.
const GOLDEN_SHARE: u32 = 2_654_435_769;
/// Places of checks in their interval are whole multiples of this.
const SLOT: Micros = Micros::from_millis(20);
/// Bits of a check's place in the interval that are used.
const SHARE_BITS: u32 = 16;
/// The other bits.
const SHARE_SHIFT: u32 = u32::BITS - SHARE_BITS;

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
    /// It has run for the first time.
    started: bool,
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
            started: false,
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
        let gap = match core::mem::replace(&mut self.started, true) {
            true => self.spec.interval,
            false => self.first_gap(),
        };
        // A fixed rate, but runs that a pause of the host has missed are not made up for.
        let missed = now.since(due + gap).0 / self.spec.interval.0.max(1);
        let missed = if now < due + gap { 0 } else { missed + 1 };
        self.next_run = Some(due + gap + self.spec.interval.times(missed));
        if core::mem::replace(&mut self.running, true) {
            return Start::StillRunning;
        }
        Start::Run
    }

    /// From the first run to the second: half an interval to one and a half. All checks run at once when the daemon
    /// starts, since routers wait for their results; from then on each has a place of its own in the interval, or they
    /// would take the processor together for ever. A lone check keeps the interval. Those within one [`SLOT`] share a
    /// wake-up.
    fn first_gap(&self) -> Micros {
        let interval = self.spec.interval;
        let share = u64::from(self.id.0.wrapping_mul(GOLDEN_SHARE) >> SHARE_SHIFT);
        let place = Micros(interval.0.saturating_mul(share) >> SHARE_BITS);
        let place = Micros(place.0 - place.0 % SLOT.0);
        match place.0 > interval.0 / 2 {
            true => place,
            false => interval.plus(place),
        }
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
    fn checks_of_one_interval_run_at_once_first_and_then_each_at_its_own_time() {
        let spec = check(1, 1, false).spec;
        let second_run = |id| {
            let mut check = Check::new(CheckId(id), spec.clone(), Instant(0), false);
            assert_eq!(check.start(Instant(0)), Start::Run);
            check.next_run().unwrap().0
        };
        let mut times: Vec<u64> = (0..200).map(second_run).collect();
        assert_eq!(
            times.first(),
            Some(&2_000_000),
            "a lone check keeps its interval"
        );
        assert!(
            times
                .iter()
                .all(|time| (1_000_000..=3_000_000).contains(time))
        );
        times.iter_mut().for_each(|time| *time %= 2_000_000);
        times.sort_unstable();
        // 200 in two seconds: ten in each tenth if they lie evenly.
        for tenth in 0..20 {
            let slice = tenth * 100_000..(tenth + 1) * 100_000;
            let together = times.iter().filter(|time| slice.contains(*time)).count();
            assert!((8..=12).contains(&together), "{together} in {slice:?}");
        }
    }

    #[test]
    fn a_pause_of_the_host_does_not_bring_checks_together() {
        let mut one = check(1, 1, false);
        assert_eq!(one.start(Instant(0)), Start::Run);
        one.finish(CheckOutcome::Passed);
        assert_eq!(one.start(Instant(7_300_000)), Start::Run);
        assert_eq!(one.next_run(), Some(Instant(8_000_000)));
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
