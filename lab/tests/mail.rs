//! Mail on changes of state, through a real SMTP server (aiosmtpd) on the host itself.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::time::Duration;

use standfast_lab::{CONFIGURATION, Daemon, Host, Lab, Moment, Process, Signal, VIP, find_program};
use support::{FIRST_PRIORITY, short_configuration, single_host, standfast};

const INTERVAL: Duration = Duration::from_millis(200);
const LIMIT: Duration = Duration::from_secs(20);

/// A server that prints every mail it takes.
fn serve(host: &Host) -> Process {
    assert!(
        find_program("aiosmtpd").is_some(),
        "aiosmtpd is not installed (Debian package python3-aiosmtpd)"
    );
    host.run(&["ip", "link", "set", "lo", "up"]).unwrap();
    let server = host
        .spawn(
            &[
                "aiosmtpd",
                "--nosetuid",
                "--listen",
                "127.0.0.1:25",
                "--class",
                "aiosmtpd.handlers.Debugging",
                "stdout",
            ],
            &[("PYTHONUNBUFFERED", "1")],
        )
        .unwrap();
    let listens = ["sh", "-c", "ss -ltn | grep -q 127.0.0.1:25"];
    wait("server", || host.run(&listens).is_ok());
    server
}

#[track_caller]
fn wait(what: &str, mut found: impl FnMut() -> bool) {
    let end = Moment::now() + LIMIT;
    while !found() {
        assert!(Moment::now() < end, "no {what} within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn configuration(more: &str) -> String {
    let instance = short_configuration(INTERVAL, FIRST_PRIORITY);
    format!(
        "global_defs {{\n    router_id LAB\n    notification_email {{\n        ops@example.org\n        \
         root@localhost\n    }}\n    notification_email_from lab@example.org\n    smtp_server 127.0.0.1\n    \
         smtp_connect_timeout 5\n{more}}}\n{instance}"
    )
}

/// The life of an instance: up, fault, up, stop.
fn life(daemon: &Daemon, more: &str) -> (Lab, Host, Process, Process) {
    let (lab, host) = single_host(daemon);
    let server = serve(&host);
    host.write_file(CONFIGURATION, &configuration(more), 0o644)
        .unwrap();
    let process = daemon.start(&host, CONFIGURATION).unwrap();
    let masters = |count: usize| {
        wait("master", || {
            process.log().matches("Entering MASTER STATE").count() == count
        });
        wait("mail of the master", || {
            server.log().matches("Entering MASTER state").count() == count
        });
    };
    masters(1);
    host.cable_pull().unwrap();
    process.wait_for_log("Entering FAULT STATE", LIMIT).unwrap();
    host.cable_plug().unwrap();
    masters(2);
    (lab, host, process, server)
}

/// The subjects and sentences of the mails that the server has, in order.
fn told(server: &Process) -> Vec<String> {
    let log = server.log();
    let lines = log.lines();
    let told = lines.filter(|line| line.starts_with("Subject: ") || line.starts_with("=> "));
    told.map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn mail_says_what_keepaliveds_mail_says() {
    let [ours, theirs] = [standfast(), Daemon::Keepalived].map(|daemon| {
        let (_lab, _host, process, server) = life(&daemon, "    smtp_alert\n");
        // A subject and a sentence each.
        wait("every mail", || told(&server).len() >= 10);
        let told = told(&server);
        process.stop(LIMIT).unwrap();
        told
    });
    assert_eq!(ours, theirs);
    let subjects: Vec<&str> = ours.iter().map(String::as_str).step_by(2).collect();
    let expected = ["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER"];
    let expected =
        expected.map(|state| format!("Subject: [LAB] VRRP Instance VI_1 - Entering {state} state"));
    assert_eq!(subjects, expected);
}

#[test]
fn a_stop_sends_its_mail_and_every_recipient_is_addressed() {
    let (_lab, _host, process, server) = life(&standfast(), "    smtp_alert\n");
    process.stop(LIMIT).unwrap();
    wait("last mail", || {
        told(&server)
            .iter()
            .any(|line| line.ends_with("VI_1 - Stopping"))
    });
    let log = server.log();
    for header in [
        "From: <lab@example.org>",
        "To: <ops@example.org>, <root@localhost>",
        "X-Mailer: Keepalived",
        "Date: ",
        "Message-ID: ",
    ] {
        assert!(log.contains(header), "no {header} in {log}");
    }
}

#[test]
fn faults_are_not_told_where_nobody_wants_them() {
    let (_lab, _host, process, server) =
        life(&standfast(), "    smtp_alert\n    no_email_faults\n");
    process.stop(LIMIT).unwrap();
    assert!(!server.log().contains("FAULT"), "{}", server.log());
}

#[test]
fn a_server_that_says_nothing_holds_nobody_up() {
    let (_lab, host) = single_host(&standfast());
    host.run(&["ip", "link", "set", "lo", "up"]).unwrap();
    // Whoever connects waits for a greeting that does not come.
    let silent =
        "import socket, time; s = socket.create_server(('127.0.0.1', 25)); time.sleep(600)";
    let _server = host
        .spawn(&["/usr/bin/python3", "-c", silent], &[])
        .unwrap();
    let listens = ["sh", "-c", "ss -ltn | grep -q 127.0.0.1:25"];
    wait("server", || host.run(&listens).is_ok());
    host.write_file(
        CONFIGURATION,
        &configuration("    smtp_alert_vrrp on\n"),
        0o644,
    )
    .unwrap();
    let process = standfast().start(&host, CONFIGURATION).unwrap();
    wait("VIP", || host.holds(VIP).unwrap());
    process.signal(Signal::SIGHUP).unwrap();
    process.wait_for_log("Reload complete", LIMIT).unwrap();
    process
        .wait_for_log("failed: waiting for the greeting", LIMIT)
        .unwrap();
    process.stop(LIMIT).unwrap();
}
