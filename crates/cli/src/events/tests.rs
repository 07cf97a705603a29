//! What events asks for, and how it shows it.

use standfast_api::event::{Cause, Subject, SubjectKind};
use standfast_api::record::Daemon;
use standfast_api::status::State;

use super::*;
use crate::snapshot::snapshot;

fn record(seq: u64, kind: SubjectKind, name: &str, text: &str) -> Record {
    Record {
        seq,
        at_us: 1_795_392_000_000_000 + seq * 61_234_000,
        subject: Subject {
            kind,
            name: name.into(),
        },
        level: Level::Info,
        kind: "priority".into(),
        text: text.into(),
        ..Daemon::Stopped.record()
    }
}

fn entering(seq: u64, state: State, word: &str, cause: (&str, &str)) -> Record {
    let text = format!("(VI_1) {word}");
    Record {
        kind: "entering".into(),
        state: Some(state),
        cause: Some(Cause {
            kind: cause.0.into(),
            text: cause.1.into(),
        }),
        ..record(seq, SubjectKind::Instance, "VI_1", &text)
    }
}

/// One of each sort.
pub(crate) fn samples() -> Vec<Record> {
    let started = Daemon::Started {
        version: "0.1.0".into(),
        pid: 812,
    };
    let who = "root (uid 0, pid 812, standfast)";
    let asked = format!("(VI_1) switchover asked for by {who}");
    let failed = "VRRP_Script(chk_nginx) failed (exited with status 1), printed: refused";
    vec![
        Record {
            at_us: 1_795_392_000_000_000,
            ..started.record()
        },
        entering(
            1,
            State::Backup,
            "Entering BACKUP STATE (init)",
            ("started", "it has just been configured"),
        ),
        entering(
            2,
            State::Master,
            "Entering MASTER STATE",
            ("silence", "the master was silent for the down interval"),
        ),
        Record {
            level: Level::Detail,
            ..record(3, SubjectKind::Instance, "VI_1", "(VI_1) setting VIPs.")
        },
        Record {
            output: Some("refused".into()),
            took_us: Some(3_100),
            ..record(4, SubjectKind::Check, "chk_nginx", failed)
        },
        entering(
            5,
            State::Fault,
            "Entering FAULT STATE",
            ("fault", "check chk_nginx failed"),
        ),
        Record {
            who: Some(who.into()),
            ..record(6, SubjectKind::Instance, "VI_1", &asked)
        },
        Record {
            level: Level::Warning,
            who: Some("alice".into()),
            ..record(
                7,
                SubjectKind::Group,
                "a_group_with_a_long_name",
                "VRRP_Group(a_group_with_a_long_name) odd \u{1b}[2J",
            )
        },
        Record {
            level: Level::Error,
            ..Daemon::ReloadRefused("the new configuration cannot be used".into()).record()
        },
    ]
}

fn shown(json: bool, colour: bool) -> String {
    let wanted = Wanted {
        query: Query::newest(9),
        shown: 9,
        json,
        colour,
        zone: TimeZone::UTC,
    };
    let samples = samples();
    samples.iter().map(|record| wanted.line(record)).collect()
}

#[test]
fn a_line_for_each() {
    snapshot("events.txt", &shown(false, false));
    snapshot("events.json", &shown(true, false));
}

#[test]
fn colours_change_no_text() {
    let coloured = shown(false, true);
    assert!(coloured.contains("\u{1b}[32mEntering MASTER STATE"));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert_eq!(plain, shown(false, false));
}
