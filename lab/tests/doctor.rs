//! `standfast doctor` on hosts with one trap each: it names the trap, and the command that it prints mends it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod support;

use std::time::Duration;

use serde_json::Value;
use standfast_lab::{
    CONFIGURATION, Daemon, ExitState, Host, HostOptions, Lab, LabOptions, Moment, Output, Process,
    Start,
};
use support::{agent, short_configuration, standfast};

const LONG: Duration = Duration::from_secs(30);
const STANDFAST: &str = "/run/lab/bin/standfast";
const INTERVAL: Duration = Duration::from_millis(200);
/// What distributions set, and bare namespaces do not have.
const USUAL: &[&str] = &[
    "sysctl",
    "-q",
    "net.ipv4.conf.eth0.promote_secondaries=1",
    "net.ipv4.conf.all.arp_ignore=0",
];

fn standfast_as_itself() -> Daemon {
    match standfast() {
        Daemon::Standfast { binary, .. } => Daemon::Standfast {
            binary,
            start: Start::AsItself,
        },
        Daemon::Keepalived => Daemon::Keepalived,
    }
}

/// A host with this configuration; its daemon is not started.
fn host_with(configuration: &str) -> (Lab, Host) {
    let lab = Lab::new(LabOptions::with_agent(agent())).unwrap();
    let mut options = HostOptions::new("node", [192, 168, 1, 11].into());
    options.programs = standfast_as_itself().programs();
    let host = lab.host(&options).unwrap();
    host.write_file(CONFIGURATION, configuration, 0o644)
        .unwrap();
    host.run(USUAL).unwrap();
    (lab, host)
}

fn start_master(daemon: &Daemon, host: &Host) -> Process {
    let process = daemon.start(host, CONFIGURATION).unwrap();
    wait_until(&process, || host.addresses("eth0").unwrap().len() > 2);
    process
}

fn wait_until(process: &Process, done: impl Fn() -> bool) {
    let end = Moment::now() + LONG;
    while !done() {
        assert!(Moment::now() < end, "{}", process.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn doctor(host: &Host, options: &[&str]) -> Output {
    let mut argv = vec![STANDFAST, "doctor"];
    argv.extend(options);
    host.run_within(LONG, &argv).unwrap()
}

/// The finding with this code, or in whose text these words stand.
fn finding(host: &Host, about: &str) -> Option<Value> {
    let output = doctor(host, &["--json"]);
    let report: Value = serde_json::from_str(&output.output)
        .unwrap_or_else(|error| panic!("{error}: {}{}", output.output, output.error));
    let areas = report["areas"].as_array().unwrap().clone();
    let mut all = areas
        .iter()
        .flat_map(|area| area["findings"].as_array().unwrap().clone());
    let found = all.find(|one| {
        one["code"] == about
            || one["text"]
                .as_str()
                .is_some_and(|text| text.contains(about))
    });
    if found.is_some() {
        assert_eq!(output.status, ExitState::Code(1), "{}", output.output);
    }
    found
}

/// Sets the trap with a shell's command, and lets the printed one mend it.
#[track_caller]
fn trap(host: &Host, code: &str, set: &str) {
    assert_eq!(finding(host, code), None, "before {set}");
    host.run(&["sh", "-c", set]).unwrap();
    // A link needs a moment to come and go.
    let end = Moment::now() + LONG;
    let found = loop {
        if let Some(found) = finding(host, code) {
            break found;
        }
        assert!(Moment::now() < end, "{set}: no {code}");
    };
    let command = found["command"].as_str().unwrap();
    host.run(&["sh", "-c", command]).unwrap();
    while let Some(found) = finding(host, code) {
        assert!(Moment::now() < end, "after {command}: {found}");
    }
}

#[test]
fn each_trap_is_named_and_its_command_mends_it() {
    let (_lab, host) = host_with(&short_configuration(INTERVAL, 99));
    let table = "add table inet filter; add chain inet filter input { type filter hook input priority 0; policy accept; }; \
        add chain inet filter output { type filter hook output priority 0; policy accept; };";
    let nft = |rules: &str| format!("nft flush ruleset; nft '{table} {rules}'");
    trap(
        &host,
        "SF0400",
        &nft("add rule inet filter input ip protocol 112 drop"),
    );
    trap(
        &host,
        "SF0400",
        &nft("add rule inet filter output ip protocol 112 drop"),
    );
    trap(
        &host,
        "SF0409",
        &nft("add rule inet filter input udp dport 9112 drop"),
    );
    trap(&host, "SF0404", "sysctl -q net.ipv4.conf.eth0.arp_ignore=8");
    trap(&host, "SF0404", "sysctl -q net.ipv4.conf.all.arp_ignore=8");
    trap(
        &host,
        "SF0406",
        "sysctl -q net.ipv4.conf.all.promote_secondaries=0 net.ipv4.conf.eth0.promote_secondaries=0",
    );
    trap(&host, "SF0408", "ip link set eth0 down");
}

#[test]
fn a_second_interface_in_the_subnet_is_a_trap_for_arp() {
    let (_lab, host) = host_with(&short_configuration(INTERVAL, 99));
    let second = "ip link add eth9 type veth peer name eth9p && ip link set eth9p up && ip link set eth9 up && ip address add 192.168.1.99/24 dev eth9";
    trap(&host, "SF0411", second);
    host.run(&["sysctl", "-q", "net.ipv4.conf.all.arp_ignore=0"])
        .unwrap();
    trap(&host, "SF0410", "sysctl -q net.ipv4.conf.eth0.arp_filter=1");
}

#[test]
fn a_virtual_mac_and_a_strict_reverse_path_do_not_go_together() {
    let with_vmac = short_configuration(INTERVAL, 99)
        .replace("    interface eth0\n", "    interface eth0\n    use_vmac\n");
    let (_lab, host) = host_with(&with_vmac);
    host.run(&["sysctl", "-q", "net.ipv4.conf.all.rp_filter=0"])
        .unwrap();
    trap(&host, "SF0405", "sysctl -q net.ipv4.conf.all.rp_filter=1");
}

#[test]
fn a_bridge_that_waits_for_its_spanning_tree_is_named() {
    let on_bridge = short_configuration(INTERVAL, 99).replace("interface eth0", "interface br0");
    let (_lab, host) = host_with(&on_bridge);
    let bridge = "ip link add br0 type bridge && ip link set br0 up && ip address add 192.168.1.21/24 dev br0";
    host.run(&["sh", "-c", bridge]).unwrap();
    trap(&host, "SF0412", "ip link set br0 type bridge stp_state 1");
}

/// What the report says of a subject.
fn area(host: &Host, name: &str) -> String {
    let report: Value = serde_json::from_str(&doctor(host, &["--json"]).output).unwrap();
    let areas = report["areas"].as_array().unwrap();
    let found = areas.iter().find(|area| area["name"] == name);
    found.map_or_else(String::new, |area| {
        area["text"].as_str().unwrap().to_owned()
    })
}

#[test]
fn what_the_kernel_knows_of_switches_is_told_and_nothing_else() {
    let on_bridge = short_configuration(INTERVAL, 99).replace("interface eth0", "interface br0");
    let (_lab, host) = host_with(&on_bridge);
    let bridges = "ip link add br0 type bridge mcast_snooping 1 mcast_querier 0 && ip link add br1 type bridge mcast_querier 0 \
        && ip link add port0 type veth peer name port1 && ip link set port0 master br0 && ip link set port1 master br1 \
        && for link in port0 port1 br0 br1; do ip link set $link up; done \
        && ip address add 192.168.1.21/24 dev br0 && ip address add 192.168.1.22/24 dev br1";
    host.run(&["sh", "-c", bridges]).unwrap();
    let said = area(&host, "switch");
    for phrase in [
        "no querier is known on br0",
        "snoops and does not query",
        "unless a switch there snoops",
        "`tcpdump -ni br0 igmp`",
    ] {
        assert!(said.contains(phrase), "{phrase}: {said}");
    }
    assert_eq!(finding(&host, "snoops"), None, "that alone harms nobody");
    // Behind the cable somebody begins to ask.
    host.run(&["sh", "-c", "ip link set br1 type bridge mcast_querier 1"])
        .unwrap();
    let end = Moment::now() + LONG;
    while !area(&host, "switch").contains("a querier (IGMPv2) is heard on br0") {
        assert!(Moment::now() < end, "{}", area(&host, "switch"));
        std::thread::sleep(Duration::from_millis(200));
    }
    host.run(&["sh", "-c", "ip link set br0 type bridge mcast_snooping 0"])
        .unwrap();
    let said = area(&host, "switch");
    assert!(said.contains("br0 of this host does not snoop"), "{said}");
}

#[test]
fn a_limit_by_which_the_kernel_would_kill_a_real_time_daemon_is_named_and_lifted() {
    let configuration = short_configuration(INTERVAL, 99);
    let configuration = format!("global_defs {{\n    vrrp_rt_priority 10\n}}\n{configuration}");
    let (_lab, host) = host_with(&configuration);
    let process = start_master(&standfast_as_itself(), &host);
    wait_until(&process, || finding(&host, "no daemon runs").is_none());
    let granted = area(&host, "scheduling").starts_with("real-time priority");
    if !granted {
        // Whoever is root in a user namespace alone has no such right.
        assert!(finding(&host, "has no real-time priority").is_some());
        println!("SKIPPED: real-time priority is not granted here");
        return;
    }
    assert_eq!(finding(&host, "RLIMIT_RTTIME"), None);
    let status = host.run(&[STANDFAST, "status", "--json"]).unwrap();
    let status: Value = serde_json::from_str(&status.output).unwrap();
    let limit = format!("prlimit --pid {} --rttime=900000:", status["node"]["pid"]);
    host.run(&["sh", "-c", &limit]).unwrap();
    let found = finding(&host, "RLIMIT_RTTIME").unwrap();
    assert_eq!(found["level"], "bad", "{found}");
    let command = found["command"].as_str().unwrap();
    host.run(&["sh", "-c", command]).unwrap();
    assert_eq!(finding(&host, "RLIMIT_RTTIME"), None);
}

#[test]
fn another_namespace_is_not_judged_from_here() {
    let elsewhere = format!("net_namespace other\n{}", short_configuration(INTERVAL, 99));
    let (_lab, host) = host_with(&elsewhere);
    let found = finding(&host, "network namespace `other`").unwrap();
    assert_eq!(found["command"], "ip netns exec other standfast doctor");
    let said = doctor(&host, &[]).output;
    assert!(!said.contains("ok firewall"), "{said}");
}

#[test]
fn ipv6_that_is_switched_off_is_named_where_an_address_needs_it() {
    let excluded =
        "    virtual_ipaddress_excluded {\n        fd00::100/64\n    }\n    virtual_ipaddress {\n";
    let with_v6 = short_configuration(INTERVAL, 99).replace("    virtual_ipaddress {\n", excluded);
    let (_lab, host) = host_with(&with_v6);
    trap(
        &host,
        "SF0407",
        "sysctl -q net.ipv6.conf.eth0.disable_ipv6=1",
    );
}

#[test]
fn a_keepalived_that_runs_already_is_named_and_ended() {
    let (_lab, host) = host_with(&short_configuration(INTERVAL, 99));
    assert_eq!(finding(&host, "SF0401"), None);
    let theirs = start_master(&Daemon::Keepalived, &host);
    let found = finding(&host, "SF0401").unwrap();
    let command = found["command"].as_str().unwrap();
    host.run(&["sh", "-c", command]).unwrap();
    wait_until(&theirs, || finding(&host, "SF0401").is_none());
}

#[test]
fn a_service_bound_to_the_address_is_named() {
    let (_lab, host) = host_with(&short_configuration(INTERVAL, 99));
    host.run(&["ip", "address", "add", "192.168.1.200/32", "dev", "lo"])
        .unwrap();
    let service = "import socket,time\ns=socket.socket()\ns.bind(('192.168.1.200',8080))\ns.listen()\nprint('listens',flush=True)\ntime.sleep(600)";
    let service = host
        .spawn(&["/usr/bin/python3", "-c", service], &[])
        .unwrap();
    wait_until(&service, || finding(&host, "SF0416").is_some());
    let found = finding(&host, "SF0416").unwrap();
    let command = found["command"].as_str().unwrap();
    host.run(&["sh", "-c", command]).unwrap();
    assert_eq!(finding(&host, "SF0416"), None);
}

#[test]
fn a_link_that_bounces_is_named() {
    let (_lab, host) = host_with(&short_configuration(INTERVAL, 99));
    assert_eq!(finding(&host, "SF0415"), None);
    // As often as the machine is up in hours, and more.
    let uptime = host.read_file("/proc/uptime").unwrap();
    let seconds: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    if seconds > 100.0 * 3_600.0 {
        return;
    }
    for _ in 0..60 {
        host.cable_pull().unwrap();
        host.cable_plug().unwrap();
    }
    let found = finding(&host, "SF0415").unwrap();
    assert!(
        found["advice"].as_str().unwrap().contains("cable"),
        "{found}"
    );
}

#[test]
fn without_a_daemon_it_says_so_and_goes_on() {
    let (_lab, host) = host_with(&short_configuration(INTERVAL, 99));
    let found = finding(&host, "no daemon runs").unwrap();
    assert_eq!(found["command"], "systemctl start standfast");
    let output = doctor(&host, &[]);
    assert_eq!(output.status, ExitState::Code(1));
    for line in ["ok firewall: ", "ok kernel settings: ", "ok interfaces: "] {
        assert!(output.output.contains(line), "{}", output.output);
    }
    assert!(!output.output.contains('\u{1b}'), "{}", output.output);
    let unknown = doctor(&host, &["VI_2"]);
    assert_eq!(unknown.status, ExitState::Code(2));
    assert!(
        unknown.error.contains("did you mean `VI_1`?"),
        "{}",
        unknown.error
    );
}

#[test]
fn with_a_daemon_it_tells_what_only_that_knows() {
    let (lab, host) = host_with(&short_configuration(INTERVAL, 99));
    let process = start_master(&standfast_as_itself(), &host);
    wait_until(&process, || finding(&host, "no daemon runs").is_none());
    // Nobody else is there.
    wait_until(&process, || finding(&host, "VI_1: ").is_some());
    let peer = lab.host(&peer_options()).unwrap();
    peer.write_file(CONFIGURATION, &short_configuration(INTERVAL, 50), 0o644)
        .unwrap();
    let other = standfast_as_itself().start(&peer, CONFIGURATION).unwrap();
    let fine = || {
        let output = doctor(&host, &["VI_1"]);
        // A busy machine is late, and says so.
        let timers = output.output.contains("warn timers");
        output.status == ExitState::Code(0) || timers && finding(&host, "VI_1: ").is_none()
    };
    let end = Moment::now() + LONG;
    while !fine() {
        let said = doctor(&host, &[]).output;
        assert!(
            Moment::now() < end,
            "{said}\n{}\n{}",
            process.log(),
            other.log()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    let changed = "was changed after the daemon has read it";
    assert_eq!(finding(&host, changed), None);
    host.run(&["touch", "-d", "+1 minute", CONFIGURATION])
        .unwrap();
    let found = finding(&host, changed).unwrap();
    assert_eq!(found["command"], "standfast reload");
}

fn peer_options() -> HostOptions {
    let mut options = HostOptions::new("peer", [192, 168, 1, 12].into());
    options.programs = standfast_as_itself().programs();
    options
}
