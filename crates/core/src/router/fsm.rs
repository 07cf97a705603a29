//! What happens in which state: one exhaustive table, and the transitions it names.

use core::cmp::Ordering;
use core::net::IpAddr;

use standfast_wire::MacAddress;
use standfast_wire::vrrp::Priority;

use super::announce::Sign;
use super::start_probe::StartProbe;
use super::{
    ELECTION_REPORT_PERIOD, Effects, Followed, PreemptDelay, REPORT_PERIOD, Router, State, Timer,
    Wish,
};
use crate::input::NotifyEvent;
use crate::journal::{Cause, Event, Fault};
use crate::spec::Wanted;
use crate::time::{Instant, Micros};

/// An advertisement that has passed every check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) source: IpAddr,
    pub(super) priority: Priority,
    pub(super) interval: Micros,
}

/// One thing that happens to a router.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Every check has reported and there is no fault.
    Ready,
    /// A fault appeared.
    Faulted(Fault),
    /// The last fault is gone.
    Cleared,
    /// An advertisement was accepted.
    Heard(Heard),
    /// A timer that was due at `due` fired.
    Timer { timer: Timer, due: Instant },
    /// Somebody else answers for one of our addresses.
    OtherHolder { address: IpAddr, mac: MacAddress },
    /// The scripts that a leaving router waits for have ended.
    ScriptsDone,
    /// Others deleted our addresses too often.
    AddressesLost,
    /// Leave, because of a stop or of a removal; a second time: at once.
    Leave(Cause),
}

impl Router {
    pub(super) fn step(&mut self, step: Step, fx: &mut Effects<'_>) {
        match (self.state, step) {
            (State::Initialize, Step::Ready) => self.start(Cause::Started, fx),
            (State::Fault, Step::Cleared) => {
                self.announce_source(fx);
                self.start(Cause::FaultCleared, fx);
            }
            (State::Initialize | State::Backup, Step::Faulted(fault)) => {
                self.enter_fault(fault, fx);
            }
            (State::Active, Step::Faulted(fault)) => self.fall(fault, fx),
            (State::Leaving, Step::Faulted(fault)) => self.leaving_faulted(&fault, fx),

            (State::Initialize, Step::Heard(heard)) if heard.priority != Priority::RESIGN => {
                self.let_go_of_adopted(fx);
            }
            (State::Backup, Step::Heard(heard)) => self.backup_heard(heard, fx),
            (State::Active, Step::Heard(heard)) => self.active_heard(heard, fx),
            (State::Leaving, Step::Heard(heard)) => self.leaving_heard(heard, fx),

            (State::Backup, Step::Timer { timer, due }) => self.backup_timer(timer, due, fx),
            (State::Active, Step::Timer { timer, due }) => self.active_timer(timer, due, fx),
            (State::Leaving, Step::Timer { timer, due }) => self.leaving_timer(timer, due, fx),
            (State::Initialize | State::Fault, Step::Timer { timer, .. }) => {
                self.idle_timer(timer, fx);
            }

            (State::Active, Step::OtherHolder { address, mac }) => {
                self.report_other_holder(address, mac, fx);
                self.conflict_sign(Sign::Trace, 1, fx);
            }
            (State::Backup, Step::OtherHolder { address, mac }) => {
                self.start_probe_answered(address, mac, fx);
            }
            (State::Leaving, Step::OtherHolder { address, .. }) => {
                self.successor_announced(address, fx);
            }
            (State::Active, Step::AddressesLost) => {
                self.advertise(Priority::RESIGN, fx);
                self.enter_backup(Cause::AddressesLost, fx);
            }

            (State::Active, Step::Leave(cause)) => self.leave(cause, fx),
            (State::Leaving, Step::Leave(cause)) => self.leave_instead(cause, fx),
            (State::Leaving, Step::ScriptsDone) => self.scripts_done(fx),
            (State::Initialize | State::Backup | State::Fault, Step::Leave(cause)) => {
                self.leave_quietly(cause, fx);
            }

            (State::Fault, Step::Faulted(_) | Step::Ready)
            | (State::Initialize, Step::Cleared)
            | (State::Backup | State::Active | State::Leaving, Step::Ready | Step::Cleared)
            | (State::Initialize | State::Fault, Step::Heard(_))
            | (
                State::Initialize | State::Backup | State::Fault,
                Step::AddressesLost | Step::ScriptsDone,
            )
            | (State::Initialize | State::Fault, Step::OtherHolder { .. })
            | (State::Active, Step::ScriptsDone)
            | (State::Leaving, Step::AddressesLost) => {}
        }
    }

    /// Takes part from now on (RFC 9568 §6.4.1). An owner is Active at once; everybody else, also
    /// with `state MASTER`, listens for a whole down interval first.
    fn start(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        self.started = true;
        let free = self.spec.wanted != Wanted::Backup && self.hold.is_none();
        let owner_starts = self.spec.is_owner() && free;
        if owner_starts && fx.now >= self.not_before && self.spec.sync_group.is_some() {
            self.enter_backup(cause, fx);
            self.claim(Cause::Owner, fx);
        } else if owner_starts && fx.now >= self.not_before {
            self.become_active(Cause::Owner, fx);
        } else {
            let first = cause == Cause::Started;
            self.enter_backup(cause, fx);
            if first {
                self.begin_start_probe(fx);
            }
        }
    }

    fn enter(&mut self, state: State, cause: Cause, fx: &mut Effects<'_>) {
        if self.state == State::Active || self.is_handing_over() {
            self.counters.released += 1;
        }
        self.note_moved(state);
        self.state = state;
        self.since = fx.now;
        self.listening = false;
        self.preempt_delay = PreemptDelay::Idle;
        self.resigned = false;
        self.start_probe = StartProbe::Off;
        // What the kernel has refused is still to be done.
        self.timers.retain(|timer, _| *timer == Timer::Reconcile);
        self.announcer.forget();
        self.wants = None;
        self.leaving = None;
        self.witness.note_transition(state, &cause);
        self.event(Event::Entering { state, cause }, fx);
        self.changed(fx);
        self.membership.forget();
        self.regroup(fx);
    }

    pub(super) fn enter_backup(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        let was_serving = self.state == State::Active;
        self.enter(State::Backup, cause, fx);
        self.active_interval = self.spec.advert_interval;
        self.arm_down_timer(fx.now);
        if was_serving {
            self.remove_addresses(fx);
            self.wish(Wish::Backup, fx);
        }
        if !self.told_role {
            self.notify(NotifyEvent::Backup, false, fx);
        }
    }

    pub(super) fn enter_fault(&mut self, fault: Fault, fx: &mut Effects<'_>) {
        self.enter(State::Fault, Cause::Fault(fault), fx);
        self.followed = None;
        self.remove_addresses(fx);
        if !self.told_role {
            self.notify(NotifyEvent::Fault, false, fx);
        }
    }

    /// The advertisement goes out before the addresses are added, so that the router that had them
    /// can drop them first.
    pub(super) fn become_active(&mut self, cause: Cause, fx: &mut Effects<'_>) {
        let contested = self.resigned || self.lower_is_active(fx.now);
        self.enter(State::Active, cause, fx);
        self.active_interval = self.spec.advert_interval;
        self.counters.became_active += 1;
        self.term = self.term.wrapping_add(1);
        self.advertise(self.effective, fx);
        self.set_timer(Timer::Advertise, fx.now + self.spec.advert_interval);
        self.announcer
            .expect_conflict(contested && self.spec.rules.conflict);
        self.add_addresses(fx);
        self.notify(NotifyEvent::Master, false, fx);
    }

    /// Takes back its resignation: its advertisement keeps the others from taking over.
    pub(super) fn stay(&mut self, fx: &mut Effects<'_>) {
        self.leaving = None;
        self.become_active(Cause::ConfiguredAgain, fx);
    }

    /// Whether a router that we are about to preempt has been heard within its down interval.
    fn lower_is_active(&self, now: Instant) -> bool {
        self.followed
            .is_some_and(|followed| now.since(followed.heard) < self.down_interval())
    }

    pub(super) fn arm_down_timer(&mut self, now: Instant) {
        let from = now.max(self.not_before);
        self.set_timer(Timer::Down, from + self.down_interval());
    }

    fn backup_timer(&mut self, timer: Timer, due: Instant, fx: &mut Effects<'_>) {
        match timer {
            Timer::Down => {
                self.event(Event::AdvertisementTimeout, fx);
                self.claim(self.reason_to_claim(fx.now), fx);
            }
            Timer::StartProbe => self.start_probe_timer(due, fx),
            Timer::PreemptDelay => self.preempt_delay = PreemptDelay::Elapsed,
            Timer::Reconcile => self.reconcile(fx),
            _ => {}
        }
    }

    /// Why the down timer has run out.
    fn reason_to_claim(&self, now: Instant) -> Cause {
        let lower = self.followed.filter(|followed| {
            followed.priority < self.effective && now.since(followed.heard) < self.down_interval()
        });
        match lower {
            _ if self.resigned => Cause::Resigned,
            Some(Followed {
                address, priority, ..
            }) => Cause::Preempts {
                from: address,
                priority,
            },
            None => Cause::Silence,
        }
    }

    fn idle_timer(&mut self, timer: Timer, fx: &mut Effects<'_>) {
        if timer == Timer::Reconcile {
            self.reconcile(fx);
        }
    }

    fn active_timer(&mut self, timer: Timer, due: Instant, fx: &mut Effects<'_>) {
        match timer {
            Timer::Advertise => {
                self.probe(fx);
                self.advertise(self.effective, fx);
                let interval = self.spec.advert_interval;
                let next = due + interval;
                let next = if next > fx.now {
                    next
                } else {
                    fx.now + interval
                };
                self.set_timer(Timer::Advertise, next);
            }
            Timer::Listen => {
                self.listening = false;
                self.event(Event::Reasserting, fx);
                self.advertise(self.effective, fx);
                self.set_timer(Timer::Advertise, fx.now + self.spec.advert_interval);
                self.resume_refresh(fx.now);
                self.conflict_sign(Sign::Trace, 1, fx);
            }
            Timer::SecondBurst
            | Timer::Refresh
            | Timer::ExtraRefresh
            | Timer::Reannounce
            | Timer::LowerPriority => {
                self.announce_again(timer, fx);
            }
            Timer::Reconcile => self.reconcile(fx),
            _ => {}
        }
    }

    /// RFC 9568 §6.4.2, with `nopreempt` and `preempt_delay` of keepalived.conf(5).
    fn backup_heard(&mut self, heard: Heard, fx: &mut Effects<'_>) {
        let before = self.followed;
        if heard.priority == Priority::RESIGN {
            return self.backup_heard_resign(heard, fx);
        }
        self.note_successor_of_move(heard.source);
        if heard.priority >= self.effective || !self.follows_another(heard.source, fx.now) {
            self.follow(heard, fx);
        }
        self.let_go_of_adopted(fx);
        if heard.priority >= self.effective {
            self.stop_preempt_delay(fx);
            self.accept(heard, fx);
        } else if !self.spec.preempt || self.yields(heard.source) || self.delays_preemption(fx) {
            self.accept(heard, fx);
        } else {
            self.discard(heard, before, fx);
        }
    }

    /// Only the Active router can resign: a stranger's word would have us take the addresses from
    /// it. A repetition does not put the takeover off.
    fn backup_heard_resign(&mut self, heard: Heard, fx: &mut Effects<'_>) {
        self.counters.resigns_received += 1;
        let hardened = self.spec.rules.conflict;
        if hardened && self.follows_another(heard.source, fx.now) {
            return;
        }
        self.follow(heard, fx);
        // The successor goes: from now on the usual election.
        if self.yields(heard.source) {
            self.stop_yielding();
        }
        let period = ELECTION_REPORT_PERIOD;
        if self.digests.resigned.note(fx.now, period).is_some() {
            self.event(Event::BackupHeardResign(heard.source), fx);
        }
        if !core::mem::replace(&mut self.resigned, true) || !hardened {
            self.set_timer(Timer::Down, fx.now.max(self.not_before) + self.skew());
        }
    }

    /// Whether a better router than we are, and than `source` can be, was heard in time.
    fn follows_another(&self, source: IpAddr, now: Instant) -> bool {
        self.followed.is_some_and(|followed| {
            followed.address != source
                && followed.outranked_us
                && now.since(followed.heard) < self.down_interval()
        })
    }

    /// A worse router is Active. If it is the one that we followed until now it has lost a check,
    /// and there is no reason to wait for its silence.
    fn discard(&mut self, heard: Heard, before: Option<Followed>, fx: &mut Effects<'_>) {
        let digest = &mut self.digests.discarding;
        if let Some(times) = digest.note(fx.now, ELECTION_REPORT_PERIOD) {
            let (from, theirs) = (heard.source, heard.priority);
            let event = Event::Discarding {
                from,
                theirs,
                times,
            };
            self.event(event, fx);
        }
        let fell = before
            .is_some_and(|followed| followed.address == heard.source && followed.outranked_us);
        let ready = fx.now >= self.not_before && !self.waiting;
        let delays = self.spec.preempt_delay > Micros::ZERO;
        if fell && ready && !delays && self.spec.rules.fast_resignation {
            if self.spec.sync_group.is_some() {
                self.membership.shortens = true;
                self.regroup(fx);
            } else {
                self.shorten_down_timer(fx);
            }
        }
    }

    pub(super) fn accept(&mut self, heard: Heard, fx: &mut Effects<'_>) {
        self.resigned = false;
        self.wish(Wish::Backup, fx);
        self.learn_interval(heard.interval, fx);
        self.arm_down_timer(fx.now);
    }

    fn learn_interval(&mut self, interval: Micros, fx: &mut Effects<'_>) {
        let before = core::mem::replace(&mut self.active_interval, interval);
        if before != interval {
            let now = interval;
            self.report(Event::IntervalLearned { before, now }, fx);
        }
    }

    pub(super) fn follow(&mut self, heard: Heard, fx: &mut Effects<'_>) {
        let before = self.followed.map(|followed| followed.address);
        self.followed = Some(Followed {
            address: heard.source,
            priority: heard.priority,
            heard: fx.now,
            outranked_us: heard.priority >= self.effective || self.yields(heard.source),
        });
        if before != Some(heard.source) {
            let now = heard.source;
            self.report(Event::Following { now, before }, fx);
        }
    }

    /// Starts the preempt delay at the first lower advertisement; true while it runs.
    fn delays_preemption(&mut self, fx: &mut Effects<'_>) -> bool {
        let delay = self.spec.preempt_delay;
        if self.preempt_delay == PreemptDelay::Idle && delay > Micros::ZERO {
            self.preempt_delay = PreemptDelay::Running;
            self.set_timer(Timer::PreemptDelay, fx.now + delay);
            self.report(Event::PreemptDelayStarted(delay), fx);
        }
        self.preempt_delay == PreemptDelay::Running
    }

    fn stop_preempt_delay(&mut self, fx: &mut Effects<'_>) {
        if self.preempt_delay == PreemptDelay::Running {
            self.report(Event::PreemptDelayStopped, fx);
        }
        self.preempt_delay = PreemptDelay::Idle;
        self.timers.remove(&Timer::PreemptDelay);
    }

    /// RFC 9568 §6.4.3: the greater priority wins, then the greater address.
    fn active_heard(&mut self, heard: Heard, fx: &mut Effects<'_>) {
        if heard.priority == Priority::RESIGN {
            self.active_heard_resign(heard, fx);
            return;
        }
        if self.is_crossing(heard.source, fx.now) {
            return;
        }
        if self.listening {
            self.enter_backup(Cause::Superseded { by: heard.source }, fx);
            self.follow(heard, fx);
            if heard.priority >= self.effective {
                self.accept(heard, fx);
            }
            return;
        }
        self.report_two_owners(heard, fx);
        let claim = heard
            .priority
            .cmp(&self.effective)
            .then_with(|| Some(heard.source).cmp(&self.source));
        match claim {
            Ordering::Greater => self.yield_to(heard, fx),
            Ordering::Less | Ordering::Equal => self.answer_lower(heard, fx),
        }
    }

    fn active_heard_resign(&mut self, heard: Heard, fx: &mut Effects<'_>) {
        self.counters.resigns_received += 1;
        if self.listening || self.answers.take(fx.now).is_err() {
            return;
        }
        let period = ELECTION_REPORT_PERIOD;
        if self.digests.resigned.note(fx.now, period).is_some() {
            self.event(Event::ActiveHeardResign(heard.source), fx);
        }
        self.advertise(self.effective, fx);
        self.set_timer(Timer::Advertise, fx.now + self.spec.advert_interval);
        if self.spec.rules.conflict {
            self.conflict_sign(Sign::Advertisement, 1, fx);
        }
    }

    /// A last advertisement of ours makes a keepalived successor announce itself once more.
    fn yield_to(&mut self, heard: Heard, fx: &mut Effects<'_>) {
        let (from, theirs, ours) = (heard.source, heard.priority, self.effective);
        self.event(Event::HeardHigher { from, theirs, ours }, fx);
        if self.spec.higher_prio_send_advert || self.spec.rules.conflict {
            self.advertise(self.effective, fx);
        }
        let cause = Cause::Outranked {
            by: heard.source,
            priority: heard.priority,
        };
        self.enter_backup(cause, fx);
        self.follow(heard, fx);
        self.accept(heard, fx);
    }

    /// RFC 9568 §6.4.3: a worse router hears from us at once, so that it steps down.
    fn answer_lower(&mut self, heard: Heard, fx: &mut Effects<'_>) {
        let (from, theirs, ours) = (heard.source, heard.priority, self.effective);
        if let Some(times) = self.digests.lower.note(fx.now, ELECTION_REPORT_PERIOD) {
            let event = Event::HeardLower {
                from,
                theirs,
                ours,
                times,
            };
            self.event(event, fx);
        }
        let period = ELECTION_REPORT_PERIOD;
        if self.digests.lower_notify.note(fx.now, period).is_some() {
            self.notify(NotifyEvent::MasterRxLowerPri, false, fx);
        }
        if !self.spec.lower_prio_no_advert && self.answers.take(fx.now).is_ok() {
            self.advertise(self.effective, fx);
        }
        self.conflict_sign(Sign::Advertisement, self.spec.garp.lower_prio_repeat, fx);
        self.membership.answered = self.spec.sync_group.is_some();
        self.regroup(fx);
    }

    fn report_two_owners(&mut self, heard: Heard, fx: &mut Effects<'_>) {
        let both = self.effective == Priority::OWNER && heard.priority == Priority::OWNER;
        if both
            && self
                .digests
                .two_owners
                .note(fx.now, REPORT_PERIOD)
                .is_some()
        {
            self.event(Event::TwoOwners(heard.source), fx);
        }
    }

    fn report_other_holder(&mut self, address: IpAddr, mac: MacAddress, fx: &mut Effects<'_>) {
        let digest = &mut self.digests.other_holder;
        if let Some(times) = digest.note(fx.now, REPORT_PERIOD) {
            let event = Event::OtherHolder {
                address,
                mac,
                times,
            };
            self.event(event, fx);
        }
    }
}
