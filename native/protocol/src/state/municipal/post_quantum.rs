//! Post-quantum signatures on the blocks that hold orders of this ingress. Nothing ever waits for them.
use super::{Municipal, Out};
use crate::block::vote_bytes;
use crate::interval::{leaf, IntervalSignature, PostQuantum, LEAVES_MOST};
use crate::Message;
use globelet_erasure::merkle::{MerkleProof, Tree};
use globelet_types::{Hash, Micros, NodeId, OrderId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A signature that has not come after this long is asked for.
const PATIENCE_US: Micros = 3_000_000;
/// Blocks asked for, and answered, at once.
const ASKED_MOST: usize = 64;
/// Blocks waited for: of what lies further back, receipts stay without.
const WAITING_MOST: usize = 8192;

/// A block with orders of ours, and the signatures on votes for it that have come.
struct Waiting {
    leaf: Hash,
    orders: Vec<OrderId>,
    asked_us: Micros,
    votes: BTreeMap<u16, (Arc<IntervalSignature>, MerkleProof)>,
}

/// The blocks of this ingress that a quorum has not signed post-quantum yet.
#[derive(Default)]
pub(crate) struct Unproven {
    blocks: BTreeMap<u64, Waiting>,
    /// A vote's leaf to the height of its block.
    leaves: BTreeMap<Hash, u64>,
}

impl Unproven {
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    fn forget(&mut self, height: u64) -> Option<Waiting> {
        let waiting = self.blocks.remove(&height)?;
        self.leaves.remove(&waiting.leaf);
        Some(waiting)
    }
}

impl Municipal {
    /// A block was applied: from now on the others' intervals are looked through for their votes, if this replica has
    /// orders in it. `signed` if it voted itself.
    pub(super) fn expect_post_quantum(&mut self, now: Micros, height: u64, vote: &[u8], signed: bool) {
        if signed {
            self.interval.signed(vote);
        }
        let orders = self.book.orders_at(height);
        if orders.is_empty() {
            return;
        }
        self.checkpoints.expect(now, height, orders.clone());
        let leaf = leaf(vote);
        let waiting = Waiting { leaf, orders, asked_us: now, votes: BTreeMap::new() };
        self.unproven.leaves.insert(leaf, height);
        self.unproven.blocks.insert(height, waiting);
        if self.unproven.blocks.len() > WAITING_MOST {
            let oldest = self.unproven.blocks.keys().next().copied().unwrap_or(height);
            self.unproven.forget(oldest);
        }
    }

    /// Our interval is over.
    pub(super) fn interval_due(&mut self, now: Micros, out: &mut Out) {
        let others = self.frame.others();
        for (interval, leaves) in self.interval.close(&others, out) {
            self.cover(now, interval, &leaves, out);
        }
        self.offer_checkpoint(now, out);
        self.make_keys_ahead(out);
        self.challenges_due(now, out);
    }

    /// Somebody's interval is over: its signature is checked once, and only if it covers a vote we wait for.
    pub(super) fn interval(
        &mut self,
        now: Micros,
        from: NodeId,
        interval: IntervalSignature,
        leaves: &[Hash],
        out: &mut Out,
    ) {
        let committee = self.frame.committee();
        let Some(place) = committee.place(from) else { return };
        let fits = leaves.len() <= LEAVES_MOST && interval.count as usize == leaves.len();
        if interval.place != place || !fits || interval.root != Tree::from_leaves(leaves).root() {
            out.misbehaviour(place, "signed an interval whose root is not that of its leaves");
            return;
        }
        if !leaves.iter().any(|l| self.unproven.leaves.contains_key(l)) {
            return;
        }
        if !interval.verify(&self.frame.genesis, self.frame.tag, committee) {
            out.misbehaviour(place, "signed an interval with a signature that does not verify");
            return;
        }
        if place < committee.size() {
            self.cover(now, interval, leaves, out);
        }
    }

    /// Notes which votes a verified interval covers; completes the blocks that have a quorum.
    fn cover(&mut self, now: Micros, interval: IntervalSignature, leaves: &[Hash], out: &mut Out) {
        let interval = Arc::new(interval);
        let tree = Tree::from_leaves(leaves);
        let committee = &self.frame.committees[self.frame.chain.index()];
        for (index, leaf) in leaves.iter().enumerate() {
            let Some(&height) = self.unproven.leaves.get(leaf) else { continue };
            let Some(waiting) = self.unproven.blocks.get_mut(&height) else { continue };
            let term = committee.term_at(height);
            if term.seat(interval.place).is_none() {
                continue;
            }
            waiting.votes.entry(interval.place).or_insert_with(|| (interval.clone(), tree.proof(index)));
            if waiting.votes.len() >= term.quorum() {
                let Some(complete) = self.unproven.forget(height) else { continue };
                let votes = complete.votes.into_values().collect();
                let at = self.clock.now(now);
                self.book.post_quantum(&complete.orders, &PostQuantum { at, votes }, out);
            }
        }
    }

    /// Asks for what was lost on the way, or said while this replica was away.
    pub(super) fn ask_post_quantum(&mut self, now: Micros, out: &mut Out) {
        let overdue = self.unproven.blocks.iter_mut().filter(|(_, w)| w.asked_us + PATIENCE_US <= now);
        let heights: Vec<u64> = overdue
            .take(ASKED_MOST)
            .map(|(height, waiting)| {
                waiting.asked_us = now;
                *height
            })
            .collect();
        let unsigned = self.checkpoints.overdue(now, PATIENCE_US);
        if !heights.is_empty() || unsigned {
            out.send(self.frame.others(), Message::Unproven { heights });
        }
        if unsigned {
            self.offer_again(None, out);
        }
    }

    /// A peer lacks our post-quantum signature on these votes: they go under our next one again. Or it lacks
    /// our share of the checkpoint.
    pub(super) fn sign_again(&mut self, from: NodeId, heights: &[u64], out: &mut Out) {
        self.offer_again(Some(from), out);
        for height in heights.iter().take(ASKED_MOST) {
            if let Some((block, _)) = self.chain.own_votes.get(height) {
                self.interval.signed_again(&vote_bytes(self.frame.chain, *height, block));
            }
        }
    }
}
