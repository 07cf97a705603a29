//! All cases.

mod failover;
mod hostile;
mod questions;
mod scale;
mod small;

use std::time::Duration;

use super::case::Case;

/// All cases, in the order of the document.
#[must_use]
pub fn all() -> Vec<&'static Case> {
    let mut all: Vec<&'static Case> = failover::CASES.iter().collect();
    all.extend(&scale::CASES);
    all.extend(&hostile::CASES);
    all.extend(&questions::CASES);
    all.extend(&small::CASES);
    all
}

/// A time in milliseconds.
fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A time divided by a number of things, in microseconds.
fn per(time: Duration, count: usize) -> f64 {
    let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
    time.as_secs_f64() * 1e6 / f64::from(count)
}
