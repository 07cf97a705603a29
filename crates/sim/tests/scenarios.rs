//! The rules of leaving, conflicts and dying, each between two or three nodes on one LAN.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::IpAddr;

use common::{A, B, C, Checked, VIP, gap, misled, ms, only, serves, settled_with};
use standfast_core::Micros;
use standfast_core::router::State;
use standfast_core::spec::{
    CheckKind, CheckSpec, Leave, RouterSpec, Rules, Spec, Track, Tracked, VirtualAddress, Weight,
};
use standfast_core::wire::vrrp::{Authentication, Priority, Version};
use standfast_sim::{
    Breach, Crash, Forgery, Lan, NodeSetup, Port, Weather, plain_router, standard_lan,
    virtual_address,
};

const SECOND: Micros = Micros::from_secs(1);

fn settled(routers: Vec<RouterSpec>) -> Result<Lan, Breach> {
    settled_with(7, routers.into_iter().map(|router| only(vec![router])))
}

fn pair() -> Result<Lan, Breach> {
    let lan = settled(vec![plain_router(150), plain_router(100)])?;
    assert_eq!(lan.holders(VIP), [A]);
    Ok(lan)
}

/// Version 3 with that interval.
fn timed(priority: u8, millis: u64) -> RouterSpec {
    RouterSpec {
        version: Version::V3,
        authentication: Authentication::None,
        advert_interval: ms(millis),
        ..plain_router(priority)
    }
}

fn with_rules(priority: u8, rules: Rules) -> RouterSpec {
    RouterSpec {
        rules,
        ..plain_router(priority)
    }
}

#[test]
fn a_leaver_serves_until_its_successor_does() -> Checked {
    let mut lan = pair()?;
    lan.stop(A)?;
    lan.run_for(ms(500))?;
    assert_eq!(lan.holders(VIP), [A], "nobody else is there yet");
    lan.run_for(SECOND)?;
    serves(&lan, B);
    assert_eq!(gap(&lan), Micros::ZERO);
    assert!(misled(&lan) <= ms(60));
    Ok(())
}

#[test]
fn a_leaver_has_a_bound_and_the_last_node_lets_go() -> Checked {
    let mut lan = settled(vec![plain_router(100)])?;
    lan.stop(A)?;
    lan.run_for(ms(3_900))?;
    assert_eq!(lan.holders(VIP), [A]);
    lan.run_for(ms(200))?;
    assert!(lan.holders(VIP).is_empty());
    assert!(lan.core(A).is_none(), "the daemon ends");
    Ok(())
}

#[test]
fn a_successor_that_announces_nothing_has_50_ms() -> Checked {
    for crash in [false, true] {
        let mut lan = settled(vec![plain_router(100)])?;
        match crash {
            true => lan.crash(A, Crash::Worker)?,
            false => lan.stop(A)?,
        }
        lan.run_for(ms(600))?;
        lan.inject(&plain_router(99), Priority(99));
        lan.run_for(ms(45))?;
        assert_eq!(lan.holders(VIP), [A]);
        lan.run_for(ms(10))?;
        assert!(lan.holders(VIP).is_empty());
    }
    Ok(())
}

#[test]
fn a_lower_successor_is_a_successor() -> Checked {
    let mut lan = settled(vec![plain_router(254), plain_router(1)])?;
    lan.stop(A)?;
    lan.run_for(ms(1_200))?;
    serves(&lan, B);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn a_lost_resignation_is_repeated() -> Checked {
    let mut lan = pair()?;
    lan.cut(Port::Node(0), Port::Node(1));
    lan.stop(A)?;
    lan.run_for(ms(500))?;
    lan.heal();
    lan.run_for(ms(1_300))?;
    serves(&lan, B);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn with_every_resignation_lost_the_down_timer_comes_before_the_bound() -> Checked {
    let mut lan = pair()?;
    lan.cut(Port::Node(0), Port::Node(1));
    lan.stop(A)?;
    lan.run_for(Micros::from_secs(5))?;
    serves(&lan, B);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn two_leave_at_once_and_the_third_takes_over() -> Checked {
    let mut lan = settled(vec![
        plain_router(200),
        plain_router(150),
        plain_router(100),
    ])?;
    lan.stop(A)?;
    lan.stop(B)?;
    lan.run_for(ms(1_500))?;
    serves(&lan, C);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn both_of_a_pair_leave_one_after_the_other() -> Checked {
    let mut lan = pair()?;
    lan.stop(A)?;
    lan.run_for(ms(700))?;
    lan.stop(B)?;
    lan.run_for(Micros::from_secs(6))?;
    assert!(lan.holders(VIP).is_empty());
    assert!(lan.core(A).is_none() && lan.core(B).is_none());
    Ok(())
}

#[test]
fn an_exclusive_leaver_never_overlaps_with_its_successor() -> Checked {
    let rules = Rules {
        leave: Leave::Exclusive,
        ..Rules::OVERLAP
    };
    let mut lan = settled(vec![with_rules(150, rules), with_rules(100, rules)])?;
    lan.stop(A)?;
    for _ in 0..3_000 {
        lan.run_for(ms(1))?;
        assert!(lan.holders(VIP).len() <= 1);
    }
    serves(&lan, B);
    assert!(
        gap(&lan) <= ms(620),
        "the skew of the successor: {}",
        gap(&lan)
    );
    Ok(())
}

#[test]
fn strict_leaves_as_the_protocol_says() -> Checked {
    let rules = Rules::PROTOCOL;
    let mut lan = settled(vec![with_rules(150, rules), with_rules(100, rules)])?;
    lan.stop(A)?;
    assert!(lan.holders(VIP).is_empty(), "at once");
    lan.run_for(SECOND)?;
    serves(&lan, B);
    assert!(gap(&lan) <= ms(620));
    Ok(())
}

#[test]
fn a_paused_machine_believes_whoever_took_over() -> Checked {
    let mut lan = pair()?;
    lan.pause(A);
    lan.run_for(Micros::from_secs(5))?;
    assert_eq!(lan.state(B), Some(State::Active));
    lan.resume(A)?;
    assert_eq!(lan.state(A), Some(State::Backup), "before it says a word");
    lan.run_for(ms(60))?;
    serves(&lan, B);
    lan.run_for(Micros::from_secs(5))?;
    serves(&lan, A);
    Ok(())
}

#[test]
fn a_paused_machine_that_heard_nothing_listens_first() -> Checked {
    let mut lan = pair()?;
    lan.part(A, B);
    lan.pause(A);
    lan.run_for(Micros::from_secs(5))?;
    let sent = lan.last_advertised(A);
    lan.resume(A)?;
    lan.run_for(ms(300))?;
    assert_eq!(lan.last_advertised(A), sent, "an interval and the skew");
    lan.heal();
    lan.run_for(ms(1_050))?;
    assert_eq!(lan.state(A), Some(State::Backup));
    assert_eq!(lan.last_advertised(A), sent);
    lan.run_for(Micros::from_secs(6))?;
    serves(&lan, A);
    Ok(())
}

#[test]
fn a_paused_backup_listens_before_it_takes_over() -> Checked {
    let mut lan = pair()?;
    lan.pause(B);
    // More than the buffer holds is lost; here nothing arrives at all.
    lan.cut(Port::Node(0), Port::Node(1));
    lan.run_for(Micros::from_secs(20))?;
    lan.heal();
    lan.resume(B)?;
    lan.run_for(Micros::from_secs(3))?;
    serves(&lan, A);
    assert_eq!(lan.last_advertised(B), None, "it never claimed");
    Ok(())
}

#[test]
fn a_pause_during_a_conflict_does_not_make_deaf_to_the_next() -> Checked {
    let mut lan = settled(vec![plain_router(150)])?;
    let vip = virtual_address(0);
    lan.inject_arp(vip);
    lan.run_for(ms(10))?;
    lan.pause(A);
    lan.run_for(Micros::from_secs(5))?;
    lan.resume(A)?;
    lan.run_for(Micros::from_secs(10))?;
    lan.inject_arp(vip);
    lan.run_for(ms(1))?;
    // The client hears the stranger once more, after the answer at once.
    lan.cut(Port::Stranger, Port::Node(0));
    lan.inject_arp(vip);
    lan.run_for(ms(60))?;
    serves(&lan, A);
    Ok(())
}

#[test]
fn the_last_announcement_is_not_the_one_that_a_rate_limit_drops() -> Checked {
    let mut lan = settled(vec![plain_router(150)])?;
    for _ in 0..60 {
        lan.inject_arp(virtual_address(0));
        lan.run_for(ms(20))?;
    }
    lan.run_for(ms(1_100))?;
    serves(&lan, A);
    Ok(())
}

#[test]
fn the_periodic_announcement_goes_on_after_a_pause() -> Checked {
    let mut spec = plain_router(150);
    spec.garp.refresh = SECOND;
    let mut lan = settled(vec![spec])?;
    lan.pause(A);
    lan.run_for(Micros::from_secs(5))?;
    lan.resume(A)?;
    lan.run_for(Micros::from_secs(8))?;
    lan.cut(Port::Stranger, Port::Node(0));
    lan.inject_arp(virtual_address(0));
    lan.run_for(ms(1_100))?;
    serves(&lan, A);
    Ok(())
}

#[test]
fn the_survivor_of_a_double_master_is_heard_last() -> Checked {
    for delay in [300, 3_000, 12_000] {
        let mut lan = pair()?;
        lan.part(A, B);
        lan.run_for(Micros::from_secs(9))?;
        assert_eq!(lan.holders(VIP), [A, B]);
        lan.set_weather(Weather {
            delay: (Micros(50), Micros(delay)),
            ..Weather::FAIR
        });
        lan.heal();
        lan.run_for(ms(1_130))?;
        serves(&lan, A);
        lan.reset_stopwatches();
        lan.run_for(Micros::from_secs(5))?;
        serves(&lan, A);
        assert_eq!(misled(&lan), Micros::ZERO);
    }
    Ok(())
}

#[test]
fn a_one_way_cut_ends_with_one_node() -> Checked {
    let mut lan = pair()?;
    // B does not hear A and takes over; A hears B, answers in vain and stays.
    lan.cut(Port::Node(0), Port::Node(1));
    lan.run_for(Micros::from_secs(8))?;
    assert_eq!(lan.state(A), Some(State::Active));
    lan.heal();
    lan.run_for(ms(2_100))?;
    serves(&lan, A);
    Ok(())
}

#[test]
fn crossed_elections_end_with_the_better_one() -> Checked {
    let mut lan = standard_lan(7, vec![plain_router(100), plain_router(101)]);
    lan.start(B)?;
    // Both down timers run out within the time that an advertisement travels.
    lan.run_for(Micros(3_900))?;
    lan.start(A)?;
    lan.set_weather(Weather {
        delay: (ms(20), ms(20)),
        ..Weather::FAIR
    });
    lan.run_for(Micros::from_secs(5))?;
    serves(&lan, B);
    Ok(())
}

#[test]
fn equal_priorities_are_decided_by_the_address() -> Checked {
    let mut lan = settled(vec![plain_router(100), plain_router(100)])?;
    lan.part(A, B);
    lan.run_for(Micros::from_secs(6))?;
    assert_eq!(lan.holders(VIP), [A, B]);
    lan.heal();
    lan.run_for(ms(2_100))?;
    serves(&lan, B);
    Ok(())
}

#[test]
fn equal_priorities_do_not_preempt() -> Checked {
    let mut lan = standard_lan(7, vec![plain_router(100), plain_router(100)]);
    lan.start(A)?;
    lan.run_for(Micros::from_secs(8))?;
    lan.start(B)?;
    lan.run_for(Micros::from_secs(10))?;
    serves(&lan, A);
    Ok(())
}

#[test]
fn a_killed_worker_is_resigned_for_and_nobody_sees_a_gap() -> Checked {
    let mut lan = pair()?;
    lan.crash(A, Crash::Worker)?;
    lan.run_for(ms(1_000))?;
    assert_eq!(lan.holders(VIP), [B]);
    assert_eq!(lan.state(B), Some(State::Active));
    assert_eq!(gap(&lan), Micros::ZERO);
    assert!(misled(&lan) <= ms(60));
    Ok(())
}

#[test]
fn a_resignation_is_no_successor_for_a_killed_worker() -> Checked {
    let mut lan = settled(vec![plain_router(100)])?;
    lan.crash(A, Crash::Worker)?;
    lan.run_for(ms(100))?;
    lan.inject(&plain_router(99), Priority::RESIGN);
    lan.run_for(ms(200))?;
    assert_eq!(lan.holders(VIP), [A]);
    Ok(())
}

#[test]
fn a_killed_worker_without_a_peer_is_adopted_by_the_next() -> Checked {
    let mut lan = settled(vec![plain_router(100)])?;
    lan.crash(A, Crash::Worker)?;
    lan.run_for(ms(400))?;
    lan.start(A)?;
    lan.run_for(Micros::from_secs(8))?;
    serves(&lan, A);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn adopted_addresses_are_let_go_when_somebody_else_is_heard() -> Checked {
    let nopreempt = RouterSpec {
        preempt: false,
        ..plain_router(150)
    };
    let mut lan = settled(vec![nopreempt, plain_router(100)])?;
    lan.stop(B)?;
    lan.run_for(Micros::from_secs(2))?;
    lan.start(B)?;
    lan.run_for(Micros::from_secs(2))?;
    // B hears neither the resignation nor the new A: its down timer runs out.
    lan.part(A, B);
    lan.crash(A, Crash::Worker)?;
    lan.run_for(ms(400))?;
    lan.start(A)?;
    lan.heal();
    assert_eq!(lan.holders(VIP), [A], "adopted");
    lan.run_for(ms(3_300))?;
    serves(&lan, B);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn what_a_dead_daemon_left_is_removed_at_the_next_start() -> Checked {
    let mut lan = pair()?;
    lan.crash(A, Crash::Everything)?;
    lan.run_for(Micros::from_secs(5))?;
    assert_eq!(lan.holders(VIP), [A, B], "nobody was left to remove it");
    lan.start(A)?;
    lan.run_for(ms(10))?;
    assert_eq!(lan.holders(VIP), [B]);
    Ok(())
}

/// A pair whose A tracks a check that makes a fault.
fn checked_pair() -> Vec<(RouterSpec, Vec<CheckSpec>)> {
    let check = CheckSpec {
        name: "service".into(),
        definition: "service".into(),
        interval: SECOND,
        timeout: SECOND,
        rise: 1,
        fall: 1,
        init_fail: false,
        unusable: None,
        kind: CheckKind::Script,
        repair: None,
    };
    let mut first = plain_router(150);
    first.tracks.push(Track {
        object: Tracked::Check("service".into()),
        weight: Weight::FAULT,
    });
    vec![(first, vec![check]), (plain_router(100), Vec::new())]
}

fn lan_of(nodes: Vec<(RouterSpec, Vec<CheckSpec>)>) -> Lan {
    let mut lan = Lan::new(7, 2);
    for (number, (router, checks)) in nodes.into_iter().enumerate() {
        lan.add_node(NodeSetup {
            address: [192, 0, 2, u8::try_from(number + 1).unwrap()].into(),
            interface: "eth0".into(),
            spec: Spec {
                routers: vec![router],
                checks,
                ..Spec::default()
            },
        });
    }
    lan
}

#[test]
fn leftovers_are_removed_also_by_a_start_into_fault() -> Checked {
    let mut lan = lan_of(checked_pair());
    lan.start(A)?;
    lan.start(B)?;
    lan.run_for(Micros::from_secs(8))?;
    assert_eq!(lan.holders(VIP), [A]);
    lan.crash(A, Crash::Everything)?;
    lan.set_checks(A, false);
    lan.run_for(Micros::from_secs(5))?;
    lan.start(A)?;
    lan.run_for(Micros::from_secs(3))?;
    assert_eq!(lan.state(A), Some(State::Fault));
    assert_eq!(lan.holders(VIP), [B]);
    Ok(())
}

#[test]
fn a_failed_check_resigns_and_the_other_takes_over_within_its_skew() -> Checked {
    let mut lan = lan_of(checked_pair());
    lan.start(A)?;
    lan.start(B)?;
    lan.run_for(Micros::from_secs(8))?;
    lan.reset_stopwatches();
    lan.set_checks(A, false);
    lan.run_for(Micros::from_secs(2))?;
    serves(&lan, B);
    assert!(gap(&lan) <= ms(620), "{}", gap(&lan));
    Ok(())
}

#[test]
fn a_refused_removal_is_tried_again_in_the_next_state() -> Checked {
    let mut lan = pair()?;
    lan.refuse(A, 1);
    lan.set_link(A, false)?;
    lan.run_for(ms(100))?;
    lan.set_link(A, true)?;
    lan.run_for(ms(1_200))?;
    assert_eq!(lan.state(A), Some(State::Backup));
    assert!(!lan.holds(A, VIP));
    Ok(())
}

#[test]
fn an_address_that_could_be_neither_added_nor_removed_is_added_at_the_next_takeover() -> Checked {
    let fast = RouterSpec {
        version: Version::V3,
        authentication: Authentication::None,
        advert_interval: ms(100),
        ..plain_router(150)
    };
    let mut lan = standard_lan(7, vec![fast]);
    lan.refuse(A, 2);
    lan.start(A)?;
    while lan.state(A) != Some(State::Active) {
        lan.run_for(Micros(1))?;
    }
    lan.set_link(A, false)?;
    lan.run_for(ms(5))?;
    lan.set_link(A, true)?;
    lan.run_for(ms(500))?;
    assert_eq!(lan.state(A), Some(State::Active));
    assert_eq!(lan.holders(VIP), [A]);
    Ok(())
}

#[test]
fn an_address_that_others_delete_comes_back() -> Checked {
    let mut lan = pair()?;
    for _ in 0..3 {
        lan.delete_address(A, VIP);
        lan.run_for(Micros::from_secs(2))?;
        serves(&lan, A);
    }
    lan.delete_address(A, VIP);
    lan.run_for(SECOND)?;
    serves(&lan, B);
    Ok(())
}

#[test]
fn an_instance_that_comes_back_while_it_leaves_goes_on_serving() -> Checked {
    let mut lan = settled(vec![plain_router(100)])?;
    let spec = lan.spec(A).unwrap().clone();
    lan.reload(A, Spec::default())?;
    lan.run_for(ms(500))?;
    lan.reload(A, spec)?;
    lan.run_for(Micros::from_secs(10))?;
    serves(&lan, A);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn a_restarted_node_takes_its_place_again() -> Checked {
    let mut lan = pair()?;
    lan.stop(A)?;
    lan.run_for(Micros::from_secs(2))?;
    lan.start(A)?;
    lan.run_for(Micros::from_secs(6))?;
    serves(&lan, A);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn nopreempt_leaves_the_address_where_it_is() -> Checked {
    let nopreempt = |priority| RouterSpec {
        preempt: false,
        ..plain_router(priority)
    };
    let mut lan = settled(vec![nopreempt(150), nopreempt(100)])?;
    lan.stop(A)?;
    lan.run_for(Micros::from_secs(2))?;
    lan.start(A)?;
    lan.run_for(Micros::from_secs(20))?;
    serves(&lan, B);
    Ok(())
}

#[test]
fn preempt_delay_is_waited_for_and_then_the_down_timer() -> Checked {
    let delayed = RouterSpec {
        preempt_delay: Micros::from_secs(5),
        ..plain_router(150)
    };
    let mut lan = standard_lan(7, vec![delayed, plain_router(100)]);
    lan.start(B)?;
    lan.run_for(Micros::from_secs(5))?;
    lan.start(A)?;
    lan.run_for(Micros::from_secs(7))?;
    serves(&lan, B);
    lan.run_for(Micros::from_secs(4))?;
    serves(&lan, A);
    Ok(())
}

#[test]
fn a_version_3_backup_counts_in_the_interval_of_the_active_router() -> Checked {
    let mut lan = settled(vec![timed(150, 2_000), timed(100, 100)])?;
    lan.run_for(Micros::from_secs(20))?;
    serves(&lan, A);
    assert_eq!(
        lan.last_advertised(B).map(|at| at.0 < 20_000_000),
        Some(true)
    );
    lan.set_link(A, false)?;
    // The resignation is lost with the cable: three intervals of two seconds.
    lan.run_for(Micros::from_secs(3))?;
    assert!(lan.holders(VIP).is_empty());
    lan.run_for(Micros::from_secs(5))?;
    serves(&lan, B);
    Ok(())
}

#[test]
fn after_a_pause_the_interval_of_a_better_router_counts() -> Checked {
    let mut lan = standard_lan(7, vec![timed(150, 100), timed(200, 2_000)]);
    lan.start(A)?;
    lan.run_for(Micros::from_secs(3))?;
    lan.pause(A);
    lan.start(B)?;
    lan.run_for(ms(6_500))?;
    let sent = lan.last_advertised(A);
    lan.resume(A)?;
    lan.run_for(ms(1_800))?;
    assert_eq!(lan.last_advertised(A), sent, "B is not due for two seconds");
    serves(&lan, B);
    Ok(())
}

#[test]
fn three_nodes_hand_the_address_down_and_up_again() -> Checked {
    let mut lan = settled(vec![
        plain_router(200),
        plain_router(150),
        plain_router(100),
    ])?;
    lan.stop(A)?;
    lan.run_for(Micros::from_secs(3))?;
    serves(&lan, B);
    lan.stop(B)?;
    lan.run_for(Micros::from_secs(3))?;
    serves(&lan, C);
    lan.start(B)?;
    lan.run_for(Micros::from_secs(6))?;
    serves(&lan, B);
    lan.start(A)?;
    lan.run_for(Micros::from_secs(6))?;
    serves(&lan, A);
    assert_eq!(gap(&lan), Micros::ZERO);
    Ok(())
}

#[test]
fn bad_packets_of_every_kind_change_nothing() -> Checked {
    for version in [Version::V2, Version::V3] {
        let spec = |priority| RouterSpec {
            version,
            authentication: match version {
                Version::V2 => Authentication::Password(*b"1111\0\0\0\0"),
                Version::V3 => Authentication::None,
            },
            ..plain_router(priority)
        };
        let mut lan = settled(vec![spec(150), spec(100)])?;
        for _ in 0..50 {
            for forgery in Forgery::ALL {
                lan.forge(&spec(150), forgery);
            }
            lan.run_for(ms(37))?;
        }
        serves(&lan, A);
    }
    Ok(())
}

#[test]
fn a_flood_from_a_stranger_is_answered_sparingly_and_survived() -> Checked {
    let mut lan = pair()?;
    let spec = plain_router(100);
    for round in 0..2_000 {
        lan.inject(&spec, Priority(if round % 3 == 0 { 0 } else { 7 }));
        lan.inject_arp(virtual_address(0));
        lan.run_for(ms(1))?;
    }
    lan.run_for(Micros::from_secs(3))?;
    // One resignation in the name of the Active router lets the Backup try; it yields at once.
    serves(&lan, A);
    Ok(())
}

#[test]
fn a_stranger_that_changes_its_interval_with_every_packet_fills_no_log() -> Checked {
    let mut lan = settled(vec![timed(100, 1_000), timed(100, 1_000)])?;
    for round in 0..2_000 {
        lan.inject(&timed(100, 1_000 + 10 * (round % 2)), Priority(200));
        lan.run_for(ms(1))?;
    }
    lan.run_for(Micros::from_secs(10))?;
    Ok(())
}

#[test]
fn the_journal_forgets_what_is_old() -> Checked {
    let mut lan = pair()?;
    for _ in 0..200 {
        lan.set_link(A, false)?;
        lan.run_for(ms(100))?;
        lan.set_link(A, true)?;
        lan.run_for(ms(100))?;
    }
    lan.run_for(Micros::from_secs(100))?;
    serves(&lan, A);
    Ok(())
}

#[test]
fn a_reload_after_a_stop_does_not_bring_a_node_back() -> Checked {
    let mut lan = lan_of(checked_pair());
    lan.start(A)?;
    lan.run_for(Micros::from_secs(8))?;
    lan.stop(A)?;
    let spec = Spec {
        routers: vec![plain_router(10)],
        ..lan.spec(A).unwrap().clone()
    };
    lan.reload(A, spec)?;
    lan.run_for(Micros::from_secs(6))?;
    assert!(lan.core(A).is_none());
    assert!(lan.holders(VIP).is_empty());
    Ok(())
}

#[test]
fn a_reload_moves_only_what_changed() -> Checked {
    let mut lan = pair()?;
    let more = IpAddr::V4(virtual_address(1));
    for id in [A, B] {
        let mut spec = lan.spec(id).unwrap().clone();
        spec.routers[0]
            .addresses
            .push(VirtualAddress::plain(more, 24));
        lan.reload(id, spec)?;
    }
    lan.run_for(ms(500))?;
    serves(&lan, A);
    assert_eq!(lan.holders(more), [A]);
    assert_eq!(gap(&lan), Micros::ZERO);
    for id in [A, B] {
        let mut spec = lan.spec(id).unwrap().clone();
        spec.routers[0].addresses.pop();
        lan.reload(id, spec)?;
    }
    lan.run_for(ms(500))?;
    assert!(lan.holders(more).is_empty());
    serves(&lan, A);
    Ok(())
}
