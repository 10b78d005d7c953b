//! R1 to R4: parcels arrive as shards, are proved, rebuilt, and proposed for the next round.
use super::{Municipal, Out};
use crate::block::{Parcel, ParcelRef};
use crate::message::{Message, ParcelShard};
use crate::Publication;
use globelet_clock::Stamp;
use globelet_types::{decode, ChainId, Hash, Micros, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// Parcels of one lane that may be here and not yet applied, or asked for at once.
const AHEAD_MOST: u64 = 16_384;
/// Numbers asked for in one repair request.
const ASK_MOST: usize = 64;

/// Shards of a parcel that cannot be rebuilt yet.
#[derive(Default)]
struct Gathering {
    shards: BTreeMap<u32, Vec<u8>>,
    certified: Stamp,
    repaired: bool,
}

/// A rebuilt parcel that waits for its round.
pub(crate) struct Arrived {
    parcel: Parcel,
    digest: Hash,
    delivered: Stamp,
    /// When the source had the certificate.
    pub certified: Stamp,
    proposed_us: Option<Micros>,
    arrived_us: Micros,
}

/// The parcels on their way into this municipality.
#[derive(Default)]
pub(crate) struct Inbox {
    gathering: BTreeMap<(ChainId, u64), Gathering>,
    arrived: BTreeMap<(ChainId, u64), Arrived>,
    proposals: BTreeSet<(ChainId, u64)>,
    /// Newest number known per source.
    heads: BTreeMap<ChainId, u64>,
    wanted: BTreeSet<(ChainId, u64)>,
    /// Headers whose certificates were checked: chain and height to hash.
    verified: BTreeMap<(ChainId, u64), Hash>,
    asked: u64,
    pub repairs: u64,
}

impl Inbox {
    pub fn has_proposals(&self) -> bool {
        !self.proposals.is_empty()
    }

    /// What this replica's next vertex should bring in.
    pub fn take_proposals(&mut self) -> Vec<ParcelRef> {
        let proposals = std::mem::take(&mut self.proposals);
        let reference = |key: (ChainId, u64)| {
            let arrived = self.arrived.get(&key)?;
            let Arrived { digest, certified, delivered, .. } = *arrived;
            Some(ParcelRef { source: key.0, number: key.1, digest, certified, delivered })
        };
        proposals.into_iter().filter_map(reference).collect()
    }

    pub fn want(&mut self, source: ChainId, number: u64) {
        self.wanted.insert((source, number));
    }
}

impl Municipal {
    /// True if the parcel is here, verified, or was applied already.
    pub(super) fn parcel_known(&self, p: &ParcelRef) -> bool {
        let seen = self.ledger.lanes_in.get(&p.source).is_some_and(|l| l.seen(p.number));
        seen || self.inbox.arrived.get(&(p.source, p.number)).is_some_and(|a| a.digest == p.digest)
    }

    /// R1: a shard of a parcel. Nothing is believed that the source's certificate does not prove.
    pub(super) fn parcel_shard(&mut self, now: Micros, from: NodeId, shard: ParcelShard, out: &mut Out) {
        let source = shard.header.chain;
        let Some(committee) = self.frame.committees.get(source.index()) else { return };
        let Some(member) = committee.member(from) else { return };
        let Some(lane) = shard.header.lanes.get(usize::from(shard.lane)).copied() else { return };
        let key = (source, lane.number);
        let cursor = self.ledger.lanes_in.get(&source).map_or(0, |l| l.cursor);
        let seen = self.ledger.lanes_in.get(&source).is_some_and(|l| l.seen(lane.number));
        if lane.destination != self.frame.chain || source == self.frame.chain || lane.number > cursor + AHEAD_MOST {
            return;
        }
        if seen || self.inbox.arrived.contains_key(&key) {
            return;
        }
        if !self.header_certified(&shard) {
            out.misbehaviour(member, "sent a parcel without a quorum's certificate");
            return;
        }
        if !shard.proof.verify(&lane.shards, &shard.bytes) || self.clock.receive(now, shard.certified).is_err() {
            out.misbehaviour(member, "sent a shard that its root does not commit to, or a stamp beyond the bound");
            return;
        }
        let head = self.inbox.heads.entry(source).or_default();
        *head = lane.number.max(*head);
        let gathering = self.inbox.gathering.entry(key).or_default();
        gathering.shards.insert(shard.proof.index, shard.bytes);
        gathering.certified = gathering.certified.max(shard.certified);
        gathering.repaired |= shard.repair;
        out.persist();
        self.rebuild(now, key, lane.digest, out);
    }

    fn header_certified(&mut self, shard: &ParcelShard) -> bool {
        let header = &shard.header;
        let key = (header.chain, header.height);
        let hash = header.hash();
        if self.inbox.verified.get(&key) == Some(&hash) {
            return true;
        }
        let holds = self.frame.committees[header.chain.index()].certified(header, &shard.certificate);
        if holds {
            self.inbox.verified.insert(key, hash);
            super::super::committee::keep_newest(&mut self.inbox.verified, 8192);
        }
        holds
    }

    /// R4: enough shards make the parcel; it must be what the certificate says.
    fn rebuild(&mut self, now: Micros, key: (ChainId, u64), digest: Hash, out: &mut Out) {
        let Some(gathering) = self.inbox.gathering.get(&key) else { return };
        let needed = usize::from(self.frame.parameters().parcel_shards_needed);
        if gathering.shards.len() < needed {
            return;
        }
        let shards: Vec<(usize, &[u8])> = gathering.shards.iter().map(|(i, s)| (*i as usize, s.as_slice())).collect();
        let parcel = self.frame.parcel_codec(key.0).and_then(|codec| {
            let sealed = codec.decode(&shards).ok()?;
            let plain = super::commit::open_parcel(self.frame.lane_keys.get(&key.0)?, key.0, key.1, &sealed)?;
            decode::<Parcel>(&plain).ok().filter(|p| p.digest() == digest)
        });
        let Some(gathering) = self.inbox.gathering.remove(&key) else { return };
        let Some(parcel) = parcel else { return };
        if gathering.repaired {
            self.inbox.repairs += 1;
            out.publish(Publication::ParcelRepaired { source: key.0, number: key.1 });
        }
        let (delivered, certified) = (self.clock.now(now), gathering.certified);
        let arrived = Arrived { parcel, digest, delivered, certified, proposed_us: None, arrived_us: now };
        self.inbox.arrived.insert(key, arrived);
        self.inbox.wanted.remove(&key);
        let turn = (u64::from(key.0 .0) + key.1) % u64::from(self.frame.committee().size());
        if turn == u64::from(self.frame.me) {
            self.propose(now, key);
        }
        self.retry_deferred(now, out);
        self.arm_seal(out);
        self.advance(now, out);
    }

    fn propose(&mut self, now: Micros, key: (ChainId, u64)) {
        if let Some(arrived) = self.inbox.arrived.get_mut(&key) {
            arrived.proposed_us = Some(now);
            self.inbox.proposals.insert(key);
        }
    }

    /// R5: a parcel enters the block: credited once, its settlements taken. False if it was applied before.
    pub(super) fn receive_parcel(&mut self, reference: &ParcelRef, out: &mut Out) -> bool {
        let key = (reference.source, reference.number);
        self.inbox.proposals.remove(&key);
        let Some(arrived) = self.inbox.arrived.remove(&key) else { return false };
        for settled in self.ledger.receive(&arrived.parcel, reference.certified, reference.delivered) {
            self.book.settled(&settled, arrived.certified, out);
        }
        true
    }

    pub(super) fn lane_head(&mut self, from: NodeId, source: ChainId, number: u64, out: &mut Out) {
        let Some(committee) = self.frame.committees.get(source.index()) else { return };
        if committee.member(from).is_none() {
            return;
        }
        let cursor = self.ledger.lanes_in.get(&source).map_or(0, |l| l.cursor);
        let head = self.inbox.heads.entry(source).or_default();
        *head = (*head).max(number.min(cursor + AHEAD_MOST));
        // All of it was applied: then what is missing there is the settlement, on the lane back.
        let back = self.ledger.lanes_out.get(&source).map_or(0, |l| l.newest);
        if number <= cursor && back > 0 {
            out.send(vec![from], Message::LaneHead { source: self.frame.chain, number: back });
        }
    }

    /// R3 at the source: our shard of each parcel asked for.
    pub(super) fn repair_request(&mut self, from: NodeId, destination: ChainId, numbers: &[u64], out: &mut Out) {
        let known = self.frame.committees.get(destination.index()).is_some_and(|c| c.member(from).is_some());
        if !known {
            return;
        }
        for number in numbers.iter().take(ASK_MOST) {
            let Some(&height) = self.chain.lane_heights.get(&(destination, *number)) else { continue };
            let Some(record) = self.chain.blocks.get(&height) else { continue };
            let lane = record.header.lanes.iter().position(|l| l.destination == destination);
            if let Some(lane) = lane {
                self.send_parcel(height, lane as u16, Some(from), out);
            }
        }
    }

    /// The numbers between the cursor and the newest known that are not here.
    fn gaps(&self, source: ChainId, head: u64) -> Vec<u64> {
        let lane = self.ledger.lanes_in.get(&source);
        let cursor = lane.map_or(0, |l| l.cursor);
        let here = |n: &u64| lane.is_some_and(|l| l.seen(*n)) || self.inbox.arrived.contains_key(&(source, *n));
        (cursor + 1..=head).filter(|n| !here(n)).take(ASK_MOST).collect()
    }

    pub(super) fn inbox_outstanding(&self) -> bool {
        let lags = |(source, head): (&ChainId, &u64)| self.ledger.lanes_in.get(source).map_or(0, |l| l.cursor) < *head;
        self.inbox.heads.iter().any(lags) || !self.inbox.wanted.is_empty()
    }

    /// R2 and R3: asks several source replicas at once for what is missing, others each time; proposes what nobody did.
    pub(super) fn repair_inbox(&mut self, now: Micros, out: &mut Out) {
        self.inbox.asked += 1;
        let patience = self.frame.parameters().repair_us;
        let sources: Vec<(ChainId, u64)> = self.inbox.heads.iter().map(|(c, h)| (*c, *h)).collect();
        for (source, head) in sources {
            let numbers = self.gaps(source, head);
            if !numbers.is_empty() {
                let ask = self.frame.parameters().parcel_shards_needed + 1;
                let to = self.frame.committees[source.index()].some(self.inbox.asked + u64::from(self.frame.me), ask);
                out.send(to, Message::RepairRequest { destination: self.frame.chain, numbers });
            }
        }
        let stale: Vec<_> = self
            .inbox
            .arrived
            .iter()
            .filter(|(_, a)| a.proposed_us.unwrap_or(a.arrived_us) + patience <= now)
            .map(|(k, _)| *k)
            .collect();
        for key in stale {
            self.propose(now, key);
        }
        self.arm_seal(out);
    }
}
