//! The seeded generator behind jitter, toxicity, slicing and loss.

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and the same on every machine.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator whose sequence depends on every part of `seeds` and on their order.
    #[must_use]
    pub fn new(seeds: &[u64]) -> Self {
        let mut random = Self(0x6c69_6e6b_735f_3031);
        for seed in seeds {
            random.0 = random.next_u64() ^ seed;
        }
        random
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in 0 (included) to 1 (excluded), 53 bits.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Uniform draws of which every sixteen in a row, from the first, fall one into each sixteenth of the range, in random
/// order: so few as a screenful of measurements have the declared median. Stratified sampling (Cochran 1977, ch. 5).
#[derive(Clone, Debug, Default)]
pub struct Strata {
    deck: Vec<u8>,
}

/// Into how many equal parts the range is cut.
const PARTS: u8 = 16;

impl Strata {
    /// Uniform in 0 (included) to 1 (excluded).
    pub fn unit(&mut self, random: &mut Random) -> f64 {
        if self.deck.is_empty() {
            self.deck.extend(0..PARTS);
        }
        let at = (random.next_u64() % self.deck.len() as u64) as usize;
        (f64::from(self.deck.swap_remove(at)) + random.unit()) / f64::from(PARTS)
    }
}

/// A seed from a name (FNV-1a, 64 bits).
#[must_use]
pub fn seed_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seeds_same_sequence_other_order_another() {
        let draw = |seeds: &[u64]| -> Vec<u64> {
            let mut random = Random::new(seeds);
            (0..8).map(|_| random.next_u64()).collect()
        };
        assert_eq!(draw(&[1, 2]), draw(&[1, 2]));
        assert_ne!(draw(&[1, 2]), draw(&[2, 1]));
        assert_ne!(draw(&[1]), draw(&[1, 0]));
    }

    #[test]
    fn sixteen_stratified_draws_fall_one_into_each_sixteenth() {
        let (mut random, mut strata) = (Random::new(&[7]), Strata::default());
        let mut blocks: Vec<Vec<u8>> = Vec::new();
        for _ in 0..20 {
            let mut parts: Vec<u8> = (0..16).map(|_| (strata.unit(&mut random) * 16.0) as u8).collect();
            blocks.push(parts.clone());
            parts.sort_unstable();
            assert_eq!(parts, (0..16).collect::<Vec<u8>>());
        }
        blocks.dedup();
        assert_eq!(blocks.len(), 20, "in another order each time");
    }

    #[test]
    fn unit_covers_its_range() {
        let mut random = Random::new(&[7]);
        let draws: Vec<f64> = (0..10_000).map(|_| random.unit()).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mean = draws.iter().sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "{mean}");
    }
}
