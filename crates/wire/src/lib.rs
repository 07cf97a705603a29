//! Bytes to values and back: VRRP advertisements, the IP header around them, what authenticates them, ARP, neighbour
//! discovery, the peer channel.
//!
//! Every parser takes any bytes whatever and answers with a value or with a small error that names
//! what is wrong; none panics, allocates or reads outside its slice. Emitters write into a buffer
//! of the caller's and say how much they wrote.
//!
//! Architecture invariant: nothing here knows a configuration, a state or a clock.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::as_conversions, clippy::indexing_slicing)]

pub mod ah;
pub mod arp;
mod checksum;
pub mod ipv4;
pub mod ipv6;
pub mod ndp;
pub mod peer;
mod reader;
pub mod trailer;
pub mod vrrp;

pub use arp::MacAddress;
pub use checksum::internet_checksum;

/// The buffer given to an emitter is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferTooSmall {
    /// Bytes that the packet takes.
    pub need: usize,
    /// Bytes that the buffer has.
    pub have: usize,
}
