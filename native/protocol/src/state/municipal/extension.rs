//! S3 goes on: holders keep the shards of a batch until all its orders have come to their end, however long that takes.
use super::{Municipal, Out};
use crate::block::HoldingProof;
use crate::holding::{longest_us, AGAIN_US};
use crate::message::Message;
use globelet_holding::Extension;
use globelet_types::{Hash, Micros};

/// Batches whose holders are asked at one time.
const ASKED_MOST: usize = 64;

/// Until when a holder keeps its shard.
struct Promise {
    holder: u16,
    shard: u16,
    until_us: Micros,
}

/// What holders promised for one batch.
pub(crate) struct Promises {
    vertex: Hash,
    /// When they were last asked for more time.
    asked_us: Micros,
    given: Vec<Promise>,
}

impl Promises {
    /// Those of the holders among these proofs: places below `replicas` are the committee's, who keep bodies as long as
    /// their chain needs them.
    pub fn of(vertex: Hash, proofs: &[HoldingProof], replicas: u16) -> Promises {
        let mut promises = Promises { vertex, asked_us: 0, given: Vec::new() };
        proofs.iter().filter(|p| p.holder >= replicas).for_each(|p| promises.note(p));
        promises
    }

    fn note(&mut self, proof: &HoldingProof) {
        let HoldingProof { holder, shard, until_us, .. } = *proof;
        match self.given.iter_mut().find(|p| p.holder == holder) {
            Some(promise) => promise.until_us = promise.until_us.max(until_us),
            None => self.given.push(Promise { holder, shard, until_us }),
        }
    }

    fn until_us(&self, holder: u16) -> Option<Micros> {
        self.given.iter().find(|p| p.holder == holder).map(|p| p.until_us)
    }

    /// The promises that end before `end`, unless somebody was asked lately. What is over is not there any more.
    fn due(&self, now: Micros, end: Micros) -> impl Iterator<Item = &Promise> {
        let quiet = self.asked_us.saturating_add(AGAIN_US) <= now;
        self.given.iter().filter(move |p| quiet && now < p.until_us && p.until_us < end)
    }
}

impl Municipal {
    /// Asks holders of batches that are not at their end for more time, once half of what they promised is over.
    pub(super) fn extend_holdings(&mut self, now: Micros, out: &mut Out) {
        let time_us = self.frame.parameters().holding_us;
        let (end, until_us) = (now.saturating_add(time_us / 2), now.saturating_add(time_us));
        let due = self.book.promises().filter(|(_, p)| p.due(now, end).next().is_some());
        for (sequence, promises) in due.take(ASKED_MOST) {
            for promise in promises.due(now, end) {
                let Some(node) = self.frame.holder_at(promise.holder) else { continue };
                let extension = Extension::sign(&self.frame.key, promises.vertex, promise.shard, until_us);
                out.send(vec![node], Message::Extend { sequence, extension });
            }
            promises.asked_us = now;
        }
    }

    /// A proof for a batch of ours that was held before: a holder's first, which came late, or one for more time.
    pub(super) fn promised(
        &mut self,
        now: Micros,
        (vertex, sequence): (Hash, u64),
        proof: &HoldingProof,
        out: &mut Out,
    ) {
        let committee = self.frame.committee();
        let Some(promises) = self.book.promises_of(sequence).filter(|p| p.vertex == vertex) else { return };
        let in_time = proof.in_time(now, longest_us(self.frame.parameters())).is_ok();
        if !in_time || proof.holder < committee.size() {
            return;
        }
        // A first one is the holder's word by its own channel; nothing rests on it but that it will be asked for more.
        if let Some(known) = promises.until_us(proof.holder) {
            let longer = known < proof.until_us
                && committee.verify(proof.holder, &proof.signing_bytes(&vertex), &proof.signature);
            if !longer {
                return;
            }
            self.challenges.extended(&vertex, proof);
            // Forgotten in a power cut, it would look as if the shard were gone.
            out.persist();
        }
        promises.note(proof);
    }
}
