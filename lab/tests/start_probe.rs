//! `start_probe`: a node that is alone when it starts does not wait for a whole down interval.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::time::Duration;

use standfast_lab::{CONFIGURATION, Daemon, Moment};
use support::{
    FIRST_PRIORITY, SECOND_PRIORITY, down_interval, pair_with, short_configuration, single_host,
    skew, standfast, telling,
};

/// Long enough for the difference to show on a busy machine.
const INTERVAL: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(20);
/// What is said when the address is served early.
const EARLY: &str = "nobody answers for the address";

fn probing(priority: u8) -> String {
    let instance = short_configuration(INTERVAL, priority);
    support::replaced(
        &instance,
        ("    version 3\n", "    version 3\n    start_probe\n"),
    )
}

#[test]
fn a_lone_node_serves_before_the_down_interval_has_passed() {
    let (_lab, host) = single_host(&standfast());
    host.write_file(CONFIGURATION, &probing(FIRST_PRIORITY), 0o644)
        .unwrap();
    let process = standfast().start(&host, CONFIGURATION).unwrap();
    process
        .wait_for_log("Entering BACKUP STATE", PATIENCE)
        .unwrap();
    let begin = Moment::now();
    process.wait_for_log(EARLY, PATIENCE).unwrap();
    let took = Moment::now().since(begin);
    let least = INTERVAL + skew(INTERVAL, FIRST_PRIORITY) - Duration::from_millis(500);
    let usual = down_interval(INTERVAL, FIRST_PRIORITY);
    assert!(took >= least, "after {took:?}");
    assert!(took < usual, "after {took:?}, and {usual:?} is usual");
}

#[test]
fn a_holder_whose_advertisements_do_not_arrive_is_found_by_the_probe() {
    let configurations = [
        probing(FIRST_PRIORITY),
        short_configuration(INTERVAL, SECOND_PRIORITY),
    ];
    let mut pair = pair_with([standfast(), Daemon::Keepalived], configurations);
    telling(&mut pair, |pair| {
        pair.second.start_daemon().unwrap();
        pair.second.wait_until_holds(true, PATIENCE).unwrap();
        pair.first.host.set_hears_multicast(false).unwrap();
        pair.first.start_daemon().unwrap();
        let process = pair.first.process().unwrap();
        process.wait_for_log("answers for", PATIENCE).unwrap();
        process
            .wait_for_log("Entering MASTER STATE", PATIENCE)
            .unwrap();
        // It hears nobody, so its down interval ends all the same; but it has not taken the address early.
        assert!(!process.log().contains(EARLY), "{}", process.log());
    });
}
