//! A starting node that is alone serves early, if it may (`start_probe`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::Ipv4Addr;

use common::{Bench, ETH0, link, router, vip};
use standfast_core::input::{CheckId, CheckOutcome};
use standfast_core::journal::Event;
use standfast_core::router::State;
use standfast_core::spec::{
    CheckKind, CheckSpec, RouterSpec, Rules, Spec, Strangers, Track, Tracked, Unicast, UnicastPeer,
    Weight,
};
use standfast_core::wire::MacAddress;
use standfast_core::wire::vrrp::Vrid;
use standfast_core::{Input, Micros};

const PEER: &str = "192.0.2.2";
const PEER_MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);
/// One interval and the skew of priority 100.
const EARLY: u64 = 1_609_375;
/// Three intervals and the skew.
const USUAL: u64 = 3_609_375;

fn probing() -> RouterSpec {
    RouterSpec {
        rules: Rules {
            start_probe: true,
            ..Rules::OVERLAP
        },
        ..router(100)
    }
}

fn answer() -> Input<'static> {
    Input::Arp {
        interface: ETH0,
        sender: Ipv4Addr::new(192, 0, 2, 100),
        mac: PEER_MAC,
    }
}

#[track_caller]
fn serves_at(bench: &mut Bench, at: u64) {
    bench.run_until(at - 1);
    assert_eq!(bench.state(), State::Backup, "before {at}");
    bench.run_until(at);
    assert_eq!(bench.state(), State::Active, "at {at}");
    assert!(bench.holds(vip()));
}

#[test]
fn a_lone_node_serves_after_one_interval_and_the_skew_and_two_unanswered_probes() {
    let mut bench = Bench::start(probing());
    serves_at(&mut bench, EARLY);
    assert_eq!(bench.probes, [(EARLY / 2, vip()), (EARLY - 100_000, vip())]);
    let said = bench.events.iter().map(ToString::to_string);
    assert!(
        said.into_iter()
            .any(|line| line.contains("nobody answers for the address"))
    );
}

#[test]
fn nopreempt_is_no_reason_to_wait_where_nobody_is() {
    let mut bench = Bench::start(RouterSpec {
        preempt: false,
        ..probing()
    });
    serves_at(&mut bench, EARLY);
}

#[test]
fn without_the_keyword_and_in_strict_mode_it_waits_as_always() {
    for rules in [Rules::OVERLAP, Rules::PROTOCOL] {
        let mut bench = Bench::start(RouterSpec {
            rules,
            ..router(100)
        });
        serves_at(&mut bench, USUAL);
        assert!(bench.probes.is_empty());
    }
}

#[test]
fn whoever_answers_is_waited_for() {
    // Also in the last moment.
    for at in [810_000, EARLY - 1] {
        let mut bench = Bench::start(probing());
        bench.run_until(at);
        bench.give(answer());
        serves_at(&mut bench, USUAL);
        let answered = |event: &Event| matches!(event, Event::StartProbeAnswered { .. });
        let told = bench.events.iter().filter(|entry| answered(&entry.event));
        assert_eq!(told.count(), 1);
    }
}

#[test]
fn our_own_answer_is_none() {
    let mut bench = Bench::start(probing());
    bench.run_until(1_000_000);
    bench.give(Input::Arp {
        interface: ETH0,
        sender: Ipv4Addr::new(192, 0, 2, 100),
        mac: common::OUR_MAC,
    });
    serves_at(&mut bench, EARLY);
}

#[test]
fn any_packet_ends_it_whatever_it_is_worth() {
    for priority in [1, 200] {
        let mut bench = Bench::start(probing());
        bench.run_until(700_000);
        bench.hear(priority, PEER);
        bench.run_until(EARLY + 500_000);
        assert_eq!(bench.state(), State::Backup, "priority {priority}");
    }
    let mut bench = Bench::start(probing());
    bench.run_until(700_000);
    let wrong = RouterSpec {
        authentication: standfast_core::wire::vrrp::Authentication::Password(*b"other\0\0\0"),
        ..router(1)
    };
    bench.hear_as(&wrong, 1, PEER);
    serves_at(&mut bench, USUAL);
}

#[test]
fn unicast_peers_may_be_where_no_probe_is_heard() {
    let mut spec = probing();
    spec.unicast = Some(Unicast {
        peers: vec![UnicastPeer {
            address: PEER.parse().unwrap(),
            min_ttl: 0,
            max_ttl: 255,
        }],
        ttl: 255,
        strangers: Strangers::Ignored,
    });
    let mut bench = Bench::start(spec);
    bench.run_until(EARLY + 500_000);
    assert_eq!(bench.state(), State::Backup);
    assert!(bench.probes.is_empty());
}

#[test]
fn a_delayed_start_waits_as_always() {
    let mut bench = Bench::new("192.0.2.1");
    bench.give(Input::Spec(Box::new(Spec {
        routers: vec![probing()],
        startup_delay: Micros::from_secs(1),
        ..Spec::default()
    })));
    serves_at(&mut bench, USUAL + 1_000_000);
}

#[test]
fn a_pending_check_is_waited_for_first() {
    let mut bench = Bench::new("192.0.2.1");
    let check = CheckSpec {
        name: "chk".into(),
        definition: String::new(),
        interval: Micros::from_secs(1),
        timeout: Micros::from_secs(1),
        rise: 1,
        fall: 1,
        init_fail: false,
        kind: CheckKind::Script,
        repair: None,
        unusable: None,
    };
    let track = Track {
        object: Tracked::Check("chk".into()),
        weight: Weight {
            value: 0,
            reverse: false,
        },
    };
    bench.give(Input::Spec(Box::new(Spec {
        routers: vec![RouterSpec {
            tracks: vec![track],
            ..probing()
        }],
        checks: vec![check],
        ..Spec::default()
    })));
    bench.run_until(900_000);
    bench.give(Input::CheckDone {
        check: CheckId(0),
        outcome: CheckOutcome::Passed,
        output: String::new(),
    });
    serves_at(&mut bench, 900_000 + EARLY);
}

#[test]
fn only_the_first_start_is_early() {
    let mut bench = Bench::start(probing());
    bench.run_until(5_000_000);
    bench.give(link(false));
    bench.run_until(6_000_000);
    bench.give(link(true));
    serves_at(&mut bench, 6_000_000 + USUAL);
}

#[test]
fn whoever_was_late_itself_doubts() {
    let mut bench = Bench::start(probing());
    bench.run_until(EARLY - 50_000);
    bench.pause_until(EARLY + 200_000);
    bench.give(Input::Wakeup);
    assert_eq!(bench.state(), State::Backup);
    serves_at(&mut bench, USUAL);
}

#[test]
fn a_sync_group_serves_early_only_if_every_member_may() {
    let member = |vrid: u8, name: &str| RouterSpec {
        vrid: Vrid::new(vrid).unwrap(),
        name: name.into(),
        sync_group: Some("G".into()),
        ..probing()
    };
    let both = || vec![member(51, "A"), member(52, "B")];
    let mut bench = Bench::new("192.0.2.1");
    bench.configure(both());
    bench.run_until(EARLY);
    assert!(
        bench
            .node
            .routers()
            .all(|router| router.state() == State::Active)
    );

    let mut bench = Bench::new("192.0.2.1");
    bench.configure(both());
    bench.run_until(700_000);
    // For A alone.
    bench.hear(1, PEER);
    bench.run_until(EARLY + 1_000_000);
    assert!(
        bench
            .node
            .routers()
            .all(|router| router.state() == State::Backup)
    );
}
