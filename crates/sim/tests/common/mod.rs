//! What the scenarios share: three names for nodes, a LAN at rest, and who serves.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test binary uses a part; helpers of tests fail the test"
)]

use std::net::IpAddr;

use standfast_core::Micros;
use standfast_core::router::State;
use standfast_core::spec::{Channel, RouterSpec, Spec};
use standfast_sim::{Breach, Lan, NodeId, plain_router, setup, virtual_address};

pub const A: NodeId = NodeId(0);
pub const B: NodeId = NodeId(1);
pub const C: NodeId = NodeId(2);
pub const VIP: IpAddr = IpAddr::V4(virtual_address(0));

pub type Checked = Result<(), Breach>;

pub const fn ms(millis: u64) -> Micros {
    Micros::from_millis(millis)
}

/// A router of a node that speaks the peer channel.
pub fn speaking(priority: u8) -> RouterSpec {
    RouterSpec {
        channel: Some(Channel::default()),
        ..plain_router(priority)
    }
}

/// A LAN of a node for each specification and two clients, everybody started and at rest; the clients know where to go.
pub fn settled_with(seed: u64, specs: impl IntoIterator<Item = Spec>) -> Result<Lan, Breach> {
    let mut lan = Lan::new(seed, 2);
    for (number, spec) in specs.into_iter().enumerate() {
        lan.add_node(setup(number, spec));
    }
    for id in lan.nodes() {
        lan.start(id)?;
    }
    lan.run_for(Micros::from_secs(20))?;
    lan.revalidate_clients();
    lan.run_for(ms(10))?;
    lan.reset_stopwatches();
    Ok(lan)
}

/// Nothing but those routers.
pub fn only(routers: Vec<RouterSpec>) -> Spec {
    Spec {
        routers,
        ..Spec::default()
    }
}

/// Nobody held the first address for so long.
pub fn gap(lan: &Lan) -> Micros {
    lan.longest_vacancy(virtual_address(0))
}

/// A client sent to a node that did not hold it for so long.
pub fn misled(lan: &Lan) -> Micros {
    lan.longest_misled(virtual_address(0))
}

/// That node is Active and alone holds the first address, and every client reaches it.
#[track_caller]
pub fn serves(lan: &Lan, id: NodeId) {
    assert_eq!(lan.holders(VIP), [id], "only one holds the address");
    assert_eq!(lan.state(id), Some(State::Active));
    for client in 0..lan.clients() {
        assert_eq!(lan.client_reaches(client, virtual_address(0)), Some(id));
    }
}

/// How often the first router of a host has become Active.
pub fn rises(lan: &Lan, id: NodeId) -> u64 {
    let first = lan.core(id).and_then(|node| node.routers().next());
    first.map_or(0, |router| router.counters().became_active)
}
