//! One check.

use standfast_core::check;
use standfast_core::input::CheckOutcome;
use standfast_core::spec::CheckKind;

use super::{Clock, words};
use crate::status::{Check, Pause};

pub(super) fn of(check: &check::Check, clock: Clock) -> Check {
    let (spec, history) = (&check.spec, check.history());
    let durations: Vec<u64> = history.durations().map(|it| it.0).collect();
    Check {
        name: spec.name.clone(),
        kind: kind(check).to_owned(),
        program: program(check).to_owned(),
        state: words::check_state(check.state).to_owned(),
        unusable: spec.unusable.clone(),
        result: check.last.map(words::outcome),
        passed: check.last.map(|last| last == CheckOutcome::Passed),
        timed_out: check.last == Some(CheckOutcome::TimedOut),
        output: Some(history.output.clone()).filter(|text| !text.is_empty()),
        ended_us: history.ended.map(|at| clock.at(at)),
        took_us: durations.last().copied(),
        durations_us: durations,
        next_us: check.next_run().map(|at| clock.at(at)),
        interval_us: spec.interval.0,
        timeout_us: spec.timeout.0,
        rise: spec.rise,
        fall: spec.fall,
        running: check.is_running(),
        repairing: check.is_in_repair(),
        passes: history.passes,
        failures: history.failures,
        paused: check.paused().map(|pause| Pause {
            since_us: clock.at(pause.since),
            until_us: pause.until.map(|at| clock.at(at)),
        }),
    }
}

/// The definition of what is asked begins with how it is asked.
fn kind(check: &check::Check) -> &str {
    match check.spec.kind {
        CheckKind::Script => "script",
        CheckKind::Process => "process",
        CheckKind::Request => {
            let first = check.spec.definition.split_whitespace().next();
            first.unwrap_or("tcp")
        }
    }
}

fn program(check: &check::Check) -> &str {
    let definition = check.spec.definition.as_str();
    match check.spec.kind {
        CheckKind::Script => definition.split_whitespace().next().unwrap_or_default(),
        CheckKind::Process | CheckKind::Request => definition,
    }
}
