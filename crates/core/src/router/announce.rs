//! Gratuitous ARP: the burst on becoming Active, its repetition, the refresh, and being heard last
//! after a conflict.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::{Effects, Router, Timer};
use crate::input::{InterfaceIndex, Output};
use crate::limit::Bucket;
use crate::time::{Instant, Micros};

/// After the last sign of another holder the survivor announces itself this much later, so that it
/// is the one that the neighbours hear last.
const AFTER_CONFLICT: [Micros; 3] = [
    Micros::from_millis(50),
    Micros::from_millis(200),
    Micros::from_secs(1),
];
/// Announcements because of conflicts: eight at once, then two a second.
const CONFLICT_ANNOUNCEMENTS: Bucket = Bucket::new(8, Micros::from_millis(500));
/// The same for advertisements of another holder, counted apart: two that hear each other's ARP use
/// up the others, and the loser's last word must still be answered at once.
const ADVERTISED_CONFLICTS: Bucket = Bucket::new(4, Micros::from_millis(500));
/// Probes for another holder come at most this often, however short the advertisement interval.
const PROBE_PERIOD: Micros = Micros::from_millis(900);

/// How another holder showed itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// It advertised.
    Advertisement,
    /// ARP, or a clock that stepped: it is or was there.
    Trace,
}

#[derive(Clone, Debug)]
pub(super) struct Announcer {
    bucket: Bucket,
    advertised: Bucket,
    last_sign: Instant,
    /// Which of [`AFTER_CONFLICT`] comes next, if any.
    stage: Option<usize>,
    conflict_expected: bool,
    /// Added since the last second burst, which is theirs alone.
    added: Vec<(InterfaceIndex, IpAddr)>,
}

impl Default for Announcer {
    fn default() -> Self {
        Announcer {
            bucket: CONFLICT_ANNOUNCEMENTS,
            advertised: ADVERTISED_CONFLICTS,
            last_sign: Instant::default(),
            stage: None,
            conflict_expected: false,
            added: Vec::new(),
        }
    }
}

impl Announcer {
    /// Whatever was planned is no longer ours to say.
    pub(super) fn forget(&mut self) {
        self.stage = None;
        self.conflict_expected = false;
        self.added.clear();
    }

    /// We take over from somebody who is still there.
    pub(super) fn expect_conflict(&mut self, expected: bool) {
        self.conflict_expected = expected;
    }
}

impl Router {
    /// Addresses were just added: the first burst, and plans for the next.
    pub(super) fn announce_added(
        &mut self,
        addresses: Vec<(InterfaceIndex, IpAddr)>,
        fx: &mut Effects<'_>,
    ) {
        let garp = self.spec.garp;
        self.announce(addresses.clone(), garp.repeat, fx);
        if garp.delay > Micros::ZERO {
            let added = &mut self.announcer.added;
            if !added.is_empty() {
                let again: BTreeSet<_> = addresses.iter().collect();
                added.retain(|known| !again.contains(known));
            }
            added.extend(addresses);
            self.set_timer(Timer::SecondBurst, fx.now + garp.delay);
        }
        if garp.refresh > Micros::ZERO {
            self.set_timer(Timer::Refresh, fx.now + garp.delay.plus(garp.refresh));
        }
        if garp.extra > Micros::ZERO && !self.timers.contains_key(&Timer::ExtraRefresh) {
            self.set_timer(Timer::ExtraRefresh, fx.now + garp.extra);
        }
        if core::mem::take(&mut self.announcer.conflict_expected) {
            self.plan_after_conflict(fx.now);
        }
    }

    fn announce(
        &mut self,
        addresses: Vec<(InterfaceIndex, IpAddr)>,
        rounds: u16,
        fx: &mut Effects<'_>,
    ) {
        if !addresses.is_empty() && rounds > 0 {
            fx.outputs.push_back(Output::Announce {
                router: self.id,
                addresses,
                rounds,
            });
        }
    }

    /// With unicast the neighbours must find the address that advertisements come from: what they know of it may be as
    /// old as the fault.
    pub(super) fn announce_source(&mut self, fx: &mut Effects<'_>) {
        if let (Some(_), Some(base), Some(source)) = (&self.spec.unicast, self.base, self.source) {
            self.announce(Vec::from([(base, source)]), 1, fx);
        }
    }

    fn announce_all(&mut self, rounds: u16, fx: &mut Effects<'_>) {
        let held = self.held_addresses(fx.interfaces);
        self.announce(held, rounds, fx);
    }

    /// A timer of ours fired while Active.
    pub(super) fn announce_again(&mut self, timer: Timer, fx: &mut Effects<'_>) {
        let garp = self.spec.garp;
        match timer {
            Timer::SecondBurst => {
                let added = core::mem::take(&mut self.announcer.added);
                let added: BTreeSet<_> = added.into_iter().collect();
                let mut again = self.held_addresses(fx.interfaces);
                again.retain(|held| added.contains(held));
                self.announce(again, garp.repeat, fx);
            }
            Timer::LowerPriority => self.announce_all(garp.lower_prio_repeat, fx),
            Timer::Refresh => {
                self.announce_all(garp.refresh_repeat, fx);
                self.plan(Timer::Refresh, garp.refresh, fx.now);
            }
            Timer::ExtraRefresh => {
                let mut elsewhere = self.held_addresses(fx.interfaces);
                elsewhere.retain(|(interface, _)| Some(*interface) != self.interface);
                self.announce(elsewhere, 1, fx);
                self.plan(Timer::ExtraRefresh, garp.extra, fx.now);
            }
            _ => self.announce_after_conflict(fx),
        }
    }

    /// After a split that neither node noticed, the loser steps down at our advertisement without a
    /// word (keepalived does), and the neighbours stay with it. A probe just before the
    /// advertisement makes its kernel answer while it still holds the address: the sign of another
    /// holder that would be missing otherwise.
    pub(super) fn probe(&mut self, fx: &mut Effects<'_>) {
        let recent = |last: Instant| fx.now.since(last) < PROBE_PERIOD;
        if !self.spec.rules.conflict || self.last_probe.is_some_and(recent) {
            return;
        }
        let first = self.held_addresses(fx.interfaces).into_iter().next();
        if let Some((interface, address)) = first {
            self.last_probe = Some(fx.now);
            fx.outputs.push_back(Output::Probe { interface, address });
        }
    }

    /// Somebody else holds our addresses, or held them a moment ago: say at once that they are
    /// here, and again after the last sign of the other.
    pub(super) fn conflict_sign(&mut self, sign: Sign, rounds: u16, fx: &mut Effects<'_>) {
        let bucket = match sign {
            Sign::Advertisement => &mut self.announcer.advertised,
            Sign::Trace => &mut self.announcer.bucket,
        };
        if bucket.take(fx.now).is_ok() {
            self.announce_all(rounds, fx);
        }
        let delay = self.spec.garp.lower_prio_delay;
        let lower = self.spec.garp.lower_prio_repeat > 0 && delay > Micros::ZERO;
        if lower && !self.timers.contains_key(&Timer::LowerPriority) {
            self.set_timer(Timer::LowerPriority, fx.now + delay);
        }
        if self.spec.rules.conflict {
            self.plan_after_conflict(fx.now);
        }
    }

    /// After a pause, or with another configuration, the periodic announcements go on.
    pub(super) fn resume_refresh(&mut self, now: Instant) {
        let garp = self.spec.garp;
        self.plan(Timer::Refresh, garp.refresh, now);
        self.plan(Timer::ExtraRefresh, garp.extra, now);
    }

    /// The next periodic announcement, if there is to be one.
    fn plan(&mut self, timer: Timer, period: Micros, now: Instant) {
        if period > Micros::ZERO {
            self.set_timer(timer, now + period);
        } else {
            self.timers.remove(&timer);
        }
    }

    fn plan_after_conflict(&mut self, now: Instant) {
        self.announcer.last_sign = now;
        // Under a stream of signs the first repetition is not put off for ever.
        if self.announcer.stage == Some(0) {
            return;
        }
        self.announcer.stage = Some(0);
        if let Some(first) = AFTER_CONFLICT.first() {
            self.set_timer(Timer::Reannounce, now + *first);
        }
    }

    /// Never drops the last announcement: what the limit holds back comes later.
    fn announce_after_conflict(&mut self, fx: &mut Effects<'_>) {
        if self.announcer.stage.is_none() {
            return;
        }
        match self.announcer.bucket.take(fx.now) {
            Ok(()) => self.announce_all(1, fx),
            Err(next) => {
                self.set_timer(Timer::Reannounce, next.max(fx.now + Micros(1)));
                return;
            }
        }
        // A sign since this repetition was planned: its own repetitions are still to come.
        let upcoming = AFTER_CONFLICT
            .iter()
            .enumerate()
            .map(|(stage, after)| (stage, self.announcer.last_sign + *after))
            .find(|(_, at)| *at > fx.now);
        self.announcer.stage = upcoming.map(|(stage, _)| stage);
        if let Some((_, at)) = upcoming {
            self.set_timer(Timer::Reannounce, at);
        }
    }
}
