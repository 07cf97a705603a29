//! The journal: what `standfast events` has shown survives a kill of the whole daemon.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use standfast_lab::{CONFIGURATION, Host, Moment, Process, Signal};
use support::{FIRST_PRIORITY, send, short_configuration, single_host, standfast, worker_pid};

const INTERVAL: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(20);
/// Changes a tracked file as fast as it can: each change is an event.
const NOISE: &str = "i=0; while :; do echo $((i % 50)) > /run/number; i=$((i + 1)); done";

/// Events by their numbers, as JSON.
type Events = BTreeMap<u64, String>;

fn events(host: &Host, more: &[&str]) -> Events {
    let mut words = vec!["/run/lab/bin/standfast", "events", "--json", "-n", "5000"];
    words.extend(more);
    let output = host.run(&words).unwrap();
    assert!(output.succeeded(), "{output:?}");
    output.output.lines().map(numbered).collect()
}

/// A line begins with `{"seq":NUMBER,`.
fn numbered(line: &str) -> (u64, String) {
    let digits = line.trim_start_matches("{\"seq\":");
    let digits = digits.split(',').next().unwrap();
    (digits.parse().unwrap(), line.to_owned())
}

fn has(events: &Events, kind: &str) -> bool {
    let word = format!("\"kind\":\"{kind}\"");
    events.values().any(|line| line.contains(&word))
}

/// Events once there are more than so many.
fn wait_for_more(host: &Host, than: usize) -> Events {
    let end = Moment::now() + PATIENCE;
    loop {
        let found = events(host, &[]);
        if found.len() > than {
            return found;
        }
        assert!(Moment::now() < end, "only {} events", found.len());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn configuration() -> String {
    let instance = short_configuration(INTERVAL, FIRST_PRIORITY);
    let tracked = "    track_file {\n        number weight 1\n    }\n    virtual_ipaddress {";
    let instance = support::replaced(&instance, ("    virtual_ipaddress {", tracked));
    format!("track_file number {{\n    file /run/number\n    init_file 0\n}}\n{instance}")
}

fn run(host: &Host) -> Process {
    let process = standfast().start(host, CONFIGURATION).unwrap();
    process
        .wait_for_log("Entering MASTER STATE", PATIENCE)
        .unwrap();
    process
}

/// Both processes at once, in the middle of whatever they do.
fn kill(host: &Host, process: &Process) {
    let worker = worker_pid(host);
    process.signal(Signal::SIGSTOP).unwrap();
    // One call: a worker that stands still for long is missed, and a busy machine takes its time between two.
    let both = format!("kill -STOP {worker} && kill -KILL {worker}");
    host.run(&["sh", "-c", &both]).unwrap();
    process.signal(Signal::SIGKILL).unwrap();
    process.wait(PATIENCE).unwrap();
    // What it has written is on its way to the disk, and it keeps its files until then.
    let gone = format!("while kill -0 {worker} 2> /dev/null; do sleep 0.02; done");
    host.run_within(PATIENCE, &["sh", "-c", &gone]).unwrap();
}

#[test]
fn what_was_shown_survives_a_kill_in_the_middle_of_events() {
    let (_lab, host) = single_host(&standfast());
    host.write_file(CONFIGURATION, &configuration(), 0o644)
        .unwrap();
    let _noise = host.spawn(&["sh", "-c", NOISE], &[]).unwrap();
    let mut before = Events::new();
    for _ in 0..3 {
        let process = run(&host);
        let shown = wait_for_more(&host, before.len() + 100);
        kill(&host, &process);
        let kept = events(&host, &[]);
        for (number, line) in before.iter().chain(&shown) {
            assert_eq!(kept.get(number), Some(line), "event {number}");
        }
        let first = *kept.keys().next().unwrap();
        assert!(
            kept.keys()
                .copied()
                .zip(first..)
                .all(|(found, seq)| found == seq)
        );
        before = kept;
    }
    assert!(has(&before, "ended-badly"));
    assert!(!has(&before, "stopped"));
}

#[test]
fn a_run_that_ends_in_good_order_says_so_and_the_next_numbers_on() {
    let (_lab, host) = single_host(&standfast());
    host.write_file(CONFIGURATION, &configuration(), 0o644)
        .unwrap();
    run(&host).stop(PATIENCE).unwrap();
    let first = events(&host, &[]);
    assert!(has(&first, "started") && has(&first, "stopped"));
    let process = run(&host);
    let both = wait_for_more(&host, first.len() + 3);
    assert!(
        first
            .iter()
            .all(|(number, line)| both.get(number) == Some(line))
    );
    assert!(!has(&both, "ended-badly"));
    let warnings = events(&host, &["--level", "warning"]);
    assert!(warnings.len() < both.len());
    process.stop(PATIENCE).unwrap();
}

#[test]
fn a_killed_worker_leaves_an_entry_of_its_end() {
    let (_lab, host) = single_host(&standfast());
    host.write_file(CONFIGURATION, &configuration(), 0o644)
        .unwrap();
    let process = run(&host);
    let old = worker_pid(&host);
    wait_for_more(&host, 3);
    send(&host, old, Signal::SIGKILL);
    support::next_worker(&host, old, PATIENCE);
    let end = Moment::now() + PATIENCE;
    while !has(&events(&host, &[]), "ended-badly") {
        assert!(Moment::now() < end, "nothing is said of the killed worker");
        std::thread::sleep(Duration::from_millis(50));
    }
    process.stop(PATIENCE).unwrap();
}

#[test]
fn followers_go_on_after_a_restart_and_miss_nothing() {
    let (_lab, host) = single_host(&standfast());
    host.write_file(CONFIGURATION, &configuration(), 0o644)
        .unwrap();
    let process = run(&host);
    let words = [
        "/run/lab/bin/standfast",
        "events",
        "-f",
        "--json",
        "-n",
        "5000",
    ];
    let follower = host.spawn(&words, &[]).unwrap();
    follower
        .wait_for_log("\"kind\":\"started\"", PATIENCE)
        .unwrap();
    process.stop(PATIENCE).unwrap();
    let process = run(&host);
    let last = *events(&host, &[]).keys().next_back().unwrap();
    follower
        .wait_for_log(&format!("{{\"seq\":{last},"), PATIENCE)
        .unwrap();
    let lines = follower.log();
    let lines = lines.lines().filter(|line| line.starts_with("{\"seq\":"));
    let numbers: Vec<u64> = lines.map(|line| numbered(line).0).collect();
    let first = numbers[0];
    assert!(
        numbers
            .iter()
            .copied()
            .zip(first..)
            .all(|(found, seq)| found == seq)
    );
    process.stop(PATIENCE).unwrap();
}

#[test]
fn a_full_disk_is_told_once_and_gets_what_it_missed_later() {
    let (_lab, host) = single_host(&standfast());
    let place = "global_defs {\n    journal /run/small/journal\n    journal_size 1\n}\n";
    host.write_file(CONFIGURATION, &format!("{place}{}", configuration()), 0o644)
        .unwrap();
    let mount = "mkdir /run/small && mount -t tmpfs -o size=16k small /run/small";
    assert!(host.run(&["sh", "-c", mount]).unwrap().succeeded());
    let process = run(&host);
    let _noise = host.spawn(&["sh", "-c", NOISE], &[]).unwrap();
    let full = "the journal is kept in memory only: /run/small/journal: ";
    process.wait_for_log(full, PATIENCE).unwrap();
    let then = events(&host, &[]).len();
    wait_for_more(&host, then + 100);
    let grow = ["mount", "-o", "remount,size=8m", "/run/small"];
    assert!(host.run(&grow).unwrap().succeeded());
    process
        .wait_for_log("the journal is written to disk again", PATIENCE)
        .unwrap();
    assert_eq!(process.log().matches(full).count(), 1);
    process.stop(PATIENCE).unwrap();
    let kept = events(&host, &["--directory", "/run/small/journal"]);
    assert!(has(&kept, "started") && has(&kept, "stopped"));
    let first = *kept.keys().next().unwrap();
    assert!(
        kept.keys()
            .copied()
            .zip(first..)
            .all(|(found, seq)| found == seq)
    );
}
