//! Explanations of hand-made situations: which cause comes first, and in which words.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p standfast-api --test explain` writes the snapshots again; read the difference.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test"
)]

mod situations;
mod successor;
mod wire;

use std::path::PathBuf;

use standfast_api::event::{Level, Record, Subject, SubjectKind};
use standfast_api::explain::{Explanation, KINDS, add_problems, explain};
use standfast_api::status::{
    Check, Deletion, Drain, Group, Instance, NodeOfInstance, Pause, PriorityPart, Refusal, Speaker,
    Stall, State,
};

use situations::*;

#[test]
fn an_age_below_a_second_is_just_now() {
    let mut one = backup();
    one.since_us = NOW - 190;
    let told = explained(&status(one.clone()));
    assert!(
        told.headline
            .starts_with("VI_1 is BACKUP for less than a second; "),
        "{told:#?}"
    );
    assert!(
        told.why[0].starts_with("It became BACKUP just now: "),
        "{told:#?}"
    );
    one.since_us = NOW - SECOND;
    let told = explained(&status(one));
    assert!(
        told.headline.starts_with("VI_1 is BACKUP for 1 s; "),
        "{told:#?}"
    );
}

#[test]
fn an_instance_that_is_not_there_has_no_explanation() {
    assert_eq!(explain(&status(master()), "VI_2", &[]), None);
}

#[test]
fn a_healthy_node_has_no_problem() {
    let mut served = master();
    served.nodes.push(there(State::Backup, 90));
    well(
        &status(served),
        &["VI_1 is MASTER", "above 99", "standfast drain"],
    );
    well(
        &status(backup()),
        &[
            "192.0.2.12 is master with priority 100",
            "silent for 3.6 s (in 3.2 s if nothing comes)",
            "a priority above 100: it has 99",
        ],
    );
}

#[test]
fn each_fault_is_named_with_what_to_do() {
    for (kind, name, phrases) in [
        (
            "interface-missing",
            "eth9",
            ["eth9 does not exist", "ip link"],
        ),
        (
            "interface-down",
            "eth0",
            ["eth0 is down", "ip link set dev eth0 up"],
        ),
        ("tracked-interface-down", "eth1", ["eth1 is down", "cable"]),
        (
            "no-address",
            "eth0",
            ["eth0 has no ipv4 address", "ip address"],
        ),
        ("no-peer", "", ["no unicast peer", "unicast_peer"]),
        (
            "source-missing",
            "192.0.2.9",
            ["192.0.2.9", "unicast_src_ip"],
        ),
        (
            "file-number",
            "load",
            ["file load means FAULT", "track_file load"],
        ),
        (
            "process-quorum",
            "haproxy",
            ["haproxy runs", "vrrp_track_process haproxy"],
        ),
        (
            "bfd-down",
            "uplink",
            ["BFD session uplink", "bfd_instance uplink"],
        ),
        ("drained", "", ["drained", "standfast resume"]),
    ] {
        first(&status(faulty(kind, name, "text")), kind, &phrases);
    }
}

#[test]
fn a_fault_of_a_group_names_the_member_that_has_it() {
    let mut member = faulty("sync-group", "G1", "another member");
    member.group = Some("G1".into());
    let mut other = faulty("interface-down", "eth1", "interface eth1 down");
    other.name = "VI_2".into();
    other.group = Some("G1".into());
    let mut all = status(member);
    all.instances.push(other);
    all.groups.push(Group {
        name: "G1".into(),
        state: Some(State::Fault),
        members: vec!["VI_1".into(), "VI_2".into()],
    });
    first(&all, "sync-group", &["VI_2 (interface eth1 down)"]);
}

#[test]
fn a_failed_check_that_means_fault_tells_what_it_printed() {
    let mut all = status(faulty(
        "check-failed",
        "chk_nginx",
        "check chk_nginx failed",
    ));
    all.checks = vec![check()];
    let phrases = [
        "exit status 1",
        "nginx is not running",
        "weight 0 means FAULT",
    ];
    first(&all, "check-failed", &phrases);
    all.instances[0].nodes.push(there(State::Fault, 90));
    first(
        &all,
        "check-failed",
        &["nginx-2 is in FAULT as well: nobody serves"],
    );
}

#[test]
fn a_weight_that_is_too_small_is_told_with_the_sum_and_the_weight_that_would_do() {
    let mut all = lowered();
    all.instances[0].nodes.push(there(State::Backup, 90));
    let phrases = [
        "99 − 5 = 94",
        "nginx-2 (192.0.2.12) has 90: the address does not move",
        "a weight of -10 or less",
    ];
    first(&all, "weight-too-small", &phrases);
    // A keepalived backup says nothing; what it advertised last counts.
    let mut all = lowered();
    all.instances[0].speakers = vec![Speaker {
        heard_us: ago(200),
        ..speaker()
    }];
    all.instances[0].since_us = ago(199);
    first(
        &all,
        "weight-too-small",
        &["192.0.2.12 has 90", "does not move"],
    );
}

#[test]
fn a_sum_is_true_while_drained_and_where_it_is_bounded() {
    let mut all = lowered();
    all.instances[0].priority.effective = 1;
    all.instances[0].priority.drained = true;
    first(
        &all,
        "check-failed",
        &["does not count while this node is drained"],
    );
    assert!(!explained(&all).problems[0].text.contains(" = "));
    let mut all = lowered();
    all.instances[0].priority.base = 4;
    all.instances[0].priority.effective = 1;
    all.instances[0].priority.clamped = Some(-1);
    first(&all, "check-failed", &["4 − 5 = -1, bounded to 1"]);
}

#[test]
fn a_check_that_fails_beside_a_drained_node_moves_nothing() {
    let mut all = lowered();
    all.instances[0].nodes.push(NodeOfInstance {
        base: 98,
        drained: true,
        ..there(State::Backup, 1)
    });
    let phrases = [
        "nginx-2 (192.0.2.12) is drained: the address does not move",
        "`standfast resume` on nginx-2",
    ];
    first(&all, "peer-drained", &phrases);
}

#[test]
fn a_check_that_fails_on_both_nodes_moves_nothing() {
    let mut all = lowered();
    all.instances[0].nodes.push(NodeOfInstance {
        base: 98,
        ..there(State::Backup, 93)
    });
    let phrases = [
        "nginx-2 (192.0.2.12) has lost priority as well (93 of 98)",
        "no node is better",
    ];
    first(&all, "no-healthy-node", &phrases);
}

#[test]
fn a_peer_that_does_not_preempt_is_named() {
    let mut all = lowered();
    all.instances[0].nodes.push(NodeOfInstance {
        preempts: false,
        ..there(State::Backup, 98)
    });
    first(
        &all,
        "nopreempt",
        &[
            "has 98 but does not take over",
            "nopreempt, preempt_delay, or a switchover",
            "standfast switchover VI_1",
            "standfast resume` on nginx-2",
        ],
    );
}

#[test]
fn checks_that_cannot_run_say_that_nothing_moves() {
    for (why, kind) in [
        ("/etc/chk.sh does not exist", "script-missing"),
        (
            "there is no command chk in PATH that its user may run",
            "script-missing",
        ),
        (
            "/etc/chk.sh: /etc (mode 0644, owner 0) is not executable",
            "script-not-executable",
        ),
        (
            "/etc/chk.sh is unsafe: /etc (mode 0777, owner 0) can be written by others",
            "script-unsafe",
        ),
        ("it has no user", "check-unusable"),
    ] {
        let mut all = status(master());
        all.checks = vec![Check {
            state: "unusable".into(),
            unusable: Some(why.into()),
            ..check()
        }];
        all.instances[0].priority.parts = vec![PriorityPart {
            unusable: true,
            ..part(0, None)
        }];
        first(&all, kind, &[why, "does NOT move the addresses"]);
    }
}

#[test]
fn a_script_that_vanished_later_and_one_that_hangs() {
    let mut all = lowered();
    all.checks[0].result = Some("could not be started: no such file".into());
    all.checks[0].output = None;
    first(
        &all,
        "script-missing",
        &["/etc/keepalived/check_nginx.sh: no such file", "ls -l"],
    );
    all.checks[0].result = Some("could not be started: permission denied: not executable".into());
    first(&all, "script-not-executable", &["permission denied"]);
    all.checks[0].result = Some("timed out".into());
    all.checks[0].timed_out = true;
    first(&all, "check-hangs", &["chk_nginx hangs", "timeout of 2 s"]);
}

#[test]
fn what_this_host_does_is_told() {
    let mut one = master();
    one.deleted = Some(Deletion {
        address: ip(200),
        at_us: ago(4),
        times: 3,
    });
    first(
        &status(one),
        "address-deleted",
        &["192.0.2.200 was deleted 4 s ago (3 so far)", "nmcli"],
    );
    let mut one = backup();
    one.since_us = ago(5);
    one.stall = Some(Stall {
        at_us: ago(6),
        for_us: 10_200_000,
    });
    first(
        &status(one),
        "host-paused",
        &["did not run for 10.2 s until 6 s ago"],
    );
    let mut one = master();
    one.addresses[0].held = false;
    one.refused = Some(Refusal {
        address: ip(200),
        adding: true,
        text: "no buffer space".into(),
        at_us: ago(1),
    });
    first(
        &status(one),
        "address-refused",
        &["refuses the address 192.0.2.200: no buffer space"],
    );
}

#[test]
fn equal_priorities_and_differing_peers() {
    let mut one = master();
    one.nodes.push(NodeOfInstance {
        base: 99,
        ..there(State::Backup, 99)
    });
    let phrases = [
        "nginx-2 (192.0.2.12) has the same priority 99",
        "the higher address wins (192.0.2.12)",
    ];
    first(&status(one), "same-priority", &phrases);
    let mut one = backup();
    one.speakers[0].priority = Some(99);
    first(
        &status(one),
        "same-priority",
        &["192.0.2.12 has the same priority 99"],
    );
    let mut one = master();
    one.nodes.push(NodeOfInstance {
        differs: vec!["addresses".into(), "version".into()],
        ..there(State::Backup, 90)
    });
    first(
        &status(one),
        "peer-differs",
        &["nginx-2 has another virtual_ipaddress and version"],
    );
    let mut one = backup();
    one.version = 3;
    one.speakers[0].interval_us = Some(5 * SECOND);
    first(
        &status(one),
        "interval-differs",
        &["192.0.2.12 advertises every 5 s, this node every 1 s"],
    );
}

#[test]
fn an_instance_without_an_address_protects_nothing() {
    let with_file = |one: Instance| {
        let mut all = status(one);
        all.node.files = vec!["/etc/k.conf".into()];
        all
    };
    let phrases = [
        "VI_1 has no virtual address: it protects nothing",
        "/etc/k.conf: `standfast check /etc/k.conf`",
    ];
    let differs = NodeOfInstance {
        differs: vec!["addresses".into()],
        ..there(State::Backup, 90)
    };
    // The peer channel tells, or what another daemon advertises; also where that is not taken.
    let mut by_peer = master();
    by_peer.nodes.push(differs.clone());
    let mut by_speaker = backup();
    by_speaker.speakers[0].other_addresses = vec![ip(200)];
    let mut by_refused = master();
    by_refused.speakers = vec![Speaker {
        other_addresses: vec![ip(200)],
        ..refused("address-list", "another list of addresses")
    }];
    for mut one in [by_peer, by_speaker, by_refused] {
        one.addresses.clear();
        // Routes protect nobody who asks for the address of the other node.
        one.routing = 1;
        let all = with_file(one);
        first(&all, "protects-nothing", &phrases);
        let found = explained(&all).problems;
        assert!(found[0].is_wrong());
        let misleading = ["peer-differs", "foreign-group", "address-list-differs"];
        let misled = found
            .iter()
            .any(|it| misleading.contains(&it.kind.as_str()));
        assert!(!misled, "{found:#?}");
    }

    // Nobody else has one: it may be meant so.
    let mut one = master();
    one.addresses.clear();
    one.nodes.push(there(State::Backup, 90));
    let mut all = with_file(one.clone());
    add_problems(&mut all);
    assert_eq!(all.instances[0].problems, explained(&all).problems);
    first(&with_file(one.clone()), "no-virtual-address", &phrases);
    assert!(!explained(&with_file(one.clone())).problems[0].is_wrong());
    one.routing = 1;
    assert_eq!(explained(&with_file(one)).problems, []);

    // As the other node sees it.
    let mut one = backup();
    one.nodes.push(NodeOfInstance {
        state: State::Master,
        ..differs
    });
    let phrases = ["the master nginx-2 does not hold these addresses (192.0.2.200)"];
    first(&status(one), "peer-differs", &phrases);
}

#[test]
fn a_group_that_is_not_ready_names_who_holds_it_back() {
    let mut one = backup();
    one.group = Some("G1".into());
    one.awaits_group = true;
    one.master = None;
    let mut other = backup();
    other.name = "VI_2".into();
    other.group = Some("G1".into());
    let mut all = status(one);
    all.instances.push(other);
    let phrases = ["sync group G1 waits for VI_2 (BACKUP: 192.0.2.12 is master with priority 100)"];
    first(&all, "sync-group", &phrases);
}

#[test]
fn what_is_waited_for_is_no_problem_and_is_told() {
    let lower = || {
        let mut one = backup();
        one.master.as_mut().unwrap().priority = 90;
        one.speakers[0].priority = Some(90);
        one
    };
    let with = |change: fn(&mut Instance)| {
        let mut one = lower();
        change(&mut one);
        status(one)
    };
    let nopreempt = with(|it| it.preempt = false);
    well(
        &nopreempt,
        &[
            "nopreempt: it does not take over",
            "no priority makes it MASTER",
        ],
    );
    let yields = with(|it| it.yields_to = Some(ip(12)));
    well(
        &yields,
        &["a switchover has made it master", "standfast resume"],
    );
    let next = explained(&yields).next.join(" ");
    assert!(
        next.contains("no priority makes this node MASTER") && !next.contains("timer ends"),
        "{next}"
    );
    let delay = with(|it| it.preempts_us = Some(NOW + 12 * SECOND));
    well(&delay, &["preempt_delay runs for another 12 s"]);
    let starts = with(|it| it.not_before_us = Some(NOW + 30 * SECOND));
    well(&starts, &["vrrp_startup_delay runs for another 30 s"]);
    let plain = with(|_| {});
    well(&plain, &["Its priority 99 is above the 90 of 192.0.2.12"]);
    let mut waits = master();
    waits.state = State::Initialize;
    waits.master = None;
    waits.awaits_reports = true;
    waits.priority.parts = vec![part(0, None)];
    well(
        &status(waits),
        &["waits for the first result of chk_nginx", "is INIT"],
    );
}

#[test]
fn drains_and_pauses_are_told() {
    let mut one = backup();
    one.priority.effective = 1;
    one.priority.drained = true;
    let mut all = status(one);
    all.node.drain = Some(Drain {
        since_us: ago(60),
        until_us: Some(NOW + 600 * SECOND),
        hard: false,
        who: "root (uid 0)".into(),
    });
    all.checks = vec![Check {
        state: "up".into(),
        passed: Some(true),
        paused: Some(Pause {
            since_us: ago(30),
            until_us: None,
        }),
        ..check()
    }];
    all.instances[0].priority.parts = vec![part(0, Some(true))];
    let phrases = [
        "drained for another 10 min, since 1 min ago, by root (uid 0)",
        "Its priority is 1, because this node is drained",
        "chk_nginx is paused until it is told to go on, since 30 s ago",
        "drained: `standfast resume` here ends that",
    ];
    well(&all, &phrases);
    let next = explained(&all).next.join(" ");
    assert!(!next.contains("standfast switchover"), "{next}");
    all.checks[0].paused = Some(Pause {
        since_us: ago(30),
        until_us: Some(NOW + 3_600 * SECOND),
    });
    well(&all, &["paused for another 1 h, since 30 s ago"]);
}

#[test]
fn a_master_says_what_a_failure_would_do() {
    let mut all = status(master());
    all.checks = vec![check()];
    all.instances[0].nodes.push(there(State::Backup, 90));
    all.instances[0].priority.parts = vec![part(0, Some(true))];
    well(
        &all,
        &["If chk_nginx fails its priority falls to 94, still not below the 90 of nginx-2"],
    );
    all.instances[0].nodes[1].priority = 98;
    well(
        &all,
        &["falls to 94, below the 98 of nginx-2 (192.0.2.12), which takes over"],
    );
    all.instances[0].priority.parts[0].adds_down = None;
    well(&all, &["If chk_nginx fails it goes to FAULT"]);
}

fn record(kind: SubjectKind, name: &str, seconds: u64, level: Level, text: &str) -> Record {
    Record {
        seq: 1,
        at_us: ago(seconds),
        subject: Subject {
            kind,
            name: name.into(),
        },
        level,
        kind: "entering".into(),
        text: text.into(),
        state: None,
        cause: None,
        output: None,
        took_us: None,
        peer: None,
        who: None,
    }
}

fn records() -> Vec<Record> {
    let check = SubjectKind::Check;
    vec![
        record(
            SubjectKind::Node,
            "",
            900,
            Level::Info,
            "Configuration reloaded",
        ),
        record(
            SubjectKind::Instance,
            "VI_2",
            400,
            Level::Info,
            "(VI_2) Entering MASTER STATE",
        ),
        record(
            SubjectKind::Instance,
            "VI_1",
            300,
            Level::Info,
            "(VI_1) Entering MASTER STATE",
        ),
        record(
            check,
            "chk_nginx",
            20,
            Level::Info,
            "Script `chk_nginx` is down",
        ),
        record(
            check,
            "chk_other",
            19,
            Level::Info,
            "Script `chk_other` is down",
        ),
        record(
            SubjectKind::Instance,
            "VI_1",
            18,
            Level::Detail,
            "(VI_1) setting VIPs.",
        ),
    ]
}

#[test]
fn the_history_is_that_of_the_instance_and_of_what_it_tracks() {
    let explanation = explain(&lowered(), "VI_1", &records()).unwrap();
    let expected = [
        "15 min ago: Configuration reloaded",
        "5 min ago: (VI_1) Entering MASTER STATE",
        "20 s ago: Script `chk_nginx` is down",
    ];
    assert_eq!(explanation.history, expected);
}

fn page(explanation: &Explanation) -> String {
    let mut page = format!("{}\n", explanation.headline);
    for (title, lines) in [
        ("Why", &explanation.why),
        ("Last", &explanation.history),
        ("Next", &explanation.next),
    ] {
        if title == "Last" {
            page.push_str("\nProblems\n");
            for problem in &explanation.problems {
                page.push_str(&format!("  {}: {}\n", problem.kind, problem.text));
                page.push_str(&format!("    {}\n", problem.fix.as_deref().unwrap_or("-")));
            }
        }
        page.push_str(&format!("\n{title}\n"));
        for line in lines {
            page.push_str(&format!("  {line}\n"));
        }
    }
    page
}

#[test]
fn whole_explanations_read_well() {
    let mut small = lowered();
    small.instances[0].nodes.push(there(State::Backup, 90));
    let mut filtered = master();
    filtered.nodes.push(there(State::Master, 90));
    let mut alone = master();
    alone.alone = true;
    let mut password = master();
    password.speakers = vec![refused("authentication", "wrong password")];
    let fault = faulty("interface-down", "eth0", "interface eth0 down");
    for (name, status) in [
        ("explain-weight", small),
        ("explain-filtered", status(filtered)),
        ("explain-alone", status(alone)),
        ("explain-password", status(password)),
        ("explain-fault", status(fault)),
        ("explain-backup", status(backup())),
    ] {
        let text = page(&explain(&status, "VI_1", &records()).unwrap());
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let file = file.join(format!("tests/snapshots/{name}.txt"));
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        let known = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            text, known,
            "{name} is missing or stale (UPDATE_SNAPSHOTS=1 writes it)"
        );
    }
}

/// The list in the document is the list in the code.
#[test]
fn every_kind_of_problem_is_documented() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/observability.md");
    let page = std::fs::read_to_string(page).unwrap();
    let lines = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let listed: Vec<&str> = lines
        .filter_map(|line| line.split_once('`'))
        .map(|it| it.0)
        .collect();
    let words: Vec<&str> = KINDS.iter().map(|(word, _)| *word).collect();
    assert_eq!(listed, words);
    for (word, meaning) in KINDS {
        assert!(
            page.contains(&format!("| `{word}` | {meaning} |")),
            "{word}"
        );
    }
}
