//! Bounded drift: a clock steered by servers of which some lie, over a raw clock that drifts and was set wrong.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_clock::ntp::{Client, NtpTime, Packet, Settings};
use globelet_clock::{Adjustment, Clock, ClockError, Stamp, Steered, PANIC_NS, STEP_NS};
use proptest::prelude::*;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
const EPOCH: u64 = 1_790_000_000 * SECOND;

/// xorshift64: chance that can be repeated.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// One machine: true time since the beginning, and what its crystal makes of it.
struct Machine {
    chance: Chance,
    drift_ppm: i64,
    clock: Steered,
    client: Client,
    /// What each server is ahead of the truth, in ns, and how fast that grows, in ppm.
    servers: Vec<(i64, i64)>,
}

impl Machine {
    fn raw(&self, true_ns: u64) -> u64 {
        true_ns.saturating_add_signed((i128::from(true_ns) * i128::from(self.drift_ppm) / 1_000_000) as i64)
    }

    fn shows(&self, true_ns: u64) -> u64 {
        self.clock.time_ns(self.raw(true_ns))
    }

    fn off(&self, true_ns: u64) -> u64 {
        self.shows(true_ns).abs_diff(EPOCH + true_ns)
    }

    /// Asks a server; way out and way back take up to 20 ms each, and are not equal.
    fn ask(&mut self, server: usize, true_ns: u64) {
        let nonce = self.chance.below(u64::MAX);
        let question = self.client.ask(server, self.shows(true_ns), nonce).unwrap();
        let arrived = true_ns + MS + self.chance.below(19 * MS);
        let (ahead, speed) = self.servers[server];
        let wrong = ahead + (i128::from(arrived) * i128::from(speed) / 1_000_000) as i64;
        let there = NtpTime::from_unix_ns((EPOCH + arrived).saturating_add_signed(wrong));
        let about = Packet { stratum: 1, precision: -23, reference: *b"GPS\0", ..Packet::question(0) };
        let answer = about.answer(&question, there, there).to_bytes();
        let back = arrived + MS + self.chance.below(19 * MS);
        self.client.receive(server, &answer, self.shows(back)).unwrap();
    }

    /// Asks everybody eight times and goes by what a majority says.
    fn round(&mut self, true_ns: u64) {
        for burst in 0..8 {
            for server in 0..self.servers.len() {
                self.ask(server, true_ns + burst * 50 * MS);
            }
        }
        let at = true_ns + 400 * MS;
        if let Ok(estimate) = self.client.estimate(self.shows(at)) {
            let raw = self.raw(at);
            self.clock.adjust(raw, estimate.selection.offset_ns).unwrap();
            // Samples are about the clock before: after an adjustment they would be counted twice.
            self.client.stepped();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_steered_clock_stays_near_the_truth_and_never_runs_back(
        seed in 1..u64::MAX,
        drift_ppm in -200..200_i64,
        wrong_ms in -60_000..60_000_i64,
        lies in prop::collection::vec((-100_000_000_000..100_000_000_000_i64, -1_000..1_000_i64), 2),
    ) {
        let settings = Settings { least_servers: 3, ..Settings::default() };
        let mut servers = vec![(0, 0), (1_000_000, 0), (-1_000_000, 1)];
        servers.extend(lies);
        let start = EPOCH.saturating_add_signed(wrong_ms * MS as i64);
        let mut machine = Machine { chance: Chance(seed), drift_ppm, clock: Steered::new(0, start), client: Client::new(5, settings), servers };
        let mut last = 0;
        for round in 0..400_u64 {
            let now = round * 16 * SECOND;
            machine.round(now);
            for part in 1..8 {
                let shown = machine.shows(now + part * 2 * SECOND);
                prop_assert!(shown >= last);
                last = shown;
            }
        }
        // Twice the root distance of a right server, 20 ms of way and 1 ms of its own, is what selection promises.
        let off = machine.off(400 * 16 * SECOND);
        prop_assert!(off < 45 * MS, "{off} ns");
    }
}

/// With honest servers the crystal's error is learnt: the clock stays right through an hour without any.
#[test]
fn drift_is_learnt() {
    for drift_ppm in [-300, -40, 0, 25, 400] {
        let servers = vec![(0, 0); 3];
        let (clock, client) = (Steered::new(0, EPOCH), Client::new(3, Settings::default()));
        let mut machine = Machine { chance: Chance(9), drift_ppm, clock, client, servers };
        for round in 0..600 {
            machine.round(round * 64 * SECOND);
        }
        let end = 600 * 64 * SECOND;
        let untended = 3_600 * SECOND;
        let lost = (machine.off(end + untended) as i64 - machine.off(end) as i64).unsigned_abs();
        assert!(lost < 200 * MS, "{drift_ppm} ppm: {lost} ns in an hour");
        let left = (machine.clock.frequency_ppb() + drift_ppm * 1_000).abs();
        assert!(left < 50_000, "{drift_ppm} ppm: {left} ppb are left");
    }
}

#[test]
fn large_offsets_step_forward_brake_backward_and_panic() {
    let mut clock = Steered::new(0, EPOCH);
    assert_eq!(clock.adjust(0, STEP_NS + 1), Ok(Adjustment::Stepped));
    assert_eq!(clock.time_ns(0), EPOCH + 128_000_001);
    assert_eq!(clock.adjust(0, STEP_NS), Ok(Adjustment::Slewed));
    // 500 ppm: 128 ms take 256 s.
    assert_eq!(clock.time_ns(128 * SECOND), EPOCH + 128_000_001 + 128 * SECOND + 64 * MS);
    assert_eq!(clock.time_ns(512 * SECOND), EPOCH + 128_000_001 + 512 * SECOND + 128 * MS);
    let mut clock = Steered::new(0, EPOCH);
    assert_eq!(clock.adjust(0, -10 * SECOND as i64), Ok(Adjustment::Slewed));
    assert_eq!(clock.time_ns(10 * SECOND), EPOCH + 5 * SECOND);
    assert_eq!(clock.time_ns(30 * SECOND), EPOCH + 20 * SECOND);
    let before = clock;
    for offset in [PANIC_NS + 1, -PANIC_NS - 1, i64::MAX, i64::MIN] {
        assert_eq!(clock.adjust(5, offset), Err(ClockError::Panic { offset_ns: offset }));
    }
    assert_eq!(clock, before);
    // A raw clock that goes back stands still.
    assert_eq!(clock.adjust(7, 0), Ok(Adjustment::Slewed));
    assert_eq!(clock.time_ns(3), clock.time_ns(7));
}

proptest! {
    /// Nodes whose clocks drift, were stepped, or lie, exchange messages: cause comes before effect at every honest node,
    /// and no honest stamp is further ahead of the fastest honest clock than the bound.
    #[test]
    fn causality_holds_among_stepped_drifting_and_lying_clocks(
        drifts in prop::collection::vec(-1_000..1_000_i64, 3),
        steps in prop::collection::vec((0..200_usize, 0..3_usize, -400..400_i64), 0..6),
        messages in prop::collection::vec((0..4_usize, 0..3_usize, any::<u32>()), 200),
    ) {
        const BOUND: u64 = 500;
        let mut clocks = vec![Clock::new(BOUND); 3];
        let mut shift = [0_i64; 3];
        let mut fastest = 0;
        for (number, (from, to, lie)) in messages.into_iter().enumerate() {
            for (at, node, by) in &steps {
                if *at == number { shift[*node] += by; }
            }
            let physical = |node: usize| {
                let passed = 10_000 + number as i64 * 100;
                (passed + passed * drifts[node] / 1_000_000 + shift[node]).max(0) as u64
            };
            for node in 0..3 { fastest = fastest.max(physical(node)); }
            let (sent, honest) = match from {
                3 => (Stamp { micros: u64::from(lie), counter: lie }, false),
                node => (clocks[node].now(physical(node)), true),
            };
            let before = clocks[to].last();
            match clocks[to].receive(physical(to), sent) {
                Ok(stamp) => prop_assert!(stamp > sent && stamp > before),
                Err(ClockError::Skew { .. }) => prop_assert!(!honest || sent.micros > physical(to) + BOUND),
                Err(other) => prop_assert!(false, "{other}"),
            }
            // A full counter carries one microsecond, once for each message at most.
            prop_assert!(clocks.iter().all(|c| c.last().micros <= fastest + BOUND + 1 + number as u64));
        }
    }
}
