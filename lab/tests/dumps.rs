//! The files that monitoring reads after a signal: keepalived's names, places, layouts and members.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use standfast_lab::{CONFIGURATION, Daemon, Host, Lab, Moment, Process, VIP};
use support::{single_host, standfast};

const LIMIT: Duration = Duration::from_secs(15);
/// Signals that have no name of their own (`keepalived --signum`).
const JSON: &str = "36";
const STATS_CLEAR: &str = "63";

const CONFIG: &str = "\
vrrp_script chk {
    script \"/usr/bin/test -e /etc/hostname\"
    interval 1
    timeout 1
    weight 5
    fall 1
    rise 1
}
vrrp_instance VI_1 {
    state BACKUP
    version 3
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 0.2
    track_script {
        chk
    }
    notify_deleted
    virtual_ipaddress {
        192.168.1.200/24
    }
    virtual_ipaddress_excluded {
        192.168.1.201/32
    }
}
vrrp_instance VI_2 {
    state BACKUP
    version 2
    interface eth0
    virtual_router_id 52
    priority 90
    advert_int 1
    preempt_delay 7
    authentication {
        auth_type PASS
        auth_pass secret12
    }
    virtual_ipaddress {
        192.168.1.202/24 brd 192.168.1.255 label eth0:2
    }
}
";

fn global(more: &str) -> String {
    format!("global_defs {{\n    script_user root\n    enable_script_security\n{more}}}\n")
}

/// A host whose daemon is master of everything, with nothing between its dumps and the test.
fn masters(daemon: &Daemon, configuration: &str) -> (Lab, Host, Process) {
    let (lab, host) = single_host(daemon);
    host.write_file(CONFIGURATION, configuration, 0o644)
        .unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    process
        .wait_for_log("(VI_2) Entering MASTER STATE", LIMIT)
        .unwrap();
    let end = Moment::now() + LIMIT;
    while !(host.holds(VIP).unwrap()
        && host
            .holds(std::net::Ipv4Addr::new(192, 168, 1, 202))
            .unwrap())
    {
        assert!(Moment::now() < end, "no addresses");
        std::thread::sleep(Duration::from_millis(20));
    }
    (lab, host, process)
}

/// Sends the signal to the parent and waits for the file, which must not have been there.
#[track_caller]
fn dump(host: &Host, process: &Process, signal: &str, path: &str) -> String {
    let kill = format!("rm -f {path}; kill -{signal} {}", process.pid());
    host.run(&["sh", "-c", &kill]).unwrap();
    let end = Moment::now() + LIMIT;
    // keepalived writes line by line: the file is there when it has stopped growing.
    let mut last = String::new();
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let text = host.read_file(path).unwrap_or_default();
        if !text.is_empty() && text == last {
            return text;
        }
        assert!(Moment::now() < end, "no {path}:\n{}", process.log());
        last = text;
    }
}

/// The text with the number after each `key` replaced by 0.
fn without(mut text: String, keys: &[&str]) -> String {
    for key in keys {
        let parts: Vec<&str> = text.split(key).collect();
        let number = |c: char| c.is_ascii_digit() || c == '.';
        let rest = parts.iter().skip(1);
        let rest = rest.map(|part| format!("{key}0{}", part.trim_start_matches(number)));
        text = format!("{}{}", parts.first().unwrap(), rest.collect::<String>());
    }
    text
}

#[test]
fn the_json_is_keepaliveds_member_by_member() {
    let [ours, theirs] = [standfast(), Daemon::Keepalived].map(|daemon| {
        let (_lab, host, process) = masters(&daemon, &(global("") + CONFIG));
        let text = dump(&host, &process, JSON, "/tmp/keepalived.json");
        let mode = host.run(&["stat", "-c", "%a", "/tmp/keepalived.json"]);
        assert_eq!(mode.unwrap().output, "600\n");
        without(text, &["\"last_transition\":", "\"advert_sent\":"])
    });
    assert!(theirs.contains("\"auth_data\":\"secret12\""), "{theirs}");
    assert_eq!(ours, theirs.replace("secret12", "********"));
}

#[test]
fn the_statistics_are_keepaliveds_line_by_line_and_can_be_cleared() {
    let [ours, theirs] = [standfast(), Daemon::Keepalived].map(|daemon| {
        let (_lab, host, process) = masters(&daemon, &(global("") + CONFIG));
        let path = "/tmp/keepalived.stats";
        let cleared = dump(&host, &process, STATS_CLEAR, path);
        let after = dump(&host, &process, "USR2", path);
        [cleared, after].map(|text| without(text, &["    Sent: "]))
    });
    assert_eq!(ours, theirs);
    let [before, after] = ours;
    assert!(before.contains("Became master: 1"), "{before}");
    assert!(after.contains("Became master: 0"), "{after}");
}

/// Lines of the instances, without what changes, with what keepalived alone knows (its sockets) left out.
fn instance_lines(data: &str) -> Vec<String> {
    let topology = data.split("------< VRRP Topology >------\n").nth(1);
    let topology = topology.unwrap().split("------<").next().unwrap();
    let passing = [
        "Last transition",
        "Read timeout",
        "fd_in",
        "Flags",
        "Number of",
        "Password",
        "Virtual IP Excluded",
    ];
    let stable = |line: &&str| !passing.iter().any(|word| line.trim().starts_with(word));
    let mut lines: Vec<String> = topology.lines().filter(stable).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn the_data_say_of_instances_what_keepaliveds_say() {
    let [ours, theirs] = [standfast(), Daemon::Keepalived].map(|daemon| {
        let (_lab, host, process) = masters(&daemon, &(global("") + CONFIG));
        let data = dump(&host, &process, "USR1", "/tmp/keepalived.data");
        let parent = host.read_file("/tmp/keepalived_parent.data").unwrap();
        assert!(parent.starts_with("------< Global definitions >------\n"));
        instance_lines(&data)
    });
    // In version 2 keepalived prints the password as well; 2.2.7 prints it after this line.
    assert_eq!(ours, theirs);
}

/// What gen2brain/keepalived_exporter and mehdy/keepalived-exporter take from the JSON, with their types.
#[derive(Deserialize)]
struct ExporterEntry {
    data: ExporterData,
    stats: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
struct ExporterData {
    iname: String,
    ifp_ifname: String,
    last_transition: f64,
    vrid: i64,
    state: i64,
    wantstate: i64,
    garp_delay: i64,
    vips: Vec<String>,
}

const EXPORTED: [&str; 14] = [
    "advert_rcvd",
    "advert_sent",
    "become_master",
    "release_master",
    "packet_len_err",
    "advert_interval_err",
    "ip_ttl_err",
    "invalid_type_rcvd",
    "addr_list_err",
    "invalid_authtype",
    "authtype_mismatch",
    "auth_failure",
    "pri_zero_rcvd",
    "pri_zero_sent",
];

#[test]
fn exporters_find_what_they_read_from_the_json() {
    let (_lab, host, process) = masters(&standfast(), &(global("") + CONFIG));
    let text = dump(&host, &process, JSON, "/tmp/keepalived.json");
    let entries: Vec<ExporterEntry> = serde_json::from_str(&text).unwrap();
    let [first, second] = entries.as_slice() else {
        panic!("{text}");
    };
    let of = |entry: &ExporterEntry| (entry.data.iname.clone(), entry.data.vrid);
    assert_eq!(of(first), ("VI_1".into(), 51));
    assert_eq!(of(second), ("VI_2".into(), 52));
    for entry in &entries {
        let data = &entry.data;
        assert_eq!((data.state, data.wantstate, data.garp_delay), (2, 2, 5));
        assert_eq!(data.ifp_ifname, "eth0");
        assert!(data.last_transition > 1.5e9);
        assert!(data.vips.iter().all(|vip| vip.starts_with("192.168.1.2")));
        for name in EXPORTED {
            assert!(entry.stats.contains_key(name), "no {name}");
        }
        assert!(entry.stats["advert_sent"] > 0);
    }
}

/// gen2brain/keepalived_exporter ends an instance at the first line without `=`; what it looks for stands before that.
/// mehdy/keepalived-exporter takes addresses from the lines under `Virtual IP` and scripts by `Status` and `State`.
#[test]
fn exporters_find_what_they_read_from_the_data() {
    let (_lab, host, process) = masters(&standfast(), &(global("") + CONFIG));
    let text = dump(&host, &process, "USR1", "/tmp/keepalived.data");
    let blocks: Vec<&str> = text.split(" VRRP Instance = ").skip(1).collect();
    assert_eq!(blocks.len(), 2);
    for (block, (name, vrid, vip)) in blocks.iter().zip([
        ("VI_1", "51", "192.168.1.200/24 dev eth0"),
        ("VI_2", "52", "192.168.1.202/24 brd"),
    ]) {
        let mut lines = block.lines();
        assert_eq!(lines.next(), Some(name));
        let pairs = lines.map_while(|line| line.strip_prefix("   ")?.split_once('='));
        let pairs: BTreeMap<&str, &str> = pairs
            .map(|(key, value)| (key.trim(), value.trim()))
            .collect();
        assert_eq!(pairs["State"], "MASTER");
        assert_eq!(pairs["Wantstate"], "MASTER");
        assert_eq!(pairs["Interface"], "eth0");
        assert_eq!(pairs["Virtual Router ID"], vrid);
        assert_eq!(pairs["Gratuitous ARP delay"], "5");
        let transition = pairs["Last transition"].split(' ').next().unwrap();
        assert!(transition.parse::<f64>().unwrap() > 1.5e9);
        let addresses = block.split("   Virtual IP (1):\n     ").nth(1).unwrap();
        assert!(addresses.starts_with(vip), "{addresses}");
    }
    let script = text.split(" VRRP Script = chk\n").nth(1).unwrap();
    assert!(script.contains("   Status = GOOD\n"), "{script}");
    assert!(script.contains("   State = "), "{script}");
}

#[test]
fn the_second_version_of_the_json_has_the_instances_under_a_name() {
    let configuration =
        global("    json_version 2\n    json_dump_file /run/status.json\n") + CONFIG;
    let (_lab, host, process) = masters(&standfast(), &configuration);
    let text = dump(&host, &process, JSON, "/run/status.json");
    let entries: BTreeMap<String, Vec<ExporterEntry>> = serde_json::from_str(&text).unwrap();
    assert_eq!(entries.keys().collect::<Vec<_>>(), ["vrrp"]);
    assert_eq!(entries["vrrp"].len(), 2);
}

#[test]
fn dumps_go_where_the_configuration_says() {
    let files = "    state_dump_file /run/dumps/\n    stats_dump_file numbers\n    umask 0133\n    data_use_instance\n";
    let configuration = format!("instance one\n{}{CONFIG}", global(files));
    let (_lab, host, process) = masters(&standfast(), &configuration);
    host.run(&["mkdir", "/run/dumps"]).unwrap();
    dump(&host, &process, "USR1", "/run/dumps/keepalived.one.data");
    dump(&host, &process, "USR2", "/tmp/numbers");
    let parent = "/run/dumps/keepalived_parent.one.data";
    assert!(host.read_file(parent).is_ok());
    let mode = host.run(&["stat", "-c", "%a", "/tmp/numbers"]).unwrap();
    assert_eq!(mode.output, "644\n");
}
