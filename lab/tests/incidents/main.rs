//! The incidents of docs/observability.md, each on real daemons: the explanation names the real cause first.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test"
)]

#[path = "../support/mod.rs"]
mod support;

mod here;
mod scene;
mod services;
mod well;
mod wire;
