//! What comes down from the chains above: the continent's order, and the globe's Ledger of Roots.
use super::{Municipal, Out};
use crate::receipt::{Acknowledgement, Anchor};
use crate::state::committee::Committee;
use globelet_types::{encode, Micros, NodeId};

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
        let waiting = self.book.awaits_anchor(anchor.heights);
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
    pub(crate) fn verify(&self, globe: &Committee) -> bool {
        globe.committed(&self.header, &self.certificate)
            && self.proof.verify(&self.header.payload_root, &self.leaf())
            && self.blocks.iter().all(|(hash, proof)| proof.verify(&self.root, hash))
    }
}
