//! Standfast nodes hand over in milliseconds by telling each other, and lose nothing where they cannot.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test"
)]

#[path = "../support/mod.rs"]
mod support;

mod checks;
mod detection;
mod dumps;
mod fallback;
mod families;
mod hostile;
mod leaving;
mod network;
mod steering;
mod three;
