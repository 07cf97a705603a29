//! Several daemons on one host: by instance names, by pid files, by network namespaces. What one of them keeps is never another's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod support;

use std::thread;
use std::time::Duration;

use standfast_lab::{ExitState, Host, Moment, Process, Signal};
use support::{single_host, standfast};

const LONG: Duration = Duration::from_secs(20);
const KEEPALIVED: &str = "/usr/sbin/keepalived";

/// Virtual router `vrid` on `interface` with an own MAC address and an address that accepts no packets.
fn configuration(head: &str, vrid: u8, interface: &str) -> String {
    format!(
        "{head}vrrp_instance VI_{vrid} {{\n interface {interface}\n version 3\n virtual_router_id {vrid}\n \
         priority 99\n advert_int 0.2\n use_vmac\n no_accept\n virtual_ipaddress {{\n 10.7.0.{vrid}/24\n }}\n}}\n"
    )
}

fn start(host: &Host, name: &str, text: &str, options: &[&str]) -> Process {
    let path = format!("/run/{name}.conf");
    host.write_file(&path, text, 0o644).unwrap();
    let mut argv = vec![KEEPALIVED, "-n", "-l", "-D", "-G", "-f", &path];
    argv.extend(options);
    host.spawn(&argv, &[]).unwrap()
}

fn output(host: &Host, command: &str) -> String {
    host.run(&["sh", "-c", command]).unwrap().output
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let end = Moment::now() + LONG;
    while !condition() {
        assert!(Moment::now() < end, "{what} did not come about");
        thread::sleep(Duration::from_millis(50));
    }
}

fn holds(host: &Host, vrid: u8) -> bool {
    output(host, "ip -4 -o addr show").contains(&format!("10.7.0.{vrid}/"))
}

/// Both are masters; then the first dies whole, starts again and stops, and nothing of the second changes.
fn one_does_not_touch_the_other(
    host: &Host,
    first: [&str; 2],
    second: [&str; 2],
    tables: [&str; 2],
) {
    let texts =
        [(first, 51), (second, 52)].map(|([head, _], vrid)| configuration(head, vrid, "eth0"));
    let [one, two] = &texts;
    let begin = |name, text: &str, words: &str| {
        let options: Vec<&str> = words.split_whitespace().collect();
        let process = start(host, name, text, &options);
        process.wait_for_log("Entering MASTER STATE", LONG).unwrap();
        process
    };
    let a = begin("one", one, first[1]);
    let b = begin("two", two, second[1]);
    wait_until("both addresses", || holds(host, 51) && holds(host, 52));
    let nft = output(host, "nft list tables");
    for table in tables {
        assert!(
            nft.contains(&format!("table ip {table}\n")),
            "{table}: {nft}"
        );
    }
    let children = output(host, &format!("cat /proc/{0}/task/{0}/children", a.pid()));
    a.signal(Signal::SIGKILL).unwrap();
    output(host, &format!("kill -9 {}; true", children.trim()));
    a.wait(LONG).unwrap();
    assert!(holds(host, 51), "nobody was left to remove it");
    let a = begin("one", one, first[1]);
    wait_until("the address again", || holds(host, 51));
    assert_eq!(a.stop(LONG).unwrap(), ExitState::Code(0));
    assert!(!holds(host, 51));
    let nft = output(host, "nft list ruleset");
    assert!(!nft.contains(&format!("table ip {} ", tables[0])), "{nft}");
    assert!(nft.contains(&format!("table ip {} ", tables[1])), "{nft}");
    assert!(nft.contains("10.7.0.52"), "{nft}");
    let links = output(host, "ip -o link show type macvlan");
    assert!(
        links.contains("vrrp.52@") && !links.contains("vrrp.51@"),
        "{links}"
    );
    assert!(holds(host, 52));
    let log = b.log();
    assert_eq!(log.matches("Entering MASTER STATE").count(), 1, "{log}");
    assert!(
        !log.contains("Success creating VMAC interface vrrp.51"),
        "{log}"
    );
    assert_eq!(b.stop(LONG).unwrap(), ExitState::Code(0));
    let left = output(
        host,
        "nft list tables; ip -o link show type macvlan; find /run -name '*.pid' -o -name '*.addresses' -o -name '*.host'",
    );
    assert_eq!(left, "");
}

#[test]
fn instance_names_keep_them_apart() {
    let (_lab, host) = single_host(&standfast());
    one_does_not_touch_the_other(
        &host,
        ["instance one\nglobal_defs {\n data_use_instance\n}\n", ""],
        [
            "instance two\nuse_pid_dir\nglobal_defs {\n data_use_instance\n}\n",
            "",
        ],
        ["keepalived_one", "keepalived_two"],
    );
}

#[test]
fn pid_files_keep_them_apart() {
    let (_lab, host) = single_host(&standfast());
    one_does_not_touch_the_other(
        &host,
        ["", ""],
        ["", "-p /run/b.pid -r /run/b-vrrp.pid"],
        ["keepalived", "keepalived_b"],
    );
}

#[test]
fn files_and_dumps_are_named_after_the_instance() {
    let (_lab, host) = single_host(&standfast());
    let head = |name: &str| format!("instance {name}\nglobal_defs {{\n data_use_instance\n}}\n");
    let a = start(&host, "a", &configuration(&head("a"), 61, "eth0"), &[]);
    let b = start(&host, "b", &configuration(&head("b"), 62, "eth0"), &[]);
    for process in [&a, &b] {
        process.wait_for_log("Entering MASTER STATE", LONG).unwrap();
        process.signal(Signal::SIGUSR1).unwrap();
    }
    let dump = |name: &str| {
        host.read_file(&format!("/tmp/keepalived.{name}.data"))
            .unwrap_or_default()
    };
    wait_until("the dumps", || {
        dump("a").contains("State = ") && dump("b").contains("State = ")
    });
    assert!(dump("a").contains("VI_61") && !dump("a").contains("VI_62"));
    assert!(dump("b").contains("VI_62") && !dump("b").contains("VI_61"));
    let files = output(&host, "ls /run/keepalived");
    for name in ["a", "b"] {
        for file in ["keepalived", "vrrp"] {
            assert!(files.contains(&format!("{file}_{name}.pid")), "{files}");
        }
        assert!(
            files.contains(&format!("keepalived_{name}.addresses")),
            "{files}"
        );
        assert!(
            files.contains(&format!("keepalived_{name}.host")),
            "{files}"
        );
    }
    // The same name twice is the same daemon twice.
    let again = start(&host, "c", &configuration(&head("a"), 63, "eth0"), &[]);
    // What it says may arrive after its end.
    again.wait_for_log("already running", LONG).unwrap();
    assert_eq!(again.wait(LONG).unwrap(), ExitState::Code(1));
}

#[test]
fn one_vrid_on_two_interfaces_makes_two_interfaces() {
    let (_lab, host) = single_host(&standfast());
    output(
        &host,
        "ip link add veth0 type veth peer name veth1 && ip addr add 10.8.0.1/24 dev veth0 && ip link set veth0 up && ip link set veth1 up",
    );
    let a = start(&host, "a", &configuration("instance a\n", 71, "eth0"), &[]);
    a.wait_for_log("Entering MASTER STATE", LONG).unwrap();
    let other = configuration("instance b\n", 71, "veth0").replace("10.7.", "10.8.");
    let b = start(&host, "b", &other, &[]);
    b.wait_for_log("Entering MASTER STATE", LONG).unwrap();
    wait_until("both addresses", || {
        let all = output(&host, "ip -4 -o addr show");
        all.contains("10.7.0.71/") && all.contains("10.8.0.71/")
    });
    assert_eq!(
        output(&host, "ip -o link show type macvlan")
            .lines()
            .count(),
        2
    );
    assert_eq!(b.stop(LONG).unwrap(), ExitState::Code(0));
    assert!(output(&host, "ip -o link show type macvlan").contains("vrrp.71@eth0"));
    assert!(holds(&host, 71));
}

#[test]
fn network_namespaces_keep_them_apart() {
    let (_lab, host) = single_host(&standfast());
    for name in ["blue", "red"] {
        let make = format!(
            "ip netns add {name} && ip -n {name} link set lo up && ip -n {name} link add eth0 type veth peer name eth1 && ip -n {name} link set eth1 up && \
             ip -n {name} addr add 10.7.0.1/24 dev eth0 && ip -n {name} link set eth0 up"
        );
        output(&host, &make);
    }
    let a = start(
        &host,
        "blue",
        &configuration("net_namespace blue\n", 51, "eth0"),
        &[],
    );
    let b = start(&host, "red", &configuration("", 51, "eth0"), &["-s", "red"]);
    for process in [&a, &b] {
        process.wait_for_log("Entering MASTER STATE", LONG).unwrap();
    }
    let held =
        |name: &str| output(&host, &format!("ip -n {name} -4 -o addr show")).contains("10.7.0.51/");
    wait_until("both addresses", || held("blue") && held("red"));
    assert!(!holds(&host, 51));
    let files = output(&host, "cd /run/keepalived; ls blue red");
    assert_eq!(files.matches("keepalived.addresses").count(), 2, "{files}");
    assert_eq!(a.stop(LONG).unwrap(), ExitState::Code(0));
    assert!(!held("blue") && held("red"));
    assert_eq!(b.stop(LONG).unwrap(), ExitState::Code(0));
    assert!(!held("red"));
}

/// Two daemons on eth0, the second with those global definitions; the log of the second.
fn beside_another(globals: &str) -> (String, String) {
    let (_lab, host) = single_host(&standfast());
    let begin = |name: &str, globals: &str, vrid| {
        let head = format!("instance {name}\nglobal_defs {{\n{globals}\n}}\n");
        let process = start(&host, name, &configuration(&head, vrid, "eth0"), &[]);
        process.wait_for_log("Entering MASTER STATE", LONG).unwrap();
        process
    };
    let a = begin("a", "", 81);
    let b = begin("b", globals, 82);
    wait_until("both addresses", || holds(&host, 81) && holds(&host, 82));
    let sockets = output(&host, "ss -ulnH");
    assert_eq!(a.stop(LONG).unwrap(), ExitState::Code(0));
    if b.log().contains("another daemon has the port") {
        // It is tried again.
        wait_until("the port", || output(&host, "ss -ulnH").contains(":9112"));
    }
    assert_eq!(b.stop(LONG).unwrap(), ExitState::Code(0));
    assert_eq!(output(&host, "ss -ulnH"), "");
    (b.log(), sockets)
}

#[test]
fn the_port_of_the_peer_channel_is_the_first_daemon_s_until_it_ends() {
    let (log, sockets) = beside_another("");
    assert_eq!(log.matches("another daemon has the port").count(), 1);
    assert!(log.contains("peer_port"), "{log}");
    assert_eq!(sockets.lines().count(), 1, "{sockets}");
    assert!(sockets.contains("%eth0:9112"), "{sockets}");
}

#[test]
fn daemons_of_one_interface_have_ports_of_their_own_or_none() {
    let (log, sockets) = beside_another("peer_port 9113");
    assert!(!log.contains("another daemon"), "{log}");
    assert!(
        sockets.contains(":9112") && sockets.contains(":9113"),
        "{sockets}"
    );
    let (log, sockets) = beside_another("peer_channel off");
    assert!(!log.contains("another daemon"), "{log}");
    assert_eq!(sockets.lines().count(), 1, "{sockets}");
}
