//! The daemons start, and leave on purpose.

use std::time::Duration;

use standfast_lab::{Frame, Moment, Pair, Signal, VIP, example};

use crate::bounds::{FIRST_PRIORITY, INTERVAL, down_interval, leave_gap};
use crate::harness::Scenario;

pub const START: Scenario = Scenario {
    nginx: true,
    changes: &[],
    started: false,
    run: start,
};
pub const TERMINATE: Scenario = Scenario {
    nginx: false,
    changes: &[("    track_script {\n        chk_nginx\n    }\n", "")],
    started: true,
    run: terminate,
};
pub const STOP_BY_INIT_SCRIPT: Scenario =
    stop_by(&[(example::CHECK_PROCESS, "check_nginx_or_stop.sh init")]);
pub const STOP_BY_SERVICE: Scenario =
    stop_by(&[(example::CHECK_PROCESS, "check_nginx_or_stop.sh service")]);
pub const STOP_BY_KILLALL: Scenario =
    stop_by(&[(example::CHECK_PROCESS, "check_nginx_or_stop.sh killall")]);
pub const STOP_BY_PID_FILE: Scenario =
    stop_by(&[(example::CHECK_PROCESS, "check_nginx_or_stop.sh pidfile")]);

const fn stop_by(changes: &'static [(&'static str, &'static str)]) -> Scenario {
    Scenario {
        nginx: true,
        changes,
        started: true,
        run: stopped_by_its_check,
    }
}

/// The two timers differ by 4 ms only: so that the first node is the first even if its start is delayed.
const HEAD_START: Duration = Duration::from_millis(300);

/// First announcements at once, and again after garp_master_delay.
const ANNOUNCEMENTS: usize = 5;
const ANNOUNCE_AGAIN: Duration = Duration::from_secs(5);

fn start(pair: &mut Pair) {
    let begin = Moment::now();
    pair.first.start_daemon().unwrap();
    std::thread::sleep(HEAD_START);
    pair.second.start_daemon().unwrap();
    let ours = from_first(pair);
    let first = pair
        .capture
        .first("an advertisement", begin, Duration::from_secs(6), &ours)
        .unwrap();
    // Besides the protocol's time, two processes of keepalived start and read their configuration.
    let start_up = Duration::from_millis(if pair.first.daemon.is_standfast() {
        20
    } else {
        200
    });
    let (took, limit) = (
        first.time.since(begin),
        down_interval(FIRST_PRIORITY) + start_up,
    );
    assert!(
        took <= limit,
        "first advertisement after {took:?}, not {limit:?}"
    );
    pair.probe
        .first_answer_by(pair.first.mac(), begin, Duration::from_secs(1))
        .unwrap();
    assert!(pair.first.host.holds(VIP).unwrap());
    assert!(!pair.second.host.holds(VIP).unwrap());

    std::thread::sleep(ANNOUNCE_AGAIN + Duration::from_millis(700));
    advertises_every_interval(pair, first.time);
    announces_twice(pair, first.time);
    let mac = pair.second.mac();
    assert!(
        pair.capture
            .frames(begin, |frame| frame.source_mac == mac
                && frame.advertisement().is_some())
            .is_empty()
    );
}

fn from_first(pair: &Pair) -> impl Fn(&Frame) -> bool + use<> {
    let mac = pair.first.mac();
    move |frame| frame.source_mac == mac && frame.advertisement().is_some()
}

fn advertises_every_interval(pair: &Pair, from: Moment) {
    let all = pair.capture.frames(from, from_first(pair));
    assert!(all.len() >= 6, "{} advertisements in 5.7 s", all.len());
    for two in all.windows(2) {
        let distance = two[1].time.since(two[0].time);
        let noise = pair.probe.control_gap(two[0].time, two[1].time).unwrap();
        assert!(
            distance.abs_diff(INTERVAL) <= Duration::from_millis(20) + noise,
            "{distance:?} between two"
        );
    }
    let fields = all[0].advertisement().unwrap();
    assert_eq!(
        (fields.version, fields.vrid, fields.priority, fields.ttl),
        (2, 51, FIRST_PRIORITY, 255)
    );
    assert_eq!(
        (fields.source, fields.address_count),
        (pair.first.address, 1)
    );
}

fn announces_twice(pair: &Pair, from: Moment) {
    let mac = pair.first.mac();
    let all = pair.capture.frames(from, |frame| {
        frame.announces(VIP) && frame.source_mac == mac
    });
    let early = all
        .iter()
        .filter(|frame| frame.time.since(from) < INTERVAL)
        .count();
    let late = all
        .iter()
        .filter(|frame| frame.time.since(from).abs_diff(ANNOUNCE_AGAIN) < INTERVAL / 2)
        .count();
    assert_eq!(
        (early, late),
        (ANNOUNCEMENTS, ANNOUNCEMENTS),
        "announcements at once, and after {ANNOUNCE_AGAIN:?}"
    );
}

fn terminate(pair: &mut Pair) {
    let begin = Moment::now();
    pair.first
        .process()
        .unwrap()
        .signal(Signal::SIGTERM)
        .unwrap();
    left_to_second(pair, begin);
    pair.first
        .process()
        .unwrap()
        .wait(Duration::from_secs(5))
        .unwrap();
}

fn stopped_by_its_check(pair: &mut Pair) {
    let begin = Moment::now();
    pair.web.unwrap().kill(&pair.first.host).unwrap();
    left_to_second(pair, begin);
    let status = pair
        .first
        .process()
        .unwrap()
        .wait(Duration::from_secs(5))
        .unwrap();
    assert!(
        !pair.first.host.holds(VIP).unwrap(),
        "stopped ({status}) and still has the address"
    );
}

fn left_to_second(pair: &Pair, begin: Moment) {
    let answer = pair
        .probe
        .first_answer_by(pair.second.mac(), begin, Duration::from_secs(6))
        .unwrap();
    let gap = pair
        .probe
        .net_gap(begin, answer.time + Duration::from_millis(300))
        .unwrap();
    let expected = leave_gap(pair);
    assert!(
        expected.contains(&gap),
        "the client waited {gap:?}, expected {expected:?}"
    );
    assert_eq!(
        pair.client.neighbour_mac(VIP).unwrap(),
        Some(pair.second.mac())
    );
    pair.first
        .wait_until_holds(false, Duration::from_secs(1))
        .unwrap();
    let mac = pair.first.mac();
    let goodbyes = pair.capture.frames(begin, |frame| {
        frame.source_mac == mac
            && frame
                .advertisement()
                .is_some_and(|advertisement| advertisement.priority == 0)
    });
    // Who hands over to a node that it knows has no need of it.
    let speaks = pair.first.daemon.is_standfast() && pair.second.daemon.is_standfast();
    let fewest = if speaks { 0 } else { 1 };
    assert!(
        (fewest..=1).contains(&goodbyes.len()),
        "priority 0 {} times: a repeat postpones the takeover",
        goodbyes.len()
    );
}
