//! A worker that says nothing: does it hang, or does it only wait for a processor?
//!
//! On a host that is too busy a killed worker makes all worse: its successor has to start, which takes more of what there is too
//! little of, and it is silent again. So a worker that could run, and has had a processor for less than half of the time, is
//! waited for; not for ever, since this process may run where the worker may not, and can resign for it. One that sleeps, or
//! works without a word, hangs.

use standfast_core::{Instant, Micros};
use standfast_linux::procfs::MainThread;

/// A worker that has not said a word so long after its start hangs.
const FIRST_PATIENCE: Micros = Micros::from_secs(30);
/// A supervisor that was itself this late does not blame its worker.
const OWN_LATENESS: Micros = Micros::from_millis(250);
/// A worker that waits for a processor is looked at so often within its patience, and is given up after so many of them.
const LOOKS: u64 = 4;
/// But not before.
const LEAST_BOUND: Micros = Micros::from_secs(5);

/// What is to be thought of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing yet.
    Well,
    /// It gets no processor. Said once for each silence.
    Waits,
    /// It is silent for so long, and hangs.
    Hangs(Micros),
}

/// When the worker has to say a word.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    patience: Micros,
    /// When it said the last one.
    heard: Instant,
    /// When it is to be judged; none: it need not say a word.
    due: Option<Instant>,
    /// When it was looked at in this silence, and what its main thread had run.
    seen: Option<(Instant, Micros)>,
    /// It waits for a processor, and that was said.
    waits: bool,
}

impl Suspicion {
    /// The worker starts now.
    pub(super) fn started(now: Instant) -> Self {
        let mut suspicion = Suspicion::default();
        suspicion.heard(now, Some(FIRST_PATIENCE));
        suspicion
    }

    /// The worker has said a word, and how long the next one may take; none: it need not say one.
    pub(super) fn heard(&mut self, now: Instant, patience: Option<Micros>) {
        *self = Suspicion {
            patience: patience.unwrap_or(Micros::ZERO),
            heard: now,
            // To see what it has run since, where it stays silent.
            due: patience.map(|patience| now + Micros(patience.0 / 2)),
            seen: None,
            waits: false,
        };
    }

    /// When it said its last word.
    pub(super) fn last_heard(&self) -> Instant {
        self.heard
    }

    /// When it has to be judged.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Judges it, if that is due; one that hangs is suspected no more. `look` sees what it does, if that can be seen.
    pub(super) fn judge(
        &mut self,
        now: Instant,
        look: impl FnOnce() -> Option<MainThread>,
    ) -> Verdict {
        let Some(due) = self.due.filter(|due| *due <= now) else {
            return Verdict::Well;
        };
        if now.since(due) > OWN_LATENESS {
            // We did not run either: give it another chance.
            self.heard(now, Some(self.patience));
            return Verdict::Well;
        }
        let silent = now.since(self.heard);
        if silent < self.patience {
            self.seen = look().map(|thread| (now, Micros(thread.ran.0)));
            self.due = Some(self.heard + self.patience);
            return Verdict::Well;
        }
        let bound = self.patience.times(LOOKS).max(LEAST_BOUND);
        if silent >= bound || !look().is_some_and(|thread| self.starves(now, thread)) {
            self.due = None;
            return Verdict::Hangs(silent);
        }
        self.due = Some(now + Micros(self.patience.0 / LOOKS));
        match core::mem::replace(&mut self.waits, true) {
            true => Verdict::Well,
            false => Verdict::Waits,
        }
    }

    /// It could run, and is not let.
    fn starves(&self, now: Instant, thread: MainThread) -> bool {
        let had_little =
            |(at, ran): (Instant, Micros)| thread.ran.0.saturating_sub(ran.0) < now.since(at).0 / 2;
        thread.runnable && self.seen.is_some_and(had_little)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Micros = Micros::from_millis(500);

    fn thread(runnable: bool, ran: Micros) -> Option<MainThread> {
        let ran = standfast_linux::clock::Micros(ran.0);
        Some(MainThread { runnable, ran })
    }

    /// Judged whenever it is due, until it hangs; what it had run at a moment says `ran`. When it hangs, and how often it was
    /// said that it waits.
    fn silent(runnable: bool, ran: impl Fn(Instant) -> Micros) -> (Instant, usize) {
        let mut suspicion = Suspicion::started(Instant(0));
        suspicion.heard(Instant(0), Some(PATIENCE));
        let mut waits = 0;
        while let Some(due) = suspicion.due() {
            match suspicion.judge(due, || thread(runnable, ran(due))) {
                Verdict::Well => {}
                Verdict::Waits => waits += 1,
                Verdict::Hangs(silent) => {
                    assert_eq!(silent, due.since(Instant(0)));
                    return (due, waits);
                }
            }
        }
        panic!("nobody judges it any more");
    }

    #[test]
    fn who_sleeps_or_works_without_a_word_hangs_as_soon_as_it_may() {
        let at_once = (Instant(500_000), 0);
        assert_eq!(silent(false, |_| Micros::ZERO), at_once);
        assert_eq!(silent(true, |now| Micros(now.0)), at_once);
        assert_eq!(silent(true, |now| Micros(now.0 / 2)), at_once);
    }

    #[test]
    fn who_gets_no_processor_is_waited_for_and_not_for_ever() {
        let given_up = (Instant(5_000_000), 1);
        assert_eq!(silent(true, |_| Micros::from_secs(7)), given_up);
        assert_eq!(silent(true, |now| Micros(now.0 / 3)), given_up);
    }

    #[test]
    fn a_word_ends_every_suspicion() {
        let mut suspicion = Suspicion::started(Instant(0));
        let waits = || thread(true, Micros::ZERO);
        suspicion.heard(Instant(0), Some(PATIENCE));
        assert_eq!(suspicion.judge(Instant(250_000), waits), Verdict::Well);
        assert_eq!(suspicion.judge(Instant(500_000), waits), Verdict::Waits);
        suspicion.heard(Instant(600_000), Some(PATIENCE));
        assert_eq!(suspicion.due(), Some(Instant(850_000)));
        suspicion.heard(Instant(700_000), None);
        assert_eq!(suspicion.due(), None);
        assert_eq!(suspicion.last_heard(), Instant(700_000));
    }

    #[test]
    fn of_whom_nothing_is_seen_hangs_and_a_late_judge_waits() {
        let mut suspicion = Suspicion::started(Instant(0));
        suspicion.heard(Instant(0), Some(PATIENCE));
        let nothing = || None;
        assert_eq!(suspicion.judge(Instant(249_999), nothing), Verdict::Well);
        assert_eq!(suspicion.due(), Some(Instant(250_000)));
        assert_eq!(suspicion.judge(Instant(500_001), nothing), Verdict::Well);
        assert_eq!(suspicion.due(), Some(Instant(750_001)));
        assert_eq!(suspicion.judge(Instant(750_001), nothing), Verdict::Well);
        let hangs = suspicion.judge(Instant(1_000_001), nothing);
        assert_eq!(hangs, Verdict::Hangs(PATIENCE));
        assert_eq!(suspicion.due(), None);
    }
}
