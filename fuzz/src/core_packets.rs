//! A node that is fed with whatever the bytes say.

use std::net::{IpAddr, Ipv4Addr};

use standfast_core::authentication::{AntiReplay, Hmac, HmacMode};
use standfast_core::input::{
    CheckId, HostAddress, InterfaceIndex, Link, OperationId, Origin, Output, Packet, PeerPacket,
};
use standfast_core::router::Router;
use standfast_core::spec::{
    Channel, FastDetect, NodeIdentity, RouterSpec, Rules, Spec, VirtualAddress,
};
use standfast_core::steering::{Choice, Drain, Hold, Instruction, Order, OrderId};
use standfast_core::wire::peer::{self, Message};
use standfast_core::wire::vrrp::{AdvertisementRepr, GROUP, Priority, Version, Vrid};
use standfast_core::wire::{MacAddress, ah, trailer};
use standfast_core::{Input, Instant, Micros, Node};

use crate::peer_messages::{self, Known, OURS};

const ETH0: InterfaceIndex = InterfaceIndex(2);
const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);
const OWN: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
/// Longest time between two inputs, in milliseconds.
const LONGEST_WAIT_MS: u64 = 100_003;
/// Outputs of one input: a burst of reports is small.
const OUTPUTS: usize = 64;
/// Other nodes that a node remembers.
const SPEAKERS: usize = 64;

struct Fed {
    node: Node,
    now: Instant,
    spec: RouterSpec,
    waiting: Vec<(OperationId, usize)>,
    key: peer::Key,
    /// Our clock in our last message on the peer channel.
    said: u64,
}

/// Feeds a node; panics when it wants to be woken without end, or says too much.
pub fn core_packets(bytes: &[u8]) {
    let Some((first, mut rest)) = bytes.split_first() else {
        return;
    };
    let mut fed = Fed::new(*first);
    while let Some((operation, after)) = rest.split_first() {
        let length = after.first().map_or(0, |length| usize::from(*length % 64));
        let (argument, after) = after.split_at(after.len().min(length + 1));
        rest = after;
        fed.step(*operation, argument);
    }
}

fn spec(first: u8) -> RouterSpec {
    let vrid = Vrid::new(51).expect("51 is a VRID");
    RouterSpec {
        name: "fuzz".into(),
        version: if first & 1 == 0 {
            Version::V2
        } else {
            Version::V3
        },
        addresses: vec![VirtualAddress::plain(IpAddr::V4(VIP), 24)],
        preempt: first & 2 == 0,
        preempt_delay: Micros::from_secs(u64::from(first & 4)),
        rules: if first & 8 == 0 {
            Rules::OVERLAP
        } else {
            Rules::PROTOCOL
        },
        header_key: (first & 16 != 0).then(|| ah::Key::new([first; 8])),
        hmac: (first & 32 != 0).then(|| Hmac {
            keys: trailer::Key::new(1, &[first; 32]).into_iter().collect(),
            active: 1,
            mode: HmacMode::Permissive,
            anti_replay: AntiReplay::Time(Micros::from_secs(5)),
        }),
        channel: (first & 64 != 0).then(|| Channel {
            fast_detect: (first & 128 != 0).then_some(FastDetect {
                interval: Micros::from_millis(50),
                misses: 3,
            }),
        }),
        ..RouterSpec::plain(vrid, Priority(first.max(1)))
    }
}

/// As the advertisements are authenticated.
fn channel_key(first: u8) -> peer::Key {
    match (first & 32 != 0, first & 16 != 0) {
        (true, _) => peer::Key::new(b"hmac", &[first; 32]),
        (false, true) => peer::Key::new(b"ah", &[first; 8]),
        (false, false) => peer::Key::new(b"none", b""),
    }
}

impl Fed {
    fn new(first: u8) -> Self {
        let mut fed = Fed {
            node: Node::new(),
            now: Instant(1_000_000),
            spec: spec(first),
            waiting: Vec::new(),
            key: channel_key(first),
            said: 0,
        };
        fed.give(link(true));
        fed.give(Input::AddressAdded(address(OWN)));
        let routers = vec![fed.spec.clone()];
        fed.give(Input::Spec(Box::new(Spec {
            routers,
            node: NodeIdentity {
                number: OURS,
                name: "fuzz".into(),
            },
            ..Spec::default()
        })));
        fed
    }

    /// Operators may do anything at any time.
    fn order(&mut self, number: u64) {
        let routers = self.node.routers().map(Router::id).collect();
        let until = (number % 2 == 0).then_some(self.now + Micros::from_secs(number));
        let what = match number {
            0..=2 => Instruction::Switchover {
                routers,
                to: (number == 1).then_some(Choice::Address(PEER)),
            },
            3 | 4 => Instruction::Drain(Drain {
                until,
                hold: Hold::Soft,
            }),
            5 => Instruction::Drain(Drain {
                until,
                hold: Hold::Hard,
            }),
            6 => Instruction::Pause {
                check: CheckId(0),
                until,
            },
            _ => Instruction::Resume,
        };
        self.give(Input::Order(Box::new(Order {
            id: OrderId(number),
            who: "fuzz".into(),
            what,
        })));
    }

    fn step(&mut self, operation: u8, argument: &[u8]) {
        let number = argument.iter().fold(0_u64, |sum, byte| {
            (sum * 7 + u64::from(*byte)) % LONGEST_WAIT_MS
        });
        match operation % 18 {
            0 => self.packet(argument, 255),
            1 => self.packet(argument, operation),
            2 | 3 => self.advertisement(operation / 18),
            4 => self.give(Input::Arp {
                interface: ETH0,
                sender: VIP,
                mac: MacAddress([2, 0, 0, 0, 0, operation]),
            }),
            5 => self.give(link(operation & 16 == 0)),
            6 => self.give(Input::AddressRemoved(address(VIP))),
            7 => {
                if let Some((operation, count)) = self.waiting.pop() {
                    self.give(Input::KernelDone {
                        operation,
                        results: vec![Ok(()); count],
                    });
                }
            }
            8 => self.give(Input::ClockStep(Micros(number))),
            9 if number == 9 => self.give(Input::Stop),
            9 if number < 9 => self.order(number),
            9 => self.now = self.now + Micros(number * 1_000),
            12 => self.give(Input::Sealed {
                interface: ETH0,
                packet: argument,
            }),
            13 => self.give(Input::WallClock(Micros(number * 1_000_000))),
            14 => self.peer_bytes(argument, 255),
            15 => self.peer_message(argument, None),
            16 => self.peer_message(argument, Some(number)),
            17 if number % 64 == 9 => self.give(Input::PeerUnreachable {
                interface: ETH0,
                address: PEER,
            }),
            17 => self.now = self.now + Micros(number),
            _ => self.wake(),
        }
    }

    fn packet(&mut self, message: &[u8], ttl: u8) {
        self.give(Input::Packet(Packet {
            interface: ETH0,
            source: PEER,
            destination: IpAddr::V4(GROUP),
            ttl,
            message,
        }));
    }

    /// Says what `argument` wants with our key; `damage`: one bit of it is turned.
    fn peer_message(&mut self, argument: &[u8], damage: Option<u64>) {
        let mut message = peer_messages::message(
            argument,
            &Known {
                key: &self.key,
                from: PEER,
                vrid: self.spec.vrid,
                version: self.spec.version.number(),
                address: VIP,
                echo: self.said,
                now: self.now.0,
            },
        );
        if let Some(number) = damage {
            let position = usize::try_from(number).unwrap_or(0) % message.len();
            message[position] ^= 1 << (number % 8);
        }
        self.peer_bytes(&message, 255);
    }

    fn peer_bytes(&mut self, message: &[u8], ttl: u8) {
        self.give(Input::Peer(PeerPacket {
            interface: ETH0,
            source: PEER,
            ttl,
            message,
        }));
        assert!(self.node.peers().count() <= SPEAKERS);
    }

    fn advertisement(&mut self, priority: u8) {
        let repr = AdvertisementRepr {
            vrid: self.spec.vrid,
            priority: Priority(priority.wrapping_mul(13)),
            interval: self.spec.wire_interval(),
            authentication: self.spec.authentication,
            checksum: self.spec.checksum,
            addresses: &[IpAddr::V4(VIP)],
        };
        let mut buffer = [0; 64];
        let length = repr.emit(PEER, IpAddr::V4(GROUP), &mut buffer);
        let length = length.expect("one address fits");
        self.packet(&buffer[..length], 255);
    }

    fn wake(&mut self) {
        if let Some((due, _)) = self.node.next_wakeup() {
            self.now = self.now.max(due);
            self.give(Input::Wakeup);
            if let Some((next, reason)) = self.node.next_wakeup() {
                assert!(next > self.now, "woken, and due again: {reason:?}");
            }
        }
    }

    fn give(&mut self, input: Input<'_>) {
        self.node.handle_input(self.now, input);
        let mut outputs = 0;
        while let Some(output) = self.node.poll_output() {
            outputs += 1;
            match output {
                Output::Kernel {
                    operation,
                    addresses,
                    ..
                } => self.waiting.push((operation, addresses.len())),
                Output::Peer(datagram) => {
                    let ours = Message::parse(&datagram.message);
                    self.said = ours.expect("what we say can be read").header.sent;
                }
                _ => {}
            }
        }
        assert!(outputs <= OUTPUTS, "{outputs} outputs of one input");
    }
}

fn link(up: bool) -> Input<'static> {
    Input::Link(Link {
        index: ETH0,
        name: "eth0".into(),
        up,
        mac: MacAddress([2, 0, 0, 0, 0, 1]),
    })
}

fn address(address: Ipv4Addr) -> HostAddress {
    HostAddress {
        interface: ETH0,
        address: IpAddr::V4(address),
        prefix: 24,
        secondary: false,
        origin: Origin::Foreign,
    }
}
