//! Interfaces that flap, vanish and return, and source addresses that are watched.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use standfast_lab::{ExitState, Host, VIP};

use super::{Scene, Stage, tracking};
use crate::support::standfast;

/// A virtual address on the second interface.
const SECOND_VIP: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 100);
const OWN: &str = "10.9.0.1/24";

fn shell(host: &Host, command: &str) {
    host.run(&["sh", "-c", command]).unwrap();
}

/// A second interface whose other end lies in the same host.
fn make_second(host: &Host, address: &str) {
    shell(
        host,
        &format!(
            "ip link add eth1 type veth peer name eth1-end && ip link set eth1-end up && \
             ip link set eth1 up && ip address add {address} dev eth1"
        ),
    );
}

fn on_second(head: &str, vip: &str) -> String {
    format!(
        "{head}\nvrrp_instance VI_2 {{\n    version 3\n    interface eth1\n    virtual_router_id 52\n    \
         priority 100\n    advert_int 0.2\n    virtual_ipaddress {{\n        {vip}/24\n    }}\n}}\n"
    )
}

fn second_holds(scene: &Scene, address: Ipv4Addr, wanted: bool) {
    scene.wait(&format!("eth1 holds {address}: {wanted}"), || {
        let held = scene.host.addresses("eth1").unwrap_or_default();
        held.iter().any(|(held, _)| *held == IpAddr::from(address)) == wanted
    });
}

fn joined(host: &Host) -> bool {
    let text = host.read_file("/proc/net/igmp").unwrap();
    // 224.0.0.18 as the kernel prints it.
    let groups = text.split("eth1 ").nth(1).unwrap_or_default();
    let own = groups
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('\t'));
    own.into_iter().any(|line| line.contains("120000E0"))
}

#[test]
fn an_interface_that_vanishes_and_returns_is_taken_again() {
    let stage = Stage::new(&standfast());
    make_second(&stage.host, OWN);
    let scene = stage.start(&standfast(), &on_second("", "10.9.0.100"));
    second_holds(&scene, SECOND_VIP, true);
    assert!(joined(&scene.host));
    shell(&scene.host, "ip link delete eth1");
    scene.says("entering FAULT state (interface eth1 does not exist)");
    make_second(&scene.host, OWN);
    second_holds(&scene, SECOND_VIP, true);
    scene.wait("the group is joined", || joined(&scene.host));
}

#[test]
fn an_address_that_is_the_hosts_own_stays_so_when_its_interface_returns() {
    let own = Ipv4Addr::new(10, 9, 0, 1);
    let stage = Stage::new(&standfast());
    make_second(&stage.host, OWN);
    let scene = stage.start(&standfast(), &on_second("", "10.9.0.1"));
    scene.says("Entering MASTER STATE");
    shell(&scene.host, "ip link delete eth1");
    scene.says("entering FAULT state (interface eth1 does not exist)");
    make_second(&scene.host, OWN);
    scene.wait("master again", || scene.said("Entering MASTER STATE") == 2);
    second_holds(&scene, own, true);
    scene.process.stop(Duration::from_secs(10)).unwrap();
    second_holds(&scene, own, true);
}

#[test]
fn an_interface_may_come_later_where_that_is_allowed() {
    let text = on_second("global_defs {\n    dynamic_interfaces\n}", "10.9.0.100");
    let scene = Scene::start(&standfast(), &text);
    scene.says("entering FAULT state (interface eth1 does not exist)");
    make_second(&scene.host, OWN);
    second_holds(&scene, SECOND_VIP, true);
}

#[test]
fn a_missing_interface_is_an_error_where_it_is_not() {
    let scene = Scene::start(&standfast(), &on_second("", "10.9.0.100"));
    let ended = scene.process.wait(super::PATIENCE).unwrap();
    assert_eq!(ended, ExitState::Code(2), "{}", scene.process.log());
}

#[test]
fn a_link_that_flaps_within_its_delay_is_no_fault() {
    let stage = Stage::new(&standfast());
    make_second(&stage.host, OWN);
    let text = tracking(
        "interface_up_down_delays {\n    eth1 4 1\n}",
        "    track_interface {\n        eth1\n    }",
    );
    let scene = stage.start(&standfast(), &text);
    scene.holds(VIP, true);
    scene.host.link_down("eth1").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    scene.host.link_up("eth1").unwrap();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(scene.said("FAULT"), 0, "{}", scene.process.log());
    scene.host.link_down("eth1").unwrap();
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(scene.said("FAULT"), 0, "{}", scene.process.log());
    scene.holds(VIP, false);
    scene.says("entering FAULT state (tracked interface eth1 down)");
    scene.host.link_up("eth1").unwrap();
    scene.holds(VIP, true);
}

#[test]
fn a_watched_source_address_that_is_not_there_is_a_fault() {
    let text = tracking("", "    mcast_src_ip 192.168.1.77\n    track_src_ip");
    let scene = Scene::start(&standfast(), &text);
    scene.says("entering FAULT state (source address 192.168.1.77 is not on the interface)");
    let address = |what| format!("ip address {what} 192.168.1.77/24 dev eth0");
    shell(&scene.host, &address("add"));
    scene.holds(VIP, true);
    shell(&scene.host, &address("del"));
    scene.holds(VIP, false);
}
