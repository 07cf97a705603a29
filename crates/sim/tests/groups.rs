//! Sync groups, between two nodes on one LAN.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::IpAddr;

use common::{Checked, only, settled_with};
use standfast_core::Micros;
use standfast_core::spec::{Leave, RouterSpec, Rules, Spec};
use standfast_core::wire::vrrp::Priority;
use standfast_sim::{Breach, Lan, NodeId, grouped, plain_router};

/// Two nodes with a group of two routers each, at rest.
fn group_pair(seed: u64, rules: Rules) -> Result<Lan, Breach> {
    let nodes = [150, 100].map(|priority| {
        only(grouped(RouterSpec {
            rules,
            ..plain_router(priority)
        }))
    });
    settled_with(seed, nodes)
}

/// Scripts end when they end; the successor takes nothing before it can take everything.
#[test]
fn members_of_a_group_let_go_together() -> Checked {
    for seed in 0..20 {
        let exclusive = Rules {
            leave: Leave::Exclusive,
            ..Rules::OVERLAP
        };
        let mut lan = group_pair(seed, exclusive)?;
        lan.stop(NodeId(0))?;
        lan.run_for(Micros::from_secs(5))?;
        for address in lan.addresses() {
            assert_eq!(lan.holders(IpAddr::V4(address)), [NodeId(1)]);
            let gap = lan.longest_vacancy(address);
            assert!(
                gap <= Micros::from_millis(650),
                "seed {seed}: {address} for {gap}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_group_that_stops_has_no_gap() -> Checked {
    let mut lan = group_pair(7, Rules::OVERLAP)?;
    lan.stop(NodeId(0))?;
    lan.run_for(Micros::from_secs(5))?;
    for address in lan.addresses() {
        assert_eq!(lan.holders(IpAddr::V4(address)), [NodeId(1)]);
        assert_eq!(lan.longest_vacancy(address), Micros::ZERO);
    }
    Ok(())
}

/// One member was removed and has let go, the other one still serves, and a reload brings both back.
#[test]
fn a_group_that_is_configured_again_stays_whole_or_begins_anew() -> Checked {
    let mut lan = group_pair(7, Rules::OVERLAP)?;
    let spec = lan.spec(NodeId(0)).unwrap().clone();
    let first = spec.routers[0].clone();
    lan.reload(NodeId(0), Spec::default())?;
    lan.run_for(Micros::from_millis(10))?;
    lan.inject(&first, Priority(50));
    lan.run_for(Micros::from_millis(100))?;
    lan.reload(NodeId(0), spec)?;
    lan.run_for(Micros::from_secs(15))?;
    for address in lan.addresses() {
        assert_eq!(lan.holders(IpAddr::V4(address)), [NodeId(0)]);
    }
    Ok(())
}
