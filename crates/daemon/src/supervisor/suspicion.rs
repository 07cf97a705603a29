//! A worker that says nothing: does it hang, or does it only wait for a processor?
//!
//! On a host that is too busy a killed worker makes all worse: its successor has to start, which takes more of what there is too
//! little of, and it is silent again. So a worker that could run, and has had less of a processor than its patience since it
//! was suspected, is waited for. One that sleeps, or works without a word, hangs.

use standfast_core::{Instant, Micros};
use standfast_linux::procfs::MainThread;

/// A worker that has not said a word so long after its start hangs.
const FIRST_PATIENCE: Micros = Micros::from_secs(30);
/// A supervisor that was itself this late does not blame its worker.
const OWN_LATENESS: Micros = Micros::from_millis(250);
/// A worker that waits for a processor is looked at so often within its patience.
const LOOKS: u64 = 4;

/// When the worker has to say a word.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    patience: Micros,
    /// None: it need not.
    due: Option<Instant>,
    /// What its main thread had run when it was suspected first.
    ran: Option<Micros>,
}

impl Suspicion {
    /// The worker starts now.
    pub(super) fn started(now: Instant) -> Self {
        let mut suspicion = Suspicion::default();
        suspicion.heard(now, Some(FIRST_PATIENCE));
        suspicion
    }

    /// The worker has said a word, and when the next one is due; none: it need not say one.
    pub(super) fn heard(&mut self, now: Instant, patience: Option<Micros>) {
        self.patience = patience.unwrap_or(Micros::ZERO);
        self.due = patience.map(|patience| now + patience);
        self.ran = None;
    }

    /// When it has to be judged.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The time that it was silent, if it hangs: it is suspected no more then. `look` sees what it does, if that can be seen.
    pub(super) fn hangs(
        &mut self,
        now: Instant,
        look: impl FnOnce() -> Option<MainThread>,
    ) -> Option<Micros> {
        let due = self.due.filter(|due| *due <= now)?;
        if now.since(due) > OWN_LATENESS {
            // We did not run either: give it another chance.
            self.due = Some(now + self.patience);
            return None;
        }
        if let Some(thread) = look().filter(|thread| thread.runnable) {
            let ran = Micros(thread.ran.0);
            let before = *self.ran.get_or_insert(ran);
            if ran.0.saturating_sub(before.0) < self.patience.0 {
                self.due = Some(now + Micros(self.patience.0 / LOOKS));
                return None;
            }
        }
        self.due = None;
        Some(self.patience)
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

    /// Judged whenever it is due, until it hangs or for a minute; what it had run at `moment` says `ran`.
    fn silent(runnable: bool, ran: impl Fn(Instant) -> Micros) -> Option<Instant> {
        let mut suspicion = Suspicion::started(Instant(0));
        suspicion.heard(Instant(0), Some(PATIENCE));
        while let Some(due) = suspicion.due().filter(|due| due.0 < 60_000_000) {
            if suspicion
                .hangs(due, || thread(runnable, ran(due)))
                .is_some()
            {
                return Some(due);
            }
        }
        None
    }

    #[test]
    fn who_sleeps_hangs_at_once() {
        assert_eq!(silent(false, |_| Micros::ZERO), Some(Instant(500_000)));
    }

    #[test]
    fn who_gets_no_processor_does_not_hang() {
        assert_eq!(silent(true, |_| Micros::from_secs(7)), None);
    }

    #[test]
    fn who_works_without_a_word_hangs_when_it_had_its_patience() {
        let busy = silent(true, |now| Micros(now.0));
        assert_eq!(busy, Some(Instant(1_000_000)));
        let quarter = silent(true, |now| Micros(now.0 / 4));
        assert_eq!(quarter, Some(Instant(2_500_000)));
    }

    #[test]
    fn of_whom_nothing_is_seen_hangs_and_a_late_judge_waits() {
        let mut suspicion = Suspicion::started(Instant(0));
        suspicion.heard(Instant(0), Some(PATIENCE));
        assert_eq!(suspicion.hangs(Instant(499_999), || None), None);
        assert_eq!(suspicion.hangs(Instant(750_001), || None), None);
        assert_eq!(suspicion.due(), Some(Instant(1_250_001)));
        let hangs = suspicion.hangs(Instant(1_250_001), || None);
        assert_eq!((hangs, suspicion.due()), (Some(PATIENCE), None));
        suspicion.heard(Instant(2_000_000), None);
        assert_eq!(suspicion.due(), None);
    }
}
