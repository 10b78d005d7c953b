//! Seeded trouble: links cut, lossy and scattered, power gone here and there; what a sweep of seeds explores.
use crate::checks::Violation;
use crate::link::Fault;
use crate::random::Random;
use crate::simulation::Simulation;
use globelet_types::{NodeId, RegionId};

/// One in so many calls of [`Trouble::strike`] changes something.
const RARITY: u64 = 6;

/// Strikes at random, the same way for the same seed.
#[derive(Debug)]
pub struct Trouble {
    dice: Random,
    down: Vec<NodeId>,
}

impl Trouble {
    /// The trouble of a seed.
    pub fn new(seed: u64) -> Trouble {
        Trouble { dice: Random::new(seed, "trouble"), down: Vec::new() }
    }

    /// Perhaps breaks or mends something.
    ///
    /// # Errors
    /// A [`Violation`] if a node cannot come back from its log.
    pub fn strike(&mut self, simulation: &mut Simulation) -> Result<(), Violation> {
        if self.dice.below(RARITY) > 0 {
            return Ok(());
        }
        let regions = simulation.world().regions.len() as u64;
        let (from, to) = (RegionId(self.dice.below(regions) as u16), RegionId(self.dice.below(regions) as u16));
        match self.dice.below(5) {
            0 => simulation.cut(from, to),
            1 => {
                let fault = Fault { loss: 0.2, duplication: 0.2, scatter_us: 30_000, ..Fault::default() };
                simulation.fault(from, to, fault);
            }
            2 => simulation.mend(from, to),
            3 => {
                let node = NodeId(self.dice.below(simulation.world().nodes.len() as u64) as u16);
                if simulation.is_up(node) {
                    simulation.crash(node);
                    self.down.push(node);
                }
            }
            _ => self.power(simulation)?,
        }
        Ok(())
    }

    /// Mends all of it.
    ///
    /// # Errors
    /// A [`Violation`] if a node cannot come back from its log.
    pub fn end(&mut self, simulation: &mut Simulation) -> Result<(), Violation> {
        simulation.heal();
        self.power(simulation)
    }

    fn power(&mut self, simulation: &mut Simulation) -> Result<(), Violation> {
        self.down.drain(..).try_for_each(|node| simulation.restart(node))
    }
}
