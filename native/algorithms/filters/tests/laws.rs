//! What is added is found, whatever happens; what is read is what was written.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;

use globelet_filters::{Bloom, Cuckoo, FilterError, Fuse, GrowingBloom, Mark, MOST_BYTES};
use proptest::prelude::*;

fn steps() -> impl Strategy<Value = Vec<(bool, u16)>> {
    prop::collection::vec((prop::bool::weighted(0.6), 0_u16..600), 0..2_500)
}

/// Against a plain multiset: what is held is always found, whatever was added, deleted or refused.
fn never_loses<M: Mark>(seed: u64, steps: &[(bool, u16)]) {
    let (mut filter, mut held) = (Cuckoo::<M>::with_capacity(1, seed).unwrap(), BTreeMap::<u16, u32>::new());
    for (number, (add, item)) in steps.iter().enumerate() {
        let copies = held.entry(*item).or_default();
        if *add {
            match filter.insert(&item.to_le_bytes()) {
                Ok(()) => *copies += 1,
                Err(refused) => assert!(matches!(refused, FilterError::Copies | FilterError::Full { .. })),
            }
        } else if *copies > 0 {
            assert!(filter.remove(&item.to_le_bytes()));
            *copies -= 1;
        }
        if number % 97 == 0 || number + 1 == steps.len() {
            assert_eq!(filter.len(), u64::from(held.values().sum::<u32>()));
            assert!(held.iter().all(|(item, n)| *n == 0 || filter.contains(&item.to_le_bytes())));
        }
    }
    assert_eq!(Cuckoo::<M>::from_bytes(&filter.to_bytes()).as_ref(), Ok(&filter));
    for (item, copies) in &held {
        (0..*copies).for_each(|_| assert!(filter.remove(&item.to_le_bytes())));
    }
    assert!(filter.is_empty(), "all that was added was deleted, and nothing else");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_cuckoo_filter_never_loses_an_item(seed: u64, steps in steps()) {
        never_loses::<u16>(seed, &steps);
        never_loses::<u32>(seed, &steps);
    }

    #[test]
    fn bloom_filters_never_lose_an_item(seed: u64, bits in 0_u64..4_000, items in prop::collection::vec(any::<u64>(), 0..300)) {
        let (mut fixed, mut growing) = (Bloom::with_bits(bits, seed).unwrap(), GrowingBloom::new(8, 0.1, seed).unwrap());
        for item in &items {
            let before = (fixed.contains(&item.to_le_bytes()), growing.contains(&item.to_le_bytes()));
            prop_assert_eq!((fixed.insert(&item.to_le_bytes()), growing.insert(&item.to_le_bytes()).unwrap()), before);
        }
        prop_assert!(items.iter().all(|item| fixed.contains(&item.to_le_bytes()) && growing.contains(&item.to_le_bytes())));
        prop_assert_eq!(Bloom::from_bytes(&fixed.to_bytes()), Ok(fixed));
        prop_assert_eq!(GrowingBloom::from_bytes(&growing.to_bytes()), Ok(growing));
    }

    #[test]
    fn a_fuse_filter_finds_all_its_items(seed: u64, items in prop::collection::vec(any::<u16>(), 0..600)) {
        let items: Vec<[u8; 2]> = items.iter().map(|item| item.to_le_bytes()).collect();
        let (small, large) = (Fuse::<u8>::new(&items, seed).unwrap(), Fuse::<u16>::new(&items, seed).unwrap());
        prop_assert!(items.iter().all(|item| small.contains(item) && large.contains(item)));
        let distinct = items.iter().collect::<std::collections::BTreeSet<_>>().len() as u64;
        prop_assert_eq!((small.len(), large.len(), small.is_empty()), (distinct, distinct, distinct == 0));
        prop_assert_eq!(Fuse::from_bytes(&small.to_bytes()), Ok(small));
        prop_assert_eq!(Fuse::from_bytes(&large.to_bytes()), Ok(large));
    }

    /// A merged filter is the filter of both, whichever has doubled more often.
    #[test]
    fn a_merge_holds_what_both_held(seed: u64, ours in 0_u32..700, theirs in 0_u32..700) {
        let item = |number: u32| number.to_le_bytes();
        let (mut one, mut two) = (Cuckoo::<u32>::with_capacity(9, seed).unwrap(), Cuckoo::<u32>::with_capacity(9, seed).unwrap());
        let (mut blue, mut red) = (Bloom::with_bits(5_000, seed).unwrap(), Bloom::with_bits(5_000, seed).unwrap());
        let mut all = blue.clone();
        for number in 0..ours {
            one.insert(&item(number)).unwrap();
            blue.insert(&item(number));
            all.insert(&item(number));
        }
        for number in 500..500 + theirs {
            two.insert(&item(number)).unwrap();
            red.insert(&item(number));
            all.insert(&item(number));
        }
        one.merge(&two).unwrap();
        blue.merge(&red).unwrap();
        prop_assert_eq!(one.len(), u64::from(ours + theirs));
        for number in (0..ours).chain(500..500 + theirs) {
            prop_assert!(one.remove(&item(number)));
            prop_assert!(blue.contains(&item(number)));
        }
        prop_assert!(one.is_empty());
        prop_assert_eq!(&blue.to_bytes()[20..], &all.to_bytes()[20..], "all but the number of items");
    }
}

#[test]
fn filters_grow_by_themselves() {
    let (mut cuckoo, mut bloom) =
        (Cuckoo::<u16>::with_capacity(100, 1).unwrap(), GrowingBloom::new(100, 0.01, 1).unwrap());
    for number in 0..20_000_u32 {
        cuckoo.insert(&number.to_le_bytes()).unwrap();
        bloom.insert(&number.to_le_bytes()).unwrap();
    }
    assert!(
        (0..20_000_u32).all(|number| cuckoo.contains(&number.to_le_bytes()) && bloom.contains(&number.to_le_bytes()))
    );
    assert_eq!((cuckoo.len(), cuckoo.grown(), cuckoo.slots()), (20_000, 7, 32_768));
    assert!(bloom.layers() == 8 && bloom.len() > 19_700, "{} layers, {} items", bloom.layers(), bloom.len());
}

#[test]
fn a_filter_that_can_not_grow_says_so_and_stays_as_it_is() {
    let mut filter = Cuckoo::<u16>::with_capacity(1, 1).unwrap();
    let refused = (0_u32..).find_map(|i| filter.insert(&i.to_le_bytes()).err().map(|error| (i, error))).unwrap();
    assert_eq!(refused.1, FilterError::Full { len: filter.len(), grown: 8 });
    assert_eq!(filter.len(), u64::from(refused.0));
    // Small segments fill unevenly.
    assert!(refused.0 > 256 * 256 * 8 / 10, "full at {} of {}", refused.0, filter.slots());
    assert!((0..refused.0).all(|i| filter.contains(&i.to_le_bytes())), "what was moved was put back");
    let mut copies = Cuckoo::<u32>::with_capacity(1, 1).unwrap();
    (0..8).for_each(|_| copies.insert(b"tokyo").unwrap());
    let before = copies.clone();
    assert_eq!(copies.insert(b"tokyo"), Err(FilterError::Copies));
    assert_eq!(copies, before);
}

#[test]
fn only_filters_that_are_alike_merge() {
    let bloom = |bits, seed| Bloom::with_bits(bits, seed).unwrap();
    let cuckoo = |items, seed| Cuckoo::<u16>::with_capacity(items, seed).unwrap();
    for other in [bloom(512, 2), bloom(513, 1)] {
        assert_eq!(bloom(512, 1).merge(&other), Err(FilterError::Different));
    }
    for other in [cuckoo(100, 2), cuckoo(1_000, 1)] {
        assert_eq!(cuckoo(100, 1).merge(&other), Err(FilterError::Different));
    }
    let (mut one, mut two) = (cuckoo(1, 1), cuckoo(1, 1));
    (0..5).for_each(|_| one.insert(b"tokyo").unwrap());
    (0..5).for_each(|_| two.insert(b"tokyo").unwrap());
    let before = one.clone();
    assert_eq!((one.merge(&two), &one), (Err(FilterError::Copies), &before), "nothing is merged in part");
}

#[test]
fn impossible_sizes_and_rates_are_refused_before_any_memory_is_taken() {
    assert_eq!(Bloom::with_bits(u64::MAX, 0).unwrap_err(), FilterError::TooLarge);
    assert_eq!(Bloom::with_rate(u64::MAX, 0.01, 0).unwrap_err(), FilterError::TooLarge);
    assert_eq!(GrowingBloom::new(u64::MAX, 0.01, 0).unwrap_err(), FilterError::TooLarge);
    assert_eq!(Cuckoo::<u16>::with_capacity(u64::MAX, 0).unwrap_err(), FilterError::TooLarge);
    assert_eq!(Cuckoo::<u16>::with_capacity(u64::MAX / 20, 0).unwrap_err(), FilterError::TooLarge);
    assert_eq!(Cuckoo::<u32>::with_capacity(1 << 28, 0).unwrap_err(), FilterError::TooLarge);
    for rate in [0.0, -1.0, 0.51, 1e-7, f64::NAN, f64::INFINITY] {
        assert_eq!(Bloom::with_rate(1, rate, 0).unwrap_err(), FilterError::Rate);
        assert_eq!(GrowingBloom::new(1, rate, 0).unwrap_err(), FilterError::Rate);
    }
    assert_eq!(Bloom::with_bits(8 * MOST_BYTES as u64, 0).unwrap().size(), MOST_BYTES);
}

#[test]
fn the_seed_decides_the_bytes() {
    let make = |seed| {
        let (mut cuckoo, mut bloom) =
            (Cuckoo::<u16>::with_capacity(50, seed).unwrap(), Bloom::with_bits(512, seed).unwrap());
        (0..50_u32).for_each(|i| cuckoo.insert(&i.to_le_bytes()).unwrap());
        (0..50_u32).for_each(|i| {
            bloom.insert(&i.to_le_bytes());
        });
        let items: Vec<_> = (0..50_u32).map(u32::to_le_bytes).collect();
        [
            cuckoo.to_bytes()[12..].to_vec(),
            bloom.to_bytes()[12..].to_vec(),
            Fuse::<u8>::new(&items, seed).unwrap().to_bytes()[12..].to_vec(),
        ]
    };
    assert_eq!(make(1), make(1));
    assert!(make(1).iter().zip(make(2)).all(|(one, two)| *one != two));
}

/// Sets of every size up to a thousand, and some larger ones: an arrangement is found soon.
#[test]
fn fuse_filters_of_every_size_are_found() {
    for size in (0..1_000).chain([1_023, 1_024, 1_025, 4_096, 10_000, 65_537, 100_000]) {
        let items: Vec<_> = (0..size as u32).map(u32::to_le_bytes).collect();
        let made = Fuse::<u8>::new(&items, 7).unwrap();
        assert!(items.iter().all(|item| made.contains(item)));
        assert!(made.to_bytes()[21] < 12, "{size} items: attempt {}", made.to_bytes()[21]);
        assert!(size < 10_000 || made.size() as f64 <= 1.3 * size as f64, "{size} items: {} bytes", made.size());
    }
}

/// Bytes may claim any number of items above what their bits ask for; it is counted no further than can be.
#[test]
fn a_filter_that_claims_all_items_can_still_be_used() {
    let mut made = Bloom::with_bits(512, 1).unwrap();
    made.insert(b"tokyo");
    let mut bytes = made.to_bytes();
    bytes[12..20].fill(0xff);
    let mut filter = Bloom::from_bytes(&bytes).unwrap();
    let again = filter.clone();
    assert!(!filter.insert(b"paris") && filter.contains(b"tokyo"));
    filter.merge(&again).unwrap();
    assert_eq!((filter.len(), filter.rate()), (u64::MAX, 1.0));
}
