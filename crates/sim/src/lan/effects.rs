//! What outputs do to the LAN: frames, kernel changes, replies, and what a supervisor does.

use std::net::{IpAddr, Ipv4Addr};

use standfast_core::input::{InterfaceIndex, Output, RouterId};
use standfast_core::wire::arp::Arp;
use standfast_core::wire::ipv4;
use standfast_core::wire::vrrp::{GROUP, Priority};
use standfast_core::{Micros, Node};

use super::{Event, Lan};
use crate::convert::kernel_events;
use crate::frame::{self, Frame, Kind, Port};
use crate::host::{Arrival, ETH0, NodeId};

/// The kernel answers a request within this.
const KERNEL_TIME: (Micros, Micros) = (Micros(20), Micros(2_000));
/// A check runs this long.
const CHECK_TIME: (Micros, Micros) = (Micros(500), Micros(80_000));
/// Scripts of a leaver run this long.
const SCRIPT_TIME: (Micros, Micros) = (Micros(1_000), Micros(900_000));
/// Room for the longest packet.
const PACKET: usize = ipv4::HEADER_LENGTH + standfast_core::wire::vrrp::MAX_LENGTH;
/// Messages of the peer channel that a stranger remembers.
const RECORDED: usize = 4096;
/// Lines of a trace.
const TRACE_LINES: usize = 200_000;

impl Lan {
    pub(super) fn carry_out(&mut self, id: NodeId, output: &Output) {
        self.note(id, || match output {
            Output::Event(entry) => format!("  says {entry}"),
            other => format!("  {other:?}"),
        });
        match output {
            Output::Advertise { router, priority } => self.advertise(id, *router, *priority),
            Output::Announce {
                addresses, rounds, ..
            } => self.announce(id, addresses, *rounds),
            Output::Kernel {
                operation,
                change,
                addresses,
                fixtures,
            } => {
                let host = &mut self.hosts[id.0];
                let mut results = host.change(self.now, *change, addresses);
                let told: Vec<Arrival> = kernel_events(*change, addresses, &results);
                // No route of the simulated hosts ever fails or goes.
                results.extend(fixtures.iter().map(|_| Ok(())));
                self.reply(id, KERNEL_TIME, Arrival::KernelDone(*operation, results));
                for event in told {
                    self.reply(id, (KERNEL_TIME.1, KERNEL_TIME.1), event);
                }
            }
            Output::Probe { interface, address } => {
                if let (ETH0, IpAddr::V4(address)) = (*interface, address) {
                    self.probe(id, *address);
                }
            }
            Output::Peer(_) if self.blocked.contains(&id) => {}
            Output::Peer(datagram) => {
                if let (ETH0, IpAddr::V4(source), IpAddr::V4(destination)) =
                    (datagram.interface, datagram.source, datagram.destination)
                {
                    let frame = Frame {
                        kind: Kind::Peer {
                            source,
                            destination,
                            sent: self.now,
                        },
                        bytes: datagram.message.clone(),
                        bad: false,
                    };
                    self.transmit(Port::Node(id.0), &frame);
                    self.recorded.push_back(frame);
                    self.recorded.truncate(RECORDED);
                }
            }
            Output::RunCheck(check) => {
                self.ends(id, CHECK_TIME, Arrival::CheckDone(*check));
            }
            Output::Repair(check) => {
                self.ends(id, SCRIPT_TIME, Arrival::RepairDone(*check));
            }
            Output::Notify { router, wait, .. } => {
                if *wait {
                    self.ends(id, SCRIPT_TIME, Arrival::NotifyDone(*router));
                }
            }
            Output::Answer { order, answer } => {
                if let Some(host) = self.hosts.get_mut(id.0) {
                    host.answers.push((*order, answer.clone()));
                }
            }
            Output::Drain(drain) => self.hosts[id.0].drain = *drain,
            Output::NotifyGroup { .. } | Output::Event(_) | Output::Stopped => {}
        }
    }

    fn announce(&mut self, id: NodeId, addresses: &[(InterfaceIndex, IpAddr)], rounds: u16) {
        for (index, address) in addresses {
            if let (ETH0, IpAddr::V4(address)) = (*index, *address) {
                let frame = frame::announcement(self.hosts[id.0].mac, address);
                for _ in 0..rounds {
                    self.transmit(Port::Node(id.0), &frame);
                }
            }
        }
    }

    /// The kernel tells what somebody else did, after what it has told before.
    pub(super) fn kernel_tells(&mut self, id: NodeId, event: Arrival) {
        self.reply(id, (KERNEL_TIME.0, KERNEL_TIME.0), event);
    }

    /// Whoever else holds the address answers the asker, its process alive or not.
    fn probe(&mut self, id: NodeId, address: Ipv4Addr) {
        for other in 0..self.hosts.len() {
            let (asker, holder) = (&self.hosts[id.0], &self.hosts[other]);
            let reached = other != id.0
                && asker.link_up
                && holder.link_up
                && !self.cuts.contains(&(Port::Node(id.0), Port::Node(other)))
                && !self.random.chance(self.weather.loss);
            if reached && self.holds(NodeId(other), IpAddr::V4(address)) {
                let answer = frame::announcement(self.hosts[other].mac, address);
                self.send(Port::Node(other), Port::Node(id.0), || {
                    Event::Arrive(id, 0, Arrival::Frame(answer.clone()))
                });
            }
        }
    }

    fn advertise(&mut self, id: NodeId, router: RouterId, priority: Priority) {
        let mut bytes = vec![0; PACKET];
        let host = &mut self.hosts[id.0];
        if priority != Priority::RESIGN {
            host.last_advertised = Some(self.now);
        }
        let encoded = host.node.as_mut();
        let group = IpAddr::V4(GROUP);
        let encode = |node: &mut Node| node.encode(router, priority, group, &mut bytes);
        if let Some(length) = encoded.and_then(encode) {
            bytes.truncate(length);
            let frame = Frame {
                kind: Kind::Vrrp,
                bytes,
                bad: false,
            };
            self.transmit(Port::Node(id.0), &frame);
        }
    }

    /// A result or kernel event of this run of the core.
    fn reply(&mut self, id: NodeId, delay: (Micros, Micros), arrival: Arrival) {
        let host = &mut self.hosts[id.0];
        host.outstanding += 1;
        let epoch = host.epoch;
        // Results come in the order of the requests.
        let at = self.now + self.random.between(delay.0, delay.1);
        host.last_reply = host.last_reply.max(at);
        let at = host.last_reply;
        self.sequence += 1;
        let event = Event::Arrive(id, epoch, arrival);
        self.events.insert((at, self.sequence), event);
    }

    /// Something that a host runs has ended, unless the host starts anew before that.
    fn ends(&mut self, id: NodeId, time: (Micros, Micros), arrival: Arrival) {
        let epoch = self.hosts[id.0].epoch;
        self.schedule(time, Event::Arrive(id, epoch, arrival));
    }

    pub(super) fn schedule(&mut self, delay: (Micros, Micros), event: Event) {
        let at = self.now + self.random.between(delay.0, delay.1);
        self.sequence += 1;
        self.events.insert((at, self.sequence), event);
    }

    /// To everybody else on the LAN.
    pub(super) fn transmit(&mut self, from: Port, frame: &Frame) {
        if let Port::Node(sender) = from
            && !self.hosts[sender].link_up
        {
            return;
        }
        for node in 0..self.hosts.len() {
            let elsewhere = match frame.kind {
                Kind::Peer { destination, .. } if !destination.is_multicast() => {
                    self.hosts[node].address != destination
                }
                Kind::Peer { .. } | Kind::Vrrp | Kind::Arp => false,
            };
            if from != Port::Node(node) && !elsewhere {
                let frame = Arrival::Frame(frame.clone());
                self.send(from, Port::Node(node), || {
                    Event::Arrive(NodeId(node), 0, frame.clone())
                });
            }
        }
        if frame.kind == Kind::Arp {
            for client in 0..self.clients.len() {
                let frame = frame.clone();
                self.send(from, Port::Client(client), || {
                    Event::Hear(client, frame.clone())
                });
            }
        }
    }

    fn send(&mut self, from: Port, to: Port, event: impl Fn() -> Event) {
        if self.cuts.contains(&(from, to)) || self.random.chance(self.weather.loss) {
            return;
        }
        self.schedule(self.weather.delay, event());
        if self.random.chance(self.weather.duplicates) {
            self.schedule(self.weather.delay, event());
        }
    }

    /// The supervisor of a dead worker hears a frame.
    pub(super) fn supervise(&mut self, id: NodeId, frame: &Frame) {
        let now = self.now;
        let host = &mut self.hosts[id.0];
        match frame.kind {
            Kind::Vrrp => {
                let Ok(packet) = ipv4::Packet::parse(&frame.bytes) else {
                    return;
                };
                let (from, to) = (IpAddr::V4(packet.source), IpAddr::V4(packet.destination));
                for will in &mut host.supervisor {
                    will.heard(now, from, to, packet.ttl, packet.payload);
                }
            }
            Kind::Peer { .. } => {}
            Kind::Arp => {
                let Ok(arp) = Arp::parse(&frame.bytes) else {
                    return;
                };
                for will in &mut host.supervisor {
                    for (_, gone) in will.announced(IpAddr::V4(arp.sender)) {
                        host.kernel.remove(&gone.address);
                    }
                }
            }
        }
    }

    /// Removes what the supervisor has to remove by now.
    pub(super) fn execute_wills(&mut self, id: NodeId) {
        let now = self.now;
        let host = &mut self.hosts[id.0];
        for will in &host.supervisor {
            if will.release_at() <= now {
                for (_, address) in &will.estate().addresses {
                    host.kernel.remove(&address.address);
                }
            }
        }
        host.supervisor.retain(|will| will.release_at() > now);
    }

    pub(super) fn note(&mut self, id: NodeId, text: impl FnOnce() -> String) {
        let now = self.now.0;
        if let Some(trace) = self
            .trace
            .as_mut()
            .filter(|trace| trace.len() < TRACE_LINES)
        {
            trace.push(format!(
                "{:>6}.{:06} node {}  {}",
                now / 1_000_000,
                now % 1_000_000,
                id.0,
                text()
            ));
        }
    }
}
