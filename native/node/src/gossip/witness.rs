//! What the round trips that this process measured prove about the places that holders claim.
use super::record::{RecordRefused, LONGEST_US};
use crate::schedule;
use globelet_gossip::Peer;
use globelet_place::{least_distance_m, plausible, reach_m, Point};
use globelet_protocol::Genesis;
use globelet_types::world::{NodeSpec, Route, WorldSpec};
use globelet_types::{NodeId, RegionId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A link counts as true within a millisecond and a twentieth of what was declared; a round trip has two.
const STRAY_US: u64 = 2_000;

/// The shortest round trip of the present window and of the one before it.
#[derive(Clone, Copy, Debug)]
struct Shortest {
    begun_us: u64,
    now: u64,
    before: Option<u64>,
}

impl Shortest {
    fn new(taken_us: u64, now_us: u64) -> Shortest {
        Shortest { begun_us: now_us, now: taken_us, before: None }
    }

    fn note(&mut self, taken_us: u64, now_us: u64) {
        match now_us.saturating_sub(self.begun_us) / LONGEST_US {
            0 => self.now = self.now.min(taken_us),
            1 => *self = Shortest { before: Some(self.now), ..Shortest::new(taken_us, now_us) },
            _ => *self = Shortest::new(taken_us, now_us),
        }
    }

    fn at(&self, now_us: u64) -> Option<u64> {
        match now_us.saturating_sub(self.begun_us) / LONGEST_US {
            0 => Some(self.before.map_or(self.now, |before| before.min(self.now))),
            1 => Some(self.now),
            _ => None,
        }
    }
}

/// One process as a witness of where others are.
///
/// Only short round trips prove something: who is far away cannot answer sooner than light in fibre goes, who is near can
/// take its time. So the shortest counts, of the last ten to twenty minutes: as long as a record may be believed, and no
/// longer, since a holder may move.
///
/// Places are labels of an emulated world, and a link belongs to two regions whatever the cities in them. Therefore a
/// round trip that the world itself declares possible proves nothing: inside a region, where all are as near as the
/// region's link says, and where the measured delays of two regions are those of places nearer than their cities.
#[derive(Clone, Debug)]
pub struct Witness {
    genesis: Arc<Genesis>,
    process: Peer,
    shortest: BTreeMap<Peer, Shortest>,
}

/// The node that a process stands for: gossip goes between the regions of first nodes.
fn home(world: &WorldSpec, process: Peer) -> Option<&NodeSpec> {
    world.nodes.iter().find(|n| n.process == process)
}

fn place(node: &NodeSpec) -> Option<Point> {
    Point::from_degrees(node.longitude, node.latitude).ok()
}

/// The shortest round trip that the world declares between two regions, microseconds: over either route, with the
/// jitter at its lowest.
pub fn declared_us(world: &WorldSpec, from: RegionId, to: RegionId) -> Option<u64> {
    let least = |route| {
        let (out, back) = (world.link_over(from, to, route)?, world.link_over(to, from, route)?);
        Some(schedule::least_us(out) + schedule::least_us(back))
    };
    [Route::Backbone, Route::Internet].into_iter().filter_map(least).min()
}

impl Witness {
    /// A process that has measured nothing yet.
    pub fn new(genesis: Arc<Genesis>, process: Peer) -> Witness {
        Witness { genesis, process, shortest: BTreeMap::new() }
    }

    /// Notes a round trip to a process.
    pub fn measured(&mut self, peer: Peer, taken: Duration, now_us: u64) {
        let taken_us = taken.as_micros() as u64;
        let shortest = self.shortest.entry(peer).or_insert(Shortest::new(taken_us, now_us));
        shortest.note(taken_us, now_us);
    }

    /// Whether a node can be where it claims, which is where the genesis has it.
    ///
    /// # Errors
    /// [`RecordRefused::ImpossiblePlace`] if its process answered sooner than that allows.
    pub fn check(&self, node: NodeId, now_us: u64) -> Result<(), RecordRefused> {
        self.contradiction(node, now_us).map_or(Ok(()), Err)
    }

    fn contradiction(&self, node: NodeId, now_us: u64) -> Option<RecordRefused> {
        let world = &self.genesis.world;
        let claimed = world.nodes.get(node.index())?;
        let taken_us = self.shortest.get(&claimed.process)?.at(now_us)?;
        let granted_us = (taken_us + STRAY_US) * 20 / 19;
        let (here, there) = (home(world, self.process)?, home(world, claimed.process)?);
        let least_m = least_distance_m(place(here)?, place(claimed)?);
        if plausible(least_m, granted_us) || granted_us >= declared_us(world, here.region, there.region)? {
            return None;
        }
        Some(RecordRefused::ImpossiblePlace { node: node.0, least_m, taken_us, reach_m: reach_m(granted_us) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_of_two_windows_counts_and_then_is_forgotten() {
        let mut shortest = Shortest::new(90, 1_000);
        shortest.note(70, 2_000);
        shortest.note(80, 3_000);
        assert_eq!(shortest.at(3_000), Some(70));
        shortest.note(75, LONGEST_US + 1_500);
        assert_eq!(shortest.at(LONGEST_US + 2_000), Some(70), "the window before still counts");
        shortest.note(95, 2 * LONGEST_US + 2_000);
        assert_eq!(shortest.at(2 * LONGEST_US + 2_000), Some(75));
        assert_eq!(shortest.at(3 * LONGEST_US + 3_000), Some(95));
        assert_eq!(shortest.at(4 * LONGEST_US + 3_000), None, "nothing was measured for two windows");
        assert_eq!(shortest.at(0), Some(75), "a clock that was set back tells nothing away");
    }
}
