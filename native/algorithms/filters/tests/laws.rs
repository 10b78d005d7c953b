//! Laws of both filters.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;

use borsh::BorshDeserialize;
use globelet_filters::{Bloom, Cuckoo};
use proptest::prelude::*;

proptest! {
    /// Against a plain multiset: what is held is always found, whatever was added, removed, refused.
    #[test]
    fn a_cuckoo_filter_never_loses_an_item(seed: u64, steps in prop::collection::vec((any::<bool>(), 0u16..90), 0..400)) {
        let (mut filter, mut held) = (Cuckoo::with_capacity(24, seed), BTreeMap::<u16, u32>::new());
        for (add, item) in steps {
            let copies = held.entry(item).or_default();
            if add {
                let before = filter.clone();
                match filter.insert(&item.to_le_bytes()) {
                    Ok(()) => *copies += 1,
                    Err(full) => {
                        prop_assert_eq!(full.len, before.len());
                        prop_assert_eq!(&filter, &before);
                    }
                }
            } else if *copies > 0 {
                prop_assert!(filter.remove(&item.to_le_bytes()));
                *copies -= 1;
            }
            prop_assert_eq!(filter.len() as u32, held.values().sum::<u32>());
            prop_assert!(held.iter().all(|(item, n)| *n == 0 || filter.contains(&item.to_le_bytes())));
        }
        prop_assert_eq!(&borsh::from_slice::<Cuckoo>(&borsh::to_vec(&filter).unwrap()).unwrap(), &filter);
    }

    #[test]
    fn a_bloom_filter_never_loses_an_item(seed: u64, bits in 0usize..40, items in prop::collection::vec(any::<u64>(), 0..200)) {
        let mut filter = Bloom::new(items.len(), bits, seed);
        items.iter().for_each(|item| filter.insert(&item.to_le_bytes()));
        prop_assert!(items.iter().all(|item| filter.contains(&item.to_le_bytes())));
        let back: Bloom = borsh::from_slice(&borsh::to_vec(&filter).unwrap()).unwrap();
        prop_assert_eq!(back, filter);
    }

    #[test]
    fn hostile_bytes_make_no_filter_that_panics(noise in prop::collection::vec(any::<u8>(), 0..120), words in 0u32..20) {
        let framed = [&noise[..noise.len().min(16)], &words.to_le_bytes(), &noise].concat();
        for bytes in [&noise, &framed] {
            if let Ok(mut filter) = Cuckoo::try_from_slice(bytes) {
                filter.insert(b"x").ok();
                filter.remove(b"y");
            }
            if let Ok(mut filter) = Bloom::try_from_slice(bytes) {
                filter.insert(b"x");
                prop_assert!(filter.contains(b"x"));
            }
        }
    }
}

#[test]
fn false_answers_are_as_rare_as_promised() {
    let (mut cuckoo, mut bloom) = (Cuckoo::with_capacity(3_800, 5), Bloom::new(3_800, 10, 5));
    for item in 0..3_800u32 {
        cuckoo.insert(&item.to_le_bytes()).unwrap();
        bloom.insert(&item.to_le_bytes());
    }
    let strangers = 100_000..200_000u32;
    let wrong = |ask: &dyn Fn(&[u8]) -> bool| strangers.clone().filter(|i| ask(&i.to_le_bytes())).count();
    let (cuckoo_wrong, bloom_wrong) = (wrong(&|i| cuckoo.contains(i)), wrong(&|i| bloom.contains(i)));
    assert!(cuckoo_wrong < 30, "cuckoo: {cuckoo_wrong} of 100000");
    assert!(bloom_wrong < 2_000, "bloom: {bloom_wrong} of 100000");
}

#[test]
fn a_full_filter_says_so_and_the_seed_decides_the_bytes() {
    let mut filter = Cuckoo::with_capacity(4, 1);
    let refused = (0..100u32).find_map(|i| filter.insert(&i.to_le_bytes()).err()).unwrap();
    assert_eq!((refused.len, refused.slots), (filter.len(), 8));
    let make = |seed| {
        let mut filter = Cuckoo::with_capacity(50, seed);
        (0..50u32).for_each(|i| filter.insert(&i.to_le_bytes()).unwrap());
        borsh::to_vec(&filter).unwrap()
    };
    assert_eq!(make(1), make(1));
    assert_ne!(make(1)[16..], make(2)[16..]);
}
