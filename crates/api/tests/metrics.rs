//! Metrics: every line as it was before, in a format that a strict reader takes, whatever names there are.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p standfast-api --test metrics` writes the snapshot again; read the difference.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::{env, fs};

use standfast_api::metrics::{Extra, render};
use standfast_api::status::{Class, NodeOfInstance, State, Status};

use support::openmetrics::{Family, parse};
use support::{extra, status};

/// More instances than a host has, and how long their metrics may take.
const MANY: usize = 1_000;

fn families(status: &Status, extra: &Extra) -> BTreeMap<String, Family> {
    let text = render(status, extra);
    parse(&text).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"))
}

/// The only value of a family with these labels (others may be there as well).
#[track_caller]
fn value(families: &BTreeMap<String, Family>, family: &str, labels: &[(&str, &str)]) -> f64 {
    let samples = &families[family].samples;
    let fits = |sample: &&support::openmetrics::Sample| {
        labels
            .iter()
            .all(|(name, value)| sample.labels.get(*name).map(String::as_str) == Some(*value))
    };
    let found: Vec<_> = samples.iter().filter(fits).collect();
    assert_eq!(1, found.len(), "{family} {labels:?}: {found:?}");
    found[0].value
}

#[test]
fn all_lines_are_as_they_were() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/metrics.txt");
    let text = render(&status(), &extra());
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let before = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        before == text,
        "tests/snapshots/metrics.txt is stale: UPDATE_SNAPSHOTS=1 writes it; now it is\n{text}"
    );
}

#[test]
fn a_strict_reader_takes_them() {
    let families = families(&status(), &extra());
    assert!(families.len() > 60, "{}", families.len());
    let ours = |name: &String| name.starts_with("standfast_") || name.starts_with("keepalived_");
    assert!(families.keys().all(ours));
    let unused = families
        .iter()
        .find(|(_, family)| family.samples.is_empty());
    assert!(
        unused.is_none(),
        "nothing in the status by hand for {unused:?}"
    );
}

#[test]
fn an_empty_status_is_valid() {
    let empty: Status = serde_json::from_str(
        r#"{"node": {"name": "", "version": "0", "as_keepalived": false, "pid": 0, "now_us": 0, "started_us": 0,
            "configured_us": 0, "files": [], "findings": 0, "stopping": false}, "instances": [], "groups": [],
            "checks": [], "tracked": [], "interfaces": [], "peers": [], "strangers": [], "timing": {"worst_us": 0,
            "lateness": [], "turns": [], "lateness_sum_us": 0, "turns_sum_us": 0}, "peer_drops": {},
            "kernel_failures": {}}"#,
    )
    .unwrap();
    let families = families(&empty, &Extra::default());
    assert!((value(&families, "keepalived_up", &[]) - 1.0).abs() < f64::EPSILON);
}

#[test]
fn the_exporters_names_labels_and_numbers_are_kept() {
    let families = families(&status(), &extra());
    let of = [("iname", "VI_1"), ("intf", "eth0"), ("vrid", "51")];
    let expected = [
        ("keepalived_advertisements_received", 60),
        ("keepalived_advertisements_sent", 40),
        ("keepalived_become_master", 1),
        ("keepalived_release_master", 2),
        ("keepalived_priority_zero_received", 3),
        ("keepalived_priority_zero_sent", 4),
        ("keepalived_gratuitous_arp_delay", 5),
        ("keepalived_address_list_errors", 6),
        ("keepalived_packet_length_errors", 7),
        ("keepalived_advertisements_interval_errors", 8),
        ("keepalived_ip_ttl_errors", 9),
        ("keepalived_invalid_type_received", 10),
        ("keepalived_authentication_invalid", 0),
        ("keepalived_authentication_mismatch", 11),
        ("keepalived_authentication_failure", 13),
    ];
    for (name, number) in expected {
        let family = &families[name];
        assert_eq!("counter", family.kind, "{name}");
        let sample = family.samples.first().unwrap();
        assert_eq!(format!("{name}_total"), sample.name);
        let labels: Vec<&str> = sample.labels.keys().map(String::as_str).collect();
        assert_eq!(["iname", "intf", "vrid"], labels[..]);
        assert!(
            (value(&families, name, &of) - f64::from(number)).abs() < f64::EPSILON,
            "{name}"
        );
    }
}

#[test]
fn a_state_has_keepalived_s_number_and_stands_with_each_address() {
    let families = families(&status(), &extra());
    let state = |family, intf, vrid, address| {
        let labels = [("intf", intf), ("vrid", vrid), ("ip_address", address)];
        value(&families, family, &labels)
    };
    let numbers = [
        (
            state("keepalived_vrrp_state", "eth0", "51", "192.0.2.100/24"),
            2.0,
        ),
        (
            state("keepalived_vrrp_state", "eth1", "51", "192.0.2.101"),
            2.0,
        ),
        (state("keepalived_vrrp_state", "eth1", "52", ""), 3.0),
        (
            state("keepalived_vrrp_excluded_state", "lo", "51", "198.51.100.7"),
            2.0,
        ),
        (
            value(
                &families,
                "keepalived_script_status",
                &[("name", "chk_nginx")],
            ),
            1.0,
        ),
        (
            value(
                &families,
                "keepalived_script_status",
                &[("name", "chk_script")],
            ),
            0.0,
        ),
        (
            value(
                &families,
                "keepalived_script_state",
                &[("name", "chk_nginx")],
            ),
            1.0,
        ),
    ];
    for (seen, expected) in numbers {
        assert!((seen - expected).abs() < f64::EPSILON, "{numbers:?}");
    }
    let pending = families["keepalived_script_status"].samples.iter();
    assert!(
        pending
            .clone()
            .all(|sample| sample.labels["name"] != "chk_new")
    );
}

#[test]
fn a_node_that_leaves_is_still_master_for_keepalived_s_users() {
    let mut status = status();
    status.instances[0].state = State::Leaving;
    let families = families(&status, &extra());
    let address = [("ip_address", "192.0.2.100/24")];
    let old = value(&families, "keepalived_vrrp_state", &address);
    let of = [("iname", "VI_1"), ("state", "leaving")];
    let new = value(&families, "standfast_instance_state", &of);
    assert!((old - 2.0).abs() < f64::EPSILON && (new - 1.0).abs() < f64::EPSILON);
}

#[test]
fn who_still_advertises_against_a_master_is_a_rival() {
    let of = [("iname", "VI_1")];
    let rivals = |status: &Status| {
        let families = families(status, &extra());
        value(&families, "standfast_instance_rivals", &of)
    };
    let mut status = status();
    // 192.0.2.2 was heard before the takeover only; 192.0.2.9 half a second ago, with a wrong password.
    assert!((rivals(&status) - 1.0).abs() < f64::EPSILON);
    status.node.now_us += 3_000_000;
    assert!(
        rivals(&status).abs() < f64::EPSILON,
        "silent for three intervals"
    );
    // Nothing of it is heard, and it says over the peer channel that it is master as well.
    status.instances[0].nodes.push(NodeOfInstance {
        name: "node-c".into(),
        here: false,
        address: Some([192, 0, 2, 3].into()),
        state: State::Master,
        since_us: status.node.now_us - 60_000_000,
        priority: 90,
        base: 90,
        ready: true,
        preempts: true,
        drained: false,
        heard_us: status.node.now_us,
        differs: vec![],
    });
    status.instances[0].since_us = status.node.now_us - 60_000_000;
    status.instances[0].speakers.clear();
    assert!((rivals(&status) - 1.0).abs() < f64::EPSILON);
    status.instances[0].nodes.pop();
    status.node.now_us -= 3_000_000;
    status.instances[0].state = State::Backup;
    assert!(rivals(&status).abs() < f64::EPSILON, "a backup has none");
}

#[test]
fn any_text_is_a_label_that_comes_back_as_it_was() {
    let names = [
        "a\"b",
        "a\\b",
        "a\nb",
        "\\n",
        "a\"} 1\nkeepalived_up 0\n#",
        "\\",
        "\"",
        "ü–☃",
        "\u{0}\u{1b}[31m\r",
        "",
        " ",
        "a=b,c",
        "{",
        "}",
        "# EOF\n",
    ];
    for name in names {
        let mut status = status();
        name.clone_into(&mut status.instances[0].name);
        name.clone_into(&mut status.checks[0].name);
        name.clone_into(&mut status.peers[0].name);
        name.clone_into(&mut status.groups[0].name);
        name.clone_into(&mut status.node.name);
        name.clone_into(&mut status.instances[0].interface);
        status.kernel_failures.insert(name.to_owned(), 1);
        status.instances[0]
            .counters
            .dropped
            .insert(name.to_owned(), 1);
        status.instances[0].transitions.insert(name.to_owned(), 1);
        let families = families(&status, &extra());
        let labels = [("iname", name), ("intf", name)];
        value(&families, "keepalived_become_master", &labels);
        value(
            &families,
            "standfast_peer_heard_age_seconds",
            &[("peer", name)],
        );
        value(
            &families,
            "standfast_kernel_failures",
            &[("operation", name)],
        );
    }
}

#[test]
fn what_strangers_write_into_packets_makes_no_series() {
    let series = |status: &Status| {
        let families = families(status, &extra());
        families
            .values()
            .map(|family| family.samples.len())
            .sum::<usize>()
    };
    let mut status = status();
    let before = series(&status);
    let stranger = status.strangers[0].clone();
    let speaker = status.instances[0].speakers[0].clone();
    let holder = status.instances[0].holders[0].clone();
    for last in 0..=255 {
        let address = std::net::IpAddr::from([203, 0, 113, last]);
        let mut other = stranger.clone();
        other.address = address;
        status.strangers.push(other);
        let mut other = speaker.clone();
        other.address = address;
        status.instances[0].speakers.push(other);
        let mut other = holder.clone();
        other.mac = format!("02:00:00:00:01:{last:02x}");
        status.instances[0].holders.push(other);
    }
    assert_eq!(before, series(&status));
}

#[test]
fn a_histogram_without_a_last_class_gets_one() {
    let mut status = status();
    let class = |below_us, count| Class {
        below_us: Some(below_us),
        count,
    };
    status.timing.turns = vec![class(1_000, 3), class(2_000, 1)];
    let families = families(&status, &extra());
    let last = [("le", "+Inf")];
    let samples = &families["standfast_loop_turn_seconds"].samples;
    let found = samples.iter().find(|sample| {
        sample.labels == BTreeMap::from(last.map(|(a, b)| (a.to_owned(), b.to_owned())))
    });
    assert!((found.unwrap().value - 4.0).abs() < f64::EPSILON);
}

#[test]
fn durations_are_seconds_and_say_so() {
    for (name, family) in families(&status(), &extra()) {
        let named = name.ends_with("_seconds");
        assert_eq!(named.then_some("seconds"), family.unit.as_deref(), "{name}");
    }
}

/// Not a measurement: without optimisation this takes some 0.3 s, with it 9 ms of a processor.
#[test]
fn a_thousand_instances_are_soon_rendered() {
    let mut status = status();
    let one = status.instances.swap_remove(0);
    status.instances = (0..MANY)
        .map(|number| {
            let mut instance = one.clone();
            instance.name = format!("VI_{number}");
            instance
        })
        .collect();
    let begin = std::time::Instant::now();
    let text = render(&status, &extra());
    let took = begin.elapsed();
    println!("{MANY} instances: {} bytes, {took:?}", text.len());
    assert!(took < std::time::Duration::from_secs(10), "{took:?}");
    let names: BTreeSet<String> = parse(&text).unwrap().into_keys().collect();
    assert!(names.contains("standfast_instance_alone"));
}
