//! Bounds per time: answers, announcements and log lines stay few whatever comes in.

use crate::time::{Instant, Micros};

/// A token bucket: `burst` at once, then one per `period`.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    burst: u32,
    period: Micros,
    tokens: u32,
    filled: Instant,
}

impl Bucket {
    pub(crate) const fn new(burst: u32, period: Micros) -> Self {
        Bucket {
            burst,
            period,
            tokens: burst,
            filled: Instant(0),
        }
    }

    /// Takes a token; if there is none, says when the next will be there.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        self.refill(now);
        match self.tokens.checked_sub(1) {
            Some(left) => {
                self.tokens = left;
                Ok(())
            }
            None => Err(self.filled + self.period),
        }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.since(self.filled).0 / self.period.0.max(1);
        let missing = self.burst - self.tokens;
        match u32::try_from(passed) {
            Ok(passed) if passed < missing => {
                self.tokens += passed;
                self.filled = self.filled + self.period.times(u64::from(passed));
            }
            _ => {
                self.tokens = self.burst;
                self.filled = now;
            }
        }
    }
}

/// Lets the first of many equal reports through at once and then one per `period`, with the number
/// of those in between.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digest {
    last: Option<Instant>,
    held_back: u64,
}

impl Digest {
    /// `Some(n)`: report now, standing for `n` occurrences.
    pub(crate) fn note(&mut self, now: Instant, period: Micros) -> Option<u64> {
        self.held_back = self.held_back.saturating_add(1);
        match self.last {
            Some(last) if now.since(last) < period => None,
            _ => {
                self.last = Some(now);
                Some(core::mem::take(&mut self.held_back))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Micros = Micros::from_secs(1);

    #[test]
    fn a_bucket_gives_its_burst_and_then_one_per_period() {
        let mut bucket = Bucket::new(3, SECOND);
        let start = Instant(10_000_000);
        let given = (0..100).filter(|_| bucket.take(start).is_ok()).count();
        assert_eq!(given, 3);
        assert_eq!(bucket.take(start), Err(start + SECOND));
        assert_eq!(bucket.take(start + SECOND), Ok(()));
        assert!(bucket.take(start + SECOND).is_err());
    }

    #[test]
    fn a_bucket_never_holds_more_than_its_burst() {
        let mut bucket = Bucket::new(2, SECOND);
        assert_eq!(bucket.take(Instant(1)), Ok(()));
        let late = Instant(u64::MAX);
        let given = (0..10).filter(|_| bucket.take(late).is_ok()).count();
        assert_eq!(given, 2);
    }

    #[test]
    fn a_digest_reports_the_first_and_then_counts() {
        let mut digest = Digest::default();
        let start = Instant(5);
        assert_eq!(digest.note(start, SECOND), Some(1));
        assert_eq!(digest.note(start + Micros(1), SECOND), None);
        assert_eq!(digest.note(start + Micros(2), SECOND), None);
        assert_eq!(digest.note(start + SECOND, SECOND), Some(3));
    }
}
