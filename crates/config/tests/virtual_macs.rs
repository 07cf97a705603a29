//! Which two instances would have one virtual MAC address on one interface.

mod common;

use common::read;
use standfast_config::Code;

const ALONG: &str = "use_vmac\nvirtual_ipaddress_excluded {\n2001:db8::1/64 use_vmac\n}";
const EXPLICIT: [&str; 2] = [
    "use_vmac mac1 02:00:00:00:00:01",
    "use_vmac mac2 02:00:00:00:00:01",
];

/// Interface, VRID, lines and address.
type Instance = (&'static str, u8, &'static str, &'static str);

const PLAIN: Instance = ("eth0", 51, "use_vmac", "192.0.2.100/24");
const WITH_V6: Instance = ("eth0", 51, ALONG, "192.0.2.100/24");
const OTHER: Instance = ("eth0", 51, EXPLICIT[0], "192.0.2.100/24");

/// Two instances in the order of the file, and whether the second one is refused.
const ROWS: [(Instance, Instance, bool); 8] = [
    (PLAIN, ("eth1", 51, "use_vmac", "192.0.2.101/24"), false),
    (PLAIN, ("eth0", 51, "use_vmac", "fe80::100"), false),
    (PLAIN, ("eth1", 51, "", "192.0.2.101/24 dev eth0"), false),
    (WITH_V6, ("eth0", 51, "", "fe80::100"), false),
    (WITH_V6, ("eth0", 51, "use_vmac", "fe80::100"), true),
    (
        PLAIN,
        ("eth1", 51, "use_vmac_addr", "192.0.2.101/24 dev eth0"),
        true,
    ),
    (OTHER, ("eth0", 52, EXPLICIT[1], "192.0.2.101/24"), true),
    (OTHER, ("eth0", 52, "use_vmac", "192.0.2.101/24"), false),
];

fn text(name: &str, (interface, vrid, lines, address): Instance) -> String {
    format!(
        "vrrp_instance {name} {{\ninterface {interface}\nvirtual_router_id {vrid}\nversion 3\n{lines}\n\
         virtual_ipaddress {{\n{address}\n}}\n}}\n"
    )
}

#[test]
fn a_virtual_mac_address_on_one_interface_has_one_instance() {
    for (first, second, taken) in ROWS {
        let text = text("A", first) + &text("B", second);
        let diagnostics = read(&text).diagnostics;
        let found = diagnostics.iter();
        let found = found.filter(|found| found.code == Code::VirtualMacTaken);
        assert_eq!(found.count(), usize::from(taken), "{text}");
    }
}
