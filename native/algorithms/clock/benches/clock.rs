//! Stamps beside uhlc, whose clock is told the same time; and NTP's parts.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use globelet_clock::ntp::{select, Candidate, NtpTime, Packet};
use globelet_clock::{Clock, Stamp};
use uhlc::{HLCBuilder, Timestamp, HLC, ID, NTP64};

static NOW: AtomicU64 = AtomicU64::new(1_790_000_000_000_000);

/// A physical clock that costs both the same: a microsecond more each time.
fn physical_us() -> u64 {
    NOW.fetch_add(1, Ordering::Relaxed)
}

fn physical() -> NTP64 {
    NTP64::from(Duration::from_micros(physical_us()))
}

fn peer() -> HLC {
    HLCBuilder::new()
        .with_id(ID::try_from([7_u8; 16]).unwrap())
        .with_clock(physical)
        .with_max_delta(Duration::from_secs(1))
        .build()
}

fn now(c: &mut Criterion) {
    let (mut ours, theirs) = (Clock::new(1_000_000), peer());
    let mut group = c.benchmark_group("clock: a stamp");
    group.bench_function("globelet", |b| b.iter(|| ours.now(black_box(physical_us()))));
    group.bench_function("uhlc", |b| b.iter(|| theirs.new_timestamp()));
}

fn receive(c: &mut Criterion) {
    let (mut ours, theirs) = (Clock::new(1_000_000), peer());
    let id = ID::try_from([8_u8; 16]).unwrap();
    let mut group = c.benchmark_group("clock: a stamp for another node's");
    group.bench_function("globelet", |b| {
        b.iter(|| {
            let at = physical_us();
            ours.receive(at, black_box(Stamp { micros: at + 5, counter: 1 })).unwrap()
        })
    });
    group.bench_function("uhlc", |b| {
        b.iter(|| {
            let at = physical() + NTP64::from(Duration::from_micros(5));
            theirs.update_with_timestamp(black_box(&Timestamp::new(at, id))).unwrap();
            theirs.new_timestamp()
        })
    });
}

fn ntp(c: &mut Criterion) {
    let at = NtpTime::from_unix_ns(1_790_000_000_000_000_000);
    let packet = Packet::question(7).answer(&Packet::question(7), at, at).to_bytes();
    let mut group = c.benchmark_group("clock: read and write an NTP packet");
    group.bench_function("globelet", |b| b.iter(|| Packet::from_bytes(black_box(&packet)).unwrap().to_bytes()));
    group.finish();
    let candidate = |server: usize| Candidate {
        server,
        offset_ns: if server < 3 { server as i64 * 700_000_000 } else { server as i64 * 1_000_000 },
        distance_ns: 20_000_000,
        jitter_ns: 100_000,
        stratum: 2,
    };
    let candidates: Vec<_> = (0..10).map(candidate).collect();
    let mut group = c.benchmark_group("clock: select among ten servers, two of them wrong");
    group.bench_function("globelet", |b| b.iter(|| select(black_box(&candidates)).unwrap()));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = now, receive, ntp
}
criterion_main!(benches);
