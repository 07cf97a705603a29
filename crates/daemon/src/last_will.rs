//! Executes what a dead worker left to do: resign, answer until a successor is there, let go.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;

use standfast_core::estate::Execution;
use standfast_core::input::InterfaceIndex;
use standfast_core::journal::Level;
use standfast_core::spec::VirtualAddress;
use standfast_core::{Instant, Micros};
use standfast_linux::clock::monotonic;
use standfast_linux::netlink::{Action, AddressChange, Commands, RoutingRequest};
use standfast_linux::packet::PacketRing;
use standfast_linux::poller::{Interest, Poller, ReadyList, Wait};
use standfast_linux::signals::{Signal, Signals};
use standfast_linux::vrrp::{DEFAULT_BUFFER, Sender, Socket};
use standfast_linux::{Error, Interface, arp, ndp, sealed};
use standfast_wire::arp::Arp;
use standfast_wire::ndp::NeighbourAdvertisement;

use crate::log::Sink;
use crate::message::Will;
use crate::worker::read_packet;

/// How it ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Some addresses are still there: nobody took over in time.
    pub(crate) still_serving: bool,
    /// Somebody asked us to stop meanwhile.
    pub(crate) stop: bool,
}

/// One router's will and what it takes to execute it.
struct Case {
    execution: Execution,
    will: Will,
    vrrp: Socket,
    sealed: Option<sealed::Socket>,
    arp: Vec<arp::Socket>,
    ndp: Vec<ndp::Socket>,
    done: bool,
}

/// Longest wait of one turn: systemd's watchdog wants to hear of us meanwhile.
const TURN: Micros = Micros::from_millis(500);
const SIGNALS: u64 = 0;
const FIRST_CASE: u64 = 1;

fn now() -> Instant {
    Instant(monotonic().0)
}

/// Blocks until every will is executed; `keep` leaves the addresses of a router without a successor
/// to the next worker. `alive` is called at least every [`TURN`].
pub(crate) fn execute(
    wills: impl Iterator<Item = Will>,
    signals: &Signals,
    keep: bool,
    sink: &mut Sink,
    alive: &mut dyn FnMut(),
) -> Result<Outcome, Error> {
    let poller = Poller::new()?;
    poller.add(signals.as_fd(), SIGNALS, Interest::Read)?;
    let mut commands = Commands::open()?;
    let mut cases = Vec::new();
    for will in wills {
        match begin(&will, &mut commands, sink) {
            Ok(Some(case)) => cases.push(case),
            Ok(None) => {}
            Err(error) => {
                // Whoever cannot hear a successor must not answer beside one.
                sink.error(&format!("{error}: letting go at once"));
                remove_routing(&mut commands, &will);
                remove(&mut commands, &will, |_| true);
            }
        }
    }
    for (token, case) in (FIRST_CASE..).zip(&cases) {
        let arp = case.arp.iter().map(AsFd::as_fd);
        let ndp = case.ndp.iter().map(AsFd::as_fd);
        let sealed = case.sealed.iter().map(AsFd::as_fd);
        let vrrp = std::iter::once(case.vrrp.as_fd());
        for socket in vrrp.chain(sealed).chain(arp).chain(ndp) {
            poller.add(socket, token, Interest::Read)?;
        }
    }
    let mut outcome = Outcome::default();
    let mut ring = PacketRing::new();
    let mut ready = ReadyList::new();
    while let Some(due) = cases
        .iter()
        .filter(|case| !case.done)
        .map(|case| case.execution.release_at())
        .min()
    {
        let wait = due.since(now()).min(TURN);
        let wait = standfast_linux::clock::Micros(wait.0);
        poller.wait(&mut ready, Wait::AtMost(wait))?;
        alive();
        if read_stop(signals) {
            // A first request ends the service, a second one the waiting.
            if std::mem::replace(&mut outcome.stop, true) {
                release_all(&mut cases, &mut commands, sink);
            }
        }
        for case in cases.iter_mut().filter(|case| !case.done) {
            case.listen(&mut ring, &mut commands);
            let keep = keep && !outcome.stop;
            outcome.still_serving |= case.conclude(keep, &mut commands, sink);
        }
    }
    Ok(outcome)
}

fn read_stop(signals: &Signals) -> bool {
    let mut stop = false;
    while let Ok(Some(received)) = signals.read() {
        stop |= matches!(received.signal, Signal::Terminate | Signal::Interrupt);
    }
    stop
}

fn release_all(cases: &mut [Case], commands: &mut Commands, sink: &mut Sink) {
    for case in cases.iter_mut().filter(|case| !case.done) {
        case.release(commands, sink);
    }
}

/// Resigns for the dead router. One that must not overlap with its successor lets go first.
fn begin(will: &Will, commands: &mut Commands, sink: &mut Sink) -> Result<Option<Case>, Error> {
    let (interface, Some(estate)) = (will.interface(), will.estate()) else {
        return Ok(None);
    };
    if interface.is_none() && will.has_interface() {
        return Ok(None);
    }
    let exclusive = estate.bound == Micros::ZERO;
    if exclusive {
        remove_routing(commands, will);
        remove(commands, will, |_| true);
    }
    let mut vrrp = Socket::open(interface, estate.listens_at, DEFAULT_BUFFER)?;
    vrrp.set_wanted(&[estate.vrid.get()])?;
    let mut sealed = None;
    if let (Some(_), IpAddr::V4(listens_at)) = (&estate.header_key, estate.listens_at) {
        let mut socket = sealed::Socket::open(interface, listens_at, DEFAULT_BUFFER)?;
        socket.set_wanted(&[estate.vrid.get()])?;
        sealed = Some(socket);
    }
    let (arp, ndp) = watch(will)?;
    let resignations = estate.resign(now());
    let packets: Vec<&[u8]> = resignations.iter().map(Vec::as_slice).collect();
    let sent = Sender::open_for(will.sender(), estate.listens_at)?.send(&packets);
    // A link that is down takes nothing, and nobody there hears us anyway. Whatever else refuses it,
    // the others take over when they have waited for their down interval.
    if let Some(error) = sent.failure.filter(|error| error.errno.0 != ENETDOWN) {
        sink.error(&error.to_string());
    }
    Ok(Some(Case {
        execution: Execution::begin(estate, now()),
        will: will.clone(),
        vrrp,
        sealed,
        arp,
        ndp,
        done: exclusive,
    }))
}

/// Sockets that hear who else claims the addresses, where they are.
fn watch(will: &Will) -> Result<(Vec<arp::Socket>, Vec<ndp::Socket>), Error> {
    let mut v4: BTreeMap<Interface, Vec<Ipv4Addr>> = BTreeMap::new();
    let mut v6: BTreeMap<Interface, Vec<Ipv6Addr>> = BTreeMap::new();
    for held in &will.addresses {
        match (held.interface(), held.address) {
            (Some(interface), IpAddr::V4(address)) => {
                v4.entry(interface).or_default().push(address);
            }
            (Some(interface), IpAddr::V6(address)) => {
                v6.entry(interface).or_default().push(address);
            }
            (None, _) => {}
        }
    }
    let arp = v4.into_iter().map(|(interface, addresses)| {
        let mut socket = arp::Socket::open(interface)?;
        socket.watch(&addresses)?;
        Ok(socket)
    });
    let ndp = v6.into_iter().map(|(interface, addresses)| {
        let mut socket = ndp::Socket::open(interface)?;
        socket.watch(&addresses)?;
        Ok(socket)
    });
    Ok((
        arp.collect::<Result<_, Error>>()?,
        ndp.collect::<Result<_, Error>>()?,
    ))
}

const ENETDOWN: i32 = 100;

impl Case {
    fn listen(&mut self, ring: &mut PacketRing, commands: &mut Commands) {
        if let Ok(packets) = self.vrrp.receive(ring) {
            for packet in packets {
                if let Some(packet) = read_packet(self.execution.estate().interface, &packet) {
                    self.execution.heard(
                        now(),
                        packet.source,
                        packet.destination,
                        packet.ttl,
                        packet.message,
                    );
                }
            }
        }
        if let Some(Ok(packets)) = self.sealed.as_ref().map(|socket| socket.receive(ring)) {
            for packet in packets {
                self.execution.heard_sealed(now(), packet.bytes);
            }
        }
        for address in self.claimed(ring) {
            let gone = self.execution.announced(address);
            remove_these(commands, &self.will, &gone);
        }
    }

    /// Addresses that somebody else has claimed.
    fn claimed(&self, ring: &mut PacketRing) -> Vec<IpAddr> {
        let mut claimed = Vec::new();
        for socket in &self.arp {
            if let Ok(packets) = socket.receive(ring) {
                let senders = packets.filter_map(|packet| Arp::parse(packet.bytes).ok());
                claimed.extend(senders.map(|arp| IpAddr::V4(arp.sender)));
            }
        }
        for socket in &self.ndp {
            if let Ok(packets) = socket.receive(ring) {
                let all =
                    packets.filter_map(|packet| NeighbourAdvertisement::parse(packet.bytes).ok());
                claimed.extend(all.map(|advertisement| IpAddr::V6(advertisement.target)));
            }
        }
        claimed
    }

    /// Ends the case when its time has come; true if its addresses stay.
    fn conclude(&mut self, keep: bool, commands: &mut Commands, sink: &mut Sink) -> bool {
        let emptied = self.execution.estate().addresses.is_empty();
        if now() < self.execution.release_at() && !emptied {
            return false;
        }
        if keep && !self.execution.succeeded() && !emptied {
            sink.log(
                Level::Warning,
                "nobody took over the addresses of the dead worker; they stay for the next one",
            );
            self.done = true;
            return true;
        }
        self.release(commands, sink);
        false
    }

    fn release(&mut self, commands: &mut Commands, sink: &mut Sink) {
        let left: Vec<(InterfaceIndex, VirtualAddress)> = self.execution.estate().addresses.clone();
        remove_routing(commands, &self.will);
        remove_these(commands, &self.will, &left);
        sink.info("released the addresses of the dead worker");
        self.done = true;
    }
}

/// Routes and rules, before the last address.
fn remove_routing(commands: &mut Commands, will: &Will) {
    let removals = will.removals.iter();
    let requests: Vec<RoutingRequest> = removals
        .filter_map(|bytes| RoutingRequest::from_bytes(bytes))
        .collect();
    // What is gone already needs no removal.
    commands.apply_routing(&requests, &mut Vec::new());
}

fn remove_these(
    commands: &mut Commands,
    will: &Will,
    addresses: &[(InterfaceIndex, VirtualAddress)],
) {
    remove(commands, will, |address| {
        addresses.iter().any(|(_, held)| held.address == address)
    });
}

fn remove(commands: &mut Commands, will: &Will, wanted: impl Fn(IpAddr) -> bool) {
    let changes: Vec<AddressChange> = will
        .addresses
        .iter()
        .filter(|held| wanted(held.address))
        .filter_map(|held| {
            let interface: Interface = held.interface()?;
            let change = AddressChange::new(Action::Remove, interface, held.address, held.prefix);
            Some(change.with_peer(held.peer))
        })
        .collect();
    // What is gone already needs no removal.
    commands.apply(&changes, &mut Vec::new());
}
