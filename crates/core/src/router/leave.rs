//! Make before break: an Active router that leaves on purpose resigns and goes on answering until
//! its successor is there.
//!
//! Priority 0 is sent once (a repetition re-arms a backup's skew timer), and once more an interval
//! later if nobody took over. Any advertisement above 0, also a lower one, is the successor. Each
//! address is released when the successor announces it, or [`SUCCESSOR_TIME`] after the successor's
//! advertisement: keepalived advertises before it adds and announces.
//!
//! A successor that the peer channel knows is asked first ([`super::hand_over`]).

use core::net::IpAddr;

use standfast_wire::vrrp::Priority;

use super::fsm::Heard;
use super::hand_over::Want;
use super::{Effects, Router, State, Timer};
use crate::input::NotifyEvent;
use crate::journal::{Cause, Event, Fault};
use crate::spec::Leave;
use crate::time::{Instant, Micros};

/// From a successor's first advertisement until our addresses are removed.
pub const SUCCESSOR_TIME: Micros = Micros::from_millis(50);
/// Longest run of the scripts that an exclusive leaver waits for.
pub const SCRIPT_BOUND: Micros = Micros::from_secs(5);

/// How far a leaving router is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaving {
    cause: Cause,
    phase: Phase,
    after: After,
    /// Demoting: its own scripts have ended.
    scripts_ended: bool,
    /// Scripts have been told.
    told: bool,
    /// Who was asked to take over.
    successor: Option<IpAddr>,
    /// Not even a reload that names it again keeps it.
    for_good: bool,
    /// What the successor advertised last.
    heard: Option<Heard>,
}

impl Leaving {
    pub(super) fn is_told(&self) -> bool {
        self.told
    }

    pub(super) fn cause(&self) -> &Cause {
        &self.cause
    }

    pub(super) fn heard(&self) -> Option<Heard> {
        self.heard
    }

    /// Who was asked.
    pub(super) fn successor(&self) -> Option<IpAddr> {
        self.successor
    }
}

/// What becomes of a router that has let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// It is gone.
    Gone,
    /// It is Backup, or in FAULT.
    Stay,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Scripts run; we still advertise.
    Demoting,
    /// A successor was asked to take over; we still advertise.
    Offering,
    /// Has let go, and a successor was asked to take over.
    Released,
    /// Resigned; answers until a successor is there.
    Serving,
    /// A successor has advertised.
    Succeeded,
}

impl Router {
    pub(super) fn leave(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        let rule = self.spec.rules.leave;
        match rule {
            Leave::Overlap if self.want(Want::Leave(cause.clone()), fx) => {}
            Leave::Overlap | Leave::Immediate => self.leave_alone(cause, fx),
            Leave::Exclusive => self.demote(cause, After::Gone, fx),
        }
    }

    /// Without a successor that could be asked.
    pub(super) fn leave_alone(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        match self.spec.rules.leave {
            Leave::Immediate => {
                self.advertise(Priority::RESIGN, fx);
                self.enter_leaving(cause, Phase::Succeeded, After::Gone, fx);
                self.release(fx);
            }
            Leave::Overlap | Leave::Exclusive => {
                self.enter_leaving(cause, Phase::Serving, After::Gone, fx);
                self.await_successor(fx);
            }
        }
    }

    /// Resigns and goes on answering.
    pub(super) fn await_successor(&mut self, fx: &mut Effects<'_>) {
        self.advertise(Priority::RESIGN, fx);
        if let Some(leaving) = &mut self.leaving {
            leaving.phase = Phase::Serving;
        }
        self.timers.clear();
        let bound = self.leave_bound();
        self.event(Event::AwaitingSuccessor(bound), fx);
        self.set_timer(Timer::LeaveBound, fx.now + bound);
        self.set_timer(Timer::ResignAgain, fx.now + self.spec.advert_interval);
    }

    /// Scripts first, then let go, then let the successor take.
    pub(super) fn demote(&mut self, cause: Cause, after: After, fx: &mut Effects<'_>) {
        let next = self.timers.get(&Timer::Advertise).copied();
        self.enter_leaving(cause, Phase::Demoting, after, fx);
        self.set_timer(Timer::Advertise, next.unwrap_or(fx.now));
        self.set_timer(Timer::ScriptBound, fx.now + SCRIPT_BOUND);
        if let Some(leaving) = &mut self.leaving {
            leaving.told = true;
        }
        self.notify(self.farewell(), true, fx);
    }

    /// A successor has this long to appear.
    pub fn leave_bound(&self) -> Micros {
        let adverts = u64::from(self.spec.down_timer_adverts) + 1;
        self.spec.advert_interval.times(adverts)
    }

    /// From a successor's first advertisement until our addresses are removed. Behind one MAC address a switch sends
    /// all frames to whoever spoke last, so that what we said afterwards would turn them back to us.
    pub(crate) fn succession(&self) -> Micros {
        if self.spec.has_virtual_mac() {
            Micros::ZERO
        } else {
            SUCCESSOR_TIME
        }
    }

    pub(super) fn enter_leaving(
        &mut self,
        cause: Cause,
        phase: Phase,
        after: After,
        fx: &mut Effects<'_>,
    ) {
        self.state = State::Leaving;
        self.since = fx.now;
        self.timers.clear();
        self.announcer.forget();
        if after == After::Gone {
            self.witness.note_transition(State::Leaving, &cause);
            self.counters.released += 1;
            let event = Event::Entering {
                state: State::Leaving,
                cause: cause.clone(),
            };
            self.event(event, fx);
        }
        self.leaving = Some(Leaving {
            cause,
            phase,
            after,
            scripts_ended: false,
            told: false,
            successor: None,
            for_good: false,
            heard: None,
        });
        self.changed(fx);
        self.regroup(fx);
    }

    pub(super) fn set_successor(&mut self, to: IpAddr) {
        if let Some(leaving) = &mut self.leaving {
            leaving.successor = Some(to);
        }
    }

    pub(super) fn after(&self) -> After {
        self.leaving
            .as_ref()
            .map_or(After::Gone, |leaving| leaving.after)
    }

    /// Told to leave while it hands over: it does not stay.
    pub(super) fn leave_instead(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        match &mut self.leaving {
            Some(leaving) if leaving.after == After::Stay => {
                leaving.after = After::Gone;
                leaving.cause = cause;
                leaving.told = false;
                self.counters.released += 1;
            }
            Some(_) | None => self.release(fx),
        }
    }

    /// A fault while it lets go: who cannot be reached has nobody to wait for.
    pub(super) fn leaving_faulted(&mut self, fault: &Fault, fx: &mut Effects<'_>) {
        let served = matches!(
            fault,
            Fault::TrackedInterfaceDown(_)
                | Fault::CheckFailed(_)
                | Fault::FileNumber(_)
                | Fault::ProcessQuorum(_)
                | Fault::BfdDown(_)
                | Fault::Drained
                | Fault::SyncGroup(_)
        );
        if self.after() == After::Gone || !served {
            self.release(fx);
        }
    }

    /// Whether it was taken out of the configuration, and nobody has taken over since.
    pub(crate) fn can_stay(&self) -> bool {
        let removed = self
            .leaving
            .as_ref()
            .is_some_and(|leaving| leaving.cause == Cause::Removed && !leaving.for_good);
        removed && self.phase() != Phase::Succeeded && !self.finished
    }

    /// Another member of its group cannot stay.
    pub(crate) fn leave_for_good(&mut self) {
        if let Some(leaving) = &mut self.leaving {
            leaving.for_good = true;
        }
    }

    /// What scripts are told: a removed instance goes to FAULT unless it asks for DELETED, as in keepalived.
    fn farewell(&self) -> NotifyEvent {
        match self.leaving.as_ref().map(|leaving| &leaving.cause) {
            Some(Cause::Removed) if self.spec.notify.deleted => NotifyEvent::Deleted,
            Some(Cause::Removed) => NotifyEvent::Fault,
            _ if self.after() == After::Gone => NotifyEvent::Stop,
            _ if self.faults.is_empty() => NotifyEvent::Backup,
            _ => NotifyEvent::Fault,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.leaving
            .as_ref()
            .map_or(Phase::Succeeded, |leaving| leaving.phase)
    }

    pub(super) fn leaving_heard(&mut self, heard: Heard, fx: &mut Effects<'_>) {
        if heard.priority == Priority::RESIGN {
            return;
        }
        match self.phase() {
            Phase::Demoting if heard.priority > self.effective => self.release(fx),
            Phase::Demoting => {}
            Phase::Succeeded => self.note_successor(heard),
            Phase::Offering if self.succeeds(heard) => {
                self.note_successor(heard);
                self.succeeded(heard.source, heard.priority, fx);
            }
            // Somebody who does not know that we hand over.
            Phase::Offering => {}
            Phase::Released => {
                self.note_successor(heard);
                self.conclude(fx);
            }
            Phase::Serving => {
                self.note_successor(heard);
                self.succeeded(heard.source, heard.priority, fx);
            }
        }
    }

    fn note_successor(&mut self, heard: Heard) {
        if let Some(leaving) = &mut self.leaving {
            leaving.heard = Some(heard);
        }
    }

    /// Whether that router has the addresses now: the one that we asked, or a better one than we are.
    fn succeeds(&self, heard: Heard) -> bool {
        let asked = self.leaving.as_ref().and_then(|leaving| leaving.successor);
        asked == Some(heard.source) || heard.priority > self.effective
    }

    /// Somebody has taken over and adds the addresses now.
    pub(super) fn succeeded(&mut self, from: IpAddr, priority: Priority, fx: &mut Effects<'_>) {
        self.counters.handovers = self.counters.handovers.saturating_add(1);
        self.event(Event::SuccessorHeard { from, priority }, fx);
        if let Some(leaving) = &mut self.leaving {
            leaving.phase = Phase::Succeeded;
        }
        self.timers.clear();
        self.set_timer(Timer::Release, fx.now + self.succession());
    }

    /// The successor's announcement of one address releases that address.
    pub(super) fn successor_announced(&mut self, address: IpAddr, fx: &mut Effects<'_>) {
        // A burst announces each address several times.
        if matches!(self.phase(), Phase::Demoting | Phase::Released) || self.finished {
            return;
        }
        self.remove_address(address, fx);
        if !self.holds_any() {
            self.release(fx);
        }
    }

    pub(super) fn leaving_timer(&mut self, timer: Timer, due: Instant, fx: &mut Effects<'_>) {
        match timer {
            Timer::Advertise if matches!(self.phase(), Phase::Demoting | Phase::Offering) => {
                self.advertise(self.effective, fx);
                let next = due + self.spec.advert_interval;
                let late = fx.now + self.spec.advert_interval;
                self.set_timer(Timer::Advertise, if next > fx.now { next } else { late });
            }
            Timer::ResignAgain => self.advertise(Priority::RESIGN, fx),
            Timer::LeaveBound => {
                self.event(Event::NoSuccessor, fx);
                match self.after() {
                    After::Gone => self.release(fx),
                    After::Stay => self.serve_on(fx),
                }
            }
            Timer::ScriptBound => self.scripts_done(fx),
            Timer::Release => self.release(fx),
            // Has let go, but for what the kernel refused to remove.
            Timer::Reconcile if self.finished || self.phase() == Phase::Released => {
                self.reconcile(fx);
            }
            _ => {}
        }
    }

    pub(crate) fn note_scripts_ended(&mut self) {
        if let Some(leaving) = &mut self.leaving {
            leaving.scripts_ended = true;
        }
    }

    /// Whether its own scripts keep it from letting go.
    pub(crate) fn awaits_scripts(&self) -> bool {
        let ended = self
            .leaving
            .as_ref()
            .is_some_and(|leaving| leaving.scripts_ended);
        self.state == State::Leaving && self.phase() == Phase::Demoting && !ended
    }

    /// Exclusive: first let go, then let the successor take.
    pub(super) fn scripts_done(&mut self, fx: &mut Effects<'_>) {
        if self.phase() != Phase::Demoting {
            return;
        }
        self.remove_addresses(fx);
        if self.want(Want::Released, fx) {
            self.timers.clear();
            if let Some(leaving) = &mut self.leaving {
                leaving.phase = Phase::Released;
            }
        } else {
            self.advertise(Priority::RESIGN, fx);
            self.conclude(fx);
        }
    }

    /// The end of leaving, however it came.
    pub(super) fn release(&mut self, fx: &mut Effects<'_>) {
        let phase = self.phase();
        self.remove_addresses(fx);
        if matches!(phase, Phase::Demoting | Phase::Offering) {
            self.advertise(Priority::RESIGN, fx);
        }
        self.conclude(fx);
    }

    /// Has let go: is gone, or stays as what it is now. Once: what still comes in for who is gone is no second end.
    pub(super) fn conclude(&mut self, fx: &mut Effects<'_>) {
        if self.finished {
            return;
        }
        if self.after() == After::Stay {
            return self.stay_on(fx);
        }
        if !self.leaving.as_ref().is_some_and(Leaving::is_told) {
            self.notify(self.farewell(), false, fx);
        }
        self.finish(fx);
    }

    /// A router that serves nothing leaves without a word on the wire (RFC 9568 §6.4.2).
    pub(super) fn leave_quietly(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        self.leaving = Some(Leaving {
            cause,
            phase: Phase::Succeeded,
            after: After::Gone,
            scripts_ended: true,
            told: true,
            successor: None,
            for_good: false,
            heard: None,
        });
        self.remove_addresses(fx);
        self.notify(self.farewell(), false, fx);
        self.state = State::Leaving;
        self.finish(fx);
    }

    fn finish(&mut self, fx: &mut Effects<'_>) {
        self.event(Event::Released, fx);
        // What the kernel has refused is still to be done.
        self.timers.retain(|timer, _| *timer == Timer::Reconcile);
        if let Some(leaving) = &mut self.leaving {
            // Nobody is asked to take over any more.
            leaving.phase = Phase::Succeeded;
        }
        self.finished = true;
        self.changed(fx);
    }
}
