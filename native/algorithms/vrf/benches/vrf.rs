//! Proving and verifying beside vrf-rfc9381.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use globelet_vrf::{PublicKey, SecretKey, Suite};
use vrf_rfc9381::ec::edwards25519::{elligator2, tai, EdVrfProof};
use vrf_rfc9381::{Proof, Prover, Verifier};

const SEED: [u8; 32] = [7; 32];
const ALPHA: &[u8] = b"tokyo, epoch 1250";

fn prove(c: &mut Criterion) {
    let mut group = c.benchmark_group("vrf: prove");
    let secret = SecretKey::from_seed(&SEED);
    for suite in Suite::ALL {
        group.bench_function(format!("globelet, {}", suite.name()), |b| {
            b.iter(|| secret.prove_in(suite, black_box(ALPHA)));
        });
    }
    let key = tai::EdVrfEdwards25519TaiSecretKey::from_slice(&SEED).unwrap();
    group.bench_function("vrf-rfc9381, tai", |b| b.iter(|| key.prove(black_box(ALPHA)).unwrap().encode_to_pi()));
    let key = elligator2::EdVrfEdwards25519Ell2SecretKey::from_slice(&SEED).unwrap();
    group.bench_function("vrf-rfc9381, ell2", |b| b.iter(|| key.prove(black_box(ALPHA)).unwrap().encode_to_pi()));
}

/// Both from the bytes of the proof, by a key that is ready.
fn verify(c: &mut Criterion) {
    let mut group = c.benchmark_group("vrf: verify");
    let secret = SecretKey::from_seed(&SEED);
    let public = PublicKey::from_bytes(&secret.public()).unwrap();
    for suite in Suite::ALL {
        let proof = secret.prove_in(suite, ALPHA);
        group.bench_function(format!("globelet, {}", suite.name()), |b| {
            b.iter(|| public.verify(suite, black_box(ALPHA), black_box(&proof)).unwrap());
        });
    }
    let key = tai::EdVrfEdwards25519TaiPublicKey::from_slice(&public.to_bytes()).unwrap();
    let proof = secret.prove_in(Suite::Tai, ALPHA);
    group.bench_function("vrf-rfc9381, tai", |b| {
        b.iter(|| key.verify(black_box(ALPHA), EdVrfProof::decode_pi(black_box(&proof)).unwrap()).unwrap());
    });
    let key = elligator2::EdVrfEdwards25519Ell2PublicKey::from_slice(&public.to_bytes()).unwrap();
    let proof = secret.prove_in(Suite::Ell2, ALPHA);
    group.bench_function("vrf-rfc9381, ell2", |b| {
        b.iter(|| key.verify(black_box(ALPHA), EdVrfProof::decode_pi(black_box(&proof)).unwrap()).unwrap());
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = prove, verify
}
criterion_main!(benches);
