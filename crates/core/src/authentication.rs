//! Authentication beyond a password: `auth_hmac` as it is wanted, the wall clock that it lives by,
//! and which packets are old.
//!
//! A sender's numbers only ever rise. Ours follow the wall clock, so that they go on rising after a
//! restart without a memory of it, and go on by one where the clock does not.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::trailer::{Key, Sequence};

use crate::time::{Instant, Micros};

/// Senders whose last number is remembered: more nodes than a virtual router can have.
const SENDERS: usize = 256;
/// A step of the wall clock beyond this is no adjustment.
const STEP: Micros = Micros::from_secs(1);
/// After a step the clock of before counts as well for this long: neighbours that agreed with us a
/// moment ago are not to be taken for dead because our clock has changed.
const STEP_GRACE: Micros = Micros::from_secs(600);

/// An `auth_hmac` block (keepalived.conf(5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hmac {
    /// Keys that are believed, each number once.
    pub keys: Vec<Key>,
    /// Number of the key that signs.
    pub active: u8,
    /// Whom to believe.
    pub mode: HmacMode,
    /// How packets that are sent again are told.
    pub anti_replay: AntiReplay,
}

impl Hmac {
    /// The key with that number.
    pub fn key(&self, id: u8) -> Option<&Key> {
        self.keys.iter().find(|key| key.id() == id)
    }

    /// The key that signs; none in [`HmacMode::ReceiveOnly`].
    pub fn signing_key(&self) -> Option<&Key> {
        match self.mode {
            HmacMode::Enforce | HmacMode::Permissive => self.key(self.active),
            HmacMode::ReceiveOnly => None,
        }
    }
}

/// Whom to believe (`mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HmacMode {
    /// Signs, and takes signed advertisements only.
    Enforce,
    /// Signs, and takes unsigned ones as well.
    Permissive,
    /// Does not sign; checks what is signed.
    ReceiveOnly,
}

/// How packets that are sent again are told (`anti_replay`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AntiReplay {
    /// Numbers rise, and are near our clock (`time_window`).
    Time(Micros),
    /// Numbers rise.
    Monotonic,
}

/// What the wall clock shows, as a function of the node's own clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WallClock {
    at: Instant,
    shows: u64,
    /// The reading of `at` on the clock before it stepped, and until when that counts.
    before: Option<(u64, Instant)>,
}

impl WallClock {
    /// A clock that shows `shows` (since 1970) at `at`.
    pub const fn new(at: Instant, shows: Micros) -> Self {
        WallClock {
            at,
            shows: shows.0,
            before: None,
        }
    }

    /// It was read again.
    pub(crate) fn read(&mut self, now: Instant, shows: Micros) {
        let expected = self.micros(now);
        let known = *self != WallClock::default();
        let before = self
            .before
            .filter(|(_, until)| now < *until)
            .map(|(shown, until)| (shown.saturating_add(now.since(self.at).0), until));
        let stepped = known && expected.abs_diff(shows.0) > STEP.0;
        *self = WallClock {
            at: now,
            shows: shows.0,
            // Steps there and back: the clock from before all of them counts.
            before: before.or_else(|| stepped.then_some((expected, now + STEP_GRACE))),
        };
    }

    fn micros(&self, now: Instant) -> u64 {
        self.shows.saturating_add(now.since(self.at).0)
    }

    /// The first number of that instant.
    pub fn sequence(&self, now: Instant) -> Sequence {
        Sequence::at(self.micros(now))
    }

    /// Seconds since 1970.
    pub fn seconds(&self, now: Instant) -> u64 {
        self.micros(now) / 1_000_000
    }

    /// Whether a number is at most `window` from now, or was before the clock stepped.
    pub fn is_near(&self, now: Instant, sequence: Sequence, window: Micros) -> bool {
        let near = |shows: u64| Sequence::at(shows).distance(sequence) <= Sequence::at(window.0).0;
        let before = self.before.filter(|(_, until)| now < *until);
        near(self.micros(now))
            || before.is_some_and(|(shown, _)| near(shown.saturating_add(now.since(self.at).0)))
    }
}

/// The last number of each sender.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replay {
    last: BTreeMap<IpAddr, (Sequence, Instant)>,
}

impl Replay {
    /// Whether that sender has sent nothing like it or newer.
    pub(crate) fn is_new(&self, source: IpAddr, sequence: Sequence) -> bool {
        let last = self.last.get(&source);
        last.is_none_or(|(last, _)| sequence.is_after(*last))
    }

    /// An authentic packet was taken. Only they get here: nobody can push others out.
    pub(crate) fn note(&mut self, now: Instant, source: IpAddr, sequence: Sequence) {
        if self.last.len() >= SENDERS && !self.last.contains_key(&source) {
            let oldest = self.last.iter().min_by_key(|(_, (_, heard))| *heard);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                self.last.remove(&oldest);
            }
        }
        self.last.insert(source, (sequence, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn at(seconds: u64) -> Instant {
        Instant(seconds * SECOND)
    }

    #[test]
    fn a_clock_goes_on_between_two_readings() {
        let mut clock = WallClock::default();
        clock.read(at(10), Micros(1_000 * SECOND));
        assert_eq!(clock.seconds(at(15)), 1_005);
        let near = |seconds| {
            let sequence = Sequence::at(seconds * SECOND);
            clock.is_near(at(15), sequence, Micros(5 * SECOND))
        };
        assert!(near(1_000) && near(1_010));
        assert!(!near(999) && !near(1_011));
    }

    #[test]
    fn after_a_step_the_old_clock_counts_for_a_while() {
        let mut clock = WallClock::default();
        clock.read(at(0), Micros(1_000 * SECOND));
        clock.read(at(1), Micros(9_001 * SECOND));
        clock.read(at(2), Micros(9_002 * SECOND));
        let near = |now: u64, seconds: u64| {
            let sequence = Sequence::at(seconds * SECOND);
            clock.is_near(at(now), sequence, Micros(5 * SECOND))
        };
        assert!(near(2, 1_002) && near(2, 9_002));
        assert!(!near(2, 5_000));
        assert!(near(600, 1_600));
        assert!(!near(602, 1_602) && near(602, 9_602));
    }

    #[test]
    fn a_number_counts_once_for_each_sender() {
        let mut replay = Replay::default();
        let (one, other) = (IpAddr::from([1, 1, 1, 1]), IpAddr::from([2, 2, 2, 2]));
        replay.note(at(0), one, Sequence(7));
        assert!(!replay.is_new(one, Sequence(7)) && !replay.is_new(one, Sequence(6)));
        assert!(replay.is_new(one, Sequence(8)) && replay.is_new(other, Sequence(1)));
    }

    #[test]
    fn the_memory_of_senders_is_bounded_and_forgets_the_quietest() {
        let mut replay = Replay::default();
        for number in 0..300_u32 {
            let source = IpAddr::from(number.to_be_bytes());
            replay.note(at(u64::from(number)), source, Sequence(9));
        }
        assert_eq!(replay.last.len(), SENDERS);
        assert!(replay.is_new(IpAddr::from(0_u32.to_be_bytes()), Sequence(9)));
        assert!(!replay.is_new(IpAddr::from(299_u32.to_be_bytes()), Sequence(9)));
    }
}
