//! The peer channel (docs/peer-channel.md): handing over, with everything that can go wrong, and signs of life.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::IpAddr;

use common::{A, B, C, Checked, VIP, gap, misled, ms, rises, serves, settled_with, speaking};
use standfast_core::Micros;
use standfast_core::journal::{Entry, Event};
use standfast_core::router::State;
use standfast_core::spec::{
    Channel, FastDetect, Leave, RouterSpec, Rules, Spec, Track, Tracked, TrackerKind, TrackerSpec,
    VirtualAddress, Weight,
};
use standfast_core::wire::vrrp::{Authentication, Priority, Vrid};
use standfast_sim::{Breach, Crash, Lan, Port, Weather, plain_router, setup, virtual_address};

fn detecting(priority: u8) -> RouterSpec {
    let fast_detect = Some(FastDetect {
        interval: ms(50),
        misses: 3,
    });
    RouterSpec {
        channel: Some(Channel { fast_detect }),
        ..plain_router(priority)
    }
}

/// The number in a tracked file, times this weight.
fn tracking(router: RouterSpec, weight: i16) -> RouterSpec {
    let weight = Weight {
        value: weight,
        reverse: false,
    };
    RouterSpec {
        tracks: vec![Track {
            object: Tracked::File("load".into()),
            weight,
        }],
        ..router
    }
}

fn spec(routers: Vec<RouterSpec>) -> Spec {
    Spec {
        routers,
        trackers: vec![TrackerSpec {
            object: Tracked::File("load".into()),
            definition: String::new(),
            kind: TrackerKind::Number,
        }],
        ..Spec::default()
    }
}

fn settled(nodes: Vec<Vec<RouterSpec>>) -> Result<Lan, Breach> {
    settled_with(7, nodes.into_iter().map(spec))
}

fn pair() -> Result<Lan, Breach> {
    let lan = settled(vec![vec![speaking(150)], vec![speaking(100)]])?;
    assert_eq!(lan.holders(VIP), [A]);
    Ok(lan)
}

#[test]
fn nodes_find_each_other_and_know_the_way() -> Checked {
    let lan = pair()?;
    for (id, state) in [(A, "Backup"), (B, "Active")] {
        let node = lan.core(id).unwrap();
        let [(key, peer)] = node.peers().collect::<Vec<_>>()[..] else {
            panic!("one peer");
        };
        assert!(peer.round_trip.unwrap() <= ms(1), "{key:?}");
        let (_, told) = peer.routers.first_key_value().unwrap();
        assert_eq!(format!("{:?}", told.state), state);
        assert!(told.ready);
    }
    Ok(())
}

#[test]
fn a_recorded_request_is_no_request() -> Checked {
    let mut lan = pair()?;
    lan.stop(A)?;
    lan.run_for(ms(100))?;
    lan.start(A)?;
    lan.run_for(Micros::from_secs(10))?;
    serves(&lan, A);
    lan.replay_channel();
    lan.run_for(Micros::from_secs(10))?;
    serves(&lan, A);
    assert!(lan.core(B).unwrap().peer_drops().values().sum::<u64>() > 0);
    // And the real one still counts.
    lan.stop(A)?;
    lan.run_for(ms(10))?;
    serves(&lan, B);
    Ok(())
}

/// The others hear it at once; if that is lost, the HELLO that goes on for another router names it no more.
#[test]
fn an_instance_that_a_reload_removes_is_forgotten_by_the_peers() -> Checked {
    let two = |priority| {
        let second = RouterSpec {
            name: "VI_2".into(),
            vrid: Vrid::new(52).unwrap(),
            addresses: vec![VirtualAddress::plain(IpAddr::V4(virtual_address(1)), 24)],
            ..speaking(priority)
        };
        vec![speaking(priority), second]
    };
    for (leaver, other, lost) in [(B, A, false), (B, A, true), (A, B, false)] {
        let mut lan = settled(vec![two(150), two(100)])?;
        let known = |lan: &Lan| -> Vec<u8> {
            let mut peers = lan.core(other).unwrap().peers();
            let (_, peer) = peers.next().unwrap();
            peer.routers.keys().map(|vrid| vrid.get()).collect()
        };
        assert_eq!(known(&lan), [51, 52]);
        let left = lan.spec(leaver).unwrap().routers[1..].to_vec();
        lan.block_channel(leaver, lost);
        lan.reload(leaver, spec(left))?;
        lan.run_for(ms(60))?;
        assert_eq!(known(&lan).len(), 1 + usize::from(lost));
        lan.block_channel(leaver, false);
        lan.run_for(Micros::from_secs(5))?;
        assert_eq!(known(&lan), [52], "{leaver:?} {lost}");
    }
    Ok(())
}

#[test]
fn a_stopping_node_hands_over_within_milliseconds() -> Checked {
    let mut lan = pair()?;
    lan.stop(A)?;
    lan.run_for(ms(10))?;
    serves(&lan, B);
    assert!(lan.core(A).is_none(), "the daemon has ended");
    let mut peers = lan.core(B).unwrap().peers();
    assert!(
        peers.all(|(_, peer)| peer.routers.is_empty()),
        "it has said that it is gone"
    );
    assert_eq!(gap(&lan), Micros::ZERO);
    let double = lan.longest_double(virtual_address(0));
    assert!(double <= ms(1), "{double}");
    assert!(misled(&lan) <= ms(2), "{}", misled(&lan));
    Ok(())
}

#[test]
fn a_node_whose_priority_fell_hands_over_and_gets_it_back() -> Checked {
    let routers = [150, 100].map(|priority| vec![tracking(speaking(priority), 1)]);
    let mut lan = settled(routers.to_vec())?;
    lan.set_number(A, -60)?;
    lan.run_for(ms(10))?;
    serves(&lan, B);
    assert_eq!(lan.state(A), Some(State::Backup));
    let counters = lan.core(A).unwrap().routers().next().unwrap().counters();
    assert_eq!((counters.became_active, counters.released), (1, 1));
    assert_eq!(gap(&lan), Micros::ZERO);
    lan.set_number(A, 0)?;
    lan.run_for(Micros::from_secs(5))?;
    serves(&lan, A);
    assert!(gap(&lan) <= ms(1));
    Ok(())
}

#[test]
fn a_fault_of_a_tracked_object_hands_over() -> Checked {
    let routers = [150, 100].map(|priority| vec![tracking(speaking(priority), 0)]);
    let mut lan = settled(routers.to_vec())?;
    lan.set_number(A, 1)?;
    lan.run_for(ms(10))?;
    serves(&lan, B);
    assert_eq!(lan.state(A), Some(State::Fault));
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn a_small_loss_of_priority_moves_nothing() -> Checked {
    let routers = [150, 100].map(|priority| vec![tracking(speaking(priority), 1)]);
    let mut lan = settled(routers.to_vec())?;
    lan.set_number(A, -20)?;
    lan.run_for(Micros::from_secs(10))?;
    serves(&lan, A);
    Ok(())
}

#[test]
fn nopreempt_with_a_weight_never_moves_the_address() -> Checked {
    let routers = [150, 100].map(|priority| {
        let router = RouterSpec {
            preempt: false,
            ..speaking(priority)
        };
        vec![tracking(router, 1)]
    });
    let mut lan = settled(routers.to_vec())?;
    lan.set_number(A, -60)?;
    lan.run_for(Micros::from_secs(20))?;
    serves(&lan, A);
    Ok(())
}

#[test]
fn the_best_of_three_is_asked() -> Checked {
    let nodes = [150, 100, 120].map(|priority| vec![speaking(priority)]);
    let mut lan = settled(nodes.to_vec())?;
    lan.stop(A)?;
    lan.run_for(ms(10))?;
    serves(&lan, C);
    lan.run_for(Micros::from_secs(10))?;
    serves(&lan, C);
    Ok(())
}

#[test]
fn a_better_router_without_the_channel_is_left_to_the_protocol() -> Checked {
    // C does not speak the channel, and was heard with a higher priority than B's.
    let mut lan = Lan::new(7, 2);
    for (number, router) in [speaking(150), speaking(100), plain_router(120)]
        .into_iter()
        .enumerate()
    {
        lan.add_node(setup(number, spec(vec![router])));
    }
    lan.start(C)?;
    lan.run_for(Micros::from_secs(5))?;
    lan.start(A)?;
    lan.start(B)?;
    lan.run_for(Micros::from_secs(20))?;
    lan.revalidate_clients();
    lan.reset_stopwatches();
    lan.stop(A)?;
    lan.run_for(ms(100))?;
    assert_eq!(lan.holders(VIP), [A], "B would lose it again at once");
    lan.run_for(Micros::from_secs(1))?;
    serves(&lan, C);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn lost_messages_leave_the_protocols_timing() -> Checked {
    // What A says does not reach B on either way; what B says does.
    let mut lan = pair()?;
    lan.cut(Port::Node(0), Port::Node(1));
    lan.stop(A)?;
    lan.run_for(Micros::from_secs(4))?;
    assert_eq!(lan.holders(VIP).len(), 1);
    lan.heal();
    lan.run_for(Micros::from_secs(1))?;
    serves(&lan, B);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn a_handover_survives_loss_duplicates_and_disorder() -> Checked {
    for seed in 0..200 {
        let mut lan = Lan::new(seed, 2);
        for (number, priority) in [150, 100, 120].into_iter().enumerate() {
            lan.add_node(setup(number, spec(vec![speaking(priority)])));
        }
        for id in lan.nodes() {
            lan.start(id)?;
        }
        lan.run_for(Micros::from_secs(20))?;
        lan.set_weather(Weather {
            loss: 300,
            duplicates: 300,
            delay: (Micros(50), ms(8)),
        });
        lan.reset_stopwatches();
        lan.stop(A)?;
        lan.run_for(Micros::from_secs(5))?;
        lan.set_weather(Weather::FAIR);
        lan.run_for(Micros::from_secs(10))?;
        lan.revalidate_clients();
        lan.run_for(ms(10))?;
        serves(&lan, C);
        assert!(gap(&lan) <= ms(3_700), "seed {seed}: {}", gap(&lan));
    }
    Ok(())
}

#[test]
fn both_stop_at_once() -> Checked {
    let mut lan = pair()?;
    lan.stop(B)?;
    lan.stop(A)?;
    lan.run_for(Micros::from_secs(5))?;
    assert!(lan.holders(VIP).is_empty());
    assert!(lan.core(A).is_none() && lan.core(B).is_none());
    Ok(())
}

/// A second virtual router, whose better node is the other one.
fn second(router: RouterSpec) -> RouterSpec {
    RouterSpec {
        name: "VI_2".into(),
        vrid: Vrid::new(52).unwrap(),
        addresses: vec![VirtualAddress::plain(IpAddr::V4(virtual_address(1)), 24)],
        ..router
    }
}

#[test]
fn handovers_may_cross() -> Checked {
    let mut lan = settled(vec![
        vec![tracking(speaking(150), 1), second(speaking(100))],
        vec![speaking(100), second(tracking(speaking(150), 1))],
    ])?;
    assert_eq!(lan.holders(VIP), [A]);
    lan.set_number(A, -60)?;
    lan.set_number(B, -60)?;
    lan.run_for(ms(10))?;
    assert_eq!(lan.holders(VIP), [B]);
    assert_eq!(lan.holders(IpAddr::V4(virtual_address(1))), [A]);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn a_sync_group_goes_in_one_exchange() -> Checked {
    let grouped = |router: RouterSpec| RouterSpec {
        sync_group: Some("G".into()),
        ..router
    };
    let node = |priority| {
        vec![
            grouped(tracking(speaking(priority), 0)),
            grouped(second(speaking(priority))),
        ]
    };
    let mut lan = settled(vec![node(150), node(100)])?;
    lan.set_number(A, 1)?;
    lan.run_for(ms(10))?;
    for number in [0, 1] {
        assert_eq!(lan.holders(IpAddr::V4(virtual_address(number))), [B]);
        assert_eq!(lan.longest_vacancy(virtual_address(number)), Micros::ZERO);
    }
    lan.set_number(A, 0)?;
    lan.run_for(Micros::from_secs(10))?;
    lan.reset_stopwatches();
    lan.stop(A)?;
    lan.run_for(ms(10))?;
    for number in [0, 1] {
        assert_eq!(lan.holders(IpAddr::V4(virtual_address(number))), [B]);
        assert_eq!(lan.longest_vacancy(virtual_address(number)), Micros::ZERO);
    }
    Ok(())
}

#[test]
fn a_sync_group_with_two_keys_is_taken_when_both_have_asked() -> Checked {
    let grouped = |router: RouterSpec| RouterSpec {
        sync_group: Some("G".into()),
        ..router
    };
    let other_key = |router: RouterSpec| RouterSpec {
        authentication: Authentication::Password(*b"2222\0\0\0\0"),
        ..router
    };
    let node = |priority| {
        vec![
            grouped(speaking(priority)),
            grouped(other_key(second(speaking(priority)))),
        ]
    };
    let mut lan = settled(vec![node(150), node(100)])?;
    lan.stop(A)?;
    lan.run_for(ms(10))?;
    for number in [0, 1] {
        assert_eq!(lan.holders(IpAddr::V4(virtual_address(number))), [B]);
        assert_eq!(lan.longest_vacancy(virtual_address(number)), Micros::ZERO);
    }
    Ok(())
}

/// Seeds 26777 and 43483: the end came a second time with each answer, forgot the retry, and told a healthy successor that
/// nobody serves.
#[test]
fn an_exclusive_leaver_ends_once_and_removes_in_the_end_what_the_kernel_refused() -> Checked {
    let exclusive = |priority| {
        let mut router = speaking(priority);
        router.rules.leave = Leave::Exclusive;
        router
    };
    let mut lan = settled(vec![vec![exclusive(150)], vec![exclusive(100)]])?;
    lan.refuse(A, 1);
    lan.reload(A, Spec::default())?;
    lan.run_for(Micros::from_secs(5))?;
    serves(&lan, B);
    let double = lan.longest_double(virtual_address(0));
    assert!(double >= ms(900), "a removal was refused: {double}");
    let said = |id, what: fn(&Event) -> bool| {
        let entries = lan.core(id).unwrap().journal().entries();
        entries.filter(|entry: &&Entry| what(&entry.event)).count()
    };
    assert_eq!(said(A, |event| matches!(event, Event::Released)), 1);
    assert_eq!(
        said(A, |event| matches!(event, Event::HandoverRefused { .. })),
        0
    );
    let resigned = |event: &Event| matches!(event, Event::ActiveHeardResign(_));
    assert_eq!(said(B, resigned), 0, "nobody resigns after the successor");
    Ok(())
}

/// Seed 46313, the other way round: what a stranger has recorded keeps nobody alive.
#[test]
fn recorded_signs_of_life_do_not_put_the_takeover_off() -> Checked {
    let mut lan = settled(vec![vec![detecting(150)], vec![detecting(100)]])?;
    lan.set_link(A, false)?;
    for _ in 0..10 {
        lan.run_for(ms(20))?;
        lan.replay_channel();
    }
    lan.run_for(ms(20))?;
    assert_eq!(lan.state(B), Some(State::Active));
    Ok(())
}

#[test]
fn an_exclusive_leaver_lets_go_before_it_asks() -> Checked {
    let exclusive = |priority| RouterSpec {
        rules: Rules {
            leave: Leave::Exclusive,
            ..Rules::OVERLAP
        },
        ..speaking(priority)
    };
    let mut lan = settled(vec![vec![exclusive(150)], vec![exclusive(100)]])?;
    lan.stop(A)?;
    while lan.holders(VIP) != [B] {
        assert!(lan.holders(VIP).len() <= 1, "never two");
        lan.run_for(Micros(100))?;
    }
    assert!(gap(&lan) <= ms(5), "{}", gap(&lan));
    Ok(())
}

#[test]
fn other_addresses_or_another_password_are_no_successor() -> Checked {
    let other = RouterSpec {
        addresses: vec![VirtualAddress::plain(IpAddr::V4(virtual_address(5)), 24)],
        ..speaking(100)
    };
    let mut lan = settled(vec![vec![speaking(150)], vec![other]])?;
    lan.stop(A)?;
    lan.run_for(ms(200))?;
    assert_eq!(lan.holders(VIP), [A], "the protocol's timing");
    Ok(())
}

#[test]
fn a_peer_in_fault_is_not_asked() -> Checked {
    let routers = [150, 120, 100].map(|priority| vec![tracking(speaking(priority), 0)]);
    let mut lan = settled(routers.to_vec())?;
    lan.set_number(B, 1)?;
    lan.run_for(ms(10))?;
    lan.stop(A)?;
    lan.run_for(ms(10))?;
    serves(&lan, C);
    let mut entries = lan.core(B).unwrap().journal().entries();
    let refused = |entry: &Entry| matches!(entry.event, Event::TakeRefused { .. });
    assert!(!entries.any(refused), "B was asked");
    Ok(())
}

#[test]
fn only_the_router_that_is_followed_is_obeyed() -> Checked {
    let mut lan = Lan::new(7, 2);
    for (number, priority) in [150, 100, 140].into_iter().enumerate() {
        lan.add_node(setup(number, spec(vec![speaking(priority)])));
    }
    // C has never heard A, and serves beside it; B hears both.
    lan.cut(Port::Node(0), Port::Node(2));
    for id in lan.nodes() {
        lan.start(id)?;
    }
    lan.run_for(Micros::from_secs(20))?;
    assert_eq!(lan.state(C), Some(State::Active));
    let follows_a = |lan: &Lan| {
        let router = lan.core(B).unwrap().routers().next().unwrap();
        router.followed().unwrap().address == IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1))
    };
    while !follows_a(&lan) {
        lan.run_for(ms(1))?;
    }
    lan.stop(C)?;
    lan.run_for(ms(30))?;
    assert_eq!(lan.state(B), Some(State::Backup));
    Ok(())
}

#[test]
fn a_router_that_has_got_other_addresses_meanwhile_is_not_taken() -> Checked {
    let mut lan = pair()?;
    lan.block_channel(B, true);
    let other = RouterSpec {
        addresses: vec![VirtualAddress::plain(IpAddr::V4(virtual_address(5)), 24)],
        ..speaking(100)
    };
    lan.reload(B, spec(vec![other]))?;
    lan.run_for(ms(100))?;
    lan.stop(A)?;
    lan.run_for(ms(100))?;
    assert_eq!(lan.state(B), Some(State::Backup));
    assert_eq!(lan.holders(VIP), [A]);
    Ok(())
}

#[test]
fn an_advertisement_that_crosses_a_handover_is_no_claim() -> Checked {
    for before in (25..700).step_by(25) {
        let mut lan = pair()?;
        let next = lan.last_advertised(A).unwrap() + Micros::from_secs(1);
        lan.run_until(next, u64::MAX)?;
        let next = lan.last_advertised(A).unwrap() + Micros::from_secs(1);
        lan.run_for(next.since(lan.now() + Micros(before)))?;
        lan.stop(A)?;
        lan.run_for(ms(20))?;
        serves(&lan, B);
        assert_eq!(rises(&lan, B), 1);
        assert_eq!(gap(&lan), Micros::ZERO, "{before} us before");
    }
    Ok(())
}

#[test]
fn an_older_node_without_the_channel_is_handed_to_as_ever() -> Checked {
    let mut lan = settled(vec![vec![speaking(150)], vec![plain_router(100)]])?;
    lan.stop(A)?;
    lan.run_for(ms(1_000))?;
    serves(&lan, B);
    assert_eq!(gap(&lan), Micros::ZERO);
    // It is upgraded, and both speak.
    lan.stop(B)?;
    lan.run_for(Micros::from_secs(5))?;
    lan.reload(B, spec(vec![speaking(100)])).unwrap();
    lan.start(A)?;
    lan.start(B)?;
    lan.run_for(Micros::from_secs(10))?;
    lan.revalidate_clients();
    lan.reset_stopwatches();
    lan.stop(A)?;
    lan.run_for(ms(10))?;
    serves(&lan, B);
    Ok(())
}

#[test]
fn towards_a_router_without_the_channel_the_active_resigns_once() -> Checked {
    let mut lan = Lan::new(7, 2);
    lan.add_node(setup(0, spec(vec![tracking(speaking(150), 1)])));
    let old = RouterSpec {
        rules: Rules::PROTOCOL,
        ..plain_router(100)
    };
    lan.add_node(setup(1, spec(vec![old])));
    // B was Active first: that is how A has heard it.
    lan.start(B)?;
    lan.run_for(Micros::from_secs(5))?;
    lan.start(A)?;
    lan.run_for(Micros::from_secs(10))?;
    lan.revalidate_clients();
    lan.reset_stopwatches();
    lan.set_number(A, -60)?;
    lan.run_for(ms(700))?;
    serves(&lan, B);
    assert!(gap(&lan) <= ms(1));
    Ok(())
}

#[test]
fn a_pulled_cable_is_noticed_in_tens_of_milliseconds() -> Checked {
    let mut lan = settled(vec![vec![detecting(150)], vec![detecting(100)]])?;
    lan.set_link(A, false)?;
    lan.run_for(ms(200))?;
    serves(&lan, B);
    assert!(gap(&lan) <= ms(200), "{}", gap(&lan));
    Ok(())
}

#[test]
fn the_better_backup_takes_over_first() -> Checked {
    let nodes = [150, 100, 120].map(|priority| vec![detecting(priority)]);
    let mut lan = settled(nodes.to_vec())?;
    lan.set_link(A, false)?;
    lan.run_for(ms(250))?;
    serves(&lan, C);
    assert_eq!(rises(&lan, B), 0);
    Ok(())
}

#[test]
fn a_blocked_channel_is_no_dead_peer() -> Checked {
    let mut lan = settled(vec![vec![detecting(150)], vec![detecting(100)]])?;
    lan.block_channel(A, true);
    lan.run_for(Micros::from_secs(30))?;
    serves(&lan, A);
    assert_eq!(rises(&lan, B), 0);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn a_node_that_was_paused_suspects_itself() -> Checked {
    let mut lan = settled(vec![vec![detecting(150)], vec![detecting(100)]])?;
    for _ in 0..20 {
        lan.pause(B);
        lan.run_for(ms(400))?;
        lan.resume(B)?;
        lan.run_for(ms(1_300))?;
        serves(&lan, A);
    }
    Ok(())
}

#[test]
fn who_slept_through_the_answer_of_a_suspect_asks_again() -> Checked {
    for cut_ms in (100..180).step_by(5) {
        let mut lan = settled(vec![vec![detecting(150)], vec![detecting(100)]])?;
        lan.cut(Port::Node(0), Port::Node(1));
        lan.run_for(ms(cut_ms))?;
        if rises(&lan, B) > 0 {
            break;
        }
        lan.pause(B);
        lan.run_for(ms(100))?;
        lan.heal();
        lan.resume(B)?;
        lan.run_for(ms(500))?;
        serves(&lan, A);
        assert_eq!(rises(&lan, B), 0, "after {cut_ms} ms");
    }
    Ok(())
}

#[test]
fn a_dead_worker_is_its_supervisors_business() -> Checked {
    let mut lan = settled(vec![vec![detecting(150)], vec![detecting(100)]])?;
    lan.crash(A, Crash::Worker)?;
    lan.run_for(ms(1_000))?;
    serves(&lan, B);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn nobody_is_asked_under_strict_rules() -> Checked {
    let strict = |priority| RouterSpec {
        rules: Rules::PROTOCOL,
        channel: None,
        ..plain_router(priority)
    };
    let mut lan = settled(vec![vec![strict(150)], vec![strict(100)]])?;
    assert_eq!(lan.core(A).unwrap().peers().count(), 0);
    lan.stop(A)?;
    lan.run_for(ms(500))?;
    assert!(lan.holders(VIP).is_empty());
    assert_eq!(plain_router(7).priority, Priority(7));
    Ok(())
}

#[test]
fn a_router_removed_with_what_it_tracks_is_gone() -> Checked {
    // Its priority falls because the tracked object goes; it leaves all the same.
    let raised = tracking(speaking(150), 1);
    let mut lan = settled(vec![
        vec![raised, second(speaking(150))],
        vec![speaking(100), second(speaking(100))],
    ])?;
    lan.set_number(A, 20)?;
    lan.run_for(Micros::from_secs(5))?;
    assert_eq!(lan.holders(VIP), [A]);
    let rest = Spec {
        routers: vec![second(speaking(150))],
        ..Spec::default()
    };
    lan.reload(A, rest)?;
    lan.run_for(ms(10))?;
    assert_eq!(lan.holders(VIP), [B]);
    lan.run_for(Micros::from_secs(5))?;
    assert_eq!(lan.core(A).unwrap().routers().count(), 1);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn a_router_that_follows_another_by_reload_leaves_it_its_addresses() -> Checked {
    // Nobody takes the old one over; until the new one does, it answers.
    let alone = |vrid, router: RouterSpec| RouterSpec {
        vrid: Vrid::new(vrid).unwrap(),
        ..router
    };
    for router in [plain_router(150), speaking(150)] {
        let mut lan = settled(vec![
            vec![alone(51, router.clone())],
            vec![second(router.clone())],
        ])?;
        assert_eq!(lan.holders(VIP), [A]);
        lan.reload(A, spec(vec![alone(77, router)]))?;
        lan.run_for(Micros::from_secs(3))?;
        assert_eq!(lan.holders(VIP), [A]);
        assert_eq!(gap(&lan), Micros::ZERO);
    }
    Ok(())
}
