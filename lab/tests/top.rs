//! `standfast top` on a terminal of its own, beside a real daemon.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::time::Duration;

use standfast_lab::{CONFIGURATION, Host, Process};
use support::{FIRST_PRIORITY, short_configuration, single_host, standfast};

const INTERVAL: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(30);
/// What a terminal gets when its usual picture comes back (xterm's rmcup).
const LEAVES: &str = "\u{1b}[?1049l";
/// `top` on a terminal of 80 by 24; its process id is in a file, and its end is told.
const TOP: &str = "stty rows 24 cols 80; \
     sh -c 'echo $$ > /run/top.pid; exec /run/lab/bin/standfast top --color=never'; echo ended with $?";

/// Its keys come from a pipe.
fn top(host: &Host) -> Process {
    host.write_file("/run/top.sh", TOP, 0o755).unwrap();
    let line = "mkfifo /run/keys; sleep 1000 > /run/keys & script -qec 'sh /run/top.sh' /dev/null < /run/keys";
    host.spawn(&["sh", "-c", line], &[]).unwrap()
}

fn run(host: &Host) -> Process {
    let configuration = short_configuration(INTERVAL, FIRST_PRIORITY);
    host.write_file(CONFIGURATION, &configuration, 0o644)
        .unwrap();
    let process = standfast().start(host, CONFIGURATION).unwrap();
    process
        .wait_for_log("Entering MASTER STATE", PATIENCE)
        .unwrap();
    process
}

/// Waits until that is on the terminal.
#[track_caller]
fn shows(top: &Process, text: &str) {
    let waited = top.wait_for_log(text, PATIENCE);
    assert!(waited.is_ok(), "{text} is not shown:\n{:?}", top.log());
}

#[track_caller]
fn left_in_order(top: &Process) {
    shows(top, "ended with 0");
    let log = top.log();
    let end = log.find("ended with").unwrap();
    let left = log.find(LEAVES).unwrap();
    assert!(left < end, "the terminal is not as it was");
}

#[test]
fn it_shows_the_instance_outlives_a_restart_and_quits() {
    let (_lab, host) = single_host(&standfast());
    let daemon = run(&host);
    let top = top(&host);
    for shown in ["VI_1", "MASTER", "silent"] {
        shows(&top, shown);
    }
    daemon.stop(PATIENCE).unwrap();
    shows(&top, "NO ANSWER");
    let daemon = run(&host);
    host.run(&["sh", "-c", "printf '\\r' > /run/keys"]).unwrap();
    shows(&top, "What");
    host.run(&["sh", "-c", "printf q > /run/keys"]).unwrap();
    left_in_order(&top);
    daemon.stop(PATIENCE).unwrap();
}

#[test]
fn sigterm_and_sighup_leave_the_terminal_as_it_was() {
    let (_lab, host) = single_host(&standfast());
    let daemon = run(&host);
    for signal in ["TERM", "HUP"] {
        let top = top(&host);
        shows(&top, "VI_1");
        let line = format!("kill -{signal} $(cat /run/top.pid)");
        host.run(&["sh", "-c", &line]).unwrap();
        left_in_order(&top);
        host.run(&["rm", "/run/keys"]).unwrap();
    }
    daemon.stop(PATIENCE).unwrap();
}
