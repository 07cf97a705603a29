//! Checks: when they run, what their results mean (keepalived.conf(5), `vrrp_script`), and what is tried before a
//! failure counts.
//!
//! A failure that would make the check count as down is set aside first where a repair command is configured:
//!
//! ```text
//!   well ──failure──▶ commanded ──it ended──▶ waiting ──its time has passed──▶ looked at again: the result counts,
//!                     (repair command runs)   (`wait`; none if it failed)      or the next attempt begins
//! ```

mod history;

use alloc::string::String;

use crate::input::{CheckId, CheckOutcome};
use crate::probe::ProbeFailure;
use crate::spec::{CheckKind, CheckSpec};
use crate::time::{Instant, Micros};

pub use history::{DURATIONS, History};

/// Attempts to repair are counted anew after so long without one: a service that dies again and again is given up.
const REPAIR_MEMORY: Micros = Micros::from_secs(60);

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
    /// When the run that has not ended began.
    running: Option<Instant>,
    /// It has run for the first time.
    started: bool,
    next_run: Option<Instant>,
    /// What was told last, of a check that is not asked.
    told: Option<CheckOutcome>,
    repair: Stage,
    attempts: u32,
    repaired: Option<Instant>,
    paused: Option<Pause>,
    history: History,
}

/// An operator's pause of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub since: Instant,
    /// Until when; none: until it is told otherwise.
    pub until: Option<Instant>,
}

/// How far a repair has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// None goes on.
    None,
    /// The command runs.
    Commanded,
    /// It has ended and gets its time.
    Waiting,
    /// The result that comes next tells whether it has helped.
    Judging,
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
        let asked = spec.kind != CheckKind::Process;
        Check {
            id,
            spec,
            state,
            last: None,
            confidence,
            running: None,
            started: false,
            next_run: (usable && asked).then_some(now),
            told: None,
            repair: Stage::None,
            attempts: 0,
            repaired: None,
            paused: None,
            history: History::default(),
        }
    }

    /// When something is due next; `None` if nothing ever is.
    pub fn next_run(&self) -> Option<Instant> {
        match self.paused {
            Some(pause) => pause.until,
            None => self.next_run,
        }
    }

    /// An operator's pause, if there is one.
    pub fn paused(&self) -> Option<Pause> {
        self.paused
    }

    /// It is not run, and keeps its state whatever comes back of runs that have begun.
    pub fn pause(&mut self, now: Instant, until: Option<Instant>) {
        let since = self.paused.map_or(now, |pause| pause.since);
        self.paused = Some(Pause { since, until });
    }

    /// Whether the time of its pause has passed.
    pub fn pause_is_over(&self, now: Instant) -> bool {
        let until = self.paused.and_then(|pause| pause.until);
        until.is_some_and(|until| until <= now)
    }

    /// It runs again, from now on.
    pub fn unpause(&mut self, now: Instant) {
        if self.paused.take().is_none() {
            return;
        }
        // A repair that has ended meanwhile is judged by the next result.
        if self.repair != Stage::Commanded && self.state != CheckState::Unusable {
            self.next_run = Some(now);
        }
    }

    /// Whether a run has been started and has not ended.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Whether its repair command runs, or has run and gets its time.
    pub fn is_in_repair(&self) -> bool {
        self.repair != Stage::None
    }

    /// The next run is due.
    pub fn start(&mut self, now: Instant) -> Start {
        let due = self.next_run.filter(|_| self.paused.is_none());
        let Some(due) = due.filter(|due| *due <= now) else {
            return Start::NotDue;
        };
        if self.repair == Stage::Waiting {
            self.repair = Stage::Judging;
        }
        // What is told needs no place of its own.
        let asked = self.spec.kind != CheckKind::Process;
        let gap = match core::mem::replace(&mut self.started, true) || !asked {
            true => self.spec.interval,
            false => self.first_gap(),
        };
        // A fixed rate, but runs that a pause of the host has missed are not made up for.
        let missed = now.since(due + gap).0 / self.spec.interval.0.max(1);
        let missed = if now < due + gap { 0 } else { missed + 1 };
        self.next_run = Some(due + gap + self.spec.interval.times(missed));
        if self.spec.kind == CheckKind::Process {
            return match self.told {
                Some(outcome) => Start::Known(outcome),
                None => Start::NotDue,
            };
        }
        if self.running.is_some() {
            return Start::StillRunning;
        }
        self.running = Some(now);
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

    /// So many of its processes run; how that counts as a result.
    pub fn tell(&mut self, processes: i32) -> CheckOutcome {
        let outcome = match processes {
            1.. => CheckOutcome::Passed,
            _ => CheckOutcome::Failed(ProbeFailure::NotRunning),
        };
        self.told = Some(outcome);
        outcome
    }

    /// What its runs were like.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What the last run printed.
    pub(crate) fn note_output(&mut self, output: String) {
        self.history.output = output;
    }

    /// There is a result. The first one counts at once; later ones only `rise` or `fall` in a row.
    pub fn finish(&mut self, now: Instant, outcome: CheckOutcome) -> Finished {
        let begun = self.running.take();
        let took = begun.map(|begun| now.since(begun));
        let passed = outcome == CheckOutcome::Passed;
        self.history.note(now, took, passed);
        let news = self.last.replace(outcome) != Some(outcome);
        let state = self.state;
        let then = match self.repair {
            // An operator works at the service.
            _ if self.paused.is_some() => Then::Nothing,
            // Whatever comes up before the command has had its time may go again.
            Stage::Commanded | Stage::Waiting => Then::Nothing,
            Stage::None | Stage::Judging => self.judge(now, outcome),
        };
        Finished {
            took,
            news,
            changed: state != self.state,
            then,
        }
    }

    fn judge(&mut self, now: Instant, outcome: CheckOutcome) -> Then {
        let passed = outcome == CheckOutcome::Passed;
        let was_in_repair = core::mem::replace(&mut self.repair, Stage::None) == Stage::Judging;
        if !passed && self.would_be_down() && self.has_attempt(now) {
            self.repair = Stage::Commanded;
            self.attempts = self.attempts.saturating_add(1);
            self.repaired = Some(now);
            self.next_run = None;
            return Then::Repair;
        }
        self.count(passed);
        if self.spec.kind == CheckKind::Process {
            self.next_run = (!self.is_settled()).then(|| now + self.spec.interval);
        }
        match was_in_repair && passed {
            true => Then::Repaired,
            false => Then::Nothing,
        }
    }

    /// Whether one more failure makes it count as down that does not yet.
    fn would_be_down(&self) -> bool {
        let counts_as_up = matches!(self.state, CheckState::Up | CheckState::Pending);
        counts_as_up && self.confidence <= self.spec.rise
    }

    fn has_attempt(&mut self, now: Instant) -> bool {
        let Some(repair) = &self.spec.repair else {
            return false;
        };
        let long_ago =
            |at: Instant| now.since(at) >= REPAIR_MEMORY.plus(repair.wait).plus(repair.timeout);
        if self.repaired.is_some_and(long_ago) {
            self.attempts = 0;
        }
        self.attempts < repair.attempts
    }

    /// The repair command ended: it gets its time, unless it has failed. False if none was awaited.
    pub fn repair_done(&mut self, now: Instant, outcome: CheckOutcome) -> bool {
        if self.repair != Stage::Commanded {
            return false;
        }
        let wait = match (&self.spec.repair, outcome) {
            (Some(repair), CheckOutcome::Passed) => repair.wait,
            (Some(_) | None, _) => Micros::ZERO,
        };
        self.repair = Stage::Waiting;
        self.next_run = Some(now + wait);
        true
    }

    /// Which attempt to repair goes on or was the last, from 1, and of how many.
    pub fn attempt(&self) -> (u32, u32) {
        let attempts = self
            .spec
            .repair
            .as_ref()
            .map_or(0, |repair| repair.attempts);
        (self.attempts, attempts)
    }

    fn count(&mut self, passed: bool) {
        let (rise, full) = (self.spec.rise, self.full());
        if passed {
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

    fn full(&self) -> u32 {
        let CheckSpec { rise, fall, .. } = self.spec;
        rise.saturating_add(fall).saturating_sub(1)
    }

    /// One more result like the last changes nothing.
    fn is_settled(&self) -> bool {
        self.confidence == 0 || self.confidence == self.full()
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
    /// What was told last counts once more.
    Known(CheckOutcome),
}

/// What a result has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How long the run took; `None` where nothing was run.
    pub took: Option<Micros>,
    /// It is another result than the last one.
    pub news: bool,
    /// The check counts as something else.
    pub changed: bool,
    /// What is to be done.
    pub then: Then,
}

/// What a result asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// Run the repair command; the failure does not count yet.
    Repair,
    /// Nothing; the repair has helped.
    Repaired,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Repair;
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
            kind: CheckKind::Script,
            repair: None,
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
                check.finish(Instant(0), outcome(c));
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
        check.finish(Instant(2_000_400), CheckOutcome::Passed);
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
        one.finish(Instant(100_000), CheckOutcome::Passed);
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

    const DEAD: CheckOutcome = CheckOutcome::Failed(ProbeFailure::NotRunning);
    const WELL: CheckOutcome = CheckOutcome::Passed;

    fn process(rise: u32, fall: u32) -> Check {
        let spec = CheckSpec {
            kind: CheckKind::Process,
            ..check(rise, fall, false).spec
        };
        Check::new(CheckId(0), spec, Instant(0), false)
    }

    fn repairable(attempts: u32) -> Check {
        let repair = Repair {
            definition: String::new(),
            attempts,
            wait: Micros::from_secs(2),
            timeout: Micros::from_secs(10),
        };
        let spec = CheckSpec {
            repair: Some(repair),
            ..process(1, 1).spec
        };
        let mut check = Check::new(CheckId(0), spec, Instant(0), false);
        let first = check.tell(1);
        check.finish(Instant(0), first);
        check
    }

    fn at(seconds: u64) -> Instant {
        Instant(seconds * 1_000_000)
    }

    #[test]
    fn a_process_is_not_asked_and_its_end_counts_at_once() {
        let mut check = process(1, 1);
        assert_eq!((check.state, check.next_run()), (CheckState::Pending, None));
        let seen = check.tell(2);
        assert!(check.finish(at(1), seen).changed);
        assert_eq!((check.state, check.next_run()), (Up, None));
        let seen = check.tell(0);
        assert!(check.finish(at(2), seen).changed);
        assert_eq!((check.state, check.next_run()), (Down, None));
    }

    #[test]
    fn where_more_than_one_result_is_wanted_what_was_told_counts_again_at_every_interval() {
        let mut check = process(1, 3);
        for seen in [1, 0] {
            let seen = check.tell(seen);
            check.finish(at(10), seen);
        }
        assert_eq!(check.state, Up);
        for second in [12, 14] {
            assert_eq!(check.next_run(), Some(at(second)));
            assert_eq!(check.start(at(second)), Start::Known(DEAD));
            check.finish(at(second), DEAD);
        }
        assert_eq!((check.state, check.next_run()), (Down, None));
    }

    #[test]
    fn a_repair_that_helps_changes_nothing() {
        let mut check = repairable(1);
        let seen = check.tell(0);
        let finished = check.finish(at(100), seen);
        assert_eq!((finished.then, check.state), (Then::Repair, Up));
        assert_eq!(check.next_run(), None);
        let seen = check.tell(1);
        assert_eq!(check.finish(at(100), seen).then, Then::Nothing);
        assert!(check.repair_done(at(101), WELL));
        assert_eq!(check.start(at(102)), Start::NotDue);
        assert_eq!(check.start(at(103)), Start::Known(WELL));
        assert_eq!(check.finish(at(103), WELL).then, Then::Repaired);
        assert_eq!((check.state, check.is_in_repair()), (Up, false));
    }

    #[test]
    fn what_comes_up_and_goes_again_within_the_wait_is_not_repaired() {
        let mut check = repairable(1);
        check.tell(0);
        check.finish(at(100), DEAD);
        check.repair_done(at(100), WELL);
        for seen in [1, 0] {
            let seen = check.tell(seen);
            check.finish(at(101), seen);
        }
        assert_eq!(check.start(at(102)), Start::Known(DEAD));
        assert!(check.finish(at(102), DEAD).changed);
        assert_eq!(check.state, Down);
    }

    #[test]
    fn a_failure_counts_after_the_last_attempt_and_a_command_that_fails_is_not_waited_for() {
        let mut check = repairable(2);
        check.tell(0);
        assert_eq!(check.finish(at(100), DEAD).then, Then::Repair);
        assert!(check.repair_done(at(100), CheckOutcome::Exited(1)));
        assert!(!check.repair_done(at(100), CheckOutcome::Exited(1)));
        assert_eq!(check.start(at(100)), Start::Known(DEAD));
        assert_eq!(check.finish(at(100), DEAD).then, Then::Repair);
        assert_eq!(check.attempt(), (2, 2));
        check.repair_done(at(100), CheckOutcome::TimedOut);
        assert_eq!(check.start(at(100)), Start::Known(DEAD));
        assert_eq!(check.finish(at(100), DEAD).then, Then::Nothing);
        assert_eq!(check.state, Down);
    }

    #[test]
    fn attempts_come_back_after_a_minute_without_one() {
        let mut check = repairable(1);
        for (second, then) in [(0, Then::Repair), (30, Then::Nothing), (110, Then::Repair)] {
            check.tell(0);
            assert_eq!(check.finish(at(second), DEAD).then, then, "at {second} s");
            check.repair_done(at(second), CheckOutcome::Exited(1));
            check.start(at(second));
            check.tell(1);
            check.finish(at(second), WELL);
        }
    }

    #[test]
    fn what_is_down_already_is_not_repaired() {
        let mut check = repairable(1);
        (check.state, check.confidence) = (Down, 0);
        assert_eq!(check.finish(at(1), DEAD).then, Then::Nothing);
    }

    #[test]
    fn a_run_is_timed() {
        let mut check = check(1, 1, false);
        check.start(Instant(100));
        let finished = check.finish(Instant(1_300), WELL);
        assert_eq!(finished.took, Some(Micros(1_200)));
        assert!(finished.news);
        assert!(!check.finish(Instant(1_400), WELL).news);
    }
}
