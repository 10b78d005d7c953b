//! Hashes in order, so that neighbours in the filter are worked on together and equal ones stand side by side.

/// Buckets at most, as a power of two: more would not fit into the cache together.
const MOST: u32 = 12;

/// The hashes, sorted: hashes are spread evenly, so one pass by their upper bits leaves a few in each bucket.
pub(super) fn sorted(hashes: &[u64]) -> Vec<u64> {
    let bits = (hashes.len() / 8).max(2).ilog2().min(MOST);
    let bucket = |hash: &u64| (hash >> (64 - bits)) as usize;
    let mut ends = vec![0; 1 << bits];
    hashes.iter().for_each(|hash| ends[bucket(hash)] += 1);
    let mut sum = 0;
    for end in &mut ends {
        sum += std::mem::replace(end, sum);
    }
    // Each bucket's beginning moves to its end as it fills.
    let mut sorted = vec![0; hashes.len()];
    for hash in hashes {
        let place = &mut ends[bucket(hash)];
        sorted[*place] = *hash;
        *place += 1;
    }
    let mut begin = 0;
    for end in ends {
        sorted[begin..end].sort_unstable();
        begin = end;
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::mix;

    #[test]
    fn everything_is_there_and_in_order() {
        for count in [0, 1, 2, 15, 16, 17, 1_000, 100_000] {
            for spread in [u64::MAX, 0xff, u64::MAX << 60, 0] {
                let hashes: Vec<u64> = (0..count).map(|number| mix(number) & spread).collect();
                let mut expected = hashes.clone();
                expected.sort_unstable();
                assert_eq!(sorted(&hashes), expected);
            }
        }
    }
}
