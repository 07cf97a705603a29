//! Statuses as a daemon would tell them: a pair of nginx hosts in the states that an operator meets.

use std::net::IpAddr;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use standfast_api::event::Cause;
use standfast_api::status::{
    Address, Check, Counters, Drain, Fault, Group, Instance, Master, Next, NodeOfInstance, Peer,
    Priority, PriorityPart, Speaker, State, Status, Timing,
};

/// 2026-11-23 14:00:00 UTC.
pub(crate) const NOW_US: u64 = 1_795_442_400_000_000;
const SECOND: u64 = 1_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// Seen from node-a: it is master, node-b stands by, nginx runs.
pub(crate) fn healthy() -> Status {
    let mut status = empty();
    status.instances = vec![master("VI_1", 51), master("VI_2", 52)];
    status.groups = vec![Group {
        name: "WEB".into(),
        state: Some(State::Master),
        members: vec!["VI_1".into(), "VI_2".into()],
    }];
    status.checks = vec![check("chk_nginx", true)];
    status.peers = vec![Peer {
        name: "node-b".into(),
        address: address(2),
        interface: "eth0".into(),
        since_us: NOW_US - 3 * HOUR,
        heard_us: NOW_US - 200_000,
        round_trip_us: Some(310),
        instances: vec!["VI_1".into(), "VI_2".into()],
        drained: false,
    }];
    status
}

/// nginx is down on node-a, so that node-b has taken the address; an operator has paused another check.
pub(crate) fn degraded() -> Status {
    let mut status = healthy();
    status.node.findings = 2;
    status.checks = vec![check("chk_disk", true), check("chk_nginx", false)];
    status.checks[0].paused = Some(standfast_api::status::Pause {
        since_us: NOW_US - MINUTE,
        until_us: Some(NOW_US + 9 * MINUTE),
    });
    status.instances.truncate(1);
    status.groups.clear();
    let instance = &mut status.instances[0];
    instance.group = None;
    instance.state = State::Backup;
    instance.since_us = NOW_US - 41 * SECOND;
    instance.cause = Some(cause(
        "outranked",
        "node-b (10.0.0.2) has priority 90, and our 80 is less",
    ));
    instance.priority = Priority {
        effective: 80,
        base: 100,
        parts: vec![part("chk_disk", 0, true), part("chk_nginx", -20, false)],
        clamped: None,
        drained: false,
    };
    for one in &mut instance.addresses {
        (one.wanted, one.held) = (false, false);
    }
    instance.master = Some(Master {
        address: address(2),
        here: false,
        name: Some("node-b".into()),
        priority: 90,
        heard_us: NOW_US - 400_000,
    });
    instance.next = Some(next(
        "down",
        "it takes over if node-b stays silent",
        3_210_000,
    ));
    let states = [(State::Backup, 80), (State::Master, 90)];
    for (node, (state, priority)) in instance.nodes.iter_mut().zip(states) {
        (node.state, node.priority) = (state, priority);
        node.since_us = NOW_US - 41 * SECOND;
        node.ready = node.priority == node.base;
    }
    status
}

/// The link between both is cut, and another host with a wrong password speaks: node-a cannot go on.
pub(crate) fn split() -> Status {
    let mut status = healthy();
    status.groups.clear();
    let [first, second] = &mut status.instances[..] else {
        panic!("the pair has two");
    };
    first.state = State::Fault;
    first.since_us = NOW_US - 5 * MINUTE;
    first.cause = Some(cause("fault", "the interface eth0 is down"));
    first.faults = vec![Fault {
        kind: "interface-down".into(),
        name: "eth0".into(),
        text: "the interface eth0 is down: no cable, or the switch port is off".into(),
    }];
    first.master = None;
    first.next = None;
    first.addresses[0].wanted = false;
    first.addresses[0].held = false;
    first.addresses[1].wanted = false;
    first.nodes.truncate(1);
    first.nodes[0].state = State::Fault;
    second.interface = "eth1".into();
    second.alone = false;
    second.addresses[0].held = false;
    second.nodes[1].differs = vec!["addresses".into(), "advert_int".into()];
    second.speakers = vec![Speaker {
        address: address(9),
        mac: Some("02:00:00:00:00:09".into()),
        priority: Some(150),
        version: Some(2),
        interval_us: Some(SECOND),
        first_us: NOW_US - HOUR,
        heard_us: NOW_US - 300_000,
        taken: 0,
        dropped: 3600,
        refused: Some(cause("authentication", "its password is another one")),
        other_addresses: vec![address(200)],
    }];
    status.kernel_failures.insert("add address".into(), 3);
    status.timing.worst_us = 1_400_000;
    status.peers[0].round_trip_us = None;
    status
}

/// node-a has come back, drained by an operator for the time of an upgrade, and waits.
pub(crate) fn recovering() -> Status {
    let mut status = degraded();
    status.node.as_keepalived = true;
    status.node.started_us = NOW_US - 4 * SECOND;
    status.node.findings = 0;
    status.node.drain = Some(Drain {
        since_us: NOW_US - 2 * MINUTE,
        until_us: Some(NOW_US + 28 * MINUTE),
        hard: false,
        who: "root (uid 0, pid 812, standfast)".into(),
    });
    status.checks = vec![check("chk_nginx", true)];
    status.checks[0].state = "pending".into();
    status.checks[0].result = None;
    status.checks[0].ended_us = None;
    let instance = &mut status.instances[0];
    instance.since_us = NOW_US - 4 * SECOND;
    instance.cause = Some(cause("started", "the daemon has started"));
    instance.priority.effective = 1;
    instance.priority.drained = true;
    for node in instance.nodes.iter_mut().filter(|it| it.here) {
        (node.drained, node.priority) = (true, 1);
    }
    instance.priority.parts.truncate(1);
    instance.yields_to = Some(address(2));
    instance.preempt = false;
    status
}

/// The pair with so many instances, of which a few have a fault.
pub(crate) fn many(number: u8) -> Status {
    let mut status = healthy();
    let names = (1..=number).map(|vrid| master(&format!("VI_{vrid}"), vrid));
    status.instances = names.collect();
    status.groups.clear();
    for instance in status.instances.iter_mut().skip(3).step_by(20) {
        instance.state = State::Fault;
        instance.faults = vec![Fault {
            kind: "check-failed".into(),
            name: "chk_nginx".into(),
            text: "the check chk_nginx fails, and it has no weight".into(),
        }];
        instance.addresses.clear();
        instance.master = None;
    }
    status
}

/// A status in which every text is long and every list too.
pub(crate) fn crowded(word: &str) -> Status {
    let mut status = split();
    let long = word.repeat(12);
    status.node.name.clone_from(&long);
    status.node.drain = recovering().node.drain;
    let second = &mut status.instances[1];
    second.name.clone_from(&long);
    second.group = Some(long.clone());
    second.cause = Some(cause("silence", &long));
    second.priority.effective = 94;
    second.priority.clamped = Some(-300);
    second.priority.parts = (0..20).map(|_| part(&long, -7, false)).collect();
    second.addresses = (0..200).map(|last| virtual_address(last, &long)).collect();
    second.nodes = (0..20)
        .map(|last| other(&long, last, State::Backup, 90))
        .collect();
    second.speakers = (0..16).map(|last| speaker_of(last, &long)).collect();
    second.next = Some(next("down", &long, 1));
    second.destinations = (0..30).map(address).collect();
    status.instances[0].faults = vec![Fault {
        kind: "check-failed".into(),
        name: long.clone(),
        text: format!("{long} {long}"),
    }];
    status.checks = (0..30)
        .map(|number| check(&long, number % 2 == 0))
        .collect();
    status.groups = vec![Group {
        name: long.clone(),
        state: None,
        members: vec![long.clone(); 9],
    }];
    status.peers[0].name = long;
    status
}

/// From JSON: what members are added later has its default.
fn from_json<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn empty() -> Status {
    from_json(json!({
        "node": {
            "name": "node-a", "version": "0.1.0", "as_keepalived": false, "pid": 812, "now_us": NOW_US,
            "started_us": NOW_US - 3 * HOUR, "configured_us": NOW_US - 3 * HOUR,
            "files": ["/etc/keepalived/keepalived.conf"], "findings": 0, "stopping": false,
        },
        "instances": [], "groups": [], "checks": [], "tracked": [], "interfaces": [], "peers": [], "strangers": [],
        "timing": Timing::default(), "peer_drops": {}, "kernel_failures": {},
    }))
}

fn master(name: &str, vrid: u8) -> Instance {
    let nodes = [
        NodeOfInstance {
            here: true,
            ..other("node-a", 1, State::Master, 100)
        },
        other("node-b", 2, State::Backup, 90),
    ];
    let addresses = [100, 101].map(|last| virtual_address(last, "eth0"));
    from_json(json!({
        "name": name, "vrid": vrid, "version": 2, "family": "ipv4", "interface": "eth0", "group": "WEB",
        "source": "10.0.0.1", "destinations": ["224.0.0.18"], "authentication": "pass",
        "state": "master", "since_us": NOW_US - 2 * HOUR - 14 * MINUTE,
        "cause": cause("silence", "nobody else was heard for 3.6 s"),
        "priority": Priority {
            effective: 100,
            base: 100,
            parts: vec![part("chk_nginx", 0, true)],
            clamped: None,
            drained: false,
        },
        "preempt": true,
        "addresses": addresses,
        "faults": [],
        "master": {"address": "10.0.0.1", "here": true, "name": "node-a", "priority": 100, "heard_us": NOW_US},
        "alone": false,
        "next": next("advertise", "the next advertisement", 300_000),
        "advert_interval_us": SECOND, "master_interval_us": SECOND, "down_interval_us": 3_609_375,
        "nodes": nodes, "speakers": [], "holders": [],
        "counters": Counters::default(), "transitions": {},
    }))
}

fn other(name: &str, last: u8, state: State, priority: u8) -> NodeOfInstance {
    NodeOfInstance {
        name: name.into(),
        here: false,
        address: Some(address(last)),
        state,
        since_us: NOW_US - 2 * HOUR - 14 * MINUTE,
        priority,
        base: priority,
        ready: true,
        preempts: true,
        drained: false,
        heard_us: NOW_US - 200_000,
        differs: Vec::new(),
    }
}

fn speaker_of(last: u8, text: &str) -> Speaker {
    Speaker {
        address: address(last),
        mac: None,
        priority: None,
        version: None,
        interval_us: None,
        first_us: 0,
        heard_us: 0,
        taken: 0,
        dropped: 1,
        refused: Some(cause("version", text)),
        other_addresses: (0..9).map(address).collect(),
    }
}

fn virtual_address(last: u8, interface: &str) -> Address {
    Address {
        address: address(last),
        prefix: 24,
        interface: interface.into(),
        excluded: false,
        wanted: true,
        held: true,
    }
}

fn check(name: &str, up: bool) -> Check {
    let (state, result) = if up {
        ("up", "HTTP status 200")
    } else {
        ("down", "connection refused")
    };
    from_json(json!({
        "name": name, "kind": "http", "state": state, "result": result, "passed": up,
        "ended_us": NOW_US - 700_000, "took_us": 2_400, "durations_us": [2_300, 2_400],
        "next_us": NOW_US + 1_300_000, "interval_us": 2 * SECOND, "rise": 1, "fall": 2,
        "running": false, "repairing": false, "passes": 5_000, "failures": 20,
    }))
}

fn part(name: &str, adds: i32, up: bool) -> PriorityPart {
    PriorityPart {
        kind: "check".into(),
        name: name.into(),
        adds,
        adds_up: Some(0),
        adds_down: Some(-20),
        up: Some(up),
        unusable: false,
    }
}

fn next(timer: &str, text: &str, wait_us: u64) -> Next {
    Next {
        timer: timer.into(),
        text: text.into(),
        at_us: NOW_US + wait_us,
    }
}

fn cause(kind: &str, text: &str) -> Cause {
    Cause {
        kind: kind.into(),
        text: text.into(),
    }
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}
