//! Keys, encapsulation and decapsulation beside aws-lc-rs, which has ML-KEM-768 alone.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use aws_lc_rs::kem::{DecapsulationKey, EncapsulationKey, ML_KEM_768};
use criterion::{criterion_group, criterion_main, Criterion};
use globelet_kem::{MlKem768, PublicKey, Scheme, SecretKey, Sntrup761, XWing};

fn owner<S: Scheme>() -> SecretKey<S> {
    SecretKey::from_seed(&vec![1; S::SEED_LEN]).unwrap()
}

fn own<S: Scheme>(c: &mut Criterion, kernel: &str, mut work: impl FnMut(&SecretKey<S>, &PublicKey<S>, &[u8])) {
    let owner = owner::<S>();
    let public = owner.public();
    let (ciphertext, _) = public.encapsulate(&vec![2; S::RANDOMNESS_LEN]).unwrap();
    let mut group = c.benchmark_group(format!("kem: {kernel}"));
    group.bench_function(format!("globelet, {}", S::NAME), |b| b.iter(|| work(&owner, &public, &ciphertext)));
}

fn every<S: Scheme>(c: &mut Criterion) {
    own::<S>(c, "a key pair from a seed", |_, _, _| {
        black_box(owner::<S>().public().to_bytes());
    });
    own::<S>(c, "encapsulate", |_, public, _| {
        black_box(public.encapsulate(&vec![3; S::RANDOMNESS_LEN]).unwrap());
    });
    own::<S>(c, "decapsulate", |owner, _, ciphertext| {
        black_box(owner.decapsulate(black_box(ciphertext)).unwrap());
    });
}

fn peer(c: &mut Criterion) {
    let who = "aws-lc-rs, ML-KEM-768";
    let key = DecapsulationKey::generate(&ML_KEM_768).unwrap();
    let bytes = key.encapsulation_key().unwrap().key_bytes().unwrap().as_ref().to_vec();
    let public = EncapsulationKey::new(&ML_KEM_768, &bytes).unwrap();
    let (ciphertext, _) = public.encapsulate().unwrap();
    c.benchmark_group("kem: a key pair from a seed").bench_function(who, |b| {
        b.iter(|| DecapsulationKey::generate(&ML_KEM_768).unwrap().encapsulation_key().unwrap());
    });
    c.benchmark_group("kem: encapsulate").bench_function(who, |b| b.iter(|| public.encapsulate().unwrap()));
    c.benchmark_group("kem: decapsulate").bench_function(who, |b| {
        b.iter(|| key.decapsulate(black_box(ciphertext.as_ref()).into()).unwrap());
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = every::<MlKem768>, every::<XWing>, every::<Sntrup761>, peer
}
criterion_main!(benches);
