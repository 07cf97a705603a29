//! The report of hosts that are made by hand.

use standfast_api::status::{Instance, Node, Status, Timing};
use standfast_config::{Code, Diagnostic, Span};

use super::*;
use crate::snapshot::snapshot;

/// A node that is well, but for what a test changes.
fn status() -> Status {
    let instance = Instance {
        name: "VI_1".to_owned(),
        interface: "eth0".to_owned(),
        down_interval_us: 3_600_000,
        ..Instance::default()
    };
    Status {
        node: Node {
            name: "lb1".to_owned(),
            version: "0.1.0".to_owned(),
            pid: 812,
            now_us: 1_700_000_100_000_000,
            configured_us: 1_700_000_000_000_000,
            ..Node::default()
        },
        instances: vec![instance],
        timing: Timing {
            worst_us: 400,
            ..Timing::default()
        },
        ..Status::default()
    }
}

fn found() -> Vec<Diagnostic> {
    let place = Span::default();
    vec![
        Diagnostic::warning(
            Code::FirewallDrops,
            place,
            "advertisements that come in on eth0 are dropped by this host's firewall (table inet filter, chain input, by \
             its policy): this node hears no master and takes the addresses although another node has them",
        )
        .help(
            "nft insert rule inet filter input iifname \"eth0\" ip protocol 112 accept, and the same in the file that the \
             rules are loaded from (/etc/nftables.conf)",
        ),
        Diagnostic::note(
            Code::SecondariesNotPromoted,
            place,
            "promote_secondaries is 0 on eth0: when its first address goes, 192.0.2.100 goes with it, or the host's own \
             address with 192.0.2.100",
        )
        .help("sysctl net.ipv4.conf.eth0.promote_secondaries=1, or `promote_secondaries` in the instance"),
    ]
}

fn report(found: &[Diagnostic], status: &Status) -> Report {
    let config = standfast_config::Config::default();
    let mut areas = vec![daemon::area(&Ok(status.clone()))];
    areas.extend(host::areas_of(found, true, Some(status)));
    areas.push(daemon::timers(status, &config));
    areas.push(daemon::network(status, &Problems::new(None), &[]));
    Report {
        running: true,
        files: vec!["/etc/keepalived/keepalived.conf".to_owned()],
        areas,
    }
}

#[test]
fn a_host_that_is_well_is_told_what_was_looked_at() {
    let report = report(&[], &status());
    assert!(!report.has_findings(), "{report:?}");
    snapshot("doctor-well.txt", &report::text(&report, false));
}

#[test]
fn each_finding_has_its_fix_and_a_command_stands_on_one_line() {
    let mut status = status();
    status.timing.worst_us = 120_000;
    let report = report(&found(), &status);
    let text = report::text(&report, false);
    let command =
        "    $ nft 'insert rule inet filter input iifname \"eth0\" ip protocol 112 accept'\n";
    assert!(text.contains(command), "{text}");
    snapshot("doctor-findings.txt", &text);
    snapshot("doctor-findings.json", &output::json(&report));
}

#[test]
fn colours_are_for_marks_and_names_alone() {
    let report = report(&found(), &status());
    let coloured = report::text(&report, true);
    assert!(coloured.contains("\u{1b}[1;31mbad\u{1b}[0m"), "{coloured}");
    assert!(!report::text(&report, false).contains('\u{1b}'));
}

#[test]
fn what_a_name_holds_moves_no_cursor() {
    let mut status = status();
    status.node.drain = Some(standfast_api::status::Drain {
        since_us: 0,
        until_us: None,
        hard: false,
        who: "a\u{1b}[2J\nb".to_owned(),
    });
    let report = report(&[], &status);
    let text = report::text(&report, false);
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(report.has_findings());
}

#[test]
fn every_finding_about_a_host_has_a_subject() {
    for code in Code::ALL {
        let of_host = code.as_str().starts_with("SF040") || code.as_str().starts_with("SF041");
        assert_eq!(host::is_about_host(*code), of_host, "{}", code.as_str());
    }
}

#[test]
fn a_drain_and_a_pause_are_told_as_they_are() {
    let mut status = status();
    status.node.drain = Some(standfast_api::status::Drain {
        since_us: 0,
        until_us: None,
        hard: true,
        who: "root".to_owned(),
    });
    status.checks = vec![standfast_api::status::Check {
        name: "chk".to_owned(),
        paused: Some(standfast_api::status::Pause {
            since_us: status.node.now_us,
            until_us: None,
        }),
        ..standfast_api::status::Check::default()
    }];
    let area = daemon::area(&Ok(status));
    let texts: Vec<&str> = area.findings.iter().map(|one| one.text.as_str()).collect();
    assert!(texts[0].contains("nothing over at all"), "{texts:?}");
    assert!(!texts[0].contains("last resort"), "{texts:?}");
    assert!(texts[1].contains("check chk: paused until"), "{texts:?}");
    let command = area.findings[1].remedy.command.as_deref();
    assert_eq!(command, Some("standfast unpause chk"));
}

#[test]
fn who_may_not_ask_is_not_told_to_start_the_daemon() {
    let area = daemon::area(&Err(ClientError::Denied("/run/x.sock".into(), None)));
    let remedy = &area.findings[0].remedy;
    assert_eq!(remedy.command.as_deref(), Some("sudo standfast doctor"));
    let nowhere = unknown("/x", &[]);
    assert!(!nowhere.contains("there is )"), "{nowhere}");
}

#[test]
fn a_daemon_that_does_not_answer_is_named_and_the_rest_goes_on() {
    let area = daemon::area(&Err(ClientError::NotRunning(vec!["/run/x.sock".into()])));
    assert_eq!(area.level, Level::Bad);
    assert_eq!(
        area.findings[0].remedy.command.as_deref(),
        Some("systemctl start standfast")
    );
}

#[test]
fn a_link_that_is_down_is_told_once() {
    let mut status = status();
    let instance = &mut status.instances[0];
    instance.state = standfast_api::status::State::Fault;
    instance.faults = vec![standfast_api::status::Fault {
        kind: "interface-down".to_owned(),
        name: "eth0".to_owned(),
        text: "interface eth0 down".to_owned(),
    }];
    let problems = Problems::new(None);
    let network = |codes: &[&str]| daemon::network(&status, &problems, codes).findings.len();
    assert_eq!((network(&[]), network(&["SF0408"])), (1, 0));
}
