//! Receipts of the orders admitted at this ingress, as they climb the ladder.
use super::{Municipal, Out};
use crate::block::{AppliedOrder, BlockHeader, Certificate, HeldVertex, LaneEntry, Seen};
use crate::checkpoint::Checkpoint;
use crate::epoch::Succession;
use crate::interval::PostQuantum;
use crate::receipt::{Acknowledgement, Anchor, Receipt};
use crate::state::ledger::Settled;
use crate::Publication;
use globelet_clock::Stamp;
use globelet_erasure::merkle::{MerkleProof, Tree};
use globelet_signatures::SigningKey;
use globelet_types::{encode, ChainId, Micros, NodeId, OrderId, Refusal, SignedOrder, Stage};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Finished receipts kept for late questions; the stores have them all.
const FINISHED_MOST: usize = 1_024;

/// The receipts of one ingress.
pub(crate) struct Book {
    issuer: u16,
    key: SigningKey,
    receipts: BTreeMap<OrderId, Receipt>,
    by_sequence: BTreeMap<u64, Vec<OrderId>>,
    by_height: BTreeMap<u64, Vec<OrderId>>,
    by_lane: BTreeMap<(ChainId, u64), Vec<OrderId>>,
    /// Orders acknowledged at a continental height and not yet anchored.
    by_continental: BTreeMap<u64, Vec<OrderId>>,
    outcomes: BTreeMap<OrderId, Option<Refusal>>,
    /// The handovers of our committee that are complete.
    pub handovers: Vec<Succession>,
    finished: VecDeque<OrderId>,
}

impl Book {
    /// An empty book that issues receipts as this member, with this key.
    pub fn new(issuer: u16, key: SigningKey) -> Book {
        Book {
            issuer,
            key,
            receipts: BTreeMap::new(),
            by_sequence: BTreeMap::new(),
            by_height: BTreeMap::new(),
            by_lane: BTreeMap::new(),
            by_continental: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            handovers: Vec::new(),
            finished: VecDeque::new(),
        }
    }

    /// The receipt as far as it has come, signed.
    pub fn receipt(&self, order: &OrderId) -> Option<Receipt> {
        let mut receipt = self.receipts.get(order)?.clone();
        if let Some((block, _)) = &receipt.block {
            receipt.handovers = self.handovers.iter().filter(|s| s.since <= block.height).cloned().collect();
        }
        receipt.signature = self.key.sign(&receipt.signing_bytes());
        Some(receipt)
    }

    fn climb(&mut self, id: &OrderId, stage: Stage, at: Stamp, refusal: Option<Refusal>, out: &mut Out) {
        let Some(receipt) = self.receipts.get_mut(id) else { return };
        if receipt.reached(stage).is_some() {
            return;
        }
        // Peers may have found the vertex held, or had the certificate, and gone on before this ingress knew of it.
        let late = matches!(stage, Stage::Held | Stage::Committed);
        let later = receipt.stages.iter().filter(|(reached, _)| late && *reached > stage).map(|(_, at)| *at);
        let at = later.fold(at, Stamp::min);
        receipt.stages.push((stage, at));
        if refusal.is_some() {
            receipt.refusal.clone_from(&refusal);
        }
        out.publish(Publication::StageReached { order: *id, stage, at, refusal });
        self.finish(id, out);
    }

    /// A receipt is complete once its end is known and, unless nothing moved, its root is anchored.
    fn finish(&mut self, id: &OrderId, out: &mut Out) {
        if self.receipts.get(id).is_some_and(Receipt::is_complete) {
            self.complete(id, out);
            self.finished.push_back(*id);
            while self.finished.len() > FINISHED_MOST {
                if let Some(old) = self.finished.pop_front() {
                    self.receipts.remove(&old);
                }
            }
        }
    }

    fn complete(&self, id: &OrderId, out: &mut Out) {
        if let Some(signed) = self.receipt(id) {
            out.publish(Publication::ReceiptCompleted(Box::new(signed)));
        }
    }

    pub fn admitted(&mut self, id: OrderId, order: SignedOrder, at: Stamp, out: &mut Out) {
        let receipt = Receipt::begin(id, order, self.issuer);
        self.receipts.insert(id, receipt);
        self.climb(&id, Stage::Admitted, at, None, out);
    }

    pub fn sealed(&mut self, sequence: u64, ids: Vec<OrderId>) {
        if !ids.is_empty() {
            self.by_sequence.insert(sequence, ids);
        }
    }

    pub fn held(&mut self, sequence: u64, vertex: &HeldVertex, at: Stamp, out: &mut Out) {
        for id in self.by_sequence.get(&sequence).cloned().unwrap_or_default() {
            let Some(receipt) = self.receipts.get_mut(&id) else { continue };
            receipt.vertex = Some(vertex.clone());
            self.climb(&id, Stage::Held, at, None, out);
        }
    }

    /// An order of ours was applied or refused, in the block under construction.
    pub fn outcome(&mut self, sequence: u64, id: OrderId, refusal: Option<Refusal>) {
        if self.by_sequence.get(&sequence).is_some_and(|ids| ids.contains(&id)) {
            self.outcomes.insert(id, refusal);
        }
    }

    /// The block is built: notes for each order of ours its place in the block and in its lane.
    pub fn applied(&mut self, height: u64, applied: &[AppliedOrder], tree: &Tree, lanes: &[LaneEntry]) {
        let outcomes = std::mem::take(&mut self.outcomes);
        for (index, order) in applied.iter().enumerate() {
            if !outcomes.contains_key(&order.id) {
                continue;
            }
            let Some(receipt) = self.receipts.get_mut(&order.id) else { continue };
            receipt.applied = Some((order.clone(), tree.proof(index)));
            self.by_height.entry(height).or_default().push(order.id);
            let leaves_for = receipt.order.order.leaves_for().filter(|_| order.refusal.is_none());
            if let Some(lane) = leaves_for.and_then(|there| lanes.iter().find(|l| l.destination == there)) {
                receipt.lane = Some(lane.number);
                self.by_lane.entry((lane.destination, lane.number)).or_default().push(order.id);
            }
        }
    }

    pub fn committed(&mut self, header: &BlockHeader, certificate: &Certificate, at: Stamp, out: &mut Out) {
        for id in self.by_height.get(&header.height).cloned().unwrap_or_default() {
            let Some(receipt) = self.receipts.get_mut(&id) else { continue };
            receipt.block = Some((header.clone(), certificate.clone()));
            let refusal = receipt.applied.as_ref().and_then(|(a, _)| a.refusal.clone());
            let local = receipt.lane.is_none();
            if let Some(refusal) = refusal {
                self.climb(&id, Stage::Refused, at, Some(refusal), out);
                continue;
            }
            self.climb(&id, Stage::Committed, at, None, out);
            if local {
                self.climb(&id, Stage::Delivered, at, None, out);
                self.climb(&id, Stage::Credited, at, None, out);
            }
        }
    }

    /// The destination settled a parcel of ours; `credited` is when it had its certificate there, `seen` what it
    /// said of the parcel.
    pub fn settled(&mut self, settled: &Settled, seen: Option<&Seen>, credited: Stamp, out: &mut Out) {
        let delivered = seen.map_or(credited, |s| s.delivered.min(credited));
        for id in self.by_lane.remove(&(settled.destination, settled.number)).unwrap_or_default() {
            self.committed_by(&id, seen.map_or(delivered, |s| s.certified.min(delivered)));
            if let Some(receipt) = self.receipts.get_mut(&id) {
                receipt.route = seen.and_then(|s| s.route);
            }
            self.climb(&id, Stage::Delivered, delivered, None, out);
            match settled.refused.get(&id) {
                Some(refusal) => self.climb(&id, Stage::Refunded, credited, Some(refusal.clone()), out),
                None => self.climb(&id, Stage::Credited, credited, None, out),
            }
        }
    }

    /// Another replica had the certificate before this one knew of it, and so knew the vertex to be held.
    fn committed_by(&mut self, id: &OrderId, certified: Stamp) {
        let Some(receipt) = self.receipts.get_mut(id) else { return };
        for (stage, at) in &mut receipt.stages {
            if matches!(stage, Stage::Held | Stage::Committed) {
                *at = certified.min(*at);
            }
        }
    }

    /// True if orders of ours are in the block at this height.
    pub fn awaits(&self, height: u64) -> bool {
        self.by_height.contains_key(&height)
    }

    /// Our orders in the block at this height, until it is acknowledged.
    pub fn orders_at(&self, height: u64) -> Vec<OrderId> {
        self.by_height.get(&height).cloned().unwrap_or_default()
    }

    /// A quorum signed the block of these orders post-quantum: who has the receipt already gets it anew.
    pub fn post_quantum(&mut self, orders: &[OrderId], proof: &PostQuantum, out: &mut Out) {
        for id in orders {
            let Some(receipt) = self.receipts.get_mut(id) else { continue };
            receipt.post_quantum = Some(proof.clone());
            if receipt.is_complete() {
                self.complete(id, out);
            }
        }
    }

    /// A checkpoint covers the block of these orders, by this path.
    pub fn checkpoint(&mut self, orders: &[OrderId], checkpoint: &Arc<Checkpoint>, path: &MerkleProof, out: &mut Out) {
        for id in orders {
            let Some(receipt) = self.receipts.get_mut(id) else { continue };
            receipt.checkpoint = Some((checkpoint.clone(), path.clone()));
            if receipt.is_complete() {
                self.complete(id, out);
            }
        }
    }

    /// The oldest municipal height whose orders are acknowledged and not anchored.
    pub fn unanchored(&self) -> Option<u64> {
        let ids = self.by_continental.values().next()?;
        let receipt = self.receipts.get(ids.first()?)?;
        receipt.block.as_ref().map(|(header, _)| header.height)
    }

    fn acknowledged(&mut self, a: &Acknowledgement, at: Stamp, out: &mut Out) {
        for block in &a.blocks {
            for id in self.by_height.remove(&block.height).unwrap_or_default() {
                if let Some(receipt) = self.receipts.get_mut(&id) {
                    receipt.acknowledged = Some((a.header.clone(), a.certificate.clone(), block.proof.clone()));
                }
                self.by_continental.entry(a.header.height).or_default().push(id);
                self.climb(&id, Stage::Acknowledged, at, None, out);
            }
        }
    }

    fn anchored(&mut self, anchor: &Anchor, at: Stamp, out: &mut Out) {
        let (first, last) = anchor.heights;
        let heights: Vec<u64> = self.by_continental.range(first..=last).map(|(h, _)| *h).collect();
        for height in heights {
            let Some(block) = anchor.blocks.get((height - first) as usize).cloned() else { continue };
            let ids = self.by_continental.remove(&height).unwrap_or_default();
            for id in ids {
                if let Some(receipt) = self.receipts.get_mut(&id) {
                    receipt.anchored = Some(Anchor { blocks: vec![block.clone()], ..anchor.clone() });
                }
                self.climb(&id, Stage::Anchored, at, None, out);
            }
        }
    }
}

impl Municipal {
    /// The continent says it ordered blocks of ours: believed if its committee's certificate holds.
    pub(super) fn acknowledged(&mut self, now: Micros, from: NodeId, a: Acknowledgement, out: &mut Out) {
        let Some(continent) = self.frame.continent else { return };
        let committee = &self.frame.committees[continent.index()];
        let news = a.blocks.iter().any(|b| self.chain.blocks.get(&b.height).is_some_and(|r| !r.acknowledged));
        if committee.member(from).is_none() || !news || !committee.committed(&a.header, &a.certificate) {
            return;
        }
        if !a.blocks.iter().all(|b| b.proof.verify(&a.header.payload_root, &b.block)) {
            return;
        }
        for block in &a.blocks {
            if let Some(record) = self.chain.blocks.get_mut(&block.height) {
                record.acknowledged |= record.hash == block.block;
            }
        }
        while self.chain.blocks.get(&(self.chain.acknowledged + 1)).is_some_and(|r| r.acknowledged) {
            self.chain.acknowledged += 1;
        }
        let at = self.clock.now(now);
        self.book.acknowledged(&a, at, out);
    }

    /// The globe anchored blocks of our continent: believed if the global committee's certificate holds.
    pub(super) fn anchored(&mut self, now: Micros, from: NodeId, anchor: Anchor, out: &mut Out) {
        let (Some(continent), Some(globe)) = (self.frame.continent, self.frame.globe) else { return };
        let sender = self.frame.committees[continent.index()].member(from).is_some();
        let (first, last) = anchor.heights;
        let waiting = self.book.by_continental.range(first..=last.max(first)).next().is_some();
        if !sender || !waiting || anchor.continent != continent {
            return;
        }
        if anchor.verify(&self.frame.committees[globe.index()]) {
            let at = self.clock.now(now);
            self.book.anchored(&anchor, at, out);
        }
    }
}

impl Anchor {
    /// The leaf under the global header's payload root.
    pub(crate) fn leaf(&self) -> Vec<u8> {
        encode(&(self.continent, self.heights, self.root))
    }

    /// True if the global committee committed the header, and root and blocks stand under it.
    pub(crate) fn verify(&self, globe: &crate::state::committee::Committee) -> bool {
        globe.committed(&self.header, &self.certificate)
            && self.proof.verify(&self.header.payload_root, &self.leaf())
            && self.blocks.iter().all(|(hash, proof)| proof.verify(&self.root, hash))
    }
}
