//! A virtual host: kernel, inbox and supervisor around one core.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use standfast_core::estate::Execution;
use standfast_core::input::{
    Change, CheckId, Errno, HostAddress, InterfaceIndex, Link, OperationId, Origin, RouterId,
};
use standfast_core::spec::{NodeIdentity, Spec, Tracked, VirtualAddress};
use standfast_core::steering::{Answer, Drain, Order, OrderId};
use standfast_core::wire::MacAddress;
use standfast_core::wire::peer::NodeNumber;
use standfast_core::{Instant, Micros, Node};

use crate::frame::Frame;

/// The number of the LAN's interface on every host.
pub(crate) const ETH0: InterfaceIndex = InterfaceIndex(2);
/// Frames that wait for a host that does not run: about what a default socket buffer holds.
pub(crate) const INBOX_FRAMES: usize = 256;
/// The kernel refuses for want of memory.
const ENOBUFS: Errno = Errno(105);

/// A host of the LAN, in the order of [`crate::Lan::add_node`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub usize);

/// What a host is before it starts.
#[derive(Clone, Debug)]
pub struct NodeSetup {
    /// Its own IPv4 address on the LAN.
    pub address: Ipv4Addr,
    /// The name of its interface to the LAN; routers and tracks name others at their own risk, for
    /// those do not exist here.
    pub interface: String,
    /// What it is asked to do.
    pub spec: Spec,
}

/// What dies and what stays when a core crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The supervisor lives: it resigns for the worker and goes on answering.
    Worker,
    /// Everything of the daemon is gone; the addresses stay.
    Everything,
}

/// Something on its way into a core.
#[derive(Clone, Debug)]
pub(crate) enum Arrival {
    Frame(Frame),
    KernelDone(OperationId, Vec<Result<(), Errno>>),
    AddressAdded(HostAddress),
    AddressRemoved(HostAddress),
    CheckDone(CheckId),
    RepairDone(CheckId),
    Observed(Tracked, i32),
    NotifyDone(RouterId),
    Link(Link),
    Spec(Box<Spec>),
    ClockStep(Micros),
    Order(Order),
    Stop,
}

#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) address: Ipv4Addr,
    pub(crate) mac: MacAddress,
    pub(crate) interface: String,
    pub(crate) spec: Spec,
    pub(crate) node: Option<Node>,
    /// Counts starts and ends of the core: what was meant for an earlier one is dropped.
    pub(crate) epoch: u64,
    pub(crate) link_up: bool,
    pub(crate) paused: bool,
    pub(crate) inbox: VecDeque<Arrival>,
    /// Results and kernel events on their way.
    pub(crate) outstanding: usize,
    /// Virtual addresses in the kernel.
    pub(crate) kernel: BTreeMap<IpAddr, VirtualAddress>,
    /// Kernel operations that will still fail.
    pub(crate) refusals: u32,
    pub(crate) refused_removal_at: Option<Instant>,
    pub(crate) supervisor: Vec<Execution>,
    /// What every check of the host finds.
    pub(crate) check_passes: bool,
    /// What every tracked file of the host says; tracked processes run while it is 0.
    pub(crate) number: i32,
    /// What a restart begins with.
    pub(crate) drain: Option<Drain>,
    /// Answers to orders, in the order in which they came.
    pub(crate) answers: Vec<(OrderId, Answer)>,
    pub(crate) last_advertised: Option<Instant>,
    pub(crate) last_reply: Instant,
}

impl Host {
    pub(crate) fn new(id: NodeId, setup: NodeSetup) -> Self {
        let last = u8::try_from(id.0 + 1).unwrap_or(u8::MAX);
        Host {
            address: setup.address,
            mac: MacAddress([2, 0, 0, 0, 0, last]),
            interface: setup.interface,
            spec: setup.spec,
            node: None,
            epoch: 0,
            link_up: true,
            paused: false,
            inbox: VecDeque::new(),
            outstanding: 0,
            kernel: BTreeMap::new(),
            refusals: 0,
            refused_removal_at: None,
            supervisor: Vec::new(),
            check_passes: true,
            number: 0,
            drain: None,
            answers: Vec::new(),
            last_advertised: None,
            last_reply: Instant(0),
        }
    }

    /// The number of this run on the peer channel: never the same again.
    pub(crate) fn name_itself(&mut self) {
        let [.., last] = self.mac.0;
        self.spec.node = NodeIdentity {
            number: NodeNumber(u64::from(last) << 32 | self.epoch),
            name: format!("node {}", self.address),
        };
    }

    pub(crate) fn link(&self) -> Link {
        Link {
            index: ETH0,
            name: self.interface.clone(),
            up: self.link_up,
            mac: self.mac,
        }
    }

    pub(crate) fn own_address(&self) -> HostAddress {
        HostAddress {
            interface: ETH0,
            address: IpAddr::V4(self.address),
            prefix: 24,
            secondary: false,
            origin: Origin::Foreign,
        }
    }

    pub(crate) fn virtual_address(held: &VirtualAddress, origin: Origin) -> HostAddress {
        HostAddress {
            interface: ETH0,
            address: held.address,
            prefix: held.prefix,
            secondary: true,
            origin,
        }
    }

    /// Changes the kernel's addresses as rtnetlink(7) would; returns one result each.
    pub(crate) fn change(
        &mut self,
        now: Instant,
        change: Change,
        addresses: &[(InterfaceIndex, VirtualAddress)],
    ) -> Vec<Result<(), Errno>> {
        addresses
            .iter()
            .map(|(index, address)| self.change_one(now, change, *index, address))
            .collect()
    }

    fn change_one(
        &mut self,
        now: Instant,
        change: Change,
        index: InterfaceIndex,
        address: &VirtualAddress,
    ) -> Result<(), Errno> {
        if index != ETH0 {
            return Err(Errno::ENODEV);
        }
        if let Some(left) = self.refusals.checked_sub(1) {
            self.refusals = left;
            if change == Change::Remove {
                self.refused_removal_at = Some(now);
            }
            return Err(ENOBUFS);
        }
        let there = self.kernel.contains_key(&address.address);
        match (change, there) {
            (Change::Add, true) => Err(Errno::EEXIST),
            (Change::Add, false) => {
                self.kernel.insert(address.address, address.clone());
                Ok(())
            }
            (Change::Remove, true) => {
                self.kernel.remove(&address.address);
                Ok(())
            }
            (Change::Remove, false) => Err(Errno::EADDRNOTAVAIL),
        }
    }

    /// Whether neighbours can get an answer for an address from this host.
    pub(crate) fn answers_for(&self, address: IpAddr) -> bool {
        self.link_up && (self.kernel.contains_key(&address) || address == IpAddr::V4(self.address))
    }

    /// When this host does something by itself.
    pub(crate) fn next_wakeup(&self) -> Option<Instant> {
        if self.paused {
            return None;
        }
        let core = self.node.as_ref().and_then(Node::next_wakeup);
        let supervisor = self.supervisor.iter().map(Execution::release_at).min();
        core.map(|(due, _)| due).into_iter().chain(supervisor).min()
    }

    /// Puts something aside until the host runs again; frames beyond the buffer are lost.
    pub(crate) fn keep(&mut self, arrival: Arrival) {
        let frames = |kept: &&Arrival| matches!(kept, Arrival::Frame(_));
        let full = self.inbox.iter().filter(frames).count() >= INBOX_FRAMES;
        if !(full && matches!(arrival, Arrival::Frame(_))) {
            self.inbox.push_back(arrival);
        }
    }
}
