//! Authentication headers and signed advertisements: who is believed, what is counted, which numbers
//! are used, how keys change, and what is left to say after a death.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::IpAddr;

use common::{Bench, ETH0, router};
use serde_json::Value;
use standfast_core::authentication::{AntiReplay, Hmac, HmacMode};
use standfast_core::estate::Execution;
use standfast_core::journal::DropCause;
use standfast_core::router::State;
use standfast_core::spec::{RouterSpec, Strangers, Unicast, UnicastPeer, VirtualAddress};
use standfast_core::wire::trailer::{self, Sequence};
use standfast_core::wire::vrrp::{Advertisement, Authentication, Priority, Version, Vrid};
use standfast_core::wire::{ah, ipv4};
use standfast_core::{Input, Micros};

const SECOND: u64 = 1_000_000;
/// What the wall clock shows when the bench begins.
const EPOCH: u64 = 1_800_000_000 * SECOND;
const WINDOW: Micros = Micros::from_secs(5);

fn ah_router(priority: u8) -> RouterSpec {
    RouterSpec {
        authentication: Authentication::None,
        header_key: Some(ah::Key::new(*b"secret\0\0")),
        ..router(priority)
    }
}

fn key(id: u8) -> trailer::Key {
    trailer::Key::new(id, &[id; 32]).unwrap()
}

fn hmac(keys: &[u8], active: u8, mode: HmacMode) -> Hmac {
    Hmac {
        keys: keys.iter().map(|id| key(*id)).collect(),
        active,
        mode,
        anti_replay: AntiReplay::Time(WINDOW),
    }
}

fn signing(priority: u8, hmac: Hmac) -> RouterSpec {
    RouterSpec {
        authentication: Authentication::None,
        hmac: Some(hmac),
        ..router(priority)
    }
}

/// A node with that router and a wall clock.
fn bench(own: &str, spec: RouterSpec) -> Bench {
    let mut bench = Bench::new(own);
    show(&mut bench, EPOCH);
    bench.configure(vec![spec]);
    bench
}

fn show(bench: &mut Bench, micros: u64) {
    bench.give(Input::WallClock(Micros(micros)));
}

/// The packets that one node has sent, to another one.
fn hand_over(from: &mut Bench, to: &mut Bench) -> usize {
    let packets = std::mem::take(&mut from.sent_to);
    for (_, bytes) in &packets {
        hear(to, bytes);
    }
    packets.len()
}

fn hear(bench: &mut Bench, bytes: &[u8]) {
    let packet = ipv4::Packet::parse(bytes).unwrap();
    if packet.protocol == ipv4::PROTOCOL_AH {
        bench.give(Input::Sealed {
            interface: ETH0,
            packet: bytes,
        });
        return;
    }
    let (source, destination) = (packet.source.into(), packet.destination.into());
    bench.packet(packet.payload, source, destination, packet.ttl);
}

fn dropped(bench: &Bench) -> Vec<(DropCause, u64)> {
    let counters = &bench.router().counters().dropped;
    counters
        .iter()
        .map(|(cause, times)| (*cause, *times))
        .collect()
}

/// A master and a backup that has heard nothing yet, at the moment of the first advertisement.
fn pair(master: RouterSpec, backup: RouterSpec) -> (Bench, Bench) {
    let mut active = bench("192.0.2.2", master);
    active.run_until(4 * SECOND);
    assert_eq!(active.state(), State::Active);
    active.sent_to.clear();
    let mut other = bench("192.0.2.1", backup);
    other.run_until(SECOND);
    (active, other)
}

fn vectors() -> Vec<Value> {
    let text = include_str!("../../wire/tests/vectors/vrrp.json");
    serde_json::from_str(text).unwrap()
}

/// A router as the vector's context has it, which is given the vector's packet.
fn feed(name: &str) -> Bench {
    let vector = vectors().into_iter().find(|v| v["name"] == name).unwrap();
    let context = &vector["context"];
    let version = match context["version"].as_u64() {
        Some(2) => Version::V2,
        _ => Version::V3,
    };
    let signed = Hmac {
        keys: vec![trailer::Key::new(1, &(0..32).collect::<Vec<u8>>()).unwrap()],
        anti_replay: AntiReplay::Monotonic,
        ..hmac(&[], 1, HmacMode::Enforce)
    };
    let spec = RouterSpec {
        vrid: Vrid::new(u8::try_from(context["vrid"].as_u64().unwrap()).unwrap()).unwrap(),
        version,
        hmac: (context["auth"]["type"] == "hmac").then_some(signed),
        header_key: (context["auth"]["type"] == "ah").then(|| ah::Key::new(*b"secret\0\0")),
        ..RouterSpec {
            authentication: Authentication::None,
            ..router(50)
        }
    };
    let mut bench = bench("192.0.2.1", spec);
    bench.run_until(SECOND);
    let hex = vector["bytes_hex"].as_str().unwrap();
    let bytes: Vec<u8> = (0..hex.len() / 2)
        .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    hear(&mut bench, &bytes[14..]);
    bench
}

#[test]
fn vectors_are_taken_or_counted_as_in_keepalived() {
    for name in ["v2-ah-keepalived", "v2-ah-rfc2402", "v3-ipv4-hmac"] {
        let bench = feed(name);
        assert_eq!(bench.router().counters().received, 1, "{name}");
        assert_eq!(dropped(&bench), [], "{name}");
    }
    for (name, cause) in [
        ("v2-ah-no-ah-header", DropCause::AuthenticationType),
        ("v2-ah-bad-icv", DropCause::Authentication),
        ("v2-ah-wrong-key", DropCause::Authentication),
        ("v2-ah-spi-mismatch", DropCause::Authentication),
        ("v2-ah-seq0", DropCause::HeaderReplay),
        ("v2-ah-auth0", DropCause::AuthenticationType),
        ("v2-ah-to-none", DropCause::AuthenticationType),
        ("v3-hmac-missing", DropCause::TrailerMissing),
        ("v3-hmac-bad", DropCause::TrailerHmac),
        ("v3-hmac-unknown-key", DropCause::TrailerKey),
        ("v3-hmac-type2", DropCause::TrailerMalformed),
        ("v3-hmac-source-moved", DropCause::TrailerHmac),
        ("v3-hmac-truncated", DropCause::Length),
        ("v3-ipv4-hmac-to-none", DropCause::Length),
    ] {
        let bench = feed(name);
        assert_eq!(bench.router().counters().received, 0, "{name}");
        assert_eq!(dropped(&bench), [(cause, 1)], "{name}");
        let down = bench.node.next_wakeup().unwrap().0;
        assert_eq!(down.0, 3_804_687, "{name} touches no timer");
    }
    // Something else than VRRP in the header is not ours to count.
    assert_eq!(dropped(&feed("v2-ah-nexthdr")), []);
}

#[test]
fn a_header_counts_once_and_from_its_own_sender() {
    let (mut active, mut backup) = pair(ah_router(200), ah_router(100));
    active.run_until(6 * SECOND);
    let packets = active.sent_to.clone();
    assert_eq!(hand_over(&mut active, &mut backup), 2);
    assert_eq!(backup.router().counters().received, 2);
    // The same again, and the older one.
    for (_, bytes) in packets.iter().rev() {
        hear(&mut backup, bytes);
    }
    assert_eq!(dropped(&backup), [(DropCause::HeaderReplay, 2)]);
    // A third node's numbers are its own.
    let mut third = bench("192.0.2.3", ah_router(150));
    third.run_until(5 * SECOND);
    hand_over(&mut third, &mut backup);
    assert_eq!(dropped(&backup), [(DropCause::HeaderReplay, 2)]);
    assert_eq!(backup.state(), State::Backup);
}

#[test]
fn another_key_is_refused_and_counted() {
    let other = RouterSpec {
        header_key: Some(ah::Key::new(*b"geheim\0\0")),
        ..ah_router(200)
    };
    let (mut active, mut backup) = pair(other, ah_router(100));
    active.run_until(5 * SECOND);
    hand_over(&mut active, &mut backup);
    assert_eq!(dropped(&backup), [(DropCause::Authentication, 1)]);
    backup.run_until(5 * SECOND);
    assert_eq!(backup.state(), State::Active);
}

fn header_number(bytes: &[u8]) -> u32 {
    ah::Packet::parse(bytes).unwrap().sequence
}

#[test]
fn header_numbers_rise_above_all_that_were_heard_and_with_the_clock() {
    let mut active = bench("192.0.2.2", ah_router(200));
    active.run_until(6 * SECOND);
    let numbers: Vec<u32> = active
        .sent_to
        .iter()
        .map(|(_, b)| header_number(b))
        .collect();
    assert!(
        numbers.windows(2).all(|pair| pair[0] < pair[1]),
        "{numbers:?}"
    );
    assert!(numbers[0] >= 1_800_000_000);
    // keepalived keeps one number for all senders: ours goes on from a neighbour's.
    let (_, last) = active.sent_to.last().unwrap().clone();
    let mut neighbour = last;
    neighbour[12..16].copy_from_slice(&[192, 0, 2, 9]);
    neighbour[44 + 2] = 100;
    refresh_checksums(&mut neighbour);
    ah::seal(&mut neighbour, 4_000_000_000, &ah::Key::new(*b"secret\0\0")).unwrap();
    active.sent_to.clear();
    hear(&mut active, &neighbour);
    assert_eq!(
        active.router().counters().received,
        1,
        "{:?}",
        dropped(&active)
    );
    assert_eq!(header_number(&active.sent_to[0].1), 4_000_000_001);
}

/// Of an IPv4 header and the version 2 message 44 bytes in.
fn refresh_checksums(packet: &mut [u8]) {
    for (start, end, at) in [(0, 20, 10), (44, packet.len(), 50)] {
        packet[at..at + 2].fill(0);
        let sum = standfast_core::wire::internet_checksum(&packet[start..end]);
        packet[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
}

#[test]
fn each_mode_believes_and_signs_what_it_says() {
    use HmacMode::{Enforce, Permissive, ReceiveOnly};
    let unsigned = RouterSpec {
        authentication: Authentication::None,
        ..router(200)
    };
    let wrong = Hmac {
        keys: vec![trailer::Key::new(1, &[9; 32]).unwrap()],
        ..hmac(&[], 1, Enforce)
    };
    for (mode, takes_unsigned, signs) in [
        (Enforce, false, true),
        (Permissive, true, true),
        (ReceiveOnly, true, false),
    ] {
        let ours = signing(100, hmac(&[1], 1, mode));
        for (theirs, taken) in [
            (unsigned.clone(), takes_unsigned),
            (signing(200, hmac(&[1], 1, Enforce)), true),
            (signing(200, hmac(&[2], 2, Enforce)), false),
            (signing(200, wrong.clone()), false),
        ] {
            let (mut active, mut backup) = pair(theirs, ours.clone());
            active.run_until(5 * SECOND);
            assert_eq!(hand_over(&mut active, &mut backup), 1);
            let received = backup.router().counters().received;
            assert_eq!(received == 1, taken, "{mode:?}: {:?}", dropped(&backup));
        }
        let mut sender = bench("192.0.2.2", ours);
        sender.run_until(5 * SECOND);
        let payload = ipv4::Packet::parse(&sender.sent_to[0].1).unwrap().payload;
        assert_eq!(payload.len(), if signs { 20 + 28 } else { 20 }, "{mode:?}");
    }
}

#[test]
fn a_signed_packet_counts_once_and_only_near_its_time() {
    for (anti_replay, late) in [
        (AntiReplay::Time(WINDOW), DropCause::TrailerStale),
        (AntiReplay::Monotonic, DropCause::TrailerReplay),
    ] {
        let hmac = Hmac {
            anti_replay,
            ..hmac(&[1], 1, HmacMode::Enforce)
        };
        let (mut active, mut backup) = pair(signing(200, hmac.clone()), signing(100, hmac));
        active.run_until(5 * SECOND);
        backup.pause_until(5 * SECOND);
        let packets = active.sent_to.clone();
        hand_over(&mut active, &mut backup);
        assert_eq!(backup.router().counters().received, 1);
        hear(&mut backup, &packets[0].1);
        assert_eq!(dropped(&backup), [(DropCause::TrailerReplay, 1)]);
        backup.pause_until(11 * SECOND);
        hear(&mut backup, &packets[0].1);
        let times = backup.router().counters().dropped[&late];
        assert_eq!(
            times,
            if late == DropCause::TrailerReplay {
                2
            } else {
                1
            }
        );
    }
}

#[test]
fn a_clock_that_steps_makes_nobody_master() {
    let spec = |priority| signing(priority, hmac(&[1], 1, HmacMode::Enforce));
    let (mut active, mut backup) = pair(spec(200), spec(100));
    for second in 5..60 {
        active.run_until(second * SECOND);
        backup.run_until(second * SECOND);
        if second == 20 {
            show(&mut backup, EPOCH + 86_400 * SECOND);
        }
        if second == 40 {
            // Back to where it was, and a little before.
            show(&mut backup, EPOCH + 30 * SECOND);
        }
        hand_over(&mut active, &mut backup);
        assert_eq!(
            backup.state(),
            State::Backup,
            "{second} s: {:?}",
            dropped(&backup)
        );
    }
    assert_eq!(dropped(&backup), []);
}

#[test]
fn signed_numbers_rise_also_where_the_clock_falls_back() {
    let monotonic = Hmac {
        anti_replay: AntiReplay::Monotonic,
        ..hmac(&[1], 1, HmacMode::Enforce)
    };
    let (mut active, mut backup) = pair(signing(200, monotonic.clone()), signing(100, monotonic));
    for second in 5..20 {
        active.run_until(second * SECOND);
        if second == 10 {
            show(&mut active, EPOCH - 3_600 * SECOND);
        }
        backup.run_until(second * SECOND);
        assert_eq!(hand_over(&mut active, &mut backup), 1);
    }
    assert_eq!(dropped(&backup), []);
    assert_eq!(backup.router().counters().received, 15);
}

#[test]
fn keys_rotate_by_reloads_without_a_lost_advertisement() {
    use HmacMode::{Enforce, Permissive, ReceiveOnly};
    let unsigned = |priority| RouterSpec {
        authentication: Authentication::None,
        ..router(priority)
    };
    let stage = |keys: &'static [u8], active, mode| {
        move |priority| signing(priority, hmac(keys, active, mode))
    };
    // The first of the pair is always a stage ahead.
    let stages: Vec<Box<dyn Fn(u8) -> RouterSpec>> = vec![
        Box::new(unsigned),
        Box::new(stage(&[1], 1, ReceiveOnly)),
        Box::new(stage(&[1], 1, Permissive)),
        Box::new(stage(&[1], 1, Enforce)),
        Box::new(stage(&[1, 2], 1, Enforce)),
        Box::new(stage(&[1, 2], 2, Enforce)),
        Box::new(stage(&[2], 2, Enforce)),
    ];
    for active_first in [true, false] {
        let (mut active, mut backup) = pair(unsigned(200), unsigned(100));
        let mut now = 5;
        let mut sent = 0;
        for stage in &stages[1..] {
            for turn in [active_first, !active_first] {
                if turn {
                    active.configure(vec![stage(200)]);
                } else {
                    backup.configure(vec![stage(100)]);
                }
                for _ in 0..2 {
                    now += 1;
                    active.run_until(now * SECOND);
                    backup.run_until(now * SECOND);
                    sent += hand_over(&mut active, &mut backup);
                    assert_eq!(backup.state(), State::Backup);
                    assert_eq!(active.state(), State::Active);
                }
            }
        }
        assert_eq!(dropped(&backup), []);
        assert_eq!(
            backup.router().counters().received,
            u64::try_from(sent).unwrap()
        );
    }
}

#[test]
fn a_last_will_has_a_number_that_still_counts() {
    let specs: [fn(u8) -> RouterSpec; 2] = [ah_router, |priority| {
        signing(priority, hmac(&[1], 1, HmacMode::Enforce))
    }];
    for spec in specs {
        for steps_back in [false, true] {
            let (mut active, mut backup) = pair(spec(200), spec(100));
            if steps_back {
                show(&mut active, EPOCH + 3 * SECOND);
            }
            active.run_until(5 * SECOND);
            backup.run_until(5 * SECOND);
            hand_over(&mut active, &mut backup);
            let estate = active.node.estates().remove(0);
            let floor = active.router().sequence_floor();
            // The worker goes on for a while, and tells of nothing new.
            for second in 6..25 {
                active.run_until(second * SECOND);
                backup.run_until(second * SECOND);
                hand_over(&mut active, &mut backup);
            }
            let told_again = active.router().sequence_floor() != floor;
            let estate = if told_again {
                active.node.estates().remove(0)
            } else {
                estate
            };
            assert_eq!(dropped(&backup), []);
            for packet in estate.resign(active.now) {
                hear(&mut backup, &packet);
            }
            assert_eq!(dropped(&backup), [], "steps back: {steps_back}");
            assert_eq!(backup.router().counters().resigns_received, 1);
        }
    }
}

#[test]
fn only_an_authentic_successor_ends_a_last_will() {
    let specs: [fn(u8) -> RouterSpec; 2] = [ah_router, |priority| {
        signing(priority, hmac(&[1], 1, HmacMode::Enforce))
    }];
    for spec in specs {
        let (mut active, _) = pair(spec(200), spec(100));
        active.run_until(5 * SECOND);
        let estate = active.node.estates().remove(0);
        let mut successor = bench("192.0.2.1", spec(100));
        successor.run_until(5 * SECOND);
        let (_, good) = successor.sent_to.last().unwrap().clone();
        let heard = |bytes: &[u8]| {
            let mut execution = Execution::begin(estate.clone(), active.now);
            let packet = ipv4::Packet::parse(bytes).unwrap();
            let (from, to) = (packet.source.into(), packet.destination.into());
            if packet.protocol == ipv4::PROTOCOL_AH {
                execution.heard_sealed(active.now, bytes);
            } else {
                execution.heard(active.now, from, to, packet.ttl, packet.payload);
            }
            execution.succeeded()
        };
        assert!(heard(&good));
        let mut forged = good.clone();
        *forged.last_mut().unwrap() ^= 1;
        assert!(!heard(&forged));
        let mut plain = bench(
            "192.0.2.1",
            RouterSpec {
                authentication: Authentication::None,
                ..router(100)
            },
        );
        plain.run_until(5 * SECOND);
        assert!(!heard(&plain.sent_to.last().unwrap().1));
    }
}

#[test]
fn unicast_is_sealed_and_signed_for_each_peer() {
    let peers = |addresses: [&str; 2]| Unicast {
        peers: addresses
            .iter()
            .map(|address| UnicastPeer {
                address: address.parse().unwrap(),
                min_ttl: 0,
                max_ttl: 255,
            })
            .collect(),
        ttl: 255,
        strangers: Strangers::Ignored,
    };
    let specs: [fn(u8) -> RouterSpec; 3] = [
        ah_router,
        |priority| signing(priority, hmac(&[1], 1, HmacMode::Enforce)),
        |priority| RouterSpec {
            version: Version::V3,
            ..signing(priority, hmac(&[1], 1, HmacMode::Enforce))
        },
    ];
    for spec in specs {
        let active = RouterSpec {
            unicast: Some(peers(["192.0.2.1", "192.0.2.3"])),
            ..spec(200)
        };
        let backup = RouterSpec {
            unicast: Some(peers(["192.0.2.2", "192.0.2.3"])),
            ..spec(100)
        };
        let (mut active, mut backup) = pair(active, backup);
        active.run_until(6 * SECOND);
        let packets = std::mem::take(&mut active.sent_to);
        assert_eq!(packets.len(), 4);
        let own: IpAddr = "192.0.2.1".parse().unwrap();
        for (_, bytes) in packets.iter().filter(|(to, _)| *to == own) {
            // On the way a router has counted the TTL down.
            let mut bytes = bytes.clone();
            bytes[8] = 64;
            bytes[10..12].fill(0);
            let sum = standfast_core::wire::internet_checksum(&bytes[..20]);
            bytes[10..12].copy_from_slice(&sum.to_be_bytes());
            hear(&mut backup, &bytes);
        }
        assert_eq!(dropped(&backup), []);
        assert_eq!(backup.router().counters().received, 2);
    }
}

#[test]
fn advertisements_of_ipv6_are_signed_as_well() {
    let spec = RouterSpec {
        version: Version::V3,
        group: "ff02::12".parse().unwrap(),
        source: Some("fe80::1".parse().unwrap()),
        addresses: vec![VirtualAddress::plain("fe80::100".parse().unwrap(), 64)],
        ..signing(100, hmac(&[1], 1, HmacMode::Enforce))
    };
    let mut bench = Bench::new("fe80::1");
    show(&mut bench, EPOCH);
    bench.configure(vec![spec]);
    bench.run_until(5 * SECOND);
    let id = bench.router().id();
    let mut buffer = [0; 8192];
    let length = bench
        .node
        .encode_message(id, Priority(100), &mut buffer)
        .unwrap();
    let (source, group): (IpAddr, IpAddr) =
        ("fe80::1".parse().unwrap(), "ff02::12".parse().unwrap());
    let (_, signed) = Advertisement::parse_signed(&buffer[..length], source, group).unwrap();
    let signed = signed.unwrap();
    assert!(signed.is_authentic(source, &key(1)));
    assert!(signed.sequence.is_after(Sequence::at(EPOCH)));
    // The last will is signed anew, with a later number, and its checksum covers the trailer.
    bench.run_until(8 * SECOND);
    let estate = bench.node.estates().remove(0);
    bench.pause_until(9 * SECOND);
    let packet = estate.resign(bench.now).remove(0);
    let (read, again) = Advertisement::parse_signed(&packet[40..], source, group).unwrap();
    let again = again.unwrap();
    assert_eq!(read.priority, Priority::RESIGN);
    assert!(again.is_authentic(source, &key(1)));
    assert!(again.sequence.is_after(Sequence::at(EPOCH + 8 * SECOND)));
}

#[test]
fn no_key_is_ever_printed() {
    let spec = signing(100, hmac(&[65], 65, HmacMode::Enforce));
    let spec = RouterSpec {
        header_key: Some(ah::Key::new(*b"BBBBBBBB")),
        ..spec
    };
    let text = format!("{spec:?}");
    assert!(text.contains("********"));
    assert!(!text.contains("65, 65") && !text.contains("66, 66") && !text.contains("AA"));
}
