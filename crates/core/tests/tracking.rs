//! Tracked files, processes and sessions, links with delays, and what else makes a fault or ends one.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::IpAddr;

use common::{Bench, ETH0, OUR_MAC, host_address, link, router, vip};
use standfast_core::input::{InterfaceIndex, Link, Origin};
use standfast_core::journal::{Event, Fault};
use standfast_core::router::State;
use standfast_core::spec::{
    LinkDelay, Quorum, RouterSpec, Rules, Spec, Track, Tracked, TrackerKind, TrackerSpec, Weight,
};
use standfast_core::tracker::Standing;
use standfast_core::wire::vrrp::Priority;
use standfast_core::{Input, Micros};

const SECOND: u64 = 1_000_000;
const PEER: &str = "192.0.2.2";

fn file() -> Tracked {
    Tracked::File("f".into())
}

fn process() -> Tracked {
    Tracked::Process("p".into())
}

fn track(object: Tracked, value: i16) -> Track {
    Track {
        object,
        weight: Weight {
            value,
            reverse: false,
        },
    }
}

fn tracker(object: Tracked, delay: Micros) -> TrackerSpec {
    let kind = match object {
        Tracked::File(_) => TrackerKind::Number,
        Tracked::Process(_) => TrackerKind::Quorum(Quorum {
            least: 1,
            most: None,
            gain_delay: delay,
            loss_delay: delay,
        }),
        _ => TrackerKind::Session,
    };
    TrackerSpec {
        object,
        definition: String::new(),
        kind,
    }
}

/// A router with that priority that tracks these.
fn tracking(priority: u8, tracks: Vec<Track>) -> Spec {
    let trackers = tracks
        .iter()
        .map(|track| tracker(track.object.clone(), Micros::ZERO));
    Spec {
        trackers: trackers.collect(),
        routers: vec![RouterSpec {
            tracks,
            ..router(priority)
        }],
        ..Spec::default()
    }
}

fn started(spec: Spec) -> Bench {
    let mut bench = Bench::new("192.0.2.1");
    bench.give(Input::Spec(Box::new(spec)));
    bench
}

fn saw(bench: &mut Bench, object: Tracked, seen: i32) {
    bench.give(Input::Observed { object, seen });
}

fn priority(bench: &Bench) -> u8 {
    bench.router().effective_priority().0
}

#[test]
fn a_router_waits_until_somebody_has_looked() {
    let mut bench = started(tracking(100, vec![track(file(), 1), track(process(), 0)]));
    bench.run_until(10 * SECOND);
    assert_eq!(bench.state(), State::Initialize);
    saw(&mut bench, file(), 7);
    assert_eq!(bench.state(), State::Initialize);
    saw(&mut bench, process(), 1);
    assert_eq!((bench.state(), priority(&bench)), (State::Backup, 107));
}

#[test]
fn a_number_that_falls_is_advertised_at_once() {
    let mut bench = started(tracking(100, vec![track(file(), 1)]));
    saw(&mut bench, file(), 50);
    bench.run_until(10_300_000);
    bench.log.clear();
    saw(&mut bench, file(), 20);
    assert_eq!(bench.adverts(), [(10_300_000, 120)]);
    saw(&mut bench, file(), 20);
    assert_eq!(bench.adverts().len(), 1);
}

#[test]
fn a_number_below_all_priorities_is_a_fault_and_its_rise_ends_it() {
    let mut bench = started(tracking(100, vec![track(file(), 1)]));
    saw(&mut bench, file(), 0);
    bench.run_until(10 * SECOND);
    saw(&mut bench, file(), -254);
    assert_eq!(bench.state(), State::Fault);
    let faults: Vec<&Fault> = bench.router().faults().collect();
    assert_eq!(faults, [&Fault::FileNumber("f".into())]);
    saw(&mut bench, file(), -253);
    assert_eq!((bench.state(), priority(&bench)), (State::Backup, 1));
}

#[test]
fn a_sum_outside_of_the_priorities_is_said_once() {
    let mut bench = started(tracking(100, vec![track(file(), 2)]));
    saw(&mut bench, file(), 100);
    assert_eq!(priority(&bench), 254);
    saw(&mut bench, file(), 100);
    let clamped = |bench: &Bench| {
        let said = bench.events.iter().filter(|entry| {
            matches!(
                entry.event,
                Event::PriorityClamped {
                    total: 300,
                    now: Priority(254)
                }
            )
        });
        said.count()
    };
    assert_eq!(clamped(&bench), 1);
    bench.give(link(true));
    assert_eq!(clamped(&bench), 1);
}

#[test]
fn weights_do_not_move_an_owner() {
    let mut bench = started(tracking(255, vec![track(process(), -50)]));
    saw(&mut bench, process(), 0);
    assert_eq!((bench.state(), priority(&bench)), (State::Active, 255));
}

#[test]
fn a_session_is_down_until_it_is_told_otherwise() {
    let session = Tracked::Bfd("b".into());
    let mut bench = started(tracking(100, vec![track(session.clone(), 0)]));
    assert_eq!(bench.state(), State::Fault);
    saw(&mut bench, session, 1);
    assert_eq!(bench.state(), State::Backup);
}

#[test]
fn processes_that_are_restarted_within_their_delay_move_nothing() {
    let mut spec = tracking(100, vec![track(process(), 0)]);
    spec.trackers = vec![tracker(process(), Micros::from_secs(2))];
    let mut bench = started(spec);
    saw(&mut bench, process(), 1);
    bench.run_until(10 * SECOND);
    saw(&mut bench, process(), 0);
    bench.run_until(11 * SECOND);
    saw(&mut bench, process(), 1);
    bench.run_until(20 * SECOND);
    assert_eq!(bench.state(), State::Active);
    saw(&mut bench, process(), 0);
    bench.run_until(21_900_000);
    assert_eq!(bench.state(), State::Active);
    bench.run_until(22 * SECOND);
    assert_eq!(bench.state(), State::Fault);
}

#[test]
fn a_reload_moves_no_priority_before_somebody_has_looked_again() {
    let mut bench = started(tracking(100, vec![track(file(), 1)]));
    saw(&mut bench, file(), 50);
    bench.run_until(10_300_000);
    bench.log.clear();
    let mut spec = tracking(100, vec![track(file(), 1)]);
    spec.trackers
        .iter_mut()
        .for_each(|tracker| tracker.definition = "elsewhere".into());
    bench.give(Input::Spec(Box::new(spec)));
    assert_eq!((priority(&bench), bench.adverts().len()), (150, 0));
    let standing: Vec<Standing> = bench.node.trackers().map(|one| one.standing()).collect();
    assert_eq!(standing, [Standing::Number(50)]);
}

fn delayed(down: u64, up: u64) -> Bench {
    let delay = LinkDelay {
        interface: "eth0".into(),
        down: Micros(down * SECOND),
        up: Micros(up * SECOND),
    };
    let mut bench = started(Spec {
        routers: vec![router(100)],
        link_delays: vec![delay],
        ..Spec::default()
    });
    bench.run_until(10 * SECOND);
    assert_eq!(bench.state(), State::Active);
    bench
}

#[test]
fn a_link_counts_as_down_after_its_delay_and_as_up_after_the_other() {
    let mut bench = delayed(2, 1);
    bench.give(link(false));
    bench.run_until(11 * SECOND);
    // Told again, it is still the same change.
    bench.give(link(false));
    bench.run_until(11_999_000);
    assert_eq!(bench.state(), State::Active);
    bench.run_until(12 * SECOND);
    assert_eq!(bench.state(), State::Fault);
    bench.give(link(true));
    bench.run_until(12_900_000);
    assert_eq!(bench.state(), State::Fault);
    bench.run_until(13 * SECOND);
    assert_eq!(bench.state(), State::Backup);
}

#[test]
fn a_link_that_flaps_within_its_delay_is_no_fault() {
    let mut bench = delayed(2, 0);
    bench.give(link(false));
    bench.run_until(11 * SECOND);
    bench.give(link(true));
    bench.run_until(20 * SECOND);
    assert_eq!(bench.state(), State::Active);
}

#[test]
fn a_watched_source_address_that_goes_is_a_fault() {
    let mut bench = Bench::new("192.0.2.1");
    let source: IpAddr = "192.0.2.7".parse().unwrap();
    bench.configure(vec![RouterSpec {
        source: Some(source),
        track_source: true,
        ..router(100)
    }]);
    let faults: Vec<&Fault> = bench.router().faults().collect();
    assert_eq!(faults, [&Fault::SourceMissing(source)]);
    bench.give(Input::AddressAdded(host_address(source, Origin::Foreign)));
    assert_eq!(bench.state(), State::Backup);
    bench.give(Input::AddressRemoved(host_address(source, Origin::Foreign)));
    assert_eq!(bench.state(), State::Fault);
}

/// The host's only address is virtual as well: the interface goes, and comes back with another number.
#[test]
fn the_hosts_own_address_stays_its_own_when_its_interface_returns() {
    let mut bench = Bench::new(&vip().to_string());
    bench.kernel.push(vip());
    bench.configure(vec![router(100)]);
    bench.run_until(10 * SECOND);
    assert_eq!(bench.state(), State::Active);
    bench.give(Input::LinkRemoved(ETH0));
    assert_eq!(bench.state(), State::Fault);
    let index = InterfaceIndex(9);
    bench.give(Input::Link(Link {
        index,
        name: "eth0".into(),
        up: true,
        mac: OUR_MAC,
    }));
    let mut address = host_address(vip(), Origin::Foreign);
    address.interface = index;
    bench.give(Input::AddressAdded(address));
    assert_eq!(
        (bench.state(), bench.router().interface()),
        (State::Backup, Some(index))
    );
    bench.run_until(20 * SECOND);
    assert_eq!(bench.state(), State::Active);
    bench.give(Input::Stop);
    bench.give(Input::Stop);
    assert!(bench.holds(vip()), "the host's own address was removed");
}

#[test]
fn after_a_stall_in_which_a_peer_took_over_the_router_is_backup() {
    for rules in [Rules::OVERLAP, Rules::PROTOCOL] {
        let spec = RouterSpec {
            preempt: false,
            stalled_backup: Some(Priority(254)),
            rules,
            ..router(100)
        };
        let mut bench = Bench::start(spec);
        bench.run_until(10 * SECOND);
        bench.pause_until(12_500_000);
        bench.give(Input::Wakeup);
        assert_eq!(
            bench.state(),
            State::Active,
            "nobody had reason to take over"
        );
        bench.run_until(20 * SECOND);
        bench.pause_until(25 * SECOND);
        bench.hear(90, PEER);
        assert_eq!((bench.state(), bench.holds(vip())), (State::Backup, false));
    }
}

#[test]
fn a_delayed_start_says_when_it_begins_and_ends() {
    let mut bench = started(Spec {
        routers: vec![router(100)],
        startup_delay: Micros::from_secs(30),
        ..Spec::default()
    });
    let said = |bench: &Bench, event: &Event| {
        bench
            .events
            .iter()
            .filter(|entry| entry.event == *event)
            .count()
    };
    assert_eq!(said(&bench, &Event::StartDelayed(Micros::from_secs(30))), 1);
    bench.run_until(29 * SECOND);
    assert_eq!(said(&bench, &Event::StartDelayOver), 0);
    bench.run_until(33 * SECOND);
    assert_eq!(
        (said(&bench, &Event::StartDelayOver), bench.state()),
        (1, State::Backup)
    );
    bench.run_until(34 * SECOND);
    assert_eq!(bench.state(), State::Active);
}
