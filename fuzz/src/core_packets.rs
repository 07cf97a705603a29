//! A node that is fed with whatever the bytes say.

use std::net::{IpAddr, Ipv4Addr};

use standfast_core::authentication::{AntiReplay, Hmac, HmacMode};
use standfast_core::input::{
    HostAddress, InterfaceIndex, Link, OperationId, Origin, Output, Packet,
};
use standfast_core::spec::{RouterSpec, Rules, Spec, VirtualAddress};
use standfast_core::wire::vrrp::{AdvertisementRepr, GROUP, Priority, Version, Vrid};
use standfast_core::wire::{MacAddress, ah, trailer};
use standfast_core::{Input, Instant, Micros, Node};

const ETH0: InterfaceIndex = InterfaceIndex(2);
const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);
const OWN: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
/// Longest time between two inputs, in milliseconds.
const LONGEST_WAIT_MS: u64 = 100_003;
/// Outputs of one input: a burst of reports is small.
const OUTPUTS: usize = 64;

struct Fed {
    node: Node,
    now: Instant,
    spec: RouterSpec,
    waiting: Vec<(OperationId, usize)>,
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
        ..RouterSpec::plain(vrid, Priority(first.max(1)))
    }
}

impl Fed {
    fn new(first: u8) -> Self {
        let mut fed = Fed {
            node: Node::new(),
            now: Instant(1_000_000),
            spec: spec(first),
            waiting: Vec::new(),
        };
        fed.give(link(true));
        fed.give(Input::AddressAdded(address(OWN)));
        let routers = vec![fed.spec.clone()];
        fed.give(Input::Spec(Box::new(Spec {
            routers,
            ..Spec::default()
        })));
        fed
    }

    fn step(&mut self, operation: u8, argument: &[u8]) {
        let number = argument.iter().fold(0_u64, |sum, byte| {
            (sum * 7 + u64::from(*byte)) % LONGEST_WAIT_MS
        });
        match operation % 14 {
            0 => self.packet(argument, 255),
            1 => self.packet(argument, operation),
            2 | 3 => self.advertisement(operation / 14),
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
            9 => self.now = self.now + Micros(number * 1_000),
            12 => self.give(Input::Sealed {
                interface: ETH0,
                packet: argument,
            }),
            13 => self.give(Input::WallClock(Micros(number * 1_000_000))),
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
            if let Output::Kernel {
                operation,
                addresses,
                ..
            } = output
            {
                self.waiting.push((operation, addresses.len()));
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
