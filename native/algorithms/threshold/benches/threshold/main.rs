//! Threshold signatures beside commonware-cryptography and blst; encryption and ceremonies.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Duration;

use commonware_codec::{DecodeExt, Encode};
use commonware_cryptography::bls12381::dkg::feldman_desmedt::deal_anonymous;
use commonware_cryptography::bls12381::primitives::ops::{self, threshold as theirs};
use commonware_cryptography::bls12381::primitives::sharing::{Mode, Sharing};
use commonware_cryptography::bls12381::primitives::variant::{MinSig, Variant};
use commonware_parallel::Sequential;
use commonware_utils::{test_rng, N3f1};
use criterion::{criterion_group, criterion_main, Criterion};
use globelet_threshold::ceremony::{Ceremony, Message};
use globelet_threshold::signature::{deal_signing, SigningCommittee, SigningShare};
use globelet_threshold::{check, combine, deal, encrypt, Encryption, Scheme, Signing, TransportKey};

const SEED: [u8; 32] = [7; 32];
const MESSAGE: &[u8] = &[7; 32];
const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
/// Members and shares needed: a quorum of a committee that bears two faults.
const COMMITTEE: (u16, u16) = (7, 5);

type Share = commonware_cryptography::bls12381::primitives::group::Share;
type Signature = <MinSig as Variant>::Signature;

fn ours() -> (SigningCommittee, Vec<SigningShare>) {
    deal_signing(COMMITTEE.0, COMMITTEE.1, &SEED).unwrap()
}

fn commonware() -> (Sharing<MinSig>, Vec<Share>) {
    deal_anonymous::<MinSig, N3f1>(test_rng(), Mode::NonZeroCounter, NonZeroU32::new(7).unwrap())
}

fn sign(c: &mut Criterion) {
    let mut group = c.benchmark_group("threshold: a member's share of a signature");
    let (_, shares) = ours();
    group.bench_function("globelet", |b| b.iter(|| shares[0].sign(black_box(MESSAGE))));
    let (_, shares) = commonware();
    group.bench_function("commonware-cryptography", |b| {
        b.iter(|| theirs::sign_message::<MinSig>(&shares[0], b"", black_box(MESSAGE)).value.encode());
    });
    let key = blst::min_sig::SecretKey::key_gen(&SEED, &[]).unwrap();
    group.bench_function("blst", |b| b.iter(|| key.sign(black_box(MESSAGE), DOMAIN, &[]).compress()));
}

/// All from the signature's bytes, its group checked, by a key that is ready.
fn verify(c: &mut Criterion) {
    let mut group = c.benchmark_group("threshold: verify a signature");
    let (committee, shares) = ours();
    let given: Vec<_> = shares.iter().take(5).map(|share| (share.index(), share.sign(MESSAGE))).collect();
    let signature = committee.combine(MESSAGE, &given).unwrap();
    group.bench_function("globelet", |b| b.iter(|| assert!(committee.verify(black_box(MESSAGE), &signature))));
    let (sharing, shares) = commonware();
    let given: Vec<_> =
        shares.iter().take(5).map(|share| theirs::sign_message::<MinSig>(share, b"", MESSAGE)).collect();
    let bytes = theirs::recover::<MinSig, _>(&sharing, &given, &Sequential).unwrap().encode();
    group.bench_function("commonware-cryptography", |b| {
        b.iter(|| {
            let signature = Signature::decode(black_box(bytes.clone())).unwrap();
            ops::verify_message::<MinSig>(sharing.public(), b"", MESSAGE, &signature).unwrap();
        });
    });
    let key = blst::min_sig::SecretKey::key_gen(&SEED, &[]).unwrap();
    let (public, bytes) = (key.sk_to_pk(), key.sign(MESSAGE, DOMAIN, &[]).compress());
    group.bench_function("blst", |b| {
        b.iter(|| {
            let signature = blst::min_sig::Signature::from_bytes(black_box(&bytes)).unwrap();
            signature.verify(true, MESSAGE, DOMAIN, &[], &public, false)
        });
    });
}

/// Both verify the outcome, not the shares.
fn combined(c: &mut Criterion) {
    let mut group = c.benchmark_group("threshold: combine 5 shares of 7 and verify the signature");
    let (committee, shares) = ours();
    let given: Vec<_> = shares.iter().take(5).map(|share| (share.index(), share.sign(MESSAGE))).collect();
    group.bench_function("globelet", |b| b.iter(|| committee.combine(black_box(MESSAGE), &given).unwrap()));
    let (sharing, shares) = commonware();
    let given: Vec<_> =
        shares.iter().take(5).map(|share| theirs::sign_message::<MinSig>(share, b"", MESSAGE)).collect();
    let bytes: Vec<_> = given.iter().map(|share| (share.index, share.value.encode())).collect();
    group.bench_function("commonware-cryptography", |b| {
        b.iter(|| {
            let mut given = given.clone();
            for (share, (_, bytes)) in given.iter_mut().zip(black_box(&bytes)) {
                share.value = Signature::decode(bytes.clone()).unwrap();
            }
            let signature = theirs::recover::<MinSig, _>(&sharing, &given, &Sequential).unwrap();
            ops::verify_message::<MinSig>(sharing.public(), b"", MESSAGE, &signature).unwrap();
        });
    });
}

fn encryption(c: &mut Criterion) {
    let (public, shares) = deal(COMMITTEE.0, COMMITTEE.1, &SEED).unwrap();
    let payload = vec![5; 1024];
    let sealed = encrypt(&public, b"label", &payload, &SEED);
    let given: Vec<_> = shares.iter().take(5).map(|share| share.decryption_share(&sealed, &SEED)).collect();
    let mut group = c.benchmark_group("threshold: seal 1 KB");
    group.bench_function("globelet", |b| b.iter(|| encrypt(&public, b"label", black_box(&payload), &SEED)));
    group.finish();
    let mut group = c.benchmark_group("threshold: check a sealed 1 KB");
    group.bench_function("globelet", |b| b.iter(|| check(&public, b"label", black_box(&sealed)).unwrap()));
    group.finish();
    let mut group = c.benchmark_group("threshold: a member's decryption share");
    group.bench_function("globelet", |b| b.iter(|| shares[0].decryption_share(black_box(&sealed), &SEED)));
    group.finish();
    let mut group = c.benchmark_group("threshold: open a sealed 1 KB from 5 shares of 7");
    group.bench_function("globelet", |b| b.iter(|| combine(&public, b"label", black_box(&sealed), &given).unwrap()));
}

/// What one member does in a whole ceremony of seven.
fn member<S: Scheme>(publics: &[[u8; 32]], messages: &[Message<S>]) {
    let new = Ceremony::<S>::generation(b"bench", publics, COMMITTEE.1).unwrap();
    let mut member = new.with_key(TransportKey::from_seed(&[1; 32])).unwrap();
    black_box(member.deal(0, &SEED).unwrap());
    for message in messages {
        assert_eq!(member.handle(message.clone()), Ok(None));
    }
    black_box(member.outcome().unwrap());
}

fn messages<S: Scheme>(publics: &[[u8; 32]]) -> Vec<Message<S>> {
    let ceremony = Ceremony::<S>::generation(b"bench", publics, COMMITTEE.1).unwrap();
    (0..COMMITTEE.0).map(|dealer| Message::Dealing(ceremony.deal(dealer, &SEED).unwrap())).collect()
}

fn ceremony(c: &mut Criterion) {
    let publics: Vec<_> = (1..=7).map(|fill| TransportKey::from_seed(&[fill; 32]).public()).collect();
    let mut group = c.benchmark_group("threshold: generate a signing key, all a member of 7 does");
    let all = messages::<Signing>(&publics);
    group.bench_function("globelet", |b| b.iter(|| member(&publics, &all)));
    let (keys, dealt) = generation::prepare(7);
    group.bench_function("commonware-cryptography", |b| b.iter(|| generation::member(&keys, &dealt)));
    group.finish();
    let mut group = c.benchmark_group("threshold: generate an encryption key, all a member of 7 does");
    let all = messages::<Encryption>(&publics);
    group.bench_function("globelet", |b| b.iter(|| member(&publics, &all)));
}

mod generation;

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = sign, verify, combined, encryption, ceremony
}
criterion_main!(benches);
