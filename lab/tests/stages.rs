//! `startup_script` and `shutdown_script`: before everything else, and after it.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::time::Duration;

use standfast_lab::{CONFIGURATION, Daemon, ExitState, Host, Lab, Process, Signal, VIP};
use support::{FIRST_PRIORITY, short_configuration, single_host, standfast};

const INTERVAL: Duration = Duration::from_millis(200);
const LIMIT: Duration = Duration::from_secs(20);
const NOTES: &str = "/run/notes";
const SCRIPT: &str = "/etc/keepalived/stage";

/// The script notes its words, its user and whether the address is there.
fn started(daemon: &Daemon, more: &str, body: &str) -> (Lab, Host, Process) {
    let (lab, host) = single_host(daemon);
    let script = format!(
        "#!/bin/sh\nheld=no\nip address show dev eth0 | grep -q {VIP}/ && held=yes\n\
         echo \"$* $(id -un) $held\" >> {NOTES}\n{body}\n"
    );
    host.write_file(SCRIPT, &script, 0o755).unwrap();
    host.run(&["sh", "-c", &format!("touch {NOTES}; chmod 666 {NOTES}")])
        .unwrap();
    let instance = short_configuration(INTERVAL, FIRST_PRIORITY);
    let text = format!(
        "global_defs {{\n    script_user root\n    enable_script_security\n{more}}}\n{instance}"
    );
    host.write_file(CONFIGURATION, &text, 0o644).unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    (lab, host, process)
}

fn life(daemon: &Daemon, user: &str) -> String {
    let more = format!(
        "    startup_script \"{SCRIPT} up word\"{user}\n    shutdown_script \"{SCRIPT} down\"\n"
    );
    let (_lab, host, process) = started(daemon, &more, "");
    process
        .wait_for_log("Entering MASTER STATE", LIMIT)
        .unwrap();
    assert_eq!(process.stop(LIMIT).unwrap(), ExitState::Code(0));
    host.read_file(NOTES).unwrap()
}

#[test]
fn the_scripts_run_before_the_first_and_after_the_last_worker_as_keepaliveds_do() {
    let [ours, theirs] = [standfast(), Daemon::Keepalived].map(|daemon| life(&daemon, ""));
    assert_eq!(ours, theirs);
    assert_eq!(ours, "up word root no\ndown root no\n");
}

#[test]
fn a_script_runs_as_its_own_user() {
    let notes = life(&standfast(), " nobody");
    assert_eq!(notes, "up word nobody no\ndown root no\n");
}

#[test]
fn a_startup_script_that_takes_too_long_or_fails_is_reported_and_the_daemon_starts() {
    for (body, timeout, said) in [
        ("sleep 60", 1, "startup script timed out"),
        ("exit 3", 10, "startup script failed"),
    ] {
        let more =
            format!("    startup_script \"{SCRIPT} up\"\n    startup_script_timeout {timeout}\n");
        let (_lab, _host, process) = started(&standfast(), &more, body);
        process
            .wait_for_log("Entering MASTER STATE", LIMIT)
            .unwrap();
        let log = process.log();
        let (before, after) = (log.find(said), log.find("Starting VRRP child process"));
        assert!(before.is_some() && before < after, "{log}");
        process.stop(LIMIT).unwrap();
    }
}

#[test]
fn a_stop_ends_a_startup_script() {
    let more = format!("    startup_script \"{SCRIPT} up\"\n    startup_script_timeout 600\n");
    let (_lab, _host, process) = started(&standfast(), &more, "sleep 600");
    process
        .wait_for_log("Running startup script", LIMIT)
        .unwrap();
    assert_eq!(process.stop(LIMIT).unwrap(), ExitState::Code(0));
    assert!(!process.log().contains("Starting VRRP child process"));
}

/// What the process has used of its processor, in hundredths of a second (proc(5)).
fn ticks(host: &Host, pid: &str) -> u64 {
    let stat = host.run(&["cat", &format!("/proc/{pid}/stat")]).unwrap();
    let (_, fields) = stat.output.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = fields.split(' ').collect();
    [11, 12]
        .map(|at| fields[at].parse::<u64>().unwrap())
        .iter()
        .sum()
}

#[test]
fn a_signal_during_the_shutdown_script_does_not_keep_the_daemon_busy() {
    let more = format!("    shutdown_script \"{SCRIPT} down\"\n");
    let (_lab, host, process) = started(&standfast(), &more, "sleep 4");
    process
        .wait_for_log("Entering MASTER STATE", LIMIT)
        .unwrap();
    let pid = host.read_file("/run/keepalived.pid").unwrap();
    process.signal(Signal::SIGTERM).unwrap();
    process
        .wait_for_log("Running shutdown script", LIMIT)
        .unwrap();
    let before = ticks(&host, pid.trim());
    process.signal(Signal::SIGTERM).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let used = ticks(&host, pid.trim()) - before;
    assert!(used < 10, "{used} hundredths of a second in two seconds");
    assert_eq!(process.wait(LIMIT).unwrap(), ExitState::Code(0));
    assert!(process.log().contains("shutdown script succeeded"));
}
