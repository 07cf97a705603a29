//! What `standfast status` prints, word for word.

use standfast_api::status::ReloadRefusal;

use super::*;
use crate::output::WIDTH;
use crate::snapshot::snapshot;

fn view(status: Status, name: Option<&str>) -> View {
    View::new(status, name, TimeZone::UTC, faults).unwrap()
}

/// Problems in words of this test, which do not change with those of explanations.
fn faults(_: &Status, instance: &Instance) -> Vec<Problem> {
    let faults = instance.faults.iter().map(|fault| Problem {
        kind: fault.kind.clone(),
        text: fault.text.clone(),
        fix: None,
    });
    faults.collect()
}

#[test]
fn each_state_of_a_pair_as_an_operator_sees_it() {
    for (name, status, wrong) in [
        ("healthy", samples::healthy(), false),
        ("degraded", samples::degraded(), false),
        ("split", samples::split(), true),
        ("recovering", samples::recovering(), false),
    ] {
        let view = view(status, None);
        snapshot(&format!("status-{name}.txt"), &view.text(false, false));
        snapshot(&format!("status-{name}.json"), &view.json());
        assert_eq!(view.is_wrong(), wrong, "{name}");
    }
}

#[test]
fn what_explanations_find_is_a_problem() {
    let seen = |status: Status| {
        let problems = Problems::new(None);
        let problems = |status: &Status, instance: &Instance| problems.of(status, instance);
        View::new(status, None, TimeZone::UTC, problems).unwrap()
    };
    assert!(!seen(samples::healthy()).is_wrong());
    let degraded = seen(samples::degraded());
    assert!(degraded.is_wrong());
    let said = degraded.text(false, false);
    assert!(said.contains("PROBLEM    check chk_nginx"), "{said}");
}

#[test]
fn a_reload_that_was_refused_is_a_problem_until_one_succeeds() {
    let mut status = samples::healthy();
    let at_us = status.node.configured_us + 4_000_000;
    status.node.reload_refused = Some(ReloadRefusal {
        at_us,
        text: "/etc/k.conf does not exist".into(),
    });
    let seen = view(status, None);
    assert!(seen.is_wrong());
    let clock = |at_us| seen.present.clock(at_us);
    let said = seen.text(false, false);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = format!(
        "PROBLEM the file on disk was refused at {}: /etc/k.conf does not exist; the one read at {} is in force",
        clock(at_us),
        clock(seen.status.node.configured_us)
    );
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn what_cannot_be_opened_is_a_problem() {
    let mut status = samples::healthy();
    status.node.control_troubles = vec!["http_listen 127.0.0.1:9650: Address in use".into()];
    let seen = view(status, None);
    assert!(seen.is_wrong());
    let said = seen.text(false, false);
    let expected = "PROBLEM    control interface: http_listen 127.0.0.1:9650: Address in use";
    assert!(said.contains(expected), "{said}");
}

#[test]
fn a_silent_peer_may_be_one_that_stands_by() {
    let never_heard = |_: &Status, _: &Instance| {
        let text = "never heard any peer".to_owned();
        let kind = "never-heard".to_owned();
        vec![Problem {
            kind,
            text,
            fix: None,
        }]
    };
    let seen = View::new(samples::healthy(), None, TimeZone::UTC, never_heard).unwrap();
    assert!(!seen.is_wrong());
    let said = seen.text(false, false);
    assert!(
        said.contains("  note       never heard any peer\n"),
        "{said}"
    );
}

#[test]
fn a_drained_node_that_serves_on_is_a_problem() {
    let mut status = samples::recovering();
    status.instances[0].state = State::Master;
    let seen = view(status, None);
    assert!(seen.is_wrong());
    let said = seen.text(false, false);
    assert!(said.contains("last resort"), "{said}");
}

#[test]
fn a_pause_is_told_before_the_instances() {
    let mut status = samples::healthy();
    status.checks[0].paused = Some(standfast_api::status::Pause {
        since_us: status.node.now_us,
        until_us: Some(status.node.now_us + 3_600_000_000),
    });
    let seen = view(status, None);
    assert!(!seen.is_wrong());
    let said = seen.text(false, false);
    let (pause, instance) = (said.find("  PAUSED "), said.find("VI_1: "));
    assert!(pause.is_some() && pause < instance, "{said}");
}

#[test]
fn a_move_is_told_while_it_explains_the_state() {
    let mut status = samples::healthy();
    let now_us = status.node.now_us;
    let moved = |at_us| {
        Some(standfast_api::status::Handover {
            at_us,
            to: std::net::IpAddr::from([10, 0, 0, 2]),
            gap_us: None,
        })
    };
    status.instances[0].state = State::Master;
    status.instances[0].handover = moved(now_us - 600_000_000);
    let told = |status: &Status| {
        view(status.clone(), None)
            .text(false, false)
            .contains("  moved ")
    };
    assert!(!told(&status));
    status.instances[0].handover = moved(now_us - 10_000_000);
    assert!(told(&status));
    status.instances[0].handover = moved(now_us - 600_000_000);
    status.instances[0].state = State::Backup;
    assert!(told(&status));
}

#[test]
fn one_instance_or_one_group_alone() {
    let one = view(samples::healthy(), Some("VI_2"));
    snapshot("status-one.txt", &one.text(false, false));
    let group = view(samples::healthy(), Some("WEB"));
    assert_eq!(group.shown().count(), 2);
    let alone: serde_json::Value = serde_json::from_str(&one.json()).unwrap();
    assert_eq!(alone["instances"].as_array().unwrap().len(), 1);
    assert_eq!(alone["node"]["name"], "node-a");
}

#[test]
fn what_is_wrong_with_another_instance_is_not_wrong_with_this_one() {
    assert!(view(samples::split(), Some("VI_1")).is_wrong());
    assert!(!view(samples::healthy(), Some("VI_1")).is_wrong());
}

#[test]
fn many_instances_are_a_table_and_very_many_are_summed_up() {
    let table = view(samples::many(12), None).text(false, false);
    snapshot("status-many.txt", &table);
    let summed = view(samples::many(255), None).text(false, false);
    snapshot("status-very-many.txt", &summed);
    assert!(summed.lines().count() < 60, "{summed}");
    let long = view(samples::many(255), None).text(true, false);
    assert_eq!(long.matches("  router ").count(), 255);
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let Err(error) = View::new(samples::healthy(), Some("VI_11"), TimeZone::UTC, faults) else {
        panic!("VI_11 was found");
    };
    let Failed::Unknown {
        name,
        names,
        nearest,
    } = error
    else {
        panic!("{error:?}");
    };
    let said = unknown(&name, &names, nearest.as_deref());
    assert_eq!(
        said,
        "no instance `VI_11`; did you mean `VI_1`? (there are: VI_1, VI_2)"
    );
}

#[test]
fn no_line_is_longer_than_a_terminal_is_wide() {
    let words = ["x", "ab ", "a-long-word-", "ü/", "\u{1b}[31m", " "];
    for word in words {
        for status in [samples::crowded(word), samples::many(60), samples::split()] {
            let names = [None, Some(status.instances[1].name.clone())];
            for (long, name) in [false, true].into_iter().zip(names) {
                let said = view(status.clone(), name.as_deref()).text(long, false);
                for line in said.lines() {
                    assert!(line.chars().count() <= WIDTH, "{line}");
                }
                assert!(!said.contains('\u{1b}'), "{said}");
            }
        }
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    let plain = view(samples::split(), None).text(false, false);
    let mut coloured = view(samples::split(), None).text(false, true);
    assert!(
        coloured.contains("\u{1b}[1;31mFAULT\u{1b}[0m"),
        "{coloured}"
    );
    for code in ["1;31", "0", "1", "2", "32", "33"] {
        coloured = coloured.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(coloured, plain);
}
