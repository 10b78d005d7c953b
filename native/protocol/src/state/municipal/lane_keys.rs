//! Which key seals a parcel that leaves, and which opens one that comes: made or learned once per lane and interval.
use crate::block::LaneEntry;
use crate::lane::{LaneCiphertext, LaneInterval, LaneKey, LaneOwner, LaneSecrets, LENGTH_US};
use crate::Genesis;
use globelet_types::world::LaneKem;
use globelet_types::{ChainId, Hash, Micros};
use std::collections::{BTreeMap, VecDeque};

/// Keys kept per lane. Of what is older, the source makes them again and the destination is sent the ciphertext again.
const KEPT_MOST: usize = 16;
/// 2³² divided by the golden ratio: multiples of it lie evenly (Knuth, The Art of Computer Programming 3, §6.4).
const GOLDEN: u32 = 0x9E37_79B9;

/// The interval of a stamp on the lanes between two municipalities. Both lanes of a pair change keys at once, so that one
/// numbers as the other does; pairs change at different moments, so that the work of it does not come all together.
fn interval_of(here: ChainId, there: ChainId, at: Micros) -> u64 {
    let (low, high) = (here.0.min(there.0), here.0.max(there.0));
    let draw = (u32::from(low) << 16 | u32::from(high)).wrapping_mul(GOLDEN);
    at.saturating_add((u64::from(draw) * LENGTH_US) >> 32) / LENGTH_US
}

/// The key of a lane that leads away from here.
pub(crate) struct Made {
    pub interval: u64,
    pub name: Hash,
    pub key: LaneKey,
    ciphertext: LaneCiphertext,
}

/// The keys of one municipality's lanes, as one of its replicas knows them.
pub(crate) struct LaneKeys {
    chain: ChainId,
    kem: LaneKem,
    secrets: LaneSecrets,
    /// Expanded when first needed.
    owner: Option<LaneOwner>,
    /// The newest stamp of a vertex that was applied.
    now: Micros,
    /// Per source, the newest interval of a parcel that was applied.
    heard: BTreeMap<ChainId, u64>,
    /// Per destination, oldest first.
    made: BTreeMap<ChainId, VecDeque<Made>>,
    /// Per destination, the newest interval whose ciphertext all of its replicas were sent.
    told: BTreeMap<ChainId, u64>,
    /// Per source, by the ciphertext's name, oldest first.
    learned: BTreeMap<ChainId, VecDeque<(Hash, LaneKey)>>,
}

impl LaneKeys {
    /// No key made, none learned.
    pub fn new(genesis: &Genesis, secrets: LaneSecrets, chain: ChainId) -> LaneKeys {
        LaneKeys {
            chain,
            kem: genesis.world.parameters.lane_kem,
            secrets,
            owner: None,
            now: 0,
            heard: BTreeMap::new(),
            made: BTreeMap::new(),
            told: BTreeMap::new(),
            learned: BTreeMap::new(),
        }
    }

    /// A vertex with this stamp is applied. A quorum found the stamp within the bound of skew, so that no replica alone
    /// brings the intervals forward.
    pub fn vertex_applied(&mut self, at: Micros) {
        self.now = self.now.max(at);
    }

    /// A parcel of this interval is applied. A municipality that only receives has no vertices: its settlements follow the
    /// time of the parcels that they settle. This counts for the lane back alone, so that a source whose whole committee
    /// lies hurts no lane but its own.
    pub fn parcel_applied(&mut self, source: ChainId, interval: u64) {
        let heard = self.heard.entry(source).or_default();
        *heard = interval.max(*heard);
    }

    /// The key of the parcels that leave with the block under construction: the same at every replica, as it follows from
    /// what the chain has applied.
    pub fn to(&mut self, genesis: &Genesis, destination: ChainId) -> Option<&Made> {
        let own = interval_of(self.chain, destination, self.now);
        let interval = own.max(self.heard.get(&destination).copied().unwrap_or_default());
        let newest = self.made.get(&destination).and_then(|made| made.back()).map(|made| made.interval);
        if newest != Some(interval) {
            let made = self.make(genesis, destination, interval)?;
            let kept = self.made.entry(destination).or_default();
            kept.push_back(made);
            if kept.len() > KEPT_MOST {
                kept.pop_front();
            }
        }
        self.made.get(&destination)?.back()
    }

    fn make(&self, genesis: &Genesis, destination: ChainId, interval: u64) -> Option<Made> {
        let lane = LaneInterval { source: self.chain, destination, number: interval };
        let (ciphertext, key) = self.secrets.encapsulate(self.kem, genesis.lane_key(destination)?, &lane)?;
        Some(Made { interval, name: ciphertext.name(&lane), key, ciphertext })
    }

    /// The ciphertext that goes with a parcel's shards: with those asked for, and with the first of an interval.
    pub fn ciphertext(&mut self, genesis: &Genesis, entry: &LaneEntry, asked: bool) -> Option<LaneCiphertext> {
        let told = self.told.get(&entry.destination).is_some_and(|told| *told >= entry.interval);
        if told && !asked {
            return None;
        }
        if !asked {
            self.told.insert(entry.destination, entry.interval);
        }
        let kept = self.made.get(&entry.destination)?.iter().find(|made| made.interval == entry.interval);
        match kept {
            Some(made) => Some(made.ciphertext.clone()),
            None => self.make(genesis, entry.destination, entry.interval).map(|made| made.ciphertext),
        }
    }

    /// A ciphertext came with a parcel of this entry, which the source's certificate proves. True if its key is new here.
    ///
    /// # Errors
    /// What the sender did, if it is not the one that the entry names, or cannot be of this world.
    pub fn learn(
        &mut self,
        source: ChainId,
        entry: &LaneEntry,
        ciphertext: &LaneCiphertext,
    ) -> Result<bool, &'static str> {
        let lane = LaneInterval { source, destination: self.chain, number: entry.interval };
        if ciphertext.name(&lane) != entry.key {
            return Err("sent a lane's ciphertext that the block does not name");
        }
        if self.from(source, &entry.key).is_some() {
            return Ok(false);
        }
        if self.owner.is_none() {
            self.owner = self.secrets.owner(self.kem);
        }
        let key = self.owner.as_ref().and_then(|owner| owner.decapsulate(ciphertext, &entry.key));
        let key = key.ok_or("sent a lane's ciphertext of the wrong length")?;
        let kept = self.learned.entry(source).or_default();
        kept.push_back((entry.key, key));
        if kept.len() > KEPT_MOST {
            kept.pop_front();
        }
        Ok(true)
    }

    /// The key whose ciphertext has this name, if it has come.
    pub fn from(&self, source: ChainId, name: &Hash) -> Option<&LaneKey> {
        self.learned.get(&source)?.iter().rev().find(|(known, _)| known == name).map(|(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_change_keys_at_moments_of_their_own() {
        let change = |a, b| (0..1000).find(|ms| interval_of(ChainId(a), ChainId(b), ms * 1000) == 1).unwrap_or(1000);
        let pairs = (0..6u16).flat_map(|a| (0..a).map(move |b| (a, b)));
        let moments: BTreeMap<_, _> = pairs.map(|(a, b)| (change(a, b), (a, b))).collect();
        assert_eq!(moments.len(), 15);
        let gaps: Vec<_> = moments.keys().zip(moments.keys().skip(1)).map(|(a, b)| b - a).collect();
        assert!(gaps.iter().all(|gap| (15..200).contains(gap)), "{moments:?}");
    }

    #[test]
    fn both_lanes_of_a_pair_number_alike() {
        let (a, b) = (ChainId(3), ChainId(40));
        for at in (0..5_000_000).step_by(40_009) {
            let interval = interval_of(a, b, at);
            assert_eq!(interval, interval_of(b, a, at));
            assert_eq!(interval + 1, interval_of(a, b, at + LENGTH_US));
        }
        assert!(interval_of(a, b, Micros::MAX) >= Micros::MAX / LENGTH_US);
    }
}
