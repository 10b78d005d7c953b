//! Links measured in virtual time: probes that travel them like any message.
use super::Simulation;
use crate::checks::Violation;
use crate::queue::Due;
use globelet_types::world::Route;
use globelet_types::{Micros, RegionId};
use std::collections::BTreeMap;

/// A probe that takes longer is lost.
const LONGEST_US: u64 = 5_000_000;

/// A directed link and one of its routes.
pub type Path = (RegionId, RegionId, Route);
/// One-way delays by link and route, microseconds, in the order of arrival.
pub type Delays = BTreeMap<Path, Vec<Micros>>;

/// Probes under way, and what those that arrived have measured.
#[derive(Debug, Default)]
pub(super) struct Probes {
    under_way: u64,
    delays: Delays,
}

impl Probes {
    pub(super) fn arrived(&mut self, path: Path, took: Micros) {
        self.under_way = self.under_way.saturating_sub(1);
        self.delays.entry(path).or_default().push(took);
    }
}

impl Simulation {
    /// Sends `samples` probes over every link, each of its routes, `spacing_us` apart, while the world runs on, and returns how
    /// long each took.
    /// A link that carries nothing is there without delays.
    ///
    /// # Errors
    /// The first [`Violation`] of an invariant.
    pub fn probe(&mut self, samples: usize, spacing_us: u64) -> Result<Delays, Violation> {
        let world = self.world();
        let backbone = world.links.iter().map(|l| (l.from, l.to, Route::Backbone));
        let internet = world.internet.iter().map(|l| (l.from, l.to, Route::Internet));
        let delays = backbone.chain(internet).map(|path| (path, Vec::new())).collect();
        self.probes = Probes { under_way: 0, delays };
        for _ in 0..samples {
            self.send_probes();
            self.run_for(spacing_us)?;
        }
        self.run_until(|s| s.probes.under_way == 0, LONGEST_US)?;
        Ok(std::mem::take(&mut self.probes.delays))
    }

    fn send_probes(&mut self) {
        let paths: Vec<_> = self.probes.delays.keys().copied().collect();
        for (from, to, route) in paths {
            for delay in self.links.carry_over(self.now, from, to, route) {
                self.probes.under_way += 1;
                self.queue.push(self.now + delay, Due::Probe { from, to, route, sent: self.now });
            }
        }
    }
}
