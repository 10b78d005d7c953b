//! Who belongs to a chain, and what a quorum of them has signed.
use crate::block::{vote_bytes, BlockHeader, Certificate};
use crate::epoch::{candidates, keys_hash, Candidate, Succession, Term};
use crate::Genesis;
use globelet_hotstuff as hotstuff;
use globelet_signatures::{verify_batch_prepared, PreparedKey, SigningKey};
use globelet_types::world::{ChainKind, Role};
use globelet_types::{ChainId, NodeId, Signature};
use std::collections::BTreeMap;

/// The replicas and holders of one chain, with their keys ready to verify, and who of the replicas sat when.
pub(crate) struct Committee {
    pub chain: ChainId,
    pub replicas: Vec<NodeId>,
    pub holders: Vec<NodeId>,
    /// Of the replicas, in a world of epochs.
    pub candidates: Vec<Candidate>,
    /// The committees so far, at least the first.
    terms: Vec<Term>,
    /// What proves each committee after the first, as far as it is known.
    pub handovers: Vec<Succession>,
    keys: Vec<PreparedKey>,
}

impl Committee {
    pub fn new(genesis: &Genesis, chain: ChainId) -> Committee {
        let replicas = genesis.world.members(chain, Role::Replica);
        let holders = genesis.world.members(chain, Role::Holder);
        let key = |n: &NodeId| genesis.nodes.get(n.index()).and_then(|k| PreparedKey::from_bytes(&k.signing));
        let keys = replicas.iter().chain(&holders).filter_map(key).collect();
        let of_municipality = genesis.world.chains.get(chain.index()).is_some_and(|c| c.kind == ChainKind::Municipal);
        let candidates = if of_municipality { candidates(genesis, &replicas) } else { Vec::new() };
        let seats = genesis.world.seats(chain) as u16;
        let dealt = |keys: &[crate::genesis::HexBytes]| keys.get(chain.index()).map_or(Vec::new(), |key| key.0.clone());
        let keys_dealt = || keys_hash(&dealt(&genesis.thresholds), &dealt(&genesis.checkpoints));
        let first = match candidates.is_empty() {
            true => None,
            false => Term::new((chain, 0), 1, &keys_dealt(), (0..seats).collect(), &candidates),
        };
        let terms = vec![first.unwrap_or_else(|| Term::fixed(chain, seats))];
        Committee { chain, replicas, holders, candidates, terms, handovers: Vec::new(), keys }
    }

    /// The newest committee that is known.
    pub fn term(&self) -> &Term {
        self.terms.last().unwrap_or(&self.terms[0])
    }

    /// The committee that certifies this height, as far as is known.
    pub fn term_at(&self, height: u64) -> &Term {
        self.terms.iter().rev().find(|term| term.since <= height).unwrap_or(&self.terms[0])
    }

    /// All committees that are known, the first one first.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The chain itself agreed on its next committee.
    pub fn succeed(&mut self, term: Term) {
        self.terms.push(term);
    }

    /// Takes in a handover; true if it is news.
    ///
    /// # Errors
    /// Why it does not follow from what is known.
    pub fn follow(&mut self, succession: &Succession) -> Result<bool, &'static str> {
        let epoch = succession.handover.committee.epoch;
        if epoch <= self.handovers.len() as u64 {
            return Ok(false);
        }
        let old = epoch.checked_sub(1).and_then(|e| self.terms.get(e as usize));
        let old = old.filter(|_| epoch == self.handovers.len() as u64 + 1 && !self.candidates.is_empty());
        let term =
            succession.follow(old.ok_or("a handover does not follow from the committee before")?, &self.candidates)?;
        if self.terms.len() as u64 <= epoch {
            self.terms.push(term);
        } else if self.terms[epoch as usize].members != term.members {
            return Err("a handover is to another committee than the chain agreed on");
        }
        self.handovers.push(succession.clone());
        Ok(true)
    }

    /// Every chain's committee, in chain order.
    pub fn all(genesis: &Genesis) -> Vec<Committee> {
        (0..genesis.world.chains.len() as u16).map(|c| Committee::new(genesis, ChainId(c))).collect()
    }

    pub fn size(&self) -> u16 {
        self.replicas.len() as u16
    }

    /// Faulty members that the newest committee bears.
    pub fn faults(&self) -> u16 {
        self.term().faults()
    }

    /// Of the newest committee.
    pub fn quorum(&self) -> usize {
        self.term().quorum()
    }

    /// Place of a replica, whether it has a seat or not.
    pub fn member(&self, node: NodeId) -> Option<u16> {
        self.replicas.iter().position(|&r| r == node).map(|i| i as u16)
    }

    /// Index of a node among replicas and holders together.
    pub fn place(&self, node: NodeId) -> Option<u16> {
        let holder = || self.holders.iter().position(|&h| h == node).map(|i| i + self.replicas.len());
        self.replicas.iter().position(|&r| r == node).or_else(holder).map(|i| i as u16)
    }

    pub fn others(&self, me: u16) -> Vec<NodeId> {
        self.replicas.iter().enumerate().filter(|(i, _)| *i != usize::from(me)).map(|(_, &n)| n).collect()
    }

    /// `count` replicas from `start` on, in the order of the committee, wrapping round.
    pub fn some(&self, start: u64, count: u16) -> Vec<NodeId> {
        let n = self.replicas.len();
        let first = (start % n as u64) as usize;
        (0..usize::from(count).min(n)).map(|i| self.replicas[(first + i) % n]).collect()
    }

    /// The public key of a replica or holder, by its place.
    pub fn key(&self, place: u16) -> Option<[u8; 32]> {
        self.keys.get(usize::from(place)).map(PreparedKey::to_bytes)
    }

    /// Checks one signature of a replica or holder, by its place.
    pub fn verify(&self, place: u16, bytes: &[u8], signature: &Signature) -> bool {
        self.keys.get(usize::from(place)).is_some_and(|k| k.verify(bytes, signature))
    }

    /// Checks many at once: (place, bytes, signature).
    pub fn verify_all(&self, items: &[(u16, &[u8], &Signature)]) -> bool {
        let prepared: Option<Vec<_>> =
            items.iter().map(|(p, b, s)| self.keys.get(usize::from(*p)).map(|k| (k, *b, *s))).collect();
        prepared.is_some_and(|all| verify_batch_prepared(&all).iter().all(|&ok| ok))
    }

    /// True if a quorum of the committee of its height signed the header.
    pub fn certified(&self, header: &BlockHeader, certificate: &Certificate) -> bool {
        let (term, signatures) = (self.term_at(header.height), &certificate.signatures);
        let ascending = signatures.windows(2).all(|w| w[0].0 < w[1].0);
        let members = signatures.iter().all(|(m, _)| term.seat(*m).is_some());
        if header.chain != self.chain || signatures.len() < term.quorum() || !ascending || !members {
            return false;
        }
        let bytes = vote_bytes(header.chain, header.height, &header.hash());
        let items: Vec<_> = signatures.iter().map(|(m, s)| (*m, bytes.as_slice(), s)).collect();
        self.verify_all(&items)
    }

    /// True if a quorum committed the HotStuff block that `header` names.
    pub fn committed(&self, header: &hotstuff::Header, certificate: &hotstuff::Certificate) -> bool {
        let crypto = Signer { key: None, committee: self };
        header.chain == self.chain.0
            && certificate.phase == hotstuff::Phase::Commit
            && certificate.height == header.height
            && certificate.block == header.hash()
            && certificate.verify(self.chain.0, self.quorum(), &crypto)
    }
}

/// A committee's keys as HotStuff wants them; without a key of its own it only verifies.
pub(crate) struct Signer<'a> {
    pub key: Option<&'a SigningKey>,
    pub committee: &'a Committee,
}

impl hotstuff::Crypto for Signer<'_> {
    fn sign(&self, bytes: &[u8]) -> Signature {
        self.key.map_or([0; 64], |k| k.sign(bytes))
    }

    fn verify(&self, member: u16, bytes: &[u8], signature: &Signature) -> bool {
        member < self.committee.size() && self.committee.verify(member, bytes, signature)
    }

    fn verify_all(&self, bytes: &[u8], signatures: &[(u16, Signature)]) -> bool {
        let items: Vec<_> = signatures.iter().map(|(m, s)| (*m, bytes, s)).collect();
        signatures.iter().all(|(m, _)| *m < self.committee.size()) && self.committee.verify_all(&items)
    }
}

/// The municipalities below a continent.
pub(crate) fn municipalities(genesis: &Genesis, continent: ChainId) -> Vec<ChainId> {
    of_kind(genesis, ChainKind::Municipal)
        .into_iter()
        .filter(|c| genesis.world.chains[c.index()].parent == Some(continent))
        .collect()
}

/// All chains of one level.
pub(crate) fn of_kind(genesis: &Genesis, kind: ChainKind) -> Vec<ChainId> {
    let ids = (0..genesis.world.chains.len() as u16).map(ChainId);
    ids.filter(|c| genesis.world.chains[c.index()].kind == kind).collect()
}

/// A map kept small: the oldest keys go first.
pub(crate) fn keep_newest<K: Ord + Copy, V>(map: &mut BTreeMap<K, V>, most: usize) {
    while map.len() > most {
        map.pop_first();
    }
}
