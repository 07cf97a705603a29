//! Every entry of the core has its word.

use std::net::{IpAddr, Ipv4Addr};

use standfast_core::input::CheckOutcome;
use standfast_core::journal::{self, Entry, Event, Fault};
use standfast_core::{Instant, Micros, router};
use standfast_wire::vrrp::Priority;

use super::*;

fn of(subject: journal::Subject, event: Event) -> Record {
    let at = Instant(7);
    record(&Entry { at, subject, event })
}

#[test]
fn a_transition_has_state_and_cause() {
    let by = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
    let priority = Priority(150);
    let event = Event::Entering {
        state: router::State::Backup,
        cause: journal::Cause::Outranked { by, priority },
    };
    let record = of(journal::Subject::Router("VI_1".into()), event);
    assert_eq!(record.kind, "entering");
    assert_eq!(record.state, Some(State::Backup));
    let why = record.cause.unwrap();
    assert_eq!(
        (&*why.kind, &*why.text),
        ("outranked", "10.0.0.2 advertises priority 150")
    );
    assert_eq!(record.peer, Some(by));
    assert_eq!(record.subject.kind, SubjectKind::Instance);
    assert_eq!(record.subject.name, "VI_1");
    assert!(record.text.starts_with("(VI_1) Entering BACKUP STATE"));
}

#[test]
fn a_fault_is_the_sentence_of_its_cause() {
    let event = Event::Entering {
        state: router::State::Fault,
        cause: journal::Cause::Fault(Fault::CheckFailed("nginx".into())),
    };
    let why = of(journal::Subject::Router("VI_1".into()), event).cause;
    let why = why.unwrap();
    assert_eq!((&*why.kind, &*why.text), ("fault", "check nginx failed"));
}

#[test]
fn a_result_has_what_was_printed_and_how_long_it_took() {
    let result = |output: &str| {
        let event = Event::CheckResult {
            outcome: CheckOutcome::Exited(1),
            output: output.into(),
            took: Some(Micros(1500)),
        };
        of(journal::Subject::Check("nginx".into()), event)
    };
    let printed = result(" refused\n");
    assert_eq!(printed.output.as_deref(), Some("refused"));
    assert_eq!(printed.took_us, Some(1500));
    assert_eq!(
        (&*printed.kind, printed.level),
        ("check-result", Level::Info)
    );
    assert_eq!(result("\n").output, None);
}

#[test]
fn what_the_daemon_says_of_itself_is_listed() {
    let all = [
        Daemon::Started {
            version: "1".into(),
            pid: 2,
        },
        Daemon::Stopped,
        Daemon::EndedBadly,
        Daemon::EntriesLost(3),
        Daemon::TailCut(4),
        Daemon::LinesDamaged(5),
        Daemon::MemoryOnly("no room".into()),
        Daemon::OnDiskAgain(0),
        Daemon::ReloadAsked { who: "x".into() },
        Daemon::ReloadRefused("y".into()),
        Daemon::ReloadFindings {
            errors: 1,
            warnings: 0,
        },
        Daemon::OrderRefused {
            who: String::new(),
            what: "drain",
            why: String::new(),
        },
    ];
    let kinds: Vec<String> = all.iter().map(|one| one.record().kind).collect();
    let listed: Vec<&str> = OWN_KINDS.iter().map(|(word, _)| *word).collect();
    assert_eq!(kinds, listed);
}

#[test]
fn what_an_operator_asks_for_names_him() {
    let who = "root (uid 0)".to_owned();
    let event = Event::SwitchoverAsked { who: who.clone() };
    let record = of(journal::Subject::Router("VI_1".into()), event);
    assert_eq!((&*record.kind, record.who), ("switchover", Some(who)));
}

#[test]
fn a_refused_order_says_who_asked_and_why_and_is_bounded() {
    let refused = |why: &str| {
        Daemon::OrderRefused {
            who: "root".into(),
            what: "switchover",
            why: why.into(),
        }
        .record()
    };
    let record = refused("VI_1: is BACKUP here");
    assert_eq!(
        (&*record.kind, record.level),
        ("order-refused", Level::Info)
    );
    assert_eq!(record.who.as_deref(), Some("root"));
    assert_eq!(
        record.text,
        "switchover asked for by root is refused: VI_1: is BACKUP here"
    );
    let long = refused(&"\u{e4}".repeat(MAX_REASON + 1)).text;
    assert!(long.ends_with("\u{e4}...") && long.chars().count() < MAX_REASON + 60);
}

#[test]
fn findings_of_a_reload_are_a_warning_with_their_number() {
    let (errors, warnings) = (1, 2);
    let record = Daemon::ReloadFindings { errors, warnings }.record();
    assert_eq!(record.level, Level::Warning);
    assert_eq!(
        record.text,
        "the configuration in force has 1 error and 2 warnings: see standfast check"
    );
}
