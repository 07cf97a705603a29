//! What version 3 brings besides IPv6: short intervals, the master's interval, two kinds of checksums.

use standfast_lab::{Daemon, Moment};

use crate::lan::{Lan, own};
use crate::support::standfast;

const VIP4: std::net::Ipv4Addr = std::net::Ipv4Addr::new(192, 168, 1, 200);

fn instance(priority: u8, interval: &str, more: &str) -> String {
    format!(
        "vrrp_instance VI_1 {{\n    state BACKUP\n    version 3\n    interface eth0\n    \
         virtual_router_id 51\n    priority {priority}\n    advert_int {interval}\n{more}    \
         virtual_ipaddress {{\n        {VIP4}/24\n    }}\n}}\n"
    )
}

fn lan(daemons: [Daemon; 2], configurations: [String; 2]) -> Lan {
    let texts = [configurations[0].as_str(), configurations[1].as_str()];
    Lan::new(daemons, texts, VIP4)
}

/// A backup whose own interval would let it wait for half a minute takes over by the master's.
fn adopts_the_masters_interval(daemons: [Daemon; 2]) {
    let configurations = [instance(100, "0.1", ""), instance(90, "10", "")];
    lan(daemons, configurations).telling(|lan| {
        lan.start();
        lan.nodes[1].says("advertisement interval updated from");
        let pulled = Moment::now();
        lan.nodes[0].host.cable_pull().unwrap();
        lan.served_by(1, pulled);
        let plugged = Moment::now();
        lan.nodes[0].host.cable_plug().unwrap();
        lan.served_by(0, plugged);
        lan.client_knows(VIP4, 0);
        lan.holds(1, VIP4, false);
    });
}

#[test]
fn standfast_adopts_standfasts_interval() {
    adopts_the_masters_interval([standfast(), standfast()]);
}

#[test]
fn standfast_adopts_keepaliveds_interval() {
    adopts_the_masters_interval([Daemon::Keepalived, standfast()]);
}

#[test]
fn keepalived_adopts_standfasts_interval() {
    adopts_the_masters_interval([standfast(), Daemon::Keepalived]);
}

#[test]
fn ten_milliseconds_are_an_interval() {
    // Few missed advertisements are fatal at this rate on a busy machine; the protocol is the same with more.
    let more = "    down_timer_adverts 100\n";
    let configurations = [instance(100, "0.01", more), instance(90, "0.01", more)];
    lan([standfast(), standfast()], configurations).telling(|lan| {
        lan.start();
        let mac = lan.nodes[0].mac();
        let begin = Moment::now();
        std::thread::sleep(std::time::Duration::from_secs(2));
        let sent = lan.capture.frames(begin, |frame| {
            frame.source_mac == mac && frame.advertisement().is_some()
        });
        // 200 of an idle machine.
        assert!(
            (21..=220).contains(&sent.len()),
            "{} advertisements",
            sent.len()
        );
        let left = Moment::now();
        lan.nodes[0].stop();
        lan.served_by(1, left);
        lan.client_knows(VIP4, 1);
    });
}

/// Both checksums of version 3 for IPv4 are taken, whichever one is sent.
#[test]
fn nodes_with_different_checksums_understand_each_other() {
    let plain = "    v3_checksum_as_v2\n";
    let configurations = [instance(100, "0.3", plain), instance(90, "0.3", "")];
    lan([standfast(), standfast()], configurations).telling(fails_over_and_back);
}

fn fails_over_and_back(lan: &mut Lan) {
    lan.start();
    let left = Moment::now();
    lan.nodes[0].stop();
    lan.served_by(1, left);
    lan.client_knows(VIP4, 1);
    let back = Moment::now();
    lan.nodes[0].start();
    lan.served_by(0, back);
    lan.client_knows(VIP4, 0);
    lan.holds(1, VIP4, false);
}

/// keepalived with the checksums that it had before 1.3.7.
#[test]
fn a_unicast_peer_with_old_checksums_is_understood_and_answered_in_kind() {
    let unicast = |number: u16, more: &str| {
        let (_, own_address) = own(number);
        let (_, peer) = own(3 - number);
        format!(
            "    unicast_src_ip {own_address}\n    unicast_peer {{\n        {peer}\n    }}\n{more}"
        )
    };
    let old = unicast(1, "    old_unicast_checksum\n");
    let configurations = [
        instance(100, "0.3", &old),
        instance(90, "0.3", &unicast(2, "")),
    ];
    lan([Daemon::Keepalived, standfast()], configurations).telling(|lan| {
        lan.start();
        lan.nodes[1].says("Setting unicast VRRPv3 checksum to old version");
        let left = Moment::now();
        lan.nodes[0].stop();
        lan.served_by(1, left);
        let back = Moment::now();
        lan.nodes[0].start();
        lan.served_by(0, back);
        lan.holds(1, VIP4, false);
        let log = lan.nodes[0].log();
        assert!(!log.contains("Invalid VRRPv3 checksum"), "{log}");
    });
}
