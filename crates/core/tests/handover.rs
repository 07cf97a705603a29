//! Where we go beyond the protocol: leaving, conflicts, pauses, and addresses that others touch.
//! Each test is a rule of SPECIFICATION.md.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::{IpAddr, Ipv4Addr};

use common::{Action, Bench, ETH0, host_address, link, router, vip};
use standfast_core::input::{NotifyEvent, Origin};
use standfast_core::journal::Event;
use standfast_core::router::State;
use standfast_core::spec::{
    CheckKind, CheckSpec, Garp, Leave, RouterSpec, Rules, Spec, Track, Tracked, Weight,
};
use standfast_core::wire::MacAddress;
use standfast_core::wire::vrrp::{Authentication, Version};
use standfast_core::{Input, Micros};

const PEER: &str = "192.0.2.2";
const PEER_MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);
const SECOND: u64 = 1_000_000;

/// Active since 3.6 s after the start, now at 10 s, with the bursts behind it.
fn active() -> Bench {
    active_with(router(100))
}

fn active_with(spec: RouterSpec) -> Bench {
    let mut bench = Bench::start(spec);
    bench.run_until(10 * SECOND);
    assert_eq!(bench.state(), State::Active);
    assert!(bench.holds(vip()));
    bench.log.clear();
    bench
}

fn foreign_arp() -> Input<'static> {
    Input::Arp {
        interface: ETH0,
        sender: Ipv4Addr::new(192, 0, 2, 100),
        mac: PEER_MAC,
    }
}

fn announcements(bench: &Bench) -> Vec<u64> {
    let all = bench.log.iter();
    all.filter(|(_, action)| matches!(action, Action::Announce { .. }))
        .map(|(at, _)| *at)
        .collect()
}

#[test]
fn announces_five_times_at_once_and_five_times_after_five_seconds() {
    let mut bench = Bench::start(router(100));
    bench.run_until(20 * SECOND);
    let bursts: Vec<_> = bench
        .log
        .iter()
        .filter(|(_, action)| matches!(action, Action::Announce { .. }))
        .cloned()
        .collect();
    let burst = Action::Announce {
        addresses: 1,
        rounds: 5,
    };
    assert_eq!(bursts, [(3_609_375, burst.clone()), (8_609_375, burst)]);
}

#[test]
fn the_advertisement_leaves_before_the_address_is_added_and_the_announcement_after() {
    let mut bench = Bench::start(router(100));
    bench.run_until(3_609_375);
    let actions = bench.actions_since(3_609_375);
    assert_eq!(
        actions,
        [
            Action::State(State::Active),
            Action::Advert(100),
            Action::Added(1),
            Action::Notify(NotifyEvent::Master, 100),
            Action::Announce {
                addresses: 1,
                rounds: 5
            },
        ]
    );
}

#[test]
fn leaving_goes_on_answering_until_50_ms_after_any_successor() {
    for successor in [1, 99, 200] {
        let mut bench = active();
        bench.give(Input::Stop);
        assert_eq!(bench.adverts(), [(10 * SECOND, 0)]);
        assert_eq!(bench.state(), State::Leaving);
        bench.run_until(10_600_000);
        assert!(bench.holds(vip()), "before a successor is heard");
        bench.hear(successor, PEER);
        bench.run_until(10_649_999);
        assert!(bench.holds(vip()), "the successor has not had its 50 ms");
        bench.run_until(10_650_000);
        assert!(!bench.holds(vip()));
        assert_eq!(bench.log.last().unwrap().1, Action::Stopped);
        assert_eq!(bench.adverts().len(), 1, "priority 0 is sent once");
        assert!(announcements(&bench).is_empty());
    }
}

#[test]
fn leaving_lets_go_at_the_successors_announcement() {
    let mut bench = active();
    bench.give(Input::Stop);
    bench.run_until(10_600_000);
    bench.hear(99, PEER);
    bench.run_until(10_600_400);
    bench.give(foreign_arp());
    assert!(!bench.holds(vip()));
    assert_eq!(bench.log.last().unwrap(), &(10_600_400, Action::Stopped));
}

#[test]
fn leaving_ends_at_its_bound_when_nobody_takes_over() {
    let mut bench = active();
    bench.give(Input::Stop);
    bench.run_until(13_999_999);
    assert!(bench.holds(vip()));
    assert_eq!(bench.adverts(), [(10 * SECOND, 0), (11 * SECOND, 0)]);
    bench.run_until(14 * SECOND);
    assert!(!bench.holds(vip()));
    assert_eq!(bench.log.last().unwrap().1, Action::Stopped);
}

#[test]
fn a_second_stop_releases_at_once() {
    let mut bench = active();
    bench.give(Input::Stop);
    bench.run_until(10_100_000);
    bench.give(Input::Stop);
    assert!(!bench.holds(vip()));
    assert_eq!(bench.log.last().unwrap(), &(10_100_000, Action::Stopped));
}

#[test]
fn an_exclusive_leaver_runs_its_scripts_then_lets_go_then_resigns() {
    let rules = Rules {
        leave: Leave::Exclusive,
        ..Rules::OVERLAP
    };
    let mut bench = active_with(RouterSpec {
        rules,
        ..router(100)
    });
    bench.auto_notify = false;
    bench.give(Input::Stop);
    bench.run_until(12_500_000);
    assert!(bench.holds(vip()), "while the scripts run");
    let adverts: Vec<u8> = bench
        .adverts()
        .iter()
        .map(|(_, priority)| *priority)
        .collect();
    assert_eq!(adverts, [100, 100], "still Active for everybody else");
    let id = bench.router().id();
    bench.give(Input::NotifyDone(id));
    let end = bench.actions_since(12_500_000);
    assert_eq!(
        end,
        [Action::Removed(1), Action::Advert(0), Action::Stopped]
    );
}

#[test]
fn an_exclusive_leaver_does_not_wait_for_ever() {
    let rules = Rules {
        leave: Leave::Exclusive,
        ..Rules::OVERLAP
    };
    let mut bench = active_with(RouterSpec {
        rules,
        ..router(100)
    });
    bench.auto_notify = false;
    bench.give(Input::Stop);
    bench.run_until(15 * SECOND);
    assert_eq!(bench.log.last().unwrap(), &(15 * SECOND, Action::Stopped));
}

#[test]
fn an_exclusive_leaver_that_was_paused_does_not_make_up_for_advertisements() {
    let rules = Rules {
        leave: Leave::Exclusive,
        ..Rules::OVERLAP
    };
    let mut bench = active_with(RouterSpec {
        rules,
        ..router(100)
    });
    bench.auto_notify = false;
    bench.give(Input::Stop);
    bench.pause_until(14_900_000);
    bench.give(Input::Wakeup);
    assert_eq!(bench.adverts(), [(14_900_000, 100)]);
}

#[test]
fn a_backup_leaves_without_a_word() {
    let mut bench = Bench::start(router(100));
    bench.run_until(SECOND);
    bench.give(Input::Stop);
    assert!(bench.adverts().is_empty());
    assert_eq!(bench.log.last().unwrap().1, Action::Stopped);
}

#[test]
fn the_survivor_of_a_conflict_is_heard_last() {
    let mut bench = active();
    bench.hear(50, PEER);
    bench.run_until(10_020_000);
    bench.hear(50, PEER);
    bench.run_until(14 * SECOND);
    let last_sign = 10_020_000;
    let announced = announcements(&bench);
    assert!(announced.contains(&(10 * SECOND)), "at once: {announced:?}");
    for after in [50_000, 200_000, 1_000_000] {
        let wanted = last_sign + after;
        let near = announced.iter().any(|at| at.abs_diff(wanted) <= 50_000);
        assert!(near, "{after} us after the last sign: {announced:?}");
    }
}

#[test]
fn only_the_active_router_can_resign() {
    let mut bench = Bench::start(router(100));
    bench.run_until(SECOND);
    bench.hear(150, PEER);
    for packet in 0..20_000_u64 {
        bench.run_until(1_000_001 + packet * 50);
        bench.hear(0, "192.0.2.66");
        bench.hear(1, "192.0.2.66");
    }
    let lines = bench.events.len();
    assert!(lines < 20, "{lines} lines in two seconds");
    bench.run_until(4 * SECOND);
    assert_eq!(bench.state(), State::Backup);
    bench.hear(0, PEER);
    bench.run_until(4_609_375);
    assert_eq!(bench.state(), State::Active);
}

#[test]
fn a_repeated_resignation_does_not_put_the_takeover_off() {
    let mut bench = Bench::start(router(100));
    bench.run_until(SECOND);
    bench.hear(150, PEER);
    for again in 0..10_000 {
        bench.run_until(2 * SECOND + again * 50);
        bench.hear(0, PEER);
    }
    bench.run_until(2_609_375);
    assert_eq!(bench.state(), State::Active);
}

#[test]
fn a_foreign_arp_is_a_sign_as_well() {
    let mut bench = active();
    bench.give(foreign_arp());
    bench.run_until(12 * SECOND);
    let expected = [0, 50_000, 200_000, 1_000_000].map(|after| 10 * SECOND + after);
    assert_eq!(announcements(&bench), expected);
}

#[test]
fn the_losers_last_word_is_answered_however_often_its_arp_was() {
    let mut bench = active();
    for _ in 0..100 {
        bench.give(foreign_arp());
    }
    bench.run_until(10_020_000);
    bench.hear(50, PEER);
    assert!(announcements(&bench).contains(&10_020_000));
}

#[test]
fn a_router_taking_over_from_one_that_is_still_there_announces_again() {
    let mut bench = Bench::start(router(100));
    bench.run_until(SECOND);
    bench.hear(150, PEER);
    bench.run_until(1_500_000);
    bench.hear(0, PEER);
    bench.run_until(4 * SECOND);
    let start = 1_500_000 + 609_375;
    let expected = [0, 50_000, 200_000, 1_000_000].map(|after| start + after);
    assert_eq!(announcements(&bench), expected);
}

#[test]
fn floods_of_signs_bring_few_answers_and_announcements() {
    let mut bench = active();
    for packet in 0..20_000_u64 {
        bench.run_until(10 * SECOND + packet * 50);
        bench.hear(1, PEER);
        bench.give(foreign_arp());
    }
    let adverts = bench.adverts().len();
    let announced = announcements(&bench).len();
    assert!(adverts <= 20, "{adverts} advertisements in a second");
    assert!(announced <= 16, "{announced} announcements in a second");
    let lines = bench.events.len();
    assert!(lines < 40, "{lines} lines in eleven seconds");
    bench.log.clear();
    bench.run_until(13 * SECOND);
    let last = announcements(&bench).into_iter().max().unwrap();
    assert!(
        last >= 11_950_000,
        "the last announcement is not the one dropped: {last}"
    );
}

#[test]
fn a_loser_sends_one_last_advertisement() {
    let mut bench = active();
    bench.hear(150, PEER);
    assert_eq!(bench.adverts(), [(10 * SECOND, 100)]);
    assert_eq!(bench.state(), State::Backup);
    assert!(!bench.holds(vip()));
}

#[test]
fn after_a_pause_an_active_router_listens_before_it_asserts_itself() {
    let mut bench = active();
    bench.pause_until(15 * SECOND);
    bench.give(Input::Wakeup);
    assert!(bench.adverts().is_empty(), "listens");
    bench.run_until(15 * SECOND + 1_609_374);
    assert!(
        bench.adverts().is_empty(),
        "listens for an interval and the skew"
    );
    assert!(bench.holds(vip()));
    bench.run_until(15 * SECOND + 1_609_375);
    assert_eq!(bench.adverts(), [(15 * SECOND + 1_609_375, 100)]);
    assert!(!announcements(&bench).is_empty());
}

#[test]
fn a_pause_in_which_nobody_can_have_taken_over_does_not_make_silent() {
    // Three intervals and the skew: before that, to listen would be what makes the other one take over.
    let fast = RouterSpec {
        version: Version::V3,
        authentication: Authentication::None,
        advert_interval: Micros::from_millis(10),
        ..router(100)
    };
    let mut bench = active_with(fast);
    bench.run_until(11 * SECOND);
    let (sent, _) = bench.adverts().pop().unwrap();
    let late = sent + 36_093 - 1;
    for (now, adverts) in [(late, vec![(late, 100)]), (late + 36_093, Vec::new())] {
        bench.log.clear();
        bench.pause_until(now);
        bench.give(Input::Wakeup);
        assert_eq!(bench.adverts(), adverts);
    }
}

#[test]
fn after_a_pause_whoever_took_over_is_believed_first() {
    let mut bench = active();
    bench.pause_until(15 * SECOND);
    // The queue is handled before the timers.
    bench.hear(90, PEER);
    bench.give(Input::Wakeup);
    assert_eq!(bench.state(), State::Backup);
    assert!(!bench.holds(vip()));
    assert!(bench.adverts().is_empty());
    assert!(announcements(&bench).is_empty());
    // Then the normal election brings it back.
    for second in 16..=18 {
        bench.run_until(second * SECOND);
        bench.hear(90, PEER);
    }
    bench.run_until(19 * SECOND);
    assert_eq!(bench.state(), State::Active);
}

#[test]
fn a_paused_backup_listens_before_it_takes_over() {
    let mut bench = Bench::start(router(100));
    bench.run_until(SECOND);
    bench.hear(150, PEER);
    bench.pause_until(30 * SECOND);
    bench.give(Input::Wakeup);
    assert_eq!(bench.state(), State::Backup);
    bench.run_until(30 * SECOND + 1_609_375);
    assert_eq!(bench.state(), State::Active);
}

#[test]
fn ordinary_lateness_is_no_pause() {
    let mut bench = Bench::start(router(100));
    bench.pause_until(3_709_375);
    bench.give(Input::Wakeup);
    assert_eq!(bench.state(), State::Active);
}

#[test]
fn strict_does_nothing_of_all_this() {
    let mut bench = active_with(RouterSpec {
        rules: Rules::PROTOCOL,
        garp: Garp {
            lower_prio_repeat: 0,
            lower_prio_delay: Micros::ZERO,
            ..Garp::default()
        },
        ..router(100)
    });
    bench.hear(50, PEER);
    bench.run_until(12 * SECOND);
    assert!(announcements(&bench).is_empty());
    bench.give(Input::Stop);
    assert!(!bench.holds(vip()), "as keepalived: priority 0 and gone");
}

#[test]
fn a_lowered_priority_is_advertised_at_once() {
    let tracks = vec![Track {
        object: Tracked::Interface("eth1".into()),
        weight: Weight {
            value: 20,
            reverse: false,
        },
    }];
    let mut bench = Bench::new("192.0.2.1");
    let uplink = |up| {
        Input::Link(standfast_core::input::Link {
            index: standfast_core::input::InterfaceIndex(3),
            name: "eth1".into(),
            up,
            mac: MacAddress::default(),
        })
    };
    bench.give(uplink(true));
    bench.configure(vec![RouterSpec {
        tracks,
        ..router(100)
    }]);
    bench.run_until(10_300_000);
    assert_eq!(bench.adverts().last().unwrap().1, 120);
    bench.log.clear();
    bench.give(uplink(false));
    assert_eq!(bench.adverts(), [(10_300_000, 100)]);
    bench.run_until(11_300_000);
    assert_eq!(
        bench.adverts().len(),
        2,
        "the next one a whole interval later"
    );
}

#[test]
fn a_pulled_cable_is_a_fault_and_the_router_comes_back_as_backup() {
    let mut bench = active();
    bench.give(link(false));
    assert_eq!(bench.state(), State::Fault);
    assert!(!bench.holds(vip()));
    assert_eq!(bench.adverts(), [(10 * SECOND, 0)]);
    bench.run_until(20 * SECOND);
    bench.give(link(true));
    assert_eq!(bench.state(), State::Backup);
    bench.run_until(20 * SECOND + 3_609_375);
    assert_eq!(bench.state(), State::Active);
}

#[test]
fn an_address_that_others_delete_comes_back_three_times_a_minute() {
    let mut bench = active();
    let gone = || Input::AddressRemoved(host_address(vip(), Origin::Foreign));
    for wave in 0..3 {
        bench.run_until((10 + 2 * wave) * SECOND);
        bench.kernel.clear();
        bench.give(gone());
        assert!(bench.holds(vip()));
        assert_eq!(bench.state(), State::Active);
    }
    bench.run_until(16 * SECOND);
    bench.kernel.clear();
    bench.give(gone());
    assert_eq!(bench.state(), State::Backup, "then keepalived's behaviour");
    assert_eq!(bench.adverts().last().unwrap().1, 0);
}

#[test]
fn what_a_crash_left_is_removed_at_the_start_and_what_is_the_hosts_own_never() {
    let start = |priority, origin| {
        let mut bench = Bench::new("192.0.2.1");
        bench.kernel.push(vip());
        bench.give(Input::AddressAdded(host_address(vip(), origin)));
        bench.configure(vec![router(priority)]);
        bench
    };
    assert!(!start(100, Origin::Stale).holds(vip()));
    assert!(
        !start(100, Origin::Foreign).holds(vip()),
        "as keepalived does"
    );
    assert!(!start(255, Origin::Stale).events.is_empty());
    let mut owner = start(255, Origin::Foreign);
    assert!(owner.holds(vip()));
    owner.give(Input::Stop);
    owner.give(Input::Stop);
    assert!(owner.holds(vip()), "an owner's address stays for ever");
}

#[test]
fn an_instance_whose_address_is_the_hosts_only_one_does_not_cut_the_host_off() {
    let mut bench = Bench::new("192.0.2.100");
    bench.kernel.push(vip());
    bench.configure(vec![router(100)]);
    assert!(bench.holds(vip()));
    bench.run_until(5 * SECOND);
    bench.hear(200, PEER);
    assert!(bench.holds(vip()));
}

#[test]
fn addresses_of_a_dead_predecessor_are_adopted_until_somebody_else_is_heard() {
    let start = || {
        let mut bench = Bench::new("192.0.2.1");
        bench.kernel.push(vip());
        bench.give(Input::AddressAdded(host_address(vip(), Origin::Serving)));
        bench.configure(vec![router(100)]);
        assert!(bench.holds(vip()), "nobody else answers yet");
        bench
    };
    let mut alone = start();
    alone.run_until(4 * SECOND);
    assert_eq!(alone.state(), State::Active);
    assert!(
        alone
            .log
            .iter()
            .all(|(_, action)| *action != Action::Removed(1))
    );
    assert_eq!(announcements(&alone).len(), 1);
    let mut accompanied = start();
    accompanied.hear(50, PEER);
    assert!(!accompanied.holds(vip()));
}

#[test]
fn a_reload_without_a_change_is_not_noticed() {
    let mut bench = active();
    let wakeup = bench.node.next_wakeup();
    bench.configure(vec![router(100)]);
    assert_eq!(bench.node.next_wakeup(), wakeup);
    assert!(bench.log.is_empty(), "{:?}", bench.log);
}

#[test]
fn a_reload_applies_the_difference_only() {
    let mut bench = active();
    let other: IpAddr = "192.0.2.101".parse().unwrap();
    let mut spec = router(100);
    spec.addresses
        .push(standfast_core::spec::VirtualAddress::plain(other, 24));
    bench.configure(vec![spec]);
    assert_eq!(bench.state(), State::Active);
    assert!(bench.holds(vip()) && bench.holds(other));
    assert!(
        !bench
            .log
            .iter()
            .any(|(_, action)| *action == Action::Removed(1))
    );
    bench.configure(vec![router(100)]);
    assert!(bench.holds(vip()) && !bench.holds(other));
}

#[test]
fn an_instance_that_a_second_reload_brings_back_stays_active() {
    let mut bench = active();
    bench.configure(Vec::new());
    // Neither hurried nor noticed by another one.
    bench.configure(Vec::new());
    bench.run_until(10_100_000);
    assert!(bench.holds(vip()));
    bench.configure(vec![router(100)]);
    assert_eq!(bench.state(), State::Active);
    let sent = [(10 * SECOND, 0), (10_100_000, 100)];
    assert_eq!(bench.adverts(), sent);
    bench.run_until(20 * SECOND);
    assert!(bench.holds(vip()));
    assert_eq!(bench.state(), State::Active);
}

#[test]
fn an_instance_that_comes_back_after_its_successor_leaves_the_addresses_to_the_old_one() {
    let mut bench = active();
    bench.configure(Vec::new());
    bench.hear(90, PEER);
    bench.run_until(10_020_000);
    bench.configure(vec![router(100)]);
    assert!(
        bench.holds(vip()),
        "still answered for until the successor has announced it"
    );
    bench.run_until(10_100_000);
    assert!(!bench.holds(vip()));
}

#[test]
fn an_instance_that_a_reload_removes_leaves_make_before_break() {
    let mut bench = active();
    bench.configure(Vec::new());
    assert_eq!(bench.adverts(), [(10 * SECOND, 0)]);
    assert!(bench.holds(vip()));
    bench.run_until(14 * SECOND);
    assert!(!bench.holds(vip()));
    let stopped = bench
        .log
        .iter()
        .any(|(_, action)| *action == Action::Stopped);
    assert!(!stopped, "the daemon goes on");
}

#[test]
fn addresses_that_the_kernel_refuses_are_tried_again() {
    let mut bench = Bench::start(RouterSpec {
        excluded: vec![standfast_core::spec::VirtualAddress {
            interface: Some("eth9".into()),
            ..standfast_core::spec::VirtualAddress::plain("198.51.100.1".parse().unwrap(), 24)
        }],
        ..router(100)
    });
    bench.run_until(4 * SECOND);
    assert!(bench.holds(vip()));
    let failures = |bench: &Bench| {
        let all = bench.events.iter();
        all.filter(|entry| matches!(entry.event, Event::AddressFailed { .. }))
            .count()
    };
    assert_eq!(failures(&bench), 1);
    bench.give(Input::Link(standfast_core::input::Link {
        index: standfast_core::input::InterfaceIndex(9),
        name: "eth9".into(),
        up: true,
        mac: MacAddress::default(),
    }));
    bench.run_until(6 * SECOND);
    assert!(bench.holds("198.51.100.1".parse().unwrap()));
}

#[test]
fn a_backup_takes_over_after_the_skew_when_the_one_it_followed_falls_below_it() {
    let followed = |spec: RouterSpec| {
        let mut bench = Bench::start(spec);
        bench.run_until(SECOND);
        bench.hear(150, PEER);
        bench.run_until(1_500_000);
        bench.hear(50, PEER);
        bench
    };
    let mut bench = followed(router(100));
    bench.run_until(1_500_000 + 609_375);
    assert_eq!(bench.state(), State::Active);

    for unwilling in [
        RouterSpec {
            preempt: false,
            ..router(100)
        },
        RouterSpec {
            preempt_delay: Micros::from_secs(10),
            ..router(100)
        },
        RouterSpec {
            rules: Rules::PROTOCOL,
            ..router(100)
        },
    ] {
        let mut bench = followed(unwilling);
        bench.run_until(1_500_000 + 700_000);
        assert_eq!(bench.state(), State::Backup);
    }
}

#[test]
fn a_lower_router_that_was_never_followed_is_no_reason_to_hurry() {
    let mut bench = Bench::start(router(100));
    bench.run_until(SECOND);
    bench.hear(150, PEER);
    bench.run_until(1_500_000);
    bench.hear(50, "192.0.2.3");
    bench.run_until(4 * SECOND);
    assert_eq!(bench.state(), State::Backup);
}

#[test]
fn asks_before_each_advertisement_whether_somebody_else_holds_the_address() {
    let mut bench = active();
    bench.probes.clear();
    bench.run_until(13 * SECOND);
    let adverts: Vec<u64> = bench.adverts().iter().map(|(at, _)| *at).collect();
    let probes: Vec<u64> = bench.probes.iter().map(|(at, _)| *at).collect();
    assert_eq!(probes, adverts);
    let fast = RouterSpec {
        advert_interval: Micros::from_millis(10),
        version: Version::V3,
        ..router(100)
    };
    let mut bench = active_with(fast);
    bench.probes.clear();
    bench.run_until(20 * SECOND);
    assert!(bench.probes.len() <= 12, "{}", bench.probes.len());
}

#[test]
fn a_second_interface_of_ours_on_the_same_network_is_no_other_holder() {
    let mut bench = active();
    bench.give(Input::Link(standfast_core::input::Link {
        index: standfast_core::input::InterfaceIndex(3),
        name: "eth1".into(),
        up: true,
        mac: PEER_MAC,
    }));
    bench.give(foreign_arp());
    assert!(announcements(&bench).is_empty());
}

#[test]
fn a_reload_does_not_make_the_hosts_own_address_ours() {
    let mut bench = Bench::new("192.0.2.1");
    bench.kernel.push(vip());
    bench.give(Input::AddressAdded(host_address(vip(), Origin::Foreign)));
    bench.configure(vec![router(255)]);
    let mut spec = router(255);
    spec.addresses[0].no_track = true;
    bench.configure(vec![spec]);
    bench.give(Input::Stop);
    bench.give(Input::Stop);
    assert!(bench.holds(vip()), "an owner's address stays for ever");
}

#[test]
fn an_adopted_address_that_a_fault_removed_is_nobodys_estate_any_more() {
    let mut bench = Bench::new("192.0.2.1");
    bench.kernel.push(vip());
    bench.give(Input::AddressAdded(host_address(vip(), Origin::Serving)));
    bench.configure(vec![router(100)]);
    assert_eq!(bench.node.estates().len(), 1);
    bench.give(link(false));
    assert!(!bench.holds(vip()));
    assert!(bench.node.estates().is_empty(), "nothing is left to resign");
}

#[test]
fn an_exclusive_leaver_does_not_rise_while_its_scripts_run() {
    let mut spec = router(100);
    spec.rules.leave = Leave::Exclusive;
    spec.tracks = vec![Track {
        object: Tracked::Check("chk".into()),
        weight: Weight {
            value: -50,
            reverse: false,
        },
    }];
    let check = CheckSpec {
        name: "chk".into(),
        definition: String::new(),
        interval: Micros::from_secs(600),
        timeout: Micros::from_secs(1),
        rise: 1,
        fall: 1,
        init_fail: true,
        unusable: None,
        kind: CheckKind::Script,
        repair: None,
    };
    let mut bench = Bench::new("192.0.2.1");
    bench.auto_notify = false;
    bench.give(Input::Spec(Box::new(Spec {
        routers: vec![spec],
        checks: vec![check],
        ..Spec::default()
    })));
    bench.run_until(10 * SECOND);
    assert_eq!(bench.state(), State::Active);
    bench.log.clear();
    bench.give(Input::Stop);
    bench.give(link(true));
    bench.run_until(12 * SECOND);
    let adverts = bench.adverts();
    assert!(!adverts.is_empty());
    assert!(
        adverts.iter().all(|(_, priority)| *priority == 50),
        "{adverts:?}"
    );
}
