//! What examples/nginx-ha says is true.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use standfast_lab::{AGENT_SUBCOMMAND, CONFIGURATION, Host, HostOptions, Lab, LabOptions, example};

fn lab() -> Lab {
    Lab::new(LabOptions::with_agent(PathBuf::from(env!(
        "CARGO_BIN_EXE_lab-agent"
    ))))
    .unwrap()
}

fn host(lab: &Lab) -> Host {
    let host = lab
        .host(&HostOptions::new("one", Ipv4Addr::new(192, 168, 1, 11)))
        .unwrap();
    for (script, text) in example::SCRIPTS {
        host.write_file(&format!("/etc/keepalived/{script}"), text, 0o755)
            .unwrap();
    }
    host
}

fn passes(host: &Host, script: &str) -> bool {
    let script = format!("/etc/keepalived/{script}");
    host.run_within(Duration::from_secs(3), &[&script])
        .unwrap()
        .succeeded()
}

#[test]
fn keepalived_has_nothing_to_say_about_any_configuration() {
    let lab = lab();
    let host = host(&lab);
    let (begin, end) = example::MASTER.split_once("vrrp_script").unwrap();
    let (_, rest) = end.split_once("}\n").unwrap();
    let mut all = vec![example::MASTER.to_owned(), example::BACKUP.to_owned()];
    all.extend(
        example::CHECK_BLOCKS
            .iter()
            .map(|block| format!("{begin}{block}{rest}")),
    );
    assert_eq!(all.len(), 6);
    for configuration in all {
        host.write_file(CONFIGURATION, &configuration, 0o644)
            .unwrap();
        let output = host
            .run_within(Duration::from_secs(5), &["keepalived", "-t"])
            .unwrap();
        assert!(
            output.succeeded(),
            "{}{}\n{configuration}",
            output.error,
            output.output
        );
    }
}

/// A program that cannot be executed is as good as not installed, for `command -v`.
fn hide(host: &Host, program: &str) {
    host.run(&[
        "mount",
        "--bind",
        "/dev/null",
        &format!("/usr/bin/{program}"),
    ])
    .unwrap();
}

#[test]
fn the_http_check_wants_status_200_by_curl_wget_or_perl() {
    let lab = lab();
    let host = host(&lab);
    let check = |port: &str| {
        let url = format!("http://127.0.0.1:{port}/");
        let script = format!("/etc/keepalived/{}", example::CHECK_HTTP);
        host.run_within(Duration::from_secs(4), &[&script, &url])
            .unwrap()
            .succeeded()
    };
    let serve = |port: &str, status: &str| {
        let server = host
            .spawn(
                &[
                    "/run/lab/bin/lab-agent",
                    AGENT_SUBCOMMAND,
                    "http-serve",
                    port,
                    status,
                    "text",
                ],
                &[],
            )
            .unwrap();
        server
            .wait_for_log("ready", Duration::from_secs(2))
            .unwrap();
        server
    };
    let _servers = [
        serve("8200", "200"),
        serve("8404", "404"),
        serve("8500", "500"),
        serve("8204", "204"),
    ];
    for missing in ["none", "curl", "wget"] {
        if missing != "none" {
            hide(&host, missing);
        }
        assert!(check("8200"), "200 is well (without {missing})");
        for port in ["8404", "8500", "8204", "8999"] {
            assert!(!check(port), "port {port} is not well (without {missing})");
        }
    }
}

#[test]
fn the_http_check_gives_up_on_a_server_that_hangs() {
    let lab = lab();
    let host = host(&lab);
    let server = host
        .spawn(
            &[
                "/run/lab/bin/lab-agent",
                AGENT_SUBCOMMAND,
                "http-serve",
                "80",
                "200",
                "text",
            ],
            &[],
        )
        .unwrap();
    server
        .wait_for_log("ready", Duration::from_secs(2))
        .unwrap();
    assert!(passes(&host, example::CHECK_HTTP) && passes(&host, example::CHECK_PORT));
    server.signal(standfast_lab::Signal::SIGSTOP).unwrap();
    for missing in ["none", "curl", "wget"] {
        if missing != "none" {
            hide(&host, missing);
        }
        assert!(!passes(&host, example::CHECK_HTTP), "without {missing}");
    }
    assert!(
        passes(&host, example::CHECK_PORT),
        "it still listens, as the README says"
    );
}

#[test]
fn the_process_check_does_not_start_what_runs_and_fails_if_it_cannot() {
    let lab = lab();
    let host = host(&lab);
    let nginx = |does: &str| {
        host.write_file("/usr/sbin/nginx", &format!("#!/bin/sh\n{does}\n"), 0o755)
            .unwrap();
    };
    nginx("echo no >&2; exit 1");
    assert!(
        !passes(&host, example::CHECK_PROCESS),
        "it cannot be started"
    );
    nginx("exit 0");
    assert!(
        !passes(&host, example::CHECK_PROCESS),
        "it says that it started, and ended"
    );
    nginx("sleep 30");
    assert!(!passes(&host, example::CHECK_PROCESS), "it does not return");
    nginx("sleep 30 </dev/null >/dev/null 2>&1 &\nexit 0");
    assert!(
        !passes(&host, example::CHECK_PROCESS),
        "another process is not nginx"
    );
}
