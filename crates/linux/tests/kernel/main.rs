//! The crate against the real kernel, in network namespaces of its own. What needs root says so and is
//! skipped without it.
#![allow(unsafe_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![deny(clippy::undocumented_unsafe_blocks)]

mod addresses;
mod arp;
mod files;
mod ipv6;
mod links;
mod monitor;
mod neighbours;
mod nft;
mod process;
mod routing;
mod sealed;
mod system;
mod udp;
mod vrrp;
mod world;
