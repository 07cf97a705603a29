//! The same pair over unicast: nobody else on the network hears the advertisements.

use std::time::Duration;

use standfast_lab::{Moment, Pair, Signal, VIP};

use crate::bounds::{LATENESS, SECOND_PRIORITY, down_interval, leave_gap};
use crate::harness::{Scenario, back_to_first, preemption_limit, served_by_second};

const ID: &str = "    virtual_router_id 51\n";
const PEERS: &str = "    virtual_router_id 51\n    unicast_src_ip OWN_ADDRESS\n    unicast_peer {\n        PEER_ADDRESS\n    }\n";
const CHECK: (&str, &str) = ("    track_script {\n        chk_nginx\n    }\n", "");

pub const CABLE: Scenario = Scenario {
    nginx: false,
    changes: &[CHECK, (ID, PEERS)],
    started: true,
    run: cable,
};
pub const TERMINATE: Scenario = Scenario {
    nginx: false,
    changes: &[CHECK, (ID, PEERS)],
    started: true,
    run: terminate,
};
/// Version 3: the checksum covers the addresses of either end.
pub const VERSION_3: Scenario = Scenario {
    nginx: false,
    changes: &[
        CHECK,
        (ID, PEERS),
        ("    advert_int 1\n", "    advert_int 1\n    version 3\n"),
    ],
    started: true,
    run: terminate,
};

fn cable(pair: &mut Pair) {
    let limit = down_interval(SECOND_PRIORITY) + LATENESS;
    let begin = Moment::now();
    pair.first.host.cable_pull().unwrap();
    served_by_second(pair, begin, limit + Duration::from_millis(50));
    assert_eq!(
        pair.client.neighbour_mac(VIP).unwrap(),
        Some(pair.second.mac())
    );
    pair.first
        .wait_until_holds(false, Duration::from_secs(1))
        .unwrap();

    let plugged = Moment::now();
    pair.first.host.cable_plug().unwrap();
    back_to_first(pair, plugged, preemption_limit());
    pair.second
        .wait_until_holds(false, Duration::from_secs(1))
        .unwrap();
    let own = pair.first.address;
    let mac = pair.first.mac();
    // Peers that lost it find it again: it is where the advertisements come from.
    pair.capture
        .first(
            "the own address",
            plugged,
            Duration::from_secs(1),
            |frame| frame.source_mac == mac && frame.announces(own),
        )
        .unwrap();
    nothing_by_multicast(pair, begin);
}

fn terminate(pair: &mut Pair) {
    let begin = Moment::now();
    pair.first
        .process()
        .unwrap()
        .signal(Signal::SIGTERM)
        .unwrap();
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
    pair.first
        .wait_until_holds(false, Duration::from_secs(1))
        .unwrap();
    nothing_by_multicast(pair, begin);
}

fn nothing_by_multicast(pair: &Pair, from: Moment) {
    let frames = pair.capture.frames(from, |frame| {
        let to = frame
            .advertisement()
            .map(|advertisement| advertisement.destination);
        to.is_some_and(|to| to.is_multicast())
    });
    assert!(
        frames.is_empty(),
        "{} advertisements by multicast",
        frames.len()
    );
}
