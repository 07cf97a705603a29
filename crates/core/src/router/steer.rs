//! Steering: what operators ask of a router. A switchover and a drain are handovers whose reason is that somebody said so
//! ([`super::hand_over`]); afterwards the router leaves its successor alone, or is the last resort.

use core::net::IpAddr;

use standfast_wire::vrrp::Priority;

use super::leave::{After, Phase};
use super::{Effects, Router, State, Timer, Want};
use crate::journal::{Cause, Event};
use crate::spec::Leave;
use crate::steering::{Hold, Obstacle};
use crate::time::Micros;

/// In an input of its own, and at once for whoever looks on.
const SOON: Micros = Micros::from_millis(1);

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

/// Whom a router leaves alone although it is lower: the one that an operator has made Active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reserve {
    /// Nobody.
    None,
    /// Whoever will be the successor of the switchover that goes on.
    Asked,
    /// Whoever is heard first.
    First,
    /// That router.
    To(IpAddr),
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
        self.resigns_if_refused = cause == Cause::Drained;
        self.begin_move(cause, fx);
    }

    /// A drained router has found somebody who may take it. If that one does not, nothing has happened.
    pub(crate) fn move_if_taken(&mut self, fx: &mut Effects<'_>) {
        self.resigns_if_refused = false;
        self.begin_move(Cause::Drained, fx);
    }

    /// Nobody is there who could take it: there is no move, unless an earlier order's goes on.
    pub(crate) fn stay_put(&mut self) {
        if !self.is_underway() {
            self.steered = Some(Steered::Stayed);
        }
    }

    fn begin_move(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        if self.state != State::Active || self.wants.is_some() {
            return;
        }
        self.steered = Some(Steered::Underway);
        self.reserve = match cause {
            Cause::Switchover => Reserve::Asked,
            _ => Reserve::None,
        };
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
        match self.resigns_if_refused {
            true => self.await_successor(fx),
            false => self.serve_on(fx),
        }
    }

    /// Whether it is in the middle of a move that an operator has asked for.
    pub(super) fn is_steered(&self) -> bool {
        self.is_underway() && self.after() == After::Stay
    }

    /// Nobody has taken over: it is Active as before.
    pub(super) fn serve_on(&mut self, fx: &mut Effects<'_>) {
        if let Some(fault) = self.faults.iter().next().cloned() {
            return self.fall_alone(fault, fx);
        }
        self.state = State::Active;
        self.leaving = None;
        self.steered = Some(Steered::Stayed);
        self.reserve = Reserve::None;
        self.timers.retain(|timer, _| *timer == Timer::Reconcile);
        // Its silence was on purpose: a late wake-up does not mean that this host has slept for as long.
        self.last_sent = fx.now;
        // Not before its sync group has had its say.
        self.set_timer(Timer::Advertise, fx.now + SOON);
        self.event(Event::ServesOn, fx);
        self.resume_refresh(fx.now);
        self.reconcile(fx);
        self.changed(fx);
        self.regroup(fx);
    }

    /// It is about to enter that state. The successor of a switchover is left alone from now on; where none is known
    /// yet, whoever is heard first.
    pub(super) fn note_moved(&mut self, state: State) {
        let leaving = self.leaving.as_ref();
        let successor = leaving.and_then(|leaving| {
            let heard = leaving.heard().map(|heard| heard.source);
            heard.or(leaving.successor())
        });
        self.reserve = match (state, self.reserve) {
            (State::Active, _) => Reserve::None,
            (State::Backup, Reserve::Asked) => successor.map_or(Reserve::First, Reserve::To),
            (_, reserve) => reserve,
        };
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
        if self.reserve == Reserve::First {
            self.reserve = Reserve::To(source);
        }
        if self.is_underway() {
            self.steered = Some(Steered::To(source));
        }
    }

    /// Whether a move goes on.
    pub(crate) fn is_underway(&self) -> bool {
        self.steered == Some(Steered::Underway)
    }

    /// How far the last move is, or what has become of it, until [`Self::forget_move`].
    pub(crate) fn steered(&self) -> Option<Steered> {
        self.steered
    }

    /// What has become of the move is known to whoever asked for it.
    pub(crate) fn forget_move(&mut self) {
        self.steered = self.steered.filter(|it| *it == Steered::Underway);
    }

    /// Whether a drain holds it down now, and how.
    pub fn hold(&self) -> Option<Hold> {
        self.hold
    }

    /// The master that it leaves alone although it is lower: a switchover has made it one.
    pub fn yields_to(&self) -> Option<IpAddr> {
        match self.reserve {
            Reserve::To(other) => Some(other),
            Reserve::None | Reserve::Asked | Reserve::First => None,
        }
    }

    /// From now on the usual election.
    pub(crate) fn stop_yielding(&mut self) {
        self.reserve = Reserve::None;
    }

    /// Whether that router's advertisements count as better than ours.
    pub(super) fn yields(&self, source: IpAddr) -> bool {
        self.yields_to() == Some(source)
    }

    /// A drain began or ended. The priority follows in the next evaluation.
    pub(super) fn set_hold(&mut self, hold: Option<Hold>, fx: &mut Effects<'_>) {
        // What is the host's own cannot go.
        let hold = hold.filter(|_| !self.holds_own());
        if core::mem::replace(&mut self.hold, hold) != hold {
            // Its priority may have been that of the last resort before.
            self.changed(fx);
        }
    }
}
