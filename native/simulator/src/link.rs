//! Links between regions: the world's delay and jitter, and the faults a script lays over them.
use crate::random::Random;
use globelet_types::world::WorldSpec;
use globelet_types::{Micros, RegionId};

/// Least time after which a lost segment is sent again (RFC 6298 asks for a floor; Linux has 200 ms).
const RETRANSMIT_US: u64 = 200_000;
/// How long one draw of the jitter holds, as in the link emulator: delay on real paths varies slowly
/// against the messages of one round.
const HOLD_US: u64 = 20_000;
/// Into how many equal parts the spread is cut, as in the link emulator; that many draws in a row fall
/// one into each.
const PARTS: u8 = 16;

/// What a script laid over one directed link. The default is no fault.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fault {
    /// Nothing passes.
    pub cut: bool,
    /// Probability that a message is lost for good.
    pub loss: f64,
    /// Probability that a message arrives twice, each copy after a delay of its own.
    pub duplication: f64,
    /// Added to every delay, microseconds.
    pub slower_us: u64,
    /// Each message is late by up to this many microseconds of its own, so that many overtake each other.
    pub scatter_us: u64,
}

#[derive(Clone, Debug)]
struct Link {
    delay_us: u64,
    jitter_us: u64,
    loss: f64,
    fault: Fault,
    /// Parts of the spread not drawn yet in this turn.
    deck: Vec<u8>,
    /// The delay drawn last, and until when it holds.
    drawn: (u64, Micros),
}

/// Every directed link of a world, with its own delay, jitter and fault.
#[derive(Clone, Debug)]
pub struct Links {
    regions: usize,
    table: Vec<Link>,
    random: Random,
}

impl Links {
    /// The links of a checked world.
    pub fn new(world: &WorldSpec, seed: u64) -> Links {
        let regions = world.regions.len();
        let link = |delay_us, jitter_us, loss| Link {
            delay_us,
            jitter_us,
            loss,
            fault: Fault::default(),
            deck: Vec::new(),
            drawn: (0, 0),
        };
        let mut table = vec![link(0, 0, 0.0); regions * regions];
        for spec in &world.links {
            if let Some(place) = table.get_mut(spec.from.index() * regions + spec.to.index()) {
                *place = link(spec.delay_us, spec.jitter_us, spec.loss.min(0.5));
            }
        }
        Links { regions, table, random: Random::new(seed, "links") }
    }

    /// Lays a fault over the link from one region to another; the default fault heals it.
    pub fn set(&mut self, from: RegionId, to: RegionId, fault: Fault) {
        if let Some(link) = self.table.get_mut(from.index() * self.regions + to.index()) {
            link.fault = fault;
        }
    }

    /// Heals every link.
    pub fn heal(&mut self) {
        self.table.iter_mut().for_each(|link| link.fault = Fault::default());
    }

    /// Delays of the copies that will arrive of one message sent at `now`: none, one or two. Each message
    /// is delayed from its own departure, so a long link carries any number at once.
    pub fn carry(&mut self, now: Micros, from: RegionId, to: RegionId) -> Vec<Micros> {
        let Some(link) = self.table.get_mut(from.index() * self.regions + to.index()) else { return Vec::new() };
        let random = &mut self.random;
        if link.fault.cut || random.chance(link.fault.loss) {
            return Vec::new();
        }
        let mut delays = vec![link.delay_at(now, random)];
        if random.chance(link.fault.duplication) {
            let fresh = link.draw(random);
            delays.push(link.late(fresh, random));
        }
        delays
    }
}

impl Link {
    /// A new draw once the last one has held long enough.
    fn delay_at(&mut self, now: Micros, random: &mut Random) -> Micros {
        if now >= self.drawn.1 {
            self.drawn = (self.draw(random), now + HOLD_US);
        }
        self.late(self.drawn.0, random)
    }

    /// Uniform and stratified (Cochran 1977, ch. 5) around the declared delay, with the declared standard
    /// deviation, so √3 times that to either side; never below zero. Integers only, for all machines.
    fn draw(&mut self, random: &mut Random) -> Micros {
        if self.jitter_us == 0 {
            return self.delay_us;
        }
        if self.deck.is_empty() {
            self.deck.extend(0..PARTS);
        }
        let part = self.deck.swap_remove(random.below(self.deck.len() as u64) as usize);
        let spread = 2 * self.jitter_us * 1_732_051 / 1_000_000;
        let width = spread.div_ceil(u64::from(PARTS)).max(1);
        let stray = u64::from(part) * spread / u64::from(PARTS) + random.below(width);
        (self.delay_us + stray).saturating_sub(spread / 2)
    }

    /// What comes on top: faults, and retransmission, for a lost segment of a reliable stream is late, not gone.
    fn late(&self, drawn: Micros, random: &mut Random) -> Micros {
        let mut delay = drawn + self.fault.slower_us + random.below(self.fault.scatter_us);
        while random.chance(self.loss) {
            delay += RETRANSMIT_US.max(2 * self.delay_us);
        }
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    const TOKYO: RegionId = RegionId(0);
    const PARIS: RegionId = RegionId(3);

    #[test]
    fn delays_centre_on_the_declared_one() {
        let mut links = Links::new(&sample::tokyo_paris(), 1);
        let delays: Vec<u64> = (0..3_200).flat_map(|n| links.carry(n * HOLD_US, TOKYO, PARIS)).collect();
        let mean = delays.iter().sum::<u64>() as f64 / 3_200.0;
        let variance = delays.iter().map(|d| (*d as f64 - mean).powi(2)).sum::<f64>() / 3_200.0;
        assert_eq!(delays.len(), 3_200);
        assert!((mean - 110_000.0).abs() < 20.0, "{mean}");
        assert!((variance.sqrt() - 1_100.0).abs() < 20.0, "{}", variance.sqrt());
        let mut turn = delays[..16].to_vec();
        turn.sort_unstable();
        assert!(((turn[7] + turn[8]) / 2).abs_diff(110_000) < 250, "sixteen draws have the declared median: {turn:?}");
    }

    #[test]
    fn a_draw_holds_and_what_is_scattered_overtakes() {
        let mut links = Links::new(&sample::tokyo_paris(), 1);
        let first = links.carry(0, TOKYO, PARIS);
        assert_eq!(links.carry(HOLD_US - 1, TOKYO, PARIS), first);
        assert_ne!(links.carry(HOLD_US, TOKYO, PARIS), first);
        links.set(TOKYO, PARIS, Fault { scatter_us: 5_000, ..Fault::default() });
        let delays: Vec<u64> = (0..100).flat_map(|_| links.carry(HOLD_US, TOKYO, PARIS)).collect();
        assert!(delays.windows(2).any(|pair| pair[0] > pair[1] + 1_000));
    }

    #[test]
    fn a_cut_has_a_direction_and_heals() {
        let mut links = Links::new(&sample::tokyo_paris(), 1);
        links.set(TOKYO, PARIS, Fault { cut: true, ..Fault::default() });
        assert!(links.carry(0, TOKYO, PARIS).is_empty());
        assert_eq!(links.carry(0, PARIS, TOKYO).len(), 1);
        links.heal();
        assert_eq!(links.carry(0, TOKYO, PARIS).len(), 1);
    }

    #[test]
    fn loss_and_duplication_happen_as_often_as_asked() {
        let mut links = Links::new(&sample::tokyo_paris(), 1);
        links.set(TOKYO, PARIS, Fault { loss: 0.25, duplication: 0.5, ..Fault::default() });
        let counts: Vec<usize> = (0..4_000).map(|_| links.carry(0, TOKYO, PARIS).len()).collect();
        let lost = counts.iter().filter(|c| **c == 0).count();
        let twice = counts.iter().filter(|c| **c == 2).count();
        assert!((850..1_150).contains(&lost), "{lost}");
        assert!((1_350..1_650).contains(&twice), "{twice}");
    }
}
