//! Everything that is to be seen of a node at one moment.

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::Cause;
use crate::explain::Problem;

/// Everything that is to be seen of a node at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// The node itself.
    pub node: Node,
    /// Its virtual routers, in the order of the configuration.
    pub instances: Vec<Instance>,
    /// Its sync groups.
    pub groups: Vec<Group>,
    /// Its checks: `vrrp_script` and `vrrp_check`.
    pub checks: Vec<Check>,
    /// Tracked files, processes and BFD sessions.
    pub tracked: Vec<TrackedObject>,
    /// Interfaces that instances use.
    pub interfaces: Vec<Interface>,
    /// Other Standfast nodes, as the peer channel knows them.
    pub peers: Vec<Peer>,
    /// Senders of advertisements for virtual routers that are not configured where they were heard.
    pub strangers: Vec<Stranger>,
    /// How well the loop keeps time.
    pub timing: Timing,
    /// Messages of the peer channel that were not taken, by reason.
    pub peer_drops: BTreeMap<String, u64>,
    /// Kernel operations that failed, by operation.
    pub kernel_failures: BTreeMap<String, u64>,
    /// What is wrong with this host, where somebody has looked; empty in what the loop tells by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host: Vec<HostFinding>,
}

/// Something about this host that would break a failover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostFinding {
    /// One word: `vrrp-filtered`, `peer-channel-filtered`, `arp-filtered` and so on.
    pub kind: String,
    /// The instances that it concerns; empty: all.
    pub instances: Vec<String>,
    /// In a sentence.
    pub text: String,
    /// What to do about it.
    pub fix: Option<String>,
}

/// The node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Node {
    /// Its `router_id`, or the host's name.
    pub name: String,
    /// Version of Standfast.
    pub version: String,
    /// It was started under the name `keepalived`.
    pub as_keepalived: bool,
    /// The process of the VRRP loop.
    pub pid: u32,
    /// When this was seen, in microseconds since 1970.
    pub now_us: u64,
    /// When the daemon was started.
    pub started_us: u64,
    /// When the configuration in force was read.
    pub configured_us: u64,
    /// The files that it was read from.
    pub files: Vec<String>,
    /// Errors and warnings of the configuration in force.
    pub findings: u64,
    /// Configurations that took effect since the start, the first one not counted.
    #[serde(default)]
    pub reloads: u64,
    /// Reloads since then that were refused: the configuration before stayed in force.
    #[serde(default)]
    pub reloads_refused: u64,
    /// The last reload, where it was refused: what is in the files is not what is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reload_refused: Option<ReloadRefusal>,
    /// What is wrong with the control interface, such as an address of `http_listen` that another program has; it is tried
    /// again until nothing is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub control_troubles: Vec<String>,
    /// It gives up everything, because an operator said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<Drain>,
    /// It is about to end.
    pub stopping: bool,
}

/// A reload that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReloadRefusal {
    /// When.
    pub at_us: u64,
    /// Why.
    pub text: String,
}

/// A drain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drain {
    /// Since when.
    pub since_us: u64,
    /// Until when, if it ends by itself.
    pub until_us: Option<u64>,
    /// Not even as the last resort.
    pub hard: bool,
    /// Who asked for it.
    pub who: String,
}

/// State of a virtual router. The words are those of RFC 3768 and of ietf-vrrp, which operators know.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Not started: checks have not reported yet.
    #[default]
    Initialize,
    /// Listens.
    Backup,
    /// Holds the addresses.
    Master,
    /// Cannot take part.
    Fault,
    /// Resigned; answers until a successor is there.
    Leaving,
}

/// A virtual router.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// Virtual router identifier, 1–255.
    pub vrid: u8,
    /// Protocol version, 2 or 3.
    pub version: u8,
    /// `ipv4` or `ipv6`: what its advertisements travel in.
    pub family: String,
    /// Interface of its advertisements; empty for a unicast router without one.
    pub interface: String,
    /// Its sync group.
    pub group: Option<String>,
    /// The address that it sends from.
    pub source: Option<IpAddr>,
    /// Where its advertisements go: the multicast group, or each peer.
    pub destinations: Vec<IpAddr>,
    /// They go to each peer, not to the group.
    #[serde(default)]
    pub unicast: bool,
    /// `none`, `pass`, `ah` or `hmac`.
    pub authentication: String,
    /// Its state.
    pub state: State,
    /// When it entered that state.
    pub since_us: u64,
    /// Why.
    pub cause: Option<Cause>,
    /// Its priority, and what it is made of.
    pub priority: Priority,
    /// It takes over from a lower master (no `nopreempt`).
    pub preempt: bool,
    /// It leaves a lower master alone: the one that a switchover has made one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yields_to: Option<IpAddr>,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// How many routes and rules it has beside them.
    #[serde(default)]
    pub routing: u64,
    /// What keeps it in FAULT.
    pub faults: Vec<Fault>,
    /// Who is master, as this node sees it.
    pub master: Option<Master>,
    /// Master, and nobody else has been heard since it was configured: no advertisement, no peer, no answer.
    pub alone: bool,
    /// A Standfast node with the same virtual router is known, or was known and is gone.
    #[serde(default)]
    pub met_node: bool,
    /// What it does next, and when.
    pub next: Option<Next>,
    /// When it takes over if nothing is heard until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_over_us: Option<u64>,
    /// From when on it takes over from a lower master: its `preempt_delay` runs until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preempts_us: Option<u64>,
    /// It takes over from nobody before this moment (`vrrp_startup_delay`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_us: Option<u64>,
    /// Something that it tracks has not reported yet, and it does not start before.
    #[serde(default)]
    pub awaits_reports: bool,
    /// It would be master, and waits for the other members of its sync group.
    #[serde(default)]
    pub awaits_group: bool,
    /// Configured interval of advertisements.
    pub advert_interval_us: u64,
    /// Interval of the master that it follows.
    pub master_interval_us: u64,
    /// Silence after which it takes over.
    pub down_interval_us: u64,
    /// Time until the second burst of gratuitous ARP after it became master (`garp_master_delay`).
    #[serde(default)]
    pub garp_delay_us: u64,
    /// What every Standfast node of this virtual router says of itself.
    pub nodes: Vec<NodeOfInstance>,
    /// Everybody else who was heard sending advertisements for this virtual router.
    pub speakers: Vec<Speaker>,
    /// Others who were seen answering for its addresses.
    pub holders: Vec<Holder>,
    /// Its counters.
    pub counters: Counters,
    /// Times it entered a state, by state and cause (`master/silence`).
    pub transitions: BTreeMap<String, u64>,
    /// How the last planned move away from this node went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Handover>,
    /// When it was noticed last that this host had not run for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall: Option<Stall>,
    /// Others on this host have deleted addresses that it served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Deletion>,
    /// The kernel has refused to add or to remove an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
    /// What is wrong with it as far as this status tells, the most likely real cause first; `explain` knows more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// This host did not run for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stall {
    /// When it ran again.
    pub at_us: u64,
    /// For how long it had not.
    pub for_us: u64,
}

/// Something else on this host has deleted addresses of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deletion {
    /// The last one.
    pub address: IpAddr,
    /// When.
    pub at_us: u64,
    /// How many so far.
    pub times: u64,
}

/// The kernel has refused to change an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Which.
    pub address: IpAddr,
    /// To add it, or to remove it.
    pub adding: bool,
    /// Why.
    pub text: String,
    /// When.
    pub at_us: u64,
}

/// A priority, and what it is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Priority {
    /// What it advertises, 1–255.
    pub effective: u8,
    /// As configured.
    pub base: u8,
    /// What is added by what is tracked, also where that is nothing at the moment.
    pub parts: Vec<PriorityPart>,
    /// The sum, where it is more or less than a priority can be.
    pub clamped: Option<i32>,
    /// A drain holds it down.
    pub drained: bool,
}

/// What one tracked object adds to a priority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PriorityPart {
    /// `check`, `interface`, `file`, `process` or `bfd`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it adds now.
    pub adds: i32,
    /// What it would add if it were up, and down; none: FAULT.
    pub adds_up: Option<i32>,
    /// See `adds_up`.
    pub adds_down: Option<i32>,
    /// Up, down, or not known yet.
    pub up: Option<bool>,
    /// It cannot be used and does not count.
    pub unusable: bool,
}

/// A virtual address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// The address.
    pub address: IpAddr,
    /// Prefix length.
    pub prefix: u8,
    /// The interface that it lies on.
    pub interface: String,
    /// It is in `virtual_ipaddress_excluded`.
    pub excluded: bool,
    /// This node should hold it now.
    pub wanted: bool,
    /// The kernel of this host holds it.
    pub held: bool,
}

/// What keeps an instance in FAULT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// `interface-missing`, `interface-down`, `tracked-interface-down`, `check-failed`, `no-address`, `no-peer`,
    /// `source-missing`, `file-number`, `process-quorum`, `bfd-down`, `sync-group` or `drained`.
    pub kind: String,
    /// The name of what is at fault.
    pub name: String,
    /// In a sentence.
    pub text: String,
}

/// Who is master.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Master {
    /// Its address.
    pub address: IpAddr,
    /// It is this node.
    pub here: bool,
    /// Its name, where it speaks the peer channel.
    pub name: Option<String>,
    /// Its last priority.
    pub priority: u8,
    /// When it was heard last.
    pub heard_us: u64,
}

/// What an instance does next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Next {
    /// `down`, `advertise`, `preempt-delay` and so on: names of the core's timers.
    pub timer: String,
    /// What it is waited for, in words.
    pub text: String,
    /// When.
    pub at_us: u64,
}

/// What a Standfast node says of a virtual router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NodeOfInstance {
    /// Its name.
    pub name: String,
    /// It is this node.
    pub here: bool,
    /// Its address.
    pub address: Option<IpAddr>,
    /// Its state.
    pub state: State,
    /// Since when it is in that state.
    pub since_us: u64,
    /// Its effective priority.
    pub priority: u8,
    /// Its configured priority.
    pub base: u8,
    /// It could be master at once, or is.
    pub ready: bool,
    /// It takes over from a lower master.
    pub preempts: bool,
    /// An operator has drained it: it gives up what others can take, and takes nothing back.
    #[serde(default)]
    pub drained: bool,
    /// When it was heard last.
    pub heard_us: u64,
    /// What differs from this node's configuration: `addresses`, `version`, `advert_int`.
    pub differs: Vec<String>,
}

/// Somebody who sends advertisements for a virtual router of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Speaker {
    /// Its address.
    pub address: IpAddr,
    /// Its hardware address, as this host's neighbour table knows it.
    pub mac: Option<String>,
    /// Its last priority; none where the packet could not be read so far.
    pub priority: Option<u8>,
    /// Its protocol version.
    pub version: Option<u8>,
    /// Its interval.
    pub interval_us: Option<u64>,
    /// When it was heard first.
    pub first_us: u64,
    /// When it was heard last.
    pub heard_us: u64,
    /// How many packets were taken.
    pub taken: u64,
    /// How many were not.
    pub dropped: u64,
    /// Why the last one was not taken, as one word (`authentication`, `version`, `checksum` …) and as a sentence; none: it was.
    pub refused: Option<Cause>,
    /// The addresses of its last packet, where they are not ours.
    pub other_addresses: Vec<IpAddr>,
}

/// Somebody who answers for one of our addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holder {
    /// The address.
    pub address: IpAddr,
    /// Whose hardware address.
    pub mac: String,
    /// When it was seen first.
    pub first_us: u64,
    /// When it was seen last.
    pub seen_us: u64,
    /// How often.
    pub times: u64,
}

/// A planned move away from this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Handover {
    /// When it was over.
    pub at_us: u64,
    /// To whom.
    pub to: IpAddr,
    /// As [`crate::command::Move::gap_us`].
    pub gap_us: Option<i64>,
}

/// Counters of a virtual router since it was configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counters {
    /// Advertisements taken.
    pub received: u64,
    /// Advertisements sent.
    pub sent: u64,
    /// Times it became master.
    pub became_master: u64,
    /// Times it stopped being master.
    pub released_master: u64,
    /// Priority 0 received.
    pub resigns_received: u64,
    /// Priority 0 sent.
    pub resigns_sent: u64,
    /// Planned moves away from this node that a successor has taken over.
    #[serde(default)]
    pub handovers: u64,
    /// Advertisements with another address list, taken all the same.
    pub address_lists: u64,
    /// Packets not taken, by reason: `ttl`, `version`, `authentication` and so on.
    pub dropped: BTreeMap<String, u64>,
}

/// A sync group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The state that its members agree on, if they do.
    pub state: Option<State>,
    /// Its instances.
    pub members: Vec<String>,
}

/// A check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// `script`, `process`, `tcp` or `http`.
    pub kind: String,
    /// What is run or asked; of a script the program alone, since what follows may be secret.
    #[serde(default)]
    pub program: String,
    /// `pending`, `up`, `down` or `unusable`.
    pub state: String,
    /// Why it is unusable.
    pub unusable: Option<String>,
    /// How the last run ended, in words (`exit status 1`, `connection refused`).
    pub result: Option<String>,
    /// The last run passed.
    pub passed: Option<bool>,
    /// The last run was ended because it took too long.
    #[serde(default)]
    pub timed_out: bool,
    /// The last thing that it printed, bounded.
    pub output: Option<String>,
    /// When the last run ended.
    pub ended_us: Option<u64>,
    /// How long the last run took.
    pub took_us: Option<u64>,
    /// Durations of the last runs, oldest first, at most 32.
    pub durations_us: Vec<u64>,
    /// When the next run is due.
    pub next_us: Option<u64>,
    /// Time between runs.
    pub interval_us: u64,
    /// Longest run.
    #[serde(default)]
    pub timeout_us: u64,
    /// Runs that must pass in a row for it to be up.
    pub rise: u32,
    /// Runs that must fail in a row for it to be down.
    pub fall: u32,
    /// It runs just now.
    pub running: bool,
    /// Its repair command runs, or has just run.
    pub repairing: bool,
    /// Runs that passed, since it was configured.
    pub passes: u64,
    /// Runs that did not.
    pub failures: u64,
    /// An operator has paused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Pause>,
}

/// A pause of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pause {
    /// Since when.
    pub since_us: u64,
    /// Until when, if it ends by itself.
    pub until_us: Option<u64>,
}

/// A tracked file, process or BFD session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrackedObject {
    /// `file`, `process` or `bfd`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Up, down, or not known or a number.
    pub up: Option<bool>,
    /// The file's number, or how many processes run.
    pub seen: Option<i32>,
}

/// An interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// It is there, up and running.
    pub up: bool,
    /// It is there.
    pub present: bool,
    /// Its hardware address.
    pub mac: Option<String>,
}

/// Another Standfast node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// Where it is heard.
    pub interface: String,
    /// Since when it is known.
    pub since_us: u64,
    /// When it was heard last.
    pub heard_us: u64,
    /// Of the last message that answered one of ours; none: it has never answered.
    pub round_trip_us: Option<u64>,
    /// Instances that both have.
    pub instances: Vec<String>,
    /// An operator has drained it: it says so of one of them at least.
    #[serde(default)]
    pub drained: bool,
}

/// Somebody who speaks for a virtual router that is not configured here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stranger {
    /// Virtual router identifier.
    pub vrid: u8,
    /// Where it was heard.
    pub interface: String,
    /// Who sent it.
    pub address: IpAddr,
    /// Its hardware address, as this host's neighbour table knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Its priority.
    pub priority: Option<u8>,
    /// Its addresses, where the packet tells them.
    pub addresses: Vec<IpAddr>,
    /// When it was heard first.
    pub first_us: u64,
    /// When it was heard last.
    pub heard_us: u64,
    /// How many packets were seen; in a flood a sample.
    pub times: u64,
}

/// How well the loop keeps time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Timing {
    /// The latest that a timer was.
    pub worst_us: u64,
    /// How many timers were late by at most so many microseconds, not counting those of the classes before; the last
    /// class has no bound.
    pub lateness: Vec<Class>,
    /// How long turns of the loop took, as `lateness`.
    pub turns: Vec<Class>,
    /// Sum of all latenesses.
    pub lateness_sum_us: u64,
    /// Sum of all turns.
    pub turns_sum_us: u64,
}

/// A class of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Class {
    /// Upper bound in microseconds; none: all that are more.
    pub below_us: Option<u64>,
    /// How many.
    pub count: u64,
}
