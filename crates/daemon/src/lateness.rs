//! How late the loop's timers are handled, and what that says about the host.

use standfast_api::status::{Class, Timing};
use standfast_core::{Instant, Micros};

/// Upper bounds of the histogram's classes in microseconds; one more class is above.
const BOUNDS: [u64; 7] = [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];
/// Lateness above this is told, whatever the down intervals.
const LIMIT: Micros = Micros::from_millis(50);
/// Lateness above this part of the shortest down interval is told.
const PART_OF_DOWN_INTERVAL: u64 = 4;
/// It is told at once and then this often.
const PERIOD: Micros = Micros::from_secs(3_600);

/// Times from a timer's due time to its handling.
#[derive(Debug, Default)]
pub(crate) struct Lateness {
    classes: [u64; BOUNDS.len() + 1],
    worst: Micros,
    /// Sum of all.
    sum: Micros,
    /// How long turns of the loop took.
    turns: [u64; BOUNDS.len() + 1],
    /// Sum of all turns.
    turns_sum: Micros,
    /// Since the last [`Lateness::warning`].
    recent: Micros,
    warned: Option<Instant>,
}

impl Lateness {
    /// A timer that was due then is handled now.
    pub(crate) fn note(&mut self, due: Instant, now: Instant) {
        let late = now.since(due);
        self.worst = self.worst.max(late);
        self.recent = self.recent.max(late);
        self.sum = Micros(self.sum.0.saturating_add(late.0));
        count(&mut self.classes, late);
    }

    /// A turn of the loop, without its waiting, began then and ends now.
    pub(crate) fn note_turn(&mut self, began: Instant, now: Instant) {
        let took = now.since(began);
        self.turns_sum = Micros(self.turns_sum.0.saturating_add(took.0));
        count(&mut self.turns, took);
    }

    /// The same for whoever asks.
    pub(crate) fn timing(&self) -> Timing {
        let bounds = || BOUNDS.into_iter().map(Some).chain([None]);
        let classes = |counts: [u64; BOUNDS.len() + 1]| {
            let classes = bounds().zip(counts);
            classes
                .map(|(below_us, count)| Class { below_us, count })
                .collect()
        };
        Timing {
            worst_us: self.worst.0,
            lateness: classes(self.classes),
            turns: classes(self.turns),
            lateness_sum_us: self.sum.0,
            turns_sum_us: self.turns_sum.0,
        }
    }

    /// What to say of the time since the last call, if it is worth it. `shortest`: of all down intervals.
    pub(crate) fn warning(
        &mut self,
        now: Instant,
        shortest: Micros,
        real_time: bool,
    ) -> Option<String> {
        let late = std::mem::take(&mut self.recent);
        let limit = LIMIT.min(Micros(shortest.0 / PART_OF_DOWN_INTERVAL));
        let again = self.warned.is_none_or(|at| now.since(at) >= PERIOD);
        if late <= limit || !again {
            return None;
        }
        self.warned = Some(now);
        let advice = if real_time {
            "although it has real-time priority: look for a virtual machine that is paused, or a processor that others \
             occupy with more"
        } else {
            "set 'vrrp_rt_priority 50' in global_defs to run before ordinary processes, and 'vrrp_no_swap' to stay in \
             memory"
        };
        Some(format!(
            "timers were handled {late} late, because the host was too busy; other nodes take over after {shortest} \
             without an advertisement; {advice}"
        ))
    }

    /// Each class as its upper bound in microseconds (none for the last one) and its count.
    pub(crate) fn classes(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = BOUNDS.into_iter().map(Some).chain([None]);
        bounds.zip(self.classes)
    }

    /// The worst of all.
    pub(crate) fn worst(&self) -> Micros {
        self.worst
    }
}

fn count(classes: &mut [u64; BOUNDS.len() + 1], time: Micros) {
    let class = BOUNDS.iter().position(|bound| time.0 < *bound);
    if let Some(count) = classes.get_mut(class.unwrap_or(BOUNDS.len())) {
        *count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;
    const DOWN: Micros = Micros(3_600_000);

    #[test]
    fn lateness_is_told_once_an_hour_with_what_helps() {
        let mut lateness = Lateness::default();
        lateness.note(Instant(0), Instant(49_000));
        assert_eq!(lateness.warning(Instant(SECOND), DOWN, false), None);
        lateness.note(Instant(SECOND), Instant(SECOND + 63_000));
        let text = lateness.warning(Instant(2 * SECOND), DOWN, false).unwrap();
        assert!(text.contains("63 ms late"), "{text}");
        assert!(text.contains("after 3.6 s"), "{text}");
        assert!(text.contains("vrrp_rt_priority 50"), "{text}");
        lateness.note(Instant(3 * SECOND), Instant(4 * SECOND));
        assert_eq!(lateness.warning(Instant(4 * SECOND), DOWN, false), None);
        let later = Instant(3_700 * SECOND);
        // What was late an hour ago is no news.
        assert_eq!(lateness.warning(later, DOWN, false), None);
        lateness.note(later, later + Micros::from_millis(60));
        let text = lateness.warning(later, DOWN, true).unwrap();
        assert!(!text.contains("vrrp_rt_priority"), "{text}");
    }

    #[test]
    fn short_down_intervals_suffer_less() {
        let mut lateness = Lateness::default();
        let down = Micros::from_millis(36);
        lateness.note(Instant(0), Instant(9_000));
        assert_eq!(lateness.warning(Instant(SECOND), down, false), None);
        lateness.note(Instant(0), Instant(9_001));
        assert!(lateness.warning(Instant(SECOND), down, false).is_some());
    }

    #[test]
    fn classes_count_by_upper_bounds() {
        let mut lateness = Lateness::default();
        for late in [0, 999, 1_000, 99_999, 100_000, 5_000_000] {
            lateness.note(Instant(7), Instant(7 + late));
        }
        let counts: Vec<u64> = lateness.classes().map(|(_, count)| count).collect();
        assert_eq!(counts, [2, 1, 0, 0, 0, 0, 1, 2]);
        assert_eq!(lateness.worst(), Micros(5_000_000));
        lateness.note_turn(Instant(7), Instant(1_507));
        let timing = lateness.timing();
        assert_eq!(timing.lateness_sum_us, 5_201_998);
        assert_eq!(timing.turns_sum_us, 1_500);
        let class = Class {
            below_us: Some(2_000),
            count: 1,
        };
        assert_eq!((timing.turns[1], timing.lateness[1]), (class, class));
    }
}
