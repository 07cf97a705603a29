//! What happened and why: the one record that logs, status and explanations are made from.
//!
//! The texts keep keepalived's well-known phrases, because people search for them.

mod text;
mod words;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use standfast_wire::MacAddress;
use standfast_wire::peer::Answer;
use standfast_wire::vrrp::Priority;

use crate::input::{CheckOutcome, Errno};
use crate::router::State;
use crate::spec::{Fixture, FixtureKind, Tracked};
use crate::time::{Instant, Micros};

/// Entries that a node remembers; older ones are forgotten.
pub const JOURNAL_LENGTH: usize = 512;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, on the node's clock.
    pub at: Instant,
    /// What it is about.
    pub subject: Subject,
    /// What happened.
    pub event: Event,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The whole node.
    Node,
    /// A virtual router, by its name.
    Router(String),
    /// A check script, by its name.
    Check(String),
    /// A built-in check, by its name.
    Probe(String),
    /// A sync group, by its name.
    Group(String),
    /// A tracked file, process or session.
    Tracked(Tracked),
}

/// How much an entry matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Shown with `-D` only.
    Detail,
    /// What an operator wants to read.
    Info,
    /// Works, but somebody should look.
    Warning,
    /// Does not work.
    Error,
}

/// Why a packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropCause {
    /// TTL or hop limit is not 255.
    Ttl,
    /// Another protocol version.
    Version,
    /// Not an advertisement.
    Type,
    /// Length and number of addresses disagree.
    Length,
    /// Wrong checksum.
    Checksum,
    /// Another authentication type.
    AuthenticationType,
    /// Wrong password.
    Authentication,
    /// Another interval (version 2), or 0 (version 3).
    Interval,
    /// Sent with our own address.
    OwnAddress,
    /// We own the addresses (RFC 9568 §7.1).
    Owner,
    /// Not sent to our group, or with unicast to our address.
    Destination,
    /// From none of the configured unicast peers.
    Stranger,
    /// The number of its authentication header was used before.
    HeaderReplay,
    /// Not signed (`auth_hmac`).
    TrailerMissing,
    /// Signed in a way that we do not know.
    TrailerMalformed,
    /// Signed with a key that we do not have.
    TrailerKey,
    /// The signature is wrong.
    TrailerHmac,
    /// Signed too long ago, or the clocks differ.
    TrailerStale,
    /// The number of its signature was used before.
    TrailerReplay,
}

impl DropCause {
    /// All causes, in the order of their counters.
    pub const ALL: [DropCause; 19] = [
        DropCause::Ttl,
        DropCause::Version,
        DropCause::Type,
        DropCause::Length,
        DropCause::Checksum,
        DropCause::AuthenticationType,
        DropCause::Authentication,
        DropCause::Interval,
        DropCause::OwnAddress,
        DropCause::Owner,
        DropCause::Destination,
        DropCause::Stranger,
        DropCause::HeaderReplay,
        DropCause::TrailerMissing,
        DropCause::TrailerMalformed,
        DropCause::TrailerKey,
        DropCause::TrailerHmac,
        DropCause::TrailerStale,
        DropCause::TrailerReplay,
    ];

    /// What is wrong with the packet, for people.
    pub const fn text(self) -> &'static str {
        match self {
            DropCause::Ttl => "TTL is not 255: it was routed, or sent by something else",
            DropCause::Version => "another VRRP version than ours",
            DropCause::Type => "not an advertisement",
            DropCause::Length => "length does not match the number of addresses",
            DropCause::Checksum => "wrong checksum",
            DropCause::AuthenticationType => "another authentication type than ours",
            DropCause::Authentication => "wrong password",
            DropCause::Interval => "another advert_int than ours",
            DropCause::OwnAddress => "sent from our own address: a loop or a duplicate address",
            DropCause::Owner => "we own the addresses (priority 255) and ignore advertisements",
            DropCause::Destination => {
                "not sent to our multicast group, or with unicast to our address"
            }
            DropCause::Stranger => "from none of the configured unicast peers",
            DropCause::HeaderReplay => {
                "IPSEC-AH : sequence number already processed: sent again by somebody, or its \
                 sender has started anew"
            }
            DropCause::TrailerMissing => "missing authentication trailer (auth_hmac)",
            DropCause::TrailerMalformed => "malformed authentication trailer",
            DropCause::TrailerKey => "unknown authentication key id",
            DropCause::TrailerHmac => "invalid authentication HMAC: another key than ours",
            DropCause::TrailerStale => {
                "stale authentication trailer: sent again by somebody, or the clocks of the two \
                 nodes differ by more than time_window"
            }
            DropCause::TrailerReplay => {
                "replayed authentication trailer: sent again by somebody, or its sender's clock was \
                 set back"
            }
        }
    }
}

/// Why a router changed its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The daemon started, or the router was added by a reload.
    Started,
    /// It owns the addresses.
    Owner,
    /// The Active router was silent for the down interval.
    Silence,
    /// The Active router has a lower priority than we have.
    Preempts {
        /// Who.
        from: IpAddr,
        /// With which priority.
        priority: Priority,
    },
    /// At the start nobody was heard, and nobody answered for the address (`start_probe`).
    Alone,
    /// The Active router resigned with priority 0.
    Resigned,
    /// Somebody with a better claim advertises.
    Outranked {
        /// Who.
        by: IpAddr,
        /// With which priority.
        priority: Priority,
    },
    /// Another member of its sync group changed, and it follows.
    SyncGroup,
    /// After a pause of this host somebody else is Active.
    Superseded {
        /// Who.
        by: IpAddr,
    },
    /// A fault.
    Fault(Fault),
    /// The last fault is gone.
    FaultCleared,
    /// Addresses were deleted by others too often.
    AddressesLost,
    /// The Active router has asked us to take over.
    HandedOver(IpAddr),
    /// We have asked somebody to take over, who did.
    HandedTo(IpAddr),
    /// The node of the Active router gives no sign of life (`fast_detect`).
    PeerSilent(IpAddr),
    /// An operator has moved it to another node.
    Switchover,
    /// An operator has drained the node.
    Drained,
    /// The daemon stops.
    Stopping,
    /// The router is gone from the configuration.
    Removed,
    /// It came back into the configuration before anybody had taken over.
    ConfiguredAgain,
    /// This host did not run for so long, and a peer should have taken over.
    Stalled(Micros),
}

/// What makes a router unable to take part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The interface does not exist.
    InterfaceMissing(String),
    /// The interface is down.
    InterfaceDown(String),
    /// A tracked interface is down.
    TrackedInterfaceDown(String),
    /// A tracked check failed.
    CheckFailed(String),
    /// The interface has no address of our family to send from.
    NoAddress(String),
    /// There is no unicast peer (`unicast_fault_no_peer`).
    NoPeer,
    /// The configured source address is not on the interface (`track_src_ip`).
    SourceMissing(IpAddr),
    /// The number in a tracked file.
    FileNumber(String),
    /// Too few or too many processes.
    ProcessQuorum(String),
    /// A BFD session is down.
    BfdDown(String),
    /// Another member of the sync group cannot take part.
    SyncGroup(String),
    /// An operator has drained the node, also as the last resort.
    Drained,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::InterfaceMissing(name) => write!(f, "interface {name} does not exist"),
            Fault::InterfaceDown(name) => write!(f, "interface {name} down"),
            Fault::TrackedInterfaceDown(name) => write!(f, "tracked interface {name} down"),
            Fault::CheckFailed(name) => write!(f, "check {name} failed"),
            Fault::NoAddress(name) => write!(f, "no address on interface {name} to send from"),
            Fault::SyncGroup(group) => {
                write!(f, "another member of sync group {group} is in FAULT")
            }
            Fault::NoPeer => f.write_str("no unicast_peer"),
            Fault::SourceMissing(address) => {
                write!(f, "source address {address} is not on the interface")
            }
            Fault::FileNumber(name) => write!(f, "tracked file {name}"),
            Fault::ProcessQuorum(name) => write!(f, "tracked process {name}"),
            Fault::BfdDown(name) => write!(f, "BFD session {name} down"),
            Fault::Drained => f.write_str("the node is drained (drain --hard)"),
        }
    }
}

/// What differs between two nodes that should be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// The key: password, `auth_hmac`, or none.
    Authentication,
    /// The list of addresses.
    Addresses,
    /// The protocol version.
    Version,
    /// The advertisement interval.
    Interval,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A router entered a state.
    Entering {
        /// Which.
        state: State,
        /// Why.
        cause: Cause,
    },
    /// The down timer of a Backup ran out.
    AdvertisementTimeout,
    /// A Backup heard priority 0.
    BackupHeardResign(IpAddr),
    /// An Active heard priority 0.
    ActiveHeardResign(IpAddr),
    /// We sent priority 0.
    SentResign,
    /// An Active heard a better one.
    HeardHigher {
        /// Who.
        from: IpAddr,
        /// Its priority.
        theirs: Priority,
        /// Our effective priority.
        ours: Priority,
    },
    /// An Active heard a worse one.
    HeardLower {
        /// Who.
        from: IpAddr,
        /// Its priority.
        theirs: Priority,
        /// Our effective priority.
        ours: Priority,
        /// How many this line stands for.
        times: u64,
    },
    /// A Backup that preempts heard a worse one.
    Discarding {
        /// Who.
        from: IpAddr,
        /// Its priority.
        theirs: Priority,
        /// How many this line stands for.
        times: u64,
    },
    /// The router that we follow is another one.
    Following {
        /// Now.
        now: IpAddr,
        /// Before, if any.
        before: Option<IpAddr>,
    },
    /// The preempt delay runs.
    PreemptDelayStarted(Micros),
    /// The preempt delay ended without a takeover.
    PreemptDelayStopped,
    /// The Active router's interval differs from ours (version 3).
    IntervalLearned {
        /// Before.
        before: Micros,
        /// Now.
        now: Micros,
    },
    /// A unicast peer makes version 3 checksums another way than it did.
    PeerChecksum {
        /// Which.
        peer: IpAddr,
        /// As keepalived up to 1.3.6 did.
        old: bool,
    },
    /// The address list of an accepted advertisement is not ours.
    AddressListDiffers {
        /// Who sent it.
        from: IpAddr,
        /// How many this line stands for.
        times: u64,
    },
    /// Packets were not taken.
    Dropped {
        /// Why.
        cause: DropCause,
        /// Who sent the last one.
        from: IpAddr,
        /// How many this line stands for.
        times: u64,
    },
    /// An advertisement from none of the unicast peers counted, because none of them was heard yet.
    StrangerBelieved {
        /// Who sent the last one.
        from: IpAddr,
        /// How many this line stands for.
        times: u64,
    },
    /// Packets for virtual routers that are not configured on the interface.
    UnknownVrid {
        /// The last one.
        vrid: u8,
        /// Where it came in.
        interface: String,
        /// Who sent it.
        from: IpAddr,
        /// How many this line stands for.
        times: u64,
    },
    /// Two routers claim to own the addresses.
    TwoOwners(IpAddr),
    /// The effective priority changed.
    Priority {
        /// Before.
        before: Priority,
        /// Now.
        now: Priority,
    },
    /// Base priority and weights come to less than 1 or more than 254.
    PriorityClamped {
        /// To what they come.
        total: i32,
        /// What counts.
        now: Priority,
    },
    /// A fault appeared in a router that is already in FAULT, or in one that enters it.
    FaultAppeared(Fault),
    /// A fault went away.
    FaultGone(Fault),
    /// Addresses are being added.
    SettingAddresses(usize),
    /// Addresses are being removed.
    RemovingAddresses(usize),
    /// The kernel refused an address.
    AddressFailed {
        /// Add it, or remove it.
        adding: bool,
        /// Which.
        address: IpAddr,
        /// Why.
        error: Errno,
    },
    /// Somebody else deleted an address; it is back.
    AddressRestored(IpAddr),
    /// Routes or rules are being added.
    SettingFixtures(FixtureKind),
    /// Routes or rules are being removed.
    RemovingFixtures(FixtureKind),
    /// The kernel refused a route or rule.
    FixtureFailed {
        /// Add it, or remove it.
        adding: bool,
        /// Which.
        fixture: Fixture,
        /// Why.
        error: Errno,
    },
    /// Somebody else deleted a route or rule; it is back.
    FixtureRestored(Fixture),
    /// An address of ours was there before we started.
    AddressKept(IpAddr),
    /// Somebody else answers for one of our addresses.
    OtherHolder {
        /// The address.
        address: IpAddr,
        /// Whose hardware address.
        mac: MacAddress,
        /// How many this line stands for.
        times: u64,
    },
    /// Somebody answers for an address while we start: it is not served early.
    StartProbeAnswered {
        /// The address.
        address: IpAddr,
        /// Whose hardware address.
        mac: MacAddress,
    },
    /// This host did not run for a while.
    Paused(Micros),
    /// Nobody else appeared after a pause.
    Reasserting,
    /// We go on answering until a successor is there.
    AwaitingSuccessor(Micros),
    /// A successor advertises.
    SuccessorHeard {
        /// Who.
        from: IpAddr,
        /// With which priority.
        priority: Priority,
    },
    /// A peer is asked to take over.
    HandingOver {
        /// Which.
        to: IpAddr,
    },
    /// It does not.
    HandoverRefused {
        /// Who.
        by: IpAddr,
        /// Why; `None`: it did not answer.
        why: Option<Answer>,
    },
    /// A peer asks us to take over, and we do not.
    TakeRefused {
        /// Who asks.
        from: IpAddr,
        /// Why.
        why: Answer,
    },
    /// Another Standfast node was found.
    PeerFound {
        /// Where.
        address: IpAddr,
        /// How it calls itself.
        name: String,
    },
    /// Nothing is heard of another Standfast node any more.
    PeerLost {
        /// Where it was.
        address: IpAddr,
        /// How it called itself.
        name: String,
    },
    /// What has to agree with a peer does not.
    PeerDiffers {
        /// Where it is.
        address: IpAddr,
        /// What differs.
        what: Difference,
    },
    /// A peer that is watched gives no sign of life and does not answer.
    PeerSilent {
        /// Where it is.
        address: IpAddr,
        /// For how long.
        silence: Micros,
    },
    /// A peer that is watched gives no sign of life, but is there.
    PeerMute(IpAddr),
    /// No successor within the bound.
    NoSuccessor,
    /// The addresses are released; the router is done.
    Released,
    /// A check ended as before, or not.
    CheckResult {
        /// How.
        outcome: CheckOutcome,
        /// What it printed.
        output: String,
        /// How long it took; `None` where nothing was asked.
        took: Option<Micros>,
    },
    /// A check is about to fail: its repair command is run first.
    Repairing {
        /// Which try, from 1.
        attempt: u32,
        /// Of how many.
        attempts: u32,
    },
    /// The repair command ended.
    RepairDone {
        /// How.
        outcome: CheckOutcome,
        /// What it printed.
        output: String,
    },
    /// The service is well after its repair.
    Repaired,
    /// A check is now up or down.
    CheckIs {
        /// Up or down.
        up: bool,
    },
    /// A tracked process or session is now up or down.
    TrackedIs {
        /// Up or down.
        up: bool,
    },
    /// The number in a tracked file.
    TrackedNumber(i32),
    /// Nobody takes over before this time has passed (`vrrp_startup_delay`).
    StartDelayed(Micros),
    /// It has passed.
    StartDelayOver,
    /// A check is still running when its next run is due.
    CheckOverran,
    /// A check cannot run and is left out of the priority.
    CheckUnusable(String),
    /// A tracked check is not configured.
    UnknownCheck(String),
    /// The members of a sync group follow one of them.
    Syncing(State),
    /// A member of a sync group is ready to be Active and waits for the others.
    AwaitsGroup,
    /// The specification was replaced.
    Reloaded,
    /// The specification that comes takes these addresses, with their prefix lengths, away from a router that serves, and
    /// gives them to no other.
    ReloadRemoves(Vec<(IpAddr, u8)>),
    /// An operator moves a router to another node.
    SwitchoverAsked {
        /// Who asks.
        who: String,
    },
    /// A move that an operator has asked for is over: another node is Active.
    Moved {
        /// Which.
        to: IpAddr,
        /// From the request on.
        took: Micros,
        /// From when we let go of an address until its announcement by the other one was heard, in microseconds; negative:
        /// so long both answered. `None`: no announcement was heard.
        gap_us: Option<i64>,
    },
    /// Nobody has taken over what was to be moved.
    ServesOn,
    /// The node gives up everything.
    DrainBegan {
        /// Who asks.
        who: String,
        /// Also as the last resort.
        hard: bool,
        /// For how long.
        time: Option<Micros>,
    },
    /// The time of a drain is over.
    DrainEnded,
    /// An operator ends drains and reserve.
    Resumed {
        /// Who.
        who: String,
    },
    /// A check keeps its state and is not run.
    CheckPaused {
        /// Who asks.
        who: String,
        /// For how long.
        time: Option<Micros>,
    },
    /// A check that was paused runs again.
    CheckResumed {
        /// Who asks; none: the time is over.
        who: Option<String>,
    },
}

impl Event {
    /// How much it matters.
    #[expect(clippy::too_many_lines, reason = "a list with a line for each event")]
    pub fn level(&self) -> Level {
        match self {
            Event::Entering {
                state: State::Fault,
                ..
            }
            | Event::FaultAppeared(_)
            | Event::CheckIs { up: false }
            | Event::TrackedIs { up: false }
            | Event::PeerLost { .. }
            | Event::NoSuccessor => Level::Warning,
            Event::Entering { .. }
            | Event::HeardHigher { .. }
            | Event::HeardLower { .. }
            | Event::Discarding { .. }
            | Event::SentResign
            | Event::Priority { .. }
            | Event::FaultGone(_)
            | Event::AwaitingSuccessor(_)
            | Event::SuccessorHeard { .. }
            | Event::HandingOver { .. }
            | Event::PeerFound { .. }
            | Event::Released
            | Event::CheckIs { .. }
            | Event::Repairing { .. }
            | Event::Repaired
            | Event::TrackedIs { .. }
            | Event::PriorityClamped { .. }
            | Event::StartDelayed(_)
            | Event::StartDelayOver
            | Event::Reasserting
            | Event::AddressKept(_)
            | Event::Syncing(_)
            | Event::SwitchoverAsked { .. }
            | Event::Moved { .. }
            | Event::DrainBegan { .. }
            | Event::DrainEnded
            | Event::Resumed { .. }
            | Event::CheckPaused { .. }
            | Event::CheckResumed { .. }
            | Event::Reloaded
            | Event::ReloadRemoves(_) => Level::Info,
            Event::AdvertisementTimeout
            | Event::AwaitsGroup
            | Event::TrackedNumber(_)
            | Event::BackupHeardResign(_)
            | Event::ActiveHeardResign(_)
            | Event::Following { .. }
            | Event::PreemptDelayStarted(_)
            | Event::PreemptDelayStopped
            | Event::IntervalLearned { .. }
            | Event::SettingAddresses(_)
            | Event::RemovingAddresses(_)
            | Event::SettingFixtures(_)
            | Event::RemovingFixtures(_) => Level::Detail,
            Event::CheckResult { outcome, .. } | Event::RepairDone { outcome, .. } => match outcome
            {
                CheckOutcome::Passed => Level::Detail,
                _ => Level::Info,
            },
            Event::AddressListDiffers { .. }
            | Event::Dropped { .. }
            | Event::StrangerBelieved { .. }
            | Event::PeerChecksum { .. }
            | Event::UnknownVrid { .. }
            | Event::AddressRestored(_)
            | Event::FixtureRestored(_)
            | Event::OtherHolder { .. }
            | Event::StartProbeAnswered { .. }
            | Event::CheckOverran
            | Event::HandoverRefused { .. }
            | Event::TakeRefused { .. }
            | Event::PeerDiffers { .. }
            | Event::PeerSilent { .. }
            | Event::PeerMute(_)
            | Event::ServesOn
            | Event::Paused(_) => Level::Warning,
            Event::TwoOwners(_)
            | Event::AddressFailed { .. }
            | Event::FixtureFailed { .. }
            | Event::CheckUnusable(_)
            | Event::UnknownCheck(_) => Level::Error,
        }
    }
}

/// The last [`JOURNAL_LENGTH`] entries.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: VecDeque<Entry>,
}

impl Journal {
    pub(crate) fn push(&mut self, entry: Entry) {
        if self.entries.len() == JOURNAL_LENGTH {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// Oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}
