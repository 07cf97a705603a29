//! What a node remembers of others and of this host: bounded, written in place, and never decided from.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::net::IpAddr;

use common::{Bench, host_address, router, vip};
use standfast_core::input::Origin;
use standfast_core::journal::DropCause;
use standfast_core::node::MAX_STRANGERS;
use standfast_core::router::{MAX_HEARD_ADDRESSES, MAX_WITNESSES, Router, Sender, State};
use standfast_core::spec::{RouterSpec, VirtualAddress};
use standfast_core::wire::MacAddress;
use standfast_core::wire::vrrp::{Authentication, Priority, Vrid};
use standfast_core::{Input, Instant, Micros};

const SECOND: u64 = 1_000_000;
const PEER: &str = "192.0.2.2";

fn sender(bench: &Bench, address: &str) -> Sender {
    let address: IpAddr = address.parse().unwrap();
    let found = bench
        .router()
        .senders()
        .iter()
        .find(|it| it.address == address);
    found.unwrap().clone()
}

fn arp(bench: &mut Bench, last: u8) {
    bench.give(Input::Arp {
        interface: common::ETH0,
        sender: [192, 0, 2, 100].into(),
        mac: MacAddress([2, 0, 0, 0, 1, last]),
    });
}

#[test]
fn a_sender_is_one_record_whatever_it_sends() {
    let mut bench = Bench::start(router(100));
    assert!(bench.router().has_met_nobody());
    bench.hear(200, PEER);
    bench.run_until(SECOND);
    bench.hear(150, PEER);
    let foreign = RouterSpec {
        authentication: Authentication::Password(*b"2222\0\0\0\0"),
        addresses: vec![VirtualAddress::plain([192, 0, 2, 7].into(), 24)],
        ..router(100)
    };
    bench.run_until(2 * SECOND);
    bench.hear_as(&foreign, 140, PEER);
    assert_eq!(bench.router().senders().len(), 1);
    let seen = sender(&bench, PEER);
    assert_eq!((seen.taken, seen.dropped), (2, 1));
    assert_eq!((seen.first, seen.last), (Instant(0), Instant(2 * SECOND)));
    assert_eq!(
        (seen.priority, seen.version),
        (Some(Priority(140)), Some(2))
    );
    assert_eq!(seen.interval, Some(Micros::from_secs(1)));
    assert_eq!(seen.refused, Some(DropCause::Authentication));
    assert_eq!(seen.other_addresses, [IpAddr::from([192, 0, 2, 7])]);
    // Priority 0 resigns, and is none.
    bench.hear(0, PEER);
    let seen = sender(&bench, PEER);
    assert_eq!((seen.priority, seen.refused), (Some(Priority(140)), None));
    assert!(seen.other_addresses.is_empty());
    assert!(!bench.router().has_met_nobody());
}

#[test]
fn the_order_of_addresses_is_no_difference() {
    let plain = |last| VirtualAddress::plain([192, 0, 2, last].into(), 24);
    let ours = RouterSpec {
        addresses: vec![plain(100), plain(101)],
        ..router(100)
    };
    let mut bench = Bench::start(ours.clone());
    let theirs = RouterSpec {
        addresses: vec![plain(101), plain(100)],
        ..ours.clone()
    };
    bench.hear_as(&theirs, 200, PEER);
    assert!(sender(&bench, PEER).other_addresses.is_empty());
    let fewer = RouterSpec {
        addresses: vec![plain(100)],
        ..ours
    };
    bench.hear_as(&fewer, 200, PEER);
    assert_eq!(sender(&bench, PEER).other_addresses, [vip()]);
}

#[test]
fn our_own_packets_are_nobody_elses() {
    let mut bench = Bench::start(router(100));
    bench.hear(100, "192.0.2.1");
    assert!(bench.router().has_met_nobody());
}

#[test]
fn what_cannot_be_read_says_nothing_of_its_sender() {
    let mut bench = Bench::start(router(100));
    let packet = [0x21, 51, 77, 200, 1, 1, 0, 0, 1, 2, 3];
    bench.packet(&packet, PEER.parse().unwrap(), common::GROUP, 255);
    let seen = sender(&bench, PEER);
    assert_eq!((seen.priority, seen.version, seen.dropped), (None, None, 1));
    assert_eq!(seen.refused, Some(DropCause::Length));
    assert!(seen.other_addresses.is_empty());
}

#[test]
fn senders_are_bounded_and_one_that_counted_stays() {
    let mut bench = Bench::start(router(100));
    bench.hear(200, PEER);
    let mut forged = router(100);
    forged.authentication = Authentication::Password(*b"2222\0\0\0\0");
    for last in 10..90_u8 {
        bench.run_until(SECOND + u64::from(last));
        bench.hear_as(&forged, 200, &format!("192.0.2.{last}"));
    }
    assert_eq!(bench.router().senders().len(), MAX_WITNESSES);
    assert_eq!(sender(&bench, PEER).taken, 1);
    assert_eq!(sender(&bench, "192.0.2.89").dropped, 1);
}

#[test]
fn long_lists_of_addresses_are_cut() {
    let mut bench = Bench::start(router(100));
    let theirs = RouterSpec {
        addresses: (0..200)
            .map(|last| VirtualAddress::plain([10, 0, 0, last].into(), 24))
            .collect(),
        ..router(100)
    };
    bench.hear_as(&theirs, 200, PEER);
    assert_eq!(
        sender(&bench, PEER).other_addresses.len(),
        MAX_HEARD_ADDRESSES
    );
    let other = RouterSpec {
        vrid: Vrid::new(52).unwrap(),
        ..theirs
    };
    bench.hear_as(&other, 200, PEER);
    let stranger = bench.node.strangers().next().unwrap();
    assert_eq!(stranger.addresses.len(), MAX_HEARD_ADDRESSES);
}

#[test]
fn strangers_are_bounded_and_the_oldest_gives_way() {
    let mut bench = Bench::start(router(100));
    for vrid in 100..=100 + u8::try_from(MAX_STRANGERS).unwrap() {
        bench.run_until(u64::from(vrid));
        let other = RouterSpec {
            vrid: Vrid::new(vrid).unwrap(),
            ..router(100)
        };
        bench.hear_as(&other, 90, PEER);
        bench.hear_as(&other, 91, PEER);
    }
    assert_eq!(bench.node.strangers().count(), MAX_STRANGERS);
    assert!(bench.node.strangers().all(|it| it.vrid != 100));
    let last = bench.node.strangers().max_by_key(|it| it.last).unwrap();
    assert_eq!((last.times, last.priority), (2, Some(Priority(91))));
    assert_eq!(last.addresses, [vip()]);
}

#[test]
fn holders_are_bounded_and_the_oldest_gives_way() {
    let mut bench = Bench::start(router(100));
    bench.run_until(4 * SECOND);
    arp(&mut bench, 0);
    for last in 0..=u8::try_from(MAX_WITNESSES).unwrap() {
        bench.run_until(5 * SECOND + u64::from(last));
        arp(&mut bench, last);
    }
    let holders = bench.router().holders();
    assert_eq!(holders.len(), MAX_WITNESSES);
    assert!(
        holders
            .iter()
            .all(|it| it.mac != MacAddress([2, 0, 0, 0, 1, 0]))
    );
    assert!(
        holders
            .iter()
            .all(|it| it.address == vip() && it.times == 1)
    );
}

fn transitions(router: &Router) -> Vec<(State, &'static str, u64)> {
    router.transitions().collect()
}

#[test]
fn transitions_are_counted_by_state_and_cause() {
    let mut bench = Bench::start(router(100));
    bench.run_until(4 * SECOND);
    for round in 1..=2_u64 {
        bench.hear(200, PEER);
        bench.run_until(4 * SECOND + round * 10 * SECOND);
    }
    let expected = [
        (State::Backup, "outranked", 2),
        (State::Backup, "started", 1),
        (State::Active, "silence", 3),
    ];
    assert_eq!(transitions(bench.router()), expected);
    assert_eq!(bench.router().cause().unwrap().word(), "silence");
}

#[test]
fn a_deletion_by_others_and_a_pause_are_remembered() {
    let mut bench = Bench::start(router(100));
    bench.run_until(4 * SECOND);
    let held = host_address(vip(), Origin::Foreign);
    bench.give(Input::AddressAdded(held));
    assert_eq!(bench.router().last_deletion(), None);
    bench.give(Input::AddressRemoved(held));
    let deletion = bench.router().last_deletion().unwrap();
    assert_eq!((deletion.address, deletion.times), (vip(), 1));
    assert_eq!(bench.router().last_pause(), None);
    bench.pause_until(14 * SECOND);
    bench.give(Input::Wakeup);
    let (at, time) = bench.router().last_pause().unwrap();
    assert_eq!(at, Instant(14 * SECOND));
    assert!(time > Micros::from_secs(9), "{time}");
}
