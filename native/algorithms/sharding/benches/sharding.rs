//! Sharding coordination: no library does the same, so our own figures, beside bare bookkeeping without lanes.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use globelet_sharding::{Books, Effect, Event, Move, Transfer};
use globelet_types::{AccountId, ChainId, OrderId};

const TRANSFERS: u64 = 1_000;

fn account(number: u64) -> AccountId {
    AccountId(*blake3::hash(&number.to_le_bytes()).as_bytes())
}

fn transfer(number: u64) -> Transfer {
    let id = OrderId(*blake3::hash(&number.to_be_bytes()).as_bytes());
    let (from, to) = (account(number % 100), account(100 + number % 97));
    Transfer { id, from, to, destination: ChainId(1), amount: 1, nonce: 1 + number / 100 }
}

fn books() -> (Books, Books) {
    let open = |range: std::ops::Range<u64>| range.map(|i| (account(i), 1_000)).collect::<Vec<_>>();
    (Books::new(ChainId(0), &open(0..100)).unwrap(), Books::new(ChainId(1), &open(100..200)).unwrap())
}

/// Transfers that an effect decides.
fn decided(effect: &Effect) -> usize {
    match effect {
        Effect::Settled { parcel, .. } => parcel.transfers().count(),
        _ => 0,
    }
}

/// Orders, the parcel, its arrival, and the settlement back.
fn cross(orders: &[Event]) -> usize {
    let (mut here, mut there) = books();
    for order in orders {
        here.handle(order).unwrap();
    }
    let carry = |from: &mut Books, to: &mut Books| {
        let sent = from.handle(&Event::Closed).unwrap();
        let arrive = |effect| match effect {
            Effect::Send(parcel) => to.receive(&parcel).unwrap().iter().map(decided).sum(),
            _ => 0,
        };
        sent.into_iter().map(arrive).sum::<usize>()
    };
    carry(&mut here, &mut there);
    carry(&mut there, &mut here)
}

/// The same sums in one map, as one municipality without neighbours would keep them.
fn plain(orders: &[Transfer]) -> usize {
    let mut balances: BTreeMap<AccountId, u64> = (0..200).map(|i| (account(i), 1_000)).collect();
    for order in orders {
        *balances.get_mut(&order.from).unwrap() -= order.amount;
        *balances.get_mut(&order.to).unwrap() += order.amount;
    }
    orders.len()
}

fn transfers(c: &mut Criterion) {
    let orders: Vec<Transfer> = (0..TRANSFERS).map(transfer).collect();
    let events: Vec<Event> = orders.iter().cloned().map(Event::Transferred).collect();
    let mut group = c.benchmark_group("sharding: 1,000 transfers sent, credited and settled");
    group.bench_function("globelet", |b| b.iter(|| assert_eq!(cross(black_box(&events)), 1_000)));
    group.bench_function("one map, no lanes", |b| b.iter(|| assert_eq!(plain(black_box(&orders)), 1_000)));
}

fn moves(c: &mut Criterion) {
    let (id, destination) = (OrderId([9; 32]), ChainId(1));
    let move_out = |i| Event::Moved(Move { id, account: account(i), destination, nonce: 1 });
    let events: Vec<Event> = (0..100).map(move_out).collect();
    let mut group = c.benchmark_group("sharding: 100 accounts moved and settled");
    group.bench_function("globelet", |b| b.iter(|| cross(black_box(&events))));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = transfers, moves
}
criterion_main!(benches);
