//! Checks and other tracked objects.

use std::fmt;

use super::families::{Families, in_seconds, number};
use crate::status::{Check, Status};

/// States of a check.
const STATES: [&str; 4] = ["pending", "up", "down", "unusable"];

pub(super) fn write(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    state(families, status)?;
    runs(families, status)?;
    tracked(families, status)
}

fn labels(check: &Check) -> [(&'static str, &str); 2] {
    [("name", &check.name), ("kind", &check.kind)]
}

fn state(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.gauges(
        "standfast_check_state",
        "1 for the state that the check is in, 0 for the others.",
        status.checks.iter().flat_map(|check| {
            STATES.iter().map(|state| {
                let labels = (labels(check), [("state", *state)]);
                (labels, number(check.state == *state))
            })
        }),
    )?;
    families.gauges(
        "standfast_check_paused",
        "1: an operator has paused the check; it keeps its last result.",
        status
            .checks
            .iter()
            .map(|check| (labels(check), number(check.paused.is_some()))),
    )
}

fn runs(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.counters(
        "standfast_check_runs",
        "Runs of the check since it was configured, by result.",
        status.checks.iter().flat_map(|check| {
            let results = [("passed", check.passes), ("failed", check.failures)];
            results
                .into_iter()
                .map(|(result, count)| ((labels(check), [("result", result)]), count))
        }),
    )?;
    families.seconds(
        "standfast_check_duration",
        "How long the last run took.",
        status.checks.iter().filter_map(|check| {
            let took = check.took_us?;
            Some((labels(check), in_seconds(took)))
        }),
    )?;
    families.seconds(
        "standfast_check_longest_duration",
        "The longest of the last runs, 32 at most.",
        status.checks.iter().filter_map(|check| {
            let longest = check.durations_us.iter().max()?;
            Some((labels(check), in_seconds(*longest)))
        }),
    )?;
    families.seconds(
        "standfast_check_interval",
        "Configured time between runs.",
        status
            .checks
            .iter()
            .map(|check| (labels(check), in_seconds(check.interval_us))),
    )
}

fn tracked(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.gauges(
        "standfast_tracked_up",
        "1: the tracked file, process or BFD session is up; absent where that is not known or a number.",
        status.tracked.iter().filter_map(|object| {
            let labels = [("kind", object.kind.as_str()), ("name", &object.name)];
            Some((labels, number(object.up?)))
        }),
    )
}
