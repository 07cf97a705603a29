//! What may never happen.

use std::fmt;
use std::net::IpAddr;

use standfast_core::router::State;
use standfast_core::{Instant, Micros};

use crate::host::NodeId;

/// A rule that a run has broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A core transmitted in a state in which it has to be silent.
    Transmitted {
        /// The state before and after the input.
        state: State,
        /// The priority sent.
        priority: u8,
    },
    /// An Active router let more than its interval pass.
    AdvertisementLate(Micros),
    /// A leaving router said priority 0 too often.
    ResignedTooOften,
    /// More of an output within one second than anything that comes in justifies.
    TooMany {
        /// Which.
        what: Flood,
        /// How many.
        count: u32,
    },
    /// A wake-up was handled and the next one is already due.
    BusyLoop(Instant),
    /// A packet that nobody may believe had consequences.
    BadPacketCounted,
    /// A Backup took over at another time than its timers say.
    TookOverAt {
        /// The moment that the protocol asks for.
        due: Instant,
    },
    /// A Backup took over although nothing that it heard allows it.
    TookOverUncalled,
    /// A router that does not serve holds an address.
    HeldWhile {
        /// The address.
        address: IpAddr,
        /// The state.
        state: State,
    },
    /// The core believes something about an address that is not so in the kernel.
    KernelDiffers {
        /// The address.
        address: IpAddr,
        /// What the core believes.
        believed: bool,
    },
    /// The journal has grown beyond its bound.
    JournalGrew(usize),
    /// The faults are over and no node, or more than one, is Active.
    Actives {
        /// How many.
        count: usize,
    },
    /// The faults are over and the Active node is not the one with the best claim.
    WrongActive {
        /// Who should be.
        best: NodeId,
        /// Who is.
        active: NodeId,
    },
    /// The faults are over and an address is held by no node, or by more than one.
    Holders {
        /// The address.
        address: IpAddr,
        /// How many.
        count: usize,
    },
    /// The faults are over and a client still speaks to another host.
    ClientLost {
        /// The client.
        client: usize,
        /// The address.
        address: IpAddr,
    },
    /// Nobody answered for an address for longer than the protocol allows.
    Vacant {
        /// The address.
        address: IpAddr,
        /// How long.
        time: Micros,
        /// How long it may be.
        allowed: Micros,
    },
    /// One member of a sync group is Active and another one is not.
    GroupTorn,
    /// The core changed its mind about stopping.
    ActiveAfterStop,
}

/// What there may not be too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flood {
    /// Advertisements.
    Advertisements,
    /// Announcements of addresses.
    Announcements,
    /// Journal entries.
    Entries,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::Transmitted { state, priority } => {
                write!(f, "sent priority {priority} while {state}")
            }
            Violation::AdvertisementLate(late) => write!(f, "an advertisement is late by {late}"),
            Violation::GroupTorn => {
                f.write_str("one member of a sync group is Active and another one is not")
            }
            Violation::ResignedTooOften => f.write_str("priority 0 more than twice per leave"),
            Violation::TooMany { what, count } => write!(f, "{count} {what:?} within one second"),
            Violation::BusyLoop(at) => write!(f, "woken, and wants to be woken at {} us", at.0),
            Violation::BadPacketCounted => f.write_str("a bad packet had consequences"),
            Violation::TookOverAt { due } => write!(f, "took over, but was to at {} us", due.0),
            Violation::TookOverUncalled => f.write_str("took over without a reason"),
            Violation::HeldWhile { address, state } => write!(f, "holds {address} while {state}"),
            Violation::KernelDiffers { address, believed } => {
                write!(f, "believes that the kernel holds {address}: {believed}")
            }
            Violation::JournalGrew(length) => write!(f, "the journal has {length} entries"),
            Violation::Actives { count } => write!(f, "{count} nodes are Active in the end"),
            Violation::WrongActive { best, active } => {
                write!(f, "node {} is Active, not node {}", active.0, best.0)
            }
            Violation::Holders { address, count } => {
                write!(f, "{count} nodes hold {address} in the end")
            }
            Violation::ClientLost { client, address } => {
                write!(f, "client {client} does not reach {address} in the end")
            }
            Violation::Vacant {
                address,
                time,
                allowed,
            } => write!(f, "nobody held {address} for {time}, allowed are {allowed}"),
            Violation::ActiveAfterStop => f.write_str("Active although it was told to stop"),
        }
    }
}

/// A broken rule, where and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The virtual time.
    pub at: Instant,
    /// The node, if it is one node's.
    pub node: Option<NodeId>,
    /// What.
    pub violation: Violation,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} us", self.at.0)?;
        if let Some(node) = self.node {
            write!(f, ", node {}", node.0)?;
        }
        write!(f, ": {}", self.violation)
    }
}
