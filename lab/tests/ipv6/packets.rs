//! Every kind of packet that Standfast sends, in Wireshark's eyes.

use std::collections::BTreeSet;
use std::time::Duration;

use standfast_lab::{Host, Signal, require_program};

use crate::lan::{Lan, PATIENCE, VIP6, own};
use crate::support::standfast;

const FILE: &str = "/tmp/packets.pcapng";
/// The instance whose checksum is the one of RFC 9568 for IPv4, which Wireshark takes for good only when told.
const PLAIN_CHECKSUM: &str = "15";

/// Instances of every kind: versions, families, authentication, unicast, with and without an interface.
fn configuration() -> String {
    let instance = |vrid: u8, lines: &str, vip: &str| {
        format!(
            "vrrp_instance VI_{vrid} {{\n    state BACKUP\n    virtual_router_id {vrid}\n    \
             priority 200\n    {lines}\n    virtual_ipaddress {{\n        {vip}\n    }}\n}}\n"
        )
    };
    let ((own6, own4), (peer6, peer4)) = (own(1), own(2));
    let unicast = |own: &str, peer: &str| {
        format!("unicast_src_ip {own}\n    unicast_peer {{\n        {peer}\n    }}")
    };
    let unicast4 = unicast(&own4.to_string(), &peer4.to_string());
    let unicast6 = unicast(&own6.to_string(), &peer6.to_string());
    let password = "authentication {\n        auth_type PASS\n        auth_pass 1111\n    }";
    [
        instance(
            11,
            &format!("interface eth0\n    {password}"),
            "192.168.1.211/24",
        ),
        instance(
            12,
            "interface eth0",
            "192.168.1.212/24\n        192.168.1.112/24",
        ),
        instance(13, "interface eth0\n    version 3", "192.168.1.213/24"),
        instance(
            14,
            "interface eth0",
            &format!("fe80::14\n        {VIP6}/64"),
        ),
        instance(
            15,
            "interface eth0\n    version 3\n    v3_checksum_as_v2",
            "192.168.1.215/24",
        ),
        instance(
            16,
            &format!("interface eth0\n    {unicast4}"),
            "192.168.1.216/24",
        ),
        instance(
            17,
            &format!("version 3\n    {unicast4}"),
            "192.168.1.217/24 dev eth0",
        ),
        instance(18, &format!("interface eth0\n    {unicast6}"), "fe80::18"),
        instance(19, &unicast6, "fd00::19/64 dev eth0"),
    ]
    .concat()
}

/// One line of fields for each packet that `filter` picks.
fn read(host: &Host, options: &[&str], filter: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let mut argv = vec!["tshark", "-n", "-r", FILE, "-o", "ip.check_checksum:TRUE"];
    argv.extend(options);
    argv.extend(["-Y", filter, "-T", "fields", "-E", "separator=|"]);
    for field in fields {
        argv.extend(["-e", field]);
    }
    let output = host.run_within(PATIENCE, &argv).unwrap();
    assert!(output.succeeded(), "{}", output.error);
    let lines = output.output.lines();
    lines
        .map(|line| line.split('|').map(str::to_owned).collect())
        .collect()
}

fn capture_a_life() -> Lan {
    let text = configuration();
    let mut lan = Lan::new([standfast(), standfast()], [&text, ""], VIP6);
    lan.telling(|lan| {
        // A host that forwards calls itself a router.
        let forwarding = "echo 1 > /proc/sys/net/ipv6/conf/eth0/forwarding";
        lan.nodes[0].host.run(&["sh", "-c", forwarding]).unwrap();
        let argv = ["tshark", "-q", "-i", "eth0", "-w", FILE];
        let capture = lan.nodes[0].host.spawn(&argv, &[]).unwrap();
        capture.wait_for_log("Capturing on", PATIENCE).unwrap();
        lan.nodes[0].start();
        for vrid in 11..=19 {
            lan.nodes[0].says(&format!("(VI_{vrid}) Entering MASTER STATE"));
        }
        // Some more of its advertisements, with the probes before them.
        std::thread::sleep(Duration::from_millis(2_500));
        lan.nodes[0].stop();
        std::thread::sleep(Duration::from_millis(500));
        capture.signal(Signal::SIGINT).unwrap();
        capture.wait(PATIENCE).unwrap();
    });
    lan
}

/// What Wireshark says of a packet in which it finds something.
const NOTHING_WRONG: [&str; 2] = ["_ws.malformed", "_ws.expert.message"];

#[test]
fn wireshark_finds_every_packet_right() {
    require_program("tshark", "tshark").unwrap();
    let lan = capture_a_life();
    let host = &lan.nodes[0].host;
    let from_us = format!("eth.src == {}", host.mac());
    every_kind_of_advertisement_was_sent(host, &from_us);
    advertisements_are_right(host, &from_us);
    announcements_and_questions_are_right(host, &from_us);
}

fn advertisements_are_right(host: &Host, from_us: &str) {
    let plain = ["-o", "vrrp.v3_checksum_as_in_v2:TRUE"];
    for (options, vrids) in [(&[][..], "!="), (&plain[..], "==")] {
        let filter = format!("{from_us} && vrrp && vrrp.virt_rtr_id {vrids} {PLAIN_CHECKSUM}");
        let status = ["vrrp.checksum.status", "ip.checksum.status"];
        let lines = read(
            host,
            options,
            &filter,
            &[&status[..], &NOTHING_WRONG].concat(),
        );
        assert!(lines.len() >= 2, "{lines:?}");
        for line in lines {
            let ip_is_right = line[1] == "1" || line[1].is_empty();
            assert!(line[0] == "1" && ip_is_right, "{line:?}");
            assert!(line[2..].iter().all(String::is_empty), "{line:?}");
        }
    }
}

fn every_kind_of_advertisement_was_sent(host: &Host, from_us: &str) {
    let kinds = read(
        host,
        &[],
        &format!("{from_us} && vrrp"),
        &["vrrp.virt_rtr_id", "vrrp.prio"],
    );
    let seen: BTreeSet<(String, bool)> = kinds
        .into_iter()
        .map(|line| (line[0].clone(), line[1] == "0"))
        .collect();
    for vrid in 11..=19 {
        for resigns in [false, true] {
            assert!(
                seen.contains(&(vrid.to_string(), resigns)),
                "{vrid} {resigns}: {seen:?}"
            );
        }
    }
}

fn announcements_and_questions_are_right(host: &Host, from_us: &str) {
    for (filter, fields) in [
        ("arp.isgratuitous == 1", &[][..]),
        ("arp.src.proto_ipv4 == 0.0.0.0", &[]),
        (
            "icmpv6.type == 136 && ipv6.dst == ff02::1",
            &["icmpv6.checksum.status"],
        ),
        (
            "icmpv6.type == 135 && icmpv6.nd.ns.target_address == fd00::19",
            &["icmpv6.checksum.status"],
        ),
    ] {
        let filter = format!("{from_us} && {filter}");
        let lines = read(host, &[], &filter, &[&NOTHING_WRONG[..], fields].concat());
        assert!(!lines.is_empty(), "no packet for {filter}");
        for line in lines {
            assert!(line[..2].iter().all(String::is_empty), "{filter}: {line:?}");
            assert!(
                line[2..].iter().all(|status| status == "1"),
                "{filter}: {line:?}"
            );
        }
    }

    let flags = [
        "icmpv6.nd.na.flag.r",
        "icmpv6.nd.na.flag.s",
        "icmpv6.nd.na.flag.o",
    ];
    let filter = format!("{from_us} && icmpv6.type == 136 && ipv6.dst == ff02::1");
    for line in read(host, &[], &filter, &flags) {
        assert_eq!(line, ["1", "0", "1"], "router, solicited and override flag");
    }
}
