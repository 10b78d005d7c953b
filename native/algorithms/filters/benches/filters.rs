//! Filters of a million items of 16 bytes beside fastbloom, xorf, scalable_cuckoo_filter and a HashSet. All hash with
//! SipHash-1-3 (HashSet and xorf by the standard library's), as their users would; a kernel asks or adds 1,000 items.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::hash_map::DefaultHasher;
use std::collections::HashSet;
use std::hash::Hasher;
use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{criterion_group, criterion_main, BatchSize, BenchmarkGroup, Criterion};
use fastbloom::BloomFilter;
use globelet_filters::{Bloom, Cuckoo, Fuse, GrowingBloom};
use scalable_cuckoo_filter::ScalableCuckooFilter;
use xorf::{BinaryFuse8, Filter};

type Item = [u8; 16];

const HELD: u64 = 1_000_000;
const ASKED: u64 = 1_000;

fn items(from: u64, count: u64) -> Vec<Item> {
    (from..from + count)
        .map(|number| (u128::from(number) * 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_le_bytes())
        .collect()
}

/// Half of them held, half strangers, spread over all that is held.
fn asked() -> Vec<Item> {
    let held = items(0, HELD);
    let step = (HELD / ASKED * 2) as usize;
    held.into_iter().step_by(step).zip(items(HELD, ASKED / 2)).flat_map(|(one, other)| [one, other]).collect()
}

/// xorf takes numbers: hashes, for items of bytes.
fn sip(item: &Item) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(item);
    hasher.finish()
}

fn sealed(items: &[Item]) -> BinaryFuse8 {
    BinaryFuse8::try_from(&items.iter().map(sip).collect::<Vec<u64>>()).unwrap()
}

fn ask(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, contains: impl Fn(&Item) -> bool) {
    let asked = asked();
    group.bench_function(name, |b| b.iter(|| black_box(&asked).iter().filter(|item| contains(item)).count()));
}

fn contains(c: &mut Criterion) {
    let all = items(0, HELD);
    let set: HashSet<Item> = all.iter().copied().collect();
    let mut group = c.benchmark_group("filters: ask a Bloom filter 1,000 times");
    let mut bloom = Bloom::with_rate(HELD, 0.01, 1).unwrap();
    all.iter().for_each(|item| {
        bloom.insert(item);
    });
    ask(&mut group, "globelet", |item| bloom.contains(item));
    let mut growing = GrowingBloom::new(1_000, 0.01, 1).unwrap();
    all.iter().for_each(|item| {
        growing.insert(item).unwrap();
    });
    ask(&mut group, "grown from 1,000", |item| growing.contains(item));
    let mut peer = BloomFilter::with_false_pos(0.01).seed(&1).expected_items(HELD as usize);
    all.iter().for_each(|item| {
        peer.insert(item);
    });
    ask(&mut group, "fastbloom", |item| peer.contains(item));
    ask(&mut group, "HashSet", |item| set.contains(item));
    group.finish();
    let mut group = c.benchmark_group("filters: ask a cuckoo filter 1,000 times");
    let mut cuckoo = Cuckoo::<u16>::with_capacity(HELD, 1).unwrap();
    all.iter().for_each(|item| cuckoo.insert(item).unwrap());
    ask(&mut group, "globelet", |item| cuckoo.contains(item));
    let mut peer = ScalableCuckooFilter::<Item>::new(HELD as usize, 0.000_122);
    all.iter().for_each(|item| peer.insert(item));
    ask(&mut group, "scalable_cuckoo_filter", |item| peer.contains(item));
    ask(&mut group, "HashSet", |item| set.contains(item));
    group.finish();
    let mut group = c.benchmark_group("filters: ask a fuse filter 1,000 times");
    let fuse = Fuse::<u8>::new(&all, 1).unwrap();
    ask(&mut group, "globelet", |item| fuse.contains(item));
    let peer = sealed(&all);
    ask(&mut group, "xorf", |item| peer.contains(&sip(item)));
    ask(&mut group, "HashSet", |item| set.contains(item));
}

/// Times `change` on a fresh copy of what `made` gives.
fn fresh<T>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    made: impl Fn() -> T,
    change: impl Fn(&mut T, &Item),
) {
    let some = items(0, ASKED);
    group.bench_function(name, |b| {
        b.iter_batched_ref(&made, |set| some.iter().for_each(|item| change(set, item)), BatchSize::SmallInput);
    });
}

fn insert(c: &mut Criterion) {
    let set = || HashSet::<Item>::with_capacity(ASKED as usize);
    let mut group = c.benchmark_group("filters: add 1,000 to a Bloom filter");
    fresh(
        &mut group,
        "globelet",
        || Bloom::with_bits(10_500, 1).unwrap(),
        |set, item| {
            set.insert(item);
        },
    );
    let peer = || BloomFilter::with_false_pos(0.01).seed(&1).expected_items(ASKED as usize);
    fresh(&mut group, "fastbloom", peer, |set, item| {
        set.insert(item);
    });
    fresh(&mut group, "HashSet", set, |set, item| {
        set.insert(*item);
    });
    group.finish();
    let mut group = c.benchmark_group("filters: add 1,000 to a cuckoo filter");
    let cuckoo = || Cuckoo::<u16>::with_capacity(ASKED, 1).unwrap();
    fresh(&mut group, "globelet", cuckoo, |set, item| set.insert(item).unwrap());
    let peer = || ScalableCuckooFilter::<Item>::new(ASKED as usize, 0.000_122);
    fresh(&mut group, "scalable_cuckoo_filter", peer, |set, item| set.insert(item));
    fresh(&mut group, "HashSet", set, |set, item| {
        set.insert(*item);
    });
}

fn remove(c: &mut Criterion) {
    let some = items(0, ASKED);
    let mut group = c.benchmark_group("filters: delete 1,000 from a cuckoo filter");
    let mut cuckoo = Cuckoo::<u16>::with_capacity(ASKED, 1).unwrap();
    some.iter().for_each(|item| cuckoo.insert(item).unwrap());
    fresh(&mut group, "globelet", || cuckoo.clone(), |set, item| assert!(set.remove(item)));
    let full = || {
        let mut peer = ScalableCuckooFilter::<Item>::new(ASKED as usize, 0.000_122);
        some.iter().for_each(|item| peer.insert(item));
        peer
    };
    fresh(&mut group, "scalable_cuckoo_filter", full, |set, item| assert!(set.remove(item)));
    let set: HashSet<Item> = some.iter().copied().collect();
    fresh(&mut group, "HashSet", || set.clone(), |set, item| assert!(set.remove(item)));
}

fn seal(c: &mut Criterion) {
    let some = items(0, 100_000);
    let mut group = c.benchmark_group("filters: seal 100,000 items");
    group.bench_function("globelet", |b| b.iter(|| Fuse::<u8>::new(black_box(&some), 1).unwrap()));
    group.bench_function("xorf", |b| {
        b.iter(|| sealed(black_box(&some)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = contains, insert, remove, seal
}
criterion_main!(benches);
