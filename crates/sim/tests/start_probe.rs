//! `start_probe`: a node that is alone when it starts serves early, and only then.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::net::IpAddr;

use standfast_core::Micros;
use standfast_core::router::State;
use standfast_core::spec::{RouterSpec, Rules};
use standfast_sim::{Breach, Lan, NodeId, plain_router, standard_lan, virtual_address};

const A: NodeId = NodeId(0);
const B: NodeId = NodeId(1);
const VIP: IpAddr = IpAddr::V4(virtual_address(0));

fn probing(priority: u8) -> RouterSpec {
    RouterSpec {
        rules: Rules {
            start_probe: true,
            ..Rules::OVERLAP
        },
        ..plain_router(priority)
    }
}

/// How long it takes until somebody holds the address, and who.
fn first_service(lan: &mut Lan) -> Result<(Micros, Vec<NodeId>), Breach> {
    let start = lan.now();
    while lan.holders(VIP).is_empty() && lan.now().since(start) < Micros::from_secs(10) {
        lan.run_for(Micros::from_millis(1))?;
    }
    Ok((lan.now().since(start), lan.holders(VIP)))
}

#[test]
fn a_lone_node_serves_after_one_interval_and_the_skew() -> Result<(), Breach> {
    let mut lan = standard_lan(7, vec![probing(100)]);
    lan.start(A)?;
    let (took, holders) = first_service(&mut lan)?;
    assert_eq!(holders, [A]);
    let bounds = Micros::from_millis(1_609)..Micros::from_millis(1_625);
    assert!(bounds.contains(&took), "{took}");
    Ok(())
}

#[test]
fn of_two_that_start_together_the_better_one_serves() -> Result<(), Breach> {
    let mut lan = standard_lan(7, vec![probing(100), probing(150)]);
    lan.start(A)?;
    lan.start(B)?;
    let (took, holders) = first_service(&mut lan)?;
    assert_eq!(holders, [B]);
    assert!(took < Micros::from_millis(1_430), "{took}");
    lan.run_for(Micros::from_secs(5))?;
    assert_eq!(lan.holders(VIP), [B]);
    assert_eq!(lan.state(A), Some(State::Backup));
    Ok(())
}

#[test]
fn a_holder_that_is_not_heard_but_answers_is_waited_for() -> Result<(), Breach> {
    let mut lan = standard_lan(7, vec![probing(100)]);
    lan.start(A)?;
    lan.run_for(Micros::from_millis(900))?;
    lan.inject_arp(virtual_address(0));
    lan.run_for(Micros::from_millis(2_600))?;
    assert_eq!(lan.state(A), Some(State::Backup));
    lan.run_for(Micros::from_millis(200))?;
    assert_eq!(
        lan.state(A),
        Some(State::Active),
        "the down interval as always"
    );
    Ok(())
}

#[test]
fn whoever_starts_beside_an_active_node_takes_nothing() -> Result<(), Breach> {
    for priority in [50, 100] {
        let mut lan = standard_lan(7, vec![probing(100), probing(priority)]);
        lan.start(A)?;
        lan.run_for(Micros::from_secs(10))?;
        lan.start(B)?;
        lan.run_for(Micros::from_secs(10))?;
        assert_eq!(lan.holders(VIP), [A]);
    }
    Ok(())
}
