//! Sync groups: all instances of a group move, or none, whoever the other node is.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use standfast_lab::{Daemon, Host, Moment, Pair, Signal, VIP};
use support::{pair_with, standfast, telling};

const OTHER_VIP: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 201);
/// For a busy machine: what is tested is the order of things.
const LIMIT: Duration = Duration::from_secs(15);
const SCRIPT: &str = "#!/bin/sh\necho \"$@\" >> /run/group.log\n";
const SLOW_SCRIPT: &str = "#!/bin/sh\nsleep 1\nip -o address show dev eth0 >> /run/at-stop\n";

/// Two instances in a group; the second one also needs the interface in0.
fn configuration(priority: u8, notify: &str) -> String {
    let instance = |name: &str, vrid: u8, vip: Ipv4Addr, more: &str| {
        format!(
            "vrrp_instance {name} {{\n    state BACKUP\n    version 3\n    interface eth0\n    \
             virtual_router_id {vrid}\n    priority {priority}\n    advert_int 0.2\n    \
             virtual_ipaddress {{\n        {vip}/24\n    }}\n{more}}}\n"
        )
    };
    let members = instance("VI_1", 51, VIP, "")
        + &instance(
            "VI_2",
            52,
            OTHER_VIP,
            "    track_interface {\n        in0\n    }\n",
        );
    format!(
        "global_defs {{\n    script_user root\n}}\nvrrp_sync_group G {{\n    group {{\n        VI_1\n        VI_2\n    \
         }}\n{notify}}}\n{members}"
    )
}

/// A pair whose first node has both addresses.
fn started(daemons: [Daemon; 2], notify: &str) -> Pair {
    let configurations = [configuration(150, notify), configuration(100, notify)];
    let mut pair = pair_with(daemons, configurations);
    for host in [&pair.first.host, &pair.second.host] {
        for command in [
            "ip link add in0 type veth peer name in1",
            "ip link set in0 up",
            "ip link set in1 up",
        ] {
            host.run(&command.split(' ').collect::<Vec<_>>()).unwrap();
        }
        host.write_file("/run/tell.sh", SCRIPT, 0o755).unwrap();
        host.write_file("/run/slow.sh", SLOW_SCRIPT, 0o755).unwrap();
    }
    telling(&mut pair, |pair| {
        pair.start_daemons(LIMIT).unwrap();
        hold_both(&pair.first.host, true);
        hold_both(&pair.second.host, false);
    });
    pair
}

#[track_caller]
fn hold_both(host: &Host, holds: bool) {
    let end = Moment::now() + LIMIT;
    loop {
        let held = [VIP, OTHER_VIP].map(|vip| host.holds(vip).unwrap());
        if held == [holds; 2] {
            return;
        }
        assert!(Moment::now() < end, "{}: {held:?}", host.name());
        thread::sleep(Duration::from_millis(20));
    }
}

/// A fault of one instance moves both; its end brings both back.
fn a_fault_moves_both(daemons: [Daemon; 2]) {
    let mut pair = started(daemons, "");
    telling(&mut pair, |pair| {
        pair.first.host.link_down("in1").unwrap();
        hold_both(&pair.second.host, true);
        hold_both(&pair.first.host, false);
        pair.first.host.link_up("in1").unwrap();
        hold_both(&pair.first.host, true);
        hold_both(&pair.second.host, false);
        let begin = Moment::now();
        pair.first.host.cable_pull().unwrap();
        hold_both(&pair.second.host, true);
        let second = pair.second.mac();
        pair.probe.first_answer_by(second, begin, LIMIT).unwrap();
        assert_eq!(pair.client.neighbour_mac(VIP).unwrap(), Some(second));
        pair.first.host.cable_plug().unwrap();
        hold_both(&pair.first.host, true);
        hold_both(&pair.second.host, false);
    });
}

#[test]
fn a_fault_moves_both_standfast_standfast() {
    a_fault_moves_both([standfast(), standfast()]);
}

#[test]
fn a_fault_moves_both_standfast_keepalived() {
    a_fault_moves_both([standfast(), Daemon::Keepalived]);
}

#[test]
fn a_fault_moves_both_keepalived_standfast() {
    a_fault_moves_both([Daemon::Keepalived, standfast()]);
}

/// What the scripts of the group of the first node were told.
fn told(daemon: Daemon) -> Vec<String> {
    let notify = "    notify /run/tell.sh\n    notify_master \"/run/tell.sh master\"\n";
    let mut pair = started([daemon, standfast()], notify);
    telling(&mut pair, |pair| {
        pair.first.host.link_down("in1").unwrap();
        hold_both(&pair.second.host, true);
        pair.first.host.link_up("in1").unwrap();
        hold_both(&pair.first.host, true);
        let process = pair.first.process().unwrap();
        process.signal(Signal::SIGTERM).unwrap();
        process.wait(LIMIT).unwrap();
        let text = pair.first.host.read_file("/run/group.log").unwrap();
        text.lines().map(str::to_owned).collect()
    })
}

#[test]
fn scripts_of_a_group_are_told_what_keepalived_tells_them() {
    // The scripts of one event run beside each other.
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    let (ours, theirs) = (told(standfast()), told(Daemon::Keepalived));
    assert_eq!(ours.len(), 8, "{ours:?}");
    assert_eq!(ours.last().unwrap(), "GROUP G STOP 0");
    assert_eq!(sorted(ours), sorted(theirs));
}

#[test]
fn members_hold_their_addresses_until_the_script_of_the_group_has_ended() {
    let mut pair = started([standfast(), standfast()], "    notify_stop /run/slow.sh\n");
    telling(&mut pair, |pair| {
        let process = pair.first.process().unwrap();
        process.signal(Signal::SIGTERM).unwrap();
        process.wait(LIMIT).unwrap();
        let seen = pair.first.host.read_file("/run/at-stop").unwrap();
        for vip in [VIP, OTHER_VIP] {
            assert!(seen.contains(&format!("{vip}/24")), "{seen}");
        }
        hold_both(&pair.second.host, true);
    });
}
