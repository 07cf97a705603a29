//! Steering: what operators ask of a router. A switchover and a drain are handovers whose reason is that somebody said so
//! ([`super::hand_over`]); afterwards the router leaves its successor alone, or is the last resort.

use core::net::IpAddr;

use standfast_wire::vrrp::Priority;

use super::leave::{After, Phase};
use super::{Effects, Router, State, Timer, Want};
use crate::journal::{Cause, Event};
use crate::spec::Leave;
use crate::steering::{Hold, Obstacle};

/// How far a move is that an operator has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steered {
    /// The successor is awaited.
    Underway,
    /// It has taken over.
    To(IpAddr),
    /// It is Active no more, and nobody in particular has taken over.
    Away,
    /// Nobody has taken over: it serves on.
    Stayed,
}

impl Router {
    /// What keeps it from being moved.
    pub(crate) fn obstacle(&self) -> Option<Obstacle> {
        match self.state {
            State::Active if self.listening => Some(Obstacle::Listening),
            State::Active if self.wants.is_some() => Some(Obstacle::Leaving),
            State::Active if self.holds_own() => Some(Obstacle::OwnAddresses),
            State::Active => None,
            State::Leaving => Some(Obstacle::Leaving),
            State::Initialize | State::Backup | State::Fault => {
                let master = self.followed.map(|followed| followed.address);
                Some(Obstacle::NotActive {
                    state: self.state,
                    master,
                })
            }
        }
    }

    /// An operator moves it away; the node finds the successor before the input has ended.
    pub(crate) fn move_away(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        if self.state != State::Active || self.wants.is_some() {
            return;
        }
        self.steered = Some(Steered::Underway);
        if !self.want(Want::Move(cause.clone()), fx) {
            self.move_alone(cause, fx);
        }
    }

    /// No successor can be asked: a resignation lets whoever listens take over.
    pub(super) fn move_alone(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        match self.spec.rules.leave {
            Leave::Immediate => {
                self.advertise(Priority::RESIGN, fx);
                self.enter_backup(cause, fx);
            }
            Leave::Overlap => {
                self.enter_leaving(cause, Phase::Serving, After::Stay, fx);
                self.await_successor(fx);
            }
            Leave::Exclusive => self.demote(cause, After::Stay, fx),
        }
    }

    /// The successor that was asked has not taken: a drain goes the protocol's way, a switchover has failed.
    pub(super) fn move_failed(&mut self, fx: &mut Effects<'_>) {
        let cause = self.leaving.as_ref().map(|leaving| leaving.cause().clone());
        match cause {
            Some(Cause::Drained) => self.await_successor(fx),
            Some(_) | None => self.serve_on(fx),
        }
    }

    /// Whether it is in the middle of a move that an operator has asked for.
    pub(super) fn is_steered(&self) -> bool {
        self.is_underway() && self.after() == After::Stay
    }

    /// Nobody has taken over: it is Active as before.
    pub(super) fn serve_on(&mut self, fx: &mut Effects<'_>) {
        self.state = State::Active;
        self.leaving = None;
        self.steered = Some(Steered::Stayed);
        self.timers.retain(|timer, _| *timer == Timer::Reconcile);
        self.advertise(self.effective, fx);
        self.set_timer(Timer::Advertise, fx.now + self.spec.advert_interval);
        self.event(Event::ServesOn, fx);
        self.resume_refresh(fx.now);
        self.reconcile(fx);
        self.changed(fx);
        self.regroup(fx);
    }

    /// It is about to enter that state. The successor of a switchover is left alone from now on; where none is known
    /// yet, whoever is heard first.
    pub(super) fn note_moved(&mut self, state: State, cause: &Cause) {
        let leaving = self.leaving.as_ref();
        let successor = leaving.and_then(|leaving| {
            let heard = leaving.heard().map(|heard| heard.source);
            heard.or(leaving.successor())
        });
        let switched = *cause == Cause::Switchover;
        match state {
            State::Active => self.yields_to = None,
            State::Backup if switched => {
                self.yields_to = successor;
                self.yields_to_first = successor.is_none();
            }
            State::Backup | State::Initialize | State::Fault | State::Leaving => {}
        }
        if self.is_underway() {
            self.steered = Some(match (state, successor) {
                (State::Active, _) => Steered::Stayed,
                (State::Backup, Some(to)) => Steered::To(to),
                (State::Backup | State::Leaving | State::Initialize, _) => Steered::Underway,
                (State::Fault, _) => Steered::Away,
            });
        }
    }

    /// Somebody else is Active after a move whose successor was not known.
    pub(super) fn note_successor_of_move(&mut self, source: IpAddr) {
        if core::mem::take(&mut self.yields_to_first) {
            self.yields_to = Some(source);
        }
        if self.is_underway() {
            self.steered = Some(Steered::To(source));
        }
    }

    /// Whether a move goes on.
    pub(crate) fn is_underway(&self) -> bool {
        self.steered == Some(Steered::Underway)
    }

    /// What has become of the move, once it is over.
    pub(crate) fn take_steered(&mut self) -> Option<Steered> {
        let over = self.steered.filter(|it| *it != Steered::Underway);
        if over.is_some() {
            self.steered = None;
        }
        over
    }

    /// Whether a drain holds it down now, and how.
    pub fn hold(&self) -> Option<Hold> {
        self.hold
    }

    /// The master that it leaves alone although it is lower: a switchover has made it one.
    pub fn yields_to(&self) -> Option<IpAddr> {
        self.yields_to
    }

    /// From now on the usual election.
    pub(crate) fn stop_yielding(&mut self) {
        self.yields_to = None;
        self.yields_to_first = false;
    }

    /// Whether that router's advertisements count as better than ours.
    pub(super) fn yields(&self, source: IpAddr) -> bool {
        self.yields_to == Some(source)
    }

    /// A drain began or ended. The priority follows in the next evaluation.
    pub(super) fn set_hold(&mut self, hold: Option<Hold>) {
        // What is the host's own cannot go.
        self.hold = hold.filter(|_| !self.holds_own());
    }
}
