//! Handovers: the members of a committee that is over sign the next one, and tell everybody who checks certificates.
use super::inbox::Origin;
use super::{Municipal, Out};
use crate::epoch::{Succession, Term, HANDOVERS_MOST};
use crate::message::ParcelShard;
use crate::state::committee::of_kind;
use crate::Message;
use globelet_election::{handover_bytes, Committee as Members, Handover};
use globelet_types::world::ChainKind;
use globelet_types::{ChainId, Hash, Micros, NodeId, Signature};
use std::collections::BTreeMap;

/// Shards kept until the handover comes that their certificate rests on.
const UNKNOWN_MOST: usize = 256;
/// Larger ones are left to be repaired.
const UNKNOWN_BYTES: usize = 64 << 10;

/// A handover that has no quorum's signatures yet.
pub(crate) struct Handing {
    old: Members,
    new: Members,
    since: u64,
    keys: Hash,
    /// By index in the old committee, as handovers count.
    signatures: BTreeMap<u16, Signature>,
    own: Option<Signature>,
}

impl Handing {
    fn bytes(&self) -> Vec<u8> {
        handover_bytes(self.new.chain, self.new.epoch, &self.old.hash(), &self.new.hash())
    }

    fn complete(&self) -> Option<Succession> {
        let signatures = self.signatures.iter().map(|(index, signature)| (*index, *signature)).collect();
        let handover = Handover { committee: self.new.clone(), signatures };
        let (since, keys) = (self.since, self.keys);
        handover.verify(&self.old).ok().map(|()| Succession { since, keys, handover })
    }
}

impl Municipal {
    /// This replica applied the last block of a committee: if it was a member it signs the next one.
    pub(super) fn sign_handover(&mut self, old: &Term, new: &Term, keys: Hash, out: &mut Out) {
        let (epoch, since) = (new.epoch(), new.since);
        let (old_members, new) = (old.members.clone(), new.members.clone());
        let mut handing = Handing { old: old_members, new, since, keys, signatures: BTreeMap::new(), own: None };
        if old.seat(self.frame.me).is_some() {
            let signature = self.frame.key.sign(&handing.bytes());
            handing.own = Some(signature);
            self.epochs.early.insert(self.frame.me, (epoch, signature));
            out.persist();
            out.send(self.frame.others(), Message::Handover { epoch, signature });
        }
        self.epochs.handing = Some(handing);
        for (place, (for_epoch, signature)) in std::mem::take(&mut self.epochs.early) {
            if for_epoch == epoch {
                self.handover_signed(place, epoch, signature, out);
            }
        }
    }

    /// A member of the committee that is over, or will be, signed the next one.
    pub(super) fn handover_signed(&mut self, place: u16, epoch: u64, signature: Signature, out: &mut Out) {
        let committee = self.frame.committee();
        if epoch == committee.term().epoch() + 1 {
            self.epochs.early.insert(place, (epoch, signature));
            return;
        }
        let Some(candidate) = committee.candidates.get(usize::from(place)) else { return };
        let Some(handing) = self.epochs.handing.as_mut().filter(|h| h.new.epoch == epoch) else { return };
        let Some(index) = handing.old.index(&candidate.key) else { return };
        if handing.signatures.contains_key(&index) {
            return;
        }
        if !globelet_signatures::verify(&candidate.key, &handing.bytes(), &signature) {
            out.misbehaviour(place, "signed a handover to another committee");
            return;
        }
        handing.signatures.insert(index, signature);
        if handing.signatures.len() >= handing.old.quorum() {
            if let Some(succession) = handing.complete() {
                self.handed(&succession, out);
            }
        }
    }

    /// The handover of our own chain is complete: whoever checks our certificates is told by those who signed it.
    fn handed(&mut self, succession: &Succession, out: &mut Out) {
        let chain = self.frame.chain;
        if self.frame.committees[chain.index()].follow(succession) != Ok(true) {
            return;
        }
        self.book.handovers = self.frame.committee().handovers.clone();
        let Some(handing) = self.epochs.handing.take() else { return };
        if handing.own.is_some() {
            let municipalities = of_kind(&self.frame.genesis, ChainKind::Municipal);
            let told = municipalities.into_iter().chain(self.frame.continent).filter(|c| *c != chain);
            let to = told.flat_map(|c| self.frame.committees[c.index()].replicas.clone()).collect();
            out.send(to, Message::Handovers { chain, proofs: vec![succession.clone()] });
        }
    }

    /// Somebody tells of a municipality's committees. Nothing is believed that the committee before did not sign.
    pub(super) fn handed_over(&mut self, now: Micros, chain: ChainId, proofs: &[Succession], out: &mut Out) {
        let mut news = false;
        for succession in proofs.iter().take(HANDOVERS_MOST) {
            if chain != self.frame.chain {
                let committee = self.frame.committees.get_mut(chain.index());
                news |= committee.is_some_and(|c| c.follow(succession) == Ok(true));
            } else if self.epochs.handing.as_ref().is_some_and(|h| h.new == succession.handover.committee) {
                self.handed(succession, out);
            }
        }
        if news {
            let (waiting, others) =
                std::mem::take(&mut self.inbox.unknown).into_iter().partition(|(_, s)| s.header.chain == chain);
            self.inbox.unknown = others;
            let waiting: Vec<(Origin, ParcelShard)> = waiting;
            waiting.into_iter().for_each(|(origin, shard)| self.parcel_shard(now, origin, shard, out));
        }
    }

    /// True if a certificate that does not hold may be of a committee that is not known here: then whoever sent it is
    /// asked for the handovers, and the shard waits for them.
    pub(super) fn may_be_newer(&mut self, origin: Origin, shard: &ParcelShard, out: &mut Out) -> bool {
        let chain = shard.header.chain;
        let Some(committee) = self.frame.committees.get(chain.index()).filter(|_| self.epochs.is_on()) else {
            return false;
        };
        let (newest, header) = (committee.term(), &shard.header);
        let (since, epoch) = (newest.since, newest.epoch());
        // Members that are known alone would have signed it as the committee that is known.
        let strangers = shard.certificate.signatures.iter().any(|(place, _)| newest.seat(*place).is_none());
        if header.height < since || !strangers || self.header_certified(header, &shard.certificate) {
            return false;
        }
        out.send(vec![origin.0], Message::HandoversWanted { chain, epoch });
        if self.inbox.unknown.len() < UNKNOWN_MOST && shard.bytes.len() <= UNKNOWN_BYTES {
            self.inbox.unknown.push((origin, shard.clone()));
        }
        true
    }

    /// Somebody lacks handovers.
    pub(super) fn handovers_wanted(&self, from: NodeId, chain: ChainId, epoch: u64, out: &mut Out) {
        let Some(committee) = self.frame.committees.get(chain.index()) else { return };
        let known = committee.handovers.iter().filter(|s| s.handover.committee.epoch > epoch);
        let proofs: Vec<Succession> = known.take(HANDOVERS_MOST).cloned().collect();
        if !proofs.is_empty() {
            out.send(vec![from], Message::Handovers { chain, proofs });
        }
        let own = self.epochs.handing.as_ref().filter(|_| chain == self.frame.chain);
        if let Some((signature, new)) = own.and_then(|h| Some((h.own?, &h.new))) {
            out.send(vec![from], Message::Handover { epoch: new.epoch, signature });
        }
    }

    /// The signatures on our handover have not come together: says ours again, and asks for the others'.
    pub(super) fn ask_handover(&self, out: &mut Out) {
        let Some(handing) = &self.epochs.handing else { return };
        let (chain, epoch) = (self.frame.chain, handing.new.epoch);
        if let Some(signature) = handing.own {
            out.send(self.frame.others(), Message::Handover { epoch, signature });
        }
        out.send(self.frame.others(), Message::HandoversWanted { chain, epoch: epoch - 1 });
    }
}
