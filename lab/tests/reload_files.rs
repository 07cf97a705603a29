//! Files around a reload: what checks it first, what says when it comes, and what says that it goes on.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::time::Duration;

use standfast_lab::{CONFIGURATION, Daemon, Host, Lab, Moment, Process, Signal, VIP};
use support::{FIRST_PRIORITY, short_configuration, single_host, standfast};

const INTERVAL: Duration = Duration::from_millis(200);
const LIMIT: Duration = Duration::from_secs(20);

fn configuration(more: &str) -> String {
    let instance = short_configuration(INTERVAL, FIRST_PRIORITY);
    format!("global_defs {{\n{more}}}\n{instance}")
}

fn start(daemon: &Daemon, configuration: &str) -> (Lab, Host, Process) {
    let (lab, host) = single_host(daemon);
    host.write_file(CONFIGURATION, configuration, 0o644)
        .unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    process
        .wait_for_log("Entering MASTER STATE", LIMIT)
        .unwrap();
    (lab, host, process)
}

#[track_caller]
fn wait(what: &str, mut found: impl FnMut() -> bool) {
    let end = Moment::now() + LIMIT;
    while !found() {
        assert!(Moment::now() < end, "no {what} within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn exists(host: &Host, path: &str) -> bool {
    host.run(&["test", "-e", path]).is_ok()
}

/// Reloads three configurations: one that is wrong, one that keepalived only warns about, one that is right. Which of them
/// came into force, and whether the file said something.
fn checked_reloads(daemon: &Daemon) -> Vec<(bool, bool)> {
    let log = "/run/check.log";
    let good = configuration(&format!("    reload_check_config {log}\n"));
    let (_lab, host, process) = start(daemon, &good);
    let vip = "192.168.1.201";
    let other = good.replace(&VIP.to_string(), vip);
    let wrong = other.replace("priority 99", "priority 9999");
    let warned = other.replace("priority 99", "priority 99\n    no_such_keyword");
    let mut outcomes = Vec::new();
    for (number, text) in [wrong, warned, other].iter().enumerate() {
        host.write_file(CONFIGURATION, text, 0o644).unwrap();
        process.signal(Signal::SIGHUP).unwrap();
        wait("outcome", || {
            let log = process.log();
            let refused = log
                .matches("New config failed validation, see /run/check.log")
                .count();
            refused + log.matches("Reload complete").count() > number
        });
        let in_force = host
            .holds(vip.parse::<std::net::Ipv4Addr>().unwrap())
            .unwrap();
        outcomes.push((in_force, !host.read_file(log).unwrap().is_empty()));
    }
    process.stop(LIMIT).unwrap();
    outcomes
}

#[test]
fn a_checked_reload_refuses_what_keepalived_refuses() {
    let [ours, theirs] = [standfast(), Daemon::Keepalived].map(|daemon| checked_reloads(&daemon));
    assert_eq!(ours, theirs);
    assert_eq!(ours, [(false, true), (false, true), (true, false)]);
}

/// Nobody can be sure to look while a reload goes on; but a folder keeps the time of the last file that came or went.
#[test]
fn the_marker_comes_and_goes_with_a_reload_and_one_that_was_left_behind_goes_at_the_start() {
    let (_lab, host) = single_host(&standfast());
    for (keyword, path) in [
        ("reload_file", "/run/keepalived.reload"),
        ("reload_file /run/marks/marker", "/run/marks/marker"),
    ] {
        let text = configuration(&format!("    {keyword}\n"));
        host.write_file(CONFIGURATION, &text, 0o644).unwrap();
        host.write_file(path, "", 0o644).unwrap();
        let process = standfast().start(&host, CONFIGURATION).unwrap();
        process
            .wait_for_log("Entering MASTER STATE", LIMIT)
            .unwrap();
        assert!(!exists(&host, path), "a marker without a reload");
        let changed = || {
            let folder = path.rsplit_once('/').unwrap().0;
            host.run(&["stat", "-c", "%y", folder]).unwrap().output
        };
        let before = changed();
        process.signal(Signal::SIGHUP).unwrap();
        process.wait_for_log("Reload complete", LIMIT).unwrap();
        wait("end of the marker", || {
            !exists(&host, path) && changed() != before
        });
        process.stop(LIMIT).unwrap();
    }
}

/// Writes the time in so many seconds into the file, as the host's clock says it.
fn schedule(host: &Host, file: &str, format: &str, seconds: u8) {
    let text =
        format!("date -d '+{seconds} seconds' '+{format}' > {file}.new; mv {file}.new {file}");
    host.run(&["sh", "-c", &text]).unwrap();
}

#[test]
fn a_file_says_when_the_configuration_is_read_again() {
    let file = "/run/when";
    let (_lab, host, process) = start(
        &standfast(),
        &configuration(&format!("    reload_time_file {file}\n")),
    );
    let reloads = || process.log().matches("Reload complete").count();
    for (number, format) in ["%T", "%F %T", "%y-%m-%d %T"].iter().enumerate() {
        schedule(&host, file, format, 6);
        wait("reload", || reloads() == number + 1);
        let scheduled = process.log().matches("Scheduling reload for 20").count();
        assert_eq!(scheduled, number + 1);
        wait("end of the file", || !exists(&host, file));
    }
    host.write_file(file, "tomorrow", 0o644).unwrap();
    process
        .wait_for_log("\"tomorrow\" is no time", LIMIT)
        .unwrap();
    process.stop(LIMIT).unwrap();
}

#[test]
fn a_repeated_reload_leaves_its_file() {
    let file = "/run/when";
    let text = configuration(&format!("    reload_time_file {file}\n    reload_repeat\n"));
    let (_lab, host, process) = start(&standfast(), &text);
    schedule(&host, file, "%T", 6);
    process.wait_for_log("Reload complete", LIMIT).unwrap();
    assert!(exists(&host, file));
    process.stop(LIMIT).unwrap();
}
