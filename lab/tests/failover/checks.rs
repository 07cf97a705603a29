//! Check scripts lower the priority.

use std::time::Duration;

use standfast_lab::{Moment, Pair, VIP, example};

use crate::bounds::{SMOOTH, outranked};
use crate::harness::{Scenario, back_to_first, preemption_limit, served_by_second};

/// Fails while this file is there; looked at every second, so that the test is short.
const FAILURE: &str = "/run/failing";
pub const EXIT_STATUS: Scenario = Scenario {
    nginx: false,
    changes: &[
        (
            "/etc/keepalived/check_nginx_process.sh",
            "/usr/bin/test ! -e /run/failing",
        ),
        ("interval 2 ", "interval 1 "),
        ("fall 2 ", "fall 1 "),
    ],
    started: true,
    run: exit_status,
};
const EXIT_STATUS_DETECTION: Duration = Duration::from_secs(1);

pub const PROCESS: Scenario = Scenario {
    nginx: true,
    changes: &[],
    started: true,
    run: process,
};
pub const PORT: Scenario = Scenario {
    nginx: true,
    changes: &[(example::CHECK_PROCESS, example::CHECK_PORT)],
    started: true,
    run: dead_nginx,
};
pub const HTTP: Scenario = Scenario {
    nginx: true,
    changes: &[(example::CHECK_PROCESS, example::CHECK_HTTP)],
    started: true,
    run: dead_nginx,
};

/// `interval 2`, `fall 2`: the first failed run comes up to 2 s after the failure, the second 2 s later, and ends after
/// the script's own pauses.
const DETECTION: Duration = Duration::from_millis(4300);

fn exit_status(pair: &mut Pair) {
    let begin = Moment::now();
    pair.first.host.write_file(FAILURE, "", 0o644).unwrap();
    moves_to_second(
        pair,
        begin,
        EXIT_STATUS_DETECTION + Duration::from_millis(100),
    );
    let recovered = Moment::now();
    pair.first.host.run(&["rm", FAILURE]).unwrap();
    back_to_first(pair, recovered, EXIT_STATUS_DETECTION + preemption_limit());
}

fn process(pair: &mut Pair) {
    let web = pair.web.unwrap();
    let begin = Moment::now();
    web.kill(&pair.first.host).unwrap();
    let restarted = wait_for_nginx(pair, Duration::from_secs(4));
    assert!(restarted, "the check did not start nginx again");
    assert!(
        pair.first.host.holds(VIP).unwrap(),
        "nginx was started again, and the address moved all the same"
    );

    web.spoil(&pair.first.host).unwrap();
    let spoiled = Moment::now();
    assert!(pair.probe.net_gap(begin, spoiled).unwrap() <= SMOOTH);
    dead_nginx(pair);
}

/// Until it answers: a process of its name is there before it has read its configuration.
fn wait_for_nginx(pair: &Pair, limit: Duration) -> bool {
    let check = format!("/etc/keepalived/{}", example::CHECK_HTTP);
    let end = Moment::now() + limit;
    while Moment::now() < end {
        if pair
            .first
            .host
            .run_within(Duration::from_secs(2), &[&check])
            .unwrap()
            .succeeded()
        {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

fn dead_nginx(pair: &mut Pair) {
    let web = pair.web.unwrap();
    let begin = Moment::now();
    web.kill(&pair.first.host).unwrap();
    moves_to_second(pair, begin, DETECTION);
    let recovered = Moment::now();
    web.set_up(&pair.first.host).unwrap();
    back_to_first(pair, recovered, Duration::from_secs(2) + preemption_limit());
}

/// The node is alive and answers until the other one does: the client sees no gap at all.
fn moves_to_second(pair: &Pair, begin: Moment, detection: Duration) {
    served_by_second(pair, begin, detection + outranked(pair));
    let gap = pair.probe.net_gap(begin, Moment::now()).unwrap();
    assert!(gap <= SMOOTH, "the client waited {gap:?}");
    assert_eq!(
        pair.client.neighbour_mac(VIP).unwrap(),
        Some(pair.second.mac())
    );
    pair.first
        .wait_until_holds(false, Duration::from_secs(1))
        .unwrap();
}
