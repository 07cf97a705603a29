//! Every system call of Standfast, as small safe modules that know no VRRP decision.
//!
//! Read [`poller`] for the event loop, [`vrrp`], [`arp`], [`ndp`] and [`udp`] for the packets, [`netlink`] for what the
//! kernel holds, [`process`] for children, [`supervise`] for the two halves of the daemon.
//!
//! Calls do not block unless their documentation says so. Every failure is an [`Error`] that names the
//! operation, its object and the kernel's errno.
//!
//! Architecture invariant: this is the only crate with unsafe code, every unsafe block says why it is
//! sound, and no bytes from the network or the kernel can make it panic.
#![allow(unsafe_code)]
#![deny(clippy::undocumented_unsafe_blocks, unsafe_op_in_unsafe_fn)]

pub mod arp;
pub mod calendar;
pub mod capability;
pub mod clock;
pub mod daemonize;
mod error;
pub mod fifo;
pub mod files;
mod filter;
pub mod inotify;
mod interface;
mod launch;
mod lock_file;
pub mod memory;
pub mod namespace;
pub mod ndp;
pub mod neighbours;
pub mod netlink;
pub mod notify;
pub mod packet;
pub mod pidfile;
pub mod poller;
pub mod process;
pub mod process_events;
pub mod procfs;
pub mod random;
pub mod scheduling;
pub mod script_security;
pub mod sealed;
pub mod signals;
pub mod supervise;
mod sys;
pub mod sysctl;
pub mod syslog;
pub mod tap;
pub mod tcp;
pub mod udp;
pub mod unix;
pub mod user;
pub mod vrrp;

pub use error::{Errno, Error, Object};
pub use interface::{Interface, InterfaceName, InvalidName};
