//! A reload moves addresses, routes and rules from one router to another.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::IpAddr;

use common::{Action, Bench, router, vip};
use standfast_core::input::Change;
use standfast_core::journal::Event;
use standfast_core::router::{Router, State};
use standfast_core::spec::{Fixture, FixtureKind, Leave, RouterSpec, Rules, VirtualAddress};
use standfast_core::wire::vrrp::Vrid;

const SECOND: u64 = 1_000_000;

fn address(last: u8) -> VirtualAddress {
    VirtualAddress::plain(IpAddr::from([192, 0, 2, last]), 24)
}

fn route(text: &str) -> Fixture {
    Fixture {
        kind: FixtureKind::Route,
        text: text.into(),
        no_track: false,
    }
}

fn spec(vrid: u8, addresses: &[VirtualAddress], fixtures: &[Fixture]) -> RouterSpec {
    RouterSpec {
        name: format!("VI_{vrid}"),
        vrid: Vrid::new(vrid).unwrap(),
        addresses: addresses.to_vec(),
        fixtures: fixtures.to_vec(),
        ..router(100)
    }
}

/// Active with these; nothing has been asked since.
fn active(routers: Vec<RouterSpec>) -> Bench {
    let mut bench = Bench::new("192.0.2.1");
    bench.configure(routers);
    bench.run_until(10 * SECOND);
    assert!(bench.node.routers().all(|one| one.state() == State::Active));
    bench.requests.clear();
    bench
}

fn held_by(bench: &Bench, vrid: u8) -> Vec<IpAddr> {
    let all = bench.node.routers();
    let of_it = all.filter(|one| one.spec().vrid == Vrid::new(vrid).unwrap());
    let held = of_it.flat_map(Router::addresses);
    let there = held.filter(|(_, there)| *there);
    there.map(|(address, _)| address.address).collect()
}

/// In either order of the file: a removal after the addition would take it from the new owner.
#[test]
fn what_moves_between_active_routers_stays_where_it_is() {
    for (from, to) in [(51, 52), (52, 51)] {
        // The owner of the address that moves and of a route, and the other one.
        let file = |owner: u8| {
            [51, 52].map(|vrid| match vrid == owner {
                true => spec(vrid, &[address(vrid), address(100)], &[route("r1")]),
                false => spec(vrid, &[address(vrid)], &[]),
            })
        };
        let mut bench = active(file(from).to_vec());
        bench.configure(file(to).to_vec());
        assert_eq!(bench.requests, [], "from {from} to {to}");
        assert!(held_by(&bench, to).contains(&vip()));
        assert!(!held_by(&bench, from).contains(&vip()));
        // It is the new owner's to remove.
        bench.configure(vec![spec(to, &[address(to)], &[])]);
        assert!(!bench.holds(vip()) && bench.fixtures.is_empty());
    }
}

#[test]
fn a_router_that_is_removed_leaves_its_address_to_the_one_that_wants_it() {
    let before = vec![
        spec(51, &[address(100), address(101)], &[]),
        spec(52, &[address(102)], &[]),
    ];
    let mut bench = active(before);
    bench.configure(vec![spec(52, &[address(102), address(100)], &[])]);
    assert_eq!(bench.requests, []);
    bench.run_until(30 * SECOND);
    assert!(held_by(&bench, 51).is_empty());
    assert!(bench.holds(vip()), "it went with the one that left");
    assert!(!bench.holds(address(101).address));
}

#[test]
fn a_router_that_comes_back_while_it_leaves_takes_in_what_moves_to_it() {
    let mut bench = active(vec![
        spec(51, &[address(101)], &[]),
        spec(52, &[address(100), address(102)], &[]),
    ]);
    bench.configure(vec![spec(52, &[address(100), address(102)], &[])]);
    bench.configure(vec![
        spec(51, &[address(101), address(100)], &[]),
        spec(52, &[address(102)], &[]),
    ]);
    assert_eq!(bench.requests, []);
    assert!(held_by(&bench, 51).contains(&vip()));
}

#[test]
fn an_address_that_becomes_another_one_goes_before_it_comes() {
    let labelled = VirtualAddress {
        label: Some("eth0:1".into()),
        ..address(100)
    };
    let before = vec![
        spec(51, &[address(101)], &[]),
        spec(52, &[address(100), address(102)], &[]),
    ];
    let mut bench = active(before);
    bench.configure(vec![
        spec(51, &[address(101), labelled], &[]),
        spec(52, &[address(102)], &[]),
    ]);
    let asked: Vec<Change> = bench
        .requests
        .iter()
        .map(|(change, _, _)| *change)
        .collect();
    assert_eq!(asked, [Change::Remove, Change::Add]);
    assert!(bench.holds(vip()));
}

#[test]
fn a_router_that_does_not_serve_inherits_nothing() {
    let before = vec![
        spec(51, &[address(100), address(101)], &[]),
        spec(52, &[address(102)], &[]),
    ];
    let mut bench = active(before);
    let second = spec(52, &[address(102)], &[]);
    bench.hear_as(&second, 200, "192.0.2.2");
    bench.configure(vec![
        spec(51, &[address(101)], &[]),
        spec(52, &[address(102), address(100)], &[]),
    ]);
    assert!(!bench.holds(vip()));
}

/// The kernel says nothing of a route that went with the address it had as its source.
#[test]
fn routes_are_asked_for_again_when_an_address_goes() {
    let both = [address(100), address(101)];
    let mut bench = active(vec![spec(51, &both, &[route("r1 src 192.0.2.100")])]);
    let labelled = VirtualAddress {
        label: Some("eth0:1".into()),
        ..address(100)
    };
    bench.fixtures.clear();
    let after = [labelled, address(101)];
    bench.configure(vec![spec(51, &after, &[route("r1 src 192.0.2.100")])]);
    assert_eq!(bench.fixtures, ["r1 src 192.0.2.100"]);
    bench.requests.clear();
    bench.fixtures.clear();
    let more = [&after[..], &[address(102)]].concat();
    bench.configure(vec![spec(51, &more, &[route("r1 src 192.0.2.100")])]);
    assert_eq!(bench.requests.len(), 1);
    assert!(bench.fixtures.is_empty(), "nothing went, nothing is asked");
}

/// Whoever cleans up after routers looks when the outputs have been taken.
#[test]
fn a_router_that_has_left_is_no_longer_listed() {
    let at_once = RouterSpec {
        rules: Rules {
            leave: Leave::Immediate,
            ..Rules::OVERLAP
        },
        ..spec(51, &[address(100)], &[])
    };
    let mut bench = active(vec![at_once]);
    bench.configure(Vec::new());
    assert_eq!(bench.node.routers().count(), 0);
    assert!(bench.actions_since(0).contains(&Action::Removed(1)));
}

#[test]
fn addresses_that_a_reload_takes_away_are_an_entry_of_their_instance() {
    let mut bench = active(vec![
        spec(51, &[address(100), address(101), address(103)], &[]),
        spec(52, &[address(102)], &[]),
    ]);
    bench.configure(vec![spec(52, &[address(102), address(103)], &[])]);
    let entries = bench.node.journal().entries();
    let told: Vec<String> = entries
        .filter(|entry| matches!(entry.event, Event::ReloadRemoves(_)))
        .map(ToString::to_string)
        .collect();
    // What another instance takes over stays.
    assert_eq!(
        told,
        ["(VI_51) reload removes 192.0.2.100/24, 192.0.2.101/24"]
    );
}
