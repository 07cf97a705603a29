//! Unicast of both families without an interface.

use std::net::IpAddr;

use standfast_lab::{Daemon, Moment, Signal};

use crate::lan::{Lan, PATIENCE, VIP6, own};
use crate::support::{next_worker, send, standfast, worker_pid};

/// What differs between the tests.
#[derive(Clone, Copy)]
struct Kind {
    /// The address that is shared, with its prefix length.
    network: &'static str,
    /// Advertised from and to addresses of IPv6.
    ipv6: bool,
}

const IPV6_WITHOUT_INTERFACE: Kind = Kind {
    network: "fd00::100/64",
    ipv6: true,
};
const IPV4_WITHOUT_INTERFACE: Kind = Kind {
    network: "192.168.1.200/24",
    ipv6: false,
};

impl Kind {
    fn vip(self) -> IpAddr {
        let (address, _) = self.network.split_once('/').unwrap();
        address.parse().unwrap()
    }

    /// The configuration of the node with that number, from 1: the address has `dev eth0`, unless the daemon is keepalived,
    /// whose 2.2.7 refuses what its manual allows.
    fn configuration(self, daemon: &Daemon, number: u16, priority: u8) -> String {
        let address = |number| match self.ipv6 {
            true => IpAddr::from(own(number).0),
            false => IpAddr::from(own(number).1),
        };
        let (interface, device) = match daemon.is_standfast() {
            true => ("", " dev eth0"),
            false => ("    interface eth0\n", ""),
        };
        format!(
            "vrrp_instance VI_1 {{\n    state BACKUP\n    version 3\n{interface}    \
             virtual_router_id 51\n    priority {priority}\n    advert_int 0.3\n    \
             unicast_src_ip {}\n    unicast_peer {{\n        {}\n    }}\n    virtual_ipaddress {{\n        \
             {}{device}\n    }}\n}}\n",
            address(number),
            address(3 - number),
            self.network
        )
    }

    /// The first node leaves and comes back.
    fn fails_over_and_back(self, daemons: [Daemon; 2]) {
        let configurations = [
            self.configuration(&daemons[0], 1, 100),
            self.configuration(&daemons[1], 2, 90),
        ];
        let texts = [configurations[0].as_str(), configurations[1].as_str()];
        Lan::new(daemons, texts, self.vip()).telling(|lan| {
            lan.start();
            lan.client_knows(self.vip(), 0);
            let left = Moment::now();
            lan.nodes[0].stop();
            lan.served_by(1, left);
            lan.client_knows(self.vip(), 1);
            lan.holds(0, self.vip(), false);
            let back = Moment::now();
            lan.nodes[0].start();
            lan.served_by(0, back);
            lan.client_knows(self.vip(), 0);
            lan.holds(1, self.vip(), false);
        });
    }
}

#[test]
fn ipv6_without_interface_between_standfast_and_itself() {
    IPV6_WITHOUT_INTERFACE.fails_over_and_back([standfast(), standfast()]);
}

#[test]
fn ipv6_without_interface_before_keepalived() {
    IPV6_WITHOUT_INTERFACE.fails_over_and_back([standfast(), Daemon::Keepalived]);
}

#[test]
fn ipv4_without_interface_between_standfast_and_itself() {
    IPV4_WITHOUT_INTERFACE.fails_over_and_back([standfast(), standfast()]);
}

#[test]
fn ipv4_without_interface_before_keepalived() {
    IPV4_WITHOUT_INTERFACE.fails_over_and_back([standfast(), Daemon::Keepalived]);
}

#[test]
fn ipv4_without_interface_behind_keepalived() {
    IPV4_WITHOUT_INTERFACE.fails_over_and_back([Daemon::Keepalived, standfast()]);
}

#[test]
fn without_an_interface_the_link_of_the_addresses_does_not_matter() {
    let configurations = [
        IPV6_WITHOUT_INTERFACE.configuration(&standfast(), 1, 100),
        IPV6_WITHOUT_INTERFACE.configuration(&standfast(), 2, 90),
    ];
    let texts = [configurations[0].as_str(), configurations[1].as_str()];
    Lan::new([standfast(), standfast()], texts, VIP6).telling(|lan| {
        lan.start();
        let pulled = Moment::now();
        lan.nodes[0].host.cable_pull().unwrap();
        lan.served_by(1, pulled);
        let log = lan.nodes[0].log();
        assert!(!log.contains("FAULT"), "{log}");
        let plugged = Moment::now();
        lan.nodes[0].host.cable_plug().unwrap();
        lan.served_by(0, plugged);
        lan.client_knows(VIP6, 0);
        lan.holds(1, VIP6, false);
    });
}

#[test]
fn without_an_interface_a_killed_worker_resigns_and_the_next_one_comes_back() {
    let kind = IPV6_WITHOUT_INTERFACE;
    let slowly = |text: String| crate::support::replaced(&text, ("advert_int 0.3", "advert_int 2"));
    let configurations = [
        slowly(kind.configuration(&standfast(), 1, 100)),
        slowly(kind.configuration(&standfast(), 2, 90)),
    ];
    let texts = [configurations[0].as_str(), configurations[1].as_str()];
    Lan::new([standfast(), standfast()], texts, VIP6).telling(|lan| {
        lan.start();
        let old = worker_pid(&lan.nodes[0].host);
        let killed = Moment::now();
        send(&lan.nodes[0].host, old, Signal::SIGKILL);
        // By its silence alone the second would learn of it after more than six seconds, and without a word.
        lan.nodes[1].says("Backup received priority 0 advertisement");
        lan.served_by(1, killed);
        lan.holds(0, VIP6, false);
        next_worker(&lan.nodes[0].host, old, PATIENCE);
    });
}
