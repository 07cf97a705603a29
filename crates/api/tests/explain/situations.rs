//! Situations that explanations are asked for, and how an answer is judged.

use std::net::IpAddr;

use standfast_api::event::Cause;
use standfast_api::explain::{Explanation, KINDS, explain};
use standfast_api::status::{
    Address, Check, Fault, Instance, Master, Node, NodeOfInstance, Priority, PriorityPart, Speaker,
    State, Status,
};

pub const NOW: u64 = 1_700_000_000_000_000;
pub const SECOND: u64 = 1_000_000;
pub const MAC: &str = "02:00:00:00:00:0c";

pub fn ip(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

pub fn ago(seconds: u64) -> u64 {
    NOW - seconds * SECOND
}

pub fn because(kind: &str, text: &str) -> Cause {
    Cause {
        kind: kind.into(),
        text: text.into(),
    }
}

pub fn address() -> Address {
    Address {
        address: ip(200),
        prefix: 24,
        interface: "eth0".into(),
        excluded: false,
        wanted: true,
        held: true,
    }
}

pub fn here(state: State, priority: u8) -> NodeOfInstance {
    NodeOfInstance {
        name: "nginx-1".into(),
        here: true,
        address: Some(ip(11)),
        state,
        since_us: ago(300),
        priority,
        base: 99,
        ready: true,
        preempts: true,
        drained: false,
        heard_us: NOW,
        differs: vec![],
    }
}

/// The other node, as the peer channel knows it.
pub fn there(state: State, priority: u8) -> NodeOfInstance {
    NodeOfInstance {
        name: "nginx-2".into(),
        here: false,
        address: Some(ip(12)),
        state,
        base: 90,
        ..here(state, priority)
    }
}

/// The other node as its advertisements show it.
pub fn speaker() -> Speaker {
    Speaker {
        address: ip(12),
        mac: Some(MAC.into()),
        priority: Some(90),
        version: Some(2),
        interval_us: Some(SECOND),
        first_us: ago(3_000),
        heard_us: NOW - 300_000,
        taken: 100,
        dropped: 0,
        refused: None,
        other_addresses: vec![],
    }
}

/// The same, and its advertisements are not taken.
pub fn refused(kind: &str, text: &str) -> Speaker {
    Speaker {
        taken: 0,
        dropped: 100,
        refused: Some(because(kind, text)),
        ..speaker()
    }
}

/// The tutorial's first node: MASTER for five minutes, and everything is well.
pub fn master() -> Instance {
    Instance {
        name: "VI_1".into(),
        vrid: 51,
        version: 2,
        family: "ipv4".into(),
        interface: "eth0".into(),
        source: Some(ip(11)),
        destinations: vec![IpAddr::from([224, 0, 0, 18])],
        authentication: "pass".into(),
        state: State::Master,
        since_us: ago(300),
        cause: Some(because(
            "silence",
            "the master was silent for the down interval",
        )),
        priority: Priority {
            effective: 99,
            base: 99,
            ..Priority::default()
        },
        preempt: true,
        addresses: vec![address()],
        master: Some(Master {
            address: ip(11),
            here: true,
            name: Some("nginx-1".into()),
            priority: 99,
            heard_us: NOW,
        }),
        advert_interval_us: SECOND,
        master_interval_us: SECOND,
        down_interval_us: 3_613_281,
        nodes: vec![here(State::Master, 99)],
        ..Instance::default()
    }
}

/// The same node as BACKUP of a better one.
pub fn backup() -> Instance {
    let mut addresses = vec![address()];
    addresses[0].wanted = false;
    addresses[0].held = false;
    Instance {
        state: State::Backup,
        cause: Some(because("outranked", "192.0.2.12 advertises priority 100")),
        addresses,
        master: Some(Master {
            address: ip(12),
            here: false,
            name: None,
            priority: 100,
            heard_us: NOW - 400_000,
        }),
        takes_over_us: Some(NOW + 3_200_000),
        speakers: vec![Speaker {
            priority: Some(100),
            ..speaker()
        }],
        nodes: vec![here(State::Backup, 99)],
        ..master()
    }
}

pub fn faulty(kind: &str, name: &str, text: &str) -> Instance {
    Instance {
        state: State::Fault,
        cause: Some(because("fault", text)),
        faults: vec![Fault {
            kind: kind.into(),
            name: name.into(),
            text: text.into(),
        }],
        master: None,
        ..backup()
    }
}

pub fn status(instance: Instance) -> Status {
    Status {
        node: Node {
            name: "nginx-1".into(),
            now_us: NOW,
            ..Node::default()
        },
        instances: vec![instance],
        ..Status::default()
    }
}

/// A check that fails, and what it takes.
pub fn check() -> Check {
    Check {
        name: "chk_nginx".into(),
        kind: "script".into(),
        program: "/etc/keepalived/check_nginx.sh".into(),
        state: "down".into(),
        result: Some("exit status 1".into()),
        passed: Some(false),
        output: Some("nginx is not running\n".into()),
        ended_us: Some(ago(1)),
        interval_us: 2 * SECOND,
        timeout_us: 2 * SECOND,
        rise: 1,
        fall: 1,
        ..Check::default()
    }
}

pub fn part(adds: i32, up: Option<bool>) -> PriorityPart {
    PriorityPart {
        kind: "check".into(),
        name: "chk_nginx".into(),
        adds,
        adds_up: Some(0),
        adds_down: Some(-5),
        up,
        unusable: false,
    }
}

/// MASTER with a check that has failed and taken five.
pub fn lowered() -> Status {
    let mut all = status(master());
    all.checks = vec![check()];
    let instance = &mut all.instances[0];
    instance.priority.effective = 94;
    instance.priority.parts = vec![part(-5, Some(false))];
    all
}

pub fn explained(status: &Status) -> Explanation {
    explain(status, "VI_1", &[]).unwrap()
}

/// The first problem has that kind, and says that; so does its fix.
#[track_caller]
pub fn first(status: &Status, kind: &str, phrases: &[&str]) {
    let explanation = explained(status);
    let problem = explanation.problems.first();
    let problem = problem.unwrap_or_else(|| panic!("no problem: {explanation:#?}"));
    let fix = problem.fix.as_deref().unwrap_or_default();
    assert_eq!(problem.kind, kind, "{explanation:#?}");
    let known = KINDS.iter().any(|(word, _)| *word == kind);
    assert!(known, "{kind} is not among KINDS");
    for phrase in phrases {
        let said = problem.text.contains(phrase) || fix.contains(phrase);
        assert!(said, "{phrase}: {explanation:#?}");
    }
    assert!(!fix.is_empty(), "a problem without a fix: {problem:?}");
}

/// There is no problem, but somewhere it says that.
#[track_caller]
pub fn well(status: &Status, phrases: &[&str]) {
    let explanation = explained(status);
    assert_eq!(explanation.problems, [], "{explanation:#?}");
    let all = [explanation.why.clone(), explanation.next.clone()].concat();
    let all = format!("{}\n{}", explanation.headline, all.join("\n"));
    for phrase in phrases {
        assert!(all.contains(phrase), "{phrase}: {explanation:#?}");
    }
}
