//! Steering (handover.md §4): what operators ask for moves an address without a gap, once, and to a node that keeps it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeSet;
use std::net::IpAddr;

use common::{A, B, C, Checked, VIP, gap, ms, only, rises, serves, settled_with, speaking};
use standfast_core::input::RouterId;
use standfast_core::router::State;
use standfast_core::spec::{Leave, RouterSpec, Rules, Spec, VirtualAddress};
use standfast_core::steering::{
    Answer, Choice, Drain, Hold, Instruction, Obstacle, Outcome, Refusal,
};
use standfast_core::wire::vrrp::{Priority, Vrid};
use standfast_core::{Instant, Micros};
use standfast_sim::{Breach, Crash, Lan, NodeId, Port, Weather, plain_router, virtual_address};

/// The two members of a sync group, with an address each.
fn group(priority: u8) -> Vec<RouterSpec> {
    let member = |vrid, last| {
        let address = IpAddr::V4(virtual_address(last));
        RouterSpec {
            name: format!("VI_{vrid}"),
            vrid: Vrid::new(vrid).unwrap(),
            sync_group: Some("G".into()),
            addresses: vec![VirtualAddress::plain(address, 24)],
            ..speaking(priority)
        }
    };
    vec![member(51, 0), member(52, 1)]
}

fn group_held_by(lan: &Lan, id: NodeId) {
    for last in [0, 1] {
        assert_eq!(lan.holders(IpAddr::V4(virtual_address(last))), [id]);
        assert_eq!(lan.longest_vacancy(virtual_address(last)), Micros::ZERO);
    }
}

fn settled(nodes: Vec<Vec<RouterSpec>>) -> Result<Lan, Breach> {
    settled_with(11, nodes.into_iter().map(only))
}

fn routers(lan: &Lan, id: NodeId) -> BTreeSet<RouterId> {
    let node = lan.core(id).unwrap();
    node.routers()
        .map(standfast_core::router::Router::id)
        .collect()
}

fn switchover(lan: &mut Lan, id: NodeId, to: Option<Choice>) -> Checked {
    let routers = routers(lan, id);
    lan.order(id, Instruction::Switchover { routers, to })?;
    Ok(())
}

fn drain(hold: Hold, until: Option<Instant>) -> Instruction {
    Instruction::Drain(Drain { until, hold })
}

fn last_answer(lan: &Lan, id: NodeId) -> &Answer {
    &lan.answers(id).last().unwrap().1
}

fn outcome(lan: &Lan, id: NodeId) -> Outcome {
    match last_answer(lan, id) {
        Answer::Done(outcomes) => outcomes[0].1,
        Answer::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}

fn address(lan: &Lan, id: NodeId) -> IpAddr {
    lan.core(id)
        .unwrap()
        .routers()
        .next()
        .unwrap()
        .source()
        .unwrap()
}

/// The holder, and nobody was without for longer than that.
fn held_by(lan: &Lan, id: NodeId, vacancy: Micros) {
    assert_eq!(lan.holders(VIP), [id]);
    let longest = gap(lan);
    assert!(longest <= vacancy, "nobody held it for {longest}");
}

#[test]
fn a_switchover_moves_without_a_gap_and_the_better_node_does_not_take_it_back() -> Checked {
    let mut lan = settled(vec![vec![speaking(150)], vec![speaking(100)]])?;
    switchover(&mut lan, A, None)?;
    lan.run_for(ms(100))?;
    assert_eq!(outcome(&lan, A), Outcome::Moved(address(&lan, B)));
    held_by(&lan, B, Micros::ZERO);
    lan.run_for(Micros::from_secs(60))?;
    held_by(&lan, B, Micros::ZERO);
    assert_eq!(
        lan.core(A).unwrap().routers().next().unwrap().yields_to(),
        Some(address(&lan, B))
    );
    Ok(())
}

#[test]
fn resume_ends_the_reserve() -> Checked {
    let mut lan = settled(vec![vec![speaking(150)], vec![speaking(100)]])?;
    switchover(&mut lan, A, None)?;
    lan.run_for(Micros::from_secs(10))?;
    lan.order(A, Instruction::Resume)?;
    lan.run_for(Micros::from_secs(10))?;
    held_by(&lan, A, Micros::ZERO);
    Ok(())
}

#[test]
fn when_the_successor_stops_or_dies_the_first_node_serves_again() -> Checked {
    for crash in [false, true] {
        let mut lan = settled(vec![vec![speaking(150)], vec![speaking(100)]])?;
        switchover(&mut lan, A, None)?;
        lan.run_for(Micros::from_secs(10))?;
        if crash {
            lan.crash(B, Crash::Everything)?;
            lan.cut(Port::Node(1), Port::Node(0));
        } else {
            lan.stop(B)?;
        }
        lan.run_for(Micros::from_secs(10))?;
        assert_eq!(lan.state(A), Some(State::Active));
        lan.start(B)?;
        lan.heal();
        lan.run_for(Micros::from_secs(20))?;
        // The reserve is over: it is the election's again.
        assert_eq!(lan.holders(VIP), [A]);
    }
    Ok(())
}

#[test]
fn a_restart_ends_the_reserve() -> Checked {
    let mut lan = settled(vec![vec![speaking(150)], vec![speaking(100)]])?;
    switchover(&mut lan, A, None)?;
    lan.run_for(Micros::from_secs(10))?;
    lan.stop(A)?;
    lan.run_for(Micros::from_secs(10))?;
    lan.start(A)?;
    lan.run_for(Micros::from_secs(20))?;
    held_by(&lan, A, Micros::ZERO);
    Ok(())
}

#[test]
fn a_switchover_by_name_goes_there_and_nowhere_else() -> Checked {
    let nopreempt = |priority| RouterSpec {
        preempt: false,
        ..speaking(priority)
    };
    let nodes = vec![
        vec![speaking(150)],
        vec![nopreempt(120)],
        vec![nopreempt(100)],
    ];
    let mut lan = settled(nodes)?;
    let name = format!("node {}", address(&lan, C));
    switchover(&mut lan, A, Some(Choice::Name(name)))?;
    lan.run_for(Micros::from_secs(20))?;
    assert_eq!(outcome(&lan, A), Outcome::Moved(address(&lan, C)));
    held_by(&lan, C, Micros::ZERO);
    Ok(())
}

#[test]
fn a_switchover_that_would_be_taken_back_is_refused_with_the_name_of_who_would() -> Checked {
    let nodes = vec![
        vec![speaking(150)],
        vec![speaking(120)],
        vec![speaking(100)],
    ];
    let mut lan = settled(nodes)?;
    let to = Choice::Address(address(&lan, C));
    switchover(&mut lan, A, Some(to))?;
    lan.run_for(Micros::from_secs(5))?;
    let Answer::Refused(Refusal::Routers(obstacles)) = last_answer(&lan, A) else {
        panic!("{:?}", last_answer(&lan, A));
    };
    assert_eq!(
        obstacles[0].1,
        Obstacle::TakenBack {
            by: address(&lan, B),
            priority: Priority(120),
            from: address(&lan, C),
            theirs: Priority(100),
        }
    );
    held_by(&lan, A, Micros::ZERO);
    Ok(())
}

#[test]
fn only_the_master_can_be_moved_away() -> Checked {
    let mut lan = settled(vec![vec![speaking(150)], vec![speaking(100)]])?;
    switchover(&mut lan, B, None)?;
    lan.run_for(ms(10))?;
    let Answer::Refused(Refusal::Routers(obstacles)) = last_answer(&lan, B) else {
        panic!("{:?}", last_answer(&lan, B));
    };
    let (state, master) = (State::Backup, Some(address(&lan, A)));
    assert_eq!(obstacles[0].1, Obstacle::NotActive { state, master });
    Ok(())
}

#[test]
fn without_the_channel_it_goes_by_the_protocol_and_still_without_a_gap() -> Checked {
    for hold in [None, Some(Hold::Soft), Some(Hold::Hard)] {
        let mut lan = settled(vec![vec![plain_router(150)], vec![plain_router(100)]])?;
        match hold {
            None => switchover(&mut lan, A, None)?,
            Some(hold) => drop(lan.order(A, drain(hold, None))?),
        }
        lan.run_for(Micros::from_secs(30))?;
        assert_eq!(
            outcome(&lan, A),
            Outcome::Moved(address(&lan, B)),
            "{hold:?}"
        );
        held_by(&lan, B, Micros::ZERO);
    }
    Ok(())
}

#[test]
fn strict_nodes_move_as_the_protocol_has_it_and_the_lower_one_keeps_it() -> Checked {
    let strict = |priority| RouterSpec {
        rules: Rules::PROTOCOL,
        ..plain_router(priority)
    };
    let mut lan = settled(vec![vec![strict(150)], vec![strict(100)]])?;
    switchover(&mut lan, A, None)?;
    lan.run_for(Micros::from_secs(30))?;
    assert_eq!(outcome(&lan, A), Outcome::Moved(address(&lan, B)));
    held_by(&lan, B, Micros::from_secs(1));
    Ok(())
}

#[test]
fn an_exclusive_node_lets_go_before_the_other_takes() -> Checked {
    let exclusive = |priority| {
        let mut router = speaking(priority);
        router.rules.leave = Leave::Exclusive;
        router
    };
    let mut lan = settled(vec![vec![exclusive(150)], vec![exclusive(100)]])?;
    switchover(&mut lan, A, None)?;
    lan.run_for(Micros::from_secs(20))?;
    assert_eq!(outcome(&lan, A), Outcome::Moved(address(&lan, B)));
    assert_eq!(lan.holders(VIP), [B]);
    assert_eq!(lan.longest_double(virtual_address(0)), Micros::ZERO);
    Ok(())
}

#[test]
fn with_nobody_there_the_node_serves_on_and_says_so() -> Checked {
    let mut lan = settled(vec![vec![speaking(150)]])?;
    switchover(&mut lan, A, None)?;
    lan.run_for(Micros::from_secs(10))?;
    assert_eq!(outcome(&lan, A), Outcome::Stayed);
    held_by(&lan, A, Micros::ZERO);
    Ok(())
}

#[test]
fn a_drained_node_is_the_last_resort_only_as_long_as_it_is_needed() -> Checked {
    let mut lan = settled(vec![vec![speaking(150)], vec![speaking(100)]])?;
    lan.order(A, drain(Hold::Soft, None))?;
    lan.run_for(Micros::from_secs(5))?;
    assert_eq!(outcome(&lan, A), Outcome::Moved(address(&lan, B)));
    held_by(&lan, B, Micros::ZERO);
    lan.stop(B)?;
    lan.run_for(Micros::from_secs(10))?;
    held_by(&lan, A, Micros::ZERO);
    lan.start(B)?;
    lan.run_for(Micros::from_secs(20))?;
    held_by(&lan, B, Micros::ZERO);
    Ok(())
}

#[test]
fn a_drained_master_hands_over_to_a_node_that_does_not_preempt() -> Checked {
    let nopreempt = RouterSpec {
        preempt: false,
        ..speaking(100)
    };
    let mut lan = settled(vec![vec![speaking(150)], vec![nopreempt]])?;
    lan.stop(B)?;
    lan.run_for(Micros::from_secs(10))?;
    lan.order(A, drain(Hold::Soft, None))?;
    lan.run_for(Micros::from_secs(10))?;
    held_by(&lan, A, Micros::ZERO);
    lan.start(B)?;
    lan.run_for(Micros::from_secs(20))?;
    held_by(&lan, B, Micros::ZERO);
    Ok(())
}

/// Seed 10260: for one member somebody is heard who does not speak the channel, for the other only a drained node.
#[test]
fn a_drain_leaves_a_group_whole_of_which_one_member_has_nowhere_to_go() -> Checked {
    let mut lan = settled(vec![group(150), group(100)])?;
    lan.order(B, drain(Hold::Soft, None))?;
    lan.run_for(Micros::from_secs(2))?;
    lan.inject(&group(120)[0], Priority(120));
    lan.run_for(ms(100))?;
    lan.order(A, drain(Hold::Soft, None))?;
    lan.run_for(Micros::from_secs(60))?;
    let Answer::Done(outcomes) = last_answer(&lan, A) else {
        panic!("{:?}", last_answer(&lan, A));
    };
    assert!(
        outcomes
            .iter()
            .all(|(_, outcome)| *outcome == Outcome::Stayed)
    );
    assert_eq!(outcomes.len(), 2);
    group_held_by(&lan, A);
    Ok(())
}

#[test]
fn a_hard_drain_is_a_fault_once_the_other_node_serves() -> Checked {
    let mut lan = settled(vec![vec![speaking(150)], vec![speaking(100)]])?;
    lan.order(A, drain(Hold::Hard, None))?;
    lan.run_for(Micros::from_secs(5))?;
    held_by(&lan, B, Micros::ZERO);
    assert_eq!(lan.state(A), Some(State::Fault));
    lan.stop(B)?;
    lan.run_for(Micros::from_secs(10))?;
    assert!(lan.holders(VIP).is_empty());
    lan.order(A, Instruction::Resume)?;
    lan.run_for(Micros::from_secs(10))?;
    assert_eq!(lan.holders(VIP), [A]);
    Ok(())
}

#[test]
fn a_drain_survives_a_restart_and_ends_when_it_is_over() -> Checked {
    let mut lan = settled(vec![vec![speaking(150)], vec![speaking(100)]])?;
    let until = lan.now() + Micros::from_secs(60);
    lan.order(A, drain(Hold::Soft, Some(until)))?;
    lan.run_for(Micros::from_secs(5))?;
    lan.crash(A, Crash::Everything)?;
    lan.start(A)?;
    lan.run_for(Micros::from_secs(30))?;
    held_by(&lan, B, Micros::ZERO);
    lan.run_for(Micros::from_secs(60))?;
    held_by(&lan, A, Micros::ZERO);
    assert_eq!(lan.core(A).unwrap().drain(), None);
    Ok(())
}

#[test]
fn a_stop_in_the_middle_of_a_switchover_is_a_stop() -> Checked {
    for (speaks, wait) in [
        (true, ms(0)),
        (true, ms(5)),
        (false, ms(0)),
        (false, ms(300)),
    ] {
        let router = |priority| match speaks {
            true => speaking(priority),
            false => plain_router(priority),
        };
        let mut lan = settled(vec![vec![router(150)], vec![router(100)]])?;
        switchover(&mut lan, A, None)?;
        lan.run_for(wait)?;
        lan.stop(A)?;
        lan.run_for(Micros::from_secs(10))?;
        assert!(lan.core(A).is_none(), "it has not ended");
        held_by(&lan, B, Micros::ZERO);
    }
    Ok(())
}

#[test]
fn a_sync_group_moves_as_one() -> Checked {
    let mut lan = settled(vec![group(150), group(100)])?;
    switchover(&mut lan, A, None)?;
    lan.run_for(Micros::from_secs(20))?;
    let Answer::Done(outcomes) = last_answer(&lan, A) else {
        panic!("{:?}", last_answer(&lan, A));
    };
    let to = address(&lan, B);
    assert!(
        outcomes.iter().all(|(_, it)| *it == Outcome::Moved(to)),
        "{outcomes:?}"
    );
    assert_eq!(outcomes.len(), 2);
    group_held_by(&lan, B);
    Ok(())
}

#[test]
fn the_channel_lost_in_the_middle_leaves_the_address_where_somebody_serves_it() -> Checked {
    let mut lan = settled(vec![vec![speaking(150)], vec![speaking(100)]])?;
    lan.block_channel(B, true);
    switchover(&mut lan, A, None)?;
    lan.run_for(Micros::from_secs(5))?;
    assert!(!lan.answers(A).is_empty(), "no answer");
    lan.run_for(Micros::from_secs(20))?;
    assert_eq!(lan.holders(VIP).len(), 1);
    assert_eq!(lan.longest_vacancy(virtual_address(0)), Micros::ZERO);
    Ok(())
}

#[test]
fn one_member_takes_its_group_along() -> Checked {
    let mut lan = settled(vec![group(150), group(100)])?;
    let first = routers(&lan, A).into_iter().take(1).collect();
    lan.order(
        A,
        Instruction::Switchover {
            routers: first,
            to: None,
        },
    )?;
    lan.run_for(Micros::from_secs(20))?;
    let Answer::Done(outcomes) = last_answer(&lan, A) else {
        panic!("{:?}", last_answer(&lan, A));
    };
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    group_held_by(&lan, B);
    Ok(())
}

#[test]
fn a_second_drain_while_the_first_moves_waits_for_the_same_move() -> Checked {
    for (speaks, wait) in [
        (true, ms(0)),
        (true, ms(1)),
        (false, ms(20)),
        (false, ms(200)),
    ] {
        let router = |priority| match speaks {
            true => speaking(priority),
            false => plain_router(priority),
        };
        let mut lan = settled(vec![vec![router(150)], vec![router(100)]])?;
        lan.order(A, drain(Hold::Soft, None))?;
        lan.run_for(wait)?;
        assert!(lan.answers(A).is_empty(), "it has moved already");
        lan.order(A, drain(Hold::Hard, None))?;
        lan.run_for(Micros::from_secs(10))?;
        let to = address(&lan, B);
        let answers = lan.answers(A);
        assert_eq!(answers.len(), 2, "{answers:?}");
        for (_, answer) in answers {
            let Answer::Done(outcomes) = answer else {
                panic!("{answer:?}");
            };
            let all: Vec<Outcome> = outcomes.iter().map(|(_, outcome)| *outcome).collect();
            assert_eq!(all, [Outcome::Moved(to)]);
        }
        assert_eq!(lan.state(A), Some(State::Fault));
        held_by(&lan, B, Micros::ZERO);
    }
    Ok(())
}

#[test]
fn a_reload_that_removes_what_is_on_its_way_ends_the_order_and_not_the_service() -> Checked {
    for speaks in [true, false] {
        let router = |priority| match speaks {
            true => speaking(priority),
            false => plain_router(priority),
        };
        for wait in [0, 1, 5, 300, 900] {
            for drains in [true, false] {
                let mut lan = settled(vec![vec![router(150)], vec![router(100)]])?;
                match drains {
                    true => {
                        lan.order(A, drain(Hold::Soft, None))?;
                    }
                    false => switchover(&mut lan, A, None)?,
                }
                lan.run_for(ms(wait))?;
                lan.reload(A, Spec::default())?;
                lan.run_for(Micros::from_secs(10))?;
                assert_eq!(lan.answers(A).len(), 1, "{wait} ms, speaks {speaks}");
                let moved = Outcome::Moved(address(&lan, B));
                assert!([moved, Outcome::Away].contains(&outcome(&lan, A)));
                held_by(&lan, B, Micros::ZERO);
            }
        }
    }
    Ok(())
}

/// Why the only router of a node was not moved.
#[track_caller]
fn refused(lan: &Lan, id: NodeId) -> Obstacle {
    match last_answer(lan, id) {
        Answer::Refused(Refusal::Routers(obstacles)) => obstacles[0].1.clone(),
        other => panic!("{other:?}"),
    }
}

fn drained(lan: &Lan, id: NodeId) -> Obstacle {
    let address = address(lan, id);
    Obstacle::Drained {
        address,
        // As it came in from the network.
        name: format!("node{address}"),
    }
}

#[test]
fn two_drained_nodes_hand_nothing_to_each_other_and_a_switchover_to_one_is_refused() -> Checked {
    for hold in [Hold::Soft, Hold::Hard] {
        let mut lan = settled(vec![vec![speaking(150)], vec![speaking(100)]])?;
        lan.order(A, drain(hold, None))?;
        lan.run_for(Micros::from_secs(5))?;
        for to in [None, Some(Choice::Address(address(&lan, A)))] {
            switchover(&mut lan, B, to)?;
            lan.run_for(ms(10))?;
            assert_eq!(refused(&lan, B), drained(&lan, A));
        }
        lan.order(B, drain(Hold::Soft, None))?;
        let before = rises(&lan, A) + rises(&lan, B);
        lan.run_for(Micros::from_secs(7_200))?;
        assert_eq!(outcome(&lan, B), Outcome::Stayed);
        held_by(&lan, B, Micros::ZERO);
        assert_eq!(rises(&lan, A) + rises(&lan, B), before);
    }
    Ok(())
}

/// What the drained one says of itself, not its priority, makes the difference.
#[test]
fn a_drained_peer_is_no_successor_while_another_one_is_ready() -> Checked {
    for stops in [false, true] {
        let nodes = vec![vec![speaking(150)], vec![speaking(1)], vec![speaking(100)]];
        let mut lan = settled(nodes)?;
        lan.order(C, drain(Hold::Soft, None))?;
        lan.run_for(Micros::from_secs(2))?;
        let to = Choice::Address(address(&lan, C));
        switchover(&mut lan, A, Some(to))?;
        lan.run_for(ms(10))?;
        assert_eq!(refused(&lan, A), drained(&lan, C));
        serves(&lan, A);
        if stops {
            lan.stop(A)?;
        } else {
            switchover(&mut lan, A, None)?;
        }
        lan.run_for(ms(100))?;
        held_by(&lan, B, Micros::ZERO);
        lan.run_for(Micros::from_secs(20))?;
        held_by(&lan, B, Micros::ZERO);
        assert_eq!(rises(&lan, C), 0);
    }
    Ok(())
}

#[test]
fn a_switchover_that_is_refused_on_the_way_does_not_end_at_a_drained_peer() -> Checked {
    let nodes = vec![
        vec![speaking(150)],
        vec![speaking(120)],
        vec![speaking(100)],
    ];
    let mut lan = settled(nodes)?;
    lan.order(C, drain(Hold::Soft, None))?;
    lan.run_for(Micros::from_secs(2))?;
    lan.set_weather(Weather {
        delay: (ms(10), ms(10)),
        ..Weather::FAIR
    });
    // Not known there yet when it is asked.
    lan.order(B, drain(Hold::Hard, None))?;
    lan.run_for(ms(1))?;
    switchover(&mut lan, A, None)?;
    lan.run_for(Micros::from_secs(5))?;
    assert_eq!(outcome(&lan, A), Outcome::Stayed);
    held_by(&lan, A, Micros::ZERO);
    assert_eq!(rises(&lan, C), 0);
    Ok(())
}

#[test]
fn the_end_of_a_drain_is_known_to_the_others_also_where_no_priority_changes() -> Checked {
    let mut lan = settled(vec![vec![speaking(150)], vec![speaking(1)]])?;
    lan.order(B, drain(Hold::Soft, None))?;
    lan.run_for(ms(100))?;
    switchover(&mut lan, A, None)?;
    lan.run_for(ms(10))?;
    assert_eq!(refused(&lan, A), drained(&lan, B));
    lan.order(B, Instruction::Resume)?;
    lan.run_for(ms(100))?;
    switchover(&mut lan, A, None)?;
    lan.run_for(ms(100))?;
    held_by(&lan, B, Micros::ZERO);
    Ok(())
}

/// It was silent while it waited for somebody, and on purpose: a loop that is a little late afterwards has not slept for that long.
#[test]
fn who_serves_on_has_not_been_stunned() -> Checked {
    for microseconds in [0, 100, 500, 900] {
        let router = RouterSpec {
            stalled_backup: Some(Priority(254)),
            ..plain_router(150)
        };
        let mut lan = settled(vec![vec![router]])?;
        lan.order(A, drain(Hold::Soft, None))?;
        while lan.state(A) != Some(State::Leaving) {
            lan.run_for(Micros(100))?;
        }
        while lan.state(A) == Some(State::Leaving) {
            lan.run_for(Micros(100))?;
        }
        lan.run_for(Micros(microseconds))?;
        lan.pause(A);
        lan.run_for(ms(10))?;
        lan.resume(A)?;
        lan.run_for(Micros::from_secs(10))?;
        held_by(&lan, A, Micros::ZERO);
        assert_eq!(rises(&lan, A), 1, "{microseconds} µs");
    }
    Ok(())
}
