//! Under a flood of packets the loop rests for a millisecond at a time: what arrives meanwhile is read together, and costs
//! a fraction of a wake-up each.

use standfast_core::{Instant, Micros};

/// The rate is measured over this time ...
const WINDOW: Micros = Micros::from_millis(10);
/// ... and is a flood from so many packets on: 1,000 peers' instances send a tenth of it.
const FLOOD: usize = 100;
/// How long it rests; the receive buffer holds ten times what comes meanwhile.
const REST: Micros = Micros::from_millis(1);

/// Packets taken lately.
#[derive(Debug, Default)]
pub(super) struct Flood {
    began: Instant,
    taken: usize,
    /// The last whole window was a flood.
    high: bool,
}

impl Flood {
    pub(super) fn note(&mut self, packets: usize) {
        self.taken += packets;
    }

    /// How long to rest at `now`, with the next timer at `due`.
    pub(super) fn rest(&mut self, now: Instant, due: Option<Instant>) -> Option<Micros> {
        let passed = now.since(self.began);
        if passed >= WINDOW {
            self.high = self.taken >= FLOOD && passed < WINDOW.times(2);
            self.began = now;
            self.taken = 0;
        }
        let free = due.map_or(REST, |due| due.since(now));
        (self.high && free > Micros::ZERO).then(|| free.min(REST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_in_a_flood_and_never_past_a_timer() {
        let mut flood = Flood::default();
        assert_eq!(flood.rest(Instant(100_000), None), None);
        flood.note(200);
        assert_eq!(flood.rest(Instant(105_000), None), None, "too soon to tell");
        assert_eq!(flood.rest(Instant(110_000), None), Some(REST));
        let soon = Some(Instant(111_300));
        assert_eq!(flood.rest(Instant(111_000), soon), Some(Micros(300)));
        assert_eq!(flood.rest(Instant(111_300), soon), None);
        // It goes on for as long as packets come.
        assert_eq!(flood.rest(Instant(120_000), None), None);
    }

    #[test]
    fn a_burst_after_a_silence_is_no_flood() {
        let mut flood = Flood::default();
        assert_eq!(flood.rest(Instant(100_000), None), None);
        flood.note(1_000);
        assert_eq!(flood.rest(Instant(200_000), None), None);
    }
}
