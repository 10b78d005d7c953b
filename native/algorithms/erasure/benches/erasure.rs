//! Encoding and rebuilding beside reed-solomon-simd and reed-solomon-erasure (its SIMD on): data shards in, parity shards
//! or lost data shards out, the framing left aside, as the peers have none.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, BatchSize, Criterion};
use globelet_erasure::Codec;
use reed_solomon_erasure::galois_8::ReedSolomon;
use reed_solomon_simd::{ReedSolomonDecoder, ReedSolomonEncoder};

const SHAPES: [(usize, usize); 3] = [(4, 7), (6, 10), (32, 64)];
const SIZES: [(usize, &str); 3] = [(1 << 10, "1 KB"), (1 << 15, "32 KB"), (1 << 20, "1 MB")];

/// Data shards of a payload of `size` bytes; even, as reed-solomon-simd asks for.
fn data(k: usize, size: usize) -> Vec<Vec<u8>> {
    let length = size.div_ceil(k).next_multiple_of(2);
    (0..k).map(|i| (0..length).map(|at| ((at * 31 + i * 7) >> 2) as u8).collect()).collect()
}

fn slices(shards: &[Vec<u8>]) -> Vec<&[u8]> {
    shards.iter().map(Vec::as_slice).collect()
}

fn encode(c: &mut Criterion) {
    for ((k, n), (size, name)) in SHAPES.into_iter().flat_map(|shape| SIZES.map(|size| (shape, size))) {
        let data = data(k, size);
        let (views, length) = (slices(&data), data[0].len());
        let mut parity = vec![vec![0; length]; n - k];
        let mut group = c.benchmark_group(format!("erasure: parity of {k} of {n}, {name}"));
        let codec = Codec::new(k, n).unwrap();
        group.bench_function("globelet", |b| {
            b.iter(|| {
                let mut places: Vec<&mut [u8]> = parity.iter_mut().map(Vec::as_mut_slice).collect();
                codec.parity(black_box(&views), &mut places).unwrap();
            });
        });
        let mut encoder = ReedSolomonEncoder::new(k, n - k, length).unwrap();
        group.bench_function("reed-solomon-simd", |b| {
            b.iter(|| {
                data.iter().for_each(|shard| encoder.add_original_shard(black_box(shard)).unwrap());
                let encoded = encoder.encode().unwrap();
                black_box(encoded.recovery(0));
            });
        });
        let peer = ReedSolomon::new(k, n - k).unwrap();
        group.bench_function("reed-solomon-erasure", |b| {
            b.iter(|| peer.encode_sep(black_box(&data), &mut parity).unwrap());
        });
    }
}

fn rebuild(c: &mut Criterion) {
    for ((k, n), (size, name)) in SHAPES.into_iter().flat_map(|shape| SIZES.map(|size| (shape, size))) {
        let mut shards = data(k, size);
        let length = shards[0].len();
        shards.resize(n, vec![0; length]);
        ReedSolomon::new(k, n - k).unwrap().encode(&mut shards).unwrap();
        let (codec, lost): (_, Vec<usize>) = (Codec::new(k, n).unwrap(), (0..n - k).collect());
        let mut ours = data(k, size);
        let mut parity = vec![vec![0; length]; n - k];
        codec.parity(&slices(&ours), &mut parity.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>()).unwrap();
        ours.extend(parity);
        let kept: Vec<(usize, &[u8])> = (n - k..n).map(|i| (i, ours[i].as_slice())).collect();
        let mut group = c.benchmark_group(format!("erasure: rebuild {} lost of {k} of {n}, {name}", n - k));
        group.bench_function("globelet", |b| b.iter(|| codec.restore(black_box(&kept), &lost).unwrap()));
        let mut encoder = ReedSolomonEncoder::new(k, n - k, length).unwrap();
        ours[..k].iter().for_each(|shard| encoder.add_original_shard(shard).unwrap());
        let recovery: Vec<Vec<u8>> = encoder.encode().unwrap().recovery_iter().map(<[u8]>::to_vec).collect();
        let mut decoder = ReedSolomonDecoder::new(k, n - k, length).unwrap();
        group.bench_function("reed-solomon-simd", |b| {
            b.iter(|| {
                (n - k..k).for_each(|i| decoder.add_original_shard(i, black_box(&ours[i])).unwrap());
                recovery.iter().enumerate().for_each(|(i, shard)| decoder.add_recovery_shard(i, shard).unwrap());
                let decoded = decoder.decode().unwrap();
                lost.iter().map(|i| decoded.restored_original(*i).unwrap().to_vec()).collect::<Vec<_>>()
            });
        });
        let peer = ReedSolomon::new(k, n - k).unwrap();
        let given: Vec<Option<Vec<u8>>> = (0..n).map(|i| (i >= n - k).then(|| shards[i].clone())).collect();
        group.bench_function("reed-solomon-erasure", |b| {
            b.iter_batched(
                || given.clone(),
                |mut given| {
                    peer.reconstruct_data(&mut given).unwrap();
                    given
                },
                BatchSize::LargeInput,
            );
        });
    }
}

/// Nothing lost: a decode beside the copy that it has to make.
fn whole(c: &mut Criterion) {
    let codec = Codec::new(4, 7).unwrap();
    for (size, name) in SIZES {
        let shards = codec.encode(&vec![7; size]);
        let given: Vec<(usize, &[u8])> =
            shards[..4].iter().enumerate().map(|(i, shard)| (i, shard.as_slice())).collect();
        let mut group = c.benchmark_group(format!("erasure: decode with all 4 data shards, {name}"));
        group.bench_function("globelet", |b| b.iter(|| codec.decode(black_box(&given)).unwrap()));
        group.bench_function("a copy", |b| b.iter(|| black_box(&shards)[..4].concat()));
    }
}

/// Above 255 shards the peer is what the crate stands on.
fn wide(c: &mut Criterion) {
    let data = data(500, 1 << 20);
    let (codec, views, length) = (Codec::new(500, 1000).unwrap(), slices(&data), data[0].len());
    let mut parity = vec![vec![0; length]; 500];
    let mut group = c.benchmark_group("erasure: parity of 500 of 1000, 1 MB");
    group.bench_function("globelet", |b| {
        b.iter(|| {
            let mut places: Vec<&mut [u8]> = parity.iter_mut().map(Vec::as_mut_slice).collect();
            codec.parity(black_box(&views), &mut places).unwrap();
        });
    });
    let mut encoder = ReedSolomonEncoder::new(500, 500, length).unwrap();
    group.bench_function("reed-solomon-simd", |b| {
        b.iter(|| {
            data.iter().for_each(|shard| encoder.add_original_shard(black_box(shard)).unwrap());
            black_box(encoder.encode().unwrap().recovery(0));
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500));
    targets = encode, rebuild, whole, wide
}
criterion_main!(benches);
