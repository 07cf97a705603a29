//! Seeded runs. One that fails prints how to see it again.
#![allow(clippy::panic, clippy::unwrap_used)]

use standfast_sim::{Report, replay, run};

/// Seeds of an ordinary test run.
const SEEDS: u64 = 256;
/// Steps of each.
const STEPS: u64 = 2_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn no_seed_breaks_a_rule() {
    let steps = number("STANDFAST_STEPS").unwrap_or(STEPS);
    if let Some(seed) = number("STANDFAST_SEED") {
        let (result, trace) = replay(seed, steps);
        for line in trace {
            println!("{line}");
        }
        match result {
            Ok(report) => println!("{report:?}"),
            Err(failure) => panic!("{failure}"),
        }
        return;
    }
    let seeds = number("STANDFAST_SEEDS").unwrap_or(SEEDS);
    let mut total = Report::default();
    let mut failures = Vec::new();
    for seed in 0..seeds {
        match run(seed, steps) {
            Ok(report) => {
                total.steps += report.steps;
                total.rounds += report.rounds;
                total.faults += report.faults;
                total.time = total.time.plus(report.time);
            }
            Err(failure) => failures.push(failure),
        }
        if failures.len() >= 8 {
            break;
        }
    }
    println!(
        "{} steps, {} of virtual time, {} rounds, {} faults",
        total.steps, total.time, total.rounds, total.faults
    );
    let list: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{}", list.join("\n"));
    // Runs that verify nothing would pass as well.
    assert!(
        total.rounds >= seeds,
        "hardly anything was verified: {total:?}"
    );
}

#[test]
fn the_same_seed_is_the_same_run() {
    let (first, trace) = replay(11, STEPS);
    let (second, again) = replay(11, STEPS);
    assert_eq!(first, second);
    assert_eq!(trace, again);
    assert!(trace.len() > 100);
}
