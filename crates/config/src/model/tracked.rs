//! Tracked processes and files, and what else stands outside instances.

use std::path::PathBuf;

use super::address::VirtualAddress;
use super::script::Weight;
use crate::span::{Span, Spanned};
use crate::units::Micros;

/// How the parameters of a running process compare with the configured ones (`param_match`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterMatch {
    /// All of them, and no more.
    #[default]
    Exact,
    /// The configured ones are the first, the last of them in part.
    Initial,
    /// The configured ones are the first.
    Partial,
}

/// A `vrrp_track_process` block.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TrackProcess {
    /// The name instances track it by.
    pub name: Spanned<String>,
    /// The program: a path, or the short name of at most 15 bytes that the kernel keeps.
    pub program: Spanned<String>,
    /// The parameters that must match; `None` where any will do.
    pub parameters: Option<Vec<String>>,
    /// How they must match.
    pub parameter_match: ParameterMatch,
    /// `full_command`: the whole command line is looked at, not the short name.
    pub full_command: bool,
    /// Its weight where the tracking line gives none.
    pub weight: Weight,
    /// Least number of processes; 0 only where `quorum_max` is 0.
    pub quorum: u16,
    /// Greatest number of processes; `None` for any.
    pub quorum_max: Option<u16>,
    /// Time before a gain counts.
    pub fork_delay: Micros,
    /// Time before a loss counts.
    pub terminate_delay: Micros,
    /// Where the weight stands; `None` where the default holds.
    #[serde(skip)]
    pub weight_span: Option<Span>,
}

/// `init_file`: what a tracked file holds at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct InitialFile {
    /// The number that is written.
    pub value: i32,
    /// An existing file is overwritten too.
    pub overwrite: bool,
}

/// A `track_file` block.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TrackFile {
    /// The name instances track it by.
    pub name: Spanned<String>,
    /// The file whose number is read.
    pub path: Spanned<PathBuf>,
    /// What its number is multiplied with where the tracking line gives no weight; 1 by default.
    pub weight: Weight,
    /// `init_file`.
    pub initial: Option<InitialFile>,
    /// Where the weight stands; `None` where the default holds.
    #[serde(skip)]
    pub weight_span: Option<Span>,
}

/// One line of `static_ipaddress`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StaticAddress {
    /// The address; without `dev` it goes to `default_interface`.
    pub address: VirtualAddress,
    /// `track_group`: whose instances fail with the interface.
    pub track_group: Option<Spanned<String>>,
}

/// A `track_group` block: instances that share static entries.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TrackGroup {
    /// Its name.
    pub name: Spanned<String>,
    /// The instances in it, all of which exist.
    pub members: Vec<Spanned<String>>,
}

/// A `garp_group` block: interfaces that share their pacing.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct GarpGroup {
    /// Least time between two gratuitous ARPs; 0 for none.
    pub garp_interval: Micros,
    /// Least time between two neighbour advertisements; 0 for none.
    pub na_interval: Micros,
    /// The interfaces, none of which is in another group.
    pub interfaces: Vec<Spanned<String>>,
    /// Where the block's keyword stands.
    #[serde(skip)]
    pub span: Span,
}

/// How the state of a link is found out by asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkbeatMethod {
    /// Whichever works.
    #[default]
    Any,
    /// Registers of the transceiver.
    Mii,
    /// ethtool's link state.
    Ethtool,
    /// The interface's flags.
    Ioctl,
}

/// One line of `linkbeat_interfaces`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LinkbeatInterface {
    /// The interface.
    pub name: Spanned<String>,
    /// How it is asked.
    pub method: LinkbeatMethod,
}

/// One line of `interface_up_down_delays`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct InterfaceDelay {
    /// The interface.
    pub name: Spanned<String>,
    /// Time before going down counts.
    pub down: Micros,
    /// Time before coming up counts.
    pub up: Micros,
}
