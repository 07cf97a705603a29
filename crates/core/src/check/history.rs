//! What the runs of a check were like, for people.

use alloc::collections::VecDeque;
use alloc::string::String;

use crate::time::{Instant, Micros};

/// Durations that are remembered of each check.
pub const DURATIONS: usize = 32;

/// Results of a check since it was configured.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// How long the last runs took, oldest first.
    durations: VecDeque<Micros>,
    /// When the last result came.
    pub ended: Option<Instant>,
    /// What the last run printed, bounded by the driver.
    pub output: String,
    /// Results that were good.
    pub passes: u64,
    /// Results that were not.
    pub failures: u64,
}

impl History {
    pub(super) fn note(&mut self, now: Instant, took: Option<Micros>, passed: bool) {
        self.ended = Some(now);
        let count = match passed {
            true => &mut self.passes,
            false => &mut self.failures,
        };
        *count = count.saturating_add(1);
        if let Some(took) = took {
            if self.durations.len() == DURATIONS {
                self.durations.pop_front();
            }
            self.durations.push_back(took);
        }
    }

    /// How long the last runs took, oldest first, at most [`DURATIONS`].
    pub fn durations(&self) -> impl Iterator<Item = Micros> {
        self.durations.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn the_last_durations_are_kept_oldest_first() {
        let mut history = History::default();
        for run in 1..=40 {
            history.note(Instant(run), Some(Micros(run)), run % 4 != 0);
        }
        let kept: Vec<u64> = history.durations().map(|it| it.0).collect();
        assert_eq!(kept, (9..=40).collect::<Vec<u64>>());
        assert_eq!((history.passes, history.failures), (30, 10));
        assert_eq!(history.ended, Some(Instant(40)));
    }

    #[test]
    fn what_is_told_without_a_run_has_no_duration() {
        let mut history = History::default();
        history.note(Instant(1), None, false);
        history.note(Instant(2), Some(Micros(7)), true);
        assert_eq!(history.durations().collect::<Vec<_>>(), [Micros(7)]);
    }
}
