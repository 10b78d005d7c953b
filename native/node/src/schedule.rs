//! What is due later: timers of the protocol and messages on their way inside the process.
use globelet_types::world::LinkSpec;
use globelet_types::RegionId;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, Instant};

/// Deadlines with what is due at them; equal deadlines keep the order they came in.
#[derive(Debug)]
pub struct Schedule<T> {
    heap: BinaryHeap<Reverse<(Instant, u64)>>,
    items: BTreeMap<u64, T>,
    next: u64,
}

impl<T> Default for Schedule<T> {
    fn default() -> Self {
        Schedule { heap: BinaryHeap::new(), items: BTreeMap::new(), next: 0 }
    }
}

impl<T> Schedule<T> {
    /// Adds something due at `when`.
    pub fn add(&mut self, when: Instant, item: T) {
        self.heap.push(Reverse((when, self.next)));
        self.items.insert(self.next, item);
        self.next += 1;
    }

    /// The earliest deadline.
    pub fn next_due(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((when, _))| *when)
    }

    /// Takes the earliest item if its deadline has passed.
    pub fn take_due(&mut self, now: Instant) -> Option<T> {
        if self.next_due()? > now {
            return None;
        }
        let Reverse((_, number)) = self.heap.pop()?;
        self.items.remove(&number)
    }
}

/// How long one draw holds on a link: delay on real paths varies slowly against the messages of one round.
const HOLD: Duration = Duration::from_millis(20);

/// Draws the delay of messages on links: gaussian around the declared delay, seeded.
#[derive(Clone, Debug)]
pub struct Jitter {
    state: u64,
    drawn: BTreeMap<(RegionId, RegionId), (Duration, Instant)>,
}

impl Jitter {
    /// A generator from a seed.
    pub fn new(seed: u64) -> Jitter {
        Jitter { state: seed, drawn: BTreeMap::new() }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014), 53 bits of it, above 0 and at most 1.
    fn unit(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((mixed ^ (mixed >> 31)) >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// The delay of a message sent at `at`: a new draw once the link's last one has held long enough.
    pub fn delay_at(&mut self, link: &LinkSpec, at: Instant) -> Duration {
        let way = (link.from, link.to);
        match self.drawn.get(&way) {
            Some((delay, until)) if at < *until => *delay,
            _ => {
                let delay = self.delay(link);
                self.drawn.insert(way, (delay, at + HOLD));
                delay
            }
        }
    }

    /// One draw (Box and Muller 1958 for the normal draw); never below zero.
    fn delay(&mut self, link: &LinkSpec) -> Duration {
        if link.jitter_us == 0 {
            return Duration::from_micros(link.delay_us);
        }
        let normal = (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        Duration::from_secs_f64((link.delay_us as f64 + normal * link.jitter_us as f64).max(0.0) / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_leaves_first_and_nothing_leaves_early() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut schedule = Schedule::default();
        for (when, item) in [(30, "c"), (10, "a"), (10, "b")] {
            schedule.add(at(when), item);
        }
        assert_eq!(schedule.take_due(at(9)), None);
        assert_eq!(schedule.take_due(at(10)), Some("a"));
        assert_eq!(schedule.take_due(at(10)), Some("b"));
        assert_eq!(schedule.take_due(at(29)), None);
        assert_eq!(schedule.take_due(at(31)), Some("c"));
    }

    #[test]
    fn delays_have_the_declared_mean_and_spread() {
        let link = LinkSpec { from: RegionId(0), to: RegionId(0), delay_us: 1_000, jitter_us: 50, loss: 0.0 };
        let mut jitter = Jitter::new(7);
        let draws: Vec<f64> = (0..20_000).map(|_| jitter.delay(&link).as_secs_f64() * 1e6).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let spread = (draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 20_000.0).sqrt();
        assert!((mean - 1_000.0).abs() < 2.0 && (spread - 50.0).abs() < 2.0, "{mean} ± {spread}");
    }
}
