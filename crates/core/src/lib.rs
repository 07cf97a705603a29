//! Every decision of Standfast: election, tracking, leaving, dying.
//!
//! One [`Node`] holds all virtual routers of a host. It is given time and input, and answers with
//! output as data; it does nothing itself:
//!
//! ```text
//!   packets, link and address changes,      ┌──────┐   advertise, announce, change addresses,
//!   check results, a new Spec, stop   ────▶ │ Node │ ─▶ run a check, notify, journal entries
//!   (Input, with the time of each)          └──────┘   (Output)      next_wakeup: when, and why
//! ```
//!
//! Reading order: [`spec`] (what is wanted), [`input`] (what comes and goes), [`node`] (who gets
//! what), [`router`] (the state machine of RFC 9568 §6.4 with keepalived's FAULT and our Leaving),
//! [`authentication`] (who sent it, and is it new), [`estate`] (what is left to do when the process that ran all this has died).
//!
//! Architecture invariant: no clock, no I/O, no threads, no randomness; the same inputs at the same
//! times give the same outputs. Everything that grows is bounded.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::as_conversions, clippy::indexing_slicing)]

extern crate alloc;

pub mod authentication;
pub mod check;
pub mod estate;
mod group;
pub mod input;
pub mod interface;
pub mod journal;
mod limit;
mod link_delay;
pub mod node;
pub mod peer;
pub mod probe;
pub mod router;
pub mod spec;
mod statics;
pub mod steering;
pub mod time;
pub mod timing;
pub mod tracker;

pub use input::{Input, Output};
pub use node::Node;
pub use spec::Spec;
pub use standfast_wire as wire;
pub use time::{Instant, Micros};
