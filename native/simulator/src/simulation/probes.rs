//! Links measured in virtual time: probes that travel them like any message.
use super::Simulation;
use crate::checks::Violation;
use crate::queue::Due;
use globelet_types::{Micros, RegionId};
use std::collections::BTreeMap;

/// A probe that takes longer is lost.
const LONGEST_US: u64 = 5_000_000;

/// One-way delays by link, microseconds, in the order of arrival.
pub type Delays = BTreeMap<(RegionId, RegionId), Vec<Micros>>;

/// Probes under way, and what those that arrived have measured.
#[derive(Debug, Default)]
pub(super) struct Probes {
    under_way: u64,
    delays: Delays,
}

impl Probes {
    pub(super) fn arrived(&mut self, from: RegionId, to: RegionId, took: Micros) {
        self.under_way = self.under_way.saturating_sub(1);
        self.delays.entry((from, to)).or_default().push(took);
    }
}

impl Simulation {
    /// Sends `samples` probes over every link, `spacing_us` apart, while the world runs on, and returns how
    /// long each took.
    /// A link that carries nothing is there without delays.
    ///
    /// # Errors
    /// The first [`Violation`] of an invariant.
    pub fn probe(&mut self, samples: usize, spacing_us: u64) -> Result<Delays, Violation> {
        let regions = 0..self.world().regions.len() as u16;
        let pairs = regions.clone().flat_map(|from| regions.clone().map(move |to| (RegionId(from), RegionId(to))));
        let delays = pairs.map(|pair| (pair, Vec::new())).collect();
        self.probes = Probes { under_way: 0, delays };
        for _ in 0..samples {
            self.send_probes();
            self.run_for(spacing_us)?;
        }
        self.run_until(|s| s.probes.under_way == 0, LONGEST_US)?;
        Ok(std::mem::take(&mut self.probes.delays))
    }

    fn send_probes(&mut self) {
        let pairs: Vec<_> = self.probes.delays.keys().copied().collect();
        for (from, to) in pairs {
            for delay in self.links.carry(self.now, from, to) {
                self.probes.under_way += 1;
                self.queue.push(self.now + delay, Due::Probe { from, to, sent: self.now });
            }
        }
    }
}
