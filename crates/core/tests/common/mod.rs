//! One node on one interface whose kernel does what it is asked at once.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::net::{IpAddr, Ipv4Addr};

use standfast_core::input::{
    Change, Datagram, Errno, HostAddress, InterfaceIndex, Link, NotifyEvent, Origin, Packet,
    RouterId,
};
use standfast_core::journal::{Entry, Event};
use standfast_core::router::{Router, State};
use standfast_core::spec::{Fixture, RouterSpec, Spec, VirtualAddress};
use standfast_core::steering::Answer;
use standfast_core::wire::MacAddress;
use standfast_core::wire::vrrp::{
    AdvertisementRepr, Authentication, Interval, Priority, Version, Vrid,
};
use standfast_core::{Input, Instant, Micros, Node, Output};

pub const ETH0: InterfaceIndex = InterfaceIndex(2);
pub const OUR_MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
pub const GROUP: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));

/// What a node did, in the words of the scenarios.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Advert(u8),
    Announce { addresses: usize, rounds: u16 },
    Added(usize),
    Removed(usize),
    State(State),
    Notify(NotifyEvent, u8),
    RunCheck,
    Repair,
    Stopped,
}

pub struct Bench {
    pub node: Node,
    pub now: Instant,
    pub log: Vec<(u64, Action)>,
    /// Whole advertisements with their destinations.
    pub sent_to: Vec<(IpAddr, Vec<u8>)>,
    pub events: Vec<Entry>,
    /// Addresses that the kernel holds.
    pub kernel: Vec<IpAddr>,
    pub auto_notify: bool,
    pub probes: Vec<(u64, IpAddr)>,
    /// What was told of sync groups.
    pub groups: Vec<(String, NotifyEvent)>,
    /// Routes and rules that the kernel holds.
    pub fixtures: Vec<String>,
    /// What the kernel was asked: the number of addresses, and routes and rules in their order.
    /// What was announced, in order.
    pub announced: Vec<Vec<IpAddr>>,
    pub requests: Vec<(Change, usize, Vec<String>)>,
    /// Messages of the peer channel.
    pub datagrams: Vec<(u64, Datagram)>,
    pub answers: Vec<Answer>,
    state: Option<State>,
}

pub fn vip() -> IpAddr {
    IpAddr::from([192, 0, 2, 100])
}

/// The tutorial's instance: version 2, VRID 51, PASS 1111, one address.
pub fn router(priority: u8) -> RouterSpec {
    RouterSpec {
        authentication: Authentication::Password(*b"1111\0\0\0\0"),
        addresses: vec![VirtualAddress::plain(vip(), 24)],
        ..RouterSpec::plain(Vrid::new(51).unwrap(), Priority(priority))
    }
}

pub fn link(up: bool) -> Input<'static> {
    Input::Link(Link {
        index: ETH0,
        name: "eth0".into(),
        up,
        mac: OUR_MAC,
    })
}

pub fn host_address(address: IpAddr, origin: Origin) -> HostAddress {
    HostAddress {
        interface: ETH0,
        address,
        prefix: 24,
        secondary: false,
        origin,
    }
}

fn texts(fixtures: &[Fixture]) -> Vec<String> {
    fixtures.iter().map(|it| it.text.to_string()).collect()
}

impl Bench {
    fn fixture_change(&mut self, change: Change, text: &str) -> Result<(), Errno> {
        let at = self.fixtures.iter().position(|held| held == text);
        match (change, at) {
            (Change::Add, None) => self.fixtures.push(text.into()),
            (Change::Add, Some(_)) => return Err(Errno::EEXIST),
            (Change::Remove, Some(at)) => drop(self.fixtures.remove(at)),
            (Change::Remove, None) => return Err(Errno::ESRCH),
        }
        Ok(())
    }

    pub fn new(own: &str) -> Bench {
        let mut bench = Bench {
            node: Node::new(),
            now: Instant(0),
            log: Vec::new(),
            sent_to: Vec::new(),
            events: Vec::new(),
            kernel: Vec::new(),
            auto_notify: true,
            probes: Vec::new(),
            groups: Vec::new(),
            fixtures: Vec::new(),
            requests: Vec::new(),
            announced: Vec::new(),
            datagrams: Vec::new(),
            answers: Vec::new(),
            state: None,
        };
        bench.give(link(true));
        bench.give(Input::AddressAdded(host_address(
            own.parse().unwrap(),
            Origin::Foreign,
        )));
        bench
    }

    /// Starts one router on 192.0.2.1.
    pub fn start(spec: RouterSpec) -> Bench {
        let mut bench = Bench::new("192.0.2.1");
        bench.configure(vec![spec]);
        bench
    }

    pub fn configure(&mut self, routers: Vec<RouterSpec>) {
        self.give(Input::Spec(Box::new(Spec {
            routers,
            ..Spec::default()
        })));
    }

    pub fn router(&self) -> &Router {
        self.node.routers().next().unwrap()
    }

    pub fn state(&self) -> State {
        self.router().state()
    }

    pub fn give(&mut self, input: Input<'_>) {
        self.node.handle_input(self.now, input);
        self.drain();
    }

    /// Lets time pass, waking the node whenever it wants.
    pub fn run_until(&mut self, until_us: u64) {
        while let Some((due, _)) = self.node.next_wakeup() {
            if due > Instant(until_us) {
                break;
            }
            self.now = due.max(self.now);
            self.give(Input::Wakeup);
        }
        self.now = Instant(until_us);
    }

    /// Time passes and nobody wakes the node: the host is paused.
    pub fn pause_until(&mut self, until_us: u64) {
        self.now = Instant(until_us);
    }

    /// An advertisement like ours from another router.
    pub fn hear(&mut self, priority: u8, from: &str) {
        let spec = self.router().spec().clone();
        self.hear_as(&spec, priority, from);
    }

    pub fn hear_as(&mut self, spec: &RouterSpec, priority: u8, from: &str) {
        let source: IpAddr = from.parse().unwrap();
        let addresses: Vec<IpAddr> = spec.addresses.iter().map(|held| held.address).collect();
        let repr = AdvertisementRepr {
            vrid: spec.vrid,
            priority: Priority(priority),
            interval: spec.wire_interval(),
            authentication: spec.authentication,
            checksum: spec.checksum,
            addresses: &addresses,
        };
        let mut buffer = [0; 2048];
        let length = repr.emit(source, spec.group, &mut buffer).unwrap();
        self.packet(&buffer[..length], source, spec.group, 255);
    }

    pub fn packet(&mut self, message: &[u8], source: IpAddr, destination: IpAddr, ttl: u8) {
        let heard_on = self.node.routers().next().and_then(Router::interface);
        self.give(Input::Packet(Packet {
            interface: heard_on.unwrap_or(ETH0),
            source,
            destination,
            ttl,
            message,
        }));
    }

    pub fn actions_since(&self, from_us: u64) -> Vec<Action> {
        let late = self.log.iter().filter(|(at, _)| *at >= from_us);
        late.map(|(_, action)| action.clone()).collect()
    }

    pub fn adverts(&self) -> Vec<(u64, u8)> {
        let all = self.log.iter();
        all.filter_map(|(at, action)| match action {
            Action::Advert(priority) => Some((*at, *priority)),
            _ => None,
        })
        .collect()
    }

    pub fn holds(&self, address: IpAddr) -> bool {
        self.kernel.contains(&address)
    }

    fn drain(&mut self) {
        while let Some(output) = self.node.poll_output() {
            self.carry_out(output);
        }
        let state = self.node.routers().next().map(Router::state);
        if state != self.state {
            self.state = state;
        }
    }

    fn note(&mut self, action: Action) {
        self.log.push((self.now.0, action));
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Advertise { router, priority } => self.check_advert(router, priority),
            Output::Announce {
                addresses, rounds, ..
            } => {
                self.note(Action::Announce {
                    addresses: addresses.len(),
                    rounds,
                });
                let told = addresses.into_iter().map(|(_, address)| address);
                self.announced.push(told.collect());
            }
            Output::Kernel {
                operation,
                change,
                addresses,
                fixtures,
            } => {
                let mut results: Vec<_> = addresses
                    .iter()
                    .map(|(_, address)| self.kernel_change(change, address.address))
                    .collect();
                results.extend(
                    fixtures
                        .iter()
                        .map(|it| self.fixture_change(change, &it.text)),
                );
                self.requests
                    .push((change, addresses.len(), texts(&fixtures)));
                self.give(Input::KernelDone { operation, results });
            }
            Output::Probe { address, .. } => {
                self.probes.push((self.now.0, address));
            }
            Output::Peer(datagram) => self.datagrams.push((self.now.0, datagram)),
            Output::RunCheck(_) => self.note(Action::RunCheck),
            Output::Repair(_) => self.note(Action::Repair),
            Output::NotifyGroup { group, event } => self.groups.push((group, event)),
            Output::Notify {
                event,
                priority,
                wait,
                router,
            } => {
                self.note(Action::Notify(event, priority.0));
                if wait && self.auto_notify {
                    self.give(Input::NotifyDone(router));
                }
            }
            Output::Answer { answer, .. } => self.answers.push(answer),
            Output::Drain(_) => {}
            Output::Event(entry) => {
                if let Event::Entering { state, .. } = entry.event {
                    self.note(Action::State(state));
                }
                self.events.push(entry);
            }
            Output::Stopped => self.note(Action::Stopped),
        }
    }

    fn check_advert(&mut self, router: RouterId, priority: Priority) {
        self.note(Action::Advert(priority.0));
        let mut buffer = [0; 8192];
        let spec = self.node.router(router).unwrap().spec().clone();
        if spec.group.is_ipv4() {
            let destinations: Vec<IpAddr> =
                self.node.router(router).unwrap().destinations().collect();
            for to in destinations {
                let length = self.node.encode(router, priority, to, &mut buffer).unwrap();
                assert!(length > 28);
                self.sent_to.push((to, buffer[..length].to_vec()));
            }
        } else {
            let length = self.node.encode_message(router, priority, &mut buffer);
            assert!(length.unwrap() > 8);
        }
    }

    fn kernel_change(&mut self, change: Change, address: IpAddr) -> Result<(), Errno> {
        use standfast_core::input::{Change, Errno};
        let there = self.kernel.contains(&address);
        match change {
            Change::Add if there => Err(Errno::EEXIST),
            Change::Add => {
                self.kernel.push(address);
                self.note(Action::Added(1));
                Ok(())
            }
            Change::Remove if there => {
                self.kernel.retain(|held| *held != address);
                self.note(Action::Removed(1));
                Ok(())
            }
            Change::Remove => Err(Errno::EADDRNOTAVAIL),
        }
    }
}

/// An interval as the scenarios give it.
pub fn centiseconds(cs: u64) -> Micros {
    Micros(cs * 10_000)
}

pub fn interval_of(version: Version, cs: u64) -> Interval {
    match version {
        Version::V2 => Interval::Seconds(u8::try_from(cs / 100).unwrap()),
        Version::V3 => Interval::Centiseconds(u16::try_from(cs).unwrap()),
    }
}
