//! Three nodes: the best one that is ready takes.

use std::time::Duration;

use standfast_lab::{CONFIGURATION, Host, HostOptions, Moment, Pair, Process, Signal};

use crate::network::{BY_CHANNEL, LIMIT, Text, found, said, sh, taken_at_once, with_pair_of};
use crate::support::standfast;

const TRACKING: &str = "    track_interface {\n        in0\n    }\n";

fn put_interface(host: &Host) {
    for command in [
        "ip link add in0 type veth peer name in1",
        "ip link set in0 up",
        "ip link set in1 up",
    ] {
        sh(host, command);
    }
}

/// A third node with a priority below the others'.
fn third(pair: &Pair, text: Text<'_>) -> (Host, Process) {
    let daemon = standfast();
    let mut options = HostOptions::new("nginx-3", [192, 168, 1, 13].into());
    options.programs = daemon.programs();
    let host = pair.lab().host(&options).unwrap();
    put_interface(&host);
    host.write_file(CONFIGURATION, &text.of(50), 0o644).unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    process
        .wait_for_log("Standfast node nginx-2", LIMIT)
        .unwrap();
    process
        .wait_for_log("Standfast node nginx-1", LIMIT)
        .unwrap();
    (host, process)
}

fn with_three(body: impl FnOnce(&mut Pair, &Host, &Process)) {
    let text = Text {
        instance: TRACKING,
        ..Text::default()
    };
    with_pair_of([standfast(), standfast()], text, put_interface, |pair| {
        let (host, process) = third(pair, text);
        found(&pair.first);
        found(&pair.second);
        body(pair, &host, &process);
    });
}

#[test]
fn the_best_one_takes_and_after_it_the_next() {
    with_three(|pair, host, process| {
        let from = Moment::now();
        let first = pair.first.process().unwrap();
        first.signal(Signal::SIGTERM).unwrap();
        taken_at_once(pair, from, "the best of two");
        first.wait(LIMIT).unwrap();
        assert!(!process.log().contains("Entering MASTER STATE"));
        std::thread::sleep(Duration::from_secs(2));
        let from = Moment::now();
        pair.second
            .process()
            .unwrap()
            .signal(Signal::SIGTERM)
            .unwrap();
        let answer = pair.probe.first_answer_by(host.mac(), from, LIMIT).unwrap();
        let noise = pair.probe.control_gap(from, answer.time).unwrap();
        let took = answer.time.since(from).saturating_sub(noise);
        println!("the last one: served after {took:?}");
        assert!(took <= BY_CHANNEL, "{took:?}");
    });
}

#[test]
fn who_is_not_ready_is_passed_over() {
    with_three(|pair, host, _| {
        pair.second.host.link_down("in1").unwrap();
        let second = pair.second.process().unwrap();
        second.wait_for_log("Entering FAULT STATE", LIMIT).unwrap();
        std::thread::sleep(Duration::from_millis(500));
        let from = Moment::now();
        pair.first.host.link_down("in1").unwrap();
        let answer = pair.probe.first_answer_by(host.mac(), from, LIMIT).unwrap();
        let noise = pair.probe.control_gap(from, answer.time).unwrap();
        let took = answer.time.since(from).saturating_sub(noise);
        println!("past one that has a fault: served after {took:?}");
        assert!(took <= BY_CHANNEL, "{took:?}");
        assert_eq!(said(&pair.second, "Entering MASTER STATE"), 0);
    });
}
