//! A presence record: one node says that it is there, where, since when, and until when to believe it.
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_clock::Stamp;
use globelet_protocol::Genesis;
use globelet_signatures::SigningKey;
use globelet_types::world::NodeSpec;
use globelet_types::{ChainId, NodeId, Signature};
use serde_json::{json, Value};
use thiserror::Error;

/// Longest time to live that is believed, microseconds.
pub const LONGEST_US: u64 = 600_000_000;
const DOMAIN: &[u8] = b"globelet presence 1";

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Record {
    /// The node.
    pub node: NodeId,
    /// Its chain.
    pub chain: ChainId,
    /// Latitude, millionths of a degree.
    pub latitude: i32,
    /// Longitude, millionths of a degree.
    pub longitude: i32,
    /// Stake, in units.
    pub stake: u64,
    /// Logged in since.
    pub since: Stamp,
    /// Said at.
    pub at: Stamp,
    /// To be believed so long after `at`, microseconds.
    pub ttl_us: u64,
}

/// A record with its node's signature.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Signed {
    /// The record.
    pub record: Record,
    /// Ed25519, by the node's key in the genesis, over [`Record::signing_bytes`].
    pub signature: Signature,
}

/// Why a record does not count.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordRefused {
    /// No such node.
    #[error("the world has no node {node}; check that both processes run the same world")]
    UnknownNode {
        /// The node named.
        node: u16,
    },
    /// Chain, place or stake are not those of the genesis.
    #[error("node {node} says of itself what the genesis does not; deal the world again if it was changed")]
    Contradicts {
        /// The node.
        node: u16,
    },
    /// It asks to be believed for too long.
    #[error("node {node} asks to be believed for {ttl_us} µs, at most {LONGEST_US} µs are; renew it more often")]
    TooLong {
        /// The node.
        node: u16,
        /// What it asks for.
        ttl_us: u64,
    },
    /// Its process answered too soon for the place it claims.
    #[error("node {node} claims a place at least {least_m} m away and answers within {taken_us} µs, in which light in fibre gets {reach_m} m there and back; run it where the world has it, or deal the world with its true place")]
    ImpossiblePlace {
        /// The node.
        node: u16,
        /// What the claimed place is away at least, metres.
        least_m: u64,
        /// The shortest round trip measured, microseconds.
        taken_us: u64,
        /// What that allows at most, with what an emulated link may stray, metres.
        reach_m: u64,
    },
    /// It came after its time.
    #[error("the record of node {node} is over since {late_us} µs; send a fresh one")]
    Over {
        /// The node.
        node: u16,
        /// How long since.
        late_us: u64,
    },
    /// It is from the future.
    #[error("the record of node {node} is not from now: {reason}")]
    Skew {
        /// The node.
        node: u16,
        /// What the clock says.
        reason: String,
    },
    /// Its signature is not its node's.
    #[error("the record of node {node} is not signed by it; each node signs its own")]
    BadSignature {
        /// The node.
        node: u16,
    },
}

impl RecordRefused {
    /// A short code for metrics.
    pub fn code(&self) -> &'static str {
        match self {
            RecordRefused::UnknownNode { .. } => "presence_unknown_node",
            RecordRefused::Contradicts { .. } => "presence_contradicts",
            RecordRefused::TooLong { .. } => "presence_too_long",
            RecordRefused::ImpossiblePlace { .. } => "presence_impossible_place",
            RecordRefused::Over { .. } => "presence_over",
            RecordRefused::Skew { .. } => "presence_skew",
            RecordRefused::BadSignature { .. } => "presence_bad_signature",
        }
    }
}

fn millionths(degrees: f64) -> i32 {
    (degrees * 1e6).round() as i32
}

impl Record {
    /// What node `node` may say of itself.
    pub fn of(node: NodeId, spec: &NodeSpec, since: Stamp, at: Stamp, ttl_us: u64) -> Record {
        let (latitude, longitude) = (millionths(spec.latitude), millionths(spec.longitude));
        Record { node, chain: spec.chain, latitude, longitude, stake: spec.stake, since, at, ttl_us }
    }

    /// The end of its time, microseconds since the Unix epoch.
    pub fn expires_us(&self) -> u64 {
        self.at.micros.saturating_add(self.ttl_us)
    }

    /// What is signed: a domain, the world's tag, the record's canonical encoding.
    pub fn signing_bytes(&self, tag: u64) -> Vec<u8> {
        let mut bytes = DOMAIN.to_vec();
        bytes.extend(tag.to_le_bytes());
        bytes.extend(globelet_types::encode(self));
        bytes
    }

    /// Signs it.
    pub fn sign(self, tag: u64, key: &SigningKey) -> Signed {
        Signed { signature: key.sign(&self.signing_bytes(tag)), record: self }
    }

    /// Everything that can be said against it without its signature, at `now_us`.
    ///
    /// # Errors
    /// [`RecordRefused`].
    pub fn check(&self, genesis: &Genesis, now_us: u64) -> Result<(), RecordRefused> {
        let node = self.node.0;
        let spec = genesis.world.nodes.get(self.node.index()).ok_or(RecordRefused::UnknownNode { node })?;
        if *self != Record::of(self.node, spec, self.since, self.at, self.ttl_us) || self.since > self.at {
            return Err(RecordRefused::Contradicts { node });
        }
        if self.ttl_us > LONGEST_US {
            return Err(RecordRefused::TooLong { node, ttl_us: self.ttl_us });
        }
        match now_us.checked_sub(self.expires_us()) {
            Some(late_us) => Err(RecordRefused::Over { node, late_us }),
            None => Ok(()),
        }
    }
}

impl Signed {
    /// As the presence service takes it.
    pub fn to_json(&self) -> Value {
        let r = &self.record;
        json!({
            "node": r.node, "chain": r.chain, "latitude": r.latitude, "longitude": r.longitude, "stake": r.stake,
            "since": [r.since.micros, r.since.counter], "at": [r.at.micros, r.at.counter], "ttl_us": r.ttl_us,
            "signature": hex::encode(self.signature),
        })
    }
}
