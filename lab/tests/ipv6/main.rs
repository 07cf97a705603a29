//! VRRP over IPv6, and over unicast without an interface: what neighbours learn, who takes over, and
//! whether every packet is right.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test"
)]

#[path = "../support/mod.rs"]
mod support;

mod failover;
mod lan;
mod packets;
mod steering;
mod unicast;
mod version3;
mod vmac;
