//! Builds a pair, runs a scenario, and says what the daemons said if it fails.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::Duration;

use standfast_lab::{
    Daemon, Moment, NODE_ADDRESSES, Pair, PairOptions, Start, WebServer, program_under_test,
};

use crate::bounds::{FIRST_PRIORITY, SECOND_PRIORITY, SMOOTH, down_interval};

/// Who runs on a node.
#[derive(Clone, Copy)]
pub enum Subject {
    Keepalived,
    Standfast,
}
pub const KEEPALIVED: Subject = Subject::Keepalived;
pub const STANDFAST: Subject = Subject::Standfast;

/// What a test does.
pub struct Scenario {
    /// Whether nginx runs on the nodes.
    pub nginx: bool,
    /// Changes to the example's configurations: this text becomes that one, in both; `OWN_ADDRESS` and `PEER_ADDRESS` become
    /// each node's.
    pub changes: &'static [(&'static str, &'static str)],
    /// Whether the daemons run, and the first node has the address, when it begins.
    pub started: bool,
    pub run: fn(&mut Pair),
}

pub fn run(first: Subject, second: Subject, scenario: &Scenario) {
    let agent = PathBuf::from(env!("CARGO_BIN_EXE_lab-agent"));
    let web = scenario.nginx.then_some(WebServer::Nginx);
    let mut options = PairOptions::example(agent, [daemon(first), daemon(second)], web);
    for configuration in &mut options.configurations {
        for (from, to) in scenario.changes {
            assert!(
                configuration.contains(from),
                "the example no longer says {from}"
            );
            *configuration = configuration.replace(from, to);
        }
    }
    let [one, other] = &mut options.configurations;
    for (configuration, own, peer) in [(one, 0, 1), (other, 1, 0)] {
        *configuration = configuration
            .replace("OWN_ADDRESS", &NODE_ADDRESSES[own].to_string())
            .replace("PEER_ADDRESS", &NODE_ADDRESSES[peer].to_string());
    }
    let mut pair = Pair::new(&options).unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| {
        if scenario.started {
            pair.start_daemons(down_interval(FIRST_PRIORITY) + Duration::from_secs(3))
                .unwrap();
        }
        (scenario.run)(&mut pair);
    }));
    if let Err(panic) = result {
        for node in [&pair.first, &pair.second] {
            eprintln!("--- {} ({})\n{}", node.host.name(), node.daemon, node.log());
        }
        resume_unwind(panic);
    }
}

fn daemon(subject: Subject) -> Daemon {
    match subject {
        Subject::Keepalived => Daemon::Keepalived,
        Subject::Standfast => Daemon::Standfast {
            binary: program_under_test().unwrap(),
            start: Start::AsKeepalived,
        },
    }
}

/// Waits until the second node serves; returns how long after `from` that was.
#[track_caller]
pub fn served_by_second(pair: &Pair, from: Moment, limit: Duration) -> Duration {
    let grace = Duration::from_secs(2);
    let answer = pair
        .probe
        .first_answer_by(pair.second.mac(), from, limit + grace)
        .unwrap();
    let took = answer.time.since(from);
    let noise = pair.probe.control_gap(from, answer.time).unwrap();
    assert!(
        took <= limit + noise,
        "the second node answers after {took:?}, not {limit:?} (noise {noise:?})"
    );
    took
}

/// Waits until the first node serves again, and checks that the client saw no gap.
#[track_caller]
pub fn back_to_first(pair: &Pair, from: Moment, limit: Duration) {
    let answer = pair
        .probe
        .first_answer_by(pair.first.mac(), from, limit)
        .unwrap();
    let gap = pair
        .probe
        .net_gap(from, answer.time + Duration::from_millis(500))
        .unwrap();
    assert!(gap <= SMOOTH, "on the way back the client waited {gap:?}");
    assert_eq!(
        pair.client.neighbour_mac(standfast_lab::VIP).unwrap(),
        Some(pair.first.mac())
    );
}

/// A node that has the address back needs its own down interval first; that long, and some.
pub fn preemption_limit() -> Duration {
    down_interval(SECOND_PRIORITY) + Duration::from_secs(3)
}
