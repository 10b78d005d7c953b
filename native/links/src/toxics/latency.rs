//! `latency`: every segment leaves a fixed time, give or take a jitter, after its own arrival.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Memory, Toxic};
use crate::millis::Millis;
use crate::segment::Segment;

/// Delay of `latency` ± up to `jitter` milliseconds, uniform and stratified, from a seeded generator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Latency {
    /// The delay in milliseconds.
    pub latency: Millis,
    /// How far the delay strays to either side, in milliseconds.
    pub jitter: Millis,
    /// How long one draw of the jitter holds, in milliseconds. At 0 every segment draws anew. Delay on real paths
    /// varies slowly against the segments of one message; drawn for each alone, a message would be as late as its
    /// latest segment.
    #[serde(skip_serializing_if = "Millis::is_zero")]
    pub jitter_hold: Millis,
    /// The seed of the jitter; without it, the emulator's own seed and the proxy's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Latency {
    fn delay_at(&self, memory: &mut Memory, at: Instant) -> Duration {
        match memory.drawn {
            Some((drawn, until)) if at < until => drawn,
            _ => {
                let drawn = self.draw(memory);
                memory.drawn = Some((drawn, at + self.jitter_hold.duration()));
                drawn
            }
        }
    }

    fn draw(&self, memory: &mut Memory) -> Duration {
        let jitter = self.jitter.get();
        if jitter == 0.0 {
            return self.latency.duration();
        }
        let stray = (memory.strata.unit(&mut memory.random) * 2.0 - 1.0) * jitter;
        let drawn = (self.latency.get() + stray).max(0.0);
        Duration::from_nanos((drawn * 1e6).round() as u64)
    }
}

impl Toxic for Latency {
    fn pass(&self, memory: &mut Memory, mut segment: Segment, out: &mut Vec<Segment>) {
        segment.at += self.delay_at(memory, segment.at);
        // TCP hands bytes over in order: a segment drawn short waits for the one before it.
        memory.free_at = memory.free_at.max(segment.at);
        segment.at = memory.free_at;
        out.push(segment);
    }

    fn handshake(&self, memory: &mut Memory) -> Duration {
        self.draw(memory)
    }

    fn dwell(&self) -> Duration {
        self.latency.duration() + self.jitter.duration()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{data, lengths, Bench};
    use super::*;

    fn latency(latency: f64, jitter: f64) -> Latency {
        Latency {
            latency: Millis::new(latency).unwrap(),
            jitter: Millis::new(jitter).unwrap(),
            jitter_hold: Millis::default(),
            seed: None,
        }
    }

    #[test]
    fn each_segment_is_delayed_from_its_own_arrival() {
        let (toxic, mut bench) = (latency(110.0, 0.0), Bench::new(1));
        for arrival in [0, 10, 20, 5_000] {
            let out = bench.pass(&toxic, arrival, data(3));
            assert_eq!(lengths(&out), [(u128::from(arrival) + 110_000, 3)]);
        }
    }

    #[test]
    fn fractions_of_a_millisecond_count() {
        let out = Bench::new(1).pass(&latency(0.25, 0.0), 0, data(1));
        assert_eq!(lengths(&out), [(250, 1)]);
    }

    #[test]
    fn jitter_repeats_from_its_seed_and_stays_in_bounds_and_in_order() {
        let run = |seed| -> Vec<u128> {
            let (toxic, mut bench) = (latency(50.0, 10.0), Bench::new(seed));
            (0..200).map(|number| bench.pass(&toxic, number * 100, data(1))[0].0).collect()
        };
        let times = run(7);
        assert_eq!(times, run(7));
        assert_ne!(times, run(8));
        assert!(times.is_sorted());
        assert!(times.iter().all(|at| (40_000..=80_000).contains(at)));
    }

    #[test]
    fn the_median_of_few_delays_is_the_declared_one() {
        let (toxic, mut bench) = (latency(50.0, 10.0), Bench::new(3));
        let mut delays: Vec<u128> =
            (0..32).map(|n: u64| bench.pass(&toxic, n * 100_000, data(1))[0].0 - u128::from(n * 100_000)).collect();
        delays.sort_unstable();
        assert!(delays[15].abs_diff(50_000) < 1_300, "{}", delays[15]);
    }

    #[test]
    fn a_draw_of_the_jitter_holds_as_long_as_asked() {
        let toxic = Latency { jitter_hold: Millis::new(20.0).unwrap(), ..latency(50.0, 10.0) };
        let mut bench = Bench::new(7);
        let mut delay = |at: u64| bench.pass(&toxic, at, data(1))[0].0 - u128::from(at);
        let first = delay(0);
        assert_eq!(delay(19_000), first, "within the hold");
        assert_ne!(delay(100_000), first, "after it");
    }

    #[test]
    fn lowering_the_latency_does_not_let_later_bytes_overtake() {
        let mut bench = Bench::new(1);
        let first = bench.pass(&latency(100.0, 0.0), 0, data(1))[0].0;
        let second = bench.pass(&latency(1.0, 0.0), 10, data(1))[0].0;
        assert!(second >= first);
    }
}
