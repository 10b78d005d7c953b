//! Receipts of the orders admitted at this ingress, as they climb the ladder.
use super::extension::Promises;
use super::Out;
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
use globelet_types::{ChainId, OrderId, Refusal, SignedOrder, Stage};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Finished receipts kept for late questions; the stores have them all.
const FINISHED_MOST: usize = 1_024;

/// A batch of ours.
struct Batch {
    /// Orders that have not come to their end.
    open: Vec<OrderId>,
    /// What holders promised, once it is held.
    promises: Option<Promises>,
}

/// The receipts of one ingress.
pub(crate) struct Book {
    issuer: u16,
    key: SigningKey,
    receipts: BTreeMap<OrderId, Receipt>,
    by_sequence: BTreeMap<u64, Batch>,
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
            self.close(id);
            self.complete(id, out);
            self.finished.push_back(*id);
            while self.finished.len() > FINISHED_MOST {
                if let Some(old) = self.finished.pop_front() {
                    self.receipts.remove(&old);
                }
            }
        }
    }

    /// An order is at its end: forgets what its batch had, once all the others are and each shows its vertex.
    fn close(&mut self, id: &OrderId) {
        let vertex = self.receipts.get(id).and_then(|r| r.vertex.as_ref());
        let Some(sequence) = vertex.map(|v| v.header.sequence) else { return };
        if let Entry::Occupied(mut batch) = self.by_sequence.entry(sequence) {
            batch.get_mut().open.retain(|open| open != id);
            if batch.get().open.is_empty() {
                batch.remove();
            }
        }
    }

    /// What holders promised for batches that are not at their end, by sequence.
    pub fn promises(&mut self) -> impl Iterator<Item = (u64, &mut Promises)> {
        self.by_sequence.iter_mut().filter_map(|(sequence, batch)| Some((*sequence, batch.promises.as_mut()?)))
    }

    /// What holders promised for this batch, if it is held and not at its end.
    pub fn promises_of(&mut self, sequence: u64) -> Option<&mut Promises> {
        self.by_sequence.get_mut(&sequence)?.promises.as_mut()
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
            self.by_sequence.insert(sequence, Batch { open: ids, promises: None });
        }
    }

    pub fn held(&mut self, sequence: u64, (vertex, promises): (&HeldVertex, Promises), at: Stamp, out: &mut Out) {
        let Some(batch) = self.by_sequence.get_mut(&sequence) else { return };
        batch.promises = Some(promises);
        for id in batch.open.clone() {
            let Some(receipt) = self.receipts.get_mut(&id) else { continue };
            receipt.vertex = Some(vertex.clone());
            self.climb(&id, Stage::Held, at, None, out);
        }
    }

    /// An order of ours was applied or refused, in the block under construction.
    pub fn outcome(&mut self, sequence: u64, id: OrderId, refusal: Option<Refusal>) {
        if self.by_sequence.get(&sequence).is_some_and(|batch| batch.open.contains(&id)) {
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

    /// True if orders of ours are acknowledged at one of these continental heights, and not anchored.
    pub fn awaits_anchor(&self, (first, last): (u64, u64)) -> bool {
        self.by_continental.range(first..=last.max(first)).next().is_some()
    }

    /// The oldest municipal height whose orders are acknowledged and not anchored.
    pub fn unanchored(&self) -> Option<u64> {
        let ids = self.by_continental.values().next()?;
        let receipt = self.receipts.get(ids.first()?)?;
        receipt.block.as_ref().map(|(header, _)| header.height)
    }

    /// The continent ordered blocks with orders of ours.
    pub fn acknowledged(&mut self, a: &Acknowledgement, at: Stamp, out: &mut Out) {
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

    /// The globe anchored continental blocks with orders of ours.
    pub fn anchored(&mut self, anchor: &Anchor, at: Stamp, out: &mut Out) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::VertexHeader;
    use globelet_types::{AccountId, Opening, Order};

    /// Orders of one batch end one by one; what the batch had is kept for the last of them and no longer.
    #[test]
    fn a_batch_is_forgotten_with_its_last_order() {
        let at = Stamp { micros: 1, counter: 0 };
        let order = |fill| {
            let (world, municipality) = (1, ChainId(0));
            let order = Order::Opening(Opening { world, municipality, account: AccountId([fill; 32]), expires_us: 9 });
            SignedOrder { order, signature: [0; 64] }
        };
        let (mut book, mut out) = (Book::new(0, SigningKey::from_seed(&[1; 32])), Out::default());
        let ids: Vec<OrderId> = (0..3).map(|fill| order(fill).order.id()).collect();
        (0..3).for_each(|fill| book.admitted(ids[usize::from(fill)], order(fill), at, &mut out));
        book.sealed(7, ids.clone());
        let climb = |book: &mut Book, id: &OrderId, out: &mut Out| {
            for stage in [Stage::Credited, Stage::Acknowledged, Stage::Anchored] {
                book.climb(id, stage, at, None, out);
            }
        };
        // One ends before this ingress knows that its batch is held: it still has to show its vertex.
        climb(&mut book, &ids[0], &mut out);
        let (chain, proposer, sequence) = (ChainId(0), 0, 7);
        let header = VertexHeader { chain, proposer, sequence, at, body: [0; 32], draw: Vec::new() };
        let vertex = HeldVertex { header, signature: [0; 64], proofs: Vec::new() };
        book.held(7, (&vertex, Promises::of([0; 32], &[], 4)), at, &mut out);
        assert!(book.receipt(&ids[0]).unwrap().vertex.is_some());
        assert!(book.promises_of(7).is_some());
        climb(&mut book, &ids[2], &mut out);
        assert_eq!(book.by_sequence[&7].open, [ids[1]]);
        climb(&mut book, &ids[1], &mut out);
        assert!(book.by_sequence.is_empty() && book.promises_of(7).is_none());
    }
}
