//! Checking a configuration is fast; the bounds are generous, so that a busy machine passes and a square does not.

#![allow(clippy::expect_used, reason = "a test")]

use std::time::Duration;

use xtask::{bench, workspace_root};

/// Longest CPU time for a million lines.
const LONGEST: Duration = Duration::from_secs(2);
/// Largest share of keepalived's CPU time.
const LARGEST_RATIO: f64 = 0.5;
/// Most that a line may take in ten times the lines.
const LARGEST_GROWTH: f64 = 2.5;

#[test]
fn checking_takes_half_of_keepalived_s_time_at_most_and_grows_with_the_lines() {
    let report = bench::check::config(&workspace_root()).expect("the programs run");
    println!("{report}");
    let (lines, time) = report.standfast.last().expect("three sizes");
    assert_eq!(*lines, 1_000_000);
    assert!(*time < LONGEST, "{report}");
    assert!(
        report
            .growth()
            .is_some_and(|growth| growth < LARGEST_GROWTH),
        "{report}"
    );
    match report.ratio() {
        Some(ratio) => assert!(ratio < LARGEST_RATIO, "{report}"),
        None => println!("skipped: keepalived is not installed"),
    }
}
