//! Who belongs to a chain, and what a quorum of them has signed.
use crate::block::{vote_bytes, BlockHeader, Certificate};
use crate::Genesis;
use globelet_hotstuff as hotstuff;
use globelet_signatures::{verify_batch_prepared, PreparedKey, SigningKey};
use globelet_types::world::{ChainKind, Role};
use globelet_types::{ChainId, NodeId, Signature};
use std::collections::BTreeMap;

/// The replicas and holders of one chain, with their keys ready to verify.
pub(crate) struct Committee {
    pub chain: ChainId,
    pub replicas: Vec<NodeId>,
    pub holders: Vec<NodeId>,
    keys: Vec<PreparedKey>,
}

impl Committee {
    pub fn new(genesis: &Genesis, chain: ChainId) -> Committee {
        let replicas = genesis.world.members(chain, Role::Replica);
        let holders = genesis.world.members(chain, Role::Holder);
        let key = |n: &NodeId| genesis.nodes.get(n.index()).and_then(|k| PreparedKey::from_bytes(&k.signing));
        let keys = replicas.iter().chain(&holders).filter_map(key).collect();
        Committee { chain, replicas, holders, keys }
    }

    /// Every chain's committee, in chain order.
    pub fn all(genesis: &Genesis) -> Vec<Committee> {
        (0..genesis.world.chains.len() as u16).map(|c| Committee::new(genesis, ChainId(c))).collect()
    }

    pub fn size(&self) -> u16 {
        self.replicas.len() as u16
    }

    /// Faulty replicas it bears.
    pub fn faults(&self) -> u16 {
        (self.size() - 1) / 3
    }

    pub fn quorum(&self) -> usize {
        usize::from(self.size() - self.faults())
    }

    /// Index of a replica in the committee.
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

    /// True if a quorum of distinct replicas signed the header.
    pub fn certified(&self, header: &BlockHeader, certificate: &Certificate) -> bool {
        let signatures = &certificate.signatures;
        let ascending = signatures.windows(2).all(|w| w[0].0 < w[1].0);
        let members = signatures.iter().all(|(m, _)| *m < self.size());
        if header.chain != self.chain || signatures.len() < self.quorum() || !ascending || !members {
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
