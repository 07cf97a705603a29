//! Random numbers that are the same for the same seed, on every machine and in every release.

use standfast_core::Micros;

/// A splitmix64 generator: small, fast, good enough to pick faults.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts at a seed.
    pub const fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 for a bound of 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        let bits = self.bits();
        if bound == 0 { 0 } else { bits % bound }
    }

    /// A position in a list of `length`; 0 if it is empty.
    pub fn position(&mut self, length: usize) -> usize {
        let bound = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(bound)).unwrap_or(0)
    }

    /// A duration from `least` to `most`, both possible.
    pub const fn between(&mut self, least: Micros, most: Micros) -> Micros {
        let span = most.0.saturating_sub(least.0).saturating_add(1);
        Micros(least.0.saturating_add(self.below(span)))
    }

    /// True in `permille` of 1,000 cases.
    pub const fn chance(&mut self, permille: u64) -> bool {
        self.below(1_000) < permille
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let numbers = |seed| {
            let mut random = Random::new(seed);
            [random.bits(), random.bits(), random.bits()]
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
        // The published first output of splitmix64 for seed 0.
        assert_eq!(numbers(0).first(), Some(&0xe220_a839_7b1d_cdaf));
    }

    #[test]
    fn bounds_hold() {
        let mut random = Random::new(1);
        for _ in 0..1_000 {
            let drawn = random.between(Micros(3), Micros(5));
            assert!((3..=5).contains(&drawn.0));
            assert!(random.position(4) < 4);
        }
        assert_eq!(random.below(0), 0);
    }
}
