//! Trees and proofs beside rs_merkle, over the same hash (SHA-256) and the same leaves.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use globelet_merkle::{Blake3, Sha256, Tree, TreeHash};
use rs_merkle::{Hasher, MerkleTree};

const LEAVES: usize = 1024;

/// rs_merkle with the domains of RFC 9162, so that both do the same work.
#[derive(Clone)]
struct Peer;

impl Hasher for Peer {
    type Hash = [u8; 32];

    fn hash(data: &[u8]) -> [u8; 32] {
        Sha256::leaf(data)
    }

    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        right.map_or(*left, |right| Sha256::node(left, right))
    }
}

fn leaves() -> Vec<[u8; 64]> {
    (0..LEAVES).map(|number| [number as u8; 64]).collect()
}

fn peer(leaves: &[[u8; 64]]) -> MerkleTree<Peer> {
    MerkleTree::from_leaves(&leaves.iter().map(|leaf| Peer::hash(leaf)).collect::<Vec<_>>())
}

fn root(c: &mut Criterion) {
    let leaves = leaves();
    let mut group = c.benchmark_group("merkle: root of 1,024 leaves of 64 B");
    group.bench_function("globelet, sha256", |b| {
        b.iter(|| Tree::<Sha256>::from_leaves(black_box(&leaves)).unwrap().root())
    });
    group.bench_function("globelet, blake3", |b| {
        b.iter(|| Tree::<Blake3>::from_leaves(black_box(&leaves)).unwrap().root())
    });
    group.bench_function("rs_merkle, sha256", |b| b.iter(|| peer(black_box(&leaves)).root()));
}

fn prove(c: &mut Criterion) {
    let leaves = leaves();
    let (ours, theirs) = (Tree::<Sha256>::from_leaves(&leaves).unwrap(), peer(&leaves));
    let mut group = c.benchmark_group("merkle: prove a leaf of 1,024");
    group.bench_function("globelet", |b| b.iter(|| ours.prove(black_box(700)).unwrap().to_bytes()));
    group.bench_function("rs_merkle", |b| b.iter(|| theirs.proof(&[black_box(700)]).to_bytes()));
}

fn verify(c: &mut Criterion) {
    let leaves = leaves();
    let (ours, theirs) = (Tree::<Sha256>::from_leaves(&leaves).unwrap(), peer(&leaves));
    let (root, proof) = (ours.root(), ours.prove(700).unwrap());
    let peers = theirs.proof(&[700]);
    let mut group = c.benchmark_group("merkle: verify a leaf of 1,024");
    group.bench_function("globelet, sha256", |b| {
        b.iter(|| assert!(proof.verify::<Sha256>(&root, black_box(&leaves[700]))))
    });
    group.bench_function("rs_merkle, sha256", |b| {
        b.iter(|| assert!(peers.verify(root, &[700], &[Peer::hash(black_box(&leaves[700]))], LEAVES)));
    });
}

fn prove_many(c: &mut Criterion) {
    let leaves = leaves();
    let (ours, theirs) = (Tree::<Sha256>::from_leaves(&leaves).unwrap(), peer(&leaves));
    let chosen: Vec<u32> = (0..LEAVES as u32).step_by(16).collect();
    let places: Vec<usize> = chosen.iter().map(|index| *index as usize).collect();
    let mut group = c.benchmark_group("merkle: one proof for 64 leaves of 1,024");
    group.bench_function("globelet", |b| b.iter(|| ours.prove_many(black_box(&chosen)).unwrap().to_bytes()));
    group.bench_function("rs_merkle", |b| b.iter(|| theirs.proof(black_box(&places)).to_bytes()));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = root, prove, verify, prove_many
}
criterion_main!(benches);
