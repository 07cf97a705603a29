//! Routes and rules that move with a router, and what is static.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::IpAddr;

use common::{Bench, host_address, router, vip};
use standfast_core::Input;
use standfast_core::input::{Change, Origin};
use standfast_core::journal::Entry;
use standfast_core::router::State;
use standfast_core::spec::{
    Fixture, FixtureKind, Leave, RouterSpec, Rules, Spec, Statics, VirtualAddress,
};

const SECOND: u64 = 1_000_000;

fn route(text: &str) -> Fixture {
    Fixture {
        kind: FixtureKind::Route,
        text: text.into(),
        no_track: false,
    }
}

fn rule(text: &str) -> Fixture {
    Fixture {
        kind: FixtureKind::Rule,
        ..route(text)
    }
}

fn spec(fixtures: Vec<Fixture>) -> RouterSpec {
    RouterSpec {
        fixtures,
        rules: Rules {
            leave: Leave::Immediate,
            ..Rules::OVERLAP
        },
        ..router(100)
    }
}

/// Active for some seconds with these.
fn active(fixtures: &[Fixture]) -> Bench {
    let mut bench = Bench::start(spec(fixtures.to_vec()));
    bench.run_until(10 * SECOND);
    assert_eq!(bench.state(), State::Active);
    bench.requests.clear();
    bench
}

fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

fn missing(bench: &mut Bench, fixtures: &[Fixture]) {
    for fixture in fixtures {
        bench.fixtures.retain(|held| **held != *fixture.text);
    }
    bench.give(Input::FixturesMissing(fixtures.to_vec()));
}

#[test]
fn a_takeover_is_one_request_and_leftovers_go_at_the_start() {
    let mut bench = Bench::start(spec(vec![route("r1"), route("r2"), rule("u1")]));
    let leftovers = (Change::Remove, 0, words(&["u1", "r2", "r1"]));
    assert_eq!(bench.requests, [leftovers]);
    bench.requests.clear();
    bench.run_until(10 * SECOND);
    let takeover = (Change::Add, 1, words(&["r1", "r2", "u1"]));
    assert_eq!(bench.requests, [takeover]);
}

#[test]
fn who_leaves_removes_rules_routes_and_addresses_in_one_request() {
    let mut bench = active(&[route("r1"), rule("u1")]);
    bench.give(Input::Stop);
    assert_eq!(bench.requests, [(Change::Remove, 1, words(&["u1", "r1"]))]);
    assert!(bench.fixtures.is_empty());
}

#[test]
fn a_reload_applies_the_difference() {
    let mut bench = active(&[route("stays"), route("goes")]);
    bench.configure(vec![spec(vec![route("stays"), route("comes")])]);
    let gone = (Change::Remove, 0, words(&["goes"]));
    let come = (Change::Add, 0, words(&["comes"]));
    assert_eq!(bench.requests, [gone, come]);
    bench.requests.clear();
    bench.configure(vec![spec(vec![route("comes"), route("stays")])]);
    assert_eq!(bench.requests, [], "another order is no difference");
}

#[test]
fn what_others_delete_comes_back_three_times_a_minute() {
    let all = [route("r1"), rule("u1")];
    let mut bench = active(&all);
    for second in [11, 14, 17] {
        bench.run_until(second * SECOND);
        missing(&mut bench, &all);
        assert_eq!(bench.state(), State::Active);
        assert_eq!(bench.fixtures, ["r1", "u1"]);
    }
    bench.run_until(18 * SECOND);
    missing(&mut bench, &all);
    assert_eq!(bench.state(), State::Backup, "then somebody else may try");
    assert!(bench.fixtures.is_empty() && bench.kernel.is_empty());
}

#[test]
fn a_flush_of_addresses_and_routes_is_one_deletion() {
    let all = [route("r1"), route("r2")];
    let mut bench = active(&all);
    for second in [11, 14, 17] {
        bench.run_until(second * SECOND);
        bench.kernel.clear();
        bench.give(Input::AddressRemoved(host_address(vip(), Origin::Foreign)));
        missing(&mut bench, &all[..1]);
        missing(&mut bench, &all[1..]);
    }
    assert_eq!(bench.state(), State::Active);
    assert_eq!(bench.fixtures, ["r1", "r2"]);
    assert_eq!(bench.kernel, [vip()]);
}

#[test]
fn what_is_missed_by_mistake_does_not_cost_the_role() {
    let mut bench = active(&[route("r1")]);
    for second in 11..20 {
        bench.run_until(second * SECOND);
        bench.give(Input::FixturesMissing(vec![route("r1")]));
    }
    assert_eq!(bench.state(), State::Active);
    assert_eq!(bench.requests.len(), 1, "one try is enough to know");
}

#[test]
fn what_is_not_tracked_stays_away() {
    let untracked = Fixture {
        no_track: true,
        ..route("r1")
    };
    let mut bench = active(std::slice::from_ref(&untracked));
    missing(&mut bench, &[untracked]);
    assert_eq!(bench.requests, []);
    assert_eq!(bench.state(), State::Active);
}

#[test]
fn what_is_not_wanted_now_is_not_missed() {
    let mut bench = active(&[route("r1")]);
    bench.hear(200, "192.0.2.2");
    assert_eq!(bench.state(), State::Backup);
    bench.requests.clear();
    missing(&mut bench, &[route("r1")]);
    assert_eq!(bench.requests, []);
}

fn host(last: u8) -> VirtualAddress {
    VirtualAddress {
        interface: Some("eth0".into()),
        ..VirtualAddress::plain(IpAddr::from([192, 0, 2, last]), 24)
    }
}

fn with_statics(bench: &mut Bench, addresses: &[VirtualAddress], fixtures: &[Fixture]) {
    bench.give(Input::Spec(Box::new(Spec {
        routers: vec![spec(Vec::new())],
        statics: Statics {
            addresses: addresses.to_vec(),
            fixtures: fixtures.to_vec(),
        },
        ..Spec::default()
    })));
}

#[test]
fn static_entries_live_as_long_as_the_node_and_change_with_its_file() {
    let mut bench = Bench::new("192.0.2.1");
    with_statics(&mut bench, &[host(7)], &[route("r1"), rule("u1")]);
    let first = (Change::Add, 1, words(&["r1", "u1"]));
    assert_eq!(bench.requests, [first]);
    bench.requests.clear();
    with_statics(&mut bench, &[host(8)], &[route("r1"), rule("u2")]);
    let gone = (Change::Remove, 1, words(&["u1"]));
    let come = (Change::Add, 1, words(&["u2"]));
    assert_eq!(bench.requests, [gone, come]);
    bench.run_until(10 * SECOND);
    bench.give(Input::Stop);
    assert!(bench.fixtures.is_empty() && bench.kernel.is_empty());
}

#[test]
fn a_static_address_is_a_source_to_wait_for() {
    let mut bench = Bench::new("192.0.2.1");
    let own = host_address("192.0.2.1".parse().unwrap(), Origin::Foreign);
    bench.give(Input::AddressRemoved(own));
    with_statics(&mut bench, &[host(7)], &[]);
    bench.give(Input::AddressAdded(host_address(
        host(7).address,
        Origin::Stale,
    )));
    assert_eq!(bench.state(), State::Backup);
    let fault = |entry: &Entry| entry.to_string().contains("FAULT");
    assert!(!bench.events.iter().any(fault));
}

#[test]
fn static_entries_come_back_again_and_again() {
    let mut bench = Bench::new("192.0.2.1");
    with_statics(&mut bench, &[host(7)], &[route("r1")]);
    for second in 1..10 {
        bench.run_until(second * 2 * SECOND);
        bench.kernel.retain(|held| *held != host(7).address);
        let gone = host_address(host(7).address, Origin::Foreign);
        bench.give(Input::AddressRemoved(gone));
        missing(&mut bench, &[route("r1")]);
        assert_eq!(bench.fixtures.is_empty(), second > 3, "at {second}");
    }
    bench.run_until(60 * SECOND);
    assert_eq!(bench.fixtures, ["r1"]);
    assert!(bench.kernel.contains(&host(7).address));
}

#[test]
fn a_static_address_that_the_host_has_anyway_is_never_removed() {
    let mut bench = Bench::new("192.0.2.1");
    bench.kernel.push(host(1).address);
    with_statics(&mut bench, &[host(1)], &[]);
    bench.give(Input::Stop);
    assert!(bench.kernel.contains(&host(1).address));
}
