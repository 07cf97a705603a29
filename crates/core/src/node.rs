//! A node: all virtual routers of a host, what they share, and who gets which input.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::vrrp::{AdvertisementRepr, Priority, Vrid, peek};
use standfast_wire::{ah, ipv4, ipv6};

use crate::authentication::WallClock;
use crate::check::{Check, CheckState, Start};
use crate::estate::Estate;
use crate::group::{self, Group};
use crate::input::{
    CheckId, CheckOutcome, Errno, HostAddress, Input, InterfaceIndex, OperationId, Output, Packet,
    RouterId,
};
use crate::interface::Interfaces;
use crate::journal::{Cause, Event, Journal, Subject};
use crate::limit::Digest;
use crate::link_delay::LinkDelays;
use crate::router::{Arrival, Effects, Owner, Pending, Router, Timer, View};
use crate::spec::{
    CheckSpec, Family, Fixture, Leave, RouterKey, RouterSpec, Spec, Tracked, VirtualAddress,
};
use crate::statics::Statics;
use crate::time::{Instant, Micros};
use crate::tracker::{Tracker, Trackers};

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
}

/// All decisions of one host.
#[derive(Clone, Debug, Default)]
pub struct Node {
    pub(crate) routers: BTreeMap<RouterId, Router>,
    pub(crate) groups: BTreeMap<String, Group>,
    /// Sync groups whose members changed.
    pub(crate) regroup: Vec<String>,
    checks: BTreeMap<CheckId, Check>,
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
    clock: WallClock,
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
            Input::Link(link) => {
                let known = self.interfaces.get(link.index).map(|known| known.up);
                let link = self.link_delays.filter(now, link, known);
                self.interfaces.update(link);
                self.evaluate(now);
            }
            Input::LinkRemoved(index) => self.link_removed(now, index),
            Input::AddressAdded(address) => {
                self.interfaces.add_address(address);
                self.each_router(now, |router, fx| router.address_returned(address, fx));
                self.evaluate_sources(now, address);
            }
            Input::AddressRemoved(address) => self.address_removed(now, address),
            Input::FixturesMissing(missing) => self.fixtures_missing(now, &missing),
            Input::CheckDone {
                check,
                outcome,
                output,
            } => {
                self.check_done(now, check, outcome, output);
            }
            Input::Observed { object, seen } => {
                if let Some((subject, event)) = self.trackers.observe(now, &object, seen) {
                    self.event(now, subject, event);
                    self.evaluate(now);
                }
            }
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
            Input::Stop => self.stop(now),
            Input::Wakeup => self.wake(now),
        }
        self.settle_groups(now);
        self.last_input = Some(now);
        self.say_when_stopped(now);
    }

    /// The next output, until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Wakeup`] is due, and why.
    pub fn next_wakeup(&self) -> Option<(Instant, Reason)> {
        let routers = self.routers.values().filter_map(|router| {
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
        ];
        let others = others
            .into_iter()
            .filter_map(|(due, reason)| Some((due?, reason)));
        routers
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

    /// Sets all counters to zero.
    pub fn clear_counters(&mut self) {
        for router in self.routers.values_mut() {
            router.clear_counters();
        }
    }

    /// Writes the whole IP packet of an advertisement to one of [`Router::destinations`]; `None` if the router is gone or
    /// has no source, or if the buffer is small ([`PACKET_LENGTH`] never is).
    pub fn encode(
        &mut self,
        id: RouterId,
        priority: Priority,
        to: IpAddr,
        buffer: &mut [u8],
    ) -> Option<usize> {
        let now = self.last_input.unwrap_or_default();
        let router = self.routers.get_mut(&id)?;
        let identification = router.next_identification();
        let unicast = router.spec().unicast.as_ref();
        let ttl = unicast.map_or(ipv6::HOP_LIMIT_ON_LINK, |unicast| unicast.ttl);
        let header_length = match to {
            IpAddr::V4(_) => ipv4::HEADER_LENGTH,
            IpAddr::V6(_) => ipv6::HEADER_LENGTH,
        };
        let sealed = router.header_length();
        let start = header_length + sealed;
        let length = sealed + encode_message(router, priority, to, buffer.get_mut(start..)?)?;
        let whole = header_length + length;
        router.sign(now, &self.clock, buffer.get_mut(start..whole)?, to)?;
        let payload = u16::try_from(length).ok()?;
        let header = match (router.source()?, to) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => ipv4::Header {
                identification,
                ttl,
                protocol: router.protocol(),
                source,
                destination,
            }
            .emit(payload, buffer),
            (IpAddr::V6(source), IpAddr::V6(destination)) => ipv6::Header {
                hop_limit: ttl,
                next_header: router.protocol(),
                source,
                destination,
            }
            .emit(payload, buffer),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
        };
        header.ok()?;
        router.seal(now, &self.clock, buffer.get_mut(..whole)?)?;
        Some(whole)
    }

    /// The VRRP message alone, signed if it is to be.
    pub fn encode_message(
        &mut self,
        id: RouterId,
        priority: Priority,
        buffer: &mut [u8],
    ) -> Option<usize> {
        let now = self.last_input.unwrap_or_default();
        let router = self.routers.get_mut(&id)?;
        let to = router.spec().group;
        let length = encode_message(router, priority, to, buffer)?;
        router.sign(now, &self.clock, buffer.get_mut(..length)?, to)?;
        Some(length)
    }

    /// What would be left to do should this process die now (see [`crate::estate`]).
    pub fn estates(&mut self) -> Vec<Estate> {
        let serving: Vec<RouterId> = self
            .routers
            .values()
            .filter(|router| router.has_estate())
            .map(Router::id)
            .collect();
        serving
            .into_iter()
            .filter_map(|id| self.estate(id))
            .collect()
    }

    fn estate(&mut self, id: RouterId) -> Option<Estate> {
        let destinations: Vec<IpAddr> = self.routers.get(&id)?.destinations().collect();
        let resignations = destinations
            .into_iter()
            .filter_map(|to| self.resignation(id, to))
            .collect();
        let router = self.routers.get(&id)?;
        let spec = router.spec();
        let bound = match spec.rules.leave {
            Leave::Overlap => router.leave_bound(),
            Leave::Exclusive | Leave::Immediate => Micros::ZERO,
        };
        Some(Estate {
            router: id,
            interface: router.interface()?,
            source: router.source()?,
            listens_at: router.listens_at()?,
            peers: spec
                .unicast
                .iter()
                .flat_map(|unicast| &unicast.peers)
                .map(|peer| peer.address)
                .collect(),
            vrid: spec.vrid,
            version: spec.version,
            interval: spec.wire_interval(),
            authentication: router.message_authentication(),
            header_key: spec.header_key.clone(),
            hmac: spec.hmac.clone(),
            sequence_floor: router.sequence_floor(),
            clock: self.clock,
            resignations,
            bound,
            succession: router.succession(),
            addresses: router.removable_addresses(&self.interfaces),
            fixtures: router.removable_fixtures().cloned().collect(),
        })
    }

    /// The whole packet of priority 0 to one destination.
    fn resignation(&mut self, id: RouterId, to: IpAddr) -> Option<Vec<u8>> {
        let mut packet = alloc::vec![0; PACKET_LENGTH];
        let length = self.encode(id, Priority::RESIGN, to, &mut packet)?;
        packet.truncate(length);
        Some(packet)
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
        let mut known = false;
        let clock = self.clock;
        let arrival = Arrival {
            now,
            clock: &clock,
            header,
        };
        self.each_router(now, |router, fx| {
            let spec = router.spec();
            if Vrid::new(vrid) == Some(spec.vrid)
                && router.interface() == Some(packet.interface)
                && spec.family() == family
                && !router.is_finished()
            {
                known = true;
                router.receive(packet, &arrival, fx);
            }
        });
        if !known {
            self.unknown(now, vrid, packet);
        }
    }

    fn unknown(&mut self, now: Instant, vrid: u8, packet: &Packet<'_>) {
        self.unknown_vrids = self.unknown_vrids.saturating_add(1);
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
        self.each_router(now, |router, fx| {
            if router.has_address_on(interface, address, fx.interfaces) {
                router.other_holder(address, mac, fx);
            }
        });
    }

    fn link_removed(&mut self, now: Instant, index: InterfaceIndex) {
        self.with_statics(now, |statics, fx| statics.forget_interface(index, fx));
        let Node {
            routers,
            interfaces,
            ..
        } = self;
        for router in routers.values_mut() {
            router.forget_interface(index, interfaces);
        }
        self.interfaces.remove(index);
        self.link_delays.forget(index);
        self.evaluate(now);
    }

    fn address_removed(&mut self, now: Instant, address: HostAddress) {
        self.interfaces.remove_address(address);
        self.with_statics(now, |statics, fx| statics.address_removed(address, fx));
        self.each_router(now, |router, fx| router.address_removed(address, fx));
        self.evaluate_sources(now, address);
    }

    fn fixtures_missing(&mut self, now: Instant, missing: &[Fixture]) {
        self.with_statics(now, |statics, fx| statics.fixtures_missing(missing, fx));
        self.each_router(now, |router, fx| router.fixtures_missing(missing, fx));
    }

    fn kernel_done(&mut self, now: Instant, pending: &Pending, results: &[Result<(), Errno>]) {
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

    /// An address came or went: only routers that may send from it look again. Our own virtual
    /// addresses come and go by the hundred in a takeover and are no source, but for an owner.
    fn evaluate_sources(&mut self, now: Instant, changed: HostAddress) {
        if !self.configured {
            return;
        }
        let is_virtual = |router: &Router| router.has_address(changed.address);
        let virtual_for_someone = self.routers.values().any(is_virtual);
        let concerned = |router: &&Router| {
            [router.interface(), router.base()].contains(&Some(changed.interface))
                && (!virtual_for_someone || router.sends_from_virtual())
        };
        let ids: Vec<RouterId> = self
            .routers
            .values()
            .filter(concerned)
            .map(Router::id)
            .collect();
        self.evaluate_these(now, &ids);
    }

    fn check_done(&mut self, now: Instant, id: CheckId, outcome: CheckOutcome, output: String) {
        let Some(check) = self.checks.get_mut(&id) else {
            return;
        };
        let (before, last) = (check.state, check.last);
        check.finish(outcome);
        let (after, subject) = (check.state, Subject::Check(check.spec.name.clone()));
        if last != Some(outcome) {
            let event = Event::CheckResult { outcome, output };
            self.event(now, subject.clone(), event);
        }
        if before != after {
            let up = after == CheckState::Up;
            self.event(now, subject, Event::CheckIs { up });
            self.evaluate(now);
        }
    }

    fn wake(&mut self, now: Instant) {
        self.each_router(now, Router::fire_timers);
        self.wake_delays(now);
        self.with_statics(now, Statics::wake);
        if self.stopping {
            return;
        }
        for (id, check) in &mut self.checks {
            match check.start(now) {
                Start::NotDue => {}
                Start::Run => self.outputs.push_back(Output::RunCheck(*id)),
                Start::StillRunning => {
                    let entry = crate::journal::Entry {
                        at: now,
                        subject: Subject::Check(check.spec.name.clone()),
                        event: Event::CheckOverran,
                    };
                    self.journal.push(entry.clone());
                    self.outputs.push_back(Output::Event(entry));
                }
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
        } = spec;
        let not_before = if first { now + startup_delay } else { now };
        if first && startup_delay > Micros::ZERO {
            self.start_delayed_until = Some(not_before);
            self.event(now, Subject::Node, Event::StartDelayed(startup_delay));
        }
        self.trackers.apply(trackers);
        self.link_delays.apply(link_delays);
        self.apply_checks(now, checks, first);
        self.with_statics(now, |entries, fx| entries.apply(&statics, fx));
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
            .retain(|_, old| !(old.is_finished() && old.spec().key() == key));
        let id = RouterId(self.next_router);
        self.next_router += 1;
        let leaving = self.routers.values().filter(|router| router.is_leaving());
        let served = leaving
            .flat_map(|router| router.removable_addresses(&self.interfaces))
            .map(|(_, address)| address.address)
            .collect();
        let router = Router::new(id, spec, now, not_before, served);
        self.routers.insert(id, router);
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
                let subject = Subject::Check(spec.name.clone());
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

    /// Lets every router look at what it tracks.
    fn evaluate(&mut self, now: Instant) {
        if !self.configured {
            return;
        }
        let ids: Vec<RouterId> = self.routers.keys().copied().collect();
        self.evaluate_these(now, &ids);
    }

    pub(crate) fn evaluate_these(&mut self, now: Instant, ids: &[RouterId]) {
        for id in ids {
            let Some(mut router) = self.routers.remove(id) else {
                continue;
            };
            self.evaluate_one(now, &mut router);
            self.routers.insert(*id, router);
        }
    }

    fn evaluate_one(&mut self, now: Instant, router: &mut Router) {
        let Node {
            routers,
            checks,
            trackers,
            interfaces,
            statics,
            ..
        } = self;
        let own: Vec<IpAddr> = router
            .addresses()
            .map(|(address, _)| address.address)
            .collect();
        let is_virtual = |address: IpAddr| {
            own.contains(&address) || routers.values().any(|other| other.has_address(address))
        };
        let check = |name: &str| {
            let mut all = checks.values();
            all.find(|check| check.spec.name == name)
                .map(|check| check.state)
        };
        let view = View {
            interfaces,
            check: &check,
            trackers,
            is_virtual: &is_virtual,
            source_comes: statics.is_adding(&router.spec().interface, router.spec().family()),
        };
        let mut fx = Effects {
            now,
            outputs: &mut self.outputs,
            journal: &mut self.journal,
            interfaces,
            operations: &mut self.operations,
            next_operation: &mut self.next_operation,
            regroup: &mut self.regroup,
        };
        if !router.is_finished() {
            router.evaluate(&view, &mut fx);
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
        };
        if let Some(router) = self.routers.get_mut(&id) {
            act(router, &mut fx);
        }
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
        };
        for router in self.routers.values_mut() {
            act(router, &mut fx);
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
            let done = |router: &Router| router.is_finished() && !router.owes_removals();
            self.routers.retain(|_, router| !done(router));
        }
    }

    fn say_when_stopped(&mut self, now: Instant) {
        let gone = self.routers.values().all(Router::is_finished);
        if self.stopping && gone && !core::mem::replace(&mut self.stopped, true) {
            self.with_statics(now, Statics::end);
            self.outputs.push_back(Output::Stopped);
        }
    }
}

fn encode_message(
    router: &Router,
    priority: Priority,
    to: IpAddr,
    buffer: &mut [u8],
) -> Option<usize> {
    let spec = router.spec();
    let repr = AdvertisementRepr {
        vrid: spec.vrid,
        priority,
        interval: spec.wire_interval(),
        authentication: router.message_authentication(),
        checksum: spec.checksum,
        addresses: router.advertised(),
    };
    let to = router.checksum_destination(to);
    let length = repr.emit(router.source()?, to, buffer).ok()?;
    Some(length + router.trailer_length())
}
