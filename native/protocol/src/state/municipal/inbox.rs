//! R1 and R4: parcels arrive as shards, are proved and rebuilt, and wait for the round that takes them in.
use super::rounds::LANE_PLACES;
use super::{Municipal, Out};
use crate::block::{BlockHeader, Certificate, LaneEntry, Parcel, ParcelRef, Seen};
use crate::message::{Message, ParcelShard};
use crate::{Publication, Weighted};
use globelet_clock::Stamp;
use globelet_sharding::AHEAD_MOST;
use globelet_types::world::Route;
use globelet_types::{decode, ChainId, Hash, Micros, NodeId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Parcels kept after they were applied, for peers that an agreement made want them.
const COPIES_MOST: usize = 512;

/// Who sent a shard, and which of the two routes it took, where there are two.
pub(crate) type Origin = (NodeId, Option<Route>);

/// Shards of a parcel that cannot be rebuilt yet.
#[derive(Default)]
struct Gathering {
    shards: BTreeMap<u32, Vec<u8>>,
    certified: Stamp,
    /// Of the shard that came last.
    route: Option<Route>,
    seen: BTreeMap<u64, Seen>,
    repaired: bool,
    /// Enough shards are here and the ciphertext of the lane's key is not: what else the parcel takes.
    locked: Option<(BlockHeader, Certificate)>,
}

/// A rebuilt parcel that waits for its round, with what proves it.
pub(crate) struct Arrived {
    pub header: BlockHeader,
    pub certificate: Certificate,
    pub parcel: Parcel,
    pub digest: Hash,
    /// When it was rebuilt here.
    pub delivered: Stamp,
    /// When the source had the certificate.
    pub certified: Stamp,
    /// Which route its last shard took, where there are two.
    pub route: Option<Route>,
    /// What the source saw of our parcels that this one settles.
    pub seen: BTreeMap<u64, Seen>,
    /// By this replica's physical clock.
    pub arrived_us: Micros,
}

/// The parcels on their way into this municipality.
#[derive(Default)]
pub(crate) struct Inbox {
    gathering: BTreeMap<(ChainId, u64), Gathering>,
    pub arrived: BTreeMap<(ChainId, u64), Arrived>,
    /// Newest number known per source.
    pub heads: BTreeMap<ChainId, u64>,
    /// Parcels that a round took in and that are not here.
    pub wanted: BTreeSet<(ChainId, u64)>,
    /// What was applied lately, oldest first.
    pub copies: VecDeque<Arrived>,
    /// What we saw of the parcels that the block under construction settles.
    pub settling: BTreeMap<ChainId, Vec<Seen>>,
    /// Headers whose certificates were checked: chain and height to hash.
    verified: BTreeMap<(ChainId, u64), Hash>,
    pub asked: u64,
    /// Whom of a source a selection policy would have asked; a source without an entry has its replicas take turns.
    pub preferred: BTreeMap<ChainId, Vec<Weighted>>,
    pub repairs: u64,
    /// Shards from a committee that this replica has not heard of yet.
    pub unknown: Vec<(Origin, ParcelShard)>,
}

impl Municipal {
    /// A parcel that is here and not applied.
    pub(super) fn parcel_here(&self, source: ChainId, number: u64) -> Option<ParcelRef> {
        let digest = self.inbox.arrived.get(&(source, number))?.digest;
        Some(ParcelRef { source, number, digest })
    }

    /// Every parcel of this lane up to this number was applied.
    pub(super) fn cursor(&self, source: ChainId) -> u64 {
        self.ledger.cursor(source)
    }

    /// R1: a shard of a parcel. Nothing is believed that the source's certificate does not prove.
    pub(super) fn parcel_shard(&mut self, now: Micros, (from, route): Origin, shard: ParcelShard, out: &mut Out) {
        let source = shard.header.chain;
        let Some(committee) = self.frame.committees.get(source.index()) else { return };
        let Some(member) = committee.member(from) else { return };
        let Some(lane) = shard.header.lanes.get(usize::from(shard.lane)).copied() else { return };
        let key = (source, lane.number);
        if !self.lane_wanted(source, &lane) {
            return;
        }
        if self.may_be_newer((from, route), &shard, out) {
            return;
        }
        let unlocks = match self.check_shard(now, &lane, &shard) {
            Ok(unlocks) => unlocks,
            Err(what) => return out.misbehaviour(member, what),
        };
        let head = self.inbox.heads.entry(source).or_default();
        *head = lane.number.max(*head);
        let gathering = self.inbox.gathering.entry(key).or_default();
        gathering.shards.insert(shard.proof.index, shard.bytes);
        gathering.certified = gathering.certified.max(shard.certified);
        gathering.route = route;
        for seen in shard.seen {
            gathering.seen.entry(seen.number).or_insert(seen).join(&seen);
        }
        gathering.repaired |= shard.repair;
        self.rebuild(now, key, (shard.header, shard.certificate), &lane, out);
        if unlocks {
            self.unlock(now, source, &lane.key, out);
        }
    }

    /// Whether the shard is what its block says, and brings the key of its lane; else what its sender did.
    fn check_shard(&mut self, now: Micros, lane: &LaneEntry, shard: &ParcelShard) -> Result<bool, &'static str> {
        if !self.header_certified(&shard.header, &shard.certificate) {
            return Err("sent a parcel without a quorum's certificate");
        }
        if shard.seen.len() as u64 > LANE_PLACES {
            return Err("settled more parcels at once than a round takes in");
        }
        if !shard.proof.verify(&lane.shards, &shard.bytes) || self.clock.receive(now, shard.certified).is_err() {
            return Err("sent a shard that its root does not commit to, or a stamp beyond the bound");
        }
        let Some(ciphertext) = &shard.ciphertext else { return Ok(false) };
        self.lane_keys.learn(shard.header.chain, lane, ciphertext)
    }

    /// The key of this name has come: what waited for it is rebuilt.
    pub(super) fn unlock(&mut self, now: Micros, source: ChainId, name: &Hash, out: &mut Out) {
        let mut unlocked = Vec::new();
        for (key, gathering) in self.inbox.gathering.range_mut((source, 0)..=(source, u64::MAX)) {
            let Some((header, _)) = &gathering.locked else { continue };
            let ours = |l: &&LaneEntry| l.destination == self.frame.chain && l.number == key.1 && l.key == *name;
            let Some(entry) = header.lanes.iter().find(ours).copied() else { continue };
            unlocked.extend(gathering.locked.take().map(|proof| (*key, proof, entry)));
        }
        for (key, proof, entry) in unlocked {
            self.rebuild(now, key, proof, &entry, out);
        }
    }

    /// True if a parcel of this entry would be ours, new, and not too far ahead.
    pub(super) fn lane_wanted(&self, source: ChainId, lane: &LaneEntry) -> bool {
        lane.destination == self.frame.chain
            && source != self.frame.chain
            && lane.number <= self.cursor(source) + AHEAD_MOST
            && !self.ledger.seen(source, lane.number)
            && !self.inbox.arrived.contains_key(&(source, lane.number))
    }

    /// True if a quorum of the header's own committee signed it.
    pub(super) fn header_certified(&mut self, header: &BlockHeader, certificate: &Certificate) -> bool {
        let key = (header.chain, header.height);
        let hash = header.hash();
        if self.inbox.verified.get(&key) == Some(&hash) {
            return true;
        }
        let holds = self.frame.committees[header.chain.index()].certified(header, certificate);
        if holds {
            self.inbox.verified.insert(key, hash);
            super::super::committee::keep_newest(&mut self.inbox.verified, 8192);
        }
        holds
    }

    /// R4: enough shards make the parcel; it must be what the certificate says.
    fn rebuild(
        &mut self,
        now: Micros,
        key: (ChainId, u64),
        (header, certificate): (BlockHeader, Certificate),
        lane: &LaneEntry,
        out: &mut Out,
    ) {
        let needed = usize::from(self.frame.parameters().parcel_shards_needed);
        let Some(gathering) = self.inbox.gathering.get_mut(&key).filter(|g| g.shards.len() >= needed) else { return };
        let Some(lane_key) = self.lane_keys.from(key.0, &lane.key) else {
            // Its ciphertext was lost or overtaken. It comes yet, or a repair brings it.
            gathering.locked = Some((header, certificate));
            return;
        };
        let shards: Vec<(usize, &[u8])> = gathering.shards.iter().map(|(i, s)| (*i as usize, s.as_slice())).collect();
        let parcel = self.frame.parcel_codec(key.0).and_then(|codec| {
            let sealed = codec.decode(&shards).ok()?;
            let plain = lane_key.open(key.0, key.1, &sealed)?;
            decode::<Parcel>(&plain).ok().filter(|p| p.digest() == lane.digest)
        });
        let Some(gathering) = self.inbox.gathering.remove(&key) else { return };
        let Some(parcel) = parcel else { return };
        if gathering.repaired {
            self.inbox.repairs += 1;
            out.publish(Publication::ParcelRepaired { source: key.0, number: key.1 });
        }
        let Gathering { certified, route, seen, .. } = gathering;
        let (delivered, arrived_us, digest) = (self.clock.now(now), now, lane.digest);
        let arrived = Arrived { header, certificate, parcel, digest, delivered, certified, route, seen, arrived_us };
        self.arrive(now, key, arrived, out);
    }

    /// A proved parcel is here.
    pub(super) fn arrive(&mut self, now: Micros, key: (ChainId, u64), arrived: Arrived, out: &mut Out) {
        self.inbox.gathering.remove(&key);
        self.inbox.arrived.insert(key, arrived);
        self.inbox.wanted.remove(&key);
        self.start_round(now, out);
        self.advance(now, out);
    }

    /// R5: a parcel enters the block: credited once, its settlements taken. False if it was applied before.
    pub(super) fn receive_parcel(&mut self, reference: &ParcelRef, out: &mut Out) -> bool {
        let key = (reference.source, reference.number);
        let Some(arrived) = self.inbox.arrived.remove(&key) else { return false };
        let ours = |l: &&LaneEntry| l.destination == self.frame.chain && l.number == key.1;
        if let Some(entry) = arrived.header.lanes.iter().find(ours) {
            self.lane_keys.parcel_applied(key.0, entry.key_number);
        }
        let settled = self.ledger.receive(&arrived.parcel);
        if let Some(settlement) = self.ledger.settlement(&arrived.parcel) {
            self.index.came(&arrived.parcel, (arrived.certified, arrived.delivered), settlement);
        }
        for settled in settled {
            self.index.settled(&settled, arrived.seen.get(&settled.number), arrived.certified);
            self.book.settled(&settled, arrived.seen.get(&settled.number), arrived.certified, out);
        }
        if arrived.parcel.wants_settlement() {
            let Arrived { certified, delivered, route, .. } = arrived;
            let seen = Seen { number: key.1, certified, delivered, route };
            self.inbox.settling.entry(key.0).or_default().push(seen);
        }
        self.inbox.copies.push_back(arrived);
        while self.inbox.copies.len() > COPIES_MOST {
            self.inbox.copies.pop_front();
        }
        true
    }

    pub(super) fn lane_head(&mut self, from: NodeId, source: ChainId, number: u64, out: &mut Out) {
        let Some(committee) = self.frame.committees.get(source.index()) else { return };
        if committee.member(from).is_none() {
            return;
        }
        let cursor = self.cursor(source);
        let head = self.inbox.heads.entry(source).or_default();
        *head = (*head).max(number.min(cursor + AHEAD_MOST));
        // All of it was applied: then what is missing there is the settlement, on the lane back.
        let back = self.ledger.newest(source);
        if number <= cursor && back > 0 {
            out.send(vec![from], Message::LaneHead { source: self.frame.chain, number: back });
        }
    }
}
