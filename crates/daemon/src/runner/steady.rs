//! Results of checks that change nothing: the VRRP loop need not be woken for them.

use std::collections::BTreeMap;

use standfast_core::input::{CheckId, CheckOutcome};

/// How often each check has ended in the same way, one time after the other.
#[derive(Default)]
pub(super) struct Steady {
    rows: BTreeMap<CheckId, (CheckOutcome, u32)>,
}

impl Steady {
    /// Notes a result; whether it only repeats what has been decided after so many equal ones.
    pub(super) fn repeats(
        &mut self,
        check: CheckId,
        outcome: CheckOutcome,
        decided_after: Option<u32>,
    ) -> bool {
        let row = self.rows.entry(check).or_insert((outcome, 0));
        if row.0 != outcome {
            *row = (outcome, 0);
        }
        row.1 = row.1.saturating_add(1);
        decided_after.is_some_and(|enough| row.1 > enough)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_follows_enough_equal_results_is_a_repetition() {
        let mut steady = Steady::default();
        let check = CheckId(1);
        let mut repeats = |outcome| steady.repeats(check, outcome, Some(2));
        let (passed, failed) = (CheckOutcome::Passed, CheckOutcome::Exited(1));
        assert_eq!([passed; 4].map(&mut repeats), [false, false, true, true]);
        assert_eq!([failed; 3].map(&mut repeats), [false, false, true]);
        assert!(!repeats(CheckOutcome::Exited(2)), "another status is news");
        assert!(!repeats(passed));
        assert!(!steady.repeats(CheckId(2), passed, None), "nobody knows it");
    }
}
