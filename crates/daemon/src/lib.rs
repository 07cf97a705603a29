//! The daemon: runs [`standfast_core::Node`] on a real kernel.
//!
//! ```text
//!   supervisor (process, pid file, systemd)         worker (process)
//!   ┌──────────────────────────────┐  commands   ┌──────────────────────────────┐
//!   │ reads the configuration,     │────────────▶│ VRRP loop (one thread)       │
//!   │ forks the worker, holds its  │◀────────────│   Node ─ sockets ─ netlink   │
//!   │ last will, executes it when  │  heartbeat, │        │ jobs     ▲ results  │
//!   │ the worker dies              │  last will  │        ▼          │          │
//!   └──────────────────────────────┘             │ runner (scripts)  log        │
//!                                                └──────────────────────────────┘
//! ```
//!
//! Reading order: [`Options`], `supervisor`, `worker`, `effects` (what the node decides becomes
//! system calls), `runner` (scripts), `lower` (configuration to specification).
//!
//! Architecture invariant: the VRRP loop never waits for anything but its poller; files, scripts and
//! log devices are other threads' business. Nothing here decides who is master.

mod announce;
pub mod chronicle;
mod clerk;
#[doc(hidden)]
pub mod control;
mod dump;
mod effects;
mod environment;
mod fifo;
mod firewall;
pub mod host;
mod host_record;
mod kernel_changes;
mod last_will;
mod lateness;
pub mod listen;
mod log;
mod lower;
mod mail;
mod message;
mod moves;
mod names;
mod options;
mod own_links;
mod pacing;
mod peer_ports;
mod planning;
mod ports;
mod reading;
mod record;
mod routing;
mod run_files;
mod runner;
mod running;
mod socket_options;
mod stage;
mod supervisor;
mod timetable;
mod track;
mod will_keys;
mod work;
mod worker;

pub use environment::{HostEnvironment, is_root};
pub use options::{LogTarget, Options, Personality};
pub use reading::load_here;
pub use record::{Cleaned, cleanup};
pub use supervisor::run;

/// Exit codes that keepalived's users and scripts know (keepalived(8)).
pub mod exit_code {
    /// All is well.
    pub const OK: u8 = 0;
    /// A bad option, another daemon is running, or the system refuses.
    pub const FATAL: u8 = 1;
    /// The configuration cannot be used.
    pub const CONFIG: u8 = 2;
    /// Permissions are missing.
    pub const NO_PERMISSION: u8 = 4;
    /// There is no configuration.
    pub const NO_CONFIG: u8 = 6;
}
