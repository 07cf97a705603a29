//! Redundancy that is lost.

use standfast_api::explain::explain;
use standfast_api::status::*;

use super::situations::*;

/// This node is master for ten seconds, because the better one fell silent.
fn survivor() -> Instance {
    let mut one = master();
    one.since_us = ago(10);
    one.preempt = true;
    one.speakers = vec![Speaker {
        priority: Some(150),
        heard_us: ago(13),
        ..speaker()
    }];
    one
}

/// One more node.
fn third(state: State, priority: u8) -> NodeOfInstance {
    NodeOfInstance {
        name: "nginx-3".into(),
        address: Some(ip(13)),
        ..there(state, priority)
    }
}

#[test]
fn a_master_that_fell_silent_leaves_this_node_alone() {
    let mut all = status(survivor());
    all.instances[0].priority.parts = vec![part(0, Some(true))];
    let phrases = ["alone for 13 s: 192.0.2.12 is gone, no failover is possible"];
    first(&all, "no-successor", &phrases);
    let next = explained(&all).next.join(" ");
    assert!(
        next.contains("falls to 94, and nobody is there to take over"),
        "{next}"
    );
    // Its last word was a resignation.
    all.instances[0].cause = Some(because("resigned", "the master resigned (priority 0)"));
    all.instances[0].speakers[0].priority = Some(0);
    first(&all, "no-successor", &phrases);
    // As soon as the peer channel knows it again it is over.
    all.instances[0].nodes.push(there(State::Backup, 150));
    all.instances[0].nodes[1].preempts = false;
    well(&all, &[]);
}

/// A keepalived that stands by says nothing as long as it hears this node.
#[test]
fn a_backup_that_is_silent_by_nature_is_no_loss() {
    let mut one = survivor();
    one.speakers[0].priority = Some(90);
    well(&status(one), &[]);
    let mut one = survivor();
    one.preempt = false;
    well(&status(one), &[]);
    let mut one = survivor();
    one.cause = Some(because(
        "handed-over",
        "192.0.2.12 asked this node to take over",
    ));
    // A planned move is possible to a keepalived too.
    one.handover = Some(Handover {
        at_us: ago(40),
        to: ip(12),
        gap_us: Some(-1_400),
    });
    well(&status(one), &[]);
}

#[test]
fn a_standfast_node_is_never_silent() {
    let mut one = survivor();
    one.preempt = false;
    one.transitions.insert("master/handed-over".into(), 1);
    first(
        &status(one),
        "no-successor",
        &["alone: 192.0.2.12 is gone, no failover is possible"],
    );
    // It stood by all the time, and never advertised.
    let mut one = master();
    one.met_node = true;
    let phrases = ["alone: the other Standfast node is gone, no failover is possible"];
    first(&status(one), "no-successor", &phrases);
    let mut one = master();
    one.speakers = vec![Speaker {
        heard_us: ago(400),
        ..speaker()
    }];
    let all = status(one);
    let lost = |address| {
        let mut record = super::record(
            standfast_api::event::SubjectKind::Node,
            "",
            20,
            standfast_api::event::Level::Warning,
            "node nginx-2 is gone",
        );
        record.kind = "peer-lost".into();
        record.peer = Some(ip(address));
        explain(&all, "VI_1", &[record]).unwrap().problems
    };
    assert_eq!(lost(13), []);
    assert_eq!(lost(12)[0].kind, "no-successor");
}

#[test]
fn a_drained_node_is_the_last_resort_or_not_even_that() {
    let mut one = master();
    one.nodes.push(NodeOfInstance {
        drained: true,
        ..there(State::Backup, 1)
    });
    let phrases = [
        "nginx-2 is drained: it takes over only if nobody else serves",
        "`standfast resume`",
        "which are all drained",
    ];
    well(&status(one.clone()), &phrases);
    one.nodes[1].state = State::Fault;
    first(
        &status(one.clone()),
        "no-successor",
        &[
            "nginx-2 is drained, also as the last resort: no failover is possible",
            "`standfast resume` on nginx-2",
        ],
    );
    one.nodes.push(third(State::Fault, 80));
    first(
        &status(one),
        "no-successor",
        &["nginx-3 is in FAULT, nginx-2 is drained, also as the last resort: no failover"],
    );
}

#[test]
fn a_node_in_fault_takes_over_from_nobody() {
    let mut one = master();
    one.nodes.push(there(State::Fault, 90));
    first(
        &status(one.clone()),
        "no-successor",
        &[
            "nginx-2 is in FAULT: no failover is possible",
            "standfast explain VI_1",
        ],
    );
    one.nodes.push(third(State::Backup, 80));
    well(&status(one), &[]);
}
