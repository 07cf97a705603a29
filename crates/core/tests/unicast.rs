//! Advertisements to peers instead of a group (keepalived.conf(5): `unicast_peer`).

#![allow(clippy::unwrap_used)]

mod common;

use std::net::IpAddr;

use common::{Bench, link, router};
use standfast_core::Micros;
use standfast_core::estate::Execution;
use standfast_core::journal::{DropCause, Event, Fault};
use standfast_core::router::State;
use standfast_core::spec::{OldChecksum, RouterSpec, Strangers, Unicast, UnicastPeer};
use standfast_core::wire::ipv4;
use standfast_core::wire::vrrp::{Advertisement, AdvertisementRepr, Priority, Version};

const SECOND: u64 = 1_000_000;
const OWN: &str = "192.0.2.1";
const PEER: &str = "192.0.2.2";
const OTHER_PEER: &str = "198.51.100.7";
const STRANGER: &str = "192.0.2.66";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn unicast(strangers: Strangers) -> RouterSpec {
    let peer = |address, min_ttl| UnicastPeer {
        address: ip(address),
        min_ttl,
        max_ttl: 255,
    };
    RouterSpec {
        unicast: Some(Unicast {
            peers: vec![peer(PEER, 254), peer(OTHER_PEER, 0)],
            ttl: 64,
            strangers,
        }),
        ..router(100)
    }
}

/// An advertisement to our own address.
fn hear(bench: &mut Bench, priority: u8, from: &str, ttl: u8) {
    let spec = bench.router().spec().clone();
    let addresses: Vec<IpAddr> = spec.addresses.iter().map(|held| held.address).collect();
    let repr = AdvertisementRepr {
        vrid: spec.vrid,
        priority: Priority(priority),
        interval: spec.wire_interval(),
        authentication: spec.authentication,
        checksum: spec.checksum,
        addresses: &addresses,
    };
    let mut buffer = [0; 2048];
    let length = repr.emit(ip(from), ip(OWN), &mut buffer).unwrap();
    bench.packet(&buffer[..length], ip(from), ip(OWN), ttl);
}

fn dropped(bench: &Bench, cause: DropCause) -> u64 {
    bench
        .router()
        .counters()
        .dropped
        .get(&cause)
        .copied()
        .unwrap_or(0)
}

#[test]
fn every_peer_gets_each_advertisement_and_nobody_else() {
    for version in [Version::V2, Version::V3] {
        let mut bench = Bench::start(RouterSpec {
            version,
            ..unicast(Strangers::UntilPeerHeard)
        });
        bench.run_until(6 * SECOND);
        assert_eq!(bench.state(), State::Active);
        let destinations: Vec<IpAddr> = bench.sent_to.iter().map(|(to, _)| *to).collect();
        for two in destinations.chunks(2) {
            assert_eq!(two, [ip(PEER), ip(OTHER_PEER)]);
        }
        for (to, bytes) in &bench.sent_to {
            let packet = ipv4::Packet::parse(bytes).unwrap();
            assert_eq!((packet.ttl, IpAddr::V4(packet.source)), (64, ip(OWN)));
            assert_eq!(IpAddr::V4(packet.destination), *to);
            Advertisement::parse(packet.payload, ip(OWN), *to).expect("a right checksum");
        }
    }
}

#[test]
fn a_peer_within_its_limits_is_followed() {
    let mut bench = Bench::start(unicast(Strangers::Ignored));
    for second in 1..8 {
        bench.run_until(second * SECOND);
        hear(&mut bench, 200, PEER, 254);
    }
    assert_eq!(bench.state(), State::Backup);
    assert_eq!(bench.router().counters().received, 7);
}

#[test]
fn a_peer_from_too_far_away_is_not_believed() {
    let mut bench = Bench::start(unicast(Strangers::Ignored));
    hear(&mut bench, 200, PEER, 253);
    hear(&mut bench, 200, OTHER_PEER, 1);
    assert_eq!(dropped(&bench, DropCause::Ttl), 1);
    assert_eq!(bench.router().counters().received, 1);
}

#[test]
fn multicast_to_the_group_is_not_taken() {
    let mut bench = Bench::start(unicast(Strangers::Believed));
    bench.hear(200, PEER);
    assert_eq!(dropped(&bench, DropCause::Destination), 1);
}

#[test]
fn a_stranger_counts_until_a_peer_is_heard() {
    let mut bench = Bench::start(unicast(Strangers::UntilPeerHeard));
    hear(&mut bench, 200, STRANGER, 255);
    hear(&mut bench, 200, STRANGER, 255);
    assert_eq!(bench.router().counters().received, 2);
    let warned = |bench: &Bench| {
        let all = bench.events.iter();
        all.filter(|entry| matches!(entry.event, Event::StrangerBelieved { .. }))
            .count()
    };
    assert_eq!(warned(&bench), 1, "once, not per packet");
    hear(&mut bench, 200, PEER, 255);
    hear(&mut bench, 200, STRANGER, 255);
    assert_eq!(dropped(&bench, DropCause::Stranger), 1);
    assert_eq!(bench.router().counters().received, 3);
}

#[test]
fn check_unicast_src_decides_where_it_is_given() {
    let mut bench = Bench::start(unicast(Strangers::Believed));
    hear(&mut bench, 200, PEER, 255);
    hear(&mut bench, 200, STRANGER, 255);
    assert_eq!(bench.router().counters().received, 2);
    let mut bench = Bench::start(unicast(Strangers::Ignored));
    hear(&mut bench, 200, STRANGER, 255);
    assert_eq!(dropped(&bench, DropCause::Stranger), 1);
}

#[test]
fn without_a_peer_it_is_in_fault() {
    let none = Unicast {
        peers: Vec::new(),
        ttl: 255,
        strangers: Strangers::UntilPeerHeard,
    };
    let mut bench = Bench::start(RouterSpec {
        unicast: Some(none),
        ..router(100)
    });
    bench.run_until(10 * SECOND);
    assert_eq!(bench.state(), State::Fault);
    assert_eq!(bench.router().faults().next(), Some(&Fault::NoPeer));
    assert_eq!(bench.sent_to, vec![]);
}

#[test]
fn a_last_will_has_a_packet_for_each_peer() {
    let mut bench = Bench::start(unicast(Strangers::UntilPeerHeard));
    bench.run_until(6 * SECOND);
    let estates = bench.node.estates();
    let estate = &estates[0];
    assert_eq!(estate.listens_at, ip(OWN));
    let to: Vec<IpAddr> = estate
        .resignations
        .iter()
        .map(|bytes| IpAddr::V4(ipv4::Packet::parse(bytes).unwrap().destination))
        .collect();
    assert_eq!(to, [ip(PEER), ip(OTHER_PEER)]);
    assert!(estate.bound > Micros::ZERO);
}

#[test]
fn only_a_peer_succeeds_a_dead_worker() {
    let mut bench = Bench::start(unicast(Strangers::UntilPeerHeard));
    bench.run_until(6 * SECOND);
    let estate = bench.node.estates().remove(0);
    let succeeds = |from: &str| {
        let mut execution = Execution::begin(estate.clone(), bench.now);
        let repr = AdvertisementRepr {
            vrid: estate.vrid,
            priority: Priority(90),
            interval: estate.interval,
            authentication: estate.authentication,
            checksum: bench.router().spec().checksum,
            addresses: &[common::vip()],
        };
        let mut buffer = [0; 2048];
        let length = repr.emit(ip(from), ip(OWN), &mut buffer).unwrap();
        execution.heard(bench.now, ip(from), ip(OWN), 64, &buffer[..length]);
        execution.succeeded()
    };
    assert!(succeeds(PEER));
    assert!(!succeeds(STRANGER));
}

/// A version 3 advertisement of a peer whose checksum covers `destination`.
fn hear_checksum_for(bench: &mut Bench, priority: u8, destination: &str) {
    let spec = bench.router().spec().clone();
    let addresses: Vec<IpAddr> = spec.addresses.iter().map(|held| held.address).collect();
    let repr = AdvertisementRepr {
        vrid: spec.vrid,
        priority: Priority(priority),
        interval: spec.wire_interval(),
        authentication: spec.authentication,
        checksum: spec.checksum,
        addresses: &addresses,
    };
    let mut buffer = [0; 2048];
    let length = repr.emit(ip(PEER), ip(destination), &mut buffer).unwrap();
    bench.packet(buffer.get(..length).unwrap(), ip(PEER), ip(OWN), 255);
}

/// Which destination the checksum of our last advertisement to each peer covers.
fn checksums(bench: &Bench) -> Vec<IpAddr> {
    let last = bench.sent_to.len() - 2;
    let covers = |(to, packet): &(IpAddr, Vec<u8>)| {
        let message = packet.get(ipv4::HEADER_LENGTH..).unwrap();
        let right =
            |destination: &IpAddr| Advertisement::parse(message, ip(OWN), *destination).is_ok();
        [*to, ip("224.0.0.18")].into_iter().find(right).unwrap()
    };
    bench
        .sent_to
        .get(last..)
        .unwrap()
        .iter()
        .map(covers)
        .collect()
}

#[test]
fn a_peer_with_old_checksums_is_answered_in_kind() {
    let version_3 = |old_checksum| RouterSpec {
        version: Version::V3,
        authentication: standfast_core::wire::vrrp::Authentication::None,
        old_checksum,
        ..unicast(Strangers::Believed)
    };
    let (right, old) = (vec![ip(PEER), ip(OTHER_PEER)], ip("224.0.0.18"));
    let mut bench = Bench::start(version_3(OldChecksum::Detect));
    bench.run_until(5 * SECOND);
    assert_eq!(checksums(&bench), right);
    hear_checksum_for(&mut bench, 50, "224.0.0.18");
    bench.run_until(7 * SECOND);
    assert_eq!(checksums(&bench), [old, ip(OTHER_PEER)]);
    hear_checksum_for(&mut bench, 50, OWN);
    bench.run_until(9 * SECOND);
    assert_eq!(checksums(&bench), right);

    let mut bench = Bench::start(version_3(OldChecksum::Always));
    bench.run_until(5 * SECOND);
    assert_eq!(checksums(&bench), [old, old]);

    let mut bench = Bench::start(version_3(OldChecksum::Never));
    bench.run_until(5 * SECOND);
    hear_checksum_for(&mut bench, 200, "224.0.0.18");
    assert_eq!(bench.state(), State::Active);
    assert_eq!(
        bench.router().counters().dropped.get(&DropCause::Checksum),
        Some(&1)
    );
    assert_eq!(checksums(&bench), right);
}

#[test]
fn after_a_fault_peers_are_told_where_advertisements_come_from() {
    let own_told = |spec: RouterSpec, priority: u8| {
        let mut bench = Bench::start(RouterSpec {
            priority: Priority(priority),
            ..spec
        });
        assert!(bench.announced.iter().all(|told| !told.contains(&ip(OWN))));
        bench.run_until(5 * SECOND);
        bench.give(link(false));
        assert_eq!(bench.state(), State::Fault);
        let before = bench.announced.len();
        bench.give(link(true));
        let told = bench.announced.split_off(before);
        told.iter().filter(|told| **told == [ip(OWN)]).count()
    };
    assert_eq!(own_told(unicast(Strangers::UntilPeerHeard), 100), 1);
    assert_eq!(own_told(unicast(Strangers::UntilPeerHeard), 255), 1);
    assert_eq!(
        own_told(router(100), 100),
        0,
        "by multicast nobody needs it"
    );
}
