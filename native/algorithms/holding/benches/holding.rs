//! Holding: no library does the same, so only our own figures, and the hashing that is in them.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use globelet_holding::{Answer, Challenge, Holder, Limits, Request, Shard, Stamp};
use globelet_signatures::SigningKey;

fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

fn challenge() -> Challenge {
    Challenge { vertex: [2; 32], shard: 1, holder: 4, seed: [3; 32], ranges: 30, width: 1, due_us: 9 }
}

fn cut(c: &mut Criterion) {
    let bytes = vec![7; 65_536];
    let mut group = c.benchmark_group("holding: commit to a shard of 64 KiB in pieces of 256 B");
    group.bench_function("globelet", |b| b.iter(|| Shard::cut(black_box(bytes.clone()), 256).unwrap().commitment()));
    group.bench_function("blake3, one hash over it", |b| b.iter(|| blake3::hash(black_box(&bytes.clone()))));
}

fn prove(c: &mut Criterion) {
    let shard = Shard::cut(vec![7; 65_536], 256).unwrap();
    let answer = Answer::make(&key(), &challenge(), &shard).unwrap();
    let (commitment, public) = (shard.commitment(), key().public());
    let mut group = c.benchmark_group("holding: answer a challenge of 30 pieces");
    group.bench_function("globelet", |b| b.iter(|| Answer::make(&key(), black_box(&challenge()), &shard).unwrap()));
    group.finish();
    let mut group = c.benchmark_group("holding: check an answer of 30 pieces");
    group.bench_function("globelet", |b| {
        b.iter(|| answer.verify(black_box(&commitment), &challenge(), &public, 1).unwrap())
    });
}

fn hold(c: &mut Criterion) {
    let bytes = vec![7; 1_024];
    let shard = Shard::cut(bytes.clone(), 256).unwrap();
    let request = Request::sign(&key(), [2; 32], 1, shard.commitment(), 1_000);
    let limits = Limits { bytes: 1 << 20, shards: 9, longest_us: 1_000 };
    let mut group = c.benchmark_group("holding: hold a shard of 1 KiB and acknowledge it");
    group.bench_function("globelet", |b| {
        b.iter(|| {
            let mut holder = Holder::new(4, key(), limits);
            holder.hold(Stamp { micros: 1, counter: 0 }, black_box(&request), bytes.clone()).unwrap()
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = cut, prove, hold
}
criterion_main!(benches);
