//! A node: all virtual routers of a host, what they share, and who gets which input.

mod checks;
mod encode;
mod evaluate;
mod failures;
mod moves;
mod rehearse;
mod routers;
mod strangers;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::vrrp::peek;
use standfast_wire::{ah, ipv6};

use crate::authentication::WallClock;
use crate::check::Check;
use crate::group::{self, Group};
use crate::input::{
    CheckId, Errno, HostAddress, Input, InterfaceIndex, Link, OperationId, Output, Packet, RouterId,
};
use crate::interface::Interfaces;
use crate::journal::{Cause, Event, Journal, Subject};
use crate::limit::Digest;
use crate::link_delay::LinkDelays;
use crate::peer::Peers;
use crate::router::{
    Arrival, Effects, LONGEST_SLICE, Notices, Owner, Pending, Router, State, Timer,
};
use crate::spec::{
    CheckSpec, Family, Fixture, NodeIdentity, RouterKey, RouterSpec, Spec, Tracked, VirtualAddress,
};
use crate::statics::Statics;
use crate::steering::{Answer, Refusal, Steering};
use crate::time::{Instant, Micros};
use crate::tracker::{Tracker, Trackers};

pub(crate) use checks::subject as check_subject;
use failures::Failures;
use routers::Routers;
use strangers::Strangers;
pub use strangers::{MAX_STRANGERS, Stranger};

/// Length in bytes that no advertisement with its IP header exceeds.
pub const PACKET_LENGTH: usize = ipv6::HEADER_LENGTH + standfast_wire::vrrp::MAX_LENGTH;
/// A late wake-up below this is ordinary scheduling.
const PAUSE_THRESHOLD: Micros = Micros::from_millis(5);
/// Unknown VRIDs are reported at once and then this often.
const UNKNOWN_VRID_PERIOD: Micros = Micros::from_secs(60);

/// Why a node wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A timer of a router.
    Router(RouterId, Timer),
    /// A check is due.
    Check(CheckId),
    /// A change of a tracked object has lasted long enough.
    Tracker,
    /// A change of a link has lasted long enough.
    LinkDelay,
    /// The delay of the start has passed.
    StartDelay,
    /// A static entry is tried again.
    Statics,
    /// Something is due on the peer channel.
    Peers,
    /// A drain ends, or a drained node looks for a successor.
    Steering,
}

/// All decisions of one host.
#[derive(Clone, Debug, Default)]
pub struct Node {
    pub(crate) routers: Routers,
    pub(crate) steering: Steering,
    pub(crate) groups: BTreeMap<String, Group>,
    /// Sync groups whose members changed.
    pub(crate) regroup: Vec<String>,
    pub(crate) checks: BTreeMap<CheckId, Check>,
    trackers: Trackers,
    interfaces: Interfaces,
    link_delays: LinkDelays,
    start_delayed_until: Option<Instant>,
    statics: Statics,
    pub(crate) outputs: VecDeque<Output>,
    journal: Journal,
    operations: BTreeMap<OperationId, Pending>,
    next_operation: u64,
    next_router: u32,
    next_check: u32,
    last_input: Option<Instant>,
    configured: bool,
    stopping: bool,
    stopped: bool,
    unknown_vrids: u64,
    unknown_vrid_digest: Digest,
    strangers: Strangers,
    failures: Failures,
    clock: WallClock,
    pub(crate) identity: NodeIdentity,
    pub(crate) peers: Peers,
    pub(crate) notices: Notices,
}

impl Node {
    /// A node without anything to do; the first [`Input::Spec`] starts it.
    pub fn new() -> Self {
        Node::default()
    }

    /// Takes one input. Packets that wait are to be given before [`Input::Wakeup`], and links and
    /// addresses before the first [`Input::Spec`].
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.retire();
        self.notice_pause(now);
        match input {
            Input::Packet(packet) => self.packet(now, &packet, None),
            Input::Sealed { interface, packet } => self.sealed(now, interface, packet),
            Input::Peer(packet) => self.peer_received(now, &packet),
            Input::PeerUnreachable { interface, address } => {
                self.peer_unreachable(now, interface, address);
            }
            Input::WallClock(shows) => self.clock.read(now, shows),
            Input::Arp {
                interface,
                sender,
                mac,
            } => {
                self.claimed(now, interface, IpAddr::V4(sender), mac);
            }
            Input::NeighbourAdvertisement {
                interface,
                target,
                mac,
            } => {
                self.claimed(now, interface, IpAddr::V6(target), mac);
            }
            Input::Link(link) => self.link_changed(now, link),
            Input::LinkRemoved(index) => self.link_removed(now, index),
            Input::AddressAdded(address) => self.address_added(now, address),
            Input::AddressRemoved(address) => self.address_removed(now, address),
            Input::FixturesMissing(missing) => self.fixtures_missing(now, &missing),
            Input::CheckDone {
                check,
                outcome,
                output,
            } => {
                self.check_done(now, check, outcome, output);
            }
            Input::RepairDone {
                check,
                outcome,
                output,
            } => self.repair_done(now, check, outcome, output),
            Input::Observed { object, seen } => self.observed(now, &object, seen),
            Input::KernelDone { operation, results } => {
                if let Some(pending) = self.operations.remove(&operation) {
                    self.kernel_done(now, &pending, &results);
                }
            }
            Input::NotifyDone(router) => self.scripts_ended(now, router),
            // Who leaves does not come back: a reload after a stop changes nothing.
            Input::Spec(_) if self.stopping => {}
            Input::Spec(spec) => self.apply(now, *spec),
            Input::ClockStep(_) => self.each_router(now, |router, fx| router.clock_stepped(fx)),
            Input::Order(order) => self.order(now, *order),
            Input::Stop => self.stop(now),
            Input::Wakeup => self.wake(now),
        }
        self.settle_groups(now);
        self.settle_peers(now);
        self.settle_orders(now);
        self.last_input = Some(now);
        self.say_when_stopped(now);
    }

    /// The next output, until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        let next = self.outputs.pop_front();
        if next.is_none() {
            // Whoever looks at the routers now sees none that has gone.
            self.retire();
        }
        next
    }

    /// When [`Input::Wakeup`] is due, and why.
    pub fn next_wakeup(&self) -> Option<(Instant, Reason)> {
        let first = self.routers.first_due();
        let first = first.and_then(|(_, id)| self.routers.get(&id));
        let first = first.and_then(|router| {
            let (due, timer) = router.next_wakeup()?;
            Some((due, Reason::Router(router.id(), timer)))
        });
        let checks = self.checks.values().filter_map(|check| {
            let due = check.next_run()?;
            Some((due, Reason::Check(check.id)))
        });
        let others = [
            (self.trackers.next_wakeup(), Reason::Tracker),
            (self.link_delays.next_wakeup(), Reason::LinkDelay),
            (self.start_delayed_until, Reason::StartDelay),
            (self.statics.next_wakeup(), Reason::Statics),
            (self.peers.next_wakeup(), Reason::Peers),
            (self.steering.next_wakeup(), Reason::Steering),
        ];
        let others = others
            .into_iter()
            .filter_map(|(due, reason)| Some((due?, reason)));
        first
            .into_iter()
            .chain(checks)
            .chain(others)
            .min_by_key(|(due, _)| *due)
    }

    /// All virtual routers.
    pub fn routers(&self) -> impl Iterator<Item = &Router> {
        self.routers.values()
    }

    /// One virtual router.
    pub fn router(&self, id: RouterId) -> Option<&Router> {
        self.routers.get(&id)
    }

    /// Whether an address is virtual for any router.
    pub fn is_virtual(&self, address: IpAddr) -> bool {
        self.routers.is_virtual(address)
    }

    /// All checks.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.checks.values()
    }

    /// One check.
    pub fn check(&self, id: CheckId) -> Option<&Check> {
        self.checks.get(&id)
    }

    /// All tracked files, processes and sessions.
    pub fn trackers(&self) -> impl Iterator<Item = &Tracker> {
        self.trackers.iter()
    }

    /// Whether it was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// Addresses of the host and the static ones, which must be removed should nobody come after us, and where
    /// they are.
    pub fn removable_addresses(&self) -> Vec<(InterfaceIndex, VirtualAddress)> {
        let routers = self.routers.values();
        let mut all: Vec<_> = routers
            .flat_map(|router| router.removable_addresses(&self.interfaces))
            .collect();
        all.extend(self.statics.removable_addresses(&self.interfaces));
        all
    }

    /// Routes and rules, also static ones, that must be removed should nobody come after us, in this order.
    pub fn removable_fixtures(&self) -> impl Iterator<Item = &Fixture> {
        let routers = self.routers.values();
        routers
            .flat_map(Router::removable_fixtures)
            .chain(self.statics.removable_fixtures())
    }

    /// Static addresses that are wanted.
    pub fn static_addresses(&self) -> impl Iterator<Item = &VirtualAddress> {
        self.statics.addresses()
    }

    /// Every route and rule of the specification, and whether the kernel should hold it now.
    pub fn fixtures(&self) -> impl Iterator<Item = (&Fixture, bool)> {
        let routers = self.routers.values().flat_map(Router::fixtures);
        routers.chain(self.statics.fixtures())
    }

    /// What is known of the host's interfaces.
    pub fn interfaces(&self) -> &Interfaces {
        &self.interfaces
    }

    /// What happened.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Packets for virtual routers that are not configured where they arrived.
    pub fn unknown_vrids(&self) -> u64 {
        self.unknown_vrids
    }

    /// Who sent such packets, at most [`MAX_STRANGERS`].
    pub fn strangers(&self) -> impl Iterator<Item = &Stranger> {
        self.strangers.iter()
    }

    /// Sync groups: name, members, and the state that they agreed on last.
    pub fn sync_groups(&self) -> impl Iterator<Item = (&str, &[RouterId], Option<State>)> {
        let groups = self.groups.iter();
        groups.map(|(name, group)| (name.as_str(), group.members(), group.told()))
    }

    /// Sets all counters to zero.
    pub fn clear_counters(&mut self) {
        self.routers.touch_all(Router::clear_counters);
    }

    /// Somebody stopped this host for a while? Whoever is affected doubts itself.
    fn notice_pause(&mut self, now: Instant) {
        let Some((due, _)) = self.next_wakeup() else {
            return;
        };
        let Some(last_input) = self.last_input else {
            return;
        };
        if now.since(due) > PAUSE_THRESHOLD {
            self.each_router(now, |router, fx| router.note_pause(last_input, due, fx));
        }
    }

    /// VRRP in an authentication header; whatever else uses the protocol is not ours.
    fn sealed(&mut self, now: Instant, interface: InterfaceIndex, bytes: &[u8]) {
        let Ok(sealed) = ah::Packet::parse(bytes) else {
            return;
        };
        let packet = Packet {
            interface,
            source: IpAddr::V4(sealed.ip.source),
            destination: IpAddr::V4(sealed.ip.destination),
            ttl: sealed.ip.ttl,
            message: sealed.message,
        };
        self.packet(now, &packet, Some(&sealed));
    }

    fn packet(&mut self, now: Instant, packet: &Packet<'_>, header: Option<&ah::Packet<'_>>) {
        let Ok((_, vrid)) = peek(packet.message) else {
            return self.unknown(now, 0, packet);
        };
        let family = Family::of(packet.source);
        let hearing = (packet.interface, vrid, family);
        let clock = self.clock;
        let arrival = Arrival {
            now,
            clock: &clock,
            header,
        };
        let mut next = self.routers.hearing(hearing, RouterId(0));
        if next.is_none() {
            self.unknown(now, vrid, packet);
        } else {
            self.host_seen(now, packet.interface, packet.source);
        }
        while let Some(id) = next {
            self.with_router(now, id, |router, fx| router.receive(packet, &arrival, fx));
            let from = RouterId(id.0.saturating_add(1));
            next = self.routers.hearing(hearing, from);
        }
    }

    fn unknown(&mut self, now: Instant, vrid: u8, packet: &Packet<'_>) {
        self.unknown_vrids = self.unknown_vrids.saturating_add(1);
        self.strangers.note(now, vrid, packet);
        let digest = &mut self.unknown_vrid_digest;
        if let Some(times) = digest.note(now, UNKNOWN_VRID_PERIOD) {
            let known = self.interfaces.get(packet.interface);
            let event = Event::UnknownVrid {
                vrid,
                interface: known.map(|known| known.name.clone()).unwrap_or_default(),
                from: packet.source,
                times,
            };
            self.event(now, Subject::Node, event);
        }
    }

    /// Somebody has claimed an address by ARP or neighbour discovery.
    fn claimed(
        &mut self,
        now: Instant,
        interface: InterfaceIndex,
        address: IpAddr,
        mac: standfast_wire::MacAddress,
    ) {
        // A second interface of ours on the same network may answer as well: that is no conflict.
        if self.interfaces.is_own_mac(mac) {
            return;
        }
        self.host_seen(now, interface, address);
        self.with_address(now, address, |router, fx| {
            if router.has_address_on(interface, address, fx.interfaces) {
                router.other_holder(address, mac, fx);
            }
        });
    }

    fn link_changed(&mut self, now: Instant, link: Link) {
        let known = self.interfaces.get(link.index).map(|known| known.up);
        let link = self.link_delays.filter(now, link, known);
        self.interfaces.update(link);
        self.peers.look_again();
        self.evaluate(now);
    }

    fn address_added(&mut self, now: Instant, address: HostAddress) {
        self.interfaces.add_address(address);
        self.with_address(now, address.address, |router, fx| {
            router.address_returned(address, fx);
        });
        self.evaluate_sources(now, address);
    }

    fn link_removed(&mut self, now: Instant, index: InterfaceIndex) {
        self.with_statics(now, |statics, fx| statics.forget_interface(index, fx));
        let Node {
            routers,
            interfaces,
            ..
        } = self;
        routers.touch_all(|router| router.forget_interface(index, interfaces));
        self.interfaces.remove(index);
        self.link_delays.forget(index);
        self.evaluate(now);
    }

    fn address_removed(&mut self, now: Instant, address: HostAddress) {
        self.interfaces.remove_address(address);
        self.with_statics(now, |statics, fx| statics.address_removed(address, fx));
        self.with_address(now, address.address, |router, fx| {
            router.address_removed(address, fx);
        });
        self.evaluate_sources(now, address);
    }

    fn fixtures_missing(&mut self, now: Instant, missing: &[Fixture]) {
        self.with_statics(now, |statics, fx| statics.fixtures_missing(missing, fx));
        self.each_router(now, |router, fx| router.fixtures_missing(missing, fx));
    }

    fn kernel_done(&mut self, now: Instant, pending: &Pending, results: &[Result<(), Errno>]) {
        self.count_failures(pending, results);
        match pending.owner {
            Owner::Router(id) => self.with_router(now, id, |router, fx| {
                router.kernel_done(pending, results, fx);
            }),
            Owner::Statics => {
                self.with_statics(now, |statics, fx| {
                    statics.kernel_done(pending, results, fx);
                });
                // One that could not be added is no source to wait for.
                if results.iter().any(Result::is_err) {
                    self.evaluate(now);
                }
            }
        }
    }

    fn wake(&mut self, now: Instant) {
        // Before routers that have waited for a successor in vain serve on: they are to be seen doing so first.
        self.wake_steering(now);
        self.wake_routers(now);
        self.wake_delays(now);
        self.wake_peers(now);
        self.with_statics(now, Statics::wake);
        if self.stopping {
            return;
        }
        self.wake_checks(now);
    }

    /// Fires what is due. Where an advertisement is, those that are due soon go with it.
    fn wake_routers(&mut self, now: Instant) {
        let mut advertises = false;
        for id in self.routers.due(now) {
            self.with_router(now, id, |router, fx| {
                advertises |= router.advertises_by(now);
                router.fire_timers(fx);
            });
        }
        if advertises {
            for id in self.routers.due(now + LONGEST_SLICE) {
                self.with_router(now, id, Router::advertise_early);
            }
        }
    }

    /// What had to last before it counts has lasted.
    fn wake_delays(&mut self, now: Instant) {
        if self.start_delayed_until.is_some_and(|due| due <= now) {
            self.start_delayed_until = None;
            self.event(now, Subject::Node, Event::StartDelayOver);
        }
        let links = self.link_delays.due(now);
        for (index, up) in &links {
            self.interfaces.set_up(*index, *up);
        }
        let tracked = self.trackers.wake(now);
        let changed = !links.is_empty() || !tracked.is_empty();
        for (subject, event) in tracked {
            self.event(now, subject, event);
        }
        if changed {
            self.evaluate(now);
        }
    }

    fn stop(&mut self, now: Instant) {
        self.stopping = true;
        for order in self.steering.end() {
            let answer = Answer::Refused(Refusal::Stopping);
            self.outputs.push_back(Output::Answer { order, answer });
        }
        self.checks.clear();
        self.trackers.clear();
        self.each_router(now, |router, fx| router.leave_for(Cause::Stopping, fx));
        self.tell_groups_stop();
    }

    /// Replaces what is wanted; what stays the same does not notice.
    fn apply(&mut self, now: Instant, spec: Spec) {
        let first = !core::mem::replace(&mut self.configured, true);
        let Spec {
            routers,
            checks,
            startup_delay,
            trackers,
            link_delays,
            statics,
            node,
        } = spec;
        self.identity = node;
        self.peers.look_again();
        let not_before = if first { now + startup_delay } else { now };
        if first && startup_delay > Micros::ZERO {
            self.start_delayed_until = Some(not_before);
            self.event(now, Subject::Node, Event::StartDelayed(startup_delay));
        }
        self.trackers.apply(trackers);
        self.link_delays.apply(link_delays);
        self.apply_checks(now, checks, first);
        self.with_statics(now, |entries, fx| entries.apply(&statics, fx));
        self.report_removals(now, &routers);
        self.keep_groups_whole(now, &routers);
        self.move_holdings(now, &routers);
        let wanted: Vec<RouterKey> = routers.iter().map(|router| router.key()).collect();
        let removed: Vec<RouterId> = self
            .routers
            .values()
            // Whoever leaves already must not be hurried by another reload.
            .filter(|router| !router.is_leaving() && !wanted.contains(&router.spec().key()))
            .map(Router::id)
            .collect();
        for id in removed {
            self.with_router(now, id, |router, fx| router.leave_for(Cause::Removed, fx));
        }
        for router in routers {
            match self.id_of(&router.key()) {
                Some(id) => {
                    self.with_router(now, id, |known, fx| known.take_spec(router, fx));
                }
                None => self.add_router(router, now, not_before),
            }
        }
        let before = core::mem::take(&mut self.groups);
        self.groups = group::regrouped(before, self.routers.values());
        self.regroup = self.groups.keys().cloned().collect();
        self.report_unknown_checks(now);
        if !first {
            self.event(now, Subject::Node, Event::Reloaded);
        }
        self.evaluate(now);
    }

    /// Which addresses are about to go from routers that serve, for good.
    fn report_removals(&mut self, now: Instant, wanted: &[RouterSpec]) {
        let serving = self.routers.values();
        let serving = serving.filter(|router| router.is_serving() && !router.is_leaving());
        let moved: Vec<(String, Vec<(IpAddr, u8)>)> = serving
            .map(|router| (router.spec().name.clone(), displaced(router.spec(), wanted)))
            .collect();
        let mut gone: BTreeSet<IpAddr> = moved
            .iter()
            .flat_map(|(_, addresses)| addresses.iter().map(|(address, _)| *address))
            .collect();
        if gone.is_empty() {
            return;
        }
        for held in wanted.iter().flat_map(RouterSpec::all_addresses) {
            gone.remove(&held.address);
        }
        for (name, mut addresses) in moved {
            addresses.retain(|(address, _)| gone.contains(address));
            if !addresses.is_empty() {
                let event = Event::ReloadRemoves(addresses);
                self.event(now, Subject::Router(name), event);
            }
        }
    }

    fn id_of(&self, key: &RouterKey) -> Option<RouterId> {
        let staying = |router: &&Router| {
            router.spec().key() == *key && (!router.is_leaving() || router.can_stay())
        };
        self.routers.values().find(staying).map(Router::id)
    }

    fn add_router(&mut self, spec: RouterSpec, now: Instant, not_before: Instant) {
        // Whatever an earlier one still has to remove is a leftover to the new one.
        let key = spec.key();
        self.routers
            .forget_finished(|finished| finished.spec().key() == key);
        let id = RouterId(self.next_router);
        self.next_router += 1;
        let leaving = self.routers.values().filter(|router| router.is_leaving());
        let served = leaving
            .flat_map(|router| router.removable_addresses(&self.interfaces))
            .map(|(_, address)| address.address)
            .collect();
        let router = Router::new(id, spec, now, not_before, served);
        self.routers.insert(router);
    }

    /// A check with the same definition keeps its history.
    fn apply_checks(&mut self, now: Instant, checks: Vec<CheckSpec>, first: bool) {
        let mut before = core::mem::take(&mut self.checks);
        for spec in checks {
            let same = before.iter().find(|(_, check)| check.spec == spec);
            if let Some(id) = same.map(|(id, _)| *id) {
                if let Some(check) = before.remove(&id) {
                    self.checks.insert(id, check);
                }
                continue;
            }
            let id = CheckId(self.next_check);
            self.next_check += 1;
            if let Some(why) = spec.unusable.clone() {
                let subject = checks::subject(&spec);
                self.event(now, subject, Event::CheckUnusable(why));
            }
            self.checks.insert(id, Check::new(id, spec, now, !first));
        }
    }

    fn report_unknown_checks(&mut self, now: Instant) {
        let known = |name: &str| self.checks.values().any(|check| check.spec.name == name);
        let mut unknown = Vec::new();
        for router in self.routers.values() {
            for track in &router.spec().tracks {
                if let Tracked::Check(name) = &track.object
                    && !known(name)
                {
                    unknown.push((router.spec().name.clone(), name.clone()));
                }
            }
        }
        for (router, check) in unknown {
            self.event(now, Subject::Router(router), Event::UnknownCheck(check));
        }
    }

    pub(crate) fn with_router(
        &mut self,
        now: Instant,
        id: RouterId,
        act: impl FnOnce(&mut Router, &mut Effects<'_>),
    ) {
        let mut fx = Effects {
            now,
            outputs: &mut self.outputs,
            journal: &mut self.journal,
            interfaces: &self.interfaces,
            operations: &mut self.operations,
            next_operation: &mut self.next_operation,
            regroup: &mut self.regroup,
            notices: &mut self.notices,
        };
        self.routers.touch(id, |router, _| act(router, &mut fx));
    }

    fn with_statics(&mut self, now: Instant, act: impl FnOnce(&mut Statics, &mut Effects<'_>)) {
        let mut fx = Effects {
            now,
            outputs: &mut self.outputs,
            journal: &mut self.journal,
            interfaces: &self.interfaces,
            operations: &mut self.operations,
            next_operation: &mut self.next_operation,
            regroup: &mut self.regroup,
            notices: &mut self.notices,
        };
        act(&mut self.statics, &mut fx);
    }

    fn each_router(&mut self, now: Instant, mut act: impl FnMut(&mut Router, &mut Effects<'_>)) {
        let mut fx = Effects {
            now,
            outputs: &mut self.outputs,
            journal: &mut self.journal,
            interfaces: &self.interfaces,
            operations: &mut self.operations,
            next_operation: &mut self.next_operation,
            regroup: &mut self.regroup,
            notices: &mut self.notices,
        };
        self.routers.touch_all(|router| act(router, &mut fx));
    }

    /// Lets the routers act for which the address is virtual.
    fn with_address(
        &mut self,
        now: Instant,
        address: IpAddr,
        mut act: impl FnMut(&mut Router, &mut Effects<'_>),
    ) {
        for id in self.routers.with_address(address) {
            self.with_router(now, id, &mut act);
        }
    }

    pub(crate) fn event(&mut self, now: Instant, subject: Subject, event: Event) {
        let entry = crate::journal::Entry {
            at: now,
            subject,
            event,
        };
        self.journal.push(entry.clone());
        self.outputs.push_back(Output::Event(entry));
    }

    /// Forgets routers that have left, once their last outputs have been taken.
    fn retire(&mut self) {
        if self.outputs.is_empty() {
            self.routers
                .forget_finished(|finished| !finished.owes_removals());
        }
    }

    fn say_when_stopped(&mut self, now: Instant) {
        let gone = self.stopping && self.routers.are_finished();
        if gone && !core::mem::replace(&mut self.stopped, true) {
            self.with_statics(now, Statics::end);
            self.outputs.push_back(Output::Stopped);
        }
    }
}

/// Addresses of a router that do not stand in the same place of its new specification: of ten thousand, as a rule, few.
fn displaced(known: &RouterSpec, wanted: &[RouterSpec]) -> Vec<(IpAddr, u8)> {
    let twin = wanted.iter().find(|router| router.key() == known.key());
    let mut after = twin.into_iter().flat_map(RouterSpec::all_addresses);
    let held = known.all_addresses();
    held.filter(|held| after.next().is_none_or(|it| it.address != held.address))
        .map(|held| (held.address, held.prefix))
        .collect()
}
