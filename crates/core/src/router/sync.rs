//! What a member of a sync group leaves to its group: all members are Active or none is
//! (keepalived.conf(5), `vrrp_sync_group`). The group itself is [`crate::group`].

use alloc::string::String;

use standfast_wire::vrrp::Priority;

use super::announce::Sign;
use super::{Effects, Router, State, Timer};
use crate::journal::{Cause, Event, Fault};

/// What a member would do if it were alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Wish {
    /// Its down timer decides.
    #[default]
    Undecided,
    /// Somebody better is Active.
    Backup,
    /// Its down timer has run out.
    Active,
}

/// A member's side of its group.
#[derive(Clone, Debug, Default)]
pub(super) struct Membership {
    wish: Wish,
    cause: Option<Cause>,
    /// The Active router that it followed fell below it: it need not wait for its silence.
    pub(super) shortens: bool,
    /// A worse router has just been answered.
    pub(super) answered: bool,
    /// Another member has a fault.
    pub(super) fault: bool,
}

impl Membership {
    /// A new state begins with its own wishes; faults stay what they are.
    pub(super) fn forget(&mut self) {
        *self = Membership {
            fault: self.fault,
            ..Membership::default()
        };
    }
}

impl Router {
    /// Its group, unless it is on its way out.
    pub(crate) fn group(&self) -> Option<&String> {
        let stays = !self.is_leaving() && !self.finished;
        self.spec.sync_group.as_ref().filter(|_| stays)
    }

    /// Lets the group look at its members.
    pub(super) fn regroup(&self, fx: &mut Effects<'_>) {
        if let Some(group) = &self.spec.sync_group
            && !fx.regroup.contains(group)
        {
            fx.regroup.push(group.clone());
        }
    }

    /// Becomes Active, alone or once every member of its group wants to.
    pub(super) fn claim(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        if self.spec.sync_group.is_none() {
            return self.become_active(cause, fx);
        }
        if self.membership.wish != Wish::Active {
            self.report(Event::AwaitsGroup, fx);
        }
        self.membership.wish = Wish::Active;
        self.membership.cause = Some(cause);
        self.arm_down_timer(fx.now);
        self.regroup(fx);
    }

    pub(super) fn wish(&mut self, wish: Wish, fx: &mut Effects<'_>) {
        if self.spec.sync_group.is_some() && self.membership.wish != wish {
            self.membership.wish = wish;
            self.membership.shortens = false;
            self.regroup(fx);
        }
    }

    /// Whether it would be Active, and waits for the other members of its group.
    pub fn awaits_group(&self) -> bool {
        self.state == State::Backup && self.membership.wish == Wish::Active
    }

    /// Whether it would be Active, or is.
    pub(crate) fn joins_active(&self) -> bool {
        let wants = self.state == State::Backup && self.membership.wish == Wish::Active;
        wants || self.state == State::Active
    }

    /// Whether it knows of somebody better.
    pub(crate) fn keeps_backup(&self) -> bool {
        self.state == State::Backup && self.membership.wish == Wish::Backup
    }

    /// Whether it need not wait for the silence of the Active router.
    pub(crate) fn may_shorten(&self) -> bool {
        let wants = self.membership.wish == Wish::Active;
        self.state == State::Backup && (wants || self.membership.shortens)
    }

    /// Every member may: its down timer ends after the skew.
    pub(crate) fn shorten(&mut self, fx: &mut Effects<'_>) {
        if core::mem::take(&mut self.membership.shortens) {
            self.shorten_down_timer(fx);
        }
    }

    pub(super) fn shorten_down_timer(&mut self, fx: &mut Effects<'_>) {
        let soon = fx.now + self.skew();
        let due = self.timers.get(&Timer::Down).copied();
        self.set_timer(Timer::Down, due.map_or(soon, |due| due.min(soon)));
    }

    /// Every member wants to be Active.
    pub(crate) fn rise_with_group(&mut self, fx: &mut Effects<'_>) {
        if self.state == State::Backup {
            let cause = self.membership.cause.take().unwrap_or(Cause::SyncGroup);
            self.become_active(cause, fx);
        }
    }

    /// Another member is Backup: resigns, for whoever takes that member's place takes this one's
    /// as well. In strict mode keepalived's silence.
    pub(crate) fn fall_with_group(&mut self, fx: &mut Effects<'_>) {
        if self.state == State::Active {
            if self.spec.rules.conflict && !self.listening {
                self.advertise(Priority::RESIGN, fx);
            }
            self.enter_backup(Cause::SyncGroup, fx);
            self.membership.wish = Wish::Undecided;
        }
    }

    /// Another member had to answer a worse router: neighbours may have learned wrong of us too.
    pub(crate) fn answer_with_group(&mut self, fx: &mut Effects<'_>) {
        if self.state != State::Active || core::mem::take(&mut self.membership.answered) {
            return;
        }
        if !self.spec.lower_prio_no_advert && self.answers.take(fx.now).is_ok() {
            self.advertise(self.effective, fx);
        }
        self.conflict_sign(Sign::Advertisement, self.spec.garp.lower_prio_repeat, fx);
    }

    /// Whether it has had to answer a worse router since it was asked last.
    pub(crate) fn has_answered(&self) -> bool {
        self.membership.answered
    }

    /// Whether something of its own keeps it from taking part.
    pub(crate) fn has_own_fault(&self) -> bool {
        let shared = |fault: &Fault| matches!(fault, Fault::SyncGroup(_));
        self.faults.iter().any(|fault| !shared(fault))
    }

    /// Another member has a fault now, or none has any more; true if that is news.
    pub(crate) fn set_group_fault(&mut self, fault: bool) -> bool {
        core::mem::replace(&mut self.membership.fault, fault) != fault
    }
}
