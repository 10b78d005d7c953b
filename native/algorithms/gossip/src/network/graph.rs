//! The overlay as a graph, and the figures that papers give of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::Peer;

/// Members and their links, each link at both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph(BTreeMap<Peer, BTreeSet<Peer>>);

impl Graph {
    pub(crate) fn new(links: BTreeMap<Peer, BTreeSet<Peer>>) -> Graph {
        Graph(links)
    }

    /// Each member's links.
    pub fn links(&self) -> &BTreeMap<Peer, BTreeSet<Peer>> {
        &self.0
    }

    /// Links from a member to those that can be reached from it, itself among them.
    pub fn hops(&self, from: Peer) -> BTreeMap<Peer, u64> {
        let (mut hops, mut next) = (BTreeMap::from([(from, 0)]), VecDeque::from([(from, 0)]));
        while let Some((peer, far)) = next.pop_front() {
            for other in self.0.get(&peer).into_iter().flatten() {
                if !hops.contains_key(other) {
                    hops.insert(*other, far + 1);
                    next.push_back((*other, far + 1));
                }
            }
        }
        hops
    }

    /// Those that can be reached from a member, itself among them.
    pub fn reachable(&self, from: Peer) -> BTreeSet<Peer> {
        self.hops(from).into_keys().collect()
    }

    /// Mean of the shortest paths from at most `samples` members, taken evenly, to all others; millionths of a link.
    pub fn mean_path_millionths(&self, samples: usize) -> u64 {
        let step = self.0.len().div_ceil(samples.max(1)).max(1);
        let (mut total, mut paths) = (0, 0);
        for peer in self.0.keys().step_by(step) {
            let hops = self.hops(*peer);
            total += hops.values().sum::<u64>();
            paths += hops.len() as u64 - 1;
        }
        total * 1_000_000 / paths.max(1)
    }

    /// Mean of the members' clustering coefficients: of the pairs of a member's neighbours, the share that are
    /// neighbours of each other; millionths.
    pub fn clustering_millionths(&self) -> u64 {
        let of = |others: &BTreeSet<Peer>| {
            let pairs = (others.len() * others.len().saturating_sub(1)) as u64;
            let near = |peer: &Peer| self.0.get(peer).map_or(0, |theirs| theirs.intersection(others).count() as u64);
            others.iter().map(near).sum::<u64>() * 1_000_000 / pairs.max(1)
        };
        self.0.values().map(of).sum::<u64>() / (self.0.len().max(1) as u64)
    }
}
