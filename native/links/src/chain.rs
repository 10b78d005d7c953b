//! The toxics of one direction of one connection, in order, with what each remembers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::random::{seed_of, Random};
use crate::segment::{Load, Segment};
use crate::toxics::{Memory, Placed, Stream};

/// What makes the randomness of one direction of one connection its own.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The emulator's seed, mixed with the proxy's name.
    pub seed: u64,
    /// Which of the proxy's connections this is, counted from 0.
    pub connection: u64,
    /// The direction.
    pub stream: Stream,
}

impl Origin {
    fn random(&self, toxic: &Placed) -> Random {
        Random::new(&[
            toxic.attributes.seed().unwrap_or(self.seed),
            seed_of(&toxic.name),
            self.connection,
            self.stream as u64,
        ])
    }
}

#[derive(Debug)]
struct Stage {
    toxic: Arc<Placed>,
    memory: Memory,
    /// Drawn once for the connection; the toxic acts on it if this is below its toxicity.
    lot: f64,
}

impl Stage {
    fn acts(&self) -> bool {
        self.lot < f64::from(self.toxic.toxicity)
    }
}

/// The stages of one direction. Due times that leave it never go backwards.
#[derive(Debug)]
pub struct Chain {
    origin: Origin,
    stages: Vec<Stage>,
    last_due: Instant,
}

impl Chain {
    /// The chain of `toxics` (those of other streams are ignored), beginning at `now`.
    #[must_use]
    pub fn new(origin: Origin, toxics: &[Arc<Placed>], now: Instant) -> Self {
        let mut chain = Self { origin, stages: Vec::new(), last_due: now };
        chain.refresh(toxics, now);
        chain
    }

    /// Takes over a changed set of toxics. Kept ones keep their memory. Returns true if a toxic
    /// went that closes its connections when removed.
    pub fn refresh(&mut self, toxics: &[Arc<Placed>], now: Instant) -> bool {
        let mut old = std::mem::take(&mut self.stages);
        for toxic in toxics.iter().filter(|toxic| toxic.stream == self.origin.stream) {
            let known = old.iter().position(|stage| stage.toxic.number == toxic.number);
            let mut stage = match known {
                Some(index) => old.swap_remove(index),
                None => self.stage(toxic, now),
            };
            stage.toxic = Arc::clone(toxic);
            self.stages.push(stage);
        }
        old.iter().any(|gone| gone.acts() && gone.toxic.attributes.toxic().closes_when_removed())
    }

    fn stage(&self, toxic: &Arc<Placed>, now: Instant) -> Stage {
        let mut random = self.origin.random(toxic);
        let lot = random.unit();
        Stage { toxic: Arc::clone(toxic), memory: Memory::new(random, now), lot }
    }

    fn acting(&self) -> impl Iterator<Item = &Stage> {
        self.stages.iter().filter(|stage| stage.acts())
    }

    /// Sends a segment through all stages; what comes out is appended to `due`, in order.
    pub fn pass(&mut self, segment: Segment, due: &mut impl Extend<Segment>) {
        let mut flow = vec![segment];
        for stage in self.stages.iter_mut().filter(|stage| stage.acts()) {
            let mut next = Vec::with_capacity(flow.len());
            for segment in flow {
                let toxic = stage.toxic.attributes.toxic();
                toxic.pass(&mut stage.memory, segment, &mut next);
            }
            flow = next;
        }
        let last_due = &mut self.last_due;
        due.extend(flow.into_iter().map(|segment| {
            let segment = segment.not_before(*last_due);
            *last_due = segment.at;
            segment
        }));
    }

    /// A close at `at` that skips the stages but keeps its place behind what is under way.
    #[must_use]
    pub fn close(&self, at: Instant) -> Segment {
        let load = Load::Close;
        Segment { at, load }.not_before(self.last_due)
    }

    /// What one way of a TCP handshake takes on this link now.
    pub fn handshake(&mut self) -> Duration {
        let acting = self.stages.iter_mut().filter(|stage| stage.acts());
        acting.map(|stage| stage.toxic.attributes.toxic().handshake(&mut stage.memory)).sum()
    }

    /// When the first toxic closes the connection by itself, if one does.
    #[must_use]
    pub fn closes_at(&self) -> Option<Instant> {
        self.acting().filter_map(|stage| stage.toxic.attributes.toxic().closes_at(&stage.memory)).min()
    }

    /// Whether nothing may be read from the source now.
    #[must_use]
    pub fn stalls(&self) -> bool {
        self.acting().any(|stage| stage.toxic.attributes.toxic().stalls())
    }

    /// How many bytes may be queued: never below the link's bandwidth-delay product, for which
    /// a link without a `bandwidth` toxic counts as 2 Gbit/s.
    #[must_use]
    pub fn queue_limit(&self) -> usize {
        const LEAST: f64 = (4 << 20) as f64;
        const MOST: f64 = (512 << 20) as f64;
        const ASSUMED_RATE: f64 = 250e6;
        let toxics = || self.acting().map(|stage| stage.toxic.attributes.toxic());
        let rate = toxics().filter_map(|toxic| toxic.bytes_per_second()).fold(ASSUMED_RATE, f64::min);
        let dwell: Duration = toxics().map(|toxic| toxic.dwell()).sum();
        (rate * dwell.as_secs_f64() * 1.25).clamp(LEAST, MOST) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn placed(text: &str, number: u64) -> Arc<Placed> {
        Arc::new(Placed::create(serde_json::from_str(text).unwrap(), number).unwrap())
    }

    fn origin(connection: u64) -> Origin {
        Origin { seed: 1, connection, stream: Stream::Downstream }
    }

    fn due(chain: &mut Chain, at: Instant) -> Instant {
        let mut out = Vec::new();
        let load = Load::Data(Bytes::from_static(b"x"));
        chain.pass(Segment { at, load }, &mut out);
        out[0].at
    }

    #[test]
    fn delays_of_several_toxics_add_up_and_the_other_stream_is_ignored() {
        let now = Instant::now();
        let toxics = [
            placed(r#"{"name":"a","type":"latency","attributes":{"latency":10}}"#, 1),
            placed(r#"{"name":"b","type":"latency","attributes":{"latency":5.5}}"#, 2),
            placed(r#"{"name":"c","type":"latency","stream":"upstream","attributes":{"latency":9}}"#, 3),
        ];
        let mut chain = Chain::new(origin(0), &toxics, now);
        assert_eq!(due(&mut chain, now), now + Duration::from_micros(15_500));
        assert_eq!(chain.handshake(), Duration::from_micros(15_500));
    }

    #[test]
    fn removing_a_toxic_neither_releases_early_nor_reorders() {
        let now = Instant::now();
        let toxics = [placed(r#"{"type":"latency","attributes":{"latency":100}}"#, 1)];
        let mut chain = Chain::new(origin(0), &toxics, now);
        let first = due(&mut chain, now);
        assert!(!chain.refresh(&[], now));
        let second = due(&mut chain, now + Duration::from_millis(1));
        assert_eq!(first, now + Duration::from_millis(100));
        assert_eq!(second, first);
    }

    #[test]
    fn toxicity_acts_on_its_share_of_connections_the_same_each_time() {
        let now = Instant::now();
        let toxics = [placed(r#"{"type":"latency","toxicity":0.3,"attributes":{"latency":1}}"#, 1)];
        let hit = |connection| due(&mut Chain::new(origin(connection), &toxics, now), now) > now;
        let share = (0..2_000).filter(|connection| hit(*connection)).count();
        assert!((500..700).contains(&share), "{share}");
        assert!((0..50).all(|connection| hit(connection) == hit(connection)));
    }

    #[test]
    fn removing_a_timeout_closes() {
        let now = Instant::now();
        let toxics = [placed(r#"{"type":"timeout","attributes":{"timeout":0}}"#, 1)];
        let mut chain = Chain::new(origin(0), &toxics, now);
        assert!(chain.refresh(&[], now));
    }

    #[test]
    fn the_queue_holds_the_bandwidth_delay_product() {
        let now = Instant::now();
        let latency = placed(r#"{"type":"latency","attributes":{"latency":110}}"#, 1);
        let narrow = placed(r#"{"type":"bandwidth","attributes":{"rate":100}}"#, 2);
        let limit = |toxics: &[Arc<Placed>]| Chain::new(origin(0), toxics, now).queue_limit();
        assert_eq!(limit(&[]), 4 << 20);
        assert!(limit(&[Arc::clone(&latency)]) >= 27_500_000);
        assert_eq!(limit(&[latency, narrow]), 4 << 20);
    }
}
