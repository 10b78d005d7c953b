//! Checkpoints: once an interval, where the chain moved, the committee signs its newest stretch as one.
//!
//! Every replica offers its newest certified height; whoever has certified a height that is offered, above
//! what it signed, signs it too. So all meet at the highest offer, and what two replicas sign at one height
//! is the same, since they agree on the chain.
use super::{Frame, Municipal, Out};
use crate::checkpoint::{stretch, Checkpoint};
use crate::Message;
use globelet_erasure::merkle::Tree;
use globelet_threshold::signature::{SigningCommittee, SigningShare, SIGNATURE_LEN};
use globelet_threshold::ThresholdError;
use globelet_types::{Micros, NodeId, OrderId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Blocks with orders of ours that wait for a checkpoint: of what lies further back, receipts stay without.
const WAITING_MOST: usize = 1024;
/// Offers further ahead of the certified height than this are not kept.
const AHEAD_MOST: u64 = 2048;

/// What this replica signed and heard of checkpoints.
pub(crate) struct Checkpoints {
    /// Decoded when first needed: it takes milliseconds.
    key: Option<SigningCommittee>,
    /// None while this replica stands by.
    share: Option<SigningShare>,
    /// The newest height signed here, unsigned yet by the committee.
    signed: Option<Checkpoint>,
    signed_us: Micros,
    /// By place, the newest height a member offered, and its share; none if it was found not to verify.
    offers: BTreeMap<u16, (u64, Option<[u8; SIGNATURE_LEN]>)>,
    /// Heights of blocks with orders of this ingress that no checkpoint covers yet.
    waiting: BTreeMap<u64, Vec<OrderId>>,
    /// When the shares were last asked for, or first waited for.
    asked_us: Micros,
}

impl Checkpoints {
    /// Nothing signed, nothing heard.
    pub fn new(share: Option<SigningShare>) -> Checkpoints {
        Checkpoints {
            key: None,
            share,
            signed: None,
            signed_us: 0,
            offers: BTreeMap::new(),
            waiting: BTreeMap::new(),
            asked_us: 0,
        }
    }

    fn height(&self) -> u64 {
        self.signed.as_ref().map_or(0, |s| s.height)
    }

    /// True while a block with orders of ours waits for a checkpoint.
    pub fn is_waited_for(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The committee's keys changed hands: what was offered under the old ones is void.
    pub fn reseat(&mut self, since: u64, key: SigningCommittee, share: Option<SigningShare>) {
        (self.key, self.share) = (Some(key), share);
        self.offers.retain(|_, (height, _)| *height >= since);
    }

    /// The committee's key, decoded when first needed.
    pub fn committee_key(&mut self, frame: &Frame) -> Option<SigningCommittee> {
        if self.key.is_none() {
            self.key = frame.genesis.signing_committee(frame.chain);
        }
        self.key.clone()
    }

    /// Our share of it.
    pub fn own_share(&self) -> Option<&SigningShare> {
        self.share.as_ref()
    }

    /// A block holds orders of ours.
    pub fn expect(&mut self, now: Micros, height: u64, orders: Vec<OrderId>) {
        if self.waiting.is_empty() {
            self.asked_us = now;
        }
        self.waiting.insert(height, orders);
        super::super::committee::keep_newest(&mut self.waiting, WAITING_MOST);
    }

    /// True, once per `patience`, while a block has waited that long.
    pub fn overdue(&mut self, now: Micros, patience: Micros) -> bool {
        let overdue = self.is_waited_for() && self.asked_us + patience <= now;
        if overdue {
            self.asked_us = now;
        }
        overdue
    }

    /// Our own offer, to be said again.
    fn own_offer(&self, me: u16) -> Option<Message> {
        let (height, share) = *self.offers.get(&me)?;
        Some(Message::Checkpoint { height, share: share? })
    }
}

impl Municipal {
    /// The interval is over: offers the newest certified height, if the chain moved. Intervals end at the
    /// replicas one by one: an offer that was signed a moment ago is enough, the next one comes an interval later.
    pub(super) fn offer_checkpoint(&mut self, now: Micros, out: &mut Out) {
        if self.chain.certified <= self.checkpoints.height() || self.checkpoints.share.is_none() {
            return;
        }
        if self.checkpoints.signed_us + self.interval.length_us / 2 > now {
            self.interval.want_another();
            return;
        }
        self.sign_checkpoint(now, self.chain.certified, out);
    }

    /// A height was certified: somebody may have offered it already.
    pub(super) fn checkpoint_certified(&mut self, now: Micros, height: u64, out: &mut Out) {
        if self.checkpoints.offers.values().any(|(offered, _)| *offered == height) {
            self.sign_checkpoint(now, height, out);
        }
    }

    fn stretch_hashes(&self, height: u64) -> Option<Vec<[u8; 32]>> {
        let (first, count) = stretch(height);
        let hashes: Vec<_> = self.chain.blocks.range(first..=height).map(|(_, record)| record.hash).collect();
        (hashes.len() as u64 == count).then_some(hashes)
    }

    fn sign_checkpoint(&mut self, now: Micros, height: u64, out: &mut Out) {
        let since = self.frame.committee().term().since;
        if height <= self.checkpoints.height() || height > self.chain.certified || height < since {
            return;
        }
        if self.checkpoints.share.is_none() && !self.checkpoints.is_waited_for() {
            return;
        }
        let Some(hashes) = self.stretch_hashes(height) else { return };
        let Some(&head) = hashes.last() else { return };
        let (chain, root) = (self.frame.chain, Tree::from_leaves(&hashes).root());
        let checkpoint = Checkpoint { chain, height, head, root, signature: [0; SIGNATURE_LEN] };
        let share = self.checkpoints.share.as_ref().map(|own| own.sign(&checkpoint.signing_bytes(self.frame.tag)));
        (self.checkpoints.signed, self.checkpoints.signed_us) = (Some(checkpoint), now);
        if let Some(share) = share {
            self.checkpoints.offers.insert(self.frame.me, (height, Some(share)));
            out.send(self.frame.others(), Message::Checkpoint { height, share });
        }
        self.combine_checkpoint(out);
    }

    /// A member offers a height, with its share of the signature.
    pub(super) fn checkpoint(
        &mut self,
        now: Micros,
        from: u16,
        height: u64,
        share: [u8; SIGNATURE_LEN],
        out: &mut Out,
    ) {
        let known = self.checkpoints.offers.get(&from).map_or(0, |(offered, _)| *offered);
        if height <= known || height > self.chain.certified + AHEAD_MOST {
            return;
        }
        self.checkpoints.offers.insert(from, (height, Some(share)));
        if height > self.checkpoints.height() {
            self.sign_checkpoint(now, height, out);
        } else {
            self.combine_checkpoint(out);
        }
    }

    /// Combines and verifies once, and only if a receipt of ours waits for it.
    fn combine_checkpoint(&mut self, out: &mut Out) {
        let Some(signed) = &self.checkpoints.signed else { return };
        let height = signed.height;
        if self.checkpoints.waiting.range(..=height).next().is_none() {
            return;
        }
        if self.checkpoints.key.is_none() {
            self.checkpoints.key = self.frame.genesis.signing_committee(self.frame.chain);
        }
        let Some(key) = &self.checkpoints.key else { return };
        let offers = &mut self.checkpoints.offers;
        let term = self.frame.committees[self.frame.chain.index()].term();
        let of_member = |(place, offer): (&u16, &(u64, Option<_>))| Some((term.seat(*place)?, offer.1?));
        let shares: Vec<_> = offers.iter().filter(|(_, o)| o.0 == height).filter_map(of_member).collect();
        match key.combine(&signed.signing_bytes(self.frame.tag), &shares) {
            Ok(signature) => {
                let checkpoint = Checkpoint { signature, ..signed.clone() };
                self.hand_out(Arc::new(checkpoint), out);
            }
            Err(ThresholdError::BadShares { indices }) if !indices.is_empty() => {
                for member in indices.into_iter().map(|seat| term.seats[usize::from(seat)]).collect::<Vec<_>>() {
                    // The height stays noted: the member is not heard on it again.
                    offers.insert(member, (height, None));
                    out.misbehaviour(member, "sent a share of a checkpoint that does not verify");
                }
                self.combine_checkpoint(out);
            }
            Err(_) => {}
        }
    }

    /// Every receipt that waited for a checkpoint gets its path under this one.
    fn hand_out(&mut self, checkpoint: Arc<Checkpoint>, out: &mut Out) {
        let (first, _) = stretch(checkpoint.height);
        let later = self.checkpoints.waiting.split_off(&(checkpoint.height + 1));
        let waiting = std::mem::replace(&mut self.checkpoints.waiting, later);
        let Some(hashes) = self.stretch_hashes(checkpoint.height) else { return };
        let tree = Tree::from_leaves(&hashes);
        for (height, orders) in waiting.range(first..) {
            let path = tree.proof((height - first) as usize);
            self.book.checkpoint(orders, &checkpoint, &path, out);
        }
    }

    /// Shares may have been lost: says our own again, to one peer or to all.
    pub(super) fn offer_again(&self, to: Option<NodeId>, out: &mut Out) {
        if let Some(offer) = self.checkpoints.own_offer(self.frame.me) {
            out.send(to.map_or_else(|| self.frame.others(), |node| vec![node]), offer);
        }
    }
}
