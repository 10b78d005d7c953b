//! Choices beside hrw-hash, which hashes a node once for all keys and mixes the two hashes in floating point.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use globelet_rendezvous::{rank, Rules, Site, Sites};
use hrw_hash::{HrwNode, HrwNodes};

/// A site as hrw-hash takes it.
#[derive(PartialEq, Eq, Hash)]
struct Node {
    id: u64,
    weight: usize,
}

impl HrwNode for Node {
    fn capacity(&self) -> usize {
        self.weight
    }
}

fn weight(id: u64) -> u64 {
    100 + id % 900
}

fn sites(count: u64) -> Sites {
    let site = |id| Site { id, weight: weight(id), city: (id % 20) as u32, building: (id / 40) as u32 };
    Sites::new((0..count).map(site).collect()).unwrap()
}

fn nodes(count: u64) -> HrwNodes<Node> {
    HrwNodes::new((0..count).map(|id| Node { id, weight: weight(id) as usize }))
}

fn first(c: &mut Criterion) {
    for (count, name) in [(100, "rendezvous: first 7 of 100 sites"), (1_000, "rendezvous: first 7 of 1,000 sites")] {
        let (ours, theirs) = (sites(count), nodes(count));
        let mut group = c.benchmark_group(name);
        group.bench_function("globelet", |b| b.iter(|| ours.top_k(black_box(b"a key of some bytes"), 7)));
        let peer = |key: &[u8]| theirs.sorted(&key).take(7).map(|node| node.id).collect::<Vec<_>>();
        group.bench_function("hrw-hash", |b| b.iter(|| peer(black_box(b"a key of some bytes"))));
    }
}

fn all(c: &mut Criterion) {
    let (ours, theirs) = (sites(100), nodes(100));
    let candidates: Vec<_> =
        ours.sites().iter().map(|s| globelet_rendezvous::Candidate { id: s.id, weight: s.weight, place: 0 }).collect();
    let mut group = c.benchmark_group("rendezvous: the order of 100 sites");
    group.bench_function("globelet", |b| b.iter(|| rank(black_box(b"a key of some bytes"), &candidates)));
    let peer = |key: &[u8]| theirs.sorted(&key).map(|node| node.id).collect::<Vec<_>>();
    group.bench_function("hrw-hash", |b| b.iter(|| peer(black_box(b"a key of some bytes"))));
}

fn place(c: &mut Criterion) {
    let ours = sites(100);
    let mut group = c.benchmark_group("rendezvous: 7 of 100 sites, one in a building, spread over cities");
    group
        .bench_function("globelet", |b| b.iter(|| ours.place(black_box(b"a key of some bytes"), 7, &Rules::default())));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = first, all, place
}
criterion_main!(benches);
