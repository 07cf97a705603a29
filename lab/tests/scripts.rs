//! Scripts are run as keepalived runs them, and what they do wrong stays with them.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::time::Duration;

use standfast_lab::{CONFIGURATION, Daemon, ExitState, Host, Lab, Moment, Process, Signal, VIP};
use support::{
    FIRST_PRIORITY, SECOND_PRIORITY, advertisements, pair_with, short_configuration, single_host,
    standfast, start, telling,
};

const INTERVAL: Duration = Duration::from_millis(200);
const SECOND: Duration = Duration::from_secs(1);
/// What a notify script writes down: its name and its arguments.
const NOTES: &str = "/run/notes";
/// Checks fail while this is there.
const FAILURE: &str = "/run/failing";

/// A script that writes its name and arguments down in one piece.
fn note_taker(host: &Host, name: &str) {
    let text = format!("#!/bin/sh\necho \"{name} $*\" >> {NOTES}\n");
    host.write_file(&format!("/etc/keepalived/{name}"), &text, 0o755)
        .unwrap();
}

const NOTIFIES: [&str; 5] = [
    "notify",
    "notify_master",
    "notify_backup",
    "notify_fault",
    "notify_stop",
];

/// The instance with a weightless check, all notifies and one argument each.
fn noting_configuration(check: &str) -> String {
    let notifies: String = NOTIFIES
        .iter()
        .map(|name| format!("    {name} \"/etc/keepalived/{name} own\"\n"))
        .collect();
    let tracked = "    track_script {\n        chk\n    }\n";
    let instance = short_configuration(INTERVAL, FIRST_PRIORITY);
    let instance = support::replaced(
        &instance,
        (
            "    virtual_ipaddress",
            &(notifies + tracked + "    virtual_ipaddress"),
        ),
    );
    format!(
        "global_defs {{\n    script_user root\n    enable_script_security\n}}\n\
         vrrp_script chk {{\n    script \"{check}\"\n    interval 1\n    timeout 1\n    fall 1\n    rise 1\n}}\n{instance}"
    )
}

fn started(daemon: &Daemon, configuration: &str) -> (Lab, Host, Process) {
    let (lab, host) = single_host(daemon);
    NOTIFIES.iter().for_each(|name| note_taker(&host, name));
    host.write_file(
        "/etc/keepalived/check",
        "#!/bin/sh\n[ ! -e /run/failing ]\n",
        0o755,
    )
    .unwrap();
    host.write_file(CONFIGURATION, configuration, 0o644)
        .unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    (lab, host, process)
}

/// Waits until the interface has the VIP, or has it no longer.
#[track_caller]
fn holds(host: &Host, wanted: bool, limit: Duration) {
    let end = Moment::now() + limit;
    while host.holds(VIP).unwrap() != wanted {
        assert!(
            Moment::now() < end,
            "the address: not {wanted} within {limit:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The life of an instance: up, fault, up, stop. What its scripts have written down, in order of the events.
fn life(daemon: &Daemon) -> Vec<Vec<String>> {
    let (_lab, host, process) = started(daemon, &noting_configuration("/etc/keepalived/check"));
    let mut notes = Vec::new();
    let mut read = 0;
    let mut event = |host: &Host| {
        std::thread::sleep(SECOND / 2);
        let text = host.read_file(NOTES).unwrap_or_default();
        let mut fresh: Vec<String> = text.lines().skip(read).map(str::to_owned).collect();
        read += fresh.len();
        // keepalived does not wait for one script before it starts the next: their order is a matter of luck.
        fresh.sort();
        notes.push(fresh);
    };
    holds(&host, true, SECOND * 5);
    event(&host);
    host.write_file(FAILURE, "", 0o644).unwrap();
    holds(&host, false, SECOND * 3);
    event(&host);
    host.run(&["rm", FAILURE]).unwrap();
    holds(&host, true, SECOND * 5);
    event(&host);
    process.stop(SECOND * 8).unwrap();
    event(&host);
    notes
}

#[test]
fn notify_scripts_are_told_what_keepalived_tells_them() {
    let [ours, theirs] = [standfast(), Daemon::Keepalived].map(|daemon| life(&daemon));
    assert_eq!(ours, theirs);
    let all: Vec<&str> = ours.iter().flatten().map(String::as_str).collect();
    for expected in [
        "notify own INSTANCE VI_1 MASTER 99",
        "notify_master own",
        "notify own INSTANCE VI_1 FAULT 99",
        "notify own INSTANCE VI_1 STOP 99",
        "notify_stop own",
    ] {
        assert!(all.contains(&expected), "no {expected:?} in {all:#?}");
    }
}

#[test]
fn notify_stop_ends_before_priority_0_leaves() {
    let noting = |priority| {
        let instance = short_configuration(INTERVAL, priority);
        let stop = "    notify_stop /etc/keepalived/slow\n    virtual_ipaddress";
        "global_defs {\n    script_user root\n}\n".to_owned()
            + &support::replaced(&instance, ("    virtual_ipaddress", stop))
    };
    let configurations = [FIRST_PRIORITY, SECOND_PRIORITY].map(noting);
    // Another Standfast node would be handed the address over the peer channel, without priority 0.
    let mut pair = pair_with([standfast(), Daemon::Keepalived], configurations);
    telling(&mut pair, |pair| {
        let slow = "#!/bin/sh\nsleep 0.5\ntouch /run/stopped\n";
        pair.first
            .host
            .write_file("/etc/keepalived/slow", slow, 0o755)
            .unwrap();
        start(pair);
        let begin = Moment::now();
        pair.first
            .process()
            .unwrap()
            .signal(Signal::SIGTERM)
            .unwrap();
        let mac = pair.first.mac();
        let left = support::first_advertisement(pair, mac, 0, begin, SECOND * 3).time;
        let took = left.since(begin);
        assert!(
            took >= SECOND / 2,
            "priority 0 after {took:?}: the script still ran"
        );
        assert!(took <= SECOND, "priority 0 after {took:?}");
        assert!(pair.first.host.read_file("/run/stopped").is_ok());
        let before = advertisements(&pair.capture, mac, begin);
        assert!(before.len() >= 3, "it advertises while the script runs");
        pair.first.process().unwrap().wait(SECOND).unwrap();
    });
}

/// A check that cannot run is left out of the priority; the daemon runs on and says why.
#[track_caller]
fn left_out(prepare: &[&str], check: &str, user: &str, said: &[&str]) {
    let configuration = noting_configuration(check);
    let configuration = configuration.replace("script_user root", &format!("script_user {user}"));
    let (_lab, host) = single_host(&standfast());
    NOTIFIES.iter().for_each(|name| note_taker(&host, name));
    if !prepare.is_empty() {
        host.run(prepare).unwrap();
    }
    host.write_file(CONFIGURATION, &configuration, 0o644)
        .unwrap();
    let process = standfast().start(&host, CONFIGURATION).unwrap();
    holds(&host, true, SECOND * 4);
    let log = process.log();
    for word in said {
        assert!(log.contains(word), "no {word:?} in\n{log}");
    }
}

#[test]
fn a_check_that_is_missing_is_left_out() {
    left_out(
        &[],
        "/etc/keepalived/none",
        "root",
        &["/etc/keepalived/none"],
    );
}

#[test]
fn a_check_that_is_not_executable_is_left_out() {
    let prepare = "echo '#!/bin/sh' > /etc/keepalived/plain; chmod 644 /etc/keepalived/plain";
    left_out(
        &["sh", "-c", prepare],
        "/etc/keepalived/plain",
        "root",
        &["/etc/keepalived/plain"],
    );
}

#[test]
fn a_check_that_others_can_change_is_left_out_and_the_path_is_named() {
    let prepare = "mkdir -p /etc/keepalived/open; printf '#!/bin/sh\\nexit 1\\n' > /etc/keepalived/open/check; \
                   chmod 755 /etc/keepalived/open/check; chmod 777 /etc/keepalived/open";
    let said = ["/etc/keepalived/open", "777"];
    left_out(
        &["sh", "-c", prepare],
        "/etc/keepalived/open/check",
        "root",
        &said,
    );
}

#[test]
fn a_check_whose_user_is_missing_is_left_out() {
    left_out(
        &[],
        "/bin/false",
        "nobody_of_that_name",
        &["nobody_of_that_name"],
    );
}

/// Runs one check with these lines on a lone host and waits for its verdict in the log.
fn check(script: &str, lines: &str, body: impl FnOnce(&Host, &Process)) {
    let configuration = noting_configuration("/etc/keepalived/own");
    let configuration = support::replaced(
        &configuration,
        ("    fall 1\n", &format!("    fall 1\n{lines}")),
    );
    let daemon = standfast();
    let (_lab, host) = single_host(&daemon);
    NOTIFIES.iter().for_each(|name| note_taker(&host, name));
    host.write_file("/etc/keepalived/own", script, 0o755)
        .unwrap();
    host.write_file(CONFIGURATION, &configuration, 0o644)
        .unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    body(&host, &process);
}

#[test]
fn a_check_runs_as_its_user() {
    let script = "#!/bin/sh\n[ \"$(id -un)\" = nobody ]\n";
    check(script, "    user nobody\n", |host, _| {
        holds(host, true, SECOND * 4);
    });
}

#[test]
fn a_check_that_ignores_sigterm_times_out_and_is_killed() {
    let script = "#!/bin/sh\ntrap '' TERM\necho $$ > /run/check.pid\nwhile :; do sleep 0.1; done\n";
    check(script, "", |host, process| {
        process.wait_for_log("timed", SECOND * 4).unwrap();
        assert!(!host.holds(VIP).unwrap());
        let pid = host.read_file("/run/check.pid").unwrap();
        let end = Moment::now() + SECOND * 4;
        let alive = || {
            host.read_file(&format!("/proc/{}/stat", pid.trim()))
                .is_ok()
        };
        while alive() {
            assert!(Moment::now() < end, "the check still runs");
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn a_check_that_prints_without_end_costs_no_memory() {
    let script = "#!/bin/sh\nhead -c 100000000 /dev/zero | tr '\\0' x\n";
    check(script, "", |host, process| {
        holds(host, true, SECOND * 6);
        let worker = support::worker_pid(host);
        let status = host.read_file(&format!("/proc/{worker}/status")).unwrap();
        // Its own memory: how much of the program itself is mapped is no matter of the output.
        let own = status
            .lines()
            .find(|line| line.starts_with("RssAnon:"))
            .unwrap();
        let kib: u64 = own.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(kib <= 4 * 1024, "{kib} KiB");
        assert!(process.log().len() < 10_000);
    });
}

#[test]
fn a_check_that_leaves_a_process_behind_has_still_ended() {
    let script = "#!/bin/sh\nsleep 1000 &\nexit 0\n";
    check(script, "", |host, process| {
        holds(host, true, SECOND * 4);
        std::thread::sleep(SECOND * 3);
        assert!(host.holds(VIP).unwrap(), "{}", process.log());
        let left = host.run(&["sh", "-c", "ps -eo args | grep -c '^sleep 1000'"]);
        let count: usize = left.map_or(0, |output| output.output.trim().parse().unwrap());
        assert!(count <= 5, "{count} processes left behind");
    });
}

#[test]
fn rise_fall_init_fail_and_reverse_count_as_in_keepalived() {
    // `init_fail` with `rise 3`: three successes a second apart.
    let begin = Moment::now();
    let lines = "    init_fail\n";
    let configuration = noting_configuration("/etc/keepalived/check")
        .replace("rise 1", "rise 3")
        .replace("    fall 1\n", &format!("    fall 2\n{lines}"));
    let (_lab, host, _process) = started(&standfast(), &configuration);
    holds(&host, true, SECOND * 6);
    assert!(
        Moment::now().since(begin) >= SECOND * 2,
        "up before the third success"
    );
    // `fall 2`: one failure is not enough.
    host.write_file(FAILURE, "", 0o644).unwrap();
    let failing = Moment::now();
    holds(&host, false, SECOND * 4);
    assert!(
        Moment::now().since(failing) >= SECOND,
        "down at the first failure"
    );
}

#[test]
fn a_reversed_weight_counts_with_the_opposite_sign() {
    assert_eq!(priorities("5"), ["104", "99"]);
    for weight in ["5 reverse", "-5", "-5 reverse"] {
        priorities(weight);
    }
}

/// What is advertised while the check succeeds and while it fails, by Standfast as by keepalived.
fn priorities(weight: &str) -> [String; 2] {
    let configuration = noting_configuration("/etc/keepalived/check")
        .replace("        chk\n", &format!("        chk weight {weight}\n"));
    let priorities = [standfast(), Daemon::Keepalived].map(|daemon| {
        let (_lab, host, _process) = started(&daemon, &configuration);
        holds(&host, true, SECOND * 5);
        let priority = |host: &Host| {
            let args = ["timeout", "2", "tcpdump", "-lnvc1", "-i", "eth0", "vrrp"];
            let output = host.run_within(SECOND * 4, &args).unwrap();
            let text = output.output;
            let rest = text.split("prio ").nth(1).unwrap_or_default().to_owned();
            rest.split(',').next().unwrap_or_default().to_owned()
        };
        std::thread::sleep(SECOND);
        let passing = priority(&host);
        host.write_file(FAILURE, "", 0o644).unwrap();
        std::thread::sleep(SECOND * 2);
        [passing, priority(&host)]
    });
    let [ours, theirs] = priorities;
    assert_eq!(ours, theirs, "weight {weight}");
    ours
}

/// One instance whose notify_stop takes three seconds, more than the supervisor's patience.
fn slow_farewell(interval: Duration) -> String {
    let script = "    notify \"/etc/keepalived/notify own\"\n    \
                  notify_stop /etc/keepalived/slow\n    virtual_ipaddress";
    let instance = short_configuration(interval, FIRST_PRIORITY);
    let instance = support::replaced(&instance, ("    virtual_ipaddress", script));
    format!("global_defs {{\n    script_user root\n}}\n{instance}")
}

fn with_slow_farewell(interval: Duration) -> (Lab, Host, Process) {
    let daemon = standfast();
    let (lab, host) = single_host(&daemon);
    note_taker(&host, "notify");
    let slow = format!("#!/bin/sh\nsleep 3\necho slow >> {NOTES}\n");
    host.write_file("/etc/keepalived/slow", &slow, 0o755)
        .unwrap();
    host.write_file(CONFIGURATION, &slow_farewell(interval), 0o644)
        .unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    (lab, host, process)
}

#[test]
fn a_backups_slow_notify_stop_is_waited_for_and_the_exit_is_clean() {
    let (_lab, host, process) = with_slow_farewell(SECOND);
    process
        .wait_for_log("Entering BACKUP STATE", SECOND)
        .unwrap();
    let end = process.stop(SECOND * 8).unwrap();
    assert_eq!(end, ExitState::Code(0), "{}", process.log());
    assert!(host.read_file(NOTES).unwrap().ends_with("slow\n"));
}

#[test]
fn an_instance_that_a_reload_removes_is_told_so_by_its_own_scripts() {
    let (_lab, host, process) = with_slow_farewell(INTERVAL);
    holds(&host, true, SECOND * 5);
    let instance = slow_farewell(INTERVAL).replace("VI_1", "VI_2");
    let other = instance.replace("virtual_router_id 51", "virtual_router_id 52");
    host.write_file(CONFIGURATION, &other, 0o644).unwrap();
    process.signal(Signal::SIGHUP).unwrap();
    process.wait_for_log("Reload complete", SECOND).unwrap();
    std::thread::sleep(SECOND / 2);
    let notes = host.read_file(NOTES).unwrap();
    assert!(notes.contains("INSTANCE VI_1 FAULT"), "{notes}");
}
