//! Whom a selection policy prefers in S1 and R2: what it is asked, and the weights that are in force.
//!
//! A policy is the driver's: the core gets its weights as facts, by [`crate::Event::CandidatesChanged`] and
//! [`crate::Event::SourcesChanged`], and draws by rendezvous under them.
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_types::world::{Role, WorldSpec};
use globelet_types::{ChainId, NodeId};
use std::collections::BTreeMap;
use thiserror::Error;

/// The largest weight that a policy may give.
pub const MOST_WEIGHT: u64 = 1_000_000_000;

/// One who may be chosen, and its share of the choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Weighted {
    /// The node.
    pub node: NodeId,
    /// Its share; 0 is chosen only when all others are.
    pub weight: u64,
}

impl Weighted {
    /// By stake, at least 1: what counts where no policy says anything else.
    pub fn by_stake(world: &WorldSpec, node: NodeId) -> Weighted {
        Weighted { node, weight: world.nodes.get(node.index()).map_or(1, |n| n.stake.max(1)) }
    }
}

/// Those of `named` that are in `known`, each once, in the order named.
pub(crate) fn among(named: Vec<Weighted>, known: &[NodeId]) -> Vec<Weighted> {
    let mut found: Vec<Weighted> = Vec::with_capacity(known.len());
    for one in named {
        if known.contains(&one.node) && found.iter().all(|f| f.node != one.node) {
            found.push(one);
        }
    }
    found
}

/// A choice that a municipality makes again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    /// The municipality that chooses.
    pub here: ChainId,
    /// The one whose nodes are chosen among: itself in S1, a source in R2.
    pub of: ChainId,
}

impl Choice {
    /// `S1`, whose candidates are holders, or `R2`, whose candidates are the replicas of a source.
    pub fn stage(&self) -> &'static str {
        if self.here == self.of {
            "S1"
        } else {
            "R2"
        }
    }

    /// The role of those chosen among.
    pub fn role(&self) -> Role {
        if self.here == self.of {
            Role::Holder
        } else {
            Role::Replica
        }
    }
}

/// Why an answer of a policy is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WeightsRefused {
    /// Not one for each candidate.
    #[error("the policy gave {given} weights for {candidates} candidates; give one for each, in their order")]
    Count {
        /// Weights.
        given: usize,
        /// Candidates.
        candidates: usize,
    },
    /// One is too large.
    #[error("a weight of {weight} is above {MOST_WEIGHT}; only their ratios count, so divide them all")]
    TooLarge {
        /// The first one.
        weight: u64,
    },
}

/// The weights in force for one choice. Who was never weighed has the default.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    known: BTreeMap<NodeId, u64>,
}

impl Weights {
    /// Takes an answer; whether it changed anything.
    ///
    /// # Errors
    /// [`WeightsRefused`]; then all stays as it was.
    pub fn learn(&mut self, candidates: &[NodeId], weights: &[u64]) -> Result<bool, WeightsRefused> {
        if candidates.len() != weights.len() {
            return Err(WeightsRefused::Count { given: weights.len(), candidates: candidates.len() });
        }
        if let Some(&weight) = weights.iter().find(|w| **w > MOST_WEIGHT) {
            return Err(WeightsRefused::TooLarge { weight });
        }
        let changes =
            candidates.iter().zip(weights).map(|(node, weight)| self.known.insert(*node, *weight) != Some(*weight));
        // All are taken, whether the first one is news or not.
        Ok(changes.fold(false, |changed, one| changed | one))
    }

    /// Candidates with their weights.
    pub fn of(&self, world: &WorldSpec, candidates: &[NodeId]) -> Vec<Weighted> {
        let weighed = |node: &NodeId| match self.known.get(node) {
            Some(&weight) => Weighted { node: *node, weight },
            None => Weighted::by_stake(world, *node),
        };
        candidates.iter().map(weighed).collect()
    }
}

/// Fewest candidates that keep a municipality going while f of its replicas are down: h − (n − f).
pub fn fewest_holders(world: &WorldSpec, chain: ChainId) -> usize {
    let replicas = world.seats(chain);
    let quorum = replicas - replicas.saturating_sub(1) / 3;
    usize::from(world.parameters.proofs_needed).saturating_sub(quorum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_answer_changes_nothing() {
        let (a, b) = (NodeId(4), NodeId(5));
        let mut weights = Weights::default();
        assert_eq!(weights.learn(&[a, b], &[3, 0]), Ok(true));
        assert_eq!(weights.learn(&[a, b], &[3, 0]), Ok(false));
        assert_eq!(weights.learn(&[a, b], &[9]), Err(WeightsRefused::Count { given: 1, candidates: 2 }));
        let too_large = MOST_WEIGHT + 1;
        assert_eq!(weights.learn(&[a, b], &[9, too_large]), Err(WeightsRefused::TooLarge { weight: too_large }));
        assert_eq!(weights.known, BTreeMap::from([(a, 3), (b, 0)]));
    }

    #[test]
    fn only_who_is_known_counts_and_once() {
        let one = |node, weight| Weighted { node: NodeId(node), weight };
        let named = vec![one(9, 1), one(5, 2), one(5, 7), one(4, 3)];
        assert_eq!(among(named, &[NodeId(4), NodeId(5)]), vec![one(5, 2), one(4, 3)]);
    }
}
