//! Members that contradict themselves: two votes of one member at one height are evidence, wherever they come together.
use super::{Municipal, Out};
use crate::block::vote_bytes;
use crate::epoch::Note;
use crate::Message;
use globelet_election::Evidence;
use globelet_types::{Hash, Micros, Signature};
use std::collections::BTreeMap;

/// Votes of one member that are shown around, in all: one that is answered is enough.
const DOUBTS_MOST: u32 = 64;

impl Municipal {
    /// A block was certified: votes for another one at its height are doubted.
    pub(super) fn doubt_votes(
        &mut self,
        now: Micros,
        height: u64,
        hash: &Hash,
        votes: BTreeMap<u16, (Hash, Signature)>,
        out: &mut Out,
    ) {
        if !self.epochs.is_on() {
            return;
        }
        for (member, vote) in votes.into_iter().filter(|(_, vote)| vote.0 != *hash) {
            self.doubt_vote(now, (member, height), vote, out);
        }
    }

    /// A vote for another block than the certified one. Who has the member's vote for that one is asked to say so.
    pub(super) fn doubt_vote(
        &mut self,
        now: Micros,
        (member, height): (u16, u64),
        (block, signature): (Hash, Signature),
        out: &mut Out,
    ) {
        let Some(record) = self.chain.blocks.get(&height) else { return };
        if !self.epochs.is_on() || record.hash == block || self.epochs.accuses(member) {
            return;
        }
        let bytes = vote_bytes(self.frame.chain, height, &block);
        if self.epochs.doubts_of(member) < DOUBTS_MOST && self.frame.committee().verify(member, &bytes, &signature) {
            self.epochs.doubt(member);
            out.send(self.frame.others(), Message::Doubt { member, height, block, signature });
            self.doubted(now, member, height, (block, signature), out);
        }
    }

    /// Somebody has a vote of a member for another block than the certified one: if its vote for that one is in our
    /// certificate, the two are evidence.
    pub(super) fn doubted(
        &mut self,
        now: Micros,
        member: u16,
        height: u64,
        (block, signature): (Hash, Signature),
        out: &mut Out,
    ) {
        if !self.epochs.is_on() || self.epochs.accuses(member) {
            return;
        }
        let Some(record) = self.chain.blocks.get(&height).filter(|r| r.hash != block) else { return };
        let Some((certificate, _)) = &record.certificate else { return };
        let Some((_, voted)) = certificate.signatures.iter().find(|(m, _)| *m == member) else { return };
        let mut pair = [(record.hash, *voted), (block, signature)];
        pair.sort_by_key(|(hash, _)| *hash);
        let (blocks, signatures) = (pair.map(|(hash, _)| hash), pair.map(|(_, signature)| signature));
        let Some(accused) = self.frame.committee().candidates.get(usize::from(member)) else { return };
        let evidence = Evidence::Votes { member: accused.key, chain: self.frame.chain, height, blocks, signatures };
        if evidence.verify().is_ok() {
            self.epochs.accuse(member);
            self.note(now, Note::Evidence(evidence), out);
        }
    }
}
