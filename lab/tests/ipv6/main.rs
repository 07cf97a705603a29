//! VRRP over IPv6, over unicast without an interface, and beside other makes: what neighbours learn, who takes over, and
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
mod frr;
mod lan;
mod packets;
mod unicast;
mod version3;
mod vmac;
