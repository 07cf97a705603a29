//! `use_vmac`: the address moves with its MAC address, so that neighbours notice nothing.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::io::Write;
use std::time::Duration;

use standfast_lab::{
    CONFIGURATION, Daemon, ExitState, FrameKind, Host, MacAddress, Moment, NODE_ADDRESSES, Node,
    Pair, Signal, VIP,
};
use support::{
    FIRST_PRIORITY, SECOND_PRIORITY, down_interval, pair_with, replaced, single_host, standfast,
    start, telling, worker_pid,
};

const INTERVAL: Duration = Duration::from_millis(500);
/// RFC 9568 section 7.3, for VRID 51.
const VIRTUAL_MAC: MacAddress = MacAddress([0, 0, 0x5e, 0, 1, 51]);
const LINK: &str = "vrrp.51";
/// For what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// What `use_vmac` changes on the interface below and of all interfaces.
const SETTINGS: [&str; 5] = [
    "conf/eth0/arp_ignore",
    "conf/eth0/arp_filter",
    "conf/eth0/arp_announce",
    "conf/all/rp_filter",
    "conf/default/rp_filter",
];

fn configuration(priority: u8) -> String {
    replaced(
        &support::short_configuration(INTERVAL, priority),
        (
            "    virtual_router_id 51\n",
            "    virtual_router_id 51\n    use_vmac\n",
        ),
    )
}

fn pair(daemons: [Daemon; 2]) -> Pair {
    let configurations = [FIRST_PRIORITY, SECOND_PRIORITY].map(configuration);
    pair_with(daemons, configurations)
}

fn settings(host: &Host) -> Vec<String> {
    let read = |name: &str| {
        host.read_file(&format!("/proc/sys/net/ipv4/{name}"))
            .unwrap()
    };
    SETTINGS.map(read).to_vec()
}

fn links(host: &Host) -> String {
    host.run(&["ip", "-o", "link", "show"]).unwrap().output
}

fn rules(host: &Host) -> String {
    host.run(&["nft", "list", "ruleset"]).unwrap().output
}

fn holds_on_link(host: &Host) -> bool {
    let held = host.addresses(LINK).unwrap_or_default();
    held.iter().any(|(address, _)| *address == VIP)
}

#[track_caller]
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let end = Moment::now() + PATIENCE;
    while !condition() {
        assert!(Moment::now() < end, "waited in vain until {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// A host that asks for the client's MAC address asks in the name of the address that it answers from, and keepalived
/// lets that be from the interface below: the client then takes that for its place. Standfast does not.
fn entry_never_changes(pair: &Pair) -> bool {
    [&pair.first, &pair.second]
        .iter()
        .all(|node| node.daemon.is_standfast())
}

#[track_caller]
fn client_knows_virtual_mac(pair: &Pair) {
    if entry_never_changes(pair) {
        assert_eq!(pair.client.neighbour_mac(VIP).unwrap(), Some(VIRTUAL_MAC));
    }
}

/// Nothing that any node said of the address named another MAC address, and the client believes in it.
#[track_caller]
fn one_mac_throughout(pair: &Pair, from: Moment) {
    let others = pair.capture.frames(from, |frame| match frame.kind {
        FrameKind::Garp { address, mac, .. } | FrameKind::ArpReply { address, mac } => {
            address == VIP && (mac != VIRTUAL_MAC || frame.source_mac != VIRTUAL_MAC)
        }
        FrameKind::ArpRequest { .. }
        | FrameKind::NeighbourAdvertisement { .. }
        | FrameKind::Vrrp(_) => false,
    });
    assert_eq!(others, [], "another MAC address answers for the VIP");
    client_knows_virtual_mac(pair);
}

/// Waits for an answer of the node's; the client's ARP entry is right whenever one looks.
#[track_caller]
fn moves_to(pair: &Pair, node: &Node, from: Moment) -> Moment {
    let end = Moment::now() + PATIENCE;
    loop {
        client_knows_virtual_mac(pair);
        // The kernel answers by the way to the client: from the interface below.
        let answer = pair.probe.first_answer_by(node.mac(), from, LOOK_AGAIN);
        match answer {
            Ok(answer) => return answer.time,
            Err(error) => assert!(Moment::now() < end, "{error}"),
        }
    }
}

fn fails_over(daemons: [Daemon; 2]) {
    let mut pair = pair(daemons);
    telling(&mut pair, |pair| {
        let before = [&pair.first, &pair.second].map(|node| settings(&node.host));
        let begin = Moment::now();
        start(pair);
        wait_until("the first node holds the address", || {
            holds_on_link(&pair.first.host)
        });
        assert!(!pair.first.host.holds(VIP).unwrap(), "it lies on {LINK}");
        advertises_from_virtual_mac(pair, begin);
        one_mac_throughout(pair, begin);

        let stopped = Moment::now();
        let process = pair.first.process().unwrap();
        process.signal(Signal::SIGTERM).unwrap();
        let moved = moves_to(pair, &pair.second, stopped);
        let gap = pair.probe.net_gap(stopped, moved).unwrap();
        let limit = down_interval(INTERVAL, SECOND_PRIORITY);
        assert!(gap <= limit, "the client waited {gap:?}, not {limit:?}");
        process.wait(PATIENCE).unwrap();
        one_mac_throughout(pair, begin);
        if pair.first.daemon.is_standfast() {
            nothing_is_left(&pair.first.host, &before[0]);
        }

        pair.first.start_daemon().unwrap();
        let restarted = Moment::now();
        moves_to(pair, &pair.first, restarted);
        let pulled = Moment::now();
        pair.first.host.cable_pull().unwrap();
        moves_to(pair, &pair.second, pulled);
        one_mac_throughout(pair, begin);
        wait_until("the first node gives the address up", || {
            !holds_on_link(&pair.first.host)
        });
        let plugged = Moment::now();
        pair.first.host.cable_plug().unwrap();
        moves_to(pair, &pair.first, plugged);
        one_mac_throughout(pair, begin);
    });
}

#[track_caller]
fn advertises_from_virtual_mac(pair: &Pair, from: Moment) {
    let all = pair
        .capture
        .frames(from, |frame| frame.advertisement().is_some());
    assert!(!all.is_empty());
    for frame in all {
        let advertisement = frame.advertisement().unwrap();
        assert_eq!(frame.source_mac, VIRTUAL_MAC);
        assert!(NODE_ADDRESSES.contains(&advertisement.source));
    }
}

#[track_caller]
fn nothing_is_left(host: &Host, settings_before: &[String]) {
    let (links, rules) = (links(host), rules(host));
    assert!(!links.contains(LINK), "{links}");
    assert_eq!(rules, "");
    assert_eq!(settings(host), settings_before, "{SETTINGS:?}");
}

/// The settings of a fresh host.
fn untouched() -> Vec<String> {
    SETTINGS.map(|_| "0\n".to_owned()).to_vec()
}

#[test]
fn two_standfast_nodes_pass_the_address_and_its_mac_on() {
    fails_over([standfast(), standfast()]);
}

#[test]
fn standfast_passes_it_on_to_keepalived_and_takes_it_back() {
    fails_over([standfast(), Daemon::Keepalived]);
}

#[test]
fn keepalived_passes_it_on_to_standfast_and_takes_it_back() {
    fails_over([Daemon::Keepalived, standfast()]);
}

#[test]
fn advertisements_leave_from_the_interface_below_where_that_is_asked_for() {
    let configurations = [FIRST_PRIORITY, SECOND_PRIORITY].map(|priority| {
        replaced(
            &configuration(priority),
            ("    use_vmac\n", "    use_vmac\n    vmac_xmit_base\n"),
        )
    });
    let mut pair = pair_with([standfast(), standfast()], configurations);
    telling(&mut pair, |pair| {
        let begin = Moment::now();
        start(pair);
        one_mac_throughout(pair, begin);
        let virtual_ones = pair.capture.frames(begin, |frame| {
            frame.advertisement().is_some() && frame.source_mac == VIRTUAL_MAC
        });
        assert_eq!(virtual_ones, []);
        let stopped = Moment::now();
        let process = pair.first.process().unwrap();
        process.signal(Signal::SIGTERM).unwrap();
        moves_to(pair, &pair.second, stopped);
        one_mac_throughout(pair, begin);
    });
}

/// One host with the daemon as its master.
fn master() -> (standfast_lab::Lab, Host, standfast_lab::Process) {
    let daemon = standfast();
    let (lab, host) = single_host(&daemon);
    host.write_file(CONFIGURATION, &configuration(FIRST_PRIORITY), 0o644)
        .unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    wait_until("the address is there", || holds_on_link(&host));
    (lab, host, process)
}

#[test]
fn what_a_killed_daemon_leaves_goes_with_the_next_one() {
    let (_lab, host, _process) = master();
    let pid = host.read_file("/run/keepalived.pid").unwrap();
    let worker = worker_pid(&host);
    host.run(&["sh", "-c", &format!("kill -9 {} {worker}", pid.trim())])
        .unwrap();
    assert!(links(&host).contains(LINK));
    let second = standfast().start(&host, CONFIGURATION).unwrap();
    second
        .wait_for_log("Entering MASTER STATE", PATIENCE)
        .unwrap();
    wait_until("the address is there again", || holds_on_link(&host));
    second.stop(PATIENCE).unwrap();
    nothing_is_left(&host, &untouched());
}

#[test]
fn cleanup_after_a_killed_daemon_removes_interface_settings_and_rules() {
    let (_lab, host, _process) = master();
    let pid = host.read_file("/run/keepalived.pid").unwrap();
    let worker = worker_pid(&host);
    host.run(&["sh", "-c", &format!("kill -9 {} {worker}", pid.trim())])
        .unwrap();
    host.run(&["/run/lab/bin/standfast", "cleanup", "--keepalived"])
        .unwrap();
    nothing_is_left(&host, &untouched());
}

#[test]
fn cleanup_leaves_an_interface_alone_that_somebody_else_has_made_by_the_same_name() {
    let (_lab, host, _process) = master();
    let pid = host.read_file("/run/keepalived.pid").unwrap();
    let worker = worker_pid(&host);
    let replace = format!(
        "kill -9 {} {worker}; ip link delete {LINK}; ip link add {LINK} type veth peer name other",
        pid.trim()
    );
    host.run(&["sh", "-c", &replace]).unwrap();
    host.run(&["/run/lab/bin/standfast", "cleanup", "--keepalived"])
        .unwrap();
    assert!(links(&host).contains(LINK));
    assert_eq!(settings(&host), untouched());
}

#[test]
fn a_worker_that_dies_leaves_the_interface_to_the_next_one() {
    let (_lab, host, process) = master();
    let worker = worker_pid(&host);
    let before = host.run(&["cat", "/sys/class/net/vrrp.51/ifindex"]);
    support::send(&host, worker, Signal::SIGKILL);
    support::next_worker(&host, worker, PATIENCE);
    wait_until("the address is served again", || {
        process.log().matches("Entering MASTER STATE").count() == 2 && holds_on_link(&host)
    });
    if let (Ok(before), Ok(after)) = (before, host.run(&["cat", "/sys/class/net/vrrp.51/ifindex"]))
    {
        assert_eq!(before.output, after.output, "it is still the same one");
    }
    process.stop(PATIENCE).unwrap();
    nothing_is_left(&host, &untouched());
}

#[test]
fn an_interface_that_somebody_removes_or_sets_down_comes_back() {
    let (_lab, host, _process) = master();
    host.run(&["ip", "link", "delete", LINK]).unwrap();
    wait_until("it is made again", || holds_on_link(&host));
    host.link_down(LINK).unwrap();
    wait_until("it is up again", || {
        links(&host)
            .lines()
            .any(|line| line.contains(LINK) && line.contains(",UP"))
            && holds_on_link(&host)
    });
}

#[test]
fn an_interface_below_that_is_down_at_the_start_may_come_up_later() {
    let daemon = standfast();
    let (_lab, host) = single_host(&daemon);
    host.link_down("eth0").unwrap();
    host.write_file(CONFIGURATION, &configuration(FIRST_PRIORITY), 0o644)
        .unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    process.wait_for_log("FAULT", PATIENCE).unwrap();
    host.link_up("eth0").unwrap();
    wait_until("the address is there", || holds_on_link(&host));
    host.link_down("eth0").unwrap();
    wait_until("the address is gone", || !holds_on_link(&host));
    host.link_up("eth0").unwrap();
    wait_until("the address is there again", || holds_on_link(&host));
}

#[test]
fn a_reload_adds_the_interface_and_takes_it_away() {
    let daemon = standfast();
    let (_lab, host) = single_host(&daemon);
    let plain = support::short_configuration(INTERVAL, FIRST_PRIORITY);
    host.write_file(CONFIGURATION, &plain, 0o644).unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    wait_until("the address is there", || host.holds(VIP).unwrap());
    let before = settings(&host);

    host.write_file(CONFIGURATION, &configuration(FIRST_PRIORITY), 0o644)
        .unwrap();
    process.signal(Signal::SIGHUP).unwrap();
    wait_until("the address has moved to the new interface", || {
        holds_on_link(&host) && !host.holds(VIP).unwrap()
    });

    host.write_file(CONFIGURATION, &plain, 0o644).unwrap();
    process.signal(Signal::SIGHUP).unwrap();
    wait_until("the address has moved back", || {
        host.holds(VIP).unwrap() && !links(&host).contains(LINK)
    });
    wait_until("the settings are what they were", || {
        settings(&host) == before
    });
    assert_eq!(rules(&host), "");
    let log = process.log();
    assert_eq!(log.matches("Entering MASTER STATE").count(), 1, "{log}");
}

/// Each removal takes the kernel tens of milliseconds; together they would take a worker's whole patience.
#[test]
fn many_interfaces_that_go_at_once_disturb_no_other_router() {
    const MANY: u8 = 80;
    let instance = |vrid: u8| {
        format!(
            "vrrp_instance V{vrid} {{\n    interface eth0\n    virtual_router_id {vrid}\n    priority 200\n    \
             version 3\n    advert_int 0.2\n    use_vmac\n    virtual_ipaddress {{\n        198.51.100.{vrid}/32\n    }}\n}}\n"
        )
    };
    let daemon = standfast();
    let (_lab, host) = single_host(&daemon);
    let all: String = (1..=MANY).map(instance).collect();
    host.write_file(CONFIGURATION, &all, 0o644).unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    let masters = || process.log().matches("Entering MASTER STATE").count();
    wait_until("all are there", || masters() == usize::from(MANY));
    let worker = worker_pid(&host);

    host.write_file(CONFIGURATION, &instance(1), 0o644).unwrap();
    process.signal(Signal::SIGHUP).unwrap();
    let left = || links(&host).matches("vrrp.").count();
    wait_until("one is left", || left() == 1);
    assert_eq!(worker_pid(&host), worker, "{}", process.log());

    host.write_file(CONFIGURATION, &all, 0o644).unwrap();
    process.signal(Signal::SIGHUP).unwrap();
    wait_until("all are there again", || {
        masters() == 2 * usize::from(MANY) - 1
    });
    let ended = process.stop(PATIENCE).unwrap();
    assert_eq!(ended, ExitState::Code(0), "{}", process.log());
    nothing_is_left(&host, &untouched());
}

#[test]
fn every_interface_keeps_its_reverse_path_filter() {
    let daemon = standfast();
    let (_lab, host) = single_host(&daemon);
    let filter = |name: &str| {
        let text = host.read_file(&format!("/proc/sys/net/ipv4/conf/{name}/rp_filter"));
        text.unwrap().trim().to_owned()
    };
    host.run(&["sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter"])
        .unwrap();
    host.write_file(CONFIGURATION, &configuration(FIRST_PRIORITY), 0o644)
        .unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    wait_until("the address is there", || holds_on_link(&host));
    assert_eq!(
        ["all", "eth0", "default", LINK].map(filter),
        ["0", "1", "1", "0"]
    );
    process.stop(PATIENCE).unwrap();
    assert_eq!(["all", "eth0", "default"].map(filter), ["1", "0", "0"]);
}

/// Interfaces of the daemon's own with MAC addresses and IPv4 addresses, sorted.
fn own_links(daemon: &Daemon, text: &str, awaited: &str) -> Vec<String> {
    let (_lab, host) = single_host(daemon);
    host.run(&[
        "sh",
        "-c",
        "ip link add eth1 type veth peer name peer1 && ip link set eth1 up && \
         ip link set peer1 up && ip address add 192.168.2.11/24 dev eth1",
    ])
    .unwrap();
    host.write_file(CONFIGURATION, text, 0o644).unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    let look = || {
        let command = "ip -o -4 address show; ip -o link show type macvlan";
        let text = host.run(&["sh", "-c", command]).unwrap().output;
        let places = text.lines().filter_map(|line| {
            let mut words = line.split_whitespace().skip(1);
            let name = words.next()?.trim_end_matches(':').to_owned();
            let mut rest = words.skip_while(|word| !["inet", "link/ether"].contains(word));
            Some(format!("{name} {}", rest.nth(1)?))
        });
        let mut places: Vec<String> = places.collect();
        places.sort();
        places
    };
    wait_until("all addresses are there", || {
        look().iter().any(|place| place.contains(awaited))
    });
    // All instances start together.
    std::thread::sleep(INTERVAL);
    let places = look();
    process.stop(PATIENCE).unwrap();
    places
}

#[test]
fn every_address_lies_where_keepalived_has_it() {
    let text = "global_defs {\n    vmac_addr_prefix va\n}\n\
         vrrp_instance A {\n    interface eth0\n    virtual_router_id 51\n    version 3\n    use_vmac\n    \
         use_vmac_addr\n    priority 100\n    advert_int 0.5\n    virtual_ipaddress {\n        192.168.1.200/24\n        \
         192.168.2.200/24 dev eth1\n    }\n}\n\
         vrrp_instance B {\n    interface eth0\n    virtual_router_id 52\n    version 3\n    priority 100\n    \
         advert_int 0.5\n    virtual_ipaddress {\n        192.168.1.201 use_vmac\n        192.168.1.202 use_vmac\n        \
         192.168.1.203 dev eth0\n    }\n}\n\
         vrrp_instance C {\n    interface eth0\n    virtual_router_id 53\n    version 3\n    use_vmac\n    priority 100\n    \
         advert_int 0.5\n    virtual_ipaddress {\n        192.168.1.204 dev eth0\n        192.168.2.204 dev eth1\n    }\n}\n";
    let [ours, theirs] =
        [standfast(), Daemon::Keepalived].map(|daemon| own_links(&daemon, text, "192.168.2.204"));
    assert!(ours.len() > 10, "{ours:?}");
    assert_eq!(ours, theirs);
}

/// Says past the harness's capture that a test did not run.
fn skip(why: &str) {
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = std::io::stderr().write_all(format!("SKIPPED {name}: {why}\n").as_bytes());
}

#[test]
fn with_ipvlan_the_address_lies_on_an_interface_of_its_own() {
    let daemon = standfast();
    let (_lab, host) = single_host(&daemon);
    let trial = "ip link add trial0 link eth0 type ipvlan && ip link delete trial0";
    if host.run(&["sh", "-c", trial]).is_err() {
        return skip("this kernel has no ipvlan");
    }
    let text = replaced(
        &configuration(FIRST_PRIORITY),
        ("use_vmac", "use_ipvlan ipv.51 192.168.1.77/24 bridge"),
    );
    host.write_file(CONFIGURATION, &text, 0o644).unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    wait_until("the address is there", || {
        let held = host.addresses("ipv.51").unwrap_or_default();
        held.iter().any(|(address, _)| *address == VIP)
    });
    process.stop(PATIENCE).unwrap();
    assert!(!links(&host).contains("ipv.51"));
}
