//! Two holders for a while: a stunned machine, a network that is split one way.

use std::time::Duration;

use standfast_lab::{Frame, Moment, Pair, VIP};

use crate::bounds::{CONFLICT, SECOND_PRIORITY, down_interval};
use crate::harness::{Scenario, served_by_second};

const NO_CHECK: &[(&str, &str)] = &[("    track_script {\n        chk_nginx\n    }\n", "")];
pub const PAUSE: Scenario = Scenario {
    nginx: false,
    changes: NO_CHECK,
    started: true,
    run: pause,
};
pub const SPLIT: Scenario = Scenario {
    nginx: false,
    changes: NO_CHECK,
    started: true,
    run: split,
};
pub const ONE_WAY: Scenario = Scenario {
    nginx: false,
    changes: NO_CHECK,
    started: true,
    run: one_way,
};

/// Longer than the down interval, so that the other node takes over.
const PAUSE_TIME: Duration = Duration::from_secs(5);

/// Until the announcements of a takeover, and their repetition 5 s later, are over.
const ANNOUNCED: Duration = Duration::from_millis(5200);

/// The first node listens for up to one interval and its skew after a pause, and then waits for its down interval.
const SETTLING: Duration = Duration::from_secs(7);

fn pause(pair: &mut Pair) {
    // An announcement that is still due would come right after the pause and hide what this test is about.
    let started = Moment::now();
    let mac = pair.first.mac();
    let again = |frame: &Frame| frame.announces(VIP) && frame.source_mac == mac;
    pair.capture
        .first(
            "the second announcement",
            started,
            Duration::from_secs(6),
            again,
        )
        .unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let begin = Moment::now();
    pair.first.host.pause().unwrap();
    served_by_second(
        pair,
        begin,
        down_interval(SECOND_PRIORITY) + Duration::from_millis(50),
    );
    std::thread::sleep((begin + PAUSE_TIME).since(Moment::now()));
    let resumed = Moment::now();
    pair.first.host.resume().unwrap();
    settles(pair, resumed, "pause");
}

/// The nodes do not see each other, and the client sees both.
fn split(pair: &mut Pair) {
    let isolate = |isolated| {
        [&pair.first, &pair.second].map(|node| node.host.set_isolated(isolated).unwrap())
    };
    isolate(true);
    pair.second
        .wait_until_holds(
            true,
            down_interval(SECOND_PRIORITY) + Duration::from_millis(500),
        )
        .unwrap();
    std::thread::sleep(ANNOUNCED);
    let healed = Moment::now();
    isolate(false);
    settles(pair, healed, "split");
}

fn one_way(pair: &mut Pair) {
    pair.second.host.set_hears_multicast(false).unwrap();
    pair.second
        .wait_until_holds(
            true,
            down_interval(SECOND_PRIORITY) + Duration::from_millis(500),
        )
        .unwrap();
    assert!(
        pair.first.host.holds(VIP).unwrap(),
        "a lower priority is no reason to leave"
    );
    // Both hold it now, and advertise: two rounds of that.
    std::thread::sleep(Duration::from_secs(2));
    let healed = Moment::now();
    pair.second.host.set_hears_multicast(true).unwrap();
    settles(pair, healed, "one-way partition");
}

/// In the end the first node alone has the address. If one of them is Standfast the client is there without delay: a survivor
/// announces again, and a loser says a last word that makes keepalived do so. Between two keepalived nobody announces again, and
/// clients may stay with the node that left for as long as their neighbour entries last, which is only recorded here.
fn settles(pair: &Pair, from: Moment, event: &str) {
    pair.second.wait_until_holds(false, SETTLING).unwrap();
    std::thread::sleep((from + SETTLING).since(Moment::now()));
    assert!(pair.first.host.holds(VIP).unwrap());
    assert!(!pair.second.host.holds(VIP).unwrap());
    let gap = pair.probe.net_gap(from, from + SETTLING).unwrap();
    println!(
        "{event}, {} and {}: the client waited {gap:?}",
        pair.first.daemon, pair.second.daemon
    );
    if pair.first.daemon.is_standfast() || pair.second.daemon.is_standfast() {
        assert!(gap <= CONFLICT, "the client waited {gap:?}");
        assert_eq!(
            pair.client.neighbour_mac(VIP).unwrap(),
            Some(pair.first.mac())
        );
    }
}
