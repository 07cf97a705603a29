//! Virtual hosts on one machine, and real daemons in them, watched from outside.
//!
//! A [`Lab`] is a switch; every [`Host`] on it has its own network, processes, host name, and its own `/run`, `/tmp`, `/opt`,
//! `/var/log` and `/etc`, so that `killall keepalived` in one host means that host alone. Nothing of it has a name outside
//! this process, and all of it ends with this process, however that ends. Root is not needed where the kernel lets users make
//! namespaces.
//!
//! A [`Probe`] measures for how long an address did not answer a client, a [`Capture`] records the ARP and VRRP frames on
//! the wire, an [`Injector`] sends forged ones. They are parts of an agent: this library again, in a process of its own
//! inside the namespaces. A program can be its own agent by calling [`agent_main`] first thing:
//!
//! ```no_run
//! use standfast_lab::{HostOptions, Lab, LabOptions, agent_main};
//!
//! fn main() -> std::process::ExitCode {
//!     let arguments: Vec<String> = std::env::args().collect();
//!     if let Some(code) = agent_main(&arguments) {
//!         return code;
//!     }
//!     match show_addresses() {
//!         Ok(()) => std::process::ExitCode::SUCCESS,
//!         Err(error) => {
//!             eprintln!("{error}");
//!             std::process::ExitCode::FAILURE
//!         }
//!     }
//! }
//!
//! fn show_addresses() -> Result<(), standfast_lab::LabError> {
//!     let lab = Lab::new(LabOptions::with_own_agent()?)?;
//!     let host = lab.host(&HostOptions::new("web1", [192, 168, 1, 11].into()))?;
//!     println!("{:?}", host.addresses("eth0")?);
//!     Ok(())
//! }
//! ```
//!
//! Architecture invariant: the lab is a black box around the daemons. It never links a crate that decides or that runs
//! the daemon; it sees what a person with a shell and a packet capture would see.

mod agent;
mod browser;
mod capture;
mod channel;
mod daemon;
pub mod demo;
mod error;
mod frame;
mod host;
mod injector;
mod instrument;
mod lab;
mod moment;
mod pair;
mod peer_message;
mod probe;
mod process;
mod protocol;
mod requirements;
mod web;

pub use agent::agent_main;
pub use browser::{Browser, Complaint, Key, Scheme};
pub use capture::Capture;
pub use daemon::{Daemon, Start, program_under_test};
pub use error::LabError;
pub use frame::{Advertisement, Forgery, Frame, FrameKind, MacAddress, NotAMacAddress};
pub use host::{Host, Neighbour};
pub use injector::{Injector, Sent};
pub use lab::{HostOptions, Lab, LabOptions};
pub use moment::Moment;
pub use nix::sys::signal::Signal;
pub use pair::{CONFIGURATION, NODE_ADDRESSES, Node, Pair, PairOptions, VIP, example};
pub use peer_message::{PeerMessage, PeerMessageKind};
pub use probe::{Answer, Probe};
pub use process::{Output, Process};
pub use protocol::{AGENT_SUBCOMMAND, ExitState, PROGRAM_FOLDER, Program};
pub use requirements::{check_programs, find_program, require_program};
pub use web::WebServer;
