//! S5, second half: apply what a round decided, vote, certify, and send the parcels on their way (S4).
use super::{Municipal, Out};
use crate::block::{digest, vote_bytes, AppliedOrder, BlockHeader, Certificate, LaneEntry, Parcel, ParcelRef, Seen};
use crate::message::{Message, ParcelShard};
use crate::state::ledger::Closed;
use crate::Publication;
use globelet_clock::Stamp;
use globelet_erasure::merkle::{MerkleProof, Tree};
use globelet_signatures::verify_batch;
use globelet_types::{encode, ChainId, Hash, Micros, Order, OrderId, Refusal, Signature, SignedOrder};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Blocks kept at least for repairs and receipts.
const BLOCKS_MOST: usize = 8192;
/// Heights ahead of the certified one whose votes are kept.
const VOTES_AHEAD: u64 = 2048;

/// A block as this replica keeps it.
pub(crate) struct BlockRecord {
    pub header: BlockHeader,
    pub hash: Hash,
    /// What leaves on each of the header's lanes.
    departures: Vec<Departure>,
    pub certificate: Option<(Certificate, Stamp)>,
    pub items: u32,
    pub acknowledged: bool,
}

/// Our part of one lane's parcel.
struct Departure {
    /// Our shard of it, sealed.
    bytes: Vec<u8>,
    proof: MerkleProof,
    /// What we saw of the parcels it settles.
    seen: Vec<Seen>,
}

/// The chain as this replica has applied and certified it.
#[derive(Default)]
pub(crate) struct Chain {
    pub height: u64,
    pub head: Hash,
    pub certified: u64,
    state: Hash,
    pub blocks: BTreeMap<u64, BlockRecord>,
    votes: BTreeMap<u64, BTreeMap<u16, (Hash, Signature)>>,
    pub own_votes: BTreeMap<u64, (Hash, Signature)>,
    /// Lane and number to the height that sent it.
    pub lane_heights: BTreeMap<(ChainId, u64), u64>,
    /// Heights below this one are acknowledged by the continent.
    pub acknowledged: u64,
}

impl Chain {
    /// True if somebody voted for blocks above the certified one.
    pub fn hears_of_later(&self) -> bool {
        !self.votes.is_empty()
    }
}

impl Municipal {
    /// Applies what a round took in, parcels first and then vertices in the order of their proposers, and votes for the block.
    pub(super) fn apply(
        &mut self,
        now: Micros,
        round: u64,
        (entries, parcels): (&[(u16, u64)], &[ParcelRef]),
        mut opened: BTreeMap<u16, Vec<SignedOrder>>,
        out: &mut Out,
    ) {
        // Steps of our orders that this block settles are told only once the disk has what they rest on.
        out.persist();
        let height = self.chain.height + 1;
        let mut applied = Vec::new();
        let mut vertices = Vec::new();
        let received: Vec<ParcelRef> = parcels.iter().filter(|p| self.receive_parcel(p, out)).copied().collect();
        for &(proposer, sequence) in entries {
            let Some(vertex) = self.vertices.get(proposer, sequence).cloned() else { continue };
            vertices.push(vertex.header.hash());
            self.lane_keys.vertex_applied(vertex.header.at.micros);
            self.epochs.vertex_applied(proposer, vertex.header.at.micros);
            let orders = opened.remove(&proposer).unwrap_or_default();
            self.apply_orders(proposer, sequence, vertex.header.at, orders, &mut applied);
            self.vertices.forget(proposer, sequence.saturating_sub(super::rounds::HISTORY_MOST as u64));
        }
        let items = (received.len() + applied.len()) as u32;
        let tree = Tree::from_leaves(&applied.iter().map(encode).collect::<Vec<_>>());
        let Closed { parcels, touched, homes } = self.ledger.close();
        let (lanes, departures) = self.depart(height, &parcels);
        self.book.applied(height, &applied, &tree, &lanes);
        self.index.close(height, &lanes);
        self.chain.state = digest("globelet state 2", &(self.chain.state, touched, homes));
        let header = BlockHeader {
            chain: self.frame.chain,
            height,
            parent: self.chain.head,
            round,
            parcels: received,
            vertices,
            orders: tree.root(),
            lanes,
            balances: self.ledger.books().balances(),
            state: self.chain.state,
        };
        self.record(now, header, departures, items, out);
        self.epoch_applied(now, height, out);
    }

    fn apply_orders(
        &mut self,
        proposer: u16,
        sequence: u64,
        at: Stamp,
        orders: Vec<SignedOrder>,
        applied: &mut Vec<AppliedOrder>,
    ) {
        let bytes: Vec<Vec<u8>> = orders.iter().map(|o| o.order.signing_bytes()).collect();
        let signers: Vec<_> = orders.iter().map(|o| o.order.signer().0).collect();
        let items: Vec<_> =
            (0..orders.len()).map(|i| (&signers[i], bytes[i].as_slice(), &orders[i].signature)).collect();
        // The ingress verified these when it admitted them.
        let verified = if proposer == self.frame.me { vec![true; orders.len()] } else { verify_batch(&items) };
        for ((signed, bytes), holds) in orders.iter().zip(&bytes).zip(verified) {
            let id = OrderId(*blake3::hash(bytes).as_bytes());
            let refusal = self.apply_order(id, signed, holds, at.micros).err();
            if proposer == self.frame.me {
                self.ingress.release(&signed.order);
                self.book.outcome(sequence, id, refusal.clone());
            }
            self.index.applied(id, &signed.order, refusal.as_ref());
            applied.push(AppliedOrder { id, refusal });
        }
    }

    fn apply_order(&mut self, id: OrderId, signed: &SignedOrder, holds: bool, at: Micros) -> Result<(), Refusal> {
        let order = &signed.order;
        if order.world() != self.frame.tag {
            return Err(Refusal::WrongWorld { found: order.world(), expected: self.frame.tag });
        }
        if order.municipality() != self.frame.chain {
            return Err(Refusal::WrongMunicipality { owner: order.municipality().0 });
        }
        if !holds {
            return Err(Refusal::BadSignature);
        }
        if let Some(found) = order.leaves_for().filter(|chain| !self.frame.is_municipality(*chain)) {
            return Err(Refusal::UnknownMunicipality { found: found.0 });
        }
        let Order::Vote(vote) = order else { return self.ledger.apply(id, order, at) };
        self.vote_refusal(vote).map_or(Ok(()), Err)?;
        self.ledger.apply(id, order, at)?;
        self.count_vote(vote);
        Ok(())
    }

    /// Seals and cuts what leaves with this block.
    fn depart(&mut self, height: u64, parcels: &[Arc<Parcel>]) -> (Vec<LaneEntry>, Vec<Departure>) {
        let mut entries = Vec::new();
        let mut departures = Vec::new();
        let mut settling = std::mem::take(&mut self.inbox.settling);
        let Some(codec) = self.frame.parcel_codec(self.frame.chain) else { return (entries, departures) };
        for parcel in parcels {
            let Some(made) = self.lane_keys.to(&self.frame.genesis, parcel.destination) else { continue };
            let mut cut = codec.encode(&made.key.seal(parcel.source, parcel.number, &encode(&parcel)));
            let commitment = globelet_erasure::commit(&cut);
            entries.push(LaneEntry {
                destination: parcel.destination,
                number: parcel.number,
                digest: parcel.digest(),
                shards: commitment.root,
                // All of it was in the municipality's balances, which fit.
                amount: u64::try_from(parcel.amount()).unwrap_or(u64::MAX),
                key_number: made.number,
                key: made.name,
            });
            let me = usize::from(self.frame.me);
            let seen = settling.remove(&parcel.destination).unwrap_or_default();
            departures.push(Departure { bytes: std::mem::take(&mut cut[me]), proof: commitment.proof(me), seen });
            self.chain.lane_heights.insert((parcel.destination, parcel.number), height);
        }
        (entries, departures)
    }

    fn record(&mut self, now: Micros, header: BlockHeader, departures: Vec<Departure>, items: u32, out: &mut Out) {
        let (height, hash) = (header.height, header.hash());
        let vote = vote_bytes(header.chain, height, &hash);
        let votes = self.frame.committee().term_at(height).seat(self.frame.me).is_some();
        self.expect_post_quantum(now, height, &vote, votes);
        self.chain.height = height;
        self.chain.head = hash;
        let record = BlockRecord { header, hash, departures, certificate: None, items, acknowledged: false };
        self.chain.blocks.insert(height, record);
        if votes {
            let signature = self.frame.key.sign(&vote);
            self.chain.own_votes.insert(height, (hash, signature));
            super::super::committee::keep_newest(&mut self.chain.own_votes, BLOCKS_MOST);
            self.chain.votes.entry(height).or_default().insert(self.frame.me, (hash, signature));
            out.persist();
            out.send(self.frame.others(), Message::Vote { height, block: hash, signature });
        }
        self.certify(now, out);
    }

    pub(super) fn vote(
        &mut self,
        now: Micros,
        from: u16,
        height: u64,
        block: Hash,
        signature: Signature,
        out: &mut Out,
    ) {
        let certified = self.chain.certified;
        if height > certified && height <= certified + VOTES_AHEAD {
            self.chain.votes.entry(height).or_default().insert(from, (block, signature));
            self.certify(now, out);
        } else if height <= certified {
            self.doubt_vote(now, (from, height), (block, signature), out);
        }
    }

    /// Certifies applied blocks, in order, as quorums of votes come together.
    fn certify(&mut self, now: Micros, out: &mut Out) {
        loop {
            let height = self.chain.certified + 1;
            let Some(record) = self.chain.blocks.get(&height) else { return };
            let Some(votes) = self.chain.votes.get_mut(&height) else { return };
            let committee = &self.frame.committees[self.frame.chain.index()];
            let term = committee.term_at(height);
            let fits = |(m, v): &(&u16, &(Hash, Signature))| v.0 == record.hash && term.seat(**m).is_some();
            let signatures: Vec<_> = votes.iter().filter(fits).map(|(m, v)| (*m, v.1)).collect();
            if signatures.len() < term.quorum() {
                return;
            }
            let certificate = Certificate { signatures };
            if !committee.certified(&record.header, &certificate) {
                let bytes = vote_bytes(record.header.chain, height, &record.hash);
                votes.retain(|m, v| committee.verify(*m, &bytes, &v.1));
                continue;
            }
            self.certified(now, height, certificate, out);
        }
    }

    fn certified(&mut self, now: Micros, height: u64, certificate: Certificate, out: &mut Out) {
        let at = self.clock.now(now);
        self.chain.certified = height;
        let votes = self.chain.votes.remove(&height).unwrap_or_default();
        let Some(record) = self.chain.blocks.get_mut(&height) else { return };
        record.certificate = Some((certificate.clone(), at));
        let (header, hash, items) = (record.header.clone(), record.hash, record.items);
        let term = self.frame.committee().term_at(height);
        if let Some(seat) = term.seat(self.frame.me) {
            let turn = (height + u64::from(seat)) % u64::from(term.size());
            let upward = turn <= u64::from(term.faults());
            // The voters' disks have what this certificate rests on: it leaves before ours has heard of it.
            for lane in 0..header.lanes.len() as u16 {
                self.send_parcel(height, lane, None, out);
            }
            if upward {
                self.send_header(height, out);
            }
        }
        if self.book.awaits(height) {
            // A stamp that a client was told must not change.
            out.persist();
        }
        out.publish(Publication::BlockCertified { chain: self.frame.chain, height, hash, items });
        self.book.committed(&header, &certificate, at, out);
        self.doubt_votes(now, height, &hash, votes, out);
        self.checkpoint_certified(now, height, out);
        self.prune();
    }

    /// Sends the block up to the continent's replicas.
    pub(super) fn send_header(&self, height: u64, out: &mut Out) {
        let Some(continent) = self.frame.continent else { return };
        let Some(record) = self.chain.blocks.get(&height) else { return };
        let Some((certificate, _)) = &record.certificate else { return };
        let to = self.frame.committees[continent.index()].replicas.clone();
        out.send(to, Message::Header { header: record.header.clone(), certificate: certificate.clone() });
    }

    /// Sends our shard of one lane's parcel, to all of the destination's replicas or to one that asked.
    pub(super) fn send_parcel(&mut self, height: u64, lane: u16, asked: Option<globelet_types::NodeId>, out: &mut Out) {
        let Some(record) = self.chain.blocks.get(&height) else { return };
        let Some((certificate, certified)) = &record.certificate else { return };
        let i = usize::from(lane);
        let (Some(entry), Some(departure)) = (record.header.lanes.get(i), record.departures.get(i)) else { return };
        let all = || self.frame.committees[entry.destination.index()].replicas.clone();
        let shard = ParcelShard {
            header: record.header.clone(),
            certificate: certificate.clone(),
            lane,
            bytes: departure.bytes.clone(),
            proof: departure.proof.clone(),
            certified: *certified,
            seen: departure.seen.clone(),
            repair: asked.is_some(),
            ciphertext: self.lane_keys.ciphertext(&self.frame.genesis, entry, asked.is_some()),
        };
        out.send(asked.map_or_else(all, |node| vec![node]), Message::Parcel(shard));
    }

    /// Forgets old blocks, but none whose parcels are not settled.
    fn prune(&mut self) {
        let unsettled = self.ledger.unsettled().filter_map(|lane| self.chain.lane_heights.get(&lane)).min().copied();
        while self.chain.blocks.len() > BLOCKS_MOST {
            let Some((&height, record)) = self.chain.blocks.first_key_value() else { return };
            if unsettled.is_some_and(|oldest| oldest <= height) || !record.acknowledged {
                return;
            }
            for lane in &record.header.lanes {
                self.chain.lane_heights.remove(&(lane.destination, lane.number));
            }
            self.chain.blocks.remove(&height);
        }
    }
}
