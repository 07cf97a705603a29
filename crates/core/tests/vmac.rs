//! A router with an interface of its own (keepalived.conf(5): `use_vmac`).

#![allow(clippy::unwrap_used)]

mod common;

use std::net::IpAddr;

use common::{Action, Bench, ETH0, OUR_MAC, router, vip};
use standfast_core::input::{InterfaceIndex, Link};
use standfast_core::journal::{DropCause, Event, Fault};
use standfast_core::router::State;
use standfast_core::spec::{RouterSpec, Strangers, Unicast, UnicastPeer, VirtualInterface};
use standfast_core::wire::MacAddress;
use standfast_core::{Input, Micros};

const SECOND: u64 = 1_000_000;
const OWN: InterfaceIndex = InterfaceIndex(7);
const NAME: &str = "vrrp.51";
const MAC: MacAddress = MacAddress([0, 0, 0x5e, 0, 1, 51]);

fn own_link(up: bool) -> Input<'static> {
    Input::Link(Link {
        index: OWN,
        name: NAME.into(),
        up,
        mac: MAC,
    })
}

fn vmac() -> RouterSpec {
    let mut spec = router(100);
    for held in &mut spec.addresses {
        held.interface = Some(NAME.into());
    }
    spec.virtual_interface = Some(VirtualInterface {
        name: NAME.into(),
        transmit_base: false,
        virtual_mac: true,
    });
    spec
}

fn backup() -> Bench {
    let mut bench = Bench::new("192.0.2.1");
    bench.give(own_link(true));
    bench.configure(vec![vmac()]);
    bench
}

fn active() -> Bench {
    let mut bench = backup();
    bench.run_until(5 * SECOND);
    assert_eq!(bench.state(), State::Active);
    bench
}

#[test]
fn it_hears_on_its_own_interface_and_sends_from_the_address_of_the_one_below() {
    let bench = active();
    let router = bench.router();
    assert_eq!((router.interface(), router.base()), (Some(OWN), Some(ETH0)));
    assert_eq!(router.source(), Some(IpAddr::from([192, 0, 2, 1])));
    assert_eq!(bench.kernel, [vip()]);
}

#[test]
fn both_interfaces_must_be_up() {
    for (down, up) in [
        (own_link(false), own_link(true)),
        (common::link(false), common::link(true)),
    ] {
        let mut bench = active();
        bench.give(down);
        assert_eq!(bench.state(), State::Fault);
        bench.give(up);
        assert_eq!(bench.state(), State::Backup);
    }
}

#[test]
fn an_interface_of_its_own_that_is_missing_is_a_fault() {
    let mut bench = Bench::new("192.0.2.1");
    bench.configure(vec![vmac()]);
    assert_eq!(bench.state(), State::Fault);
    let missing = Event::FaultAppeared(Fault::InterfaceMissing(NAME.into()));
    assert!(bench.events.iter().any(|entry| entry.event == missing));
    bench.give(own_link(true));
    assert_eq!(bench.state(), State::Backup);
}

#[test]
fn it_lets_go_at_the_successors_first_advertisement() {
    let mut bench = active();
    bench.give(Input::Stop);
    assert_eq!(bench.state(), State::Leaving);
    assert_eq!(bench.kernel, [vip()]);
    let at = bench.now;
    bench.hear(90, "192.0.2.2");
    bench.run_until(at.0);
    assert!(!bench.holds(vip()));
}

#[test]
fn so_does_its_supervisor_when_it_has_died() {
    let mut bench = active();
    let estates = bench.node.estates();
    let estate = estates.first().unwrap();
    assert_eq!((estate.interface, estate.succession), (OWN, Micros::ZERO));
    assert_eq!(estate.sends_on, OWN);
    let mut below = vmac();
    if let Some(own) = &mut below.virtual_interface {
        own.transmit_base = true;
    }
    bench.configure(vec![below]);
    let estates = bench.node.estates();
    let estate = estates.first().unwrap();
    assert_eq!((estate.interface, estate.sends_on), (OWN, ETH0));
    let plain = RouterSpec {
        virtual_interface: None,
        ..router(100)
    };
    bench.configure(vec![plain]);
    assert!(bench.node.estates().first().unwrap().succession > Micros::ZERO);
}

#[test]
fn a_reload_moves_the_addresses_to_the_interface_and_back_without_a_change_of_state() {
    let mut bench = Bench::start(router(100));
    bench.give(own_link(true));
    bench.run_until(5 * SECOND);
    assert_eq!(bench.state(), State::Active);
    for spec in [vmac(), router(100)] {
        let from = bench.log.len();
        bench.configure(vec![spec]);
        assert_eq!(bench.state(), State::Active);
        let log: Vec<&Action> = bench
            .log
            .iter()
            .skip(from)
            .map(|(_, action)| action)
            .collect();
        let removed = log.iter().position(|action| **action == Action::Removed(1));
        let added = log.iter().position(|action| **action == Action::Added(1));
        assert!(removed.unwrap() < added.unwrap(), "{log:?}");
    }
}

#[test]
fn over_unicast_it_hears_and_sends_on_the_interface_below() {
    let mut spec = vmac();
    spec.unicast = Some(Unicast {
        peers: vec![UnicastPeer {
            address: IpAddr::from([192, 0, 2, 2]),
            min_ttl: 0,
            max_ttl: 255,
        }],
        ttl: 255,
        strangers: Strangers::Believed,
    });
    assert_eq!((spec.hears_on(), spec.sends_on()), ("eth0", "eth0"));
    let mut below = vmac();
    if let Some(own) = &mut below.virtual_interface {
        own.transmit_base = true;
    }
    assert_eq!((below.hears_on(), below.sends_on()), (NAME, "eth0"));
}

#[test]
fn its_own_packets_that_come_back_are_counted_and_no_news() {
    let mut bench = active();
    let from = bench.events.len();
    bench.hear(100, "192.0.2.1");
    assert_eq!(bench.events.len(), from);
    let dropped = &bench.router().counters().dropped;
    assert_eq!(dropped.get(&DropCause::OwnAddress), Some(&1));
}

#[test]
fn another_node_s_announcement_from_the_same_mac_address_is_no_conflict() {
    let mut bench = active();
    let from = bench.log.len();
    for mac in [MAC, OUR_MAC] {
        bench.give(Input::Arp {
            interface: OWN,
            sender: [192, 0, 2, 100].into(),
            mac,
        });
    }
    assert_eq!(bench.log.len(), from);
}
