//! Signing and verifying beside ed25519-dalek (alone and in a batch) and aws-lc-rs.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use aws_lc_rs::signature::{
    Ed25519KeyPair, PqdsaKeyPair, UnparsedPublicKey, ED25519, ML_DSA_44, ML_DSA_44_SIGNING, ML_DSA_65,
    ML_DSA_65_SIGNING,
};
use criterion::{criterion_group, criterion_main, Criterion};
use globelet_signatures::{verify_batch, AnySigningKey, AnyVerifyingKey, PreparedKey, Scheme, SigningKey};

const MESSAGE: &[u8] = &[7; 150];

fn sign(c: &mut Criterion) {
    let mut group = c.benchmark_group("signatures: sign 150 B");
    for scheme in Scheme::ALL {
        let key = AnySigningKey::from_seed(scheme, &vec![1; scheme.seed_len()]).unwrap();
        group.bench_function(format!("globelet, {}", scheme.name()), |b| {
            b.iter(|| key.sign(black_box(MESSAGE), b"").unwrap());
        });
    }
    let key = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
    group.bench_function("aws-lc-rs, ed25519", |b| b.iter(|| key.sign(black_box(MESSAGE))));
    for (name, kind, length) in [("ml-dsa-44", &ML_DSA_44_SIGNING, 2420), ("ml-dsa-65", &ML_DSA_65_SIGNING, 3309)] {
        let key = PqdsaKeyPair::generate(kind).unwrap();
        let mut signature = vec![0; length];
        group.bench_function(format!("aws-lc-rs, {name}"), |b| {
            b.iter(|| key.sign(black_box(MESSAGE), &mut signature).unwrap());
        });
    }
}

fn verify(c: &mut Criterion) {
    let mut group = c.benchmark_group("signatures: verify 150 B");
    for scheme in Scheme::ALL {
        let key = AnySigningKey::from_seed(scheme, &vec![1; scheme.seed_len()]).unwrap();
        let public = AnyVerifyingKey::from_bytes(scheme, &key.public()).unwrap();
        let signature = key.sign(MESSAGE, b"").unwrap();
        group.bench_function(format!("globelet, {}", scheme.name()), |b| {
            b.iter(|| assert!(public.verify(black_box(MESSAGE), &signature, b"").unwrap()));
        });
        let peer = match scheme {
            Scheme::Ed25519 => UnparsedPublicKey::new(&ED25519, key.public()),
            Scheme::MlDsa44 => UnparsedPublicKey::new(&ML_DSA_44, key.public()),
            Scheme::MlDsa65 => UnparsedPublicKey::new(&ML_DSA_65, key.public()),
            _ => continue,
        };
        group.bench_function(format!("aws-lc-rs, {}", scheme.name()), |b| {
            b.iter(|| peer.verify(black_box(MESSAGE), &signature).unwrap());
        });
    }
    let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    let signature = ed25519_dalek::Signer::sign(&key, MESSAGE);
    group.bench_function("ed25519-dalek, ed25519", |b| {
        b.iter(|| key.verifying_key().verify_strict(black_box(MESSAGE), &signature).unwrap());
    });
}

fn batch(c: &mut Criterion) {
    let keys: Vec<SigningKey> = (0..16).map(|number| SigningKey::from_seed(&[number; 32])).collect();
    let publics: Vec<[u8; 32]> = keys.iter().map(SigningKey::public).collect();
    let signatures: Vec<[u8; 64]> = keys.iter().map(|key| key.sign(MESSAGE)).collect();
    let items: Vec<_> =
        publics.iter().zip(&signatures).map(|(public, signature)| (public, MESSAGE, signature)).collect();
    let prepared: Vec<_> = publics.iter().map(|public| PreparedKey::from_bytes(public).unwrap()).collect();
    let ready: Vec<_> = prepared.iter().zip(&signatures).map(|(key, signature)| (key, MESSAGE, signature)).collect();
    let mut group = c.benchmark_group("signatures: verify a batch of 16 Ed25519");
    group.bench_function("globelet, from bytes", |b| b.iter(|| verify_batch(black_box(&items))));
    group.bench_function("globelet, keys prepared", |b| {
        b.iter(|| globelet_signatures::verify_batch_prepared(black_box(&ready)));
    });
    let theirs: Vec<_> = signatures.iter().map(ed25519_dalek::Signature::from_bytes).collect();
    let keys: Vec<_> = publics.iter().map(|public| ed25519_dalek::VerifyingKey::from_bytes(public).unwrap()).collect();
    group.bench_function("ed25519-dalek, keys prepared", |b| {
        b.iter(|| ed25519_dalek::verify_batch(black_box(&[MESSAGE; 16]), &theirs, &keys).unwrap());
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = sign, verify, batch
}
criterion_main!(benches);
