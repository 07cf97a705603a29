//! IPv6, unicast, virtual MAC addresses and passwords: the channel goes wherever VRRP goes.

use std::net::Ipv6Addr;
use std::thread;
use std::time::Duration;

use standfast_lab::{Capture, Host, Moment, PeerMessageKind, Signal};

use crate::network::{
    LIMIT, PRIORITIES, Text, said, taken_at_once, taken_by, with_pair, with_pair_of,
    with_prepared_pair,
};
use crate::support::{skew, standfast};

/// A pair with these lines, whose first node stops and hands over.
#[track_caller]
fn hands_over(text: Text<'_>, prepare: fn(&Host), what: &str) {
    with_prepared_pair(text, prepare, |pair| {
        let from = Moment::now();
        let process = pair.first.process().unwrap();
        process.signal(Signal::SIGTERM).unwrap();
        taken_at_once(pair, from, what);
        assert_eq!(said(&pair.second, "handed over to us"), 1);
        process.wait(LIMIT).unwrap();
    });
}

#[test]
fn unicast() {
    let text = Text {
        instance: "    unicast_src_ip OWN_ADDRESS\n    unicast_peer {\n        PEER_ADDRESS\n    }\n",
        ..Text::default()
    };
    hands_over(text, |_| {}, "unicast");
}

#[test]
fn virtual_mac_addresses() {
    let text = Text {
        instance: "    use_vmac\n",
        ..Text::default()
    };
    // Who answers has no address of its own: the log tells.
    with_pair(text, |pair| {
        let process = pair.first.process().unwrap();
        process.signal(Signal::SIGTERM).unwrap();
        let second = pair.second.process().unwrap();
        second.wait_for_log("handed over to us", LIMIT).unwrap();
        process.wait(LIMIT).unwrap();
    });
}

#[test]
fn passwords() {
    for kind in ["PASS", "AH"] {
        let lines = format!(
            "    authentication {{\n        auth_type {kind}\n        auth_pass secret\n    }}\n"
        );
        let text = Text {
            instance: &lines,
            ..Text::default()
        };
        hands_over(text, |_| {}, kind);
    }
}

#[test]
fn ipv6() {
    const OTHER: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x100);
    let blocks = "vrrp_instance VI_6 {\n    state BACKUP\n    interface eth0\n    virtual_router_id 61\n    priority PRIORITY\n    \
                  advert_int 1\n    virtual_ipaddress {\n        fe80::100/64\n        fd00::100/64\n    }\n}\n";
    let text = Text {
        blocks: &blocks.replace("PRIORITY", "100"),
        ..Text::default()
    };
    with_pair(text, |pair| {
        let nodes = [&pair.first, &pair.second];
        let end = Moment::now() + LIMIT;
        let holder = loop {
            if let Some(at) = nodes
                .iter()
                .position(|node| node.host.holds(OTHER).unwrap())
            {
                break at;
            }
            assert!(Moment::now() < end, "nobody holds {OTHER}");
            thread::sleep(Duration::from_millis(50));
        };
        let (leaver, heir) = (nodes[holder], nodes[1 - holder]);
        // Their link-local addresses come late, and then they find each other.
        let end = Moment::now() + LIMIT;
        while said(heir, "Standfast node") < 2 || said(leaver, "Standfast node") < 2 {
            assert!(Moment::now() < end, "the nodes don't meet over IPv6");
            thread::sleep(Duration::from_millis(50));
        }
        thread::sleep(Duration::from_millis(1_500));
        let capture = Capture::start(&leaver.host).unwrap();
        let from = Moment::now();
        let process = leaver.process().unwrap();
        process.signal(Signal::SIGTERM).unwrap();
        let says = "(VI_6) Entering MASTER STATE: ";
        heir.process().unwrap().wait_for_log(says, LIMIT).unwrap();
        process.wait(LIMIT).unwrap();
        assert!(heir.host.holds(OTHER).unwrap());
        let over_ipv6 = capture.messages(from, |message| {
            message.kind == PeerMessageKind::Take && message.frame[12..14] == [0x86, 0xdd]
        });
        // A busy machine may need a second request.
        assert!((1..=3).contains(&over_ipv6.len()), "{}", heir.log());
    });
}

#[test]
fn other_passwords_are_said_and_nobody_is_trusted() {
    let lines = "    authentication {\n        auth_type PASS\n        auth_pass secret-OWN_ADDRESS\n    }\n";
    // Eight bytes count, and these are equal: VRRP works, and so does the channel.
    let text = Text {
        instance: lines,
        ..Text::default()
    };
    hands_over(text, |_| {}, "a password of which eight bytes count");
    let hmac = |key: &str| {
        format!(
            "    version 3\n    auth_hmac {{\n        key 1 {key}\n        active_key 1\n    }}\n"
        )
    };
    let lines = hmac("0123456789abcdef0123456789abcdef");
    let text = Text {
        instance: &lines,
        ..Text::default()
    };
    with_pair_of(
        [standfast(), standfast()],
        text,
        |_| {},
        |pair| {
            let process = pair.first.process().unwrap();
            thread::sleep(Duration::from_secs(2));
            let from = Moment::now();
            process.signal(Signal::SIGTERM).unwrap();
            let took = taken_by(pair, &pair.second, from);
            println!("auth_hmac: {took:?}");
            assert!(
                took < skew(Duration::from_secs(1), PRIORITIES[1]) / 2,
                "{took:?}"
            );
        },
    );
}
