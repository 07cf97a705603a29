//! Authentication headers with keepalived, signed advertisements between Standfast nodes, and the pace of
//! announcements.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::net::Ipv4Addr;
use std::time::Duration;

use standfast_lab::{
    CONFIGURATION, Capture, Daemon, FrameKind, HostOptions, Injector, Lab, LabOptions, Moment,
    Node, Pair, Signal, VIP,
};
use support::{
    FIRST_PRIORITY, SECOND_PRIORITY, agent, first_advertisement, next_worker, pair_with, send,
    standfast, start, telling, worker_pid,
};

/// For every step of a takeover on a busy machine.
const PATIENCE: Duration = Duration::from_secs(15);
const KEYS: [&str; 2] = [
    "0123456789abcdef0123456789abcdef",
    "hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
];
/// The second key lies in a file.
const KEY_FILE: &str = "/etc/keepalived/second.key";

fn instance(priority: u8, lines: &str) -> String {
    format!(
        "vrrp_instance VI_1 {{\n    interface eth0\n    virtual_router_id 51\n    priority {priority}\n    \
         advert_int 1\n{lines}    virtual_ipaddress {{\n        {VIP}/24\n    }}\n}}\n"
    )
}

fn ah(password: &str) -> String {
    format!("    authentication {{\n        auth_type AH\n        auth_pass {password}\n    }}\n")
}

fn ah_pair(daemons: [Daemon; 2], passwords: [&str; 2]) -> Pair {
    let [one, other] = passwords;
    let configurations = [
        instance(FIRST_PRIORITY, &ah(one)),
        instance(SECOND_PRIORITY, &ah(other)),
    ];
    pair_with(daemons, configurations)
}

/// Waits until a line of the node's log has `text` in it.
#[track_caller]
fn says(node: &Node, text: &str) {
    let end = Moment::now() + PATIENCE;
    while !node.log().contains(text) {
        assert!(
            Moment::now() < end,
            "{} never says: {text}",
            node.host.name()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The number after `name` in the node's statistics file.
#[track_caller]
fn statistic(node: &Node, name: &str) -> u64 {
    let path = "/tmp/keepalived.stats";
    node.host.run(&["rm", "-f", path]).unwrap();
    node.process().unwrap().signal(Signal::SIGUSR2).unwrap();
    let end = Moment::now() + PATIENCE;
    loop {
        let text = node.host.read_file(path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
        if let Some(value) = line.and_then(|rest| rest.strip_prefix(": ")) {
            return value.parse().unwrap();
        }
        assert!(Moment::now() < end, "no {name} in {text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The address goes to the second node when the first one stops, and comes back when it starts.
fn passes_there_and_back(pair: &mut Pair) {
    start(pair);
    pair.first.wait_until_holds(true, PATIENCE).unwrap();
    pair.second.wait_until_holds(false, PATIENCE).unwrap();
    pair.first.process().unwrap().stop(PATIENCE).unwrap();
    pair.second.wait_until_holds(true, PATIENCE).unwrap();
    pair.first.start_daemon().unwrap();
    pair.first.wait_until_holds(true, PATIENCE).unwrap();
    pair.second.wait_until_holds(false, PATIENCE).unwrap();
}

#[test]
fn ah_with_keepalived_as_backup() {
    let mut pair = ah_pair([standfast(), Daemon::Keepalived], ["secret"; 2]);
    telling(&mut pair, |pair| {
        passes_there_and_back(pair);
        assert!(!pair.second.log().contains("IPSEC-AH"));
        assert_eq!(statistic(&pair.first, "Failure"), 0);
    });
}

#[test]
fn a_dead_worker_resigns_in_a_header_that_keepalived_believes() {
    let mut pair = ah_pair([standfast(), Daemon::Keepalived], ["secret"; 2]);
    telling(&mut pair, |pair| {
        start(pair);
        std::thread::sleep(Duration::from_secs(3));
        resigns_by_supervisor(pair);
        assert!(!pair.second.log().contains("IPSEC-AH"));
    });
}

/// Kills the first node's worker: the second one takes over at the supervisor's word and not by silence.
fn resigns_by_supervisor(pair: &Pair) {
    let old = worker_pid(&pair.first.host);
    let begin = Moment::now();
    send(&pair.first.host, old, Signal::SIGKILL);
    let first = pair.first.mac();
    first_advertisement(pair, first, 0, begin, PATIENCE);
    let second = pair.second.mac();
    first_advertisement(pair, second, SECOND_PRIORITY, begin, PATIENCE);
    says(&pair.second, "priority 0");
    assert_ne!(next_worker(&pair.first.host, old, PATIENCE), old);
    pair.first.wait_until_holds(true, PATIENCE).unwrap();
    pair.second.wait_until_holds(false, PATIENCE).unwrap();
}

#[test]
fn ah_with_another_password_is_refused_and_counted() {
    let mut pair = ah_pair([standfast(), Daemon::Keepalived], ["secret", "other"]);
    telling(&mut pair, |pair| {
        pair.first.start_daemon().unwrap();
        pair.second.start_daemon().unwrap();
        says(&pair.first, "Entering MASTER STATE");
        says(&pair.second, "Entering MASTER STATE");
        says(&pair.first, "wrong password");
        assert!(statistic(&pair.first, "Failure") > 0);
        assert_eq!(statistic(&pair.first, "Received"), 0);
    });
}

/// One packet of protocol 51 as it comes to the client.
fn captured(pair: &Pair) -> Vec<u8> {
    let filter = format!("ip proto 51 and ether src {}", pair.first.mac());
    let argv = ["tcpdump", "-lnxx", "-c1", "-i", "eth0", &filter];
    let printed = pair.client.run(&argv).unwrap().output;
    let lines = printed
        .lines()
        .filter_map(|line| line.trim().split_once(":  "));
    let hex: String = lines
        .filter(|(at, _)| at.starts_with("0x"))
        .flat_map(|(_, digits)| digits.split_whitespace())
        .collect();
    let pairs = hex
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

#[test]
fn an_ah_packet_that_is_sent_again_is_refused() {
    let mut pair = ah_pair([Daemon::Keepalived, standfast()], ["secret"; 2]);
    telling(&mut pair, |pair| {
        start(pair);
        let mut frame = captured(pair);
        // The switch must not learn the master's address at the client's port.
        frame.splice(6..12, pair.client.mac().0);
        let first = pair.first.mac();
        first_advertisement(pair, first, FIRST_PRIORITY, Moment::now(), PATIENCE);
        let failures = statistic(&pair.second, "Failure");
        let again = Injector::start(&pair.client, &[frame], 10, Duration::from_secs(1)).unwrap();
        let sent = again.finish().unwrap();
        says(&pair.second, "already processed");
        assert_eq!(statistic(&pair.second, "Failure") - failures, sent);
        assert!(!pair.second.host.holds(VIP).unwrap());
    });
}

fn hmac(keys: &[usize], active: usize, mode: &str) -> String {
    let keys: String = keys
        .iter()
        .map(|number| match number {
            2 => format!("        key 2 file:{KEY_FILE}\n"),
            number => format!("        key {number} {}\n", KEYS[number - 1]),
        })
        .collect();
    format!("    auth_hmac {{\n{keys}        active_key {active}\n        mode {mode}\n    }}\n")
}

fn reload(node: &Node, configuration: &str) {
    let fresh = "/etc/keepalived/new.conf";
    node.host.write_file(fresh, configuration, 0o644).unwrap();
    node.host.run(&["mv", fresh, CONFIGURATION]).unwrap();
    let count = || node.log().matches("Reload complete").count();
    let before = count();
    node.process().unwrap().signal(Signal::SIGHUP).unwrap();
    let end = Moment::now() + PATIENCE;
    while count() == before {
        assert!(Moment::now() < end, "{} does not reload", node.host.name());
        std::thread::sleep(Duration::from_millis(20));
    }
}

const EXTENSION_ERRORS: [&str; 6] = [
    "Missing",
    "Malformed",
    "Unknown Key",
    "Invalid HMAC",
    "Stale",
    "Replay",
];

#[test]
fn signatures_come_and_their_keys_change_without_a_lost_advertisement() {
    let nodes = [FIRST_PRIORITY, SECOND_PRIORITY];
    let mut pair = pair_with(
        [standfast(), standfast()],
        nodes.map(|priority| instance(priority, "")),
    );
    telling(&mut pair, |pair| {
        for node in [&pair.first, &pair.second] {
            node.host.write_file(KEY_FILE, KEYS[1], 0o600).unwrap();
        }
        start(pair);
        for stage in [
            hmac(&[1], 1, "receive-only"),
            hmac(&[1], 1, "permissive"),
            hmac(&[1], 1, "enforce"),
            hmac(&[1, 2], 1, "enforce"),
            hmac(&[1, 2], 2, "enforce"),
            hmac(&[2], 2, "enforce"),
        ] {
            for (node, priority) in [
                (&pair.second, SECOND_PRIORITY),
                (&pair.first, FIRST_PRIORITY),
            ] {
                reload(node, &instance(priority, &stage));
                let first = pair.first.mac();
                first_advertisement(pair, first, FIRST_PRIORITY, Moment::now(), PATIENCE);
                for error in EXTENSION_ERRORS {
                    assert_eq!(
                        statistic_or_none(&pair.second, error),
                        0,
                        "{error}: {stage}"
                    );
                }
            }
        }
        assert!(!pair.second.host.holds(VIP).unwrap());
        assert_eq!(
            pair.second.log().matches("Entering MASTER STATE").count(),
            0
        );
        let secret = ["0123456789abcdef", "0001020304"];
        for log in [pair.first.log(), pair.second.log()] {
            assert!(!secret.iter().any(|key| log.contains(key)));
        }
        resigns_by_supervisor(pair);
        // A key that nobody else knows, and a key that anybody can read.
        pair.second.host.run(&["chmod", "644", KEY_FILE]).unwrap();
        let before = pair.second.log().len();
        pair.second
            .process()
            .unwrap()
            .signal(Signal::SIGHUP)
            .unwrap();
        says(&pair.second, "SECURITY VIOLATION");
        let log = pair.second.log();
        assert!(
            log.get(before..)
                .unwrap()
                .contains("the old one stays in force")
        );
        assert_eq!(statistic(&pair.second, "Invalid HMAC"), 0);
    });
}

/// Only instances with `auth_hmac` have the lines.
fn statistic_or_none(node: &Node, name: &str) -> u64 {
    let received = statistic(node, "Received");
    assert!(received > 0);
    let text = node.host.read_file("/tmp/keepalived.stats").unwrap();
    let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
    line.and_then(|rest| rest.strip_prefix(": "))
        .map_or(0, |value| value.parse().unwrap())
}

#[test]
fn whoever_does_not_sign_is_not_believed() {
    let configurations = [
        instance(FIRST_PRIORITY, ""),
        instance(SECOND_PRIORITY, &hmac(&[1], 1, "enforce")),
    ];
    let mut pair = pair_with([Daemon::Keepalived, standfast()], configurations);
    telling(&mut pair, |pair| {
        pair.first.start_daemon().unwrap();
        pair.second.start_daemon().unwrap();
        says(&pair.second, "missing authentication trailer");
        says(&pair.second, "Entering MASTER STATE");
        assert!(statistic(&pair.second, "Missing") > 0);
    });
}

/// Three addresses of two routers on one interface, 50 ms apart: every address once before any is repeated, and never
/// two packets closer than that.
#[test]
fn announcements_keep_their_pace_and_no_address_waits_for_repetitions() {
    const PACE: Duration = Duration::from_millis(50);
    /// Time stamps are the receiver's, and its processor may be late for the earlier packet.
    const JITTER: Duration = Duration::from_millis(15);
    let lab = Lab::new(LabOptions::with_agent(agent())).unwrap();
    let daemon = standfast();
    let mut options = HostOptions::new("one", [192, 168, 1, 11].into());
    options.programs = daemon.programs();
    let host = lab.host(&options).unwrap();
    let client = lab
        .host(&HostOptions::new("client", [192, 168, 1, 50].into()))
        .unwrap();
    let capture = Capture::start(&client).unwrap();
    let vips: Vec<Ipv4Addr> = (200..203).map(|last| [192, 168, 1, last].into()).collect();
    let router = |name: &str, vrid: u8, vips: &[Ipv4Addr]| {
        let vips: String = vips
            .iter()
            .map(|vip| format!("        {vip}/24\n"))
            .collect();
        format!(
            "vrrp_instance {name} {{\n    interface eth0\n    virtual_router_id {vrid}\n    priority 100\n    \
             virtual_ipaddress {{\n{vips}    }}\n}}\n"
        )
    };
    let text = format!(
        "global_defs {{\n    vrrp_garp_interval 0.05\n    vrrp_garp_master_repeat 3\n    \
         vrrp_garp_master_delay 0\n}}\n{}{}",
        router("VI_1", 51, &vips[..1]),
        router("VI_2", 52, &vips[1..])
    );
    host.write_file(CONFIGURATION, &text, 0o644).unwrap();
    let begin = Moment::now();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    let heard = || {
        capture.frames(begin, |frame| {
            frame.source_mac == host.mac() && matches!(frame.kind, FrameKind::Garp { .. })
        })
    };
    let end = Moment::now() + PATIENCE;
    while heard().len() < 9 {
        assert!(
            Moment::now() < end,
            "{} of 9\n{}",
            heard().len(),
            process.log()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let frames = heard();
    let address = |frame: &standfast_lab::Frame| match frame.kind {
        FrameKind::Garp { address, .. } => address,
        _ => Ipv4Addr::UNSPECIFIED,
    };
    let mut first: Vec<Ipv4Addr> = frames.iter().take(3).map(address).collect();
    first.sort();
    assert_eq!(first, vips);
    for vip in &vips {
        assert_eq!(
            frames.iter().filter(|frame| address(frame) == *vip).count(),
            3
        );
    }
    for pair in frames.windows(2) {
        let gap = pair[1].time.since(pair[0].time);
        assert!(gap + JITTER >= PACE, "{gap:?}");
    }
    let (last, zero) = (frames.last().unwrap().time, frames.first().unwrap().time);
    assert!(last.since(zero) + JITTER >= PACE * 8);
    process.stop(PATIENCE).unwrap();
}
