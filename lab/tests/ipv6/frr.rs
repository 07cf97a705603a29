//! Beside FRR's vrrpd (version 3, both families), which answers from virtual MAC addresses.

use std::net::IpAddr;

use standfast_lab::{Host, MacAddress, Moment, Process};

use crate::lan::{Lan, PATIENCE, VIP6, until};
use crate::support::standfast;

const VIP4: &str = "192.168.1.200";
const FOLDER: &str = "/run/frr";
/// Virtual MAC addresses of VRID 51 (RFC 9568 §7.3).
const MAC_V4: MacAddress = MacAddress([0, 0, 0x5e, 0, 1, 51]);
const MAC_V6: MacAddress = MacAddress([0, 0, 0x5e, 0, 2, 51]);

/// Our instances of both families.
fn configuration(priority: u8) -> String {
    let instance = |name: &str, vip: &str| {
        format!(
            "vrrp_instance {name} {{\n    state BACKUP\n    version 3\n    interface eth0\n    \
             virtual_router_id 51\n    priority {priority}\n    advert_int 0.5\n    \
             virtual_ipaddress {{\n        {vip}\n    }}\n}}\n"
        )
    };
    let v6 = format!("{VIP6}/64");
    instance("VI_4", "192.168.1.200/24") + &instance("VI_6", &v6)
}

/// FRR's processes on the second node; they end with it.
struct Frr(Vec<Process>);

impl Frr {
    fn start(lan: &Lan, priority: u8) -> Self {
        let host = &lan.nodes[1].host;
        for (name, mac, network) in [
            ("vrrp4", MAC_V4, "192.168.1.200/24"),
            ("vrrp6", MAC_V6, "fd00::100/64"),
        ] {
            let mac = mac.to_string();
            let link = ["ip", "link", "add", name, "link", "eth0", "address", &mac];
            let kind = ["type", "macvlan", "mode", "bridge"];
            host.run(&[&link[..], &kind].concat()).unwrap();
            let family = if network.contains(':') { "-6" } else { "-4" };
            let add = ["ip", family, "address", "add", network, "dev", name];
            // Our node may hold the address: its kernel would answer a duplicate's question.
            let no_question: &[&str] = if family == "-6" { &["nodad"] } else { &[] };
            host.run(&[&add[..], no_question].concat()).unwrap();
            host.run(&["ip", "link", "set", name, "up"]).unwrap();
        }
        // Or the host answers for its address on eth0 as well (FRR's documentation of vrrpd).
        let arp_ignore = "echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore";
        host.run(&["sh", "-c", arp_ignore]).unwrap();
        let text = format!(
            "log stdout\ninterface eth0\n vrrp 51 version 3\n vrrp 51 priority {priority}\n \
             vrrp 51 advertisement-interval 500\n vrrp 51 ip {VIP4}\n vrrp 51 ipv6 {VIP6}\nexit\n"
        );
        host.write_file("/run/frr/vrrpd.conf", &text, 0o644)
            .unwrap();
        host.write_file("/run/frr/zebra.conf", "log stdout\n", 0o644)
            .unwrap();
        host.run(&["chown", "-R", "frr:frr", FOLDER]).unwrap();
        // Link-local addresses must be usable before it looks for them.
        until("addresses without duplicates", || {
            let shown = host.run(&["ip", "-6", "address", "show", "tentative"]);
            shown.unwrap().output.trim().is_empty()
        });
        let zebra = spawn(host, "zebra");
        until("zebra's socket", || {
            host.run_within(PATIENCE, &["test", "-S", "/run/frr/zserv.api"])
                .unwrap()
                .succeeded()
        });
        Frr(vec![zebra, spawn(host, "vrrpd")])
    }

    /// Waits until both families are in that state.
    #[track_caller]
    fn is(&self, lan: &Lan, state: &str) {
        let argv = ["vtysh", "--vty_socket", FOLDER, "-c", "show vrrp"];
        let end = Moment::now() + PATIENCE;
        loop {
            let shown = lan.nodes[1]
                .host
                .run_within(PATIENCE, &argv)
                .unwrap()
                .output;
            let status = |line: &&str| line.trim().starts_with("Status");
            let lines: Vec<&str> = shown.lines().filter(status).collect();
            if lines.len() == 2 && lines.iter().all(|line| line.trim().ends_with(state)) {
                return;
            }
            if Moment::now() >= end {
                let log: String = self.0.iter().map(Process::log).collect();
                panic!("FRR is not {state} within {PATIENCE:?}: {shown}\n{log}");
            }
        }
    }
}

fn spawn(host: &Host, name: &str) -> Process {
    let program = format!("/usr/lib/frr/{name}");
    let file = format!("{FOLDER}/{name}.conf");
    let pid = format!("{FOLDER}/{name}.pid");
    let argv = [
        program.as_str(),
        "-f",
        &file,
        "-i",
        &pid,
        "-z",
        "/run/frr/zserv.api",
        "--vty_socket",
        FOLDER,
    ];
    host.spawn(&argv, &[]).unwrap()
}

fn addresses() -> [IpAddr; 2] {
    [VIP4.parse().unwrap(), VIP6.into()]
}

#[track_caller]
fn served_by_frr(lan: &Lan) {
    for (address, mac) in addresses().into_iter().zip([MAC_V4, MAC_V6]) {
        until(&format!("{address} at FRR's virtual MAC address"), || {
            lan.client_asks(address);
            lan.client.neighbour_mac(address).unwrap() == Some(mac)
        });
    }
}

#[track_caller]
fn served_by_us(lan: &Lan) {
    for address in addresses() {
        lan.holds(0, address, true);
        lan.client_asks(address);
        lan.client_knows(address, 0);
    }
}

/// Our node against FRR on the other one; FRR gives itself up as root only.
fn against_frr(ours: u8, theirs: u8, body: impl FnOnce(&mut Lan, u8)) {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: FRR changes to its own user, which needs root");
        return;
    }
    let text = configuration(ours);
    let mut lan = Lan::new([standfast(), standfast()], [&text, ""], VIP6);
    lan.telling(|lan| body(lan, theirs));
}

#[test]
fn standfast_takes_over_from_frr_and_gives_back() {
    against_frr(200, 100, |lan, theirs| {
        let frr = Frr::start(lan, theirs);
        frr.is(lan, "Master");
        served_by_frr(lan);
        lan.nodes[0].start();
        frr.is(lan, "Backup");
        served_by_us(lan);
        lan.nodes[0].stop();
        frr.is(lan, "Master");
        served_by_frr(lan);
        for address in addresses() {
            lan.holds(0, address, false);
        }
    });
}

#[test]
fn standfast_yields_to_frr_and_takes_over_when_it_is_gone() {
    against_frr(100, 200, |lan, theirs| {
        lan.nodes[0].start();
        served_by_us(lan);
        let frr = Frr::start(lan, theirs);
        frr.is(lan, "Master");
        for address in addresses() {
            lan.holds(0, address, false);
        }
        served_by_frr(lan);
        // Not its process: the virtual MAC interfaces would go on answering.
        lan.nodes[1].host.cable_pull().unwrap();
        served_by_us(lan);
    });
}
