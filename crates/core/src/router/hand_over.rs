//! Handing over: an Active router that leaves, has a fault or falls below another gives its addresses to a successor that the
//! peer channel knows, and goes on serving until that one has them.
//!
//! ```text
//!            wants to go            a successor is there       it advertises, or says so
//!   Active ───────────────▶ (node) ───────────────────▶ Offering ───────────▶ Succeeded ──▶ gone, Backup or Fault
//!                              │ none                      │ silence, refusal
//!                              ▼                           ▼
//!                    the protocol's way            the protocol's way
//! ```
//!
//! The router says what it wants; which successor there is, the node knows ([`crate::peer`]).

use core::net::IpAddr;

use standfast_wire::peer::{Answer, State as Told};
use standfast_wire::vrrp::Priority;

use super::announce::Sign;
use super::leave::{After, Phase};
use super::{Effects, PreemptDelay, Router, State, Timer};
use crate::journal::{Cause, Event, Fault};
use crate::peer::Speech;
use crate::spec::Leave;
use crate::time::{Instant, Micros};

/// So long the advertisements of whoever has handed over to us may still be on their way.
const CROSSING: Micros = Micros::from_millis(100);
/// Other routers that are remembered as rivals; a LAN has fewer.
const MAX_RIVALS: usize = 16;
/// Down intervals in which a better router would have taken over.
const RIVAL_PATIENCE: u64 = 3;
/// A silent router that is worse than we are is taken for gone after this: nothing else would ever forget it.
const RIVAL_MEMORY: Micros = Micros::from_secs(600);

/// Why a serving router would hand over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// The daemon stops, or the router is no longer configured.
    Leave(Cause),
    /// It has a fault; what it can serve until somebody else does, it serves.
    Fault(Fault),
    /// Its priority fell.
    Fell,
    /// It has let go: an exclusive leaver.
    Released,
    /// An operator says so: a switchover or a drain.
    Move(Cause),
}

impl Want {
    /// Whether only a better router is a successor.
    pub(crate) fn needs_better(&self) -> bool {
        matches!(self, Want::Fell)
    }
}

impl Router {
    /// Lets the node look for a successor; false if there can be none, and the protocol's way is to be gone.
    pub(super) fn want(&mut self, want: Want, fx: &mut Effects<'_>) -> bool {
        let may = self.spec.channel.is_some()
            && self.spec.rules.leave != Leave::Immediate
            && !self.listening;
        if may {
            self.wants = Some(want);
            fx.notices.offers.insert(self.id);
        }
        may
    }

    /// Whether it is about to leave for good: what else happens in the same input changes nothing about that.
    pub(super) fn wants_to_leave(&self) -> bool {
        matches!(self.wants, Some(Want::Leave(_)))
    }

    /// What it wants, once.
    pub(crate) fn take_want(&mut self) -> Option<Want> {
        self.wants.take()
    }

    /// A tracked service has failed, but we can be heard and can serve what still works.
    pub(super) fn fall(&mut self, fault: Fault, fx: &mut Effects<'_>) {
        if self.wants_to_leave() {
            return;
        }
        let reachable = |fault: &Fault| match fault {
            Fault::TrackedInterfaceDown(_)
            | Fault::CheckFailed(_)
            | Fault::FileNumber(_)
            | Fault::ProcessQuorum(_)
            | Fault::BfdDown(_)
            | Fault::Drained
            | Fault::SyncGroup(_) => true,
            Fault::InterfaceMissing(_)
            | Fault::InterfaceDown(_)
            | Fault::NoAddress(_)
            | Fault::NoPeer
            | Fault::SourceMissing(_) => false,
        };
        let reached = self.faults.iter().all(reachable);
        if !reached || !self.want(Want::Fault(fault.clone()), fx) {
            self.fall_alone(fault, fx);
        }
    }

    pub(super) fn fall_alone(&mut self, fault: Fault, fx: &mut Effects<'_>) {
        self.advertise(Priority::RESIGN, fx);
        self.enter_fault(fault, fx);
    }

    /// The node has found a successor. True if that one is to be asked now; false if our scripts come first.
    pub(crate) fn offer(&mut self, want: Want, to: IpAddr, fx: &mut Effects<'_>) -> bool {
        let exclusive = self.spec.rules.leave == Leave::Exclusive;
        match want {
            Want::Released => {}
            Want::Leave(cause) => self.begin_offer(cause, After::Gone, fx),
            Want::Fault(_) | Want::Fell if exclusive => {
                self.demote(Cause::HandedTo(to), After::Stay, fx);
                return false;
            }
            Want::Move(cause) if exclusive => {
                self.demote(cause, After::Stay, fx);
                return false;
            }
            Want::Move(cause) => self.begin_offer(cause, After::Stay, fx),
            Want::Fault(_) | Want::Fell => {
                self.begin_offer(Cause::HandedTo(to), After::Stay, fx);
            }
        }
        self.set_successor(to);
        self.event(Event::HandingOver { to }, fx);
        true
    }

    fn begin_offer(&mut self, cause: Cause, after: After, fx: &mut Effects<'_>) {
        let next = self.timers.get(&Timer::Advertise).copied();
        self.enter_leaving(cause, Phase::Offering, after, fx);
        // Whoever does not know the successor must not miss us before it is there.
        self.set_timer(Timer::Advertise, next.unwrap_or(fx.now));
    }

    /// There is no successor, or none that answers: the protocol's way.
    /// `speaks`: who is known on the channel and would have been asked.
    pub(crate) fn go_alone(
        &mut self,
        want: Want,
        speaks: impl Fn(IpAddr) -> bool,
        fx: &mut Effects<'_>,
    ) {
        match want {
            Want::Leave(cause) => self.leave_alone(cause, fx),
            Want::Fault(fault) => self.fall_alone(fault, fx),
            Want::Fell => self.resign_to_rival(speaks, fx),
            Want::Released => self.resign_released(fx),
            Want::Move(cause) => self.move_alone(cause, fx),
        }
    }

    /// The successor that was asked said no, or nothing.
    pub(crate) fn offer_failed(&mut self, fx: &mut Effects<'_>) {
        match (self.phase(), self.after()) {
            (Phase::Offering, After::Gone) => self.await_successor(fx),
            (Phase::Offering, After::Stay) if self.is_steered() => self.move_failed(fx),
            (Phase::Offering, After::Stay) => match self.faults.iter().next().cloned() {
                Some(fault) => self.fall_alone(fault, fx),
                None => self.resume_active(fx),
            },
            (Phase::Released, _) => self.resign_released(fx),
            (Phase::Demoting | Phase::Serving | Phase::Succeeded, _) => {}
        }
    }

    /// Nobody has taken what we offered because our priority fell: we serve on.
    fn resume_active(&mut self, fx: &mut Effects<'_>) {
        self.state = State::Active;
        self.leaving = None;
        self.resume_refresh(fx.now);
        // Somebody else may have announced an address meanwhile, which we let go of then.
        self.reconcile(fx);
        self.changed(fx);
        self.regroup(fx);
        self.resign_to_rival(|_| false, fx);
    }

    /// The successor says that it has taken over.
    pub(crate) fn offer_accepted(&mut self, by: IpAddr, priority: Priority, fx: &mut Effects<'_>) {
        match self.phase() {
            Phase::Offering => self.succeeded(by, priority, fx),
            Phase::Released => self.conclude(fx),
            Phase::Demoting | Phase::Serving | Phase::Succeeded => {}
        }
    }

    /// Another successor is asked.
    pub(crate) fn offer_again(&mut self, to: IpAddr, fx: &mut Effects<'_>) {
        self.set_successor(to);
        self.event(Event::HandingOver { to }, fx);
    }

    /// Whether it waits for the answer to an offer.
    pub(crate) fn is_offered(&self) -> bool {
        self.is_going() && matches!(self.phase(), Phase::Offering | Phase::Released)
    }

    /// Whether we may take over from that router because it asks us to.
    ///
    /// # Errors
    ///
    /// The answer that it gets.
    pub(crate) fn may_take(&self, from: IpAddr, now: Instant) -> Result<(), Answer> {
        let follows = self.followed.is_some_and(|followed| {
            followed.address == from && now.since(followed.heard) < self.down_interval()
        });
        match self.state {
            State::Backup if !self.is_ready(now) => Err(Answer::NotReady),
            State::Backup if !follows => Err(Answer::NotFollowed),
            State::Backup => Ok(()),
            State::Initialize | State::Active | State::Fault | State::Leaving => {
                Err(Answer::NotReady)
            }
        }
    }

    /// Takes over at the request of the Active router.
    pub(crate) fn take_over(&mut self, from: IpAddr, fx: &mut Effects<'_>) {
        self.crossing = Some((from, fx.now + CROSSING));
        self.claim(Cause::HandedOver(from), fx);
    }

    /// What was on its way from whoever has handed over to us is no claim.
    pub(super) fn is_crossing(&self, source: IpAddr, now: Instant) -> bool {
        self.crossing
            .is_some_and(|(from, until)| from == source && now < until)
    }

    /// The node of the Active router has died.
    pub(crate) fn peer_fell_silent(&mut self, peer: IpAddr, fx: &mut Effects<'_>) {
        self.claim(Cause::PeerSilent(peer), fx);
    }

    /// Whoever had the addresses has let go of them: from now on nobody else can answer.
    pub(crate) fn predecessor_gone(&mut self, fx: &mut Effects<'_>) {
        if self.state == State::Active && self.spec.rules.conflict {
            self.conflict_sign(Sign::Trace, 1, fx);
        }
    }

    /// Whether it could be Active at once, or is.
    pub fn is_ready(&self, now: Instant) -> bool {
        match self.state {
            State::Backup => {
                self.faults.is_empty()
                    && (self.started || !self.waiting)
                    && now >= self.not_before
                    && !self.finished
            }
            State::Active => !self.listening && self.wants.is_none(),
            State::Initialize | State::Fault | State::Leaving => false,
        }
    }

    /// Whether it takes over from a worse router by itself, and without a delay.
    pub fn preempts_at_once(&self) -> bool {
        let elapsed = self.preempt_delay == PreemptDelay::Elapsed;
        let at_once = self.spec.preempt_delay == Micros::ZERO || elapsed;
        self.spec.preempt && at_once && self.yields_to().is_none()
    }

    /// What others are told of its state.
    pub(crate) fn told_state(&self) -> Told {
        match self.state {
            _ if self.finished => Told::Gone,
            State::Initialize => Told::Initialize,
            State::Backup => Told::Backup,
            State::Active => Told::Active,
            State::Fault => Told::Fault,
            State::Leaving => Told::Leaving,
        }
    }

    /// The digest of its addresses that peers are told; none where it does not speak.
    pub fn addresses_digest(&self) -> Option<u64> {
        self.speech.as_ref().map(|speech| speech.addresses)
    }

    /// What it is on the channel.
    pub(crate) fn speech(&self) -> Option<&Speech> {
        self.speech.as_ref()
    }

    /// A finding about a peer; a flood of messages is no flood of lines.
    pub(crate) fn report_peer(&mut self, event: Event, fx: &mut Effects<'_>) {
        self.report(event, fx);
    }

    /// What others were told last.
    pub(crate) fn replace_told(&mut self, now: Told) -> Option<Told> {
        self.told.replace(now)
    }

    /// How often it has become Active.
    pub(crate) fn term(&self) -> u32 {
        self.term
    }

    /// Others should hear of this.
    pub(super) fn changed(&self, fx: &mut Effects<'_>) {
        if self.spec.channel.is_some() {
            fx.notices.changed.insert(self.id);
        }
    }

    /// Somebody else's advertisement was accepted: it is there, and has that priority.
    pub(super) fn note_rival(&mut self, source: IpAddr, priority: Priority, now: Instant) {
        if priority == Priority::RESIGN {
            return;
        }
        if self.rivals.len() >= MAX_RIVALS && !self.rivals.contains_key(&source) {
            let forgotten = |(_, heard): &(Priority, Instant)| now.since(*heard) > RIVAL_MEMORY;
            self.rivals.retain(|_, rival| !forgotten(rival));
        }
        if self.rivals.len() < MAX_RIVALS || self.rivals.contains_key(&source) {
            self.rivals.insert(source, (priority, now));
        }
    }

    /// The best of the routers for which this does not hold. Whoever is better than we are and leaves us Active for so long
    /// is no rival: it does not preempt, is gone, or was never there.
    pub(crate) fn best_rival_but(
        &self,
        now: Instant,
        known: impl Fn(IpAddr) -> bool,
    ) -> Option<(Priority, IpAddr)> {
        let patience = self.down_interval().times(RIVAL_PATIENCE);
        let others = self.rivals.iter().filter(|(source, _)| !known(**source));
        let counts = others.filter(|(_, (priority, heard))| {
            let silence = now.since(*heard);
            silence <= patience || (*priority <= self.effective && silence <= RIVAL_MEMORY)
        });
        counts
            .map(|(source, (priority, _))| (*priority, *source))
            .max()
    }

    /// A peer that does not speak our channel hears a lower priority only when its timer runs out; priority 0 it hears at
    /// once. We serve on, and yield to whoever outranks us.
    fn resign_to_rival(&mut self, speaks: impl Fn(IpAddr) -> bool, fx: &mut Effects<'_>) {
        let better = self
            .best_rival_but(fx.now, speaks)
            .is_some_and(|(priority, _)| priority > self.effective);
        let may = self.spec.rules.fast_resignation
            && self.spec.preempt
            && !self.spec.is_owner()
            && self.spec.sync_group.is_none();
        if better && may && self.state == State::Active && !self.listening {
            self.advertise(Priority::RESIGN, fx);
            self.set_timer(Timer::Advertise, fx.now + self.spec.advert_interval);
        }
    }

    fn resign_released(&mut self, fx: &mut Effects<'_>) {
        self.advertise(Priority::RESIGN, fx);
        self.conclude(fx);
    }

    /// It has let go because somebody else serves; it stays configured.
    pub(super) fn stay_on(&mut self, fx: &mut Effects<'_>) {
        let leaving = self.leaving.clone();
        self.remove_addresses(fx);
        let told = leaving.as_ref().is_some_and(super::leave::Leaving::is_told);
        self.told_role = told;
        match self.faults.iter().next().cloned() {
            Some(fault) => self.enter_fault(fault, fx),
            None => {
                let cause = leaving.as_ref().map(|leaving| leaving.cause().clone());
                self.enter_backup(cause.unwrap_or(Cause::SyncGroup), fx);
                self.wish(super::Wish::Backup, fx);
                if let Some(heard) = leaving.and_then(|leaving| leaving.heard()) {
                    self.follow(heard, fx);
                    self.accept(heard, fx);
                }
            }
        }
        self.told_role = false;
    }
}
