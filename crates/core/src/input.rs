//! What comes into a node and what comes out of it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use standfast_wire::MacAddress;
use standfast_wire::vrrp::Priority;

use crate::journal::Entry;
use crate::probe::ProbeFailure;
use crate::spec::{Fixture, Spec, Tracked, VirtualAddress};
use crate::steering::{Answer, Drain, Order, OrderId};
use crate::time::Micros;

/// Number of an interface in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceIndex(pub u32);

impl InterfaceIndex {
    /// No particular one: where a unicast router without an interface sends and hears.
    pub const ANY: InterfaceIndex = InterfaceIndex(0);
}

/// A virtual router of this node; stays the same across reloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouterId(pub u32);

/// A check of this node; stays the same while its definition does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(pub u32);

/// A kernel operation, to match its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub u64);

/// Something that happened outside.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// A VRRP packet arrived.
    Packet(Packet<'a>),
    /// A whole IPv4 packet of protocol 51 arrived: VRRP in an authentication header.
    Sealed {
        /// Where.
        interface: InterfaceIndex,
        /// From the first byte of the IPv4 header on; may be anything.
        packet: &'a [u8],
    },
    /// A message of the peer channel arrived.
    Peer(PeerPacket<'a>),
    /// A host that a message of the peer channel was sent to has no use for it (ICMP).
    PeerUnreachable {
        /// From where it was sent.
        interface: InterfaceIndex,
        /// The host.
        address: IpAddr,
    },
    /// The wall clock shows this, since 1970. To be given before the first [`Input::Spec`] and
    /// about once a second, where `auth_hmac` or AH is configured.
    WallClock(Micros),
    /// An ARP message with a sender address that may be one of ours arrived; never our own.
    Arp {
        /// Where.
        interface: InterfaceIndex,
        /// Sender protocol address.
        sender: Ipv4Addr,
        /// Sender hardware address.
        mac: MacAddress,
    },
    /// A Neighbour Advertisement for an address that may be one of ours arrived; never our own.
    NeighbourAdvertisement {
        /// Where.
        interface: InterfaceIndex,
        /// The address that it tells of.
        target: Ipv6Addr,
        /// The hardware address that it claims for it.
        mac: MacAddress,
    },
    /// An interface is there, or changed.
    Link(Link),
    /// An interface went away.
    LinkRemoved(InterfaceIndex),
    /// An address is there.
    AddressAdded(HostAddress),
    /// An address went away.
    AddressRemoved(HostAddress),
    /// Routes and rules that the kernel was asked to add are not there any more.
    FixturesMissing(Vec<Fixture>),
    /// A check ended.
    CheckDone {
        /// Which.
        check: CheckId,
        /// How.
        outcome: CheckOutcome,
        /// What it printed, bounded by the driver.
        output: String,
    },
    /// The command of a [`Output::Repair`] ended.
    RepairDone {
        /// Of which check.
        check: CheckId,
        /// How.
        outcome: CheckOutcome,
        /// What it printed, bounded by the driver.
        output: String,
    },
    /// Somebody looked at a tracked file, process or session, or at the process of a check; also if nothing has
    /// changed.
    Observed {
        /// Which.
        object: Tracked,
        /// The file's number, how many processes run, or 1 for a session that is up.
        seen: i32,
    },
    /// A kernel operation ended; one result per address, then one per route or rule, in order.
    KernelDone {
        /// Which.
        operation: OperationId,
        /// How, for each.
        results: Vec<Result<(), Errno>>,
    },
    /// The scripts of a [`Output::Notify`] that the router waits for have ended.
    NotifyDone(RouterId),
    /// A new specification: the first one, or a reload.
    Spec(Box<Spec>),
    /// The wall clock or the boot clock stepped against the monotonic clock: this host slept.
    ClockStep(Micros),
    /// An operator asks for something; answered with [`Output::Answer`].
    Order(Box<Order>),
    /// Leave everything; a second time: at once.
    Stop,
    /// Nothing but time has passed.
    Wakeup,
}

/// A received VRRP packet; its bytes may be anything.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Interface it came in on; [`InterfaceIndex::ANY`] from a socket that belongs to none.
    pub interface: InterfaceIndex,
    /// Sender.
    pub source: IpAddr,
    /// Group or host it was sent to.
    pub destination: IpAddr,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// The VRRP message.
    pub message: &'a [u8],
}

/// A received message of the peer channel; may be anything.
#[derive(Clone, Copy, Debug)]
pub struct PeerPacket<'a> {
    /// Interface it came in on, that of [`crate::router::Router::channel_place`].
    pub interface: InterfaceIndex,
    /// Sender.
    pub source: IpAddr,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// The message.
    pub message: &'a [u8],
}

/// A message of the peer channel to be sent, with TTL 255.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// From which interface; [`InterfaceIndex::ANY`] from none in particular.
    pub interface: InterfaceIndex,
    /// Sender.
    pub source: IpAddr,
    /// A host, or a multicast group.
    pub destination: IpAddr,
    /// The message.
    pub message: Vec<u8>,
}

/// State of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Number.
    pub index: InterfaceIndex,
    /// Name.
    pub name: String,
    /// `IFF_UP` and `IFF_RUNNING`.
    pub up: bool,
    /// Hardware address.
    pub mac: MacAddress,
}

/// An address that the kernel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostAddress {
    /// Interface.
    pub interface: InterfaceIndex,
    /// The address.
    pub address: IpAddr,
    /// Prefix length.
    pub prefix: u8,
    /// It follows a primary address of the same subnet.
    pub secondary: bool,
    /// Who put it there.
    pub origin: Origin,
}

/// Who put an address on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody else, or nobody knows.
    Foreign,
    /// An earlier run of ours, which is gone.
    Stale,
    /// An earlier run of ours, whose supervisor still answers for it.
    Serving,
}

/// Error number of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i32);

impl Errno {
    /// The rule is not there.
    pub const ENOENT: Errno = Errno(2);
    /// The route is not there.
    pub const ESRCH: Errno = Errno(3);
    /// Something failed that has no number of its own.
    pub const EIO: Errno = Errno(5);
    /// The address is there already.
    pub const EEXIST: Errno = Errno(17);
    /// The interface is gone.
    pub const ENODEV: Errno = Errno(19);
    /// The kernel does not have this address family, or it is switched off.
    pub const EAFNOSUPPORT: Errno = Errno(97);
    /// The address is not there.
    pub const EADDRNOTAVAIL: Errno = Errno(99);
    /// Nobody listens there.
    pub const ECONNREFUSED: Errno = Errno(111);
}

impl core::fmt::Display for Errno {
    /// The errors that an operator meets in words, the others by number (errno(3)).
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self.0 {
            1 => "operation not permitted",
            2 => "no such file",
            11 => "no more processes allowed",
            3 => "there is no such route",
            12 => "out of memory",
            22 => "invalid argument",
            95 => "the kernel does not support it",
            97 => "the kernel does not have this address family",
            101 => "the network is unreachable",
            13 => {
                "permission denied: not executable, or a directory on the way is closed to its user"
            }
            17 => "it is there already",
            19 => "no such interface",
            26 => "the file is open for writing",
            99 => "the address is not there",
            100 => "the interface is down",
            104 => "reset by the other side",
            105 => "no buffer space",
            110 => "no answer in time",
            111 => "connection refused",
            113 => "no route to the host",
            other => return write!(f, "error {other}, see errno(3)"),
        })
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    /// Exit status 0.
    Passed,
    /// Another exit status.
    Exited(i32),
    /// Killed by a signal.
    Signaled(i32),
    /// Still running after its time-out, and killed.
    TimedOut,
    /// Could not be started.
    NotStarted(Errno),
    /// A built-in check found its service wanting.
    Failed(ProbeFailure),
}

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send an advertisement; [`crate::Node::encode`] gives its bytes.
    Advertise {
        /// Of which router.
        router: RouterId,
        /// With which priority.
        priority: Priority,
    },
    /// Announce addresses (gratuitous ARP, unsolicited neighbour advertisement), each address once
    /// per round.
    Announce {
        /// Of which router.
        router: RouterId,
        /// Which addresses, and where.
        addresses: Vec<(InterfaceIndex, IpAddr)>,
        /// How many rounds.
        rounds: u16,
    },
    /// Send a message of the peer channel to the configured port.
    Peer(Datagram),
    /// Ask on the network whether somebody else holds an address, in a way that changes no neighbour
    /// table (ARP probe, or Neighbour Solicitation from the own link-local address); an answer comes back as
    /// [`Input::Arp`] or [`Input::NeighbourAdvertisement`].
    Probe {
        /// Where.
        interface: InterfaceIndex,
        /// For which address.
        address: IpAddr,
    },
    /// Change addresses, routes and rules in the kernel; answer with [`Input::KernelDone`]. What is added, is added
    /// after the addresses; what is removed, before them.
    Kernel {
        /// To match the result.
        operation: OperationId,
        /// Add or remove.
        change: Change,
        /// Which addresses, and where.
        addresses: Vec<(InterfaceIndex, VirtualAddress)>,
        /// Which routes and rules, in this order.
        fixtures: Vec<Fixture>,
    },
    /// Run a check; answer with [`Input::CheckDone`].
    RunCheck(CheckId),
    /// Run the command that may put a check's service right; answer with [`Input::RepairDone`].
    Repair(CheckId),
    /// Tell the outside that a router changed.
    Notify {
        /// Which router.
        router: RouterId,
        /// What.
        event: NotifyEvent,
        /// Effective priority.
        priority: Priority,
        /// The router waits for the scripts; answer with [`Input::NotifyDone`].
        wait: bool,
    },
    /// Tell the outside that a sync group changed.
    NotifyGroup {
        /// Its name.
        group: String,
        /// What.
        event: NotifyEvent,
    },
    /// An order is refused, or carried out.
    Answer {
        /// Which.
        order: OrderId,
        /// How.
        answer: Answer,
    },
    /// The drain that a restart is to begin with has changed.
    Drain(Option<Drain>),
    /// Something worth writing down.
    Event(Entry),
    /// Every router has left; the process may end.
    Stopped,
}

/// What is done to addresses, routes and rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Add them.
    Add,
    /// Remove them.
    Remove,
}

/// What notify scripts and FIFOs are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyEvent {
    /// Became Active.
    Master,
    /// Became Backup.
    Backup,
    /// Went to FAULT.
    Fault,
    /// The daemon stops.
    Stop,
    /// Active heard a lower priority.
    MasterRxLowerPri,
    /// Taken out of the configuration.
    Deleted,
    /// The effective priority changed while Active.
    MasterPriority,
    /// The effective priority changed while Backup.
    BackupPriority,
}
