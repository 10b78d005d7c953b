//! Seeded randomness that is the same on every machine: SplitMix64, and integers until the last step.

/// A stream of numbers from a seed (Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", 2014). Not for keys.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed and a purpose: other purposes draw without disturbing this one.
    pub fn new(seed: u64, purpose: &str) -> Random {
        let hash = blake3::Hasher::new()
            .update(b"globelet simulator 1")
            .update(&seed.to_le_bytes())
            .update(purpose.as_bytes())
            .finalize();
        let mut first = [0u8; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        Random(u64::from_le_bytes(first))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; zero if the bound is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        let unit = (self.bits() >> 11) as f64 / (1u64 << 53) as f64;
        unit < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_one_stream() {
        let draw = |seed, purpose| (0..4).map(|_| Random::new(seed, purpose).bits()).collect::<Vec<_>>();
        assert_eq!(draw(7, "links"), draw(7, "links"));
        assert_ne!(draw(7, "links"), draw(8, "links"));
        assert_ne!(draw(7, "links"), draw(7, "clocks"));
    }

    #[test]
    fn draws_stay_below_their_bound() {
        let mut random = Random::new(1, "bound");
        assert!((0..1_000).all(|_| random.below(7) < 7));
        assert_eq!(random.below(0), 0);
    }
}
