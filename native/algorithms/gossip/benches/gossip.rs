//! Packets through one member, a broadcast through a thousand, a signature. The peers are the papers' tables: their
//! figures stand in the crate's documentation and are asserted by its tests.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, BatchSize, Criterion};
use globelet_gossip::network::{Distances, Network};
use globelet_gossip::{encode, Authors, Input, Member, Packet, Settings, Signed};
use globelet_signatures::SigningKey;

const MESSAGES: u16 = 250;

fn member() -> Member {
    let mut member = Member::new(0, Settings::default(), 1);
    for peer in 1..=5 {
        member.handle(Input::Received(peer, Packet::Join));
    }
    member
}

/// 1,000 packets as they come: each of 250 payloads from two neighbours, its id from two others.
fn traffic() -> Vec<(u16, Vec<u8>)> {
    let mut all = Vec::new();
    for number in 0..MESSAGES {
        let payload = [number.to_le_bytes().as_slice(), &[0; 198]].concat();
        let ids = vec![globelet_gossip::MessageId::of(&payload)];
        let gossip = encode(&[Packet::Gossip { round: 3, payload }]);
        let announced = encode(&[Packet::IHave { ids }]);
        all.extend([(1, gossip.clone()), (2, gossip), (3, announced.clone()), (4, announced)]);
    }
    all
}

fn packets(c: &mut Criterion) {
    let (start, traffic) = (member(), traffic());
    let mut group = c.benchmark_group("gossip: 1,000 packets decoded and handled, 250 payloads of 200 B");
    group.bench_function("globelet", |b| {
        let run = |mut member: Member| {
            traffic.iter().map(|(from, bytes)| member.receive(*from, bytes).unwrap().len()).sum::<usize>()
        };
        b.iter_batched(|| start.clone(), |member| run(black_box(member)), BatchSize::SmallInput);
    });
}

fn broadcast(c: &mut Criterion) {
    let settings = Settings { shuffle_us: 10_000_000, ..Settings::default() };
    let mut network = Network::joined(1_000, &settings, Distances::Cities, 1).unwrap();
    let mut number = 0_u64;
    let mut group = c.benchmark_group("gossip: 20 s of virtual time with a broadcast, 1,000 members");
    group.bench_function("globelet", |b| {
        b.iter(|| {
            number += 1;
            network.broadcast(7, &number.to_le_bytes(), 20_000_000).unwrap().at.len()
        });
    });
}

fn signed(c: &mut Criterion) {
    let payload = Signed::sign(&SigningKey::from_seed(&[1; 32]), 7, vec![0; 200]).unwrap().to_bytes();
    let mut group = c.benchmark_group("gossip: verify a signed payload of 200 B");
    group.bench_function("globelet", |b| b.iter(|| Authors::Anybody.check(black_box(&payload)).unwrap()));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = packets, broadcast, signed
}
criterion_main!(benches);
