//! Cables.

use std::time::Duration;

use standfast_lab::{Moment, Pair, VIP};

use crate::bounds::{LATENESS, SECOND_PRIORITY, down_interval};
use crate::harness::{Scenario, back_to_first, preemption_limit, served_by_second};

pub const CABLE: Scenario = Scenario {
    nginx: false,
    changes: &[("    track_script {\n        chk_nginx\n    }\n", "")],
    started: true,
    run: cable,
};

fn cable(pair: &mut Pair) {
    let limit = down_interval(SECOND_PRIORITY) + LATENESS;
    let begin = Moment::now();
    pair.first.host.cable_pull().unwrap();
    served_by_second(pair, begin, limit + Duration::from_millis(50));
    let gap = pair.probe.net_gap(begin, Moment::now()).unwrap();
    assert!(gap <= limit, "the client waited {gap:?}, not {limit:?}");
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
}
