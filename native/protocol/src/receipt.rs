//! The receipt: all that proves a transfer, offline, from the world's genesis.
use crate::block::{digest, AppliedOrder, BlockHeader, Certificate, HeldVertex};
use crate::checkpoint::Checkpoint;
use crate::epoch::Succession;
use crate::interval::PostQuantum;
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_clock::Stamp;
use globelet_erasure::merkle::MerkleProof;
use globelet_hotstuff as hotstuff;
use globelet_types::world::Route;
use globelet_types::{ChainId, OrderId, Refusal, Signature, SignedOrder, Stage};
use std::sync::Arc;

/// A continent's new blocks, chained by their parents; the last is certified.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Report {
    /// The continental chain.
    pub continent: ChainId,
    /// Headers, ascending without gaps.
    pub headers: Vec<hotstuff::Header>,
    /// Commit certificate of the last one.
    pub certificate: hotstuff::Certificate,
}

/// A municipal block among the payload of a continental block.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct AcknowledgedBlock {
    /// Height in the municipal chain.
    pub height: u64,
    /// Its header hash, a leaf under the continental header's payload root.
    pub block: [u8; 32],
    /// The path.
    pub proof: MerkleProof,
}

/// The continent ordered blocks of one municipality.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Acknowledgement {
    /// The continental header.
    pub header: hotstuff::Header,
    /// Its commit certificate.
    pub certificate: hotstuff::Certificate,
    /// The municipality's blocks in it.
    pub blocks: Vec<AcknowledgedBlock>,
}

/// The Ledger of Roots holds a continent's root.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Anchor {
    /// The global header.
    pub header: hotstuff::Header,
    /// Its commit certificate.
    pub certificate: hotstuff::Certificate,
    /// The continent.
    pub continent: ChainId,
    /// Continental heights covered, first and last.
    pub heights: (u64, u64),
    /// The root: Merkle root over the continental header hashes of those heights.
    pub root: [u8; 32],
    /// Place of (continent, heights, root) under the global header's payload root.
    pub proof: MerkleProof,
    /// Per covered continental height, the header hash's path under the root.
    pub blocks: Vec<([u8; 32], MerkleProof)>,
}

/// What the sender of a transfer holds.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    /// The signed order.
    pub order: SignedOrder,
    /// Its id.
    pub id: OrderId,
    /// A stamp per step reached, in the order of the ladder.
    pub stages: Vec<(Stage, Stamp)>,
    /// Why it was refused or refunded.
    pub refusal: Option<Refusal>,
    /// The vertex it was sealed in, with its holding proofs.
    pub vertex: Option<HeldVertex>,
    /// The source block and its certificate.
    pub block: Option<(BlockHeader, Certificate)>,
    /// The applied order and its path under the block's orders root.
    pub applied: Option<(AppliedOrder, MerkleProof)>,
    /// Number of its parcel in the lane, for a transfer that left its municipality.
    pub lane: Option<u64>,
    /// Which route its parcel took, where the link has two: as the destination says, no part of what is proved.
    pub route: Option<Route>,
    /// Continental header, commit certificate and the block's place in it.
    pub acknowledged: Option<(hotstuff::Header, hotstuff::Certificate, MerkleProof)>,
    /// The anchor, reduced to this receipt's continental block.
    pub anchored: Option<Anchor>,
    /// A quorum's post-quantum signatures over its votes on the block, once they are there.
    pub post_quantum: Option<PostQuantum>,
    /// The first checkpoint above the block, shared by all receipts under it, and the block's path; once it is there.
    pub checkpoint: Option<(Arc<Checkpoint>, MerkleProof)>,
    /// Member index of the ingress replica that issues the receipt.
    pub issuer: u16,
    /// Its signature over [`Receipt::signing_bytes`]: it vouches for the stamps.
    pub signature: Signature,
    /// The handovers that lead from the genesis' committee to the one that certified the block.
    #[borsh(
        serialize_with = "crate::epoch::trailing::serialize",
        deserialize_with = "crate::epoch::trailing::deserialize"
    )]
    pub handovers: Vec<Succession>,
}

impl Receipt {
    /// A receipt with nothing proved yet.
    pub fn begin(id: OrderId, order: SignedOrder, issuer: u16) -> Receipt {
        Receipt {
            order,
            id,
            stages: Vec::new(),
            refusal: None,
            vertex: None,
            block: None,
            applied: None,
            lane: None,
            route: None,
            acknowledged: None,
            anchored: None,
            post_quantum: None,
            checkpoint: None,
            issuer,
            signature: [0; 64],
            handovers: Vec::new(),
        }
    }

    /// What the issuer signs: the hash of everything but the signature itself.
    pub fn signing_bytes(&self) -> Vec<u8> {
        digest("globelet receipt 1", &Receipt { signature: [0; 64], ..self.clone() }).to_vec()
    }

    /// True once its end is known and its root is anchored; a post-quantum proof may still come.
    pub fn is_complete(&self) -> bool {
        let has = |stage| self.reached(stage).is_some();
        let ended = [Stage::Credited, Stage::Refunded, Stage::Refused].into_iter().any(has);
        ended && has(Stage::Anchored) && has(Stage::Acknowledged)
    }

    /// When a stage was reached.
    pub fn reached(&self, stage: Stage) -> Option<Stamp> {
        self.stages.iter().find(|(s, _)| *s == stage).map(|(_, at)| *at)
    }
}
