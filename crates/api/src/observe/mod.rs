//! Status from a node.
//!
//! Pure: what core does not know is plain data that the daemon fills in ([`Host`]). It runs on the daemon's loop, so it
//! looks at each router once and at nothing that grows with the square of their number.

mod check;
mod instance;
mod peers;
mod priority;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use standfast_core as core;
use standfast_core::input::InterfaceIndex;
use standfast_core::interface::Interfaces;
use standfast_core::router::Router;
use standfast_core::spec::Tracked;
use standfast_core::tracker::Standing;

use crate::status::{
    Drain, Group, Handover, Interface, Node, ReloadRefusal, Status, Stranger, Timing, TrackedObject,
};

/// What a node does not know of itself.
#[derive(Clone, Debug, Default)]
pub struct Host<'a> {
    /// `router_id`, or the host's name.
    pub name: &'a str,
    /// Version of Standfast.
    pub version: &'a str,
    /// It was started under the name `keepalived`.
    pub as_keepalived: bool,
    /// The process of the loop.
    pub pid: u32,
    /// When the daemon was started, in microseconds since 1970.
    pub started_us: u64,
    /// When the configuration in force was read, in microseconds since 1970.
    pub configured_us: u64,
    /// The files that it was read from.
    pub files: &'a [String],
    /// Errors and warnings of the configuration in force.
    pub findings: u64,
    /// Configurations that took effect since the start, the first one not counted.
    pub reloads: u64,
    /// Reloads that were refused.
    pub reloads_refused: u64,
    /// The last reload, where it was refused.
    pub reload_refused: Option<ReloadRefusal>,
    /// A drain, if there is one.
    pub drain: Option<Drain>,
    /// How the last planned move of an instance away from this node went, by the instance's name.
    pub handovers: BTreeMap<String, Handover>,
    /// How well the loop keeps time.
    pub timing: Timing,
}

/// Turns the node's time into microseconds since 1970.
#[derive(Clone, Copy)]
struct Clock {
    now: core::Instant,
    realtime_us: u64,
}

impl Clock {
    fn at(self, moment: core::Instant) -> u64 {
        let ahead = moment.since(self.now).0;
        let behind = self.now.since(moment).0;
        self.realtime_us
            .saturating_add(ahead)
            .saturating_sub(behind)
    }
}

/// What several instances are made from.
struct View<'a> {
    node: &'a core::Node,
    clock: Clock,
    checks: BTreeMap<&'a str, &'a core::check::Check>,
    trackers: BTreeMap<&'a Tracked, Standing>,
    host: &'a Host<'a>,
}

/// Everything that is to be seen of a node at `now`, which is `realtime_us` microseconds after 1970 began.
pub fn status(node: &core::Node, host: &Host<'_>, now: core::Instant, realtime_us: u64) -> Status {
    let clock = Clock { now, realtime_us };
    let checks = node.checks().map(|it| (it.spec.name.as_str(), it));
    let trackers = node.trackers().map(|it| (&it.spec().object, it.standing()));
    let view = View {
        node,
        clock,
        checks: checks.collect(),
        trackers: trackers.collect(),
        host,
    };
    let staying = node.routers().filter(|router| !router.is_finished());
    Status {
        node: about(host, node, realtime_us),
        instances: staying.map(|it| instance::of(&view, it)).collect(),
        groups: groups(node),
        checks: node.checks().map(|it| check::of(it, clock)).collect(),
        tracked: node.trackers().map(tracked).collect(),
        interfaces: interfaces(node),
        peers: peers::all(node, clock),
        strangers: strangers(node, clock),
        timing: host.timing.clone(),
        peer_drops: peers::drops(node),
        kernel_failures: kernel_failures(node),
        host: Vec::new(),
    }
}

/// Adds the hardware addresses of the senders, as the neighbour table of the host knows them. The table is read outside the
/// loop, which is why it is no part of [`status`].
pub fn name_neighbours(status: &mut Status, neighbours: &BTreeMap<IpAddr, String>) {
    for instance in &mut status.instances {
        for speaker in &mut instance.speakers {
            speaker.mac = neighbours.get(&speaker.address).cloned();
        }
    }
    for stranger in &mut status.strangers {
        stranger.mac = neighbours.get(&stranger.address).cloned();
    }
}

fn about(host: &Host<'_>, node: &core::Node, now_us: u64) -> Node {
    Node {
        name: host.name.to_owned(),
        version: host.version.to_owned(),
        as_keepalived: host.as_keepalived,
        pid: host.pid,
        now_us,
        started_us: host.started_us,
        configured_us: host.configured_us,
        files: host.files.to_vec(),
        findings: host.findings,
        reloads: host.reloads,
        reloads_refused: host.reloads_refused,
        reload_refused: host.reload_refused.clone(),
        // The interface knows, not the loop.
        control_troubles: Vec::new(),
        drain: host.drain.clone(),
        stopping: node.is_stopping(),
    }
}

fn kernel_failures(node: &core::Node) -> BTreeMap<String, u64> {
    let failures = node.kernel_failures().iter();
    failures
        .map(|(what, count)| ((*what).to_owned(), *count))
        .collect()
}

fn groups(node: &core::Node) -> Vec<Group> {
    let groups = node.sync_groups().map(|(name, members, told)| {
        let members = members.iter().filter_map(|id| node.router(*id));
        Group {
            name: name.to_owned(),
            state: told.map(words::state),
            members: members.map(|it| it.spec().name.clone()).collect(),
        }
    });
    groups.collect()
}

fn tracked(tracker: &core::tracker::Tracker) -> TrackedObject {
    let (kind, name) = words::tracked(&tracker.spec().object);
    TrackedObject {
        kind: kind.to_owned(),
        name: name.to_owned(),
        up: match tracker.standing() {
            Standing::Up(up) => Some(up),
            Standing::Pending | Standing::Number(_) => None,
        },
        seen: tracker.seen(),
    }
}

/// Interfaces that instances send, hear, hold addresses or track on.
fn interfaces(node: &core::Node) -> Vec<Interface> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for router in node.routers() {
        names.extend(interfaces_of(router));
    }
    let all = names.into_iter().filter(|name| !name.is_empty());
    all.map(|name| {
        let known = node.interfaces().named(name).map(|(_, it)| it);
        Interface {
            name: name.to_owned(),
            up: known.is_some_and(|it| it.up),
            present: known.is_some(),
            mac: known.map(|it| it.mac.to_string()),
        }
    })
    .collect()
}

fn interfaces_of(router: &Router) -> impl Iterator<Item = &str> {
    let spec = router.spec();
    let own = [spec.interface.as_str(), spec.hears_on()];
    let held = spec.all_addresses();
    let held = held.filter_map(|address| address.interface.as_deref());
    let tracked = spec.tracks.iter().filter_map(|track| match &track.object {
        Tracked::Interface(name) => Some(name.as_str()),
        Tracked::Check(_) | Tracked::File(_) | Tracked::Process(_) | Tracked::Bfd(_) => None,
    });
    own.into_iter().chain(held).chain(tracked)
}

fn strangers(node: &core::Node, clock: Clock) -> Vec<Stranger> {
    let strangers = node.strangers().map(|it| Stranger {
        vrid: it.vrid,
        interface: place(node.interfaces(), it.interface),
        address: it.address,
        mac: None,
        priority: it.priority.map(|priority| priority.0),
        addresses: it.addresses.clone(),
        first_us: clock.at(it.first),
        heard_us: clock.at(it.last),
        times: it.times,
    });
    strangers.collect()
}

/// An interface's name; empty where it is none in particular, or gone.
fn place(interfaces: &Interfaces, index: InterfaceIndex) -> String {
    let known = interfaces.get(index);
    known.map(|it| it.name.clone()).unwrap_or_default()
}

/// Instances of ours that a peer has as well.
fn shared(
    node: &core::Node,
    key: &core::peer::SpeakerKey,
    speaker: &core::peer::Speaker,
) -> Vec<String> {
    let vrids = speaker.routers.keys();
    let routers = vrids.filter_map(|vrid| node.router_of_peer(key, *vrid));
    routers.map(|it| it.spec().name.clone()).collect()
}

#[cfg(test)]
mod tests;
