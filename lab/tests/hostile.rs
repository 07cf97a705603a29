//! Floods that must not matter: 20,000 packets a second of every kind of nonsense, and of some sense.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test"
)]

mod support;

use std::net::Ipv4Addr;
use std::time::Duration;

use standfast_lab::{Forgery, Injector, MacAddress, Moment, Pair, VIP};
use support::{
    FIRST_PRIORITY, SECOND_PRIORITY, SMOOTH, advertisements, pair_with, replaced,
    short_configuration, standfast, start, telling, tutorial_pair, worker_pid,
};

const INTERVAL: Duration = Duration::from_secs(1);
/// A neighbour's mistake in a loop, not what a wire can carry.
const RATE: u32 = 20_000;
const DURATION: Duration = Duration::from_secs(1);
/// An advertisement may be late by this, and by what the machine adds.
const LATE: Duration = Duration::from_millis(5);
/// Log lines that a flood of one kind may cost.
const LINES: usize = 20;
/// Advertisements and announcements that a flood of one kind may provoke, in 2.3 s: five answers at once and ten a
/// second, and five announcements for each of four at once and two a second, and the ordinary ones.
const REACTIONS: usize = 90;
/// Growth of the worker's memory: a journal that fills.
const GROWTH_KIB: u64 = 512;

/// Takes the address if anybody believes it.
fn tempting() -> Forgery {
    Forgery {
        source_mac: MacAddress([2, 0, 0, 0, 0, 0x66]),
        source: Ipv4Addr::new(192, 168, 1, 66),
        ttl: 255,
        vrid: 51,
        priority: 250,
        interval_s: 1,
        addresses: vec![VIP],
        password: Some(*b"1111\0\0\0\0"),
        checksum_error: 0,
    }
}

/// The offset of the VRRP message in a forged frame.
const VRRP_AT: usize = 34;

/// Floods for version 2, with a name each.
fn floods() -> Vec<(&'static str, Vec<u8>)> {
    let frame = |change: fn(&mut Forgery)| {
        let mut forgery = tempting();
        change(&mut forgery);
        forgery.to_frame()
    };
    let patched = |at: usize, byte: u8| {
        let mut frame = tempting().to_frame();
        *frame.get_mut(VRRP_AT + at).unwrap() = byte;
        frame
    };
    let mut short = tempting().to_frame();
    short.truncate(VRRP_AT + 5);
    vec![
        ("bad checksum", frame(|f| f.checksum_error = 1)),
        ("wrong TTL", frame(|f| f.ttl = 254)),
        (
            "wrong password",
            frame(|f| f.password = Some(*b"2222\0\0\0\0")),
        ),
        ("no password", frame(|f| f.password = None)),
        ("wrong interval", frame(|f| f.interval_s = 2)),
        ("unknown VRID", frame(|f| f.vrid = 52)),
        ("wrong version", patched(0, 0x41)),
        ("wrong type", patched(0, 0x22)),
        ("more addresses than bytes", patched(3, 200)),
        ("cut short", short),
        ("priority 1", frame(|f| f.priority = 1)),
        ("priority 0", frame(|f| f.priority = 0)),
    ]
}

/// A claim of the VIP by another MAC address, as request and as reply.
fn arp_claims() -> Vec<Vec<u8>> {
    let mac = [2, 0, 0, 0, 0, 0x66];
    [1_u8, 2]
        .map(|operation| {
            // Only the two nodes shall see it: the client would believe it.
            let mut frame = vec![2, 0, 0, 0, 0, 1];
            frame.extend(mac);
            frame.extend([0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, operation]);
            frame.extend(mac);
            frame.extend(VIP.octets());
            frame.extend([0xff; 6]);
            frame.extend(VIP.octets());
            frame
        })
        .to_vec()
}

/// VRRP messages of pseudo-random bytes.
fn random_frames() -> Vec<Vec<u8>> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()
    };
    let head = tempting().to_frame();
    (0..64)
        .map(|_| {
            let mut frame = head.clone();
            let body: Vec<u8> = (0..4).flat_map(|_| random()).collect();
            let rest = frame.get_mut(VRRP_AT..).unwrap();
            rest.iter_mut()
                .zip(body)
                .for_each(|(byte, new)| *byte = new);
            frame
        })
        .collect()
}

/// Version 3 with an interval of 0, in place of the version 2 message; the checksum is right.
fn zero_interval() -> Vec<u8> {
    let source = Ipv4Addr::new(192, 168, 1, 66);
    let mut vrrp = vec![0x31, 51, 250, 1, 0, 0, 0, 0];
    vrrp.extend(VIP.octets());
    let mut pseudo = source.octets().to_vec();
    pseudo.extend([224, 0, 0, 18, 0, 112, 0, 12]);
    pseudo.extend(&vrrp);
    let sum = pseudo
        .chunks(2)
        .map(|two| u32::from(two[0]) * 256 + u32::from(two[1]))
        .sum::<u32>();
    let folded = (sum & 0xffff) + (sum >> 16);
    let [_, _, high, low] = (!folded).to_be_bytes();
    vrrp[6] = high;
    vrrp[7] = low;
    let forgery = Forgery {
        password: None,
        ..tempting()
    };
    let mut frame = forgery.to_frame();
    frame.truncate(VRRP_AT);
    frame.extend(vrrp);
    frame
}

#[test]
fn floods_of_wrong_and_of_worse_advertisements_change_nothing() {
    let mut pair = tutorial_pair([standfast(), standfast()]);
    telling(&mut pair, |pair| {
        start(pair);
        let floods = floods()
            .into_iter()
            .map(|(name, frame)| (name, vec![frame]));
        let floods: Vec<_> = floods.chain([("random bytes", random_frames())]).collect();
        withstand(pair, &floods);
    });
}

#[test]
fn floods_of_arp_claims_change_nothing() {
    let mut pair = tutorial_pair([standfast(), standfast()]);
    telling(&mut pair, |pair| {
        start(pair);
        withstand(pair, &[("ARP claims", arp_claims())]);
    });
}

#[test]
fn a_version_3_interval_of_zero_changes_nothing() {
    let configurations = [FIRST_PRIORITY, SECOND_PRIORITY].map(|priority| {
        let slow = short_configuration(INTERVAL, priority);
        replaced(
            &slow,
            (
                "virtual_router_id",
                "garp_master_delay 1\n    virtual_router_id",
            ),
        )
    });
    let mut pair = pair_with([standfast(), standfast()], configurations);
    telling(&mut pair, |pair| {
        start(pair);
        withstand(pair, &[("interval 0", vec![zero_interval()])]);
    });
}

/// One flood after the other; all are tried before the first complaint.
fn withstand(pair: &Pair, floods: &[(&str, Vec<Vec<u8>>)]) {
    // The announcements of the start are not the floods' doing.
    std::thread::sleep(Duration::from_millis(5200));
    let mut complaints = Vec::new();
    let before = resident_kib(pair);
    for (name, frames) in floods {
        complaints.extend(flood(pair, name, frames));
    }
    let grown = resident_kib(pair).saturating_sub(before);
    println!("the worker's memory has grown by {grown} KiB");
    if grown > GROWTH_KIB {
        complaints.push(format!("memory: {grown} KiB more"));
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

fn flood(pair: &Pair, name: &str, frames: &[Vec<u8>]) -> Vec<String> {
    let lines = |pair: &Pair| [&pair.first, &pair.second].map(|node| node.log().lines().count());
    let lines_before = lines(pair);
    let mac = pair.first.mac();
    let begin = Moment::now();
    let sent = Injector::start(&pair.client, frames, RATE, DURATION)
        .unwrap()
        .finish()
        .unwrap();
    // Two more intervals show the advertisement after the flood, and what it left planned.
    std::thread::sleep(INTERVAL + Duration::from_millis(300));
    let end = Moment::now();
    let noise = pair.probe.control_gap(begin, end).unwrap();
    let gap = pair.probe.net_gap(begin, end).unwrap();
    let adverts = advertisements(&pair.capture, mac, begin - INTERVAL - LATE);
    let late = adverts
        .windows(2)
        .map(|two| two[1].time.since(two[0].time).saturating_sub(INTERVAL))
        .max()
        .unwrap_or(INTERVAL);
    let others = pair.capture.frames(begin, |frame| {
        frame.source_mac == mac && (frame.advertisement().is_some() || frame.announces(VIP))
    });
    let written = lines(pair);
    let written = written[0] + written[1] - lines_before[0] - lines_before[1];
    println!(
        "{name}: {sent} packets, an advertisement {late:?} late, the client waited {gap:?} (noise {noise:?}), \
         {written} lines, {} reactions",
        others.len()
    );
    let checks = [
        (late <= LATE + noise, "late"),
        (gap <= SMOOTH, "client"),
        (written < LINES, "lines"),
        (others.len() <= REACTIONS, "reactions"),
        (pair.first.host.holds(VIP).unwrap(), "address lost"),
        (!pair.second.host.holds(VIP).unwrap(), "address taken"),
    ];
    let broken = checks.into_iter().filter(|(kept, _)| !kept);
    broken.map(|(_, what)| format!("{name}: {what}")).collect()
}

fn resident_kib(pair: &Pair) -> u64 {
    let worker = worker_pid(&pair.first.host);
    let status = pair
        .first
        .host
        .read_file(&format!("/proc/{worker}/status"))
        .unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
