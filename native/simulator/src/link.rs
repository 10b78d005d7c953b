//! Links between regions: the world's delay and jitter, and the faults a script lays over them.
use crate::random::Random;
use globelet_types::world::WorldSpec;
use globelet_types::{Micros, RegionId};

/// Least time after which a lost segment is sent again (RFC 6298 asks for a floor; Linux has 200 ms).
const RETRANSMIT_US: u64 = 200_000;

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
}

#[derive(Clone, Debug)]
struct Link {
    delay_us: u64,
    jitter_us: u64,
    loss: f64,
    fault: Fault,
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
        let still = Link { delay_us: 0, jitter_us: 0, loss: 0.0, fault: Fault::default() };
        let mut table = vec![still; regions * regions];
        for spec in &world.links {
            if let Some(link) = table.get_mut(spec.from.index() * regions + spec.to.index()) {
                *link = Link {
                    delay_us: spec.delay_us,
                    jitter_us: spec.jitter_us,
                    loss: spec.loss.min(0.5),
                    fault: Fault::default(),
                };
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

    /// Delays of the copies of one message that will arrive: none, one or two. Each message is delayed
    /// from its own departure, so a long link carries any number at once and jitter may reorder them.
    pub fn carry(&mut self, from: RegionId, to: RegionId) -> Vec<Micros> {
        let Some(link) = self.table.get(from.index() * self.regions + to.index()) else { return Vec::new() };
        if link.fault.cut || self.random.chance(link.fault.loss) {
            return Vec::new();
        }
        let copies = 1 + usize::from(self.random.chance(link.fault.duplication));
        (0..copies).map(|_| delay(link, &mut self.random)).collect()
    }
}

fn delay(link: &Link, random: &mut Random) -> Micros {
    let jitter = random.gaussian(link.jitter_us);
    let base = (link.delay_us + link.fault.slower_us).saturating_add_signed(jitter);
    // A lost segment of a reliable stream is late, not gone.
    let mut late = 0;
    while random.chance(link.loss) {
        late += RETRANSMIT_US.max(2 * link.delay_us);
    }
    base + late
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
        let delays: Vec<u64> = (0..2_000).flat_map(|_| links.carry(TOKYO, PARIS)).collect();
        let mean = delays.iter().sum::<u64>() / delays.len() as u64;
        assert_eq!(delays.len(), 2_000);
        assert!(mean.abs_diff(110_000) < 200, "{mean}");
    }

    #[test]
    fn a_cut_has_a_direction_and_heals() {
        let mut links = Links::new(&sample::tokyo_paris(), 1);
        links.set(TOKYO, PARIS, Fault { cut: true, ..Fault::default() });
        assert!(links.carry(TOKYO, PARIS).is_empty());
        assert_eq!(links.carry(PARIS, TOKYO).len(), 1);
        links.heal();
        assert_eq!(links.carry(TOKYO, PARIS).len(), 1);
    }

    #[test]
    fn loss_and_duplication_happen_as_often_as_asked() {
        let mut links = Links::new(&sample::tokyo_paris(), 1);
        links.set(TOKYO, PARIS, Fault { loss: 0.25, duplication: 0.5, ..Fault::default() });
        let counts: Vec<usize> = (0..4_000).map(|_| links.carry(TOKYO, PARIS).len()).collect();
        let lost = counts.iter().filter(|c| **c == 0).count();
        let twice = counts.iter().filter(|c| **c == 2).count();
        assert!((850..1_150).contains(&lost), "{lost}");
        assert!((1_350..1_650).contains(&twice), "{twice}");
    }
}
