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

/// Into how many equal parts the spread is cut; that many draws in a row fall one into each.
const PARTS: u8 = 16;

/// One link's draws: what is left of the present turn, and the delay drawn last with the end of its hold.
#[derive(Clone, Debug, Default)]
struct Drawn {
    deck: Vec<u8>,
    last: Option<(Duration, Instant)>,
}

/// Draws the delay of messages on links: uniform and stratified around the declared delay, seeded; the
/// distribution that the link emulator gives to messages between processes.
#[derive(Clone, Debug)]
pub struct Jitter {
    state: u64,
    drawn: BTreeMap<(RegionId, RegionId), Drawn>,
}

impl Jitter {
    /// A generator from a seed.
    pub fn new(seed: u64) -> Jitter {
        Jitter { state: seed, drawn: BTreeMap::new() }
    }

    /// The delay of a message sent at `at`: a new draw once the link's last one has held long enough.
    pub fn delay_at(&mut self, link: &LinkSpec, at: Instant) -> Duration {
        let drawn = self.drawn.entry((link.from, link.to)).or_default();
        match drawn.last {
            Some((delay, until)) if at < until => delay,
            _ => {
                let delay = draw(link, &mut drawn.deck, &mut self.state);
                drawn.last = Some((delay, at + HOLD));
                delay
            }
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// How far a draw strays to either side of the declared delay, microseconds: √3 times the standard deviation.
fn stray_us(link: &LinkSpec) -> f64 {
    3_f64.sqrt() * link.jitter_us as f64
}

/// The shortest delay that can be drawn on a link, in whole microseconds.
pub fn least_us(link: &LinkSpec) -> u64 {
    (link.delay_us as f64 - stray_us(link)).max(0.0) as u64
}

/// One draw with the link's standard deviation, uniform; never below zero.
fn draw(link: &LinkSpec, deck: &mut Vec<u8>, state: &mut u64) -> Duration {
    if link.jitter_us == 0 {
        return Duration::from_micros(link.delay_us);
    }
    if deck.is_empty() {
        deck.extend(0..PARTS);
    }
    let part = deck.swap_remove((next(state) % deck.len() as u64) as usize);
    let within = (next(state) >> 11) as f64 / (1_u64 << 53) as f64;
    let unit = (f64::from(part) + within) / f64::from(PARTS);
    let stray = (2.0 * unit - 1.0) * stray_us(link);
    Duration::from_secs_f64((link.delay_us as f64 + stray).max(0.0) / 1e6)
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
        let (mut deck, mut state) = (Vec::new(), 7);
        let draws: Vec<f64> = (0..20_000).map(|_| draw(&link, &mut deck, &mut state).as_secs_f64() * 1e6).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let spread = (draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 20_000.0).sqrt();
        assert!((mean - 1_000.0).abs() < 2.0 && (spread - 50.0).abs() < 2.0, "{mean} ± {spread}");
    }

    #[test]
    fn a_draw_holds_and_sixteen_have_the_declared_median() {
        let link = LinkSpec { from: RegionId(0), to: RegionId(0), delay_us: 1_100, jitter_us: 600, loss: 0.0 };
        let (mut jitter, start) = (Jitter::new(7), Instant::now());
        let mut delays: Vec<Duration> = (0..16).map(|n| jitter.delay_at(&link, start + n * HOLD)).collect();
        assert_eq!(jitter.delay_at(&link, start + 16 * HOLD - Duration::from_micros(1)), delays[15]);
        delays.sort_unstable();
        let halfway = (delays[7] + delays[8]) / 2;
        assert!(halfway.as_micros().abs_diff(1_100) < 140, "{halfway:?}");
    }
}
