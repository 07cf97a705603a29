//! A pair whose nodes have found each other, and what is asked of it.

use std::thread;
use std::time::Duration;

use standfast_lab::{
    Capture, Daemon, Host, Moment, NODE_ADDRESSES, Node, Pair, PeerMessageKind, VIP,
};

use crate::support::{pair_with, standfast, telling};

/// Nothing that is awaited takes longer, however busy the machine is.
pub const LIMIT: Duration = Duration::from_secs(20);
/// An order by the channel takes milliseconds; the protocol takes 600 ms or more. A busy machine adds its own.
pub const BY_CHANNEL: Duration = Duration::from_millis(300);

/// The nodes' priorities.
pub const PRIORITIES: [u8; 2] = [150, 100];

/// A node's file: global definitions, lines of the instance, further blocks; `OWN_ADDRESS` and `PEER_ADDRESS` become each
/// node's.
#[derive(Clone, Copy, Default)]
pub struct Text<'a> {
    pub globals: &'a str,
    pub instance: &'a str,
    pub blocks: &'a str,
}

impl Text<'_> {
    pub fn of(self, priority: u8) -> String {
        format!(
            "global_defs {{\n    script_user root\n{}\n}}\n{}\nvrrp_instance VI_1 {{\n    state BACKUP\n    interface eth0\n    \
             virtual_router_id 51\n    priority {priority}\n    advert_int 1\n    virtual_ipaddress {{\n        {VIP}/24\n    \
             }}\n{}\n}}\n",
            self.globals, self.blocks, self.instance
        )
    }
}

/// A pair of Standfast nodes with that text; the first serves, and they know each other.
pub fn with_pair(text: Text<'_>, body: impl FnOnce(&mut Pair)) {
    with_prepared_pair(text, |_| {}, body);
}

/// The same with something done on both hosts before the daemons start.
pub fn with_prepared_pair(text: Text<'_>, prepare: fn(&Host), body: impl FnOnce(&mut Pair)) {
    with_pair_of([standfast(), standfast()], text, prepare, |pair| {
        found(&pair.first);
        found(&pair.second);
        body(pair);
    });
}

/// The same with any daemons, which may not know each other.
pub fn with_pair_of(
    daemons: [Daemon; 2],
    text: Text<'_>,
    prepare: fn(&Host),
    body: impl FnOnce(&mut Pair),
) {
    let [one, other] = NODE_ADDRESSES.map(|address| address.to_string());
    let file = |priority, own: &str, peer: &str| {
        let text = text.of(priority);
        text.replace("OWN_ADDRESS", own)
            .replace("PEER_ADDRESS", peer)
    };
    let files = [
        file(PRIORITIES[0], &one, &other),
        file(PRIORITIES[1], &other, &one),
    ];
    let mut pair = pair_with(daemons, files);
    prepare(&pair.first.host);
    prepare(&pair.second.host);
    telling(&mut pair, |pair| {
        pair.start_daemons(LIMIT).unwrap();
        body(pair);
    });
}

/// Waits until the node has found another one.
#[track_caller]
pub fn found(node: &Node) {
    let process = node.process().unwrap();
    process.wait_for_log("Standfast node ", LIMIT).unwrap();
    // The other one must have been told as well, and that its checks are through.
    thread::sleep(Duration::from_millis(1_500));
}

/// Waits until `node` answers the client; after which time it did, less the machine's own silence.
#[track_caller]
pub fn taken_by(pair: &Pair, node: &Node, from: Moment) -> Duration {
    let answer = pair.probe.first_answer_by(node.mac(), from, LIMIT).unwrap();
    let noise = pair.probe.control_gap(from, answer.time).unwrap();
    answer.time.since(from).saturating_sub(noise)
}

/// The second node took over as fast as only the channel can; prints how fast.
#[track_caller]
pub fn taken_at_once(pair: &Pair, from: Moment, what: &str) {
    let took = taken_by(pair, &pair.second, from);
    let until = Moment::now() + Duration::from_millis(500);
    let gap = pair.probe.net_gap(from, until).unwrap();
    println!("{what}: served elsewhere after {took:?}, the client waited {gap:?}");
    assert!(took <= BY_CHANNEL, "{what}: taken after {took:?}");
}

/// How often a node's daemon said that.
pub fn said(node: &Node, text: &str) -> usize {
    node.log().matches(text).count()
}

/// Messages of that kind that the node has sent.
pub fn sent(capture: &Capture, node: &Node, kind: PeerMessageKind, from: Moment) -> usize {
    let mac = node.mac();
    let all = capture.messages(from, |message| {
        message.source_mac == mac && message.kind == kind
    });
    all.len()
}

/// Runs a command line of a shell.
pub fn sh(host: &Host, command: &str) -> String {
    host.run(&["sh", "-c", command]).unwrap().output
}

/// UDP datagrams that the host has sent.
pub fn datagrams(host: &Host) -> u64 {
    let text = host.read_file("/proc/net/snmp").unwrap();
    let mut lines = text.lines().filter(|line| line.starts_with("Udp:"));
    let names: Vec<&str> = lines.next().unwrap().split(' ').collect();
    let values: Vec<&str> = lines.next().unwrap().split(' ').collect();
    let at = names
        .iter()
        .position(|name| *name == "OutDatagrams")
        .unwrap();
    values[at].parse().unwrap()
}
