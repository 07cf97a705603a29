//! Notify FIFOs say what keepalived's say, byte for byte, and hold nobody up.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::time::Duration;

use standfast_lab::{CONFIGURATION, Daemon, Host, Lab, Moment, Process, Signal, VIP};
use support::{
    FIRST_PRIORITY, SECOND_PRIORITY, pair_with, short_configuration, single_host, standfast,
    telling,
};

const INTERVAL: Duration = Duration::from_millis(200);
/// How long the machine may take for what should come at once.
const LIMIT: Duration = Duration::from_secs(15);
const FIFO: &str = "/run/events";
/// The check fails while this is there.
const FAILURE: &str = "/run/failing";
const READER: &str = "/etc/keepalived/reader";
const READ: &str = "/run/read";

fn global(more: &str) -> String {
    format!("global_defs {{\n    script_user root\n    enable_script_security\n{more}}}\n")
}

/// One instance with a check that takes 10 off its priority; every change is told.
fn configuration(more: &str) -> String {
    let instance = short_configuration(INTERVAL, FIRST_PRIORITY);
    let tracked = "    notify_priority_changes\n    track_script {\n        chk\n    }\n    virtual_ipaddress";
    let instance = support::replaced(&instance, ("    virtual_ipaddress", tracked));
    let check = "vrrp_script chk {\n    script \"/etc/keepalived/check\"\n    interval 1\n    timeout 1\n    \
                 fall 1\n    rise 1\n    weight -10\n}\n";
    global(more) + check + &instance
}

fn start(daemon: &Daemon, configuration: &str) -> (Lab, Host, Process) {
    let (lab, host) = single_host(daemon);
    let check = format!("#!/bin/sh\n[ ! -e {FAILURE} ]\n");
    host.write_file("/etc/keepalived/check", &check, 0o755)
        .unwrap();
    let reader = format!(
        "#!/bin/sh\necho \"start $*\" >> {READ}\nfor last; do :; done\nexec cat \"$last\" >> {READ}\n"
    );
    host.write_file(READER, &reader, 0o755).unwrap();
    host.write_file(CONFIGURATION, configuration, 0o644)
        .unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    (lab, host, process)
}

/// Reads the FIFO for ever: keepalived closes and opens it with each reload.
fn listen(host: &Host) -> Process {
    wait("FIFO", || host.run(&["test", "-p", FIFO]).is_ok());
    let text = format!("while :; do cat {FIFO}; sleep 0.02; done 2>/dev/null");
    host.spawn(&["sh", "-c", &text], &[]).unwrap()
}

/// Waits until `found`.
#[track_caller]
fn wait(what: &str, mut found: impl FnMut() -> bool) {
    let end = Moment::now() + LIMIT;
    while !found() {
        assert!(Moment::now() < end, "no {what} within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The life of an instance as its FIFO tells it: up, priority down and up, fault, recovery, reload, stop.
fn life(daemon: &Daemon) -> (String, String) {
    let configuration = configuration(&format!("    vrrp_notify_fifo {FIFO}\n"));
    let (_lab, host, process) = start(daemon, &configuration);
    let reader = listen(&host);
    let mode = host.run(&["stat", "-c", "%A %U %G", FIFO]).unwrap().output;
    let said = |line: &str, times: usize| {
        wait(line, || reader.log().matches(line).count() >= times);
    };
    said("\"VI_1\" MASTER 99\n", 1);
    host.write_file(FAILURE, "", 0o644).unwrap();
    said("MASTER_PRIORITY 89\n", 1);
    host.run(&["rm", FAILURE]).unwrap();
    said("MASTER_PRIORITY 99\n", 1);
    host.cable_pull().unwrap();
    said(" FAULT 99\n", 1);
    host.cable_plug().unwrap();
    said("\"VI_1\" MASTER 99\n", 2);
    process.signal(Signal::SIGHUP).unwrap();
    process.wait_for_log("Reload complete", LIMIT).unwrap();
    process.stop(LIMIT).unwrap();
    said(" STOP ", 1);
    assert!(host.run(&["test", "-e", FIFO]).is_err(), "the FIFO is left");
    (mode, reader.log())
}

#[test]
fn the_fifo_says_what_keepaliveds_says_byte_for_byte() {
    let [ours, theirs] = [standfast(), Daemon::Keepalived].map(|daemon| life(&daemon));
    assert_eq!(ours, theirs);
    let expected = "INSTANCE \"VI_1\" BACKUP 99\nINSTANCE \"VI_1\" MASTER 99\n\
                    INSTANCE \"VI_1\" MASTER_PRIORITY 89\nINSTANCE \"VI_1\" MASTER_PRIORITY 99\n\
                    INSTANCE \"VI_1\" FAULT 99\nINSTANCE \"VI_1\" BACKUP 99\n\
                    INSTANCE \"VI_1\" MASTER 99\nINSTANCE \"VI_1\" STOP 99\n";
    assert_eq!(ours.1, expected);
}

/// What an instance that a reload removes is told as.
fn removal(daemon: &Daemon, keyword: &str) -> String {
    let head = global(&format!("    notify_fifo {FIFO}\n"));
    let instance = short_configuration(INTERVAL, FIRST_PRIORITY);
    let second = instance
        .replace("VI_1", "VI_2")
        .replace(
            "virtual_router_id 51",
            &format!("virtual_router_id 52\n    {keyword}"),
        )
        .replace(&VIP.to_string(), "192.168.1.201");
    let both = format!("{head}{instance}{second}");
    let (_lab, host, process) = start(daemon, &both);
    let reader = listen(&host);
    wait("master", || reader.log().contains("\"VI_2\" MASTER"));
    host.write_file(CONFIGURATION, &(head + &instance), 0o644)
        .unwrap();
    process.signal(Signal::SIGHUP).unwrap();
    wait("removal", || reader.log().matches("\"VI_2\"").count() == 3);
    process.stop(LIMIT).unwrap();
    let log = reader.log();
    let of_second = log.lines().filter(|line| line.contains("VI_2"));
    of_second.collect::<Vec<&str>>().join("\n")
}

#[test]
fn a_removed_instance_is_deleted_where_it_says_so_and_at_fault_otherwise() {
    for (keyword, word) in [("notify_deleted", "DELETED"), ("preempt", "FAULT")] {
        let [ours, theirs] =
            [standfast(), Daemon::Keepalived].map(|daemon| removal(&daemon, keyword));
        assert_eq!(ours, theirs);
        assert!(
            ours.ends_with(&format!("INSTANCE \"VI_2\" {word} 99")),
            "{ours}"
        );
    }
}

#[test]
fn a_reader_is_given_the_path_and_started_anew_by_a_reload() {
    let more = format!("    notify_fifo {FIFO} nobody\n    notify_fifo_script \"{READER} word\"\n");
    let (_lab, host, process) = start(&standfast(), &configuration(&more));
    let read = || host.read_file(READ).unwrap_or_default();
    wait("event", || read().contains("MASTER 99"));
    assert!(
        read().starts_with(&format!("start word {FIFO}\n")),
        "{}",
        read()
    );
    let owner = host.run(&["stat", "-c", "%U %a", FIFO]).unwrap().output;
    assert_eq!(owner, "nobody 600\n");
    process.signal(Signal::SIGHUP).unwrap();
    wait("second reader", || read().matches("start").count() == 2);
    host.write_file(FAILURE, "", 0o644).unwrap();
    wait("event after the reload", || {
        read().contains("MASTER_PRIORITY 89")
    });
    process.stop(LIMIT).unwrap();
    assert!(
        read().ends_with("STOP 89\n"),
        "the last event is read: {}",
        read()
    );
    assert!(!read().contains("FAULT"), "{}", read());
}

#[test]
fn states_are_told_again_after_a_reload_where_that_is_wanted() {
    let more = format!("    vrrp_notify_fifo {FIFO}\n    fifo_write_vrrp_states_on_reload\n");
    let (_lab, host, process) = start(&standfast(), &configuration(&more));
    let reader = listen(&host);
    let masters = || reader.log().matches("\"VI_1\" MASTER 99\n").count();
    wait("master", || masters() == 1);
    process.signal(Signal::SIGHUP).unwrap();
    wait("state after the reload", || masters() == 2);
    process.stop(LIMIT).unwrap();
}

#[test]
fn a_fifo_that_nobody_reads_holds_nobody_up_and_that_is_said_once() {
    let more = format!("    vrrp_notify_fifo {FIFO}\n    fifo_write_vrrp_states_on_reload\n");
    let (_lab, host, process) = start(&standfast(), &configuration(&more));
    wait("VIP", || host.holds(VIP).unwrap());
    // A stranger fills the pipe: it keeps a reading end open so that what it wrote stays.
    let fill = format!(
        "exec 3<>{FIFO}; head -c 70000 /dev/zero | dd of={FIFO} oflag=nonblock bs=1 2>/dev/null; touch /run/filled; sleep 60"
    );
    let _stranger = host.spawn(&["sh", "-c", &fill], &[]).unwrap();
    wait("full pipe", || {
        host.run(&["test", "-e", "/run/filled"]).is_ok()
    });
    let said = |process: &Process| process.log().matches("is full: nobody reads it").count();
    for reload in 1..=3 {
        process.signal(Signal::SIGHUP).unwrap();
        wait("reload", || {
            process.log().matches("Reload complete").count() == reload
        });
    }
    wait("complaint", || said(&process) > 0);
    assert!(host.holds(VIP).unwrap());
    assert_eq!(said(&process), 1, "{}", process.log());
    process.stop(LIMIT).unwrap();
}

/// What a master is told of a worse one that does not hear it. The other node is keepalived.
fn heard_lower(daemon: Daemon) -> Vec<String> {
    let first = global(&format!("    vrrp_notify_fifo {FIFO}\n"))
        + &short_configuration(INTERVAL, FIRST_PRIORITY);
    let second = short_configuration(INTERVAL, SECOND_PRIORITY);
    let mut pair = pair_with([daemon, Daemon::Keepalived], [first, second]);
    telling(&mut pair, |pair| {
        support::start(pair);
        let reader = listen(&pair.first.host);
        pair.second.host.set_hears_multicast(false).unwrap();
        let lower = "INSTANCE \"VI_1\" MASTER_RX_LOWER_PRI";
        wait("lower master", || reader.log().contains(lower));
        let log = reader.log();
        let mut lines: Vec<String> = log.lines().map(str::to_owned).collect();
        lines.dedup();
        lines
    })
}

#[test]
fn a_worse_master_that_is_heard_is_told_as_keepalived_tells_it() {
    let [ours, theirs] = [standfast(), Daemon::Keepalived].map(heard_lower);
    assert_eq!(ours, theirs);
}
