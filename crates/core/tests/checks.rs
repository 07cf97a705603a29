//! Built-in checks of a node: processes that are told of, requests, and repairs before a failure counts.

mod common;

use common::{Action, Bench, router};
use standfast_core::check::CheckState;
use standfast_core::input::{CheckId, CheckOutcome};
use standfast_core::journal::{Event, Subject};
use standfast_core::router::State;
use standfast_core::spec::{
    CheckKind, CheckSpec, Repair, RouterSpec, Spec, Track, Tracked, Weight,
};
use standfast_core::steering::{Instruction, Order, OrderId};
use standfast_core::wire::vrrp::Priority;
use standfast_core::{Input, Micros};

const SECOND: u64 = 1_000_000;

fn spec(kind: CheckKind, repair: Option<Repair>, weight: i16) -> Spec {
    let check = CheckSpec {
        name: "web".into(),
        definition: "process nginx".into(),
        interval: Micros::from_secs(1),
        timeout: Micros::from_secs(1),
        rise: 1,
        fall: 1,
        init_fail: false,
        unusable: None,
        kind,
        repair,
    };
    let track = Track {
        object: Tracked::Check("web".into()),
        weight: Weight {
            value: weight,
            reverse: false,
        },
    };
    Spec {
        routers: vec![RouterSpec {
            tracks: vec![track],
            ..router(150)
        }],
        checks: vec![check],
        ..Spec::default()
    }
}

fn repair() -> Option<Repair> {
    Some(Repair {
        definition: "nginx".into(),
        attempts: 1,
        wait: Micros::from_secs(2),
        timeout: Micros::from_secs(10),
    })
}

/// Active, with a check of a process that runs.
fn serving(repair: Option<Repair>, weight: i16) -> Bench {
    let mut bench = Bench::new("192.0.2.1");
    bench.give(Input::Spec(Box::new(spec(
        CheckKind::Process,
        repair,
        weight,
    ))));
    told(&mut bench, 1);
    bench.run_until(6 * SECOND);
    assert_eq!(bench.state(), State::Active);
    bench
}

fn told(bench: &mut Bench, seen: i32) {
    let object = Tracked::Check("web".into());
    bench.give(Input::Observed { object, seen });
}

fn repaired(bench: &mut Bench, outcome: CheckOutcome) {
    bench.give(Input::RepairDone {
        check: CheckId(0),
        outcome,
        output: String::new(),
    });
}

fn repairs(bench: &Bench) -> usize {
    let actions = bench.actions_since(0);
    actions.iter().filter(|one| **one == Action::Repair).count()
}

fn lines(bench: &Bench) -> Vec<String> {
    let entries = bench.node.journal().entries();
    let about = entries.filter(|entry| matches!(entry.subject, Subject::Probe(_)));
    about.map(ToString::to_string).collect()
}

#[test]
fn a_router_waits_for_the_first_look_at_its_process_and_nothing_asks_for_it() {
    let mut bench = Bench::new("192.0.2.1");
    bench.give(Input::Spec(Box::new(spec(CheckKind::Process, None, 0))));
    bench.run_until(20 * SECOND);
    assert!(!bench.actions_since(0).contains(&Action::RunCheck));
    assert_ne!(bench.state(), State::Active);
    told(&mut bench, 1);
    bench.run_until(30 * SECOND);
    assert_eq!(bench.state(), State::Active);
}

#[test]
fn the_end_of_a_process_is_a_fault_in_the_same_moment() {
    let mut bench = serving(None, 0);
    told(&mut bench, 0);
    assert_eq!(bench.state(), State::Fault);
    assert_eq!(
        lines(&bench),
        [
            "Check `web` passed",
            "Check `web` is up",
            "Check `web` failed: no such process runs",
            "Check `web` is down",
        ]
    );
}

#[test]
fn with_a_weight_it_lowers_the_priority() {
    let mut bench = serving(None, -60);
    told(&mut bench, 0);
    assert_eq!(bench.router().effective_priority(), Priority(90));
    assert_eq!(bench.state(), State::Active);
}

#[test]
fn a_repair_that_helps_moves_nothing() {
    let mut bench = serving(repair(), 0);
    told(&mut bench, 0);
    assert_eq!((repairs(&bench), bench.state()), (1, State::Active));
    told(&mut bench, 1);
    repaired(&mut bench, CheckOutcome::Passed);
    bench.run_until(30 * SECOND);
    assert_eq!((repairs(&bench), bench.state()), (1, State::Active));
    assert!(lines(&bench).contains(&"Check `web` is well after its repair".to_owned()));
}

#[test]
fn a_repair_that_does_not_help_is_a_fault_after_its_wait() {
    let mut bench = serving(repair(), 0);
    told(&mut bench, 0);
    bench.run_until(7 * SECOND);
    repaired(&mut bench, CheckOutcome::Passed);
    bench.run_until(9 * SECOND - 1);
    assert_eq!(bench.state(), State::Active);
    bench.run_until(9 * SECOND);
    assert_eq!((repairs(&bench), bench.state()), (1, State::Fault));
}

#[test]
fn a_repair_command_that_fails_is_a_fault_at_once() {
    let mut bench = serving(repair(), 0);
    told(&mut bench, 0);
    repaired(&mut bench, CheckOutcome::Exited(1));
    let now = 6 * SECOND;
    bench.run_until(now);
    assert_eq!(bench.state(), State::Fault);
    let said = lines(&bench);
    assert!(said.contains(&"Check `web` repair command: exited with status 1".to_owned()));
}

#[test]
fn a_request_is_asked_again_after_its_repair() {
    let mut bench = Bench::new("192.0.2.1");
    bench.give(Input::Spec(Box::new(spec(CheckKind::Request, repair(), 0))));
    bench.run_until(100);
    assert!(bench.actions_since(0).contains(&Action::RunCheck));
    let failed = |bench: &mut Bench| {
        bench.give(Input::CheckDone {
            check: CheckId(0),
            outcome: CheckOutcome::TimedOut,
            output: String::new(),
        });
    };
    failed(&mut bench);
    repaired(&mut bench, CheckOutcome::Passed);
    let before = bench.actions_since(0).len();
    bench.run_until(SECOND);
    assert_eq!(bench.actions_since(0).len(), before);
    bench.run_until(3 * SECOND);
    failed(&mut bench);
    let state = bench.node.checks().next().map(|check| check.state);
    assert_eq!(state, Some(CheckState::Down));
}

#[test]
fn a_reload_keeps_what_is_known_of_an_unchanged_check_and_awaits_news_of_a_changed_one() {
    let mut bench = serving(None, 0);
    bench.give(Input::Spec(Box::new(spec(CheckKind::Process, None, 0))));
    assert_eq!(bench.state(), State::Active);
    let mut other = spec(CheckKind::Process, None, 0);
    if let Some(check) = other.checks.first_mut() {
        check.definition = "process apache2".into();
    }
    bench.give(Input::Spec(Box::new(other)));
    assert_eq!(bench.state(), State::Active);
    told(&mut bench, 0);
    assert_eq!(bench.state(), State::Fault);
}

/// What the journal has of the check's pauses.
fn pauses(bench: &Bench) -> Vec<Event> {
    let of_pauses = |event: &Event| {
        matches!(
            event,
            Event::CheckPaused { .. } | Event::CheckResumed { .. }
        )
    };
    let entries = bench.node.journal().entries();
    let events = entries.map(|entry| entry.event.clone());
    events.filter(of_pauses).collect()
}

#[test]
fn the_end_of_a_pause_that_was_none_is_no_entry() {
    let mut bench = serving(None, 0);
    let order = |bench: &mut Bench, number: u64, what: Instruction| {
        bench.give(Input::Order(Box::new(Order {
            id: OrderId(number),
            who: "root".into(),
            what,
        })));
    };
    let check = CheckId(0);
    order(&mut bench, 1, Instruction::Unpause { check });
    assert_eq!(pauses(&bench), []);
    order(&mut bench, 2, Instruction::Pause { check, until: None });
    order(&mut bench, 3, Instruction::Unpause { check });
    order(&mut bench, 4, Instruction::Unpause { check });
    let who = Some("root".into());
    assert_eq!(pauses(&bench).len(), 2);
    assert_eq!(pauses(&bench).last(), Some(&Event::CheckResumed { who }));
}
