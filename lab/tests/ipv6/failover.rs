//! Pairs over IPv6 multicast.

use std::net::IpAddr;
use std::time::Duration;

use standfast_lab::{Daemon, Injector, Moment, Signal};

use crate::lan::{Lan, PATIENCE, VIP6, VIP6_ON_LINK, instance_v6, until};
use crate::support::{advertises, next_worker, send, standfast, worker_pid};

/// The client's longest silence when Standfast leaves on purpose, net of the machine's own: no skew fits into it.
const SMOOTH: Duration = Duration::from_millis(60);
const FRAMES_PER_S: u32 = 5_000;

fn pair(daemons: [Daemon; 2]) -> Lan {
    let configurations = [instance_v6(100, ""), instance_v6(90, "")];
    Lan::new(daemons, [&configurations[0], &configurations[1]], VIP6)
}

/// The first node leaves and comes back; who holds the addresses is what the client's neighbour table says.
fn fails_over_and_back(daemons: [Daemon; 2]) {
    pair(daemons).telling(|lan| {
        lan.start();
        lan.client_knows(VIP6, 0);
        let left = Moment::now();
        lan.nodes[0].stop();
        let taken = lan.served_by(1, left);
        lan.client_knows(VIP6, 1);
        lan.holds(0, VIP6, false);
        lan.holds(0, VIP6_ON_LINK, false);
        lan.holds(1, VIP6_ON_LINK, true);
        if lan.nodes[0].daemon.is_standfast() {
            let gap = lan.probe.net_gap(left, taken + SMOOTH).unwrap();
            assert!(gap <= SMOOTH, "the client waited {gap:?}");
        }
        let back = Moment::now();
        lan.nodes[0].start();
        lan.served_by(0, back);
        lan.client_knows(VIP6, 0);
        lan.holds(1, VIP6, false);
        lan.holds(1, VIP6_ON_LINK, false);
    });
}

#[test]
fn standfast_fails_over_and_back() {
    fails_over_and_back([standfast(), standfast()]);
}

#[test]
fn standfast_before_keepalived_fails_over_and_back() {
    fails_over_and_back([standfast(), Daemon::Keepalived]);
}

#[test]
fn a_flood_of_neighbour_discovery_costs_the_client_nothing() {
    pair([standfast(), standfast()]).telling(|lan| {
        lan.start();
        // Solicitations for the address from one that nobody has, which both nodes' kernels hear.
        let mac = lan.client.mac().0;
        let mut frame = vec![0x33, 0x33, 0xff, 0, 1, 0];
        frame.extend(mac);
        frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 58, 255]);
        frame.extend("fd00::77".parse::<std::net::Ipv6Addr>().unwrap().octets());
        frame.extend(
            "ff02::1:ff00:100"
                .parse::<std::net::Ipv6Addr>()
                .unwrap()
                .octets(),
        );
        frame.extend([135, 0, 0, 0, 0, 0, 0, 0]);
        frame.extend(VIP6.octets());
        let duration = Duration::from_secs(5);
        let flood = Injector::start(&lan.client, &[frame], FRAMES_PER_S, duration).unwrap();
        let left = Moment::now();
        lan.nodes[0].stop();
        let taken = lan.served_by(1, left);
        lan.client_knows(VIP6, 1);
        let gap = lan.probe.net_gap(left, taken + SMOOTH).unwrap();
        assert!(gap <= SMOOTH, "the client waited {gap:?}");
        assert!(flood.finish().unwrap() > 0);
    });
}

#[test]
fn a_killed_worker_resigns_and_the_next_one_comes_back() {
    pair([standfast(), standfast()]).telling(|lan| {
        lan.start();
        let mac = lan.nodes[0].mac();
        let old = worker_pid(&lan.nodes[0].host);
        let killed = Moment::now();
        send(&lan.nodes[0].host, old, Signal::SIGKILL);
        lan.capture
            .first("priority 0", killed, PATIENCE, |frame| {
                advertises(frame, mac, 0)
            })
            .unwrap();
        lan.served_by(1, killed);
        next_worker(&lan.nodes[0].host, old, PATIENCE);
        lan.served_by(0, Moment::now());
        lan.client_knows(VIP6, 0);
        lan.holds(1, VIP6, false);
    });
}

#[test]
fn what_a_killed_daemon_left_is_removed_by_the_next_start() {
    pair([standfast(), standfast()]).telling(|lan| {
        lan.start();
        let host = &lan.nodes[0].host;
        host.run(&["killall", "-9", "keepalived"]).unwrap();
        lan.nodes[0].process().wait(PATIENCE).unwrap();
        assert!(lan.nodes[0].host.holds(VIP6).unwrap());
        lan.nodes[1].says("Entering MASTER STATE");
        let restarted = Moment::now();
        lan.nodes[0].start();
        lan.holds(0, VIP6, false);
        lan.served_by(1, restarted);
    });
}

#[test]
fn after_a_split_the_survivor_is_the_one_that_is_heard_last() {
    pair([standfast(), standfast()]).telling(|lan| {
        lan.start();
        lan.nodes[1].host.set_hears_multicast(false).unwrap();
        lan.holds(1, VIP6, true);
        lan.nodes[1].host.set_hears_multicast(true).unwrap();
        lan.holds(1, VIP6, false);
        lan.client_knows(VIP6, 0);
        let settled = Moment::now();
        lan.served_by(0, settled);
    });
}

/// The kernel forgets all IPv6 addresses of an interface that is taken down, and asks for duplicates of the link-local one
/// when it comes back.
#[test]
fn an_interface_that_was_down_serves_again_when_its_link_local_address_is_usable() {
    pair([standfast(), standfast()]).telling(|lan| {
        lan.start();
        let down = Moment::now();
        lan.nodes[0].host.link_down("eth0").unwrap();
        lan.served_by(1, down);
        lan.nodes[0].says("Entering FAULT STATE");
        let up = Moment::now();
        lan.nodes[0].host.link_up("eth0").unwrap();
        lan.served_by(0, up);
        lan.client_knows(VIP6, 0);
        lan.holds(0, VIP6_ON_LINK, true);
        lan.holds(1, VIP6, false);
    });
}

/// One instance of each family with the same VRID; each takes an address of the other family along.
fn mixed(priority: u8) -> String {
    format!(
        "vrrp_instance VI_4 {{\n    state BACKUP\n    interface eth0\n    virtual_router_id 51\n    \
         priority {priority}\n    advert_int 1\n    virtual_ipaddress {{\n        192.168.1.200/24\n    \
         }}\n    virtual_ipaddress_excluded {{\n        fd00::200/64\n    }}\n}}\n{}",
        instance_v6(
            priority,
            "    virtual_ipaddress_excluded {\n        192.168.1.201/24\n    }\n"
        )
    )
}

#[test]
fn both_families_share_a_vrid_and_announce_each_others_addresses() {
    let configurations = [mixed(100), mixed(90)];
    let texts = [configurations[0].as_str(), configurations[1].as_str()];
    let mut lan = Lan::new([standfast(), standfast()], texts, VIP6);
    lan.telling(|lan| {
        lan.start();
        let all: Vec<IpAddr> = ["192.168.1.200", "192.168.1.201", "fd00::200", "fd00::100"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        for address in &all {
            lan.holds(0, *address, true);
            lan.client_asks(*address);
            lan.client_knows(*address, 0);
        }
        let left = Moment::now();
        lan.nodes[0].stop();
        let mac = lan.nodes[1].mac();
        for address in &all {
            lan.holds(1, *address, true);
            lan.holds(0, *address, false);
            lan.client_knows(*address, 1);
            let announced =
                |frame: &standfast_lab::Frame| frame.source_mac == mac && frame.announces(*address);
            until("an announcement", || {
                !lan.capture.frames(left, announced).is_empty()
            });
        }
    });
}
