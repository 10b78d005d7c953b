//! The post-quantum signature of an interval: one ML-DSA-65 signature (FIPS 204) over the Merkle root of
//! everything a node signed with Ed25519 since the last one, and what a receipt carries of it.
use crate::block::{vote_bytes, BlockHeader};
use crate::state::committee::Committee;
use crate::Genesis;
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_clock::Stamp;
use globelet_erasure::merkle::{MerkleProof, Tree};
use globelet_signatures::mldsa;
use globelet_types::{encode, Hash, Micros};
use std::sync::Arc;

/// The longest interval.
const LONGEST_US: Micros = 1_000_000;
/// Most leaves under one signature: a node that signed more in an interval signs several times.
pub const LEAVES_MOST: usize = 4096;

/// The interval of a world: no longer than the continents' reports are apart, so that the post-quantum
/// signatures are there when a transfer is anchored and its receipt goes to the stores once.
pub(crate) fn length_us(genesis: &Genesis) -> Micros {
    genesis.world.parameters.report_us.min(LONGEST_US)
}

/// The leaf that stands for bytes signed with Ed25519.
pub fn leaf(signed: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"globelet interval leaf 1").update(signed);
    *hasher.finalize().as_bytes()
}

/// A node's ML-DSA signature over what it signed in one interval.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct IntervalSignature {
    /// Index in the chain's table of nodes: replicas first, then holders.
    pub place: u16,
    /// Number among this node's interval signatures, from 1.
    pub number: u64,
    /// Leaves under the root, at most [`LEAVES_MOST`].
    pub count: u32,
    /// Merkle root over the [`leaf`]s, in the order of signing.
    pub root: Hash,
    /// ML-DSA-65 over the fields above, the world and the chain.
    pub signature: Vec<u8>,
}

impl IntervalSignature {
    /// Signs the root of these leaves as the node at `place` of `committee`'s chain.
    pub(crate) fn sign(
        world: u64,
        chain: u16,
        place: u16,
        number: u64,
        leaves: &[Hash],
        key: &mldsa::SigningKey,
    ) -> Self {
        let (count, root) = (leaves.len() as u32, Tree::from_leaves(leaves).root());
        let mut interval = IntervalSignature { place, number, count, root, signature: Vec::new() };
        interval.signature = key.sign(&interval.signing_bytes(world, chain));
        interval
    }

    /// What is signed: world, chain, node, number of the interval, and the root with its number of leaves.
    pub fn signing_bytes(&self, world: u64, chain: u16) -> Vec<u8> {
        encode(&(b"globelet interval 1", world, chain, self.place, self.number, self.count, self.root))
    }

    /// True if the node at this place of the committee's chain signed it.
    pub(crate) fn verify(&self, genesis: &Genesis, world: u64, committee: &Committee) -> bool {
        let node = committee.replicas.iter().chain(&committee.holders).nth(usize::from(self.place));
        let keys = node.and_then(|n| genesis.nodes.get(n.index()));
        let bytes = self.signing_bytes(world, committee.chain.0);
        keys.is_some_and(|k| mldsa::verify(&k.post_quantum, &bytes, &self.signature))
    }
}

/// A quorum's post-quantum signatures that cover its votes on one block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PostQuantum {
    /// When the quorum was complete at the ingress.
    pub at: Stamp,
    /// Per replica, ascending: its interval signature (shared by all receipts of the interval), and the
    /// path of its vote under the root.
    pub votes: Vec<(Arc<IntervalSignature>, MerkleProof)>,
}

impl PostQuantum {
    /// Checks that a quorum of the block's committee signed, post-quantum, its votes on it.
    pub(crate) fn check(
        &self,
        genesis: &Genesis,
        committee: &Committee,
        block: &BlockHeader,
    ) -> Result<(), &'static str> {
        let term = committee.term_at(block.height);
        let (leaf, world) = (leaf(&vote_bytes(block.chain, block.height, &block.hash())), genesis.tag());
        let ascending = self.votes.windows(2).all(|w| w[0].0.place < w[1].0.place);
        let members = self.votes.iter().all(|(s, _)| term.seat(s.place).is_some());
        if !ascending || !members || self.votes.len() < term.quorum() {
            return Err("no quorum of the committee signed an interval");
        }
        let under = |(s, p): &(Arc<IntervalSignature>, MerkleProof)| p.count == s.count && p.verify(&s.root, &leaf);
        if !self.votes.iter().all(under) {
            return Err("the vote is not under the root of an interval");
        }
        let signed = self.votes.iter().all(|(s, _)| s.verify(genesis, world, committee));
        signed.then_some(()).ok_or("a replica did not sign its interval")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_signed() {
        let key = mldsa::SigningKey::from_seed(&[5; 32]);
        let public = key.public();
        let made = IntervalSignature::sign(1, 2, 3, 4, &[[6; 32], [7; 32]], &key);
        let holds =
            |s: &IntervalSignature, world, chain| mldsa::verify(&public, &s.signing_bytes(world, chain), &s.signature);
        assert!(holds(&made, 1, 2));
        assert!(!holds(&made, 9, 2) && !holds(&made, 1, 9));
        let changes: [fn(&mut IntervalSignature); 5] =
            [|s| s.place += 1, |s| s.number += 1, |s| s.count += 1, |s| s.root[0] ^= 1, |s| s.signature[9] ^= 1];
        for change in changes {
            let mut changed = made.clone();
            change(&mut changed);
            assert!(!holds(&changed, 1, 2), "{changed:?}");
        }
    }
}
