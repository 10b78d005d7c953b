//! What members say to each other, and the bounds of what they listen to.
use crate::Peer;
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_types::DecodeError;
use thiserror::Error;

/// Largest encoding of packets that travel together, bytes.
pub const MOST_BYTES: usize = 256 << 10;
/// Largest payload of a broadcast, bytes.
pub const MOST_PAYLOAD: usize = 32 << 10;
/// Most peers in a shuffle's sample.
pub const MOST_PEERS: usize = 32;
/// Most ids in an announcement.
pub const MOST_IDS: usize = 256;

/// A message's id: the first half of its payload's BLAKE3 hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct MessageId(pub [u8; 16]);

impl MessageId {
    /// The id of a payload.
    pub fn of(payload: &[u8]) -> MessageId {
        let mut id = [0; 16];
        id.copy_from_slice(&blake3::hash(payload).as_bytes()[..16]);
        MessageId(id)
    }
}

/// How much a peer wants to be a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Wish {
    /// It has no other or was sent by a join: never refused (HyParView's high priority).
    Alone,
    /// If there is room (low priority).
    Room,
    /// If there is room, or if it is nearer than a neighbour that may be traded.
    Nearer,
}

/// One thing a member says to another.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Packet {
    /// A new member asks its contact to take it in.
    Join,
    /// A new member is made known along a random walk.
    ForwardJoin {
        /// The new member.
        joiner: Peer,
        /// Steps left.
        steps: u8,
    },
    /// Asks to be a neighbour.
    Neighbor {
        /// How much.
        wish: Wish,
    },
    /// The answer; also to [`Packet::Join`].
    NeighborReply {
        /// Whether the asker now is a neighbour.
        accepted: bool,
    },
    /// The receiver is a neighbour no more.
    Disconnect,
    /// Offers peers to whoever ends the walk.
    Shuffle {
        /// Who offers.
        origin: Peer,
        /// Steps left.
        steps: u8,
        /// The peers.
        sample: Vec<Peer>,
    },
    /// Offers as many back.
    ShuffleReply {
        /// The peers.
        sample: Vec<Peer>,
    },
    /// A broadcast, by an eager link.
    Gossip {
        /// Links it has crossed.
        round: u16,
        /// What is broadcast.
        payload: Vec<u8>,
    },
    /// Announces broadcasts on a lazy link.
    IHave {
        /// Their ids.
        ids: Vec<MessageId>,
    },
    /// Asks for a broadcast, and for the link to be eager.
    Graft {
        /// Which.
        id: MessageId,
    },
    /// Asks for the link to be lazy.
    Prune,
}

/// Why packets were not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PacketRefused {
    /// More bytes than are read.
    #[error("{found} bytes of gossip were sent where at most {MOST_BYTES} are read; send the packets apart")]
    TooLarge {
        /// Bytes found.
        found: usize,
    },
    /// Not packets.
    #[error("the gossip cannot be read: {0}; send packets as this build encodes them")]
    Malformed(DecodeError),
    /// A list or payload beyond its bound.
    #[error("a packet has {found} of {what} where at most {most} are accepted; send fewer")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// The bound.
        most: usize,
    },
}

impl PacketRefused {
    /// A short code for metrics.
    pub fn code(&self) -> &'static str {
        match self {
            PacketRefused::TooLarge { .. } => "gossip_too_large",
            PacketRefused::Malformed(_) => "gossip_malformed",
            PacketRefused::TooMany { .. } => "gossip_too_many",
        }
    }
}

impl Packet {
    /// Most bytes of its encoding, a few beyond what it takes.
    pub fn size(&self) -> usize {
        match self {
            Packet::Gossip { payload, .. } => 16 + payload.len(),
            Packet::IHave { ids } => 16 + 16 * ids.len(),
            Packet::Shuffle { sample, .. } | Packet::ShuffleReply { sample } => 16 + 2 * sample.len(),
            _ => 24,
        }
    }

    fn check(&self) -> Result<(), PacketRefused> {
        let (what, found, most) = match self {
            Packet::Gossip { payload, .. } => ("payload bytes", payload.len(), MOST_PAYLOAD),
            Packet::IHave { ids } => ("ids", ids.len(), MOST_IDS),
            Packet::Shuffle { sample, .. } | Packet::ShuffleReply { sample } => ("peers", sample.len(), MOST_PEERS),
            _ => return Ok(()),
        };
        if found > most {
            return Err(PacketRefused::TooMany { what, found, most });
        }
        Ok(())
    }
}

/// Encodes packets for one peer, in order.
pub fn encode(packets: &[Packet]) -> Vec<u8> {
    globelet_types::encode(packets)
}

/// Decodes and checks what a peer sent.
///
/// # Errors
/// [`PacketRefused`]; nothing of it is to be used then.
pub fn decode(bytes: &[u8]) -> Result<Vec<Packet>, PacketRefused> {
    if bytes.len() > MOST_BYTES {
        return Err(PacketRefused::TooLarge { found: bytes.len() });
    }
    let packets: Vec<Packet> = globelet_types::decode(bytes).map_err(PacketRefused::Malformed)?;
    packets.iter().try_for_each(Packet::check)?;
    Ok(packets)
}
