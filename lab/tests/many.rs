//! 255 instances at a tenth of a second on two nodes: none misses its turn, not in a reload either, and all move at once.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use standfast_lab::{MacAddress, Moment, Pair, Signal};
use support::{
    LATENESS, advertisements, pair_with, replaced, short_configuration, standfast, start, telling,
};

const INTERVAL: Duration = Duration::from_millis(100);
const PRIORITIES: [u8; 2] = [150, 100];
/// Of the tutorial's instance, whose address the pair watches.
const WATCHED: u8 = 51;
/// A machine under load takes its time.
const PATIENCE: Duration = Duration::from_secs(20);

fn configuration(priority: u8) -> String {
    let mut text = short_configuration(INTERVAL, priority);
    for vrid in (1..=u8::MAX).filter(|vrid| *vrid != WATCHED) {
        write!(
            text,
            "vrrp_instance VI_{vrid}_MANY {{\n state BACKUP\n version 3\n interface eth0\n \
             virtual_router_id {vrid}\n priority {priority}\n advert_int {}\n \
             virtual_ipaddress {{\n  10.9.0.{vrid}/32\n }}\n}}\n",
            INTERVAL.as_secs_f64()
        )
        .unwrap();
    }
    text
}

/// When each virtual router was advertised by `mac` since then.
fn heard(pair: &Pair, mac: MacAddress, from: Moment) -> BTreeMap<u8, Vec<Moment>> {
    let mut heard: BTreeMap<u8, Vec<Moment>> = BTreeMap::new();
    for frame in advertisements(&pair.capture, mac, from) {
        if let Some(advertisement) = frame.advertisement() {
            heard
                .entry(advertisement.vrid)
                .or_default()
                .push(frame.time);
        }
    }
    heard
}

/// Every instance of the first node has its turn between these moments, and the second one is silent.
#[track_caller]
fn keeps_its_pace(pair: &Pair, from: Moment, to: Moment) {
    let heard_first = heard(pair, pair.first.mac(), from);
    assert_eq!(heard_first.len(), 255, "instances that are heard");
    let noise = pair.probe.control_gap(from, to).unwrap();
    let limit = INTERVAL * 3 / 2 + LATENESS + noise;
    for (vrid, times) in &heard_first {
        let gaps = times.windows(2).map(|pair| match pair {
            [one, next] => next.since(*one),
            _ => Duration::ZERO,
        });
        let longest = gaps.max().unwrap();
        assert!(longest <= limit, "VRID {vrid}: {longest:?}, not {limit:?}");
    }
    let stolen = heard(pair, pair.second.mac(), from);
    assert!(stolen.is_empty(), "the second node advertises {stolen:?}");
}

/// Waits until `mac` advertises all.
#[track_caller]
fn advertises_all(pair: &Pair, mac: MacAddress, from: Moment) {
    let end = Moment::now() + PATIENCE;
    while heard(pair, mac, from).len() < 255 {
        assert!(Moment::now() < end, "only {}", heard(pair, mac, from).len());
        thread::sleep(INTERVAL);
    }
}

#[test]
fn two_hundred_and_fifty_five_instances_keep_their_pace_reload_and_move() {
    let texts = PRIORITIES.map(configuration);
    let changed = replaced(&texts[0], ("10.9.0.7/32", "10.9.1.7/32"));
    let mut pair = pair_with([standfast(), standfast()], texts);
    telling(&mut pair, |pair| {
        start(pair);
        advertises_all(pair, pair.first.mac(), Moment::now());
        // Whoever came last has yielded.
        thread::sleep(INTERVAL * 10);
        let from = Moment::now();
        thread::sleep(Duration::from_secs(3));
        keeps_its_pace(pair, from, Moment::now());

        let from = Moment::now();
        let path = "/etc/keepalived/keepalived.conf";
        pair.first.host.write_file(path, &changed, 0o644).unwrap();
        pair.first
            .process()
            .unwrap()
            .signal(Signal::SIGHUP)
            .unwrap();
        thread::sleep(Duration::from_secs(2));
        keeps_its_pace(pair, from, Moment::now());
        let held = pair.first.host.addresses("eth0").unwrap();
        assert!(held.contains(&([10, 9, 1, 7].into(), 32)));
        assert!(!held.contains(&([10, 9, 0, 7].into(), 32)));

        let from = Moment::now();
        pair.first
            .process()
            .unwrap()
            .signal(Signal::SIGTERM)
            .unwrap();
        advertises_all(pair, pair.second.mac(), from);
        pair.second.wait_until_holds(true, PATIENCE).unwrap();
        let held = pair.second.host.addresses("eth0").unwrap();
        let ours = held
            .iter()
            .filter(|(address, _)| address.to_string().starts_with("10.9."));
        assert_eq!(ours.count(), 254);
    });
}
