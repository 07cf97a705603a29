//! Peers that are watched: who is dead, who only seems to be.

use std::thread;
use std::time::Duration;

use standfast_lab::{Moment, Pair, VIP};

use crate::network::{LIMIT, Text, said, sh, taken_by, with_pair};
use crate::support::{SMOOTH, client_waits_at_most};

/// Three signs of life that are missing, a question and its time, and what a busy machine adds.
const DETECTED: Duration = Duration::from_millis(400);

fn watched(lines: &'static str) -> Text<'static> {
    Text {
        instance: lines,
        ..Text::default()
    }
}

/// Nobody took over, and nobody does.
#[track_caller]
fn nothing_has_moved(pair: &Pair) {
    thread::sleep(Duration::from_secs(1));
    assert_eq!(said(&pair.second, "Entering MASTER STATE"), 0);
    assert_eq!(said(&pair.first, "Entering MASTER STATE"), 1);
    assert!(pair.first.host.holds(VIP).unwrap());
}

#[test]
fn a_pulled_cable_is_noticed_long_before_advertisements_are_missed() {
    with_pair(watched("    fast_detect 50ms\n"), |pair| {
        let from = Moment::now();
        pair.first.host.cable_pull().unwrap();
        let took = taken_by(pair, &pair.second, from);
        println!("cable pulled: served elsewhere after {took:?}");
        assert!(took <= DETECTED, "{took:?}");
        // It comes back, and there is one master again.
        pair.first.host.cable_plug().unwrap();
        pair.second.wait_until_holds(false, LIMIT).unwrap();
        assert!(pair.first.host.holds(VIP).unwrap());
    });
}

#[test]
fn a_network_that_swallows_frames_is_noticed_as_well() {
    with_pair(watched("    fast_detect 50ms x3\n"), |pair| {
        let from = Moment::now();
        pair.first.host.set_port_blocked(true).unwrap();
        let took = taken_by(pair, &pair.second, from);
        println!("frames lost: served elsewhere after {took:?}");
        assert!(took <= DETECTED, "{took:?}");
        assert_eq!(
            said(&pair.second, "no sign of life"),
            2,
            "the finding and the change"
        );
    });
}

#[test]
fn a_short_pause_of_the_peer_is_no_death() {
    with_pair(watched("    fast_detect 50ms x8\n"), |pair| {
        pair.first.host.freeze_processes().unwrap();
        thread::sleep(Duration::from_millis(100));
        pair.first.host.thaw_processes().unwrap();
        nothing_has_moved(pair);
    });
}

#[test]
fn who_was_paused_itself_doubts_itself() {
    with_pair(watched("    fast_detect 50ms\n"), |pair| {
        for _ in 0..3 {
            pair.second.host.freeze_processes().unwrap();
            thread::sleep(Duration::from_millis(700));
            pair.second.host.thaw_processes().unwrap();
            thread::sleep(Duration::from_millis(500));
        }
        nothing_has_moved(pair);
    });
}

#[test]
fn a_daemon_that_hangs_is_no_dead_host() {
    with_pair(watched("    fast_detect 50ms\n"), |pair| {
        pair.first.host.freeze_processes().unwrap();
        // Its kernel answers for the address, and advertisements are not missed yet.
        thread::sleep(Duration::from_millis(1_200));
        pair.first.host.thaw_processes().unwrap();
        let process = pair.second.process().unwrap();
        let says = "is there but gives no sign of life on the peer channel";
        process.wait_for_log(says, Duration::from_secs(10)).unwrap();
        nothing_has_moved(pair);
    });
}

#[test]
fn a_port_that_is_blocked_later_is_no_death() {
    with_pair(watched("    fast_detect 50ms\n"), |pair| {
        let from = Moment::now();
        sh(
            &pair.second.host,
            "nft add table inet t && nft add chain inet t c '{ type filter hook input priority 0; }' && \
             nft add rule inet t c udp dport 9112 drop",
        );
        thread::sleep(Duration::from_secs(5));
        nothing_has_moved(pair);
        client_waits_at_most(pair, from, Moment::now(), SMOOTH);
    });
}
