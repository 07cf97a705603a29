//! A node whose checks fail, and that gets well again.

use std::thread;
use std::time::Duration;

use standfast_lab::{Capture, Host, Moment, Pair, PeerMessageKind, VIP};

use crate::network::{
    BY_CHANNEL, LIMIT, Text, said, sh, taken_at_once, taken_by, with_pair, with_prepared_pair,
};
use crate::support::{SMOOTH, client_waits_at_most};

/// The first node has the address back, and the client noticed nothing of that.
#[track_caller]
fn comes_back(pair: &Pair) {
    let from = Moment::now();
    let took = taken_by(pair, &pair.first, from);
    println!("back after {took:?}");
    pair.second.wait_until_holds(false, LIMIT).unwrap();
    client_waits_at_most(pair, from, Moment::now(), SMOOTH);
    assert_eq!(
        pair.client.neighbour_mac(VIP).unwrap(),
        Some(pair.first.mac())
    );
}

fn start_victim(host: &Host) {
    sh(host, "cp /bin/sleep /run/victim");
    start_victim_again(host);
}

fn start_victim_again(host: &Host) {
    sh(host, "/run/victim 1000 > /dev/null 2>&1 &");
}

#[test]
fn a_process_that_dies_moves_the_address_at_once() {
    let text = Text {
        blocks: "vrrp_track_process p {\n    process victim\n}\n",
        instance: "    track_process {\n        p\n    }\n",
        ..Text::default()
    };
    with_prepared_pair(text, start_victim, |pair| {
        let from = Moment::now();
        sh(&pair.first.host, "killall -9 victim");
        taken_at_once(pair, from, "process");
        pair.first.wait_until_holds(false, LIMIT).unwrap();
        start_victim_again(&pair.first.host);
        comes_back(pair);
    });
}

fn put_interface(host: &Host) {
    for command in [
        "ip link add in0 type veth peer name in1",
        "ip link set in0 up",
        "ip link set in1 up",
        "touch /run/well",
    ] {
        sh(host, command);
    }
}

#[test]
fn an_interface_that_goes_down_moves_the_address_at_once() {
    let text = Text {
        instance: "    track_interface {\n        in0\n    }\n",
        ..Text::default()
    };
    with_prepared_pair(text, put_interface, |pair| {
        let from = Moment::now();
        pair.first.host.link_down("in1").unwrap();
        taken_at_once(pair, from, "tracked interface");
        pair.first.wait_until_holds(false, LIMIT).unwrap();
        pair.first.host.link_up("in1").unwrap();
        comes_back(pair);
    });
}

#[test]
fn a_priority_that_falls_moves_the_address_without_a_gap() {
    let text = Text {
        blocks: "vrrp_script well {\n    script \"/usr/bin/test -e /run/well\"\n    interval 1\n    weight -100\n}\n",
        instance: "    track_script {\n        well\n    }\n",
        ..Text::default()
    };
    with_prepared_pair(text, put_interface, |pair| {
        let from = Moment::now();
        sh(&pair.first.host, "rm /run/well");
        let took = taken_by(pair, &pair.second, from);
        println!(
            "script: served elsewhere after {took:?}, of which up to 1 s is the script's interval"
        );
        assert!(took <= Duration::from_secs(1) + BY_CHANNEL, "{took:?}");
        client_waits_at_most(pair, from, Moment::now(), SMOOTH);
        sh(&pair.first.host, "touch /run/well");
        comes_back(pair);
        // It is no ping-pong.
        thread::sleep(Duration::from_secs(2));
        assert_eq!(said(&pair.second, "Entering MASTER STATE"), 1);
    });
}

#[test]
fn a_sync_group_moves_in_one_exchange() {
    let blocks = "vrrp_sync_group G {\n    group {\n        VI_1\n        VI_2\n    }\n}\n\
                  vrrp_instance VI_2 {\n    state BACKUP\n    interface eth0\n    virtual_router_id 52\n    \
                  priority 100\n    advert_int 1\n    virtual_ipaddress {\n        192.168.1.201/24\n    }\n    \
                  track_interface {\n        in0\n    }\n}\n";
    let text = Text {
        blocks,
        ..Text::default()
    };
    with_prepared_pair(text, put_interface, |pair| {
        let capture = Capture::start(&pair.first.host).unwrap();
        let other = [192, 168, 1, 201];
        assert!(pair.first.host.holds(other).unwrap());
        let from = Moment::now();
        pair.first.host.link_down("in1").unwrap();
        taken_at_once(pair, from, "sync group");
        pair.first.wait_until_holds(false, LIMIT).unwrap();
        assert!(pair.second.host.holds(other).unwrap());
        assert!(!pair.first.host.holds(other).unwrap());
        let mac = pair.first.mac();
        let asked = capture.messages(from, |message| {
            message.kind == PeerMessageKind::Take && message.source_mac == mac
        });
        // A busy machine may need a second request; each is about both instances.
        assert!((1..=3).contains(&asked.len()), "{asked:?}");
        assert!(
            asked.iter().all(|message| message.entries == 2),
            "{asked:?}"
        );
    });
}

#[test]
fn what_cannot_outrank_is_not_asked() {
    // The peer is not above the fallen priority: keepalived would not move either.
    let text = Text {
        blocks: "vrrp_script well {\n    script \"/usr/bin/test -e /run/well\"\n    interval 1\n    weight -10\n}\n",
        instance: "    track_script {\n        well\n    }\n",
        ..Text::default()
    };
    with_prepared_pair(text, put_interface, |pair| {
        sh(&pair.first.host, "rm /run/well");
        let process = pair.first.process().unwrap();
        process
            .wait_for_log("Changing effective priority from 150 to 140", LIMIT)
            .unwrap();
        thread::sleep(Duration::from_secs(2));
        assert_eq!(said(&pair.second, "Entering MASTER STATE"), 0);
        assert!(pair.first.host.holds(VIP).unwrap());
    });
}

#[test]
fn nopreempt_moves_nothing_when_a_priority_falls() {
    let text = Text {
        blocks: "vrrp_script well {\n    script \"/usr/bin/test -e /run/well\"\n    interval 1\n    weight -100\n}\n",
        instance: "    nopreempt\n    track_script {\n        well\n    }\n",
        ..Text::default()
    };
    with_prepared_pair(text, put_interface, |pair| {
        sh(&pair.first.host, "rm /run/well");
        let process = pair.first.process().unwrap();
        process
            .wait_for_log("Changing effective priority from 150 to 50", LIMIT)
            .unwrap();
        thread::sleep(Duration::from_secs(2));
        assert_eq!(said(&pair.second, "Entering MASTER STATE"), 0);
    });
}

#[test]
fn an_instance_that_a_reload_removes_is_handed_over() {
    with_pair(Text::default(), |pair| {
        let text = "global_defs {\n    script_user root\n}\nvrrp_instance OTHER {\n    interface eth0\n    \
                    virtual_router_id 60\n    virtual_ipaddress {\n        192.168.1.220/24\n    }\n}\n";
        pair.first
            .host
            .write_file(standfast_lab::CONFIGURATION, text, 0o644)
            .unwrap();
        let from = Moment::now();
        let process = pair.first.process().unwrap();
        process.signal(standfast_lab::Signal::SIGHUP).unwrap();
        taken_at_once(pair, from, "removed by a reload");
        client_waits_at_most(pair, from, Moment::now(), SMOOTH);
    });
}
