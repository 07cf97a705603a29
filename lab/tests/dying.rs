//! What is promised when a process of the daemon dies, hangs, or is killed.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::time::Duration;

use standfast_lab::{CONFIGURATION, Daemon, Injector, Moment, Pair, Signal, VIP};
use support::{
    FIRST_PRIORITY, LATENESS, SECOND_PRIORITY, SMOOTH, advertisements, answers_for_vip,
    client_waits_at_most, down_interval, first_advertisement, next_worker, pair_with,
    resigned_once, send, served_by, short_configuration, single_host, skew, standfast, start,
    telling, tutorial_pair, worker_pid,
};

const INTERVAL: Duration = Duration::from_secs(1);
/// Where a test waits for several intervals.
const SHORT: Duration = Duration::from_millis(200);
/// From the death of the worker to priority 0.
const RESIGNS_WITHIN: Duration = Duration::from_millis(50);
/// From the successor's announcement to the last answer of the one who left.
const SILENT_WITHIN: Duration = Duration::from_millis(10);
/// Questions for the VIP, each of which somebody answers.
const QUESTIONS_PER_S: u32 = 500;

#[test]
fn a_killed_worker_hands_over_to_standfast() {
    killed_worker_hands_over(standfast());
}

#[test]
fn a_killed_worker_hands_over_to_keepalived() {
    killed_worker_hands_over(Daemon::Keepalived);
}

fn killed_worker_hands_over(successor: Daemon) {
    let mut pair = tutorial_pair([standfast(), successor]);
    telling(&mut pair, |pair| {
        start(pair);
        let questions = ask_for_vip(pair, Duration::from_secs(4));
        let old = worker_pid(&pair.first.host);
        let begin = Moment::now();
        send(&pair.first.host, old, Signal::SIGKILL);
        let mac = pair.first.mac();
        let resignation = first_advertisement(pair, mac, 0, begin, Duration::from_secs(1));
        let noise = pair.probe.control_gap(begin, resignation.time).unwrap();
        assert!(resignation.time.since(begin) <= RESIGNS_WITHIN + noise);
        served_by(
            pair,
            &pair.second,
            begin,
            skew(INTERVAL, SECOND_PRIORITY) + LATENESS,
        );
        silent_after_successor(pair, begin);
        assert!(questions.finish().unwrap() > 0);
        resigned_once(pair, mac, begin);
        assert_ne!(next_worker(&pair.first.host, old, INTERVAL), old);
        let limit = down_interval(INTERVAL, FIRST_PRIORITY) + INTERVAL;
        let back = first_advertisement(pair, mac, FIRST_PRIORITY, begin, limit);
        pair.probe
            .first_answer_by(mac, back.time, INTERVAL)
            .unwrap();
        let settled = back.time + Duration::from_millis(500);
        client_waits_at_most(pair, begin, settled, SMOOTH);
        pair.second.wait_until_holds(false, INTERVAL).unwrap();
    });
}

/// ARP requests from an address that nobody has, so that the answers teach no kernel anything.
fn ask_for_vip(pair: &Pair, duration: Duration) -> Injector {
    let mac = pair.client.mac().0;
    let mut frame = vec![0xff; 6];
    frame.extend(mac);
    frame.extend([0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1]);
    frame.extend(mac);
    frame.extend([192, 168, 1, 77]);
    frame.extend([0; 6]);
    frame.extend(VIP.octets());
    Injector::start(&pair.client, &[frame], QUESTIONS_PER_S, duration).unwrap()
}

/// Once the successor has announced the address the old node answers no question for it.
#[track_caller]
fn silent_after_successor(pair: &Pair, begin: Moment) {
    let (old, new) = (pair.first.mac(), pair.second.mac());
    let announced = pair
        .capture
        .first("the successor's announcement", begin, INTERVAL, |frame| {
            frame.source_mac == new && frame.announces(VIP)
        })
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let answers = |from, mac| {
        pair.capture
            .frames(from, |frame| answers_for_vip(frame, mac))
    };
    assert!(
        !answers(begin, old).is_empty(),
        "the old node answered nothing: the test asks in vain"
    );
    assert!(!answers(announced.time, new).is_empty());
    let noise = pair.probe.control_gap(begin, announced.time).unwrap();
    let late = answers(announced.time + SILENT_WITHIN + noise, old);
    assert!(
        late.is_empty(),
        "{} answers of the old node after the successor's announcement, the last {:?} later",
        late.len(),
        late.last().map(|frame| frame.time.since(announced.time))
    );
}

#[test]
fn a_killed_worker_without_a_peer_costs_the_client_nothing() {
    let configurations =
        [FIRST_PRIORITY, SECOND_PRIORITY].map(|priority| short_configuration(SHORT, priority));
    let mut pair = pair_with([standfast(), standfast()], configurations);
    telling(&mut pair, |pair| {
        pair.first.start_daemon().unwrap();
        pair.probe
            .first_answer_after(Moment::now(), INTERVAL * 4)
            .unwrap();
        let old = worker_pid(&pair.first.host);
        let begin = Moment::now();
        send(&pair.first.host, old, Signal::SIGKILL);
        next_worker(&pair.first.host, old, SHORT * 5 + INTERVAL);
        let again = Moment::now();
        let limit = down_interval(SHORT, FIRST_PRIORITY) + INTERVAL;
        first_advertisement(pair, pair.first.mac(), FIRST_PRIORITY, again, limit);
        std::thread::sleep(Duration::from_millis(500));
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
        assert!(pair.first.host.holds(VIP).unwrap());
        // It is ours to remove, although another process added it.
        pair.first.process().unwrap().stop(INTERVAL * 5).unwrap();
        assert!(!pair.first.host.holds(VIP).unwrap());
    });
}

#[test]
fn a_frozen_worker_is_killed_and_resigned_for() {
    let mut pair = tutorial_pair([standfast(), standfast()]);
    telling(&mut pair, |pair| {
        start(pair);
        let begin = Moment::now();
        let old = worker_pid(&pair.first.host);
        send(&pair.first.host, old, Signal::SIGSTOP);
        let limit = down_interval(INTERVAL, FIRST_PRIORITY) / 2 + LATENESS;
        let mac = pair.first.mac();
        let resignation = first_advertisement(pair, mac, 0, begin, INTERVAL * 4);
        let took = resignation.time.since(begin);
        let noise = pair.probe.control_gap(begin, resignation.time).unwrap();
        assert!(
            took <= limit + noise,
            "priority 0 after {took:?}, not {limit:?}"
        );
        let passed = skew(INTERVAL, SECOND_PRIORITY) + LATENESS;
        served_by(pair, &pair.second, resignation.time, passed);
        next_worker(&pair.first.host, old, INTERVAL);
        std::thread::sleep(Duration::from_millis(300));
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
    });
}

#[test]
fn a_worker_whose_supervisor_is_killed_leaves_in_good_order() {
    let mut pair = tutorial_pair([standfast(), Daemon::Keepalived]);
    telling(&mut pair, |pair| {
        start(pair);
        let worker = worker_pid(&pair.first.host);
        let begin = Moment::now();
        let process = pair.first.process().unwrap();
        process.signal(Signal::SIGKILL).unwrap();
        left_in_good_order(pair, begin);
        ends(pair, worker);
    });
}

#[test]
fn a_lone_sigterm_to_the_worker_ends_the_service_in_order() {
    let mut pair = tutorial_pair([standfast(), Daemon::Keepalived]);
    telling(&mut pair, |pair| {
        start(pair);
        let worker = worker_pid(&pair.first.host);
        let begin = Moment::now();
        send(&pair.first.host, worker, Signal::SIGTERM);
        left_in_good_order(pair, begin);
        let status = pair.first.process().unwrap().wait(INTERVAL).unwrap();
        assert_eq!(status, standfast_lab::ExitState::Code(0));
        ends(pair, worker);
    });
}

#[track_caller]
fn left_in_good_order(pair: &Pair, begin: Moment) {
    let mac = pair.first.mac();
    let resignation = first_advertisement(pair, mac, 0, begin, INTERVAL);
    let noise = pair.probe.control_gap(begin, resignation.time).unwrap();
    assert!(resignation.time.since(begin) <= RESIGNS_WITHIN + noise);
    let passed = skew(INTERVAL, SECOND_PRIORITY) + LATENESS;
    served_by(pair, &pair.second, begin, passed);
    pair.first.wait_until_holds(false, INTERVAL).unwrap();
    client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
    resigned_once(pair, mac, begin);
}

#[track_caller]
fn ends(pair: &Pair, pid: i32) {
    let end = Moment::now() + INTERVAL;
    let path = format!("/proc/{pid}/comm");
    while Moment::now() < end {
        if pair.first.host.read_file(&path).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(pair.first.host.read_file(&path).is_err(), "{pid} runs on");
}

#[test]
fn a_new_start_removes_what_killall_left() {
    let mut pair = tutorial_pair([standfast(), standfast()]);
    telling(&mut pair, |pair| {
        start(pair);
        let begin = kill_all_of_first(pair);
        assert!(pair.first.host.holds(VIP).unwrap());
        let limit = down_interval(INTERVAL, SECOND_PRIORITY) + LATENESS;
        served_by(pair, &pair.second, begin, limit);
        let restart = Moment::now();
        pair.first.start_daemon().unwrap();
        pair.first.wait_until_holds(false, INTERVAL).unwrap();
        let mac = pair.first.mac();
        let early = advertisements(&pair.capture, mac, begin);
        assert!(
            early
                .iter()
                .all(|frame| frame.time.since(restart) > INTERVAL)
        );
        client_waits_at_most(pair, begin, Moment::now(), SMOOTH);
    });
}

#[test]
fn cleanup_removes_what_killall_left() {
    let mut pair = tutorial_pair([standfast(), standfast()]);
    telling(&mut pair, |pair| {
        pair.first.start_daemon().unwrap();
        pair.first.wait_until_holds(true, INTERVAL * 6).unwrap();
        let cleanup = ["/run/lab/bin/standfast", "cleanup", "--keepalived"];
        pair.first.host.run(&cleanup).unwrap();
        assert!(pair.first.host.holds(VIP).unwrap(), "the daemon runs");
        kill_all_of_first(pair);
        assert!(pair.first.host.holds(VIP).unwrap());
        pair.first.host.run(&cleanup).unwrap();
        assert!(!pair.first.host.holds(VIP).unwrap());
        let own = std::net::IpAddr::V4(pair.first.address);
        let left = pair.first.host.addresses("eth0").unwrap();
        assert!(left.iter().any(|(address, _)| *address == own));
    });
}

fn kill_all_of_first(pair: &Pair) -> Moment {
    let begin = Moment::now();
    pair.first
        .host
        .run(&["killall", "-9", "keepalived"])
        .unwrap();
    pair.first.process().unwrap().wait(INTERVAL).unwrap();
    begin
}

#[test]
fn a_second_sigterm_ends_at_once() {
    let mut pair = tutorial_pair([standfast(), standfast()]);
    telling(&mut pair, |pair| {
        pair.first.start_daemon().unwrap();
        pair.first.wait_until_holds(true, INTERVAL * 6).unwrap();
        let process = pair.first.process().unwrap();
        process.signal(Signal::SIGTERM).unwrap();
        std::thread::sleep(INTERVAL);
        assert!(process.ended().is_none(), "nobody is there to take over");
        assert!(pair.first.host.holds(VIP).unwrap());
        process.signal(Signal::SIGTERM).unwrap();
        let status = process.wait(Duration::from_millis(300)).unwrap();
        assert_eq!(status, standfast_lab::ExitState::Code(0));
        assert!(!pair.first.host.holds(VIP).unwrap());
    });
}

#[test]
fn a_stop_between_two_workers_lets_go_of_the_kept_addresses() {
    let daemon = standfast();
    let (_lab, host) = single_host(&daemon);
    let configuration = short_configuration(SHORT, FIRST_PRIORITY);
    host.write_file(CONFIGURATION, &configuration, 0o644)
        .unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();

    std::thread::sleep(INTERVAL * 2);
    let first = worker_pid(&host);
    send(&host, first, Signal::SIGKILL);
    let second = next_worker(&host, first, INTERVAL * 3);
    std::thread::sleep(INTERVAL * 2);
    assert!(host.holds(VIP).unwrap());
    send(&host, second, Signal::SIGKILL);
    process
        .wait_for_log("to limit respawn rate", INTERVAL * 3)
        .unwrap();
    assert!(host.holds(VIP).unwrap());
    process.stop(INTERVAL).unwrap();
    assert!(!host.holds(VIP).unwrap(), "{}", process.log());
}
