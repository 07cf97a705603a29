//! `use_vmac` over IPv6, beside IPv4 with the same VRID: each family's address moves with its own virtual MAC address.

use std::net::{IpAddr, Ipv4Addr};

use standfast_lab::{CONFIGURATION, Daemon, Frame, FrameKind, Host, MacAddress, Moment, Signal};

use crate::lan::{Lan, PATIENCE, VIP6, VIP6_ON_LINK, own, until};
use crate::support::{next_worker, send, single_host, standfast, worker_pid};

const VIP4: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 200);
/// RFC 9568 section 7.3, for VRID 51.
const MAC_V4: MacAddress = MacAddress([0, 0, 0x5e, 0, 1, 51]);
const MAC_V6: MacAddress = MacAddress([0, 0, 0x5e, 0, 2, 51]);
const LINK_V4: &str = "vrrp.51";
const LINK_V6: &str = "vrrp6.51";

/// An instance of each family with the same VRID; `more` stands in both, `more_v6` in the second.
fn configuration(priority: u8, more: &str, more_v6: &str) -> String {
    let instance = |name: &str, more: &str, addresses: &str| {
        format!(
            "vrrp_instance {name} {{\n    state BACKUP\n    version 3\n    interface eth0\n    virtual_router_id 51\n    \
             use_vmac\n    priority {priority}\n    advert_int 0.3\n{more}    \
             virtual_ipaddress {{\n{addresses}    }}\n}}\n"
        )
    };
    instance("VI_4", more, &format!("        {VIP4}/24\n"))
        + &instance(
            "VI_6",
            &format!("{more}{more_v6}"),
            &format!("        {VIP6_ON_LINK}\n        {VIP6}/64\n"),
        )
}

fn pair(daemons: [Daemon; 2], more: &str) -> Lan {
    let [first, second] = [100, 90].map(|priority| configuration(priority, more, ""));
    Lan::new(daemons, [&first, &second], VIP6)
}

fn on_link(host: &Host, link: &str, address: impl Into<IpAddr>) -> bool {
    let address = address.into();
    let held = host.addresses(link).unwrap_or_default();
    held.iter().any(|(known, _)| *known == address)
}

/// A host that runs keepalived asks for a client's MAC address in the name of the IPv4 address from the interface below,
/// and answers for it from the IPv6 one's MAC address as well; over IPv6 nobody does that.
fn v4_never_changes(lan: &Lan) -> bool {
    lan.nodes.iter().all(|node| node.daemon.is_standfast())
}

#[track_caller]
fn client_knows_virtual_macs(lan: &Lan) {
    assert_eq!(lan.client.neighbour_mac(VIP6).unwrap(), Some(MAC_V6));
    if v4_never_changes(lan) {
        let known = lan.client.neighbour_mac(VIP4).unwrap();
        assert!(known.is_none_or(|mac| mac == MAC_V4), "{known:?}");
    }
}

/// Waits until the node of that index has the addresses of both families and the other one none; the client's entries are
/// right whenever one looks.
#[track_caller]
fn moves_to(lan: &Lan, index: usize) -> Moment {
    until("the addresses have moved", || {
        client_knows_virtual_macs(lan);
        serves(lan, index)
    });
    client_knows_virtual_macs(lan);
    let moved = Moment::now();
    lan.probe.first_answer_after(moved, PATIENCE).unwrap();
    moved
}

fn serves(lan: &Lan, index: usize) -> bool {
    lan.nodes.iter().enumerate().all(|(number, node)| {
        let mine = number == index;
        on_link(&node.host, LINK_V6, VIP6) == mine && on_link(&node.host, LINK_V4, VIP4) == mine
    })
}

fn start(lan: &mut Lan) {
    lan.nodes[0].start();
    until("the first node has the addresses", || {
        on_link(&lan.nodes[0].host, LINK_V6, VIP6) && on_link(&lan.nodes[0].host, LINK_V4, VIP4)
    });
    lan.nodes[1].start();
    lan.nodes[1].says("Entering BACKUP STATE");
    let now = Moment::now();
    lan.probe.first_answer_after(now, PATIENCE).unwrap();
    lan.client_asks(VIP4.into());
    client_knows_virtual_macs(lan);
}

/// Nothing that any node said of an address named another MAC address.
#[track_caller]
fn one_mac_throughout(lan: &Lan, from: Moment) {
    let others = lan.capture.frames(from, |frame| match frame.kind {
        FrameKind::NeighbourAdvertisement { address, mac, .. } => {
            [VIP6, VIP6_ON_LINK].contains(&address) && [mac, frame.source_mac] != [MAC_V6; 2]
        }
        FrameKind::Garp { address, mac, .. } | FrameKind::ArpReply { address, mac } => {
            v4_never_changes(lan) && address == VIP4 && [mac, frame.source_mac] != [MAC_V4; 2]
        }
        FrameKind::ArpRequest { .. } | FrameKind::Vrrp(_) => false,
    });
    assert_eq!(others, [], "another MAC address answers for the VIP");
    client_knows_virtual_macs(lan);
}

/// Advertisements of both families, and where they came from.
fn advertisements(lan: &Lan, from: Moment) -> Vec<Frame> {
    let all = lan
        .capture
        .frames(from, |frame| frame.advertisement().is_some());
    let of_v6 = |frame: &&Frame| frame.advertisement().unwrap().source.is_unspecified();
    let count = all.iter().filter(of_v6).count();
    assert!(count > 0 && count < all.len(), "both families advertise");
    all
}

#[track_caller]
fn nothing_is_left(host: &Host) {
    let show = |argv: &[&str]| host.run(argv).unwrap().output;
    let links = show(&["ip", "-o", "link", "show"]);
    assert!(!links.contains("vrrp"), "{links}");
    assert_eq!(show(&["nft", "list", "ruleset"]), "");
}

fn fails_over(daemons: [Daemon; 2]) {
    pair(daemons, "").telling(|lan| {
        let begin = Moment::now();
        start(lan);
        lan.nodes[0].stop();
        moves_to(lan, 1);
        nothing_is_left(&lan.nodes[0].host);
        lan.nodes[0].start();
        moves_to(lan, 0);
        lan.nodes[0].host.cable_pull().unwrap();
        until("the second node takes over", || {
            client_knows_virtual_macs(lan);
            on_link(&lan.nodes[1].host, LINK_V6, VIP6)
        });
        moves_to(lan, 1);
        lan.nodes[0].host.cable_plug().unwrap();
        moves_to(lan, 0);
        one_mac_throughout(lan, begin);
        for frame in advertisements(lan, begin) {
            assert!([MAC_V4, MAC_V6].contains(&frame.source_mac), "{frame:?}");
        }
    });
}

#[test]
fn two_standfast_nodes_pass_both_addresses_and_macs_on() {
    fails_over([standfast(), standfast()]);
}

#[test]
fn standfast_passes_both_on_to_keepalived_and_takes_them_back() {
    fails_over([standfast(), Daemon::Keepalived]);
}

#[test]
fn keepalived_passes_both_on_to_standfast_and_takes_them_back() {
    fails_over([Daemon::Keepalived, standfast()]);
}

/// Advertisements from the interface below do not move the virtual MAC address, nor does a last will.
#[test]
fn with_vmac_xmit_base_a_killed_worker_resigns_from_the_interface_below() {
    pair([standfast(), standfast()], "    vmac_xmit_base\n").telling(|lan| {
        let begin = Moment::now();
        start(lan);
        let mac = lan.nodes[0].mac();
        let old = worker_pid(&lan.nodes[0].host);
        let killed = Moment::now();
        send(&lan.nodes[0].host, old, Signal::SIGKILL);
        until("both families resign from the interface below", || {
            let resigns = |frame: &Frame| {
                frame.source_mac == mac && frame.advertisement().is_some_and(|it| it.priority == 0)
            };
            lan.capture.frames(killed, resigns).len() >= 2
        });
        moves_to_either(lan);
        next_worker(&lan.nodes[0].host, old, PATIENCE);
        moves_to(lan, 0);
        one_mac_throughout(lan, begin);
        for frame in advertisements(lan, begin) {
            assert!(![MAC_V4, MAC_V6].contains(&frame.source_mac), "{frame:?}");
        }
    });
}

#[track_caller]
fn moves_to_either(lan: &Lan) {
    lan.nodes[1].says("Entering MASTER STATE");
    client_knows_virtual_macs(lan);
}

#[test]
fn over_unicast_the_mac_moves_and_advertisements_leave_from_the_interface_below() {
    let text = |priority, me: u16, other: u16| {
        format!(
            "vrrp_instance VI_6 {{\n    state BACKUP\n    interface eth0\n    virtual_router_id 51\n    use_vmac {LINK_V6}\n    \
             priority {priority}\n    advert_int 0.3\n    unicast_src_ip {}\n    unicast_peer {{\n        {}\n    }}\n    \
             virtual_ipaddress {{\n        {VIP6_ON_LINK}\n        {VIP6}/64\n    }}\n}}\n",
            own(me).0,
            own(other).0
        )
    };
    let texts = [text(100, 1, 2), text(90, 2, 1)];
    let mut lan = Lan::new(
        [standfast(), Daemon::Keepalived],
        [&texts[0], &texts[1]],
        VIP6,
    );
    lan.telling(|lan| {
        let begin = Moment::now();
        let serves = |lan: &Lan, index: usize| {
            until("the address has moved", || {
                let held = |number: usize| on_link(&lan.nodes[number].host, LINK_V6, VIP6);
                held(index) && !held(1 - index)
            });
            let now = Moment::now();
            lan.probe.first_answer_after(now, PATIENCE).unwrap();
            client_knows_virtual_macs(lan);
        };
        lan.nodes[0].start();
        serves(lan, 0);
        lan.nodes[1].start();
        lan.nodes[1].says("Entering BACKUP STATE");
        lan.nodes[0].stop();
        serves(lan, 1);
        lan.nodes[0].start();
        serves(lan, 0);
        one_mac_throughout(lan, begin);
    });
}

/// One instance's fault takes the other family's along.
#[test]
fn a_sync_group_moves_both_families_and_their_macs_as_one() {
    let text = |priority| {
        let group = "vrrp_sync_group G {\n    group {\n        VI_4\n        VI_6\n    }\n}\n";
        let tracked = "    track_interface {\n        in0\n    }\n";
        group.to_owned() + &configuration(priority, "", tracked)
    };
    let texts = [text(100), text(90)];
    Lan::new([standfast(), standfast()], [&texts[0], &texts[1]], VIP6).telling(|lan| {
        for node in &lan.nodes {
            let command = "ip link add in0 type veth peer name in1 && ip link set in0 up && ip link set in1 up";
            node.host.run(&["sh", "-c", command]).unwrap();
        }
        let begin = Moment::now();
        start(lan);
        lan.nodes[0].host.link_down("in0").unwrap();
        moves_to(lan, 1);
        lan.nodes[0].says("(VI_4) entering FAULT state (another member of sync group G is in FAULT)");
        lan.nodes[0].host.link_up("in0").unwrap();
        moves_to(lan, 0);
        lan.nodes[0].stop();
        moves_to(lan, 1);
        one_mac_throughout(lan, begin);
    });
}

/// A node's own link-local address lies on its virtual MAC interface as well, to send from; answers from there would move
/// the virtual MAC address to a backup.
#[test]
fn a_backup_is_not_found_behind_the_virtual_mac() {
    pair([standfast(), standfast()], "").telling(|lan| {
        start(lan);
        let backup = &lan.nodes[1].host;
        let own: IpAddr = "fe80::ff:fe00:2".parse().unwrap();
        assert!(on_link(backup, LINK_V6, own) && on_link(backup, "eth0", own));
        let asked = Moment::now();
        let text = format!("exec 3<>/dev/tcp/{own}%eth0/9");
        let argv = ["timeout", "2", "bash", "-c", &text];
        lan.client.run_within(PATIENCE, &argv).unwrap();
        let answers = lan.capture.frames(asked, |frame| match frame.kind {
            FrameKind::NeighbourAdvertisement { address, .. } => IpAddr::V6(address) == own,
            _ => false,
        });
        assert!(!answers.is_empty());
        assert!(
            answers.iter().all(|frame| frame.source_mac == backup.mac()),
            "{answers:?}"
        );
        assert_eq!(lan.client.neighbour_mac(own).unwrap(), Some(backup.mac()));
    });
}

/// What a daemon makes of the host, in an order of its own.
fn traces(daemon: &Daemon, text: &str) -> Vec<String> {
    let (_lab, host) = single_host(daemon);
    host.run(&["ip", "address", "add", "fd00::1/64", "dev", "eth0", "nodad"])
        .unwrap();
    until("a link-local address without duplicates", || {
        let shown = host.run(&["ip", "-6", "address", "show", "tentative"]);
        shown.unwrap().output.trim().is_empty()
    });
    host.write_file(CONFIGURATION, text, 0o644).unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    until("all are masters", || {
        process.log().matches("Entering MASTER STATE").count() == text.matches("_instance").count()
    });
    until("the last address is there", || {
        on_link(&host, "vrrp.63", VIP63)
    });
    let command = "ip -o address show | grep -v -w lo; ip -o -d link show type macvlan; \
                   for name in /proc/sys/net/ipv6/conf/vrrp*; do \
                   echo $name $(cat $name/disable_ipv6 $name/addr_gen_mode); done; nft list ruleset";
    let shown = host.run(&["sh", "-c", command]).unwrap().output;
    process.stop(PATIENCE).unwrap();
    nothing_is_left(&host);
    normalized(&shown, host.mac())
}

/// Sorted, without numbers and MAC addresses that differ from host to host.
fn normalized(shown: &str, mac: MacAddress) -> Vec<String> {
    let (links, rules) = shown.split_once("table ").unwrap();
    let rules = without_silent_copies(rules);
    let words = |line: &str, skipped: usize| {
        let words: Vec<&str> = line.split_whitespace().skip(skipped).collect();
        words.join(" ").replace(&mac.to_string(), "MAC")
    };
    let number = |line: &str| usize::from(!line.starts_with('/'));
    let mut lines: Vec<String> = links
        .lines()
        .map(|line| words(line, number(line)))
        .collect();
    lines.sort();
    // Elements come in the order of configuration, or of their names.
    lines.extend(rules.split(['{', '}']).map(|block| {
        let mut parts: Vec<String> = block.split(',').map(|part| words(part, 0)).collect();
        parts.sort();
        parts.join(",")
    }));
    lines
}

/// Without what keeps copied link-local addresses from being answered for, which keepalived does not have.
fn without_silent_copies(rules: &str) -> String {
    let (before, after) = rules
        .split_once("\tset vmac_link_local {")
        .map_or((rules, ""), |(before, set)| {
            (before, set.split_once("\n\t}\n\n").unwrap().1)
        });
    let kept = before.lines().chain(after.lines());
    let kept = kept.filter(|line| !line.contains("@vmac_link_local"));
    kept.collect::<Vec<_>>().join("\n")
}

const VIP63: std::net::Ipv6Addr = std::net::Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x163);

#[test]
fn interfaces_addresses_and_rules_are_keepalived_s() {
    let instance = |name: &str, vrid: u8, more: &str, addresses: &str| {
        format!(
            "vrrp_instance {name} {{\n    version 3\n    interface eth0\n    virtual_router_id {vrid}\n    use_vmac\n    \
             priority 100\n    advert_int 0.3\n    {more}\n    virtual_ipaddress {{\n        {addresses}\n    }}\n}}\n"
        )
    };
    let v4_along = "virtual_ipaddress_excluded {\n        192.168.1.201/24\n    }";
    let v6_along = "virtual_ipaddress_excluded {\n        fd00::200/64\n    }";
    let unicast = "unicast_src_ip fd00::1\n    unicast_peer {\n        fd00::2\n    }";
    let text = [
        instance("V4", 51, v6_along, "192.168.1.200/24"),
        instance("V6", 51, v4_along, "fe80::100\n        fd00::100/64"),
        instance("U6", 61, unicast, "fd00::161/64"),
        instance(
            "B6",
            62,
            "vmac_xmit_base",
            "fe80::162\n        fd00::162/64",
        ),
        instance(
            "N6",
            63,
            "no_accept",
            &format!("fe80::163\n        {VIP63}/64"),
        ),
        instance(
            "E4",
            64,
            "virtual_ipaddress_excluded {\n        fd00::164/64 use_vmac\n    }",
            "192.168.1.202/24",
        ),
    ]
    .concat();
    let [ours, theirs] = [standfast(), Daemon::Keepalived].map(|daemon| traces(&daemon, &text));
    assert!(ours.len() > 40, "{ours:#?}");
    assert_eq!(ours, theirs, "{ours:#?}\n{theirs:#?}");
}
