//! What the end-to-end tests share: pairs of daemons on the tutorial's network, and what they ask of them.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test, and each file uses its part"
)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::Duration;

use standfast_lab::{
    Advertisement, Capture, Daemon, Frame, FrameKind, Host, HostOptions, Lab, LabOptions,
    MacAddress, Moment, Node, Pair, PairOptions, Signal, Start, VIP, program_under_test,
};

/// Longest silence, net of the machine's own, when two nodes pass the address on.
pub const SMOOTH: Duration = Duration::from_millis(20);

/// For what the scheduler of a busy machine adds to a process that should act now.
pub const LATENESS: Duration = Duration::from_millis(50);

/// Priorities of the tutorial's nodes.
pub const FIRST_PRIORITY: u8 = 99;
pub const SECOND_PRIORITY: u8 = 98;

/// The tutorial's text that names its check; most tests need none.
pub const NO_CHECK: (&str, &str) = ("    track_script {\n        chk_nginx\n    }\n", "");

/// Skew_Time (RFC 9568 section 6.1).
pub fn skew(interval: Duration, priority: u8) -> Duration {
    interval * (256 - u32::from(priority)) / 256
}

/// Active_Down_Interval (RFC 9568 section 6.1).
pub fn down_interval(interval: Duration, priority: u8) -> Duration {
    interval * 3 + skew(interval, priority)
}

pub fn agent() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_lab-agent"))
}

/// Standfast under keepalived's name.
pub fn standfast() -> Daemon {
    Daemon::Standfast {
        binary: program_under_test().unwrap(),
        start: Start::AsKeepalived,
    }
}

/// An instance with version 3 of the protocol, whose intervals may be short.
pub fn short_configuration(interval: Duration, priority: u8) -> String {
    format!(
        "vrrp_instance VI_1 {{\n    state BACKUP\n    version 3\n    interface eth0\n    \
         virtual_router_id 51\n    priority {priority}\n    advert_int {}\n    \
         virtual_ipaddress {{\n        {VIP}/24\n    }}\n}}\n",
        interval.as_secs_f64()
    )
}

/// A pair with these configurations; its daemons are not started.
pub fn pair_with(daemons: [Daemon; 2], configurations: [String; 2]) -> Pair {
    let mut options = PairOptions::example(agent(), daemons, None);
    options.configurations = configurations;
    Pair::new(&options).unwrap()
}

/// A pair with the tutorial's files without their check; its daemons are not started.
pub fn tutorial_pair(daemons: [Daemon; 2]) -> Pair {
    let mut options = PairOptions::example(agent(), daemons, None);
    for configuration in &mut options.configurations {
        *configuration = replaced(configuration, NO_CHECK);
    }
    Pair::new(&options).unwrap()
}

/// `text` with a change that must apply.
pub fn replaced(text: &str, (from, to): (&str, &str)) -> String {
    assert!(text.contains(from), "the text no longer says {from}");
    text.replace(from, to)
}

/// Runs `body` and shows what the daemons said if it fails.
pub fn telling<R>(pair: &mut Pair, body: impl FnOnce(&mut Pair) -> R) -> R {
    let result = catch_unwind(AssertUnwindSafe(|| body(pair)));
    result.unwrap_or_else(|panic| {
        for node in [&pair.first, &pair.second] {
            eprintln!("--- {} ({})\n{}", node.host.name(), node.daemon, node.log());
        }
        resume_unwind(panic)
    })
}

/// Starts both daemons; the first has the address then.
pub fn start(pair: &mut Pair) {
    pair.start_daemons(Duration::from_secs(30)).unwrap();
}

/// One host without a pair.
pub fn single_host(daemon: &Daemon) -> (Lab, Host) {
    let lab = Lab::new(LabOptions::with_agent(agent())).unwrap();
    let mut options = HostOptions::new("one", [192, 168, 1, 11].into());
    options.programs = daemon.programs();
    let host = lab.host(&options).unwrap();
    (lab, host)
}

/// Process of the VRRP child, as its pid file says.
pub fn worker_pid(host: &Host) -> i32 {
    let text = host.read_file("/run/vrrp.pid").unwrap();
    text.trim().parse().unwrap()
}

/// Waits until the pid file names another VRRP child than `old`.
pub fn next_worker(host: &Host, old: i32, limit: Duration) -> i32 {
    let end = Moment::now() + limit;
    while Moment::now() < end {
        let text = host.read_file("/run/vrrp.pid").unwrap_or_default();
        match text.trim().parse() {
            Ok(pid) if pid != old => return pid,
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    panic!("no new VRRP process within {limit:?}");
}

/// Sends a signal to one process of a host.
pub fn send(host: &Host, pid: i32, signal: Signal) {
    let number = (signal as i32).to_string();
    host.run(&["sh", "-c", &format!("kill -{number} {pid}")])
        .unwrap();
}

/// Advertisements from `mac` since `from`.
pub fn advertisements(capture: &Capture, mac: MacAddress, from: Moment) -> Vec<Frame> {
    capture.frames(from, |frame| {
        frame.source_mac == mac && frame.advertisement().is_some()
    })
}

/// Whether a frame is an advertisement of `mac` with this priority.
pub fn advertises(frame: &Frame, mac: MacAddress, priority: u8) -> bool {
    frame.source_mac == mac
        && frame
            .advertisement()
            .is_some_and(|Advertisement { priority: p, .. }| p == priority)
}

/// The first advertisement of `node` with `priority` since `from`.
pub fn first_advertisement(
    pair: &Pair,
    mac: MacAddress,
    priority: u8,
    from: Moment,
    limit: Duration,
) -> Frame {
    let awaited = format!("an advertisement of {mac} with priority {priority}");
    pair.capture
        .first(&awaited, from, limit, |frame| {
            advertises(frame, mac, priority)
        })
        .unwrap()
}

/// Priority 0 leaves once: a repeat postpones the takeover.
#[track_caller]
pub fn resigned_once(pair: &Pair, mac: MacAddress, from: Moment) {
    let all = pair.capture.frames(from, |frame| advertises(frame, mac, 0));
    assert_eq!(all.len(), 1, "priority 0 must leave exactly once");
}

/// The same of nodes that may know each other: who hands over has no need of it.
#[track_caller]
pub fn resigned_at_most_once(pair: &Pair, mac: MacAddress, from: Moment) {
    let all = pair.capture.frames(from, |frame| advertises(frame, mac, 0));
    assert!(all.len() <= 1, "priority 0 must not be repeated");
}

/// Whether a frame is an ARP answer for the VIP from `mac`.
pub fn answers_for_vip(frame: &Frame, mac: MacAddress) -> bool {
    frame.source_mac == mac
        && matches!(frame.kind, FrameKind::ArpReply { address, .. } if address == VIP)
}

/// The client's longest silence less the machine's, checked against `limit`.
#[track_caller]
pub fn client_waits_at_most(pair: &Pair, from: Moment, to: Moment, limit: Duration) {
    let gap = pair.probe.net_gap(from, to).unwrap();
    assert!(gap <= limit, "the client waited {gap:?}, not {limit:?}");
}

/// Waits until the second node answers.
#[track_caller]
pub fn served_by(pair: &Pair, node: &Node, from: Moment, limit: Duration) -> Duration {
    let answer = pair
        .probe
        .first_answer_by(node.mac(), from, limit + Duration::from_secs(2))
        .unwrap();
    let took = answer.time.since(from);
    let noise = pair.probe.control_gap(from, answer.time).unwrap();
    assert!(
        took <= limit + noise,
        "{} answers after {took:?}, not {limit:?} (noise {noise:?})",
        node.host.name()
    );
    took
}

/// Middle of the values.
pub fn median(values: &[Duration]) -> Duration {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    *sorted.get(sorted.len() / 2).unwrap()
}
