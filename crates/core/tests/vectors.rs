//! The 144 VRRP vectors against a router that is configured as each vector says: what is valid is
//! taken, what is not is counted under its cause and touches nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::IpAddr;

use common::{Bench, centiseconds, router};
use serde_json::Value;
use standfast_core::journal::DropCause;
use standfast_core::spec::{RouterSpec, VirtualAddress};
use standfast_core::wire::ipv4;
use standfast_core::wire::vrrp::{Authentication, Priority, Version, Vrid};

fn vectors() -> Vec<Value> {
    let text = include_str!("../../wire/tests/vectors/vrrp.json");
    serde_json::from_str(text).unwrap()
}

/// Vectors of features that this release does not have: unicast, AH, HMAC, IPv6 sockets.
fn is_out_of_scope(vector: &Value) -> bool {
    let context = &vector["context"];
    let name = vector["name"].as_str().unwrap();
    context["af"] != "ipv4"
        || !context["unicast_peer"].is_null()
        || context["auth"]["type"] == "ah"
        || context["auth"]["type"] == "hmac"
        || name.contains("hmac")
        || name.contains("unicast") && name != "v2-unicast-to-multicast-instance"
        || name.contains("v2-ah")
        || name == "v2-over-ipv6"
        // One policy for both checksum forms: either is taken.
        || name.ends_with("-policy")
}

fn spec(context: &Value) -> RouterSpec {
    let vips = context["vips"].as_array().unwrap();
    let vip = |vip: &Value| VirtualAddress::plain(vip.as_str().unwrap().parse().unwrap(), 24);
    let number = |key: &str| u8::try_from(context[key].as_u64().unwrap()).unwrap();
    let authentication = match context["auth"]["type"].as_str() {
        Some("pass") => {
            let mut password = [0; 8];
            let text = context["auth"]["password"].as_str().unwrap();
            password[..text.len()].copy_from_slice(text.as_bytes());
            Authentication::Password(password)
        }
        _ => Authentication::None,
    };
    let version = match context["version"].as_u64() {
        Some(2) => Version::V2,
        _ => Version::V3,
    };
    RouterSpec {
        vrid: Vrid::new(number("vrid")).unwrap(),
        version,
        priority: Priority(number("local_priority")),
        advert_interval: centiseconds(context["advert_interval_cs"].as_u64().unwrap()),
        authentication,
        addresses: vips.iter().map(vip).collect(),
        owner_ignore_adverts: true,
        ..router(100)
    }
}

fn packet(vector: &Value) -> Vec<u8> {
    let hex = vector["bytes_hex"].as_str().unwrap();
    let bytes: Vec<u8> = (0..hex.len() / 2)
        .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    bytes[usize::try_from(vector["l3_offset"].as_u64().unwrap()).unwrap()..].to_vec()
}

/// Feeds the vector a second after the start; `None` if it never gets past the IP layer.
fn feed(vector: &Value) -> Option<Bench> {
    let context = &vector["context"];
    let mut bench = Bench::new(context["local_primary_ip"].as_str().unwrap());
    bench.configure(vec![spec(context)]);
    bench.run_until(1_000_000);
    let bytes = packet(vector);
    let packet = ipv4::Packet::parse(&bytes).ok()?;
    bench.packet(
        packet.payload,
        packet.source.into(),
        IpAddr::from(packet.destination),
        packet.ttl,
    );
    Some(bench)
}

#[test]
fn valid_advertisements_are_taken() {
    let mut taken = 0;
    for vector in vectors() {
        let accepted = vector["verdict"] == "accept" || vector["rule"] == "VR2-34";
        if is_out_of_scope(&vector) || !accepted {
            continue;
        }
        let bench = feed(&vector).unwrap();
        let counters = bench.router().counters();
        assert_eq!(counters.received, 1, "{}: {counters:?}", vector["name"]);
        assert!(counters.dropped.is_empty(), "{}", vector["name"]);
        taken += 1;
    }
    assert!(taken >= 38, "{taken}");
}

#[test]
fn everything_else_is_counted_and_touches_nothing() {
    let mut refused = 0;
    for vector in vectors() {
        let name = vector["name"].as_str().unwrap();
        let refusable = ["discard", "recommended-discard"];
        let verdict = vector["verdict"].as_str().unwrap();
        // A source of 0.0.0.0 is a valid sender for us as for keepalived.
        if is_out_of_scope(&vector) || !refusable.contains(&verdict) || name == "v2-src-zero" {
            continue;
        }
        let Some(bench) = feed(&vector) else {
            refused += 1;
            continue;
        };
        let counters = bench.router().counters();
        assert_eq!(counters.received, 0, "{name}: {counters:?}");
        let counted: u64 = counters.dropped.values().sum();
        assert_eq!(counted + bench.node.unknown_vrids(), 1, "{name}");
        let untouched = {
            let mut quiet = Bench::new(vector["context"]["local_primary_ip"].as_str().unwrap());
            quiet.configure(vec![spec(&vector["context"])]);
            quiet.run_until(1_000_000);
            quiet
        };
        assert_eq!(
            bench.node.next_wakeup(),
            untouched.node.next_wakeup(),
            "{name}"
        );
        assert_eq!(bench.log, untouched.log, "{name}");
        refused += 1;
    }
    assert!(refused >= 40, "{refused}");
}

#[test]
fn each_cause_has_its_counter() {
    for (name, cause) in [
        ("v2-ttl254", DropCause::Ttl),
        ("v3-ttl64", DropCause::Ttl),
        ("ver4", DropCause::Version),
        ("v3-to-v2-instance", DropCause::Version),
        ("v2-type0", DropCause::Type),
        ("v2-bad-checksum", DropCause::Checksum),
        ("v3-ipv4-bad-checksum", DropCause::Checksum),
        ("v2-count-too-big", DropCause::Length),
        ("v3-count-0", DropCause::Length),
        ("v2-auth1-when-none", DropCause::AuthenticationType),
        ("v2-auth0-when-pass", DropCause::AuthenticationType),
        ("v2-auth254", DropCause::AuthenticationType),
        ("v2-pass-wrong", DropCause::Authentication),
        ("v2-pass-prefix", DropCause::Authentication),
        ("v2-pass-trailing-junk", DropCause::Authentication),
        ("v2-adv-mismatch", DropCause::Interval),
        ("v2-adv0", DropCause::Interval),
        ("v3-adv0", DropCause::Interval),
        ("v2-owner-local", DropCause::Owner),
        ("v3-owner-local", DropCause::Owner),
        ("v2-own-address", DropCause::OwnAddress),
        ("v2-unicast-to-multicast-instance", DropCause::Destination),
        ("v2-other-group", DropCause::Destination),
    ] {
        let vector = vectors().into_iter().find(|v| v["name"] == name);
        let bench = feed(&vector.unwrap()).unwrap();
        let dropped = &bench.router().counters().dropped;
        assert_eq!(dropped.get(&cause), Some(&1), "{name}: {dropped:?}");
    }
}

#[test]
fn two_bad_packets_a_second_do_not_silence_the_active_router() {
    let mut bench = Bench::start(router(100));
    bench.run_until(4_000_000);
    let sent = bench.adverts().len();
    let wrong = RouterSpec {
        authentication: Authentication::Password(*b"wrong\0\0\0"),
        ..router(100)
    };
    for half_second in 1..=16 {
        bench.run_until(4_000_000 + half_second * 500_000);
        bench.hear_as(&wrong, 250, "192.0.2.77");
    }
    assert_eq!(bench.adverts().len() - sent, 8);
    let lines = bench
        .events
        .iter()
        .filter(|entry| entry.to_string().contains("password"));
    assert_eq!(lines.count(), 1);
}
