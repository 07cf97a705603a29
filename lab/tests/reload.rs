//! A reload applies the difference and nothing else.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::net::Ipv4Addr;
use std::time::Duration;

use standfast_lab::{CONFIGURATION, Daemon, Frame, MacAddress, Moment, Node, Pair, Signal, VIP};
use support::{
    FIRST_PRIORITY, LATENESS, SECOND_PRIORITY, SMOOTH, advertisements, client_waits_at_most,
    first_advertisement, pair_with, replaced, resigned_at_most_once, skew, standfast, start,
    telling,
};

const INTERVAL: Duration = Duration::from_secs(1);
/// Half of this is what a late advertisement may add.
const SHORT: Duration = Duration::from_millis(200);
const OTHER_VIP: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 201);
/// For what a busy machine adds where only the order counts.
const PATIENCE: Duration = Duration::from_secs(15);
/// Until the announcements of a takeover are over: the second burst comes after a second here.
const ANNOUNCED: Duration = Duration::from_millis(1300);

fn instance(name: &str, vrid: u8, priority: u8, interval: Duration, vips: &[Ipv4Addr]) -> String {
    let vips: String = vips
        .iter()
        .map(|vip| format!("        {vip}/24\n"))
        .collect();
    format!(
        "vrrp_instance {name} {{\n    state BACKUP\n    version 3\n    interface eth0\n    \
         virtual_router_id {vrid}\n    priority {priority}\n    advert_int {}\n    \
         garp_master_delay 1\n    virtual_ipaddress {{\n{vips}    }}\n}}\n",
        interval.as_secs_f64()
    )
}

/// Two Standfast nodes with one instance; the first has the address and has announced it.
fn started(interval: Duration) -> Pair {
    let configurations = [FIRST_PRIORITY, SECOND_PRIORITY]
        .map(|priority| instance("VI_1", 51, priority, interval, &[VIP]));
    let mut pair = pair_with([standfast(), standfast()], configurations);
    telling(&mut pair, |pair| {
        start(pair);
        std::thread::sleep(ANNOUNCED);
    });
    pair
}

/// Replaces the first node's configuration, whole at every moment, and reloads it.
fn reload(pair: &Pair, configuration: &str) -> Moment {
    reload_node(&pair.first, configuration)
}

fn reload_node(node: &Node, configuration: &str) -> Moment {
    let (host, fresh) = (&node.host, "/etc/keepalived/new.conf");
    host.write_file(fresh, configuration, 0o644).unwrap();
    host.run(&["mv", fresh, CONFIGURATION]).unwrap();
    let begin = Moment::now();
    let process = node.process().unwrap();
    process.signal(Signal::SIGHUP).unwrap();
    begin
}

fn hang_up(pair: &Pair) -> Moment {
    let begin = Moment::now();
    let process = pair.first.process().unwrap();
    process.signal(Signal::SIGHUP).unwrap();
    begin
}

/// How often either node has entered a state.
fn states(pair: &Pair) -> [usize; 2] {
    [&pair.first, &pair.second].map(|node| node.log().matches("Entering").count())
}

fn count(pair: &Pair, text: &str) -> usize {
    pair.first.log().matches(text).count()
}

/// Waits until that many reloads have ended.
#[track_caller]
fn reloaded(pair: &Pair, times: usize) {
    let end = Moment::now() + INTERVAL * 3;
    while count(pair, "Reload complete") < times {
        assert!(Moment::now() < end, "{times} reloads did not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn announcements(pair: &Pair, from: Moment) -> Vec<Frame> {
    let mac = pair.first.mac();
    pair.capture.frames(from, |frame| {
        frame.source_mac == mac && matches!(frame.kind, standfast_lab::FrameKind::Garp { .. })
    })
}

/// Longest time between two advertisements of one virtual router.
fn worst_distance(pair: &Pair, mac: MacAddress, vrid: u8, from: Moment) -> Duration {
    let of_router: Vec<Frame> = advertisements(&pair.capture, mac, from)
        .into_iter()
        .filter(|frame| {
            frame
                .advertisement()
                .is_some_and(|advert| advert.vrid == vrid)
        })
        .collect();
    assert!(of_router.len() > 2, "{} advertisements", of_router.len());
    of_router
        .windows(2)
        .filter_map(|two| Some(two.last()?.time.since(two.first()?.time)))
        .max()
        .unwrap()
}

#[track_caller]
fn advertises_on_time(pair: &Pair, interval: Duration, from: Moment) {
    let worst = worst_distance(pair, pair.first.mac(), 51, from);
    let noise = pair.probe.control_gap(from, Moment::now()).unwrap();
    let limit = interval * 102 / 100 + noise;
    assert!(
        worst <= limit,
        "{worst:?} between two advertisements, not {limit:?}"
    );
}

#[test]
fn an_unchanged_configuration_changes_nothing() {
    let mut pair = started(INTERVAL);
    telling(&mut pair, |pair| {
        let entered = count(pair, "Entering");
        let begin = Moment::now();
        for times in 1..=5 {
            hang_up(pair);
            reloaded(pair, times);
            std::thread::sleep(Duration::from_millis(730));
        }
        advertises_on_time(pair, INTERVAL, begin);
        assert_eq!(count(pair, "Entering"), entered);
        assert!(announcements(pair, begin).is_empty());
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
    });
}

#[test]
fn an_address_more_or_less_is_the_only_difference() {
    let mut pair = started(SHORT);
    telling(&mut pair, |pair| {
        let entered = states(pair);
        let begin = Moment::now();
        let both = instance("VI_1", 51, FIRST_PRIORITY, SHORT, &[VIP, OTHER_VIP]);
        let added = reload(pair, &both);
        reloaded(pair, 1);
        assert!(pair.first.host.holds(OTHER_VIP).unwrap());
        std::thread::sleep(ANNOUNCED);
        let announced = announcements(pair, added);
        assert!(announced.iter().any(|frame| frame.announces(OTHER_VIP)));
        let mac = pair.first.mac();
        let lists = advertisements(&pair.capture, mac, added);
        assert_eq!(
            lists.last().unwrap().advertisement().unwrap().address_count,
            2
        );

        let removed = reload(pair, &instance("VI_1", 51, FIRST_PRIORITY, SHORT, &[VIP]));
        reloaded(pair, 2);
        std::thread::sleep(SHORT * 2);
        assert!(!pair.first.host.holds(OTHER_VIP).unwrap());
        assert!(pair.first.host.holds(VIP).unwrap());
        assert!(announcements(pair, removed).is_empty());
        assert!(
            announced
                .iter()
                .filter(|frame| frame.announces(VIP))
                .count()
                == 0,
            "the address that stayed was announced again"
        );
        // The other node still has the old list: it says so, and follows.
        let second = pair.second.log();
        assert!(second.contains("advertises is not ours"), "{second}");
        assert_eq!(states(pair), entered);
        advertises_on_time(pair, SHORT, begin);
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
    });
}

#[test]
fn a_new_priority_is_advertised_and_moves_the_address() {
    let mut pair = started(SHORT);
    telling(&mut pair, |pair| {
        let mac = pair.first.mac();
        let begin = reload(pair, &instance("VI_1", 51, 150, SHORT, &[VIP]));
        first_advertisement(pair, mac, 150, begin, SHORT * 2);
        assert!(pair.first.host.holds(VIP).unwrap());
        reloaded(pair, 1);
        let begin = reload(pair, &instance("VI_1", 51, 50, SHORT, &[VIP]));
        let limit = skew(SHORT, SECOND_PRIORITY) + LATENESS * 2;
        support::served_by(pair, &pair.second, begin, limit);
        pair.first.wait_until_holds(false, INTERVAL).unwrap();
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
    });
}

#[test]
fn a_renamed_instance_keeps_its_state() {
    let mut pair = started(SHORT);
    telling(&mut pair, |pair| {
        let entered = states(pair);
        let begin = reload(pair, &instance("NEW", 51, FIRST_PRIORITY, SHORT, &[VIP]));
        reloaded(pair, 1);
        std::thread::sleep(SHORT * 5);
        assert_eq!(states(pair), entered);
        assert!(announcements(pair, begin).is_empty());
        advertises_on_time(pair, SHORT, begin);
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
        pair.first.host.cable_pull().unwrap();
        let process = pair.first.process().unwrap();
        process.wait_for_log("(NEW) Entering", PATIENCE).unwrap();
    });
}

#[test]
fn a_new_interval_moves_nothing_and_the_other_node_learns_it() {
    let mut pair = started(SHORT);
    telling(&mut pair, |pair| {
        let entered = states(pair);
        let begin = Moment::now();
        for (times, interval) in [(1, SHORT / 2), (2, SHORT * 4)] {
            let changed = reload(
                pair,
                &instance("VI_1", 51, FIRST_PRIORITY, interval, &[VIP]),
            );
            reloaded(pair, times);
            std::thread::sleep(interval * 4);
            advertises_on_time(pair, interval, changed);
        }
        assert_eq!(states(pair), entered);
        let second = pair.second.process().unwrap();
        second
            .wait_for_log("advertisement interval updated", PATIENCE)
            .unwrap();
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
    });
}

/// Both nodes learn it within the time that the backup waits: then nobody notices.
#[test]
fn a_new_password_on_both_nodes_moves_nothing() {
    let with = |priority: u8, password: &str| {
        let text = instance("VI_1", 51, priority, INTERVAL, &[VIP]);
        let text = replaced(&text, ("version 3", "version 2"));
        let block = format!(
            "    authentication {{\n        auth_type PASS\n        auth_pass {password}\n    }}\n    \
             virtual_ipaddress"
        );
        replaced(&text, ("    virtual_ipaddress", &block))
    };
    let both = |password: &str| [FIRST_PRIORITY, SECOND_PRIORITY].map(|p| with(p, password));
    let mut pair = pair_with([standfast(), standfast()], both("old"));
    telling(&mut pair, |pair| {
        start(pair);
        let entered = states(pair);
        let [first, second] = both("new");
        let begin = reload_node(&pair.second, &second);
        reload_node(&pair.first, &first);
        std::thread::sleep(INTERVAL * 5);
        assert_eq!(states(pair), entered);
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
    });
}

#[test]
fn an_address_that_moves_to_another_instance_stays_where_it_is() {
    // Both orders of the file: who gives comes first, and last.
    for (from, to) in [(51, 52), (52, 51)] {
        let file = |owner: u8, priority: u8| -> String {
            let of = |vrid: u8| {
                let own = Ipv4Addr::new(192, 168, 1, 150 + vrid);
                let vips = if vrid == owner {
                    vec![own, VIP]
                } else {
                    vec![own]
                };
                instance(&format!("VI_{vrid}"), vrid, priority, SHORT, &vips)
            };
            of(51) + &of(52)
        };
        let both = [FIRST_PRIORITY, SECOND_PRIORITY].map(|priority| file(from, priority));
        let mut pair = pair_with([standfast(), standfast()], both);
        telling(&mut pair, |pair| {
            start(pair);
            std::thread::sleep(ANNOUNCED);
            let entered = states(pair);
            let monitor = pair.first.host.spawn(&["ip", "monitor", "address"], &[]);
            let monitor = monitor.unwrap();
            std::thread::sleep(SHORT);
            let begin = reload(pair, &file(to, FIRST_PRIORITY));
            reloaded(pair, 1);
            std::thread::sleep(SHORT * 3);
            assert_eq!(monitor.log(), "", "an address came or went");
            assert!(pair.first.host.holds(VIP).unwrap());
            assert_eq!(states(pair), entered);
            client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
        });
    }
}

#[test]
fn an_instance_with_a_virtual_mac_address_is_changed_while_it_serves() {
    let vmac = |priority, vips: &[Ipv4Addr]| {
        let text = instance("VI_1", 51, priority, SHORT, vips);
        replaced(&text, ("    version 3\n", "    version 3\n    use_vmac\n"))
    };
    let both = [FIRST_PRIORITY, SECOND_PRIORITY].map(|priority| vmac(priority, &[VIP]));
    let mut pair = pair_with([standfast(), standfast()], both);
    telling(&mut pair, |pair| {
        for node in [&mut pair.first, &mut pair.second] {
            node.start_daemon().unwrap();
        }
        let lies_there = |pair: &Pair, vip: Ipv4Addr| {
            let held = pair.first.host.addresses("vrrp.51").unwrap_or_default();
            held.iter().any(|(address, _)| *address == vip)
        };
        let wait = |pair: &Pair, vip: Ipv4Addr, there: bool| {
            let end = Moment::now() + PATIENCE;
            while lies_there(pair, vip) != there {
                assert!(Moment::now() < end, "{vip} on vrrp.51: not {there}");
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        wait(pair, VIP, true);
        std::thread::sleep(ANNOUNCED);
        let (entered, begin) = (states(pair), Moment::now());
        reload(pair, &vmac(150, &[VIP, OTHER_VIP]));
        wait(pair, OTHER_VIP, true);
        reload(pair, &vmac(FIRST_PRIORITY, &[VIP]));
        wait(pair, OTHER_VIP, false);
        reloaded(pair, 2);
        std::thread::sleep(SHORT * 3);
        assert!(lies_there(pair, VIP));
        assert_eq!(states(pair), entered);
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
    });
}

#[test]
fn an_instance_that_is_removed_leaves_make_before_break_and_comes_back() {
    let other = |priority| instance("VI_2", 52, priority, SHORT, &[OTHER_VIP]);
    let both = [FIRST_PRIORITY, SECOND_PRIORITY]
        .map(|priority| instance("VI_1", 51, priority, SHORT, &[VIP]) + &other(priority));
    let mut pair = pair_with([standfast(), standfast()], both.clone());
    telling(&mut pair, |pair| {
        start(pair);
        let begin = reload(pair, &other(FIRST_PRIORITY));
        let limit = skew(SHORT, SECOND_PRIORITY) + LATENESS * 2;
        support::served_by(pair, &pair.second, begin, limit);
        pair.first.wait_until_holds(false, INTERVAL).unwrap();
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
        resigned_at_most_once(pair, pair.first.mac(), begin);
        assert!(pair.first.host.holds(OTHER_VIP).unwrap());

        let [first, _] = both;
        let begin = reload(pair, &first);
        let back = pair
            .probe
            .first_answer_by(pair.first.mac(), begin, INTERVAL * 3);
        let settled = back.unwrap().time + SHORT;
        client_waits_at_most(pair, begin, settled, SMOOTH);
        pair.second.wait_until_holds(false, INTERVAL).unwrap();
        assert_eq!(
            count(pair, "(VI_2) Entering"),
            2,
            "BACKUP and MASTER at the start"
        );
    });
}

#[test]
fn an_instance_that_is_taken_out_for_a_moment_costs_the_client_nothing() {
    let other = |priority| instance("VI_2", 52, priority, SHORT, &[OTHER_VIP]);
    let both = [FIRST_PRIORITY, SECOND_PRIORITY]
        .map(|priority| instance("VI_1", 51, priority, SHORT, &[VIP]) + &other(priority));
    let mut pair = pair_with([standfast(), standfast()], both.clone());
    telling(&mut pair, |pair| {
        start(pair);
        let begin = reload(pair, &other(FIRST_PRIORITY));
        let [first, _] = both;
        reload(pair, &first);
        reloaded(pair, 2);
        std::thread::sleep(INTERVAL * 2);
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
        assert_eq!(count(pair, "was deleted by something else"), 0);
        assert!(pair.first.host.holds(VIP).unwrap());
        assert!(!pair.second.host.holds(VIP).unwrap());
    });
}

#[test]
fn a_broken_file_leaves_the_old_configuration_in_force() {
    let mut pair = started(SHORT);
    telling(&mut pair, |pair| {
        let good = instance("VI_1", 51, FIRST_PRIORITY, SHORT, &[VIP]);
        let broken = replaced(&good, ("virtual_router_id 51", "virtual_router_id"));
        let begin = reload(pair, &broken);
        let process = pair.first.process().unwrap();
        process
            .wait_for_log("the old one stays in force", INTERVAL)
            .unwrap();
        let place = format!("{CONFIGURATION}:5:");
        let line = pair.first.log();
        let line = line
            .lines()
            .find(|line| line.contains(&place))
            .map(str::to_owned);
        let after = line.as_deref().and_then(|line| line.split(&place).nth(1));
        assert!(
            after.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())),
            "no file:line:column in the log"
        );
        std::thread::sleep(SHORT * 5);
        assert!(pair.first.host.holds(VIP).unwrap());
        advertises_on_time(pair, SHORT, begin);
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
        reload(
            pair,
            &instance("VI_1", 51, FIRST_PRIORITY, SHORT, &[VIP, OTHER_VIP]),
        );
        reloaded(pair, 1);
        assert!(pair.first.host.holds(OTHER_VIP).unwrap());
    });
}

#[test]
fn after_twenty_reloads_in_a_second_the_last_file_is_in_force() {
    let mut pair = started(SHORT);
    telling(&mut pair, |pair| {
        let begin = Moment::now();
        for last in 1..=20_u8 {
            let vip = Ipv4Addr::new(192, 168, 1, 100 + last);
            reload(
                pair,
                &instance("VI_1", 51, FIRST_PRIORITY, SHORT, &[VIP, vip]),
            );
            std::thread::sleep(Duration::from_millis(45));
        }
        // Faster than any file can be read.
        for last in 21..=40_u8 {
            let vip = Ipv4Addr::new(192, 168, 1, 100 + last);
            reload(
                pair,
                &instance("VI_1", 51, FIRST_PRIORITY, SHORT, &[VIP, vip]),
            );
        }
        std::thread::sleep(SHORT * 3);
        let held = pair.first.host.addresses("eth0").unwrap();
        let wanted: Vec<Ipv4Addr> = vec![[192, 168, 1, 140].into(), VIP];
        let others = held
            .iter()
            .filter_map(|(address, _)| match address {
                std::net::IpAddr::V4(v4) if *v4 != pair.first.address => Some(*v4),
                _ => None,
            })
            .collect::<std::collections::BTreeSet<_>>();
        assert_eq!(others.into_iter().collect::<Vec<_>>(), wanted);
        advertises_on_time(pair, SHORT, begin);
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
    });
}

#[test]
fn fifty_instances_advertise_through_a_reload() {
    let interval = Duration::from_millis(100);
    let worst = [standfast(), Daemon::Keepalived].map(|daemon| {
        let configuration: String = (1..=50_u8)
            .map(|n| {
                let vip = if n == 1 {
                    VIP
                } else {
                    Ipv4Addr::new(192, 168, 1, 100 + n)
                };
                instance(&format!("VI_{n}"), n, FIRST_PRIORITY, interval, &[vip])
            })
            .collect();
        let both = [configuration.clone(), configuration];
        let mut pair = pair_with([daemon, Daemon::Keepalived], both);
        telling(&mut pair, |pair| {
            pair.first.start_daemon().unwrap();
            pair.first.wait_until_holds(true, INTERVAL * 5).unwrap();
            std::thread::sleep(ANNOUNCED);
            let begin = Moment::now();
            for _ in 0..3 {
                hang_up(pair);
                std::thread::sleep(Duration::from_millis(500));
            }
            let noise = pair.probe.control_gap(begin, Moment::now()).unwrap();
            let mac = pair.first.mac();
            let worst = (1..=50).map(|vrid| worst_distance(pair, mac, vrid, begin));
            worst.max().unwrap().saturating_sub(noise)
        })
    });
    let [ours, theirs] = worst;
    println!("50 instances, {interval:?}: longest distance {ours:?}, keepalived {theirs:?}");
    assert!(
        ours <= interval * 3 / 2,
        "{ours:?}: an advertisement was skipped"
    );
}
