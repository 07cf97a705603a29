//! Other Standfast nodes.

use std::collections::BTreeMap;

use standfast_core as core;
use standfast_core::router::Router;
use standfast_core::wire::peer::Entry;
use standfast_core::wire::vrrp::Interval;

use super::{Clock, View, place, shared, words};
use crate::status::{NodeOfInstance, Peer};

/// Every other node, also one that has not answered yet.
pub(super) fn all(node: &core::Node, clock: Clock) -> Vec<Peer> {
    let peers = node.peers().map(|(key, speaker)| Peer {
        name: speaker.name.clone(),
        address: key.address,
        interface: place(node.interfaces(), key.domain.interface),
        since_us: clock.at(speaker.since),
        heard_us: clock.at(speaker.heard),
        round_trip_us: speaker.round_trip.map(|it| it.0),
        instances: shared(node, key, speaker),
        drained: speaker.routers.values().any(|told| told.drained),
    });
    peers.collect()
}

/// This node, and what every other one says of the same virtual router.
pub(super) fn of_router(view: &View<'_>, router: &Router) -> Vec<NodeOfInstance> {
    let clock = view.clock;
    let spec = router.spec();
    let own = NodeOfInstance {
        name: view.host.name.to_owned(),
        here: true,
        address: router.source(),
        state: words::state(router.state()),
        since_us: clock.at(router.since()),
        priority: router.effective_priority().0,
        base: spec.priority.0,
        ready: router.is_ready(clock.now),
        preempts: router.preempts_at_once(),
        drained: router.hold().is_some(),
        heard_us: clock.realtime_us,
        differs: Vec::new(),
    };
    let mut nodes = vec![own];
    for (key, speaker, told) in view.node.peers_of(router) {
        let Some(state) = words::told(told.state) else {
            continue;
        };
        let age_us = u64::from(told.since_s).saturating_mul(1_000_000);
        nodes.push(NodeOfInstance {
            name: speaker.name.clone(),
            here: false,
            address: Some(key.address),
            state,
            since_us: clock.at(speaker.heard).saturating_sub(age_us),
            priority: told.priority.0,
            base: told.base.0,
            ready: told.ready,
            preempts: told.preempts,
            drained: told.drained,
            heard_us: clock.at(speaker.heard),
            differs: differences(router, told),
        });
    }
    nodes
}

/// What should be as ours is, and is not.
fn differences(router: &Router, told: &Entry) -> Vec<String> {
    let spec = router.spec();
    let interval = match spec.wire_interval() {
        Interval::Seconds(seconds) => u16::from(seconds).saturating_mul(100),
        Interval::Centiseconds(centiseconds) => centiseconds,
    };
    let addresses = router.addresses_digest().unwrap_or(told.addresses);
    let all = [
        (told.addresses != addresses, "addresses"),
        (told.version != spec.version.number(), "version"),
        (told.interval != interval, "advert_int"),
    ];
    let different = all.into_iter().filter(|(differs, _)| *differs);
    different.map(|(_, what)| what.to_owned()).collect()
}

/// Messages of the channel that were not taken, by reason.
pub(super) fn drops(node: &core::Node) -> BTreeMap<String, u64> {
    let drops = node.peer_drops().iter();
    drops
        .map(|(cause, count)| (words::peer_drop(*cause).to_owned(), *count))
        .collect()
}
