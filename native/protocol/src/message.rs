//! Everything one node says to another.
use crate::block::{BlockHeader, Certificate, HeldVertex, HoldingProof, Parcel, Seen, VertexHeader};
use crate::epoch::Succession;
use crate::interval::IntervalSignature;
use crate::lane::LaneCiphertext;
use crate::receipt::{Acknowledgement, Anchor};
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_abba::AbbaMessage;
use globelet_clock::Stamp;
use globelet_erasure::merkle::MerkleProof;
use globelet_holding::{Answer, Challenge, Extension};
use globelet_hotstuff::HotstuffMessage;
use globelet_threshold::DecryptionShare;
use globelet_types::{ChainId, Hash, Signature};
use std::io::{Error, ErrorKind, Read};

/// Most messages of agreement in one [`Message::Agree`]. They are short on the wire and wide in memory; a round of the
/// whole Earth has a few for each of some thousand instances.
pub const AGREE_MOST: u32 = 1 << 16;

fn agree_messages<R: Read>(reader: &mut R) -> std::io::Result<Vec<(u16, AbbaMessage)>> {
    let count = u32::deserialize_reader(reader)?;
    if count > AGREE_MOST {
        return Err(Error::new(ErrorKind::InvalidData, "more messages of agreement than a round has"));
    }
    (0..count).map(|_| <(u16, AbbaMessage)>::deserialize_reader(reader)).collect()
}

/// What a holder is asked to keep.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Holding {
    /// A replica gets the sealed body and cuts its own shard from it; empty if there are no orders.
    Body(Vec<u8>),
    /// A holder gets one shard of the sealed body.
    Shard {
        /// The shard.
        bytes: Vec<u8>,
        /// Its place under the header's body root.
        proof: MerkleProof,
    },
}

/// One shard of a sealed parcel, with all that proves it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ParcelShard {
    /// The block that sent it.
    pub header: BlockHeader,
    /// The source committee's certificate.
    pub certificate: Certificate,
    /// Place in the header's lanes.
    pub lane: u16,
    /// The shard.
    pub bytes: Vec<u8>,
    /// Its place under the lane entry's shards root; its index is the shard's.
    pub proof: MerkleProof,
    /// When the sender had the certificate.
    pub certified: Stamp,
    /// What the sender saw of the parcels that this one settles.
    pub seen: Vec<Seen>,
    /// Sent because it was asked for (R3).
    pub repair: bool,
    /// The ciphertext of the lane's key: with the first parcel of an interval, and with each that was asked for.
    pub ciphertext: Option<LaneCiphertext>,
}

/// A message between nodes.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Message {
    /// S3, PoH_REQUEST: keep this.
    Hold {
        /// The vertex.
        header: VertexHeader,
        /// The proposer's signature over its hash.
        signature: Signature,
        /// Which shard is yours.
        shard: u16,
        /// The proposer's own holding proof.
        own: HoldingProof,
        /// What to keep.
        holding: Holding,
    },
    /// S3, PoH_ACK, to every replica: it is on my disk.
    Held {
        /// Hash of the vertex header.
        vertex: Hash,
        /// Who sealed it.
        proposer: u16,
        /// The vertex's sequence.
        sequence: u64,
        /// The proof.
        proof: HoldingProof,
    },
    /// S4: a vertex is held.
    Vertex(HeldVertex),
    /// S5 and R5: agreement on what enters a round; one entry per message: the instance and what is said in it. There is
    /// one instance per proposer, for its next vertex, and then three per source, for the next parcels of its lane.
    Agree {
        /// The round.
        round: u64,
        /// Instance and message; at most [`AGREE_MOST`].
        #[borsh(deserialize_with = "agree_messages")]
        messages: Vec<(u16, AbbaMessage)>,
    },
    /// S5: shares that open the bodies of a decided round.
    Open {
        /// The round.
        round: u64,
        /// Proposer and share.
        shares: Vec<(u16, DecryptionShare)>,
    },
    /// S5: my vote on a block.
    Vote {
        /// Height.
        height: u64,
        /// Header hash.
        block: Hash,
        /// Signature over [`crate::block::vote_bytes`].
        signature: Signature,
    },
    /// What this replica has reached, and the oldest thing it lacks: peers answer with what is missing.
    Behind {
        /// Round it is in.
        round: u64,
        /// Last certified height.
        certified: u64,
        /// For each proposer, the next sequence it lacks a vertex of.
        next: Vec<u64>,
    },
    /// Answer to `Behind`: a held vertex with its sealed body (empty if there are no orders).
    VertexBody {
        /// The vertex.
        vertex: HeldVertex,
        /// The sealed body.
        body: Vec<u8>,
    },
    /// Answer to `Behind`: what a finished round took in, one bit per instance, signed by the sender's channel only; f+1 equal ones count.
    RoundResult {
        /// The round.
        round: u64,
        /// Decision per instance.
        decisions: Vec<bool>,
    },
    /// S4: a parcel's shard.
    Parcel(ParcelShard),
    /// R3, REPAIR_REQ: send me your shards of these parcels of the lane from you to me.
    RepairRequest {
        /// Destination that asks.
        destination: ChainId,
        /// Numbers in the lane.
        numbers: Vec<u64>,
    },
    /// R3 among the replicas of one committee: an agreement took in this parcel, and I do not have it.
    ParcelWanted {
        /// Source of the parcel.
        source: ChainId,
        /// Number in the lane.
        number: u64,
    },
    /// Answer to `ParcelWanted`: the parcel whole, with all that proves it.
    ParcelCopy {
        /// The block that sent it.
        header: BlockHeader,
        /// The source committee's certificate.
        certificate: Certificate,
        /// The parcel.
        parcel: Parcel,
    },
    /// The newest number in the lane from me to you, so that a lost tail is seen.
    LaneHead {
        /// Source.
        source: ChainId,
        /// Newest number sent.
        number: u64,
    },
    /// Upward: a municipal block for the continent to order.
    Header {
        /// The header.
        header: BlockHeader,
        /// Its certificate.
        certificate: Certificate,
    },
    /// HotStuff among the replicas of one continental or global chain.
    Hotstuff(HotstuffMessage),
    /// Downward: the continent ordered blocks of this municipality.
    Acknowledged(Acknowledgement),
    /// Upward: a continent's new blocks, for the Ledger of Roots.
    Report(crate::receipt::Report),
    /// Downward: the Ledger of Roots holds these continental blocks.
    Anchored(Anchor),
    /// What I signed since the last time, under one post-quantum signature.
    Interval {
        /// The signature.
        interval: IntervalSignature,
        /// The leaves under its root.
        leaves: Vec<Hash>,
    },
    /// My chain has come this far: sign a checkpoint there with me.
    Checkpoint {
        /// Height of the newest block under it.
        height: u64,
        /// My share of the committee's signature.
        share: [u8; 48],
    },
    /// Your post-quantum signature on your votes at these heights, or a checkpoint above them, has not come: say it again.
    Unproven {
        /// Heights.
        heights: Vec<u64>,
    },
    /// To a holder: show these pieces of a shard that you proved to hold.
    Challenge {
        /// Sequence of the vertex among the sender's.
        sequence: u64,
        /// Which shard, and what the pieces are drawn from.
        challenge: Challenge,
    },
    /// A holder's answer: with the challenge, anybody who knows the shard's commitment can judge it.
    Answer {
        /// What was asked.
        challenge: Challenge,
        /// The pieces and their proof.
        answer: Answer,
    },
    /// Our committee hands over to the next: my signature on it.
    Handover {
        /// The next committee's epoch.
        epoch: u64,
        /// Over [`globelet_election::handover_bytes`].
        signature: Signature,
    },
    /// A municipality's committees, each signed by the one before.
    Handovers {
        /// The municipality.
        chain: ChainId,
        /// Ascending by epoch.
        proofs: Vec<Succession>,
    },
    /// I know the committees of this municipality up to this epoch: tell me of later ones.
    HandoversWanted {
        /// The municipality.
        chain: ChainId,
        /// The epoch.
        epoch: u64,
    },
    /// A member voted for another block than the one that was certified: who has its vote for that one has evidence.
    Doubt {
        /// Place of the member.
        member: u16,
        /// Height.
        height: u64,
        /// The other block.
        block: Hash,
        /// The member's signature over its vote.
        signature: Signature,
    },
    /// To a holder: keep a shard longer; answered with `Held`.
    Extend {
        /// Sequence of the vertex among the sender's.
        sequence: u64,
        /// Which shard, and until when.
        extension: Extension,
    },
    /// S4: the next key of the lane from me to you, before a parcel needs it.
    LaneKey {
        /// Its number ([`crate::lane::LaneKeyId`]).
        number: u64,
        /// What its key is learned from.
        ciphertext: LaneCiphertext,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_types::{decode, encode};

    #[test]
    fn agreement_beyond_what_a_round_has_is_not_read() {
        let said = |count| Message::Agree { round: 1, messages: vec![(0, AbbaMessage::Term { value: true }); count] };
        let most = AGREE_MOST as usize;
        assert_eq!(decode(&encode(&said(most))), Ok(said(most)));
        assert!(decode::<Message>(&encode(&said(most + 1))).is_err());
    }
}
