//! Binary agreement: no library of the same protocol stands alone, so our own figures, to set beside plain Python.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use globelet_abba::{Abba, AbbaMessage, Output};
use globelet_threshold::{combine_coin, deal, CoinShare, KeyShare, PublicKey};

type Queue = VecDeque<(usize, AbbaMessage)>;

/// All members of one agreement and what is on its way, oldest first.
fn agree(n: u16, inputs: impl Fn(u16) -> bool) -> usize {
    let mut members: Vec<Abba> = (0..n).map(|me| Abba::new(n, (n - 1) / 3, me)).collect();
    let mut queue = Queue::new();
    let say = |queue: &mut Queue, me: usize, output: Output| {
        queue.extend(output.broadcast.into_iter().map(|message| (me, message)));
    };
    for (me, member) in members.iter_mut().enumerate() {
        say(&mut queue, me, member.propose(inputs(me as u16)));
    }
    let mut delivered = 0;
    while let Some((from, message)) = queue.pop_front() {
        for to in (0..members.len()).filter(|&to| to != from) {
            let output = members[to].handle(from as u16, message.clone(), &mut |_, _| None);
            say(&mut queue, to, output);
            delivered += 1;
        }
    }
    assert!(members.iter().all(|member| member.decided().is_some() && member.decided() == members[0].decided()));
    delivered
}

fn agreements(c: &mut Criterion) {
    for n in [4, 7, 10] {
        let mut group = c.benchmark_group(format!("abba: an agreement of {n}, f inputs differ"));
        group.bench_function("globelet", |b| b.iter(|| agree(black_box(n), |me| me < (n - 1) / 3)));
        group.bench_function("all inputs equal", |b| b.iter(|| agree(black_box(n), |_| true)));
    }
}

fn draw(key: &PublicKey, shares: &[KeyShare]) -> bool {
    let made: Vec<CoinShare> = shares.iter().map(|share| share.coin_share(b"round 2")).collect();
    combine_coin(key, b"round 2", &made).unwrap()[0] & 1 == 1
}

fn coins(c: &mut Criterion) {
    let (key, keys) = deal(4, 2, &[7; 32]).unwrap();
    let mut group = c.benchmark_group("abba: a coin drawn among 4");
    group.bench_function("globelet", |b| b.iter(|| draw(black_box(&key), &keys[..2])));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = agreements, coins
}
criterion_main!(benches);
