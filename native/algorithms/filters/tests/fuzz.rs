//! Decoders take any bytes without harm, and only the bytes that they would write; what they give can be used.
#![allow(clippy::unwrap_used)]

use globelet_filters::{Bloom, Cuckoo, Fingerprint, Fuse, GrowingBloom, Mark};
use globelet_fuzz::fuzz;

const ITEMS: [&[u8]; 4] = [b"tokyo", b"paris", b"osaka", b""];

#[test]
fn bloom() {
    let mut seed = Bloom::with_bits(1_000, 7).unwrap();
    let empty = seed.to_bytes();
    ITEMS.iter().for_each(|item| {
        seed.insert(item);
    });
    fuzz("filters-bloom", &[empty, seed.to_bytes()], |bytes| {
        if let Ok(mut filter) = Bloom::from_bytes(bytes) {
            assert_eq!(filter.to_bytes(), bytes);
            filter.insert(b"x");
            assert!(filter.contains(b"x") && (0.0..=1.0).contains(&filter.rate()));
            let again = filter.clone();
            filter.merge(&again).unwrap();
        }
    });
}

#[test]
fn growing_bloom() {
    let made = |items: u32| {
        let mut seed = GrowingBloom::new(4, 0.3, 7).unwrap();
        (0..items).for_each(|item| {
            seed.insert(&item.to_le_bytes()).unwrap();
        });
        seed.to_bytes()
    };
    fuzz("filters-growing-bloom", &[made(0), made(4), made(20)], |bytes| {
        if let Ok(mut filter) = GrowingBloom::from_bytes(bytes) {
            assert_eq!(filter.to_bytes(), bytes);
            // One that has no room left refuses, and says nothing of this item.
            if filter.insert(b"x").is_ok() {
                assert!(filter.contains(b"x"));
            }
        }
    });
}

fn use_cuckoo<M: Mark>(bytes: &[u8]) {
    if let Ok(mut filter) = Cuckoo::<M>::from_bytes(bytes) {
        assert_eq!(filter.to_bytes(), bytes);
        if filter.insert(b"x").is_ok() {
            assert!(filter.contains(b"x") && filter.remove(b"x"));
        }
        assert!(filter.rate() <= 1.0);
        let again = filter.clone();
        filter.merge(&again).ok();
    }
}

#[test]
fn cuckoo() {
    fn seed<M: Mark>(items: u32) -> Vec<u8> {
        let mut seed = Cuckoo::<M>::with_capacity(1, 7).unwrap();
        (0..items).for_each(|item| seed.insert(&item.to_le_bytes()).unwrap());
        seed.to_bytes()
    }
    let seeds = [seed::<u16>(0), seed::<u16>(100), seed::<u16>(700), seed::<u32>(0), seed::<u32>(300)];
    fuzz("filters-cuckoo", &seeds, |bytes| {
        use_cuckoo::<u16>(bytes);
        use_cuckoo::<u32>(bytes);
    });
}

fn use_fuse<F: Fingerprint>(bytes: &[u8]) {
    if let Ok(filter) = Fuse::<F>::from_bytes(bytes) {
        assert_eq!(filter.to_bytes(), bytes);
        ITEMS.iter().for_each(|item| {
            filter.contains(item);
        });
    }
}

#[test]
fn fuse() {
    let some: Vec<_> = (0..40_u32).map(u32::to_le_bytes).collect();
    let seeds = [
        Fuse::<u8>::new(&ITEMS, 7).unwrap().to_bytes(),
        Fuse::<u16>::new(&some, 7).unwrap().to_bytes(),
        Fuse::<u8>::new::<&[u8]>(&[], 7).unwrap().to_bytes(),
    ];
    fuzz("filters-fuse", &seeds, |bytes| {
        use_fuse::<u8>(bytes);
        use_fuse::<u16>(bytes);
    });
}
