//! How often strangers are found, beside what theory says: within five standard deviations of the binomial.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_filters::{Bloom, Cuckoo, Fuse, GrowingBloom, Mark};

/// The number of strangers found must be near `rate` of those asked, with room for `slack` of it that theory leaves open.
fn check(name: &str, asked: u32, rate: f64, slack: f64, contains: impl Fn(&[u8]) -> bool) {
    let found = (1 << 31..(1 << 31) + asked).filter(|stranger: &u32| contains(&stranger.to_le_bytes())).count() as f64;
    let expected = f64::from(asked) * rate;
    let deviation = (expected * (1.0 - rate)).sqrt();
    assert!(
        (found - expected).abs() <= 5.0 * deviation + slack * expected,
        "{name}: {found} of {asked}, expected {expected:.0} ± {deviation:.0}"
    );
}

#[test]
fn bloom() {
    for (items, rate, seed) in [(1_000_u32, 0.1, 1), (10_000, 0.01, 2), (30_000, 0.001, 3), (5, 0.5, 4)] {
        let mut filter = Bloom::with_rate(items.into(), rate, seed).unwrap();
        (0..items).for_each(|item| {
            filter.insert(&item.to_le_bytes());
        });
        // What one filter's blocks happen to hold varies too, the less the more blocks there are.
        let slack = 2.0 / (filter.size() as f64 / 64.0).sqrt();
        assert!(filter.rate() <= rate);
        check("Bloom", 400_000, filter.rate(), slack, |item| filter.contains(item));
    }
}

#[test]
fn bloom_over_many_seeds_is_the_mean_of_theory() {
    let (mut found, mut asked, mut expected) = (0.0, 0.0, 0.0);
    for seed in 0..400 {
        let mut filter = Bloom::with_bits(4 * 512, seed).unwrap();
        (0..200_u32).for_each(|item| {
            filter.insert(&item.to_le_bytes());
        });
        found += (1_000..3_000_u32).filter(|item| filter.contains(&item.to_le_bytes())).count() as f64;
        (asked, expected) = (asked + 2_000.0, expected + 2_000.0 * filter.rate());
    }
    assert!((found / expected - 1.0).abs() < 0.05, "{found} found of {asked}, expected {expected}");
}

#[test]
fn growing_bloom_keeps_its_rate() {
    let mut filter = GrowingBloom::new(500, 0.02, 5).unwrap();
    for items in [400, 4_000, 40_000_u32] {
        (0..items).for_each(|item| {
            filter.insert(&item.to_le_bytes()).unwrap();
        });
        assert!(filter.rate() <= 0.02, "{} after {items}", filter.rate());
        check("growing Bloom", 200_000, filter.rate(), 0.1, |item| filter.contains(item));
    }
}

fn cuckoo<M: Mark>(first: u64, items: u32, asked: u32) -> Cuckoo<M> {
    let mut filter = Cuckoo::<M>::with_capacity(first, 6).unwrap();
    (0..items).for_each(|item| filter.insert(&item.to_le_bytes()).unwrap());
    check("cuckoo", asked, filter.rate(), 0.02, |item| filter.contains(item));
    filter
}

#[test]
fn cuckoo_before_and_after_doubling() {
    assert_eq!(cuckoo::<u16>(15_000, 15_000, 4_000_000).grown(), 0);
    let grown = cuckoo::<u16>(200, 30_000, 400_000);
    assert!(grown.grown() >= 7 && grown.rate() <= 8.0 / 256.0);
    let wide = cuckoo::<u32>(200, 30_000, 400_000);
    assert!(wide.rate() < 1e-6, "no stranger is expected, and none was found");
}

#[test]
fn cuckoo_after_deletions() {
    let mut filter = Cuckoo::<u16>::with_capacity(15_000, 8).unwrap();
    (0..15_000_u32).for_each(|item| filter.insert(&item.to_le_bytes()).unwrap());
    let full = filter.rate();
    (0..12_000_u32).for_each(|item| assert!(filter.remove(&item.to_le_bytes())));
    assert!((filter.rate() / full - 0.2).abs() < 1e-9);
    check("cuckoo, four fifths deleted", 4_000_000, filter.rate(), 0.02, |item| filter.contains(item));
    assert!((12_000..15_000_u32).all(|item| filter.contains(&item.to_le_bytes())));
}

#[test]
fn fuse() {
    let items: Vec<_> = (0..20_000_u32).map(u32::to_le_bytes).collect();
    let (small, large) = (Fuse::<u8>::new(&items, 9).unwrap(), Fuse::<u16>::new(&items, 9).unwrap());
    assert_eq!((small.rate(), large.rate()), (1.0 / 256.0, 1.0 / 65_536.0));
    check("fuse of 8 bits", 1_000_000, small.rate(), 0.0, |item| small.contains(item));
    check("fuse of 16 bits", 4_000_000, large.rate(), 0.0, |item| large.contains(item));
}
