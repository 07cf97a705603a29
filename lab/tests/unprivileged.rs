//! The daemon without root: as another user, with the capabilities that it needs and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod support;

use std::thread;
use std::time::Duration;

use standfast_lab::{CONFIGURATION, ExitState, Host, Moment, Process, Signal, VIP};
use support::{pair_with, short_configuration, single_host, standfast, telling};

const LONG: Duration = Duration::from_secs(20);
const INTERVAL: Duration = Duration::from_millis(200);
/// nobody(8) on every distribution.
const NOBODY: &str = "65534";
const PID_FILE: &str = "/run/nobody/keepalived.pid";

/// As nobody, with capabilities that survive exec, as `AmbientCapabilities=` of systemd gives them.
fn start_as_nobody(host: &Host, options: &[&str]) -> Process {
    host.run(&["install", "-d", "-o", NOBODY, "-g", NOBODY, "/run/nobody"])
        .unwrap();
    let user = format!("--reuid={NOBODY}");
    let group = format!("--regid={NOBODY}");
    let mut argv = vec![
        "setpriv",
        &user,
        &group,
        "--clear-groups",
        "--inh-caps=-all,+net_admin,+net_raw",
        "--ambient-caps=-all,+net_admin,+net_raw",
        "--bounding-set=-all,+net_admin,+net_raw",
        "/usr/sbin/keepalived",
        "-n",
        "-l",
        "-D",
        "-G",
    ];
    argv.extend(options);
    host.spawn(&argv, &[("RUNTIME_DIRECTORY", "/run/nobody")])
        .unwrap()
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let end = Moment::now() + LONG;
    while !condition() {
        assert!(Moment::now() < end, "{what} did not come about");
        thread::sleep(Duration::from_millis(50));
    }
}

/// What is left under /run/nobody.
fn files_left(host: &Host) -> String {
    host.run(&["ls", "/run/nobody"]).unwrap().output
}

#[test]
fn nobody_is_master_fails_over_and_leaves_nothing() {
    let scripts = "    notify_master \"/bin/sh -c 'id -u > /run/nobody/master'\" root\n    \
                   virtual_ipaddress";
    let configurations = [99, 98].map(|priority| {
        short_configuration(INTERVAL, priority).replace("    virtual_ipaddress", scripts)
    });
    let mut pair = pair_with([standfast(), standfast()], configurations);
    telling(&mut pair, |pair| {
        let options = ["-p", PID_FILE, "-r", "/run/nobody/vrrp.pid"];
        let first = start_as_nobody(&pair.first.host, &options);
        first.wait_for_log("Entering MASTER STATE", LONG).unwrap();
        let second = start_as_nobody(&pair.second.host, &[]);
        second.wait_for_log("Entering BACKUP STATE", LONG).unwrap();
        pair.first.wait_until_holds(true, LONG).unwrap();
        let owner = ["sh", "-c", "stat -c %u /proc/$(cat /run/nobody/vrrp.pid)"];
        assert_eq!(pair.first.host.run(&owner).unwrap().output.trim(), NOBODY);
        assert!(files_left(&pair.first.host).contains("keepalived.addresses"));
        // A script that asks for another user runs as the daemon does, and the log says so.
        wait_until("the script's file", || {
            let said = pair.first.host.read_file("/run/nobody/master");
            said.is_ok_and(|text| text.trim() == NOBODY)
        });
        assert!(
            first.log().contains("runs as user 65534"),
            "{}",
            first.log()
        );

        assert_eq!(first.stop(LONG).unwrap(), ExitState::Code(0));
        pair.second.wait_until_holds(true, LONG).unwrap();
        pair.first.wait_until_holds(false, LONG).unwrap();
        assert_eq!(files_left(&pair.first.host).trim(), "master");
        // Killed as a whole it leaves the address; its next start knows that it is its own.
        second.wait_for_log("Entering MASTER STATE", LONG).unwrap();
        // Both processes at once: the one that outlives the other by a moment would let go.
        for signal in ["-STOP", "-9"] {
            let command = ["killall", "-q", signal, "keepalived"];
            pair.second.host.run(&command).unwrap();
        }
        second.wait(LONG).unwrap();
        assert!(pair.second.host.holds(VIP).unwrap());
        let again = start_as_nobody(&pair.second.host, &[]);
        again.wait_for_log("Entering MASTER STATE", LONG).unwrap();
        assert_eq!(again.stop(LONG).unwrap(), ExitState::Code(0));
        assert!(!pair.second.host.holds(VIP).unwrap());
        assert_eq!(files_left(&pair.second.host).trim(), "master");
    });
}

#[test]
fn a_pid_file_that_may_not_be_written_is_named_with_the_way_out() {
    let (_lab, host) = single_host(&standfast());
    host.write_file(CONFIGURATION, &short_configuration(INTERVAL, 99), 0o644)
        .unwrap();
    let process = start_as_nobody(&host, &["-p", "/run/forbidden.pid"]);
    assert_eq!(process.wait(LONG).unwrap(), ExitState::Code(1));
    let log = process.log();
    assert!(log.contains("/run/forbidden.pid"), "{log}");
    assert!(log.contains("RuntimeDirectory="), "{log}");
}

#[test]
fn a_worker_of_nobody_that_dies_is_replaced() {
    let (_lab, host) = single_host(&standfast());
    host.write_file(CONFIGURATION, &short_configuration(INTERVAL, 99), 0o644)
        .unwrap();
    let process = start_as_nobody(&host, &[]);
    process.wait_for_log("Entering MASTER STATE", LONG).unwrap();
    let pid = || host.read_file("/run/nobody/vrrp.pid").unwrap_or_default();
    let old = pid();
    let kill = format!("kill -{} {}", Signal::SIGKILL as i32, old.trim());
    host.run(&["sh", "-c", &kill]).unwrap();
    wait_until("another worker", || !pid().is_empty() && pid() != old);
    wait_until("the address", || host.holds(VIP).unwrap());
    assert_eq!(process.stop(LONG).unwrap(), ExitState::Code(0));
    assert!(!host.holds(VIP).unwrap());
    assert_eq!(files_left(&host), "");
}
