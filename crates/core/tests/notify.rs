//! What scripts, FIFOs and mail are told besides changes of state.

mod common;

use common::{Action, Bench, router};
use standfast_core::input::{CheckId, CheckOutcome, NotifyEvent};
use standfast_core::spec::{
    CheckKind, CheckSpec, Notify, RouterSpec, Spec, Track, Tracked, Weight,
};
use standfast_core::{Input, Micros};

const SECOND: u64 = 1_000_000;

fn told(bench: &Bench, from: u64) -> Vec<(NotifyEvent, u8)> {
    let actions = bench.actions_since(from).into_iter();
    actions
        .filter_map(|action| match action {
            Action::Notify(event, priority) => Some((event, priority)),
            _ => None,
        })
        .collect()
}

fn removed(notify: Notify) -> Vec<(NotifyEvent, u8)> {
    let mut bench = Bench::start(RouterSpec {
        notify,
        ..router(100)
    });
    bench.run_until(10 * SECOND);
    bench.configure(Vec::new());
    bench.run_until(20 * SECOND);
    told(&bench, 10 * SECOND)
}

#[test]
fn a_removal_is_told_as_fault_or_as_deleted() {
    assert_eq!(removed(Notify::default()), [(NotifyEvent::Fault, 100)]);
    let deleted = Notify {
        deleted: true,
        ..Notify::default()
    };
    assert_eq!(removed(deleted), [(NotifyEvent::Deleted, 100)]);
}

fn with_failing_check(notify: Notify) -> Vec<(NotifyEvent, u8)> {
    let mut bench = Bench::new("192.0.2.1");
    let track = Track {
        object: Tracked::Check("chk".into()),
        weight: Weight {
            value: -10,
            reverse: false,
        },
    };
    let check = CheckSpec {
        name: "chk".into(),
        definition: "/bin/chk".into(),
        interval: Micros::from_secs(60),
        timeout: Micros::from_secs(60),
        rise: 1,
        fall: 1,
        init_fail: false,
        unusable: None,
        kind: CheckKind::Script,
        repair: None,
    };
    let spec = Spec {
        routers: vec![RouterSpec {
            notify,
            tracks: vec![track],
            ..router(100)
        }],
        checks: vec![check],
        ..Spec::default()
    };
    bench.give(Input::Spec(Box::new(spec)));
    for (at, passed) in [(0, true), (1, false), (2, true), (10, false)] {
        bench.run_until(at * SECOND);
        let outcome = match passed {
            true => CheckOutcome::Passed,
            false => CheckOutcome::Exited(1),
        };
        bench.give(Input::CheckDone {
            check: CheckId(0),
            outcome,
            output: String::new(),
        });
    }
    told(&bench, 0)
}

#[test]
fn changes_of_the_priority_are_told_with_the_state_where_that_is_wanted() {
    let wanted = Notify {
        priority_changes: true,
        ..Notify::default()
    };
    let all = with_failing_check(wanted);
    assert_eq!(
        all,
        [
            (NotifyEvent::Backup, 100),
            (NotifyEvent::BackupPriority, 90),
            (NotifyEvent::BackupPriority, 100),
            (NotifyEvent::Master, 100),
            (NotifyEvent::MasterPriority, 90),
        ]
    );
    let quiet = with_failing_check(Notify::default());
    assert_eq!(
        quiet,
        [(NotifyEvent::Backup, 100), (NotifyEvent::Master, 100)]
    );
}
