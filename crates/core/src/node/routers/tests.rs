//! Whatever happens to a node: its indexes say what a look at every router says.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::MacAddress;
use standfast_wire::vrrp::{AdvertisementRepr, Priority, Vrid};

use super::*;
use crate::input::{HostAddress, Input, Link, Origin, Output, Packet};
use crate::node::{Node, Reason};
use crate::spec::{RouterSpec, Spec, VirtualAddress};
use crate::time::Micros;

const INTERFACES: u32 = 3;
const VRIDS: u8 = 12;
const OUTPUTS_A_ROUND: usize = 500;

/// A small generator of repeatable numbers (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn index(&mut self) -> u32 {
        u32::try_from(self.below(INTERFACES.into())).unwrap() + 1
    }

    fn byte(&mut self, limit: u8) -> u8 {
        u8::try_from(self.below(limit.into())).unwrap()
    }
}

fn virtual_address(number: u8) -> IpAddr {
    IpAddr::from([198, 51, 100, number])
}

fn own_address(index: u32) -> HostAddress {
    let last = u8::try_from(index).unwrap();
    host_address(index, IpAddr::from([192, 0, 2, last]), Origin::Foreign)
}

fn host_address(index: u32, address: IpAddr, origin: Origin) -> HostAddress {
    HostAddress {
        interface: InterfaceIndex(index),
        address,
        prefix: 24,
        secondary: false,
        origin,
    }
}

fn link(index: u32, up: bool) -> Input<'static> {
    Input::Link(Link {
        index: InterfaceIndex(index),
        name: format!("eth{index}"),
        up,
        mac: MacAddress([2, 0, 0, 0, 0, 1]),
    })
}

fn spec(random: &mut Random) -> Spec {
    let mut routers = Vec::new();
    for index in 1..=INTERFACES {
        for vrid in 1..=VRIDS {
            if random.below(4) == 0 {
                continue;
            }
            let priority = if random.below(12) == 0 { 255 } else { 100 };
            let plain = RouterSpec::plain(Vrid::new(vrid).unwrap(), Priority(priority));
            // Another interface may have the same ones, but not the same interface twice.
            let shift = random.byte(2);
            let all = (0..random.byte(3)).map(|it| virtual_address(vrid * 4 + it + shift));
            routers.push(RouterSpec {
                name: format!("VI_{index}_{vrid}"),
                interface: format!("eth{index}"),
                addresses: all.map(|it| VirtualAddress::plain(it, 24)).collect(),
                sync_group: (vrid <= 3).then(|| String::from("G")),
                ..plain
            });
        }
    }
    Spec {
        routers,
        ..Spec::default()
    }
}

fn advertisement(vrid: u8, priority: u8, buffer: &mut [u8]) -> usize {
    let plain = RouterSpec::plain(Vrid::new(vrid).unwrap(), Priority(priority));
    let repr = AdvertisementRepr {
        vrid: plain.vrid,
        priority: plain.priority,
        interval: plain.wire_interval(),
        authentication: plain.authentication,
        checksum: plain.checksum,
        addresses: &[],
    };
    let from = IpAddr::from([192, 0, 2, 200]);
    repr.emit(from, plain.group, buffer).unwrap()
}

fn packet(node: &mut Node, now: Instant, random: &mut Random) {
    let mut buffer = [0; 128];
    let priority = match random.below(5) {
        0 => 0,
        1 => 1,
        2 => 99,
        3 => 101,
        _ => 254,
    };
    let length = advertisement(random.byte(VRIDS) + 1, priority, &mut buffer);
    let packet = Packet {
        interface: InterfaceIndex(random.index()),
        source: IpAddr::from([192, 0, 2, 200]),
        destination: RouterSpec::plain(Vrid::new(1).unwrap(), Priority(1)).group,
        ttl: 255,
        message: buffer.get(..length).unwrap(),
    };
    node.handle_input(now, Input::Packet(packet));
}

/// The kernel does what it is asked, and tells of it.
fn carry_out(node: &mut Node, now: Instant) {
    let mut buffer = [0; crate::node::PACKET_LENGTH];
    // What is left waits for the next round: two owners without an address of the host can go on for ever.
    for _ in 0..OUTPUTS_A_ROUND {
        let Some(output) = node.poll_output() else {
            return;
        };
        match output {
            Output::Advertise { router, priority } => {
                let to = node.router(router).map(|router| router.spec().group);
                let _ = node.encode(router, priority, to.unwrap(), &mut buffer);
            }
            Output::Kernel {
                operation,
                change,
                addresses,
                ..
            } => {
                let results = addresses.iter().map(|_| Ok(())).collect();
                node.handle_input(now, Input::KernelDone { operation, results });
                for (index, held) in addresses {
                    let held = host_address(index.0, held.address, Origin::Stale);
                    node.handle_input(
                        now,
                        match change {
                            crate::input::Change::Add => Input::AddressAdded(held),
                            crate::input::Change::Remove => Input::AddressRemoved(held),
                        },
                    );
                }
            }
            Output::Notify {
                router, wait: true, ..
            } => node.handle_input(now, Input::NotifyDone(router)),
            _ => {}
        }
    }
}

fn happen(node: &mut Node, now: Instant, random: &mut Random) {
    let index = random.index();
    match random.below(100) {
        0 => node.handle_input(now, Input::Spec(Box::new(spec(random)))),
        1..=2 => {
            let up = random.below(2) == 0;
            node.handle_input(now, link(index, up));
        }
        3 => node.handle_input(now, Input::LinkRemoved(InterfaceIndex(index))),
        4..=7 => node.handle_input(now, Input::AddressAdded(own_address(index))),
        8 => node.handle_input(now, Input::AddressRemoved(own_address(index))),
        9..=12 => {
            let address = virtual_address(random.byte(4 * VRIDS));
            let held = host_address(index, address, Origin::Foreign);
            node.handle_input(now, Input::AddressRemoved(held));
        }
        13 => {
            let address = virtual_address(random.byte(4 * VRIDS));
            let held = host_address(index, address, Origin::Foreign);
            node.handle_input(now, Input::AddressAdded(held));
        }
        14..=49 => packet(node, now, random),
        _ => node.handle_input(now, Input::Wakeup),
    }
}

fn looked_up(node: &Node) -> Option<(Instant, Reason)> {
    let routers = node.routers().filter_map(|router| {
        let (due, timer) = router.next_wakeup()?;
        Some((due, Reason::Router(router.id(), timer)))
    });
    routers.min_by_key(|(due, _)| *due)
}

fn rebuilt(node: &Node) -> Index {
    let mut all = Routers::default();
    node.routers().for_each(|router| all.insert(router.clone()));
    all.index
}

#[test]
fn whatever_happens_the_indexes_say_what_a_look_at_every_router_says() {
    for seed in 0..20 {
        let random = &mut Random(seed);
        let mut node = Node::new();
        let mut now = Instant(1);
        for index in 1..=INTERFACES {
            node.handle_input(now, link(index, true));
            node.handle_input(now, Input::AddressAdded(own_address(index)));
        }
        node.handle_input(now, Input::Spec(Box::new(spec(random))));
        for step in 0..400 {
            carry_out(&mut node, now);
            assert_eq!(
                node.routers.index,
                rebuilt(&node),
                "seed {seed} step {step}"
            );
            assert_eq!(
                node.next_wakeup(),
                looked_up(&node),
                "seed {seed} step {step}"
            );
            let due = node.next_wakeup().map_or(now, |(due, _)| due);
            let sooner = now + Micros::from_millis(random.below(400));
            now = now.max(due.min(sooner) + Micros(random.below(2_000)));
            happen(&mut node, now, random);
        }
        node.handle_input(now, Input::Stop);
        node.handle_input(now, Input::Stop);
        carry_out(&mut node, now);
        assert_eq!(node.routers().count(), 0, "seed {seed}");
        assert_eq!(node.routers.index, Index::default(), "seed {seed}");
    }
}

#[test]
fn every_router_that_hears_a_packet_is_found_in_order_and_no_other() {
    let random = &mut Random(7);
    let mut node = Node::new();
    node.handle_input(Instant(1), link(1, true));
    node.handle_input(Instant(1), Input::AddressAdded(own_address(1)));
    node.handle_input(Instant(1), Input::Spec(Box::new(spec(random))));
    for vrid in 0..=VRIDS + 1 {
        let what = (InterfaceIndex(1), vrid, Family::V4);
        let first = node.routers.hearing(what, RouterId(0));
        let looked_up = node.routers().find(|router| {
            router.spec().vrid.get() == vrid && router.interface() == Some(InterfaceIndex(1))
        });
        assert_eq!(first, looked_up.map(Router::id));
        if let Some(RouterId(id)) = first {
            assert_eq!(node.routers.hearing(what, RouterId(id + 1)), None);
        }
    }
    let elsewhere = (InterfaceIndex(2), 1, Family::V4);
    assert_eq!(node.routers.hearing(elsewhere, RouterId(0)), None);
}
