//! Seeded choices: SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).

#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of them, evenly; `None` of none.
    pub fn one<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let place = ((u128::from(self.bits()) * from.len() as u128) >> 64) as usize;
        from.get(place).copied()
    }

    /// At most `count` different ones, in the order drawn.
    pub fn some<T: Copy>(&mut self, mut from: Vec<T>, count: usize) -> Vec<T> {
        let mut drawn = Vec::new();
        while drawn.len() < count && !from.is_empty() {
            let place = ((u128::from(self.bits()) * from.len() as u128) >> 64) as usize;
            drawn.push(from.swap_remove(place));
        }
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_no_doubles_and_every_place_is_drawn() {
        let mut random = Random::new(3);
        let all: Vec<u16> = (0..10).collect();
        let mut sample = random.some(all.clone(), 7);
        sample.sort_unstable();
        sample.dedup();
        assert_eq!(sample.len(), 7);
        assert_eq!(random.some(all.clone(), 99).len(), 10);
        let mut met = [0; 10];
        (0..1_000).filter_map(|_| random.one(&all)).for_each(|n| met[usize::from(n)] += 1);
        assert!(met.iter().all(|times| (60..150).contains(times)), "{met:?}");
        assert_eq!(random.one::<u16>(&[]), None);
    }
}
