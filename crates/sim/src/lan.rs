//! The LAN: hosts, clients, weather, and one clock for all.

mod effects;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use standfast_core::estate::Execution;
use standfast_core::input::{Origin, Output};
use standfast_core::router::State;
use standfast_core::spec::{RouterKey, RouterSpec, Spec, Tracked};
use standfast_core::steering::{Answer, Instruction, Order, OrderId};
use standfast_core::wire::arp::Arp;
use standfast_core::wire::vrrp::Priority;
use standfast_core::{Input, Instant, Micros, Node};

use crate::client::{Client, Stopwatch};
use crate::convert::{input_of, words};
use crate::frame::{self, Forgery, Frame, Kind, Port};
use crate::host::{Arrival, Crash, Host, NodeId, NodeSetup};
use crate::oracle::Oracle;
use crate::random::Random;
use crate::violation::{Breach, Violation};

/// The stranger's own address and the last byte of its hardware address.
const STRANGER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 250);

/// What the LAN does to frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// Frames lost, of 1,000.
    pub loss: u64,
    /// Frames that arrive twice, of 1,000.
    pub duplicates: u64,
    /// Shortest and longest delay; frames overtake each other within it.
    pub delay: (Micros, Micros),
}

impl Weather {
    /// A switch on a good day.
    pub const FAIR: Weather = Weather {
        loss: 0,
        duplicates: 0,
        delay: (Micros(50), Micros(300)),
    };
}

enum Event {
    /// Something reaches a host; what is not a frame counts for that epoch only.
    Arrive(NodeId, u64, Arrival),
    /// A frame reaches a client.
    Hear(usize, Frame),
}

/// A virtual LAN on a virtual clock.
#[derive(Debug)]
pub struct Lan {
    now: Instant,
    sequence: u64,
    events: BTreeMap<(Instant, u64), Event>,
    hosts: Vec<Host>,
    oracles: Vec<Oracle>,
    clients: Vec<Client>,
    cuts: BTreeSet<(Port, Port)>,
    /// Hosts whose firewall drops what the peer channel sends.
    blocked: BTreeSet<NodeId>,
    /// Messages of the peer channel, for whoever sends them again.
    recorded: VecDeque<Frame>,
    weather: Weather,
    random: Random,
    steps: u64,
    orders: u64,
    watched: BTreeMap<Ipv4Addr, Vacancy>,
    trace: Option<Vec<String>>,
}

#[derive(Debug, Default)]
struct Vacancy {
    unanswered: Stopwatch,
    doubled: Stopwatch,
    misled: Stopwatch,
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Event::Arrive(node, _, arrival) => write!(f, "{arrival:?} for node {}", node.0),
            Event::Hear(client, _) => write!(f, "a frame for client {client}"),
        }
    }
}

impl Lan {
    /// An empty LAN with that many clients.
    pub fn new(seed: u64, clients: usize) -> Self {
        Lan {
            // Not at 0: a core may not depend on it.
            now: Instant(10_000_000),
            sequence: 0,
            events: BTreeMap::new(),
            hosts: Vec::new(),
            oracles: Vec::new(),
            clients: (0..clients).map(|_| Client::default()).collect(),
            cuts: BTreeSet::new(),
            blocked: BTreeSet::new(),
            recorded: VecDeque::new(),
            weather: Weather::FAIR,
            random: Random::new(seed),
            steps: 0,
            orders: 0,
            watched: BTreeMap::new(),
            trace: None,
        }
    }

    /// Keeps a readable record from now on.
    pub fn record(&mut self) {
        self.trace = Some(Vec::new());
    }

    /// The record.
    pub fn trace(&self) -> &[String] {
        self.trace.as_deref().unwrap_or_default()
    }

    /// Connects a host, which does not run yet.
    pub fn add_node(&mut self, setup: NodeSetup) -> NodeId {
        let id = NodeId(self.hosts.len());
        self.watch(&setup.spec);
        self.hosts.push(Host::new(id, setup));
        self.oracles.push(Oracle::default());
        id
    }

    fn watch(&mut self, spec: &Spec) {
        let routers = spec.routers.iter();
        for held in routers.flat_map(RouterSpec::all_addresses) {
            if let IpAddr::V4(address) = held.address {
                self.watched.entry(address).or_default();
            }
        }
    }

    /// Every virtual address that was ever configured.
    pub fn addresses(&self) -> Vec<Ipv4Addr> {
        self.watched.keys().copied().collect()
    }

    /// When a host last advertised a priority above 0.
    pub fn last_advertised(&self, id: NodeId) -> Option<Instant> {
        self.hosts.get(id.0)?.last_advertised
    }

    /// How many clients there are.
    pub fn clients(&self) -> usize {
        self.clients.len()
    }

    /// The virtual time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Inputs and frames handled so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// All hosts.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.hosts.len()).map(NodeId)
    }

    /// The core of a host, while it runs.
    pub fn core(&self, id: NodeId) -> Option<&Node> {
        self.hosts.get(id.0)?.node.as_ref()
    }

    /// What a host was asked to do last.
    pub fn spec(&self, id: NodeId) -> Option<&Spec> {
        self.hosts.get(id.0).map(|host| &host.spec)
    }

    /// Whether a host answers for an address now.
    pub fn holds(&self, id: NodeId, address: IpAddr) -> bool {
        let host = self.hosts.get(id.0);
        host.is_some_and(|host| host.answers_for(address))
    }

    /// The hosts that answer for an address now.
    pub fn holders(&self, address: IpAddr) -> Vec<NodeId> {
        self.nodes().filter(|id| self.holds(*id, address)).collect()
    }

    /// The state of the first router of a host; `None` while it does not run.
    pub fn state(&self, id: NodeId) -> Option<State> {
        self.core(id)?.routers().next().map(|router| router.state())
    }

    /// Whether a host runs, is connected, and could serve.
    pub fn is_healthy(&self, id: NodeId) -> bool {
        let up = |host: &Host| host.node.is_some() && !host.paused && host.link_up;
        self.hosts.get(id.0).is_some_and(up)
    }

    /// Which host a client speaks to when it uses an address.
    pub fn client_reaches(&self, client: usize, address: Ipv4Addr) -> Option<NodeId> {
        let mac = self.clients.get(client)?.entry(address)?;
        let host = self.hosts.iter().position(|host| host.mac == mac)?;
        self.holds(NodeId(host), IpAddr::V4(address))
            .then_some(NodeId(host))
    }

    /// Sets loss, duplicates and delay.
    pub fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// Frames from one port no longer reach the other.
    pub fn cut(&mut self, from: Port, to: Port) {
        self.cuts.insert((from, to));
    }

    /// A host's firewall drops what its peer channel sends, or lets it through again.
    pub fn block_channel(&mut self, id: NodeId, blocked: bool) {
        if blocked {
            self.blocked.insert(id);
        } else {
            self.blocked.remove(&id);
        }
    }

    /// Cuts both directions between hosts.
    pub fn part(&mut self, one: NodeId, other: NodeId) {
        self.cut(Port::Node(one.0), Port::Node(other.0));
        self.cut(Port::Node(other.0), Port::Node(one.0));
    }

    /// Everybody hears everybody.
    pub fn heal(&mut self) {
        self.cuts.clear();
    }

    /// Starts a host's core, whatever its last run left.
    pub fn start(&mut self, id: NodeId) -> Result<(), Breach> {
        let now = self.now;
        let Some(host) = self.hosts.get_mut(id.0).filter(|host| host.node.is_none()) else {
            return Ok(());
        };
        host.epoch += 1;
        host.name_itself();
        host.paused = false;
        host.inbox.clear();
        host.outstanding = 0;
        let serving = host.supervisor.iter().any(|will| !will.succeeded());
        host.supervisor.clear();
        let origin = if serving {
            Origin::Serving
        } else {
            Origin::Stale
        };
        // What no router is configured for any more is for whoever starts the core to remove.
        let named: BTreeSet<IpAddr> = host
            .spec
            .routers
            .iter()
            .flat_map(RouterSpec::all_addresses)
            .map(|held| held.address)
            .collect();
        host.kernel.retain(|address, _| named.contains(address));
        let mut node = Node::new();
        node.handle_input(now, Input::Link(host.link()));
        node.handle_input(now, Input::AddressAdded(host.own_address()));
        for held in host.kernel.values() {
            let address = Host::virtual_address(held, origin);
            node.handle_input(now, Input::AddressAdded(address));
        }
        if let Some(drain) = host.drain {
            let order = Order {
                id: OrderId(0),
                who: "the run before".into(),
                what: Instruction::Drain(drain),
            };
            node.handle_input(now, Input::Order(Box::new(order)));
        }
        host.node = Some(node);
        let adopted = serving && !host.kernel.is_empty();
        let spec = Box::new(host.spec.clone());
        self.oracles[id.0].started(adopted);
        self.note(id, || format!("starts, adopted {adopted}"));
        self.deliver(id, Arrival::Spec(spec))?;
        self.look(id)
    }

    /// An operator asks a host for something; the answer comes in [`Lan::answers`].
    pub fn order(&mut self, id: NodeId, what: Instruction) -> Result<OrderId, Breach> {
        self.orders += 1;
        let number = OrderId(self.orders);
        let order = Order {
            id: number,
            who: "an operator".into(),
            what,
        };
        self.hand(id, Arrival::Order(order))?;
        Ok(number)
    }

    /// A host that does not run begins without a drain.
    pub fn forget_drain(&mut self, id: NodeId) {
        if let Some(host) = self.hosts.get_mut(id.0) {
            host.drain = None;
        }
    }

    /// Answers to the orders of a host, in the order in which they came.
    pub fn answers(&self, id: NodeId) -> &[(OrderId, Answer)] {
        self.hosts.get(id.0).map_or(&[], |host| &host.answers)
    }

    /// Tells a host's daemon to stop.
    pub fn stop(&mut self, id: NodeId) -> Result<(), Breach> {
        self.note(id, || "is told to stop".into());
        self.hand(id, Arrival::Stop)
    }

    /// A host's core ends without a word.
    pub fn crash(&mut self, id: NodeId, what: Crash) -> Result<(), Breach> {
        let now = self.now;
        self.note(id, || format!("crashes: {what:?}"));
        let Some(host) = self.hosts.get_mut(id.0) else {
            return Ok(());
        };
        host.epoch += 1;
        host.paused = false;
        host.inbox.clear();
        host.supervisor.clear();
        let Some(mut node) = host.node.take() else {
            return Ok(());
        };
        if what == Crash::Everything {
            return Ok(());
        }
        let estates = node.estates();
        host.supervisor
            .extend(estates.iter().map(|it| Execution::begin(it.clone(), now)));
        for estate in estates {
            let resignation = Frame {
                kind: Kind::Vrrp,
                bytes: estate.resignations.into_iter().next().unwrap_or_default(),
                bad: false,
            };
            self.transmit(Port::Node(id.0), &resignation);
        }
        self.execute_wills(id);
        Ok(())
    }

    /// A host stops running; its kernel goes on answering.
    pub fn pause(&mut self, id: NodeId) {
        self.note(id, || "is paused".into());
        self.hosts[id.0].paused = true;
    }

    /// A paused host runs again: first what waits, then its timers.
    pub fn resume(&mut self, id: NodeId) -> Result<(), Breach> {
        if !std::mem::take(&mut self.hosts[id.0].paused) {
            return Ok(());
        }
        self.note(id, || "runs again".into());
        self.oracles[id.0].blurred();
        // A retry that was due meanwhile comes after what waits.
        let host = &mut self.hosts[id.0];
        host.refused_removal_at = host.refused_removal_at.map(|_| self.now);
        while let Some(kept) = self.hosts[id.0].inbox.pop_front() {
            self.deliver(id, kept)?;
        }
        self.wake(id)
    }

    /// Pulls or plugs a host's cable.
    pub fn set_link(&mut self, id: NodeId, up: bool) -> Result<(), Breach> {
        self.note(id, || format!("link up: {up}"));
        let host = &mut self.hosts[id.0];
        host.link_up = up;
        let link = host.link();
        self.hand(id, Arrival::Link(link))
    }

    /// What the checks of a host find from now on.
    pub fn set_checks(&mut self, id: NodeId, pass: bool) {
        self.note(id, || format!("checks pass: {pass}"));
        self.hosts[id.0].check_passes = pass;
    }

    /// The next kernel operations of a host fail.
    pub fn refuse(&mut self, id: NodeId, operations: u32) {
        self.note(id, || format!("{operations} kernel operations will fail"));
        self.hosts[id.0].refusals = operations;
    }

    /// Something on a host deletes a virtual address.
    pub fn delete_address(&mut self, id: NodeId, address: IpAddr) {
        let Some(held) = self.hosts[id.0].kernel.remove(&address) else {
            return;
        };
        self.note(id, || format!("something deletes {address}"));
        let gone = Host::virtual_address(&held, Origin::Foreign);
        self.kernel_tells(id, Arrival::AddressRemoved(gone));
    }

    /// The wall clock of a host steps.
    pub fn step_clock(&mut self, id: NodeId, by: Micros) -> Result<(), Breach> {
        self.hand(id, Arrival::ClockStep(by))
    }

    /// A host reads a new specification.
    pub fn reload(&mut self, id: NodeId, spec: Spec) -> Result<(), Breach> {
        self.note(id, || "reloads".into());
        self.watch(&spec);
        let host = &mut self.hosts[id.0];
        host.spec = spec;
        host.name_itself();
        let spec = host.spec.clone();
        self.hand(id, Arrival::Spec(Box::new(spec)))?;
        self.look(id)
    }

    /// What the tracked files of a host say from now on; tracked processes run while it is 0.
    pub fn set_number(&mut self, id: NodeId, number: i32) -> Result<(), Breach> {
        self.note(id, || format!("tracked files say {number}"));
        self.hosts[id.0].number = number;
        self.look(id)
    }

    /// Whoever looks at what is tracked tells what it sees.
    fn look(&mut self, id: NodeId) -> Result<(), Breach> {
        let host = &self.hosts[id.0];
        let number = host.number;
        let specs = host.spec.trackers.iter();
        let objects: Vec<Tracked> = specs.map(|tracker| tracker.object.clone()).collect();
        for object in objects {
            let seen = match object {
                Tracked::Process(_) => i32::from(number == 0),
                _ => number,
            };
            self.hand(id, Arrival::Observed(object, seen))?;
        }
        Ok(())
    }

    /// A stranger sends an advertisement that looks like one of `spec`.
    pub fn inject(&mut self, spec: &RouterSpec, priority: Priority) {
        if let Some(frame) = frame::advertisement(spec, STRANGER, priority) {
            self.transmit(Port::Stranger, &frame);
        }
    }

    /// A stranger sends every message of the peer channel again that it has recorded, from the address that it came from.
    pub fn replay_channel(&mut self) {
        for frame in self.recorded.clone() {
            self.transmit(Port::Stranger, &frame);
        }
    }

    /// A stranger claims an address by ARP.
    pub fn inject_arp(&mut self, address: Ipv4Addr) {
        let mac = standfast_core::wire::MacAddress([2, 0, 0, 0, 0, 250]);
        self.transmit(Port::Stranger, &frame::announcement(mac, address));
    }

    /// A stranger sends a packet that nobody may believe.
    pub fn forge(&mut self, spec: &RouterSpec, forgery: Forgery) {
        if let Some(frame) = frame::forged(spec, STRANGER, forgery, &mut self.random) {
            self.transmit(Port::Stranger, &frame);
        }
    }

    /// Every client asks the host it knows whether it is still there, and everybody if not.
    pub fn revalidate_clients(&mut self) {
        let addresses: Vec<Ipv4Addr> = self.watched.keys().copied().collect();
        for client in 0..self.clients.len() {
            for address in &addresses {
                self.revalidate(client, *address);
            }
        }
    }

    fn revalidate(&mut self, client: usize, address: Ipv4Addr) {
        let open = |lan: &Self, id: NodeId| {
            let (host, client) = (Port::Node(id.0), Port::Client(client));
            !lan.cuts.contains(&(host, client)) && !lan.cuts.contains(&(client, host))
        };
        let known = self.client_reaches(client, address);
        if known.is_some_and(|id| open(self, id)) {
            return;
        }
        if let Some(neighbour) = self.clients.get_mut(client) {
            neighbour.forget(address);
        }
        for id in self.holders(IpAddr::V4(address)) {
            if open(self, id) {
                let answer = frame::announcement(self.hosts[id.0].mac, address);
                self.schedule(self.weather.delay, Event::Hear(client, answer));
            }
        }
    }

    /// Lets time pass.
    pub fn run_for(&mut self, time: Micros) -> Result<(), Breach> {
        self.run_until(self.now + time, u64::MAX)
    }

    /// Lets time pass until then, or until that many steps have been made in all.
    pub fn run_until(&mut self, until: Instant, steps: u64) -> Result<(), Breach> {
        while self.steps < steps {
            let event = self.events.first_key_value().map(|((at, _), _)| *at);
            let wakeup = self.next_wakeup();
            // What arrives at the same moment is handled before timers.
            match (event, wakeup) {
                (Some(at), wakeup) if at <= until && wakeup.is_none_or(|(due, _)| at <= due) => {
                    self.now = self.now.max(at);
                    let Some((_, event)) = self.events.pop_first() else {
                        return Ok(());
                    };
                    self.happen(event)?;
                }
                (_, Some((due, id))) if due <= until => {
                    self.now = self.now.max(due);
                    self.wake(id)?;
                }
                _ => {
                    self.now = self.now.max(until);
                    self.observe();
                    return Ok(());
                }
            }
            self.steps += 1;
            self.observe();
        }
        Ok(())
    }

    /// Forgets how long addresses were unanswered or clients misled.
    pub fn reset_stopwatches(&mut self) {
        for vacancy in self.watched.values_mut() {
            vacancy.unanswered.reset(self.now);
            vacancy.doubled.reset(self.now);
            vacancy.misled.reset(self.now);
        }
    }

    /// The longest time that nobody answered for an address.
    pub fn longest_vacancy(&self, address: Ipv4Addr) -> Micros {
        let vacancy = self.watched.get(&address);
        vacancy.map_or(Micros::ZERO, |vacancy| vacancy.unanswered.longest())
    }

    /// The longest time that more than one host answered for an address.
    pub fn longest_double(&self, address: Ipv4Addr) -> Micros {
        let vacancy = self.watched.get(&address);
        vacancy.map_or(Micros::ZERO, |vacancy| vacancy.doubled.longest())
    }

    /// The longest time that a client spoke to a host without the address while another had it.
    pub fn longest_misled(&self, address: Ipv4Addr) -> Micros {
        let vacancy = self.watched.get(&address);
        vacancy.map_or(Micros::ZERO, |vacancy| vacancy.misled.longest())
    }

    /// The virtual routers of all hosts.
    pub fn router_keys(&self) -> BTreeSet<RouterKey> {
        let specs = self.hosts.iter().flat_map(|host| &host.spec.routers);
        specs.map(RouterSpec::key).collect()
    }

    /// Whether that address is virtual in the configuration of a host.
    pub(crate) fn configured(&self, id: NodeId, address: IpAddr) -> bool {
        let routers = self.spec(id).into_iter().flat_map(|spec| &spec.routers);
        let mut held = routers.flat_map(RouterSpec::all_addresses);
        held.any(|held| held.address == address)
    }

    fn observe(&mut self) {
        let mut findings = Vec::new();
        for address in self.watched.keys() {
            let holders = self.holders(IpAddr::V4(*address)).len();
            let held = holders > 0;
            let lost = |client| self.client_reaches(client, *address).is_none();
            let misled = held && (0..self.clients.len()).any(lost);
            findings.push((holders, held, misled));
        }
        for (vacancy, (holders, held, misled)) in self.watched.values_mut().zip(findings) {
            vacancy.doubled.note(self.now, holders > 1);
            vacancy.unanswered.note(self.now, !held);
            vacancy.misled.note(self.now, misled);
        }
    }

    fn next_wakeup(&self) -> Option<(Instant, NodeId)> {
        let all = self.hosts.iter().enumerate();
        all.filter_map(|(id, host)| Some((host.next_wakeup()?, NodeId(id))))
            .min()
    }

    fn happen(&mut self, event: Event) -> Result<(), Breach> {
        match event {
            Event::Hear(client, frame) => {
                if let (Some(client), Ok(arp)) =
                    (self.clients.get_mut(client), Arp::parse(&frame.bytes))
                {
                    client.hear(arp.sender, arp.sender_mac);
                }
                Ok(())
            }
            Event::Arrive(id, epoch, arrival) => {
                let host = &mut self.hosts[id.0];
                let lost = match arrival {
                    Arrival::Frame(_) => !host.link_up,
                    _ => host.epoch != epoch,
                };
                if lost { Ok(()) } else { self.hand(id, arrival) }
            }
        }
    }

    /// To the core, to what waits for it, or to the supervisor.
    fn hand(&mut self, id: NodeId, arrival: Arrival) -> Result<(), Breach> {
        let host = &mut self.hosts[id.0];
        if host.paused {
            host.keep(arrival);
            Ok(())
        } else if host.node.is_some() {
            self.deliver(id, arrival)
        } else {
            if let Arrival::Frame(frame) = &arrival {
                self.supervise(id, frame);
            }
            Ok(())
        }
    }

    fn deliver(&mut self, id: NodeId, arrival: Arrival) -> Result<(), Breach> {
        let now = self.now;
        let Some(mut node) = self.hosts[id.0].node.take() else {
            return Ok(());
        };
        let frame = match &arrival {
            Arrival::Frame(frame) => Some(frame),
            _ => None,
        };
        let oracle = &mut self.oracles[id.0];
        let mut before = oracle.before(now, &node, frame);
        before.is_no_wakeup();
        match &arrival {
            Arrival::Spec(_) => oracle.blurred(),
            Arrival::Stop => oracle.told_to_stop(),
            Arrival::Order(order) => oracle.ordered(&order.what),
            Arrival::KernelDone(..) | Arrival::AddressAdded(_) | Arrival::AddressRemoved(_) => {
                let host = &mut self.hosts[id.0];
                host.outstanding = host.outstanding.saturating_sub(1);
            }
            Arrival::Frame(_)
            | Arrival::CheckDone(_)
            | Arrival::RepairDone(_)
            | Arrival::Observed(..)
            | Arrival::NotifyDone(_)
            | Arrival::Link(_)
            | Arrival::ClockStep(_) => {}
        }
        self.note(id, || match &arrival {
            Arrival::Frame(frame) => format!("hears {}", words(frame)),
            other => format!("gets {other:?}"),
        });
        let passes = self.hosts[id.0].check_passes;
        if let Some(input) = input_of(&arrival, passes) {
            node.handle_input(now, input);
        }
        self.hosts[id.0].node = Some(node);
        self.conclude(id, &before)
    }

    fn wake(&mut self, id: NodeId) -> Result<(), Breach> {
        let now = self.now;
        if self.hosts[id.0]
            .supervisor
            .iter()
            .any(|will| will.release_at() <= now)
        {
            self.execute_wills(id);
        }
        let Some(mut node) = self.hosts[id.0].node.take() else {
            return Ok(());
        };
        let reason = node.next_wakeup();
        self.note(id, || format!("wakes up: {reason:?}"));
        let before = self.oracles[id.0].before(now, &node, None);
        node.handle_input(now, Input::Wakeup);
        self.hosts[id.0].node = Some(node);
        self.conclude(id, &before)
    }

    /// Carries out what the core wants and lets the oracle look.
    fn conclude(&mut self, id: NodeId, before: &crate::oracle::Before) -> Result<(), Breach> {
        let mut outputs = Vec::new();
        while let Some(output) = self.hosts[id.0].node.as_mut().and_then(Node::poll_output) {
            outputs.push(output);
        }
        let mut stopped = false;
        for output in &outputs {
            stopped |= *output == Output::Stopped;
            self.carry_out(id, output);
        }
        let host = &self.hosts[id.0];
        let settled = host.outstanding == 0 && host.inbox.is_empty();
        let checked = self.oracles[id.0].after(self.now, before, &outputs, host, settled);
        if let Err(violation) = checked {
            return Err(self.breach(Some(id), violation));
        }
        if stopped {
            let host = &mut self.hosts[id.0];
            host.node = None;
            host.epoch += 1;
            // What the kernel refused to the end is for whoever started the daemon to clean up.
            if host.refused_removal_at.take().is_some() {
                host.kernel.clear();
            }
        }
        Ok(())
    }

    pub(crate) fn breach(&mut self, node: Option<NodeId>, violation: Violation) -> Breach {
        let breach = Breach {
            at: self.now,
            node,
            violation,
        };
        if let Some(id) = node {
            self.note(id, || format!("BREACH: {violation}"));
        }
        breach
    }
}
