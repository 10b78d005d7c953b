//! Binary agreement: message delays beside the paper's, and time to set beside plain Python. No library of the same
//! protocol stands alone.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use globelet_abba::{Abba, AbbaMessage, Output};
use globelet_threshold::{combine_coin, deal, CoinShare, KeyShare, PublicKey};

/// All members of one agreement in lock step: message delays until the last one decides. What is late then arrives too.
fn agree(n: u16, inputs: impl Fn(u16) -> bool) -> u32 {
    let mut members: Vec<Abba> = (0..n).map(|me| Abba::new(n, (n - 1) / 3, me)).collect();
    let mut flying: Vec<(usize, AbbaMessage)> = Vec::new();
    let say = |flying: &mut Vec<_>, me: usize, output: Output| {
        flying.extend(output.broadcast.into_iter().map(|message| (me, message)));
    };
    for (me, member) in members.iter_mut().enumerate() {
        say(&mut flying, me, member.propose(inputs(me as u16)));
    }
    let (mut delays, mut decided) = (0, 0);
    while !flying.is_empty() {
        delays += 1;
        for (from, message) in std::mem::take(&mut flying) {
            for to in (0..members.len()).filter(|&to| to != from) {
                let output = members[to].handle(from as u16, message.clone(), &mut |_, _| None);
                say(&mut flying, to, output);
            }
        }
        if decided == 0 && members.iter().all(|member| member.decided().is_some()) {
            decided = delays;
        }
    }
    assert!(decided > 0 && members.iter().all(|member| member.decided() == members[0].decided()));
    decided
}

fn agreements(c: &mut Criterion) {
    for n in [4, 7, 10] {
        let f = (n - 1) / 3;
        let [equal, yes, no] = [agree(n, |_| true), agree(n, |me| me >= f), agree(n, |me| me < f)];
        assert_eq!([equal, yes, no], [1, 2, 4]);
        println!(
            "abba, {n} members, message delays counted: {equal} if all inputs are equal, {yes} if f differ from true, \
             {no} if f differ from false (the 2014 paper: 6 expected)"
        );
        let mut group = c.benchmark_group(format!("abba: an agreement of {n}, f inputs differ"));
        group.bench_function("globelet", |b| b.iter(|| agree(black_box(n), |me| me < f)));
        drop(group);
        let mut group = c.benchmark_group(format!("abba: an agreement of {n}, all inputs equal"));
        group.bench_function("globelet", |b| b.iter(|| agree(black_box(n), |_| true)));
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
