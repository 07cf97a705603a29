//! A virtual LAN that runs the shipped core: the same decisions as in production, with a virtual
//! kernel, a virtual clock and seeded faults.
//!
//! ```text
//!   Scenario ──▶ Lan ──▶ Host: inbox ─▶ core::Node ─▶ outputs ─▶ kernel, frames to the others
//!   (faults)      │                        ▲ Oracle: after every input
//!                 └──▶ Client: ARP cache, believes whoever announced last
//! ```
//!
//! - [`Lan`]: build one, start nodes, break things, let time pass; every step is checked.
//! - [`run`]: a whole run from a seed: a random LAN, rounds of random faults, and after each round
//!   the questions that matter: exactly one Active node, the best one, every client reaches it.
//! - [`Violation`]: everything that may never happen.
//!
//! Architecture invariant: no wall clock, no threads, no order that depends on addresses in memory;
//! the same seed gives the same run everywhere.
#![forbid(unsafe_code)]

mod client;
mod convert;
mod frame;
mod host;
mod lan;
mod oracle;
mod plan;
pub mod random;
mod scenario;
mod violation;

pub use frame::{Forgery, Port};
pub use host::{Crash, NodeId, NodeSetup};
pub use lan::{Lan, Weather};
pub use plan::{grouped, plain_router, settle_time, setup, standard_lan, virtual_address};
pub use scenario::{Failure, Report, replay, run};
pub use violation::{Breach, Flood, Violation};
