//! A node that stops.

use std::thread;
use std::time::Duration;

use standfast_lab::{Capture, Moment, PeerMessageKind, Signal, VIP};

use crate::network::{PRIORITIES, Text, sent, taken_at_once, with_pair};
use crate::support::{SMOOTH, advertises, client_waits_at_most};

#[test]
fn who_stops_hands_over_and_the_client_notices_nothing() {
    with_pair(Text::default(), |pair| {
        let capture = Capture::start(&pair.first.host).unwrap();
        let process = pair.first.process().unwrap();
        let from = Moment::now();
        process.signal(Signal::SIGTERM).unwrap();
        taken_at_once(pair, from, "stop");
        process.wait(Duration::from_secs(10)).unwrap();
        client_waits_at_most(pair, from, Moment::now(), SMOOTH);
        // The successor advertised before the other one let go, and nobody resigned: that was needless.
        let (first, second) = (pair.first.mac(), pair.second.mac());
        let all = pair.capture.frames(from, |frame| {
            advertises(frame, second, PRIORITIES[1]) || advertises(frame, first, 0)
        });
        assert_eq!(all[0].source_mac, second, "{all:?}");
        let after = all[0].time.since(from);
        println!("stop: the successor advertised after {after:?}");
        let asked = sent(&capture, &pair.first, PeerMessageKind::Take, from);
        assert!((1..=3).contains(&asked), "{asked}");
        assert_eq!(pair.client.neighbour_mac(VIP).unwrap(), Some(second));
        assert!(!pair.first.host.holds(VIP).unwrap());
        thread::sleep(Duration::from_millis(500));
        assert_eq!(pair.client.neighbour_mac(VIP).unwrap(), Some(second));
    });
}
