//! Sync groups: all members are Active or none is.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::IpAddr;

use common::{Bench, host_address, router};
use standfast_core::Input;
use standfast_core::input::{InterfaceIndex, Link, NotifyEvent, Origin};
use standfast_core::journal::Fault;
use standfast_core::router::State;
use standfast_core::spec::{Leave, RouterSpec, Rules, Track, Tracked, VirtualAddress, Weight};
use standfast_core::steering::{Answer, Drain, Hold, Instruction, Order, OrderId, Outcome};
use standfast_core::wire::MacAddress;
use standfast_core::wire::vrrp::Vrid;

const SECOND: u64 = 1_000_000;
const PEER: &str = "192.0.2.2";

fn member(vrid: u8, priority: u8) -> RouterSpec {
    RouterSpec {
        name: format!("V{vrid}"),
        vrid: Vrid::new(vrid).unwrap(),
        addresses: vec![VirtualAddress::plain(IpAddr::from([192, 0, 2, vrid]), 24)],
        sync_group: Some("G".into()),
        ..router(priority)
    }
}

fn tracking(mut spec: RouterSpec, interface: &str) -> RouterSpec {
    spec.tracks.push(Track {
        object: Tracked::Interface(interface.into()),
        weight: Weight::FAULT,
    });
    spec
}

fn link(index: u32, up: bool) -> Input<'static> {
    Input::Link(Link {
        index: InterfaceIndex(index),
        name: format!("eth{index}"),
        up,
        mac: MacAddress([2, 0, 0, 0, 1, 1]),
    })
}

fn start(members: Vec<RouterSpec>) -> Bench {
    let mut bench = Bench::new("192.0.2.1");
    bench.give(link(9, true));
    bench.configure(members);
    bench
}

fn states(bench: &Bench) -> Vec<State> {
    bench.node.routers().map(|router| router.state()).collect()
}

fn told(bench: &Bench) -> Vec<NotifyEvent> {
    bench.groups.iter().map(|(_, event)| *event).collect()
}

/// Hears the better router for that member every second until then.
fn hear_until(bench: &mut Bench, spec: &RouterSpec, priority: u8, until: u64) {
    while bench.now.0 + SECOND <= until {
        bench.hear_as(spec, priority, PEER);
        bench.run_until(bench.now.0 + SECOND);
    }
}

#[test]
fn all_rise_when_the_last_one_is_ready() {
    let mut bench = start(vec![member(51, 100), member(52, 50)]);
    assert_eq!(states(&bench), [State::Backup; 2]);
    // Priority 100 waits 3.61 s, priority 50 waits 3.80 s.
    bench.run_until(3_700_000);
    assert_eq!(states(&bench), [State::Backup; 2]);
    bench.run_until(3_810_000);
    assert_eq!(states(&bench), [State::Active; 2]);
    assert_eq!(told(&bench), [NotifyEvent::Backup, NotifyEvent::Master]);
}

#[test]
fn none_rises_while_one_hears_a_better_router() {
    let (first, second) = (member(51, 100), member(52, 100));
    let mut bench = start(vec![first, second.clone()]);
    hear_until(&mut bench, &second, 150, 20 * SECOND);
    assert_eq!(states(&bench), [State::Backup; 2]);
    bench.run_until(bench.now.0 + 4 * SECOND);
    assert_eq!(
        states(&bench),
        [State::Active; 2],
        "its down timer was all that lacked"
    );
}

#[test]
fn a_member_that_wished_to_rise_gives_up_when_a_better_router_comes_back() {
    let (first, second) = (member(51, 100), member(52, 100));
    let mut bench = start(vec![first.clone(), second.clone()]);
    hear_until(&mut bench, &second, 150, 6 * SECOND);
    bench.hear_as(&first, 150, PEER);
    hear_until(&mut bench, &first, 150, 20 * SECOND);
    assert_eq!(states(&bench), [State::Backup; 2]);
}

#[test]
fn one_that_falls_takes_the_others_along_and_they_resign() {
    let (first, second) = (member(51, 100), member(52, 100));
    let mut bench = start(vec![first.clone(), second]);
    bench.run_until(5 * SECOND);
    let before = bench.adverts().len();
    bench.hear_as(&first, 150, PEER);
    assert_eq!(states(&bench), [State::Backup; 2]);
    let last: Vec<u8> = bench.adverts()[before..].iter().map(|(_, p)| *p).collect();
    assert_eq!(
        last,
        [100, 0],
        "the first one's last word, the second one resigns"
    );
    assert!(bench.kernel.is_empty());
    assert_eq!(told(&bench).last(), Some(&NotifyEvent::Backup));
}

#[test]
fn strict_members_follow_in_silence_as_in_keepalived() {
    let strict = |vrid| RouterSpec {
        rules: Rules::PROTOCOL,
        ..member(vrid, 100)
    };
    let mut bench = start(vec![strict(51), strict(52)]);
    bench.run_until(5 * SECOND);
    let before = bench.adverts().len();
    bench.hear_as(&strict(51), 150, PEER);
    assert_eq!(states(&bench), [State::Backup; 2]);
    assert_eq!(bench.adverts().len(), before);
}

#[test]
fn a_fault_of_one_is_a_fault_of_all_until_it_is_gone() {
    let mut bench = start(vec![member(51, 100), tracking(member(52, 100), "eth9")]);
    bench.run_until(5 * SECOND);
    bench.give(link(9, false));
    assert_eq!(states(&bench), [State::Fault; 2]);
    let first = bench.node.routers().next().unwrap();
    let shared = Fault::SyncGroup("G".into());
    assert_eq!(first.faults().collect::<Vec<_>>(), [&shared]);
    let zeros = bench.adverts().iter().filter(|(_, p)| *p == 0).count();
    assert_eq!(zeros, 2, "both resign");
    assert!(bench.kernel.is_empty());
    assert_eq!(told(&bench).last(), Some(&NotifyEvent::Fault));
    bench.give(link(9, true));
    assert_eq!(states(&bench), [State::Backup; 2]);
    bench.run_until(bench.now.0 + 4 * SECOND);
    assert_eq!(states(&bench), [State::Active; 2]);
}

#[test]
fn two_faults_must_both_go() {
    let mut bench = start(vec![
        tracking(member(51, 100), "eth8"),
        tracking(member(52, 100), "eth9"),
        member(53, 100),
    ]);
    assert_eq!(states(&bench), [State::Fault; 3], "eth8 does not exist");
    bench.give(link(9, false));
    bench.give(link(8, true));
    assert_eq!(states(&bench), [State::Fault; 3]);
    bench.give(link(9, true));
    assert_eq!(states(&bench), [State::Backup; 3]);
}

#[test]
fn owners_start_together() {
    let mut bench = start(vec![member(51, 255), member(52, 255)]);
    bench.run_until(1);
    assert_eq!(states(&bench), [State::Active; 2]);
    let mut mixed = start(vec![member(51, 255), member(52, 100)]);
    mixed.run_until(SECOND);
    assert_eq!(states(&mixed), [State::Backup; 2]);
    mixed.run_until(4 * SECOND);
    assert_eq!(states(&mixed), [State::Active; 2]);
}

#[test]
fn the_fall_of_the_master_is_quick_only_when_all_of_it_falls() {
    let (first, second) = (member(51, 100), member(52, 100));
    for both in [true, false] {
        let mut bench = start(vec![first.clone(), second.clone()]);
        for spec in [&first, &second] {
            bench.hear_as(spec, 150, PEER);
        }
        bench.run_until(SECOND);
        bench.hear_as(&first, 90, PEER);
        bench.hear_as(&second, if both { 90 } else { 150 }, PEER);
        bench.run_until(SECOND + 700_000);
        let expected = if both { State::Active } else { State::Backup };
        assert_eq!(states(&bench), [expected; 2]);
    }
}

#[test]
fn a_reload_lets_members_in_and_out() {
    let (first, second) = (member(51, 100), tracking(member(52, 100), "eth9"));
    let mut bench = start(vec![first.clone(), second.clone()]);
    bench.run_until(5 * SECOND);
    bench.configure(vec![first.clone(), second.clone(), member(53, 100)]);
    bench.run_until(6 * SECOND);
    assert_eq!(
        states(&bench)[..2],
        [State::Active; 2],
        "the new one has heard nobody yet"
    );
    bench.run_until(10 * SECOND);
    assert_eq!(states(&bench), [State::Active; 3]);
    let alone = RouterSpec {
        sync_group: None,
        ..second
    };
    bench.configure(vec![first, alone, member(53, 100)]);
    bench.give(link(9, false));
    assert_eq!(states(&bench), [State::Active, State::Fault, State::Active]);
}

#[test]
fn a_new_member_that_hears_a_better_router_ends_the_group() {
    let first = member(51, 100);
    let mut bench = start(vec![first.clone()]);
    bench.run_until(5 * SECOND);
    let second = member(52, 100);
    bench.configure(vec![first, second.clone()]);
    bench.hear_as(&second, 150, PEER);
    assert_eq!(states(&bench), [State::Backup; 2]);
}

#[test]
fn others_answer_with_the_member_that_hears_a_worse_router() {
    let (first, second) = (member(51, 100), member(52, 100));
    let mut bench = start(vec![first.clone(), second]);
    bench.run_until(10 * SECOND);
    let before = bench.adverts().len();
    bench.hear_as(&first, 50, PEER);
    assert_eq!(bench.adverts().len(), before + 2);
}

#[test]
fn a_stop_is_told_once_for_the_group() {
    let mut bench = start(vec![member(51, 100), member(52, 100)]);
    bench.run_until(5 * SECOND);
    bench.give(Input::Stop);
    // Somebody is in a hurry.
    bench.give(Input::Stop);
    bench.run_until(20 * SECOND);
    let stops = told(&bench)
        .iter()
        .filter(|event| **event == NotifyEvent::Stop)
        .count();
    assert_eq!(stops, 1);
    assert_eq!(told(&bench).last(), Some(&NotifyEvent::Stop));
}

#[test]
fn members_let_go_when_the_last_ones_scripts_have_ended() {
    let exclusive = |vrid| RouterSpec {
        rules: Rules {
            leave: Leave::Exclusive,
            ..Rules::OVERLAP
        },
        ..member(vrid, 100)
    };
    let mut bench = start(vec![exclusive(51), exclusive(52)]);
    bench.run_until(5 * SECOND);
    bench.auto_notify = false;
    bench.give(Input::Stop);
    let ids: Vec<_> = bench.node.routers().map(|router| router.id()).collect();
    bench.give(Input::NotifyDone(ids[0]));
    assert_eq!(bench.kernel.len(), 2);
    bench.give(Input::NotifyDone(ids[1]));
    assert!(bench.kernel.is_empty());
}

/// What is the host's own never goes, and the group goes together.
#[test]
fn a_drain_leaves_a_group_whole_of_which_one_member_holds_the_hosts_own_address() {
    let mut bench = Bench::new("192.0.2.1");
    let own = IpAddr::from([192, 0, 2, 52]);
    bench.give(Input::AddressAdded(host_address(own, Origin::Foreign)));
    bench.configure(vec![member(51, 255), member(52, 255)]);
    bench.run_until(10 * SECOND);
    assert_eq!(states(&bench), [State::Active; 2]);
    let what = Instruction::Drain(Drain {
        until: None,
        hold: Hold::Soft,
    });
    bench.give(Input::Order(Box::new(Order {
        id: OrderId(1),
        who: "an operator".into(),
        what,
    })));
    assert_eq!(states(&bench), [State::Active; 2]);
    // It looks again now and then.
    bench.run_until(200 * SECOND);
    assert_eq!(states(&bench), [State::Active; 2]);
    assert!(bench.adverts().iter().all(|(_, priority)| *priority > 0));
    let outcomes = vec![(bench.router().id(), Outcome::Stayed)];
    assert_eq!(bench.answers, [Answer::Done(outcomes)]);
}
