//! Which key seals a parcel that leaves, and which opens one that comes: made or learned once per lane and interval.
use crate::block::LaneEntry;
use crate::lane::{LaneCiphertext, LaneInterval, LaneKey, LaneOwner, LaneSecrets, LENGTH_US};
use crate::Genesis;
use globelet_types::world::LaneKem;
use globelet_types::{ChainId, Hash, Micros};
use std::collections::{BTreeMap, VecDeque};

/// Keys kept per lane. Of what is older, the source makes them again and the destination is sent the ciphertext again.
const KEPT_MOST: usize = 16;

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
    /// The interval of the newest vertex that was applied.
    now: u64,
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
        self.now = self.now.max(at / LENGTH_US);
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
        let interval = self.now.max(self.heard.get(&destination).copied().unwrap_or_default());
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
