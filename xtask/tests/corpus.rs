//! keepalived's verdicts on real configurations, where `STANDFAST_CORPUS` names a directory with them.

#![allow(clippy::expect_used, reason = "a test")]

use std::path::PathBuf;
use std::time::Duration;

use xtask::corpus;

#[test]
fn findings_agree_with_keepalived() {
    let Some(directory) = std::env::var_os("STANDFAST_CORPUS").map(PathBuf::from) else {
        println!("skipped: STANDFAST_CORPUS does not name a directory");
        return;
    };
    let agreement = corpus::compare(&directory).expect("verdicts.csv");
    println!("{}", agreement.summary());
    let at_least = |part: usize, whole: usize, percent: usize| part * 100 >= whole * percent;
    assert!(at_least(agreement.same_start, agreement.files, 99));
    assert!(at_least(agreement.same_clean, agreement.files, 99));
    assert!(at_least(agreement.matched, agreement.complaints, 98));
    assert_eq!(agreement.false_errors, 0, "{:#?}", agreement.disagreements);
    assert!(agreement.median_warnings <= 1);
    assert!(agreement.slowest < Duration::from_secs(1));
}
