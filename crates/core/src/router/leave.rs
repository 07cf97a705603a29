//! Make before break: an Active router that leaves on purpose resigns and goes on answering until
//! its successor is there.
//!
//! Priority 0 is sent once (a repetition re-arms a backup's skew timer), and once more an interval
//! later if nobody took over. Any advertisement above 0, also a lower one, is the successor. Each
//! address is released when the successor announces it, or [`SUCCESSOR_TIME`] after the successor's
//! advertisement: keepalived advertises before it adds and announces.

use core::net::IpAddr;

use standfast_wire::vrrp::Priority;

use super::fsm::Heard;
use super::{Effects, Router, State, Timer};
use crate::input::NotifyEvent;
use crate::journal::{Cause, Event};
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
    /// Demoting: its own scripts have ended.
    scripts_ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Scripts run; we still advertise.
    Demoting,
    /// Resigned; answers until a successor is there.
    Serving,
    /// A successor has advertised.
    Succeeded,
}

impl Router {
    pub(super) fn leave(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        match self.spec.rules.leave {
            Leave::Immediate => {
                self.advertise(Priority::RESIGN, fx);
                self.enter_leaving(cause, Phase::Succeeded, fx);
                self.release(fx);
            }
            Leave::Overlap => {
                self.advertise(Priority::RESIGN, fx);
                self.enter_leaving(cause, Phase::Serving, fx);
                let bound = self.leave_bound();
                self.event(Event::AwaitingSuccessor(bound), fx);
                self.set_timer(Timer::LeaveBound, fx.now + bound);
                self.set_timer(Timer::ResignAgain, fx.now + self.spec.advert_interval);
            }
            Leave::Exclusive => {
                let next = self.timers.get(&Timer::Advertise).copied();
                self.enter_leaving(cause, Phase::Demoting, fx);
                self.set_timer(Timer::Advertise, next.unwrap_or(fx.now));
                self.set_timer(Timer::ScriptBound, fx.now + SCRIPT_BOUND);
                self.notify(self.farewell(), true, fx);
            }
        }
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

    fn enter_leaving(&mut self, cause: Cause, phase: Phase, fx: &mut Effects<'_>) {
        self.state = State::Leaving;
        self.since = fx.now;
        self.timers.clear();
        self.announcer.forget();
        self.counters.released += 1;
        let event = Event::Entering {
            state: State::Leaving,
            cause: cause.clone(),
        };
        self.event(event, fx);
        self.leaving = Some(Leaving {
            cause,
            phase,
            scripts_ended: false,
        });
    }

    /// Whether it was taken out of the configuration, and nobody has taken over since.
    pub(crate) fn can_stay(&self) -> bool {
        let removed = self
            .leaving
            .as_ref()
            .is_some_and(|leaving| leaving.cause == Cause::Removed);
        removed && self.phase() != Phase::Succeeded && !self.finished
    }

    /// What scripts are told: a removed instance goes to FAULT unless it asks for DELETED, as in keepalived.
    fn farewell(&self) -> NotifyEvent {
        match self.leaving.as_ref().map(|leaving| &leaving.cause) {
            Some(Cause::Removed) if self.spec.notify.deleted => NotifyEvent::Deleted,
            Some(Cause::Removed) => NotifyEvent::Fault,
            _ => NotifyEvent::Stop,
        }
    }

    fn phase(&self) -> Phase {
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
            Phase::Demoting | Phase::Succeeded => {}
            Phase::Serving => {
                let (from, priority) = (heard.source, heard.priority);
                self.event(Event::SuccessorHeard { from, priority }, fx);
                if let Some(leaving) = &mut self.leaving {
                    leaving.phase = Phase::Succeeded;
                }
                self.timers.clear();
                self.set_timer(Timer::Release, fx.now + self.succession());
            }
        }
    }

    /// The successor's announcement of one address releases that address.
    pub(super) fn successor_announced(&mut self, address: IpAddr, fx: &mut Effects<'_>) {
        // A burst announces each address several times.
        if self.phase() == Phase::Demoting || self.finished {
            return;
        }
        self.remove_address(address, fx);
        if !self.holds_any() {
            self.release(fx);
        }
    }

    pub(super) fn leaving_timer(&mut self, timer: Timer, due: Instant, fx: &mut Effects<'_>) {
        match timer {
            Timer::Advertise if self.phase() == Phase::Demoting => {
                self.advertise(self.effective, fx);
                let next = due + self.spec.advert_interval;
                let late = fx.now + self.spec.advert_interval;
                self.set_timer(Timer::Advertise, if next > fx.now { next } else { late });
            }
            Timer::ResignAgain => self.advertise(Priority::RESIGN, fx),
            Timer::LeaveBound => {
                self.event(Event::NoSuccessor, fx);
                self.release(fx);
            }
            Timer::ScriptBound => self.scripts_done(fx),
            Timer::Release => self.release(fx),
            // Gone, but for what the kernel refused to remove.
            Timer::Reconcile if self.finished => self.reconcile(fx),
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
        self.is_leaving() && self.phase() == Phase::Demoting && !ended
    }

    /// Exclusive: first let go, then let the successor take.
    pub(super) fn scripts_done(&mut self, fx: &mut Effects<'_>) {
        if self.phase() == Phase::Demoting {
            self.remove_addresses(fx);
            self.advertise(Priority::RESIGN, fx);
            self.finish(fx);
        }
    }

    /// The end of leaving, however it came.
    pub(super) fn release(&mut self, fx: &mut Effects<'_>) {
        let phase = self.phase();
        self.remove_addresses(fx);
        if phase == Phase::Demoting {
            self.advertise(Priority::RESIGN, fx);
        } else {
            self.notify(self.farewell(), false, fx);
        }
        self.finish(fx);
    }

    /// A router that serves nothing leaves without a word on the wire (RFC 9568 §6.4.2).
    pub(super) fn leave_quietly(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        self.leaving = Some(Leaving {
            cause,
            phase: Phase::Succeeded,
            scripts_ended: true,
        });
        self.remove_addresses(fx);
        self.notify(self.farewell(), false, fx);
        self.state = State::Leaving;
        self.finish(fx);
    }

    fn finish(&mut self, fx: &mut Effects<'_>) {
        self.event(Event::Released, fx);
        self.timers.clear();
        self.finished = true;
    }
}
