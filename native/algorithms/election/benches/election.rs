//! Elections beside drawing one by one without caps, which is what a plain lottery does.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use globelet_election::{
    elect, Candidate, Choice, Committee, Handover, Member, Removals, Rules, Vote, Votes, WHOLE_PPM,
};
use globelet_signatures::SigningKey;
use globelet_types::{AccountId, ChainId};

fn field(count: u16) -> Vec<Candidate> {
    let stand = |i: u16| Candidate {
        key: *blake3::hash(&i.to_le_bytes()).as_bytes(),
        place: u32::from(i % 47),
        stake: 1_000 + u64::from(i) * 37 % 9_000,
        holding_ppm: WHOLE_PPM - u32::from(i % 100),
        bonus_ppm: WHOLE_PPM,
    };
    (0..count).map(stand).collect()
}

/// Seats drawn one after the other in proportion to stake, each time over all that are left.
fn lottery(seed: &[u8; 32], candidates: &[Candidate], seats: usize) -> Vec<[u8; 32]> {
    let mut left: Vec<&Candidate> = candidates.iter().collect();
    let mut source = blake3::Hasher::new_keyed(seed).finalize_xof();
    let mut elected = Vec::new();
    while elected.len() < seats {
        let total: u128 = left.iter().map(|c| c.weight()).sum();
        let mut bytes = [0; 16];
        source.fill(&mut bytes);
        let mut point = u128::from_le_bytes(bytes) % total;
        let at = left.iter().position(|c| match point.checked_sub(c.weight()) {
            Some(rest) => {
                point = rest;
                false
            }
            None => true,
        });
        elected.push(left.swap_remove(at.unwrap()).key);
    }
    elected
}

fn draw(c: &mut Criterion) {
    let (candidates, none) = (field(1_000), Removals::new());
    let rules = Rules { seats: 50, place_share_ppm: 100_000 };
    let mut group = c.benchmark_group("election: 50 seats of 1,000 candidates");
    group.bench_function("globelet", |b| b.iter(|| elect(&rules, black_box(&[7; 32]), &candidates, &none).unwrap()));
    group.bench_function("one by one, no caps", |b| b.iter(|| lottery(black_box(&[7; 32]), &candidates, 50)));
}

fn tally(c: &mut Criterion) {
    let mut votes = Votes::new(ChainId(1));
    let keys: Vec<SigningKey> = (0..200u8).map(|i| SigningKey::from_seed(&[i; 32])).collect();
    for pair in keys.windows(2) {
        votes.cast(&Vote::sign(&pair[0], ChainId(1), 1, Choice::Delegate(AccountId(pair[1].public())))).unwrap();
    }
    let stakes = keys.iter().map(|k| (AccountId(k.public()), 5)).collect();
    let mut group = c.benchmark_group("election: tally of 200 votes lent in one chain");
    group.bench_function("globelet", |b| b.iter(|| votes.tally(black_box(&stakes)).unwrap()));
}

fn handover(c: &mut Criterion) {
    let keys: Vec<SigningKey> = (0..16u8).map(|i| SigningKey::from_seed(&[i; 32])).collect();
    let members = || keys.iter().map(|k| Member { key: k.public(), place: 0, others: [0; 32] }).collect();
    let (old, new) =
        (0..2).map(|e| Committee::new(ChainId(1), e, members()).unwrap()).fold((None, None), |(_, a), b| (a, Some(b)));
    let (old, new) = (old.unwrap(), new.unwrap());
    let mut signed = Handover::begin(&old, new).unwrap();
    keys.iter().take(11).for_each(|key| signed.sign(&old, key).unwrap());
    let mut group = c.benchmark_group("election: verify a handover of 11 signatures");
    group.bench_function("globelet", |b| b.iter(|| signed.verify(black_box(&old)).unwrap()));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = draw, tally, handover
}
criterion_main!(benches);
