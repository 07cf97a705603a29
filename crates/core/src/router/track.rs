//! Faults and priority from what a router tracks, and what a reload changes.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::vrrp::Priority;

use super::announce::Sign;
use super::fsm::Step;
use super::{Effects, Router, State, Timer, Want};
use crate::check::CheckState;
use crate::input::{InterfaceIndex, NotifyEvent};
use crate::interface::{Interface, Interfaces};
use crate::journal::{Cause, Event, Fault};
use crate::peer::Speech;
use crate::spec::{Effect, Fixture, Garp, RouterSpec, Tracked, VirtualAddress, Weight};
use crate::steering::Hold;
use crate::time::Instant;
use crate::timing;
use crate::tracker::Trackers;

/// What a router can see of the node.
pub(crate) struct View<'a> {
    pub(crate) interfaces: &'a Interfaces,
    /// State of a check by name.
    pub(crate) check: &'a dyn Fn(&str) -> Option<CheckState>,
    pub(crate) trackers: &'a Trackers,
    /// Whether an address is virtual for any router of the node.
    pub(crate) is_virtual: &'a dyn Fn(IpAddr) -> bool,
    /// A static address that the router can send from is on its way.
    pub(crate) source_comes: bool,
    /// A drain holds every router down.
    pub(crate) hold: Option<Hold>,
}

/// The priority of a drained router: taken over from by everybody, and still there when nobody else is.
pub(crate) const LAST_RESORT: Priority = Priority(1);

/// What one tracked object does.
enum Outcome {
    /// It is not there, or cannot be used.
    NotCounted,
    /// Nobody knows yet.
    Pending,
    Known(Effect),
}

impl View<'_> {
    fn outcome(&self, object: &Tracked, weight: Weight) -> Outcome {
        match object {
            Tracked::Interface(name) => {
                let up = self.interfaces.named(name).is_some_and(|(_, i)| i.up);
                Outcome::Known(weight.effect(up))
            }
            Tracked::Check(name) => match (self.check)(name) {
                None | Some(CheckState::Unusable) => Outcome::NotCounted,
                Some(CheckState::Pending) => Outcome::Pending,
                Some(CheckState::Up) => Outcome::Known(weight.effect(true)),
                Some(CheckState::Down) => Outcome::Known(weight.effect(false)),
            },
            Tracked::File(_) | Tracked::Process(_) | Tracked::Bfd(_) => {
                match self.trackers.standing(object) {
                    None => Outcome::NotCounted,
                    Some(standing) => standing
                        .effect(weight)
                        .map_or(Outcome::Pending, Outcome::Known),
                }
            }
        }
    }
}

fn fault_of(object: &Tracked) -> Fault {
    match object {
        Tracked::Interface(name) => Fault::TrackedInterfaceDown(name.clone()),
        Tracked::Check(name) => Fault::CheckFailed(name.clone()),
        Tracked::File(name) => Fault::FileNumber(name.clone()),
        Tracked::Process(name) => Fault::ProcessQuorum(name.clone()),
        Tracked::Bfd(name) => Fault::BfdDown(name.clone()),
    }
}

/// What tracking comes to.
struct Verdict {
    faults: BTreeSet<Fault>,
    waiting: bool,
    weights: i32,
}

impl Router {
    /// Looks at everything tracked again and draws the consequences.
    pub(crate) fn evaluate(&mut self, view: &View<'_>, fx: &mut Effects<'_>) {
        self.find_interface(view);
        // Before any fault and before any check has reported: who does not serve must not answer.
        if self.interface.is_some() && !core::mem::replace(&mut self.claimed, true) {
            self.claim_leftovers(fx);
            // What is the host's own may be the only address to send from.
            self.find_interface(view);
        }
        self.set_hold(view.hold, fx);
        let verdict = self.verdict(view);
        self.set_effective_priority(verdict.weights, fx);
        if core::mem::replace(&mut self.waiting, verdict.waiting) != verdict.waiting {
            self.changed(fx);
        }
        self.set_faults(verdict.faults, fx);
    }

    fn find_interface(&mut self, view: &View<'_>) {
        if !self.spec.has_interface() {
            self.interface = Some(InterfaceIndex::ANY);
            self.source = self.spec.source;
            self.sourceless = false;
            return;
        }
        let family = self.spec.family();
        let found = view.interfaces.named(&self.spec.interface);
        self.base = found.map(|(index, _)| index);
        let heard = view.interfaces.named(self.spec.hears_on());
        self.interface = heard.map(|(index, _)| index);
        let own = || found.and_then(|(_, interface)| interface.source(family, view.is_virtual));
        // An owner's only address may be the virtual one.
        let owned = || {
            let (_, interface) = found.filter(|_| self.sends_from_virtual())?;
            interface.source(family, |_| false)
        };
        let source = self.spec.source.or_else(own).or_else(owned);
        self.sourceless = source.is_none();
        // The last source is good enough to resign with.
        self.source = source.or(self.source);
    }

    fn verdict(&self, view: &View<'_>) -> Verdict {
        let mut verdict = Verdict {
            faults: BTreeSet::new(),
            waiting: false,
            weights: 0,
        };
        match self.interface_fault(view) {
            Some(Fault::NoAddress(_)) if view.source_comes && !self.started => {
                verdict.waiting = true;
            }
            fault => verdict.faults.extend(fault),
        }
        if let (true, Some(group)) = (self.membership.fault, &self.spec.sync_group) {
            verdict.faults.insert(Fault::SyncGroup(group.clone()));
        }
        if self.hold == Some(Hold::Hard) {
            verdict.faults.insert(Fault::Drained);
        }
        for track in &self.spec.tracks {
            match view.outcome(&track.object, track.weight) {
                Outcome::NotCounted => {}
                Outcome::Pending => verdict.waiting = true,
                Outcome::Known(Effect::Add(weight)) => verdict.weights += i32::from(weight),
                Outcome::Known(Effect::Fault) => {
                    verdict.faults.insert(fault_of(&track.object));
                }
            }
        }
        verdict
    }

    fn interface_fault(&self, view: &View<'_>) -> Option<Fault> {
        if !self.spec.has_interface() {
            return self.no_peer();
        }
        let name = self.spec.interface.clone();
        match view.interfaces.named(&name) {
            None => Some(Fault::InterfaceMissing(name)),
            Some((_, interface)) if !interface.up && self.spec.track_primary => {
                Some(Fault::InterfaceDown(name))
            }
            Some((_, interface)) if self.source_missing(interface).is_some() => {
                self.source_missing(interface).map(Fault::SourceMissing)
            }
            Some(_) if self.sourceless => Some(Fault::NoAddress(name)),
            Some(_) => self
                .no_peer()
                .or_else(|| self.virtual_interface_fault(view)),
        }
    }

    fn virtual_interface_fault(&self, view: &View<'_>) -> Option<Fault> {
        let name = &self.spec.virtual_interface.as_ref()?.name;
        match view.interfaces.named(name) {
            None => Some(Fault::InterfaceMissing(name.clone())),
            Some((_, interface)) if !interface.up && self.spec.track_primary => {
                Some(Fault::InterfaceDown(name.clone()))
            }
            Some(_) => None,
        }
    }

    fn no_peer(&self) -> Option<Fault> {
        let nobody = self.destinations().next().is_none();
        nobody.then_some(Fault::NoPeer)
    }

    /// The configured source address, if it is watched and not there.
    fn source_missing(&self, interface: &Interface) -> Option<IpAddr> {
        let watched = self.spec.source.filter(|_| self.spec.track_source);
        watched.filter(|source| interface.address(*source).is_none())
    }

    fn set_faults(&mut self, faults: BTreeSet<Fault>, fx: &mut Effects<'_>) {
        let before = core::mem::replace(&mut self.faults, faults.clone());
        if before != faults {
            self.changed(fx);
            self.regroup(fx);
        }
        for fault in faults.difference(&before) {
            self.event(Event::FaultAppeared(fault.clone()), fx);
        }
        for fault in before.difference(&faults) {
            self.event(Event::FaultGone(fault.clone()), fx);
        }
        match faults.into_iter().next() {
            Some(fault) => self.step(Step::Faulted(fault), fx),
            None if self.waiting && !self.started => {}
            None if self.state == State::Initialize => self.step(Step::Ready, fx),
            None => self.step(Step::Cleared, fx),
        }
    }

    fn notify_priority(&self, fx: &mut Effects<'_>) {
        let event = match self.state {
            State::Active => NotifyEvent::MasterPriority,
            State::Backup => NotifyEvent::BackupPriority,
            State::Initialize | State::Fault | State::Leaving => return,
        };
        if self.spec.notify.priority_changes {
            self.notify(event, false, fx);
        }
    }

    /// Base and weights within 1–254; an owner's 255 does not change.
    fn set_effective_priority(&mut self, weights: i32, fx: &mut Effects<'_>) {
        // Whoever leaves goes with the priority that it had: a stop has ended the checks.
        if self.is_leaving() {
            return;
        }
        let now = match self.spec.priority {
            _ if self.hold.is_some() => LAST_RESORT,
            Priority::OWNER => Priority::OWNER,
            Priority(base) => {
                let total = i32::from(base).saturating_add(weights);
                let sum = total.clamp(1, 254);
                let now = Priority(u8::try_from(sum).unwrap_or(1));
                let clamped = (total != sum).then_some(total);
                if core::mem::replace(&mut self.clamped, clamped) != clamped
                    && let Some(total) = clamped
                {
                    self.report(Event::PriorityClamped { total, now }, fx);
                }
                now
            }
        };
        let before = core::mem::replace(&mut self.effective, now);
        if before == now {
            return;
        }
        self.event(Event::Priority { before, now }, fx);
        self.changed(fx);
        self.notify_priority(fx);
        match self.state {
            // The operator's drain moves it, not the election.
            State::Active if self.hold.is_some() => {}
            State::Active if now < before && self.spec.rules.conflict && !self.listening => {
                self.advertise(now, fx);
                self.set_timer(Timer::Advertise, fx.now + self.spec.advert_interval);
                if !self.want(Want::Fell, fx) {
                    self.go_alone(Want::Fell, |_| false, fx);
                }
            }
            State::Backup => self.shift_down_timer(before, fx.now),
            State::Initialize | State::Active | State::Fault | State::Leaving => {}
        }
    }

    /// A running down timer moves by the difference of the skews.
    fn shift_down_timer(&mut self, before: Priority, now: Instant) {
        let old_skew = timing::skew(self.spec.version, before, self.active_interval);
        let new_skew = self.skew();
        if let Some(due) = self.timers.get_mut(&Timer::Down) {
            *due = ((*due + new_skew) - old_skew).max(now);
        }
    }

    /// A reload: keeps the state, applies the difference, and tells the others if there is one.
    pub(crate) fn take_spec(&mut self, spec: RouterSpec, fx: &mut Effects<'_>) {
        self.replace_spec(spec, fx);
        if self.can_stay() {
            self.stay(fx);
        }
    }

    /// Whether `spec` wants it to hold what it does not.
    pub(crate) fn lacks_any_of(&self, spec: &RouterSpec) -> bool {
        self.lacks_addresses(spec) || self.lacks_fixtures(spec)
    }

    /// Gives up what the Active router with the new specification `heir` is to hold, unless its own new one, `keeps`,
    /// wants it as well.
    pub(crate) fn hand_over(
        &mut self,
        keeps: Option<&RouterSpec>,
        heir: &RouterSpec,
        fx: &mut Effects<'_>,
    ) -> (Vec<VirtualAddress>, Vec<Fixture>) {
        let addresses = self.hand_over_addresses(keeps, heir, fx);
        (addresses, self.hand_over_fixtures(keeps, heir))
    }

    /// Holds what another router has given up.
    pub(crate) fn inherit(&mut self, (addresses, fixtures): (Vec<VirtualAddress>, Vec<Fixture>)) {
        self.inherit_addresses(addresses);
        self.inherit_fixtures(fixtures);
    }

    fn replace_spec(&mut self, spec: RouterSpec, fx: &mut Effects<'_>) {
        if spec == self.spec {
            return;
        }
        let garp = self.spec.garp;
        let removed = self.replace_addresses(&spec, fx);
        self.advertised = super::advertised(&spec);
        self.speech = Speech::of(&spec);
        self.changed(fx);
        self.spec = spec;
        if self.state == State::Active {
            self.active_interval = self.spec.advert_interval;
            let periods = |garp: &Garp| (garp.refresh, garp.extra);
            if periods(&garp) != periods(&self.spec.garp) && !self.listening {
                self.resume_refresh(fx.now);
            }
            if !self.listening {
                self.advertise(self.effective, fx);
                self.set_timer(Timer::Advertise, fx.now + self.spec.advert_interval);
            }
            self.add_missing(removed, fx);
        }
    }

    /// Somebody else's hardware address answers for `address`.
    pub(crate) fn other_holder(
        &mut self,
        address: IpAddr,
        mac: standfast_wire::MacAddress,
        fx: &mut Effects<'_>,
    ) {
        self.witness_holder(fx.now, address, mac);
        self.step(Step::OtherHolder { address, mac }, fx);
    }

    /// The host slept: somebody may have taken over meanwhile.
    pub(crate) fn clock_stepped(&mut self, fx: &mut Effects<'_>) {
        if self.state == State::Active && self.spec.rules.conflict && !self.listening {
            self.conflict_sign(Sign::Trace, 1, fx);
        }
    }

    /// Leaves for that cause; a second time at once.
    pub(crate) fn leave_for(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        if !self.finished {
            self.step(Step::Leave(cause), fx);
        }
    }

    /// The scripts of a notification that we wait for have ended.
    pub(crate) fn scripts_ended(&mut self, fx: &mut Effects<'_>) {
        self.step(Step::ScriptsDone, fx);
    }
}
