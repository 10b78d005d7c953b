//! Municipal vertices, blocks, certificates and parcels: what the committee signs.
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_clock::Stamp;
pub use globelet_holding::HoldingProof;
pub use globelet_sharding::Parcel;
use globelet_types::world::Route;
use globelet_types::{encode, ChainId, Hash, OrderId, Refusal, Signature};

/// BLAKE3 of a domain and a value's encoding.
pub fn digest<T: BorshSerialize + ?Sized>(domain: &str, value: &T) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(domain.as_bytes());
    hasher.update(&encode(value));
    *hasher.finalize().as_bytes()
}

/// A parcel that comes into this municipality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct ParcelRef {
    /// Source municipality.
    pub source: ChainId,
    /// Number in the lane from there.
    pub number: u64,
    /// Digest of the parcel.
    pub digest: Hash,
}

/// What a destination's replica saw of a parcel that it settles. No part of what the committee agrees on: it
/// travels beside the settlement, for the receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Seen {
    /// Number of the parcel in the forward lane.
    pub number: u64,
    /// When the source had its certificate, as the shards said.
    pub certified: Stamp,
    /// When the parcel was rebuilt and verified.
    pub delivered: Stamp,
    /// Which route its last shard took, where the link has two; unknown to who got the parcel whole, from a peer.
    pub route: Option<Route>,
}

impl Seen {
    /// With what another replica saw of the same parcel: the later stamps, and the later one's route.
    pub(crate) fn join(&mut self, other: &Seen) {
        if other.route.is_some() && (self.route.is_none() || other.delivered > self.delivered) {
            self.route = other.route;
        }
        self.certified = self.certified.max(other.certified);
        self.delivered = self.delivered.max(other.delivered);
    }
}

/// The header of a batch: one vertex of the municipality's DAG.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct VertexHeader {
    /// Municipality.
    pub chain: ChainId,
    /// Member index of the replica that sealed it.
    pub proposer: u16,
    /// Number among that replica's vertices, from 1, without gaps.
    pub sequence: u64,
    /// When it was sealed.
    pub at: Stamp,
    /// Merkle root over the shards of the sealed body.
    pub body: Hash,
    /// The VRF proof (80 bytes) of this second's draw, from which the shards' places follow.
    pub draw: Vec<u8>,
}

impl VertexHeader {
    /// What holders and replicas sign.
    pub fn hash(&self) -> Hash {
        digest("globelet vertex 1", self)
    }
}

/// A held vertex: its header, its proposer's signature and the holding proofs.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct HeldVertex {
    /// The header.
    pub header: VertexHeader,
    /// The proposer's signature over the header's hash.
    pub signature: Signature,
    /// Holding proofs, by holder index.
    pub proofs: Vec<HoldingProof>,
}

/// What one municipal block sends down one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LaneEntry {
    /// Destination municipality.
    pub destination: ChainId,
    /// Number in the lane, from 1, without gaps.
    pub number: u64,
    /// Digest of the parcel.
    pub digest: Hash,
    /// Merkle root over the shards of the sealed parcel.
    pub shards: Hash,
    /// Sum of the amounts it carries.
    pub amount: u64,
    /// Number of the key that seals it ([`crate::lane::LaneKeyId`]).
    pub key_number: u64,
    /// Name of that key's ciphertext ([`crate::lane::LaneCiphertext::name`]): no other is believed.
    pub key: Hash,
}

/// The header of a municipal block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockHeader {
    /// Municipality.
    pub chain: ChainId,
    /// Height, from 1.
    pub height: u64,
    /// Hash of the header before; zero at height 1.
    pub parent: Hash,
    /// The round that decided it.
    pub round: u64,
    /// Parcels taken in, in the order they were applied, before any order.
    pub parcels: Vec<ParcelRef>,
    /// Hashes of the vertices, in the order they were applied.
    pub vertices: Vec<Hash>,
    /// Merkle root over the applied orders' ids with their outcomes.
    pub orders: Hash,
    /// What leaves for other municipalities.
    pub lanes: Vec<LaneEntry>,
    /// Sum of all balances after the block.
    pub balances: u64,
    /// Hash of the accounts touched, their balances and the homes of those that moved, chained from block to block.
    pub state: Hash,
}

impl BlockHeader {
    /// What the committee signs.
    pub fn hash(&self) -> Hash {
        digest("globelet block 1", self)
    }
}

/// The bytes of a committee member's vote on a block.
pub fn vote_bytes(chain: ChainId, height: u64, block: &Hash) -> Vec<u8> {
    encode(&(b"globelet vote 1", chain, height, block))
}

/// A quorum of the committee's signatures on a block header.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Certificate {
    /// Member index and signature, ascending, one each.
    pub signatures: Vec<(u16, Signature)>,
}

/// One applied order, as a leaf of [`BlockHeader::orders`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AppliedOrder {
    /// Its id.
    pub id: OrderId,
    /// Refused at the source, with nothing moved.
    pub refusal: Option<Refusal>,
}
