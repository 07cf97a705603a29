//! FRR's vrrpd, which answers from virtual MAC addresses on interfaces that it is given.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use standfast_lab::{Host, MacAddress, Moment, Process};

use crate::cell::{Cell, Family, Version};
use crate::network::PATIENCE;

const FOLDER: &str = "/run/frr";

/// Virtual MAC address of a cell (RFC 9568 section 7.3).
pub fn virtual_mac(cell: &Cell) -> MacAddress {
    let family = match cell.family {
        Family::V4 => 1,
        Family::V6 => 2,
    };
    MacAddress([0, 0, 0x5e, 0, family, cell.vrid])
}

/// FRR's processes; they end with it.
pub struct Frr(Vec<Process>);

impl Frr {
    pub fn start(host: &Host, cells: &[Cell], priority: u8) -> Self {
        for cell in cells {
            make_interface(host, cell);
        }
        // Or the host answers for its address on eth0 as well (FRR's documentation of vrrpd).
        let arp_ignore = "echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore";
        host.run(&["sh", "-c", arp_ignore]).unwrap();
        let text = configuration(cells, priority);
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

    pub fn log(&self) -> String {
        self.0.iter().map(Process::log).collect()
    }

    /// State of every virtual router, by VRID and whether it is the one of IPv6.
    pub fn states(&self, host: &Host) -> BTreeMap<(u8, bool), String> {
        let argv = ["vtysh", "--vty_socket", FOLDER, "-c", "show vrrp"];
        let shown = host.run_within(PATIENCE, &argv).unwrap().output;
        let (mut vrid, mut states) = (0, BTreeMap::new());
        for line in shown.lines() {
            let last = line.split_whitespace().last().unwrap_or_default();
            let line = line.trim();
            if line.starts_with("Virtual Router ID") {
                vrid = last.parse().unwrap();
            } else if line.starts_with("Status") {
                states.insert((vrid, line.contains("v6")), last.to_owned());
            }
        }
        states
    }
}

fn make_interface(host: &Host, cell: &Cell) {
    let (name, mac) = (format!("vrrp{}", cell.vrid), virtual_mac(cell).to_string());
    let link = ["ip", "link", "add", &name, "link", "eth0", "address", &mac];
    let kind = ["type", "macvlan", "mode", "bridge"];
    host.run(&[&link[..], &kind].concat()).unwrap();
    let address = cell.address();
    let network = match cell.family {
        Family::V4 => format!("{address}/24"),
        Family::V6 => format!("{address}/64"),
    };
    let add = ["ip", "address", "add", &network, "dev", &name];
    // The other node may hold the address: its kernel would answer a duplicate's question.
    let no_question: &[&str] = match cell.family {
        Family::V4 => &[],
        Family::V6 => &["nodad"],
    };
    host.run(&[&add[..], no_question].concat()).unwrap();
    host.run(&["ip", "link", "set", &name, "up"]).unwrap();
}

fn configuration(cells: &[Cell], priority: u8) -> String {
    let mut text = "log stdout\ninterface eth0\n".to_owned();
    for cell in cells {
        let (version, interval) = match cell.version {
            Version::V2 => (2, 1000),
            Version::V3 => (3, 200),
        };
        let family = match cell.family {
            Family::V4 => "ip",
            Family::V6 => "ipv6",
        };
        let (vrid, address) = (cell.vrid, cell.address());
        let _ = write!(
            text,
            " vrrp {vrid} version {version}\n vrrp {vrid} priority {priority}\n \
             vrrp {vrid} advertisement-interval {interval}\n vrrp {vrid} {family} {address}\n"
        );
    }
    text + "exit\n"
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

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Moment::now() + PATIENCE;
    while !holds() {
        assert!(Moment::now() < end, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
