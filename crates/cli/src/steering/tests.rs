//! What commands print of the daemon's answers, word for word.

use std::net::IpAddr;

use super::*;
use crate::output::WIDTH;
use crate::snapshot::snapshot;
use standfast_api::command::{Change, Plan};

fn done(text: &str) -> Answer {
    Answer::Done {
        text: text.into(),
        moves: Vec::new(),
        plan: None,
    }
}

fn one_move(instance: &str, gap_us: Option<i64>) -> Move {
    Move {
        instance: instance.into(),
        to: Some(IpAddr::from([10, 0, 0, 2])),
        name: Some("node-b".into()),
        took_us: 12_000,
        gap_us,
        unasked: None,
    }
}

fn switchover() -> Answer {
    let stays = Move {
        to: None,
        name: None,
        took_us: 4_000_000,
        ..one_move("VI_4", None)
    };
    let keepalived = Move {
        name: None,
        took_us: 610_000,
        ..one_move("VI_3", None)
    };
    Answer::Done {
        text: "3 of 4 instances have moved".into(),
        moves: vec![
            one_move("VI_1", Some(-3_100)),
            one_move("VI_2", Some(4_200)),
            keepalived,
            stays,
        ],
        plan: None,
    }
}

fn refused() -> Answer {
    Answer::Refused {
        text: "no other node can take it: resume or repair one of them first".into(),
        reasons: vec![
            "VI_1: node-b (10.0.0.2) is not ready: chk_nginx fails there".into(),
            "VI_2: 10.0.0.3 does not speak the peer channel and would take it back: its priority 120 is more than node-b's 90".into(),
        ],
    }
}

fn reload() -> Answer {
    let change = |subject: &str, what: &str, before: Option<&str>, after: Option<&str>| Change {
        subject: subject.into(),
        what: what.into(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    Answer::Done {
        text: String::new(),
        moves: Vec::new(),
        plan: Some(Plan {
            changes: vec![
                change("instance VI_1", "priority", Some("100"), Some("90")),
                change("instance VI_2", "removed", None, None),
                change(
                    "check chk_disk",
                    "added",
                    None,
                    Some("script /usr/local/bin/disk-is-not-full --above 90"),
                ),
            ],
            effects: vec![
                "VI_2 resigns, and 10.0.0.101/24 is removed from eth0 when node-b has taken it"
                    .into(),
                "VI_1 becomes BACKUP: node-b has priority 95".into(),
            ],
            interrupts: true,
            findings: vec![
                "keepalived.conf:12: warning SF0207: weight 2 never changes who is master".into(),
            ],
            doubts: Vec::new(),
        }),
    }
}

#[test]
fn answers_in_words() {
    for (name, answer) in [
        ("switchover", switchover()),
        ("refused", refused()),
        ("reload-plan", reload()),
        (
            "drain",
            done("this node gives up everything until 14:30; node-b has VI_1 and VI_2"),
        ),
    ] {
        let said = text(&answer, false);
        snapshot(&format!("answer-{name}.txt"), &said);
        snapshot(&format!("answer-{name}.json"), &output::json(&answer));
        assert!(
            said.lines().all(|line| line.chars().count() <= WIDTH),
            "{said}"
        );
    }
}

#[test]
fn a_plan_that_interrupts_nothing_says_so_once() {
    let answer = Answer::Done {
        text: String::new(),
        moves: Vec::new(),
        plan: Some(Plan::default()),
    };
    assert_eq!(
        text(&answer, false),
        "Nothing that serves is interrupted.\n"
    );
    let answer = Answer::Done {
        text: "nothing would change".into(),
        moves: Vec::new(),
        plan: Some(Plan::default()),
    };
    assert_eq!(text(&answer, false), "nothing would change\n");
}

#[test]
fn the_only_reason_is_said_once() {
    let text = "VI_1: is BACKUP here".to_owned();
    let answer = Answer::Refused {
        reasons: vec![text.clone()],
        text,
    };
    assert_eq!(
        super::text(&answer, false),
        "standfast: VI_1: is BACKUP here\n"
    );
}

#[test]
fn gaps_overlaps_and_neither() {
    assert_eq!(gap(Some(4_200)), "gap 4.2 ms");
    assert_eq!(gap(Some(-3_100)), "no gap: both answered for 3.1 ms");
    assert_eq!(gap(Some(0)), "no gap");
    assert_eq!(gap(Some(i64::MIN)).matches("both answered").count(), 1);
    assert!(gap(None).contains("not known"));
}

#[test]
fn it_is_done_only_when_everything_has_moved() {
    assert!(is_done(&done("")));
    assert!(!is_done(&switchover()));
    assert!(!is_done(&refused()));
}

#[test]
fn where_nobody_was_asked_there_is_no_time_but_the_reason() {
    let why = "node-b (10.0.0.2) is drained and would give it back; `standfast resume` there first";
    let stays = Move {
        to: None,
        unasked: Some(why.into()),
        ..one_move("VI_1", None)
    };
    let answer = Answer::Done {
        text: "drained".into(),
        moves: vec![stays],
        plan: None,
    };
    let said = text(&answer, false)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        said.contains(&format!("VI_1: nobody was asked to take it: {why}")),
        "{said}"
    );
    assert!(!said.contains("within"), "{said}");
}
