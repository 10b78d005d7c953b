//! Which key seals a parcel that leaves, and which opens one that comes: made or learned once per lane and interval.
//!
//! The parcels of an interval are sealed with the key that is numbered by the one before in which the lane had any. So the
//! next key is known as soon as a lane is used, and both sides can have it ready before the parcel that needs it.
use super::keys_ahead::KeysAhead;
use crate::block::LaneEntry;
use crate::lane::{LaneCiphertext, LaneKey, LaneKeyId, LaneOwner, LaneSecrets, LENGTH_US};
use crate::Genesis;
use globelet_types::world::LaneKem;
use globelet_types::{ChainId, Hash, Micros, NodeId};
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
    pub number: u64,
    pub name: Hash,
    pub key: LaneKey,
    ciphertext: LaneCiphertext,
    /// All replicas of the destination were sent the ciphertext.
    told: bool,
}

/// How far a lane that leads away from here has come.
#[derive(Clone, Copy)]
struct Used {
    /// The newest interval in which a parcel left.
    interval: u64,
    /// The number of its key.
    key: u64,
}

impl Used {
    /// The number of the key of the next interval in which a parcel leaves; 0 is a lane's first.
    fn next(&self) -> u64 {
        self.interval.saturating_add(1)
    }
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
    /// Per source, the newest key's number of a parcel that was applied.
    heard: BTreeMap<ChainId, u64>,
    /// Per destination.
    used: BTreeMap<ChainId, Used>,
    /// Per destination, oldest first.
    made: BTreeMap<ChainId, VecDeque<Made>>,
    /// Per source, by the ciphertext's name, oldest first.
    learned: BTreeMap<ChainId, VecDeque<(Hash, LaneKey)>>,
    ahead: KeysAhead,
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
            used: BTreeMap::new(),
            made: BTreeMap::new(),
            learned: BTreeMap::new(),
            ahead: KeysAhead::default(),
        }
    }

    /// A vertex with this stamp is applied. A quorum found the stamp within the bound of skew, so that no replica alone
    /// brings the intervals forward.
    pub fn vertex_applied(&mut self, at: Micros) {
        self.now = self.now.max(at);
    }

    /// A parcel that this key sealed is applied. A municipality that only receives has no vertices: its settlements follow the
    /// time of the parcels that they settle. This counts for the lane back alone, so that a source whose whole committee
    /// lies hurts no lane but its own.
    pub fn parcel_applied(&mut self, source: ChainId, key_number: u64) {
        let heard = self.heard.entry(source).or_default();
        *heard = key_number.max(*heard);
    }

    /// The key of the parcels that leave with the block under construction: the same at every replica, as it follows from
    /// what the chain has applied.
    pub fn to(&mut self, genesis: &Genesis, destination: ChainId) -> Option<&Made> {
        let own = interval_of(self.chain, destination, self.now);
        let interval = own.max(self.heard.get(&destination).copied().unwrap_or_default());
        let used = self.used.entry(destination).or_insert(Used { interval, key: 0 });
        if interval > used.interval {
            *used = Used { interval, key: used.next() };
        }
        let number = used.key;
        if !self.has_made(destination, number) {
            self.make_one(genesis, destination, number)?;
        }
        self.made.get(&destination)?.iter().rev().find(|made| made.number == number)
    }

    fn has_made(&self, destination: ChainId, number: u64) -> bool {
        self.made.get(&destination).is_some_and(|made| made.iter().any(|made| made.number == number))
    }

    fn make_one(&mut self, genesis: &Genesis, destination: ChainId, number: u64) -> Option<&mut Made> {
        let made = self.make(genesis, destination, number)?;
        let kept = self.made.entry(destination).or_default();
        kept.push_back(made);
        if kept.len() > KEPT_MOST {
            kept.pop_front();
        }
        kept.back_mut()
    }

    /// Makes the next keys of the lanes that were used since the last time: destination, number and ciphertext.
    pub fn make_ahead(&mut self, genesis: &Genesis) -> Vec<(ChainId, u64, LaneCiphertext)> {
        let next = |(destination, used): (&ChainId, &Used)| (*destination, used.next());
        let next: Vec<(ChainId, u64)> = self.used.iter().map(next).collect();
        let mut ahead = Vec::new();
        for (destination, number) in next {
            if self.has_made(destination, number) {
                continue;
            }
            if let Some(made) = self.make_one(genesis, destination, number) {
                made.told = true;
                ahead.push((destination, number, made.ciphertext.clone()));
            }
        }
        ahead
    }

    fn make(&self, genesis: &Genesis, destination: ChainId, number: u64) -> Option<Made> {
        let id = LaneKeyId { source: self.chain, destination, number };
        let (ciphertext, key) = self.secrets.encapsulate(self.kem, genesis.lane_key(destination)?, &id)?;
        Some(Made { number, name: ciphertext.name(&id), key, ciphertext, told: false })
    }

    /// The ciphertext that goes with a parcel's shards: with those asked for, and with the first of a key that was not told
    /// ahead.
    pub fn ciphertext(&mut self, genesis: &Genesis, entry: &LaneEntry, asked: bool) -> Option<LaneCiphertext> {
        let made = self.made.get_mut(&entry.destination)?.iter_mut().find(|made| made.number == entry.key_number);
        match made {
            Some(made) if made.told && !asked => None,
            Some(made) => {
                made.told |= !asked;
                Some(made.ciphertext.clone())
            }
            None => self.make(genesis, entry.destination, entry.key_number).map(|made| made.ciphertext),
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
        let id = LaneKeyId { source, destination: self.chain, number: entry.key_number };
        if ciphertext.name(&id) != entry.key {
            return Err("sent a lane's ciphertext that the block does not name");
        }
        if self.from(source, &entry.key).is_some() {
            return Ok(false);
        }
        let key = self.decapsulate(ciphertext, &entry.key).ok_or("sent a lane's ciphertext of the wrong length")?;
        let kept = self.learned.entry(source).or_default();
        kept.push_back((entry.key, key));
        if kept.len() > KEPT_MOST {
            kept.pop_front();
        }
        Ok(true)
    }

    fn decapsulate(&mut self, ciphertext: &LaneCiphertext, name: &Hash) -> Option<LaneKey> {
        if self.owner.is_none() {
            self.owner = self.secrets.owner(self.kem);
        }
        self.owner.as_ref()?.decapsulate(ciphertext, name)
    }

    /// A source's replica brings the ciphertext of a key before any block names it: the key's name, if it is taken.
    pub fn learn_ahead(
        &mut self,
        now: Micros,
        bringer: (ChainId, NodeId),
        number: u64,
        ciphertext: &LaneCiphertext,
    ) -> Option<Hash> {
        let name = ciphertext.name(&LaneKeyId { source: bringer.0, destination: self.chain, number });
        let key = match self.from(bringer.0, &name).cloned() {
            Some(known) => known,
            None if self.ahead.may_bring(now, bringer) => self.decapsulate(ciphertext, &name)?,
            None => return None,
        };
        self.ahead.keep(bringer, name, key);
        Some(name)
    }

    /// The key whose ciphertext has this name, if it has come.
    pub fn from(&self, source: ChainId, name: &Hash) -> Option<&LaneKey> {
        let learned = self.learned.get(&source).into_iter().flatten();
        let learned = learned.rev().find(|(known, _)| known == name).map(|(_, key)| key);
        learned.or_else(|| self.ahead.find(source, name))
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
