//! Keys of lanes on their way ahead of the parcels that need them. No block names such a key yet, so what one replica of a
//! source brings can displace its own alone.
use super::{Municipal, Out};
use crate::lane::{LaneCiphertext, LaneKey, LENGTH_US};
use crate::Message;
use globelet_types::{ChainId, Hash, Micros, NodeId};
use std::collections::{BTreeMap, VecDeque};

/// Keys kept of each replica of a source, and how many that are new here it may bring at once.
const KEPT_MOST: usize = 4;
/// It may bring another so often. A lane needs one per interval.
const EVERY_US: Micros = LENGTH_US / 4;

/// What one replica of a source brought.
#[derive(Default)]
struct Brought {
    /// All that it brought is paid for by then, each with [`EVERY_US`].
    paid_us: Micros,
    /// By the ciphertext's name, oldest first.
    keys: VecDeque<(Hash, LaneKey)>,
}

/// The keys that the replicas of all sources brought ahead.
#[derive(Default)]
pub(crate) struct KeysAhead {
    by: BTreeMap<(ChainId, NodeId), Brought>,
}

impl KeysAhead {
    /// True if this replica may bring a key that is new here, which takes some work: it counts from now on.
    pub fn may_bring(&mut self, now: Micros, bringer: (ChainId, NodeId)) -> bool {
        let brought = self.by.entry(bringer).or_default();
        let paid_us = brought.paid_us.max(now).saturating_add(EVERY_US);
        let may = paid_us <= now.saturating_add(KEPT_MOST as Micros * EVERY_US);
        if may {
            brought.paid_us = paid_us;
        }
        may
    }

    /// Keeps a key that this replica brought, in the place of its oldest.
    pub fn keep(&mut self, bringer: (ChainId, NodeId), name: Hash, key: LaneKey) {
        let keys = &mut self.by.entry(bringer).or_default().keys;
        if keys.iter().all(|(known, _)| *known != name) {
            keys.push_back((name, key));
        }
        if keys.len() > KEPT_MOST {
            keys.pop_front();
        }
    }

    /// The key whose ciphertext has this name, whoever of the source brought it.
    pub fn find(&self, source: ChainId, name: &Hash) -> Option<&LaneKey> {
        let brought = self.by.range((source, NodeId(0))..=(source, NodeId(u16::MAX)));
        brought.flat_map(|(_, brought)| &brought.keys).find(|(known, _)| known == name).map(|(_, key)| key)
    }
}

impl Municipal {
    /// Beside the path: makes the keys that the next parcels need, and tells the destinations.
    pub(super) fn make_keys_ahead(&mut self, out: &mut Out) {
        for (destination, number, ciphertext) in self.lane_keys.make_ahead(&self.frame.genesis) {
            let to = self.frame.committees[destination.index()].replicas.clone();
            out.send(to, Message::LaneKey { number, ciphertext });
        }
    }

    /// A source's replica brings a key ahead; parcels that wait for it are rebuilt.
    pub(super) fn lane_key(
        &mut self,
        now: Micros,
        from: NodeId,
        number: u64,
        ciphertext: &LaneCiphertext,
        out: &mut Out,
    ) {
        let Some(source) = self.frame.genesis.world.nodes.get(from.index()).map(|node| node.chain) else { return };
        let is_source = source != self.frame.chain && self.frame.is_municipality(source);
        if !is_source || self.frame.committees[source.index()].member(from).is_none() {
            return;
        }
        if let Some(name) = self.lane_keys.learn_ahead(now, (source, from), number, ciphertext) {
            self.unlock(now, source, &name, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::{LaneKeyId, LaneSecrets};
    use globelet_types::world::LaneKem;

    const SOURCE: ChainId = ChainId(3);

    fn key(number: u64) -> (Hash, LaneKey) {
        let (kem, secrets) = (LaneKem::XWing, LaneSecrets { seed: [1; 32], randomness: [2; 32] });
        let id = LaneKeyId { source: SOURCE, destination: ChainId(4), number };
        let (ciphertext, key) = secrets.encapsulate(kem, &secrets.public(kem), &id).unwrap();
        (ciphertext.name(&id), key)
    }

    #[test]
    fn a_replica_displaces_its_own_keys_alone() {
        let mut ahead = KeysAhead::default();
        let (honest, liar) = ((SOURCE, NodeId(7)), (SOURCE, NodeId(8)));
        let (name, right) = key(0);
        ahead.keep(honest, name, right);
        let noise: Vec<_> = (1..=10).map(key).collect();
        noise.iter().for_each(|(name, key)| ahead.keep(liar, *name, key.clone()));
        assert!(ahead.find(SOURCE, &name).is_some() && ahead.find(ChainId(2), &name).is_none());
        let kept: Vec<bool> = noise.iter().map(|(name, _)| ahead.find(SOURCE, name).is_some()).collect();
        assert_eq!(kept, [[false; 6].as_slice(), &[true; 4]].concat());
    }

    #[test]
    fn the_same_key_again_displaces_none() {
        let mut ahead = KeysAhead::default();
        let keys: Vec<_> = (0..4).map(key).collect();
        for (name, key) in keys.iter().chain(&keys[3..]).chain(&keys[3..]) {
            ahead.keep((SOURCE, NodeId(7)), *name, key.clone());
        }
        assert!(keys.iter().all(|(name, _)| ahead.find(SOURCE, name).is_some()));
    }

    #[test]
    fn a_replica_brings_four_keys_at_once_and_four_a_second() {
        let mut ahead = KeysAhead::default();
        let bringer = (SOURCE, NodeId(7));
        let brought = |ahead: &mut KeysAhead, now| (0..10).filter(|_| ahead.may_bring(now, bringer)).count();
        assert_eq!(brought(&mut ahead, 5_000_000), 4);
        assert_eq!(brought(&mut ahead, 5_000_000 + EVERY_US - 1), 0);
        let later = (1..=40).map(|i| brought(&mut ahead, 5_000_000 + i * LENGTH_US / 10)).sum::<usize>();
        assert_eq!(later, 16);
        assert_eq!(brought(&mut ahead, 60_000_000), 4);
        assert!(ahead.may_bring(60_000_000, (SOURCE, NodeId(8))), "each for itself");
    }
}
