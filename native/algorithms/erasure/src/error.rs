//! What codes, proofs and manifests refuse.

/// Why shards could not be made or a payload not rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErasureError {
    /// The code's shape is impossible.
    #[error("a code needs 1 <= k <= n <= 255, or k < n with at most 65535 shards, got k = {k}, n = {n}: choose another shape")]
    Shape {
        /// Shards needed to rebuild.
        k: usize,
        /// Shards made.
        n: usize,
    },
    /// Fewer than `k` distinct shards were given.
    #[error("{have} distinct shards given, {need} needed: fetch {} more", need - have)]
    TooFew {
        /// Distinct shards given.
        have: usize,
        /// Shards needed.
        need: usize,
    },
    /// A shard number is not below `n`.
    #[error("shard {index} does not exist in a code of {n} shards: drop it")]
    Index {
        /// The number given.
        index: usize,
        /// Shards in the code.
        n: usize,
    },
    /// Two different shards carry the same number.
    #[error("two different shards carry number {index}: check both against the commitment")]
    Conflict {
        /// The number they share.
        index: usize,
    },
    /// A shard's length differs from the others', or is zero.
    #[error("shard {index} has {have} bytes where {need} were expected: check it against the commitment")]
    Length {
        /// The odd shard.
        index: usize,
        /// Its length in bytes.
        have: usize,
        /// The length of the other shards in bytes.
        need: usize,
    },
    /// The rebuilt frame is not one that [`crate::Codec::encode`] makes.
    #[error(
        "the rebuilt frame is malformed (declares {declared} of {room} bytes): some shard is false, or the sender was"
    )]
    Frame {
        /// Payload length that the frame declares, in bytes.
        declared: usize,
        /// Bytes that the frame has room for.
        room: usize,
    },
    /// The rebuilt payload does not encode to the committed shards.
    #[error("the rebuilt payload does not encode to the committed root: its sender committed to shards that disagree, refuse it")]
    Inconsistent,
    /// Too few shards stand under the root; those that do not are named.
    #[error(
        "shards {} are not what was committed to, and {have} good ones are left where {need} are needed: fetch others",
        list(wrong)
    )]
    Wrong {
        /// The shards that do not stand, rising.
        wrong: Vec<usize>,
        /// Distinct good shards.
        have: usize,
        /// Shards needed.
        need: usize,
    },
    /// Not as many strings as the code has data, parity or shards.
    #[error("{have} strings given where the code has {need}: pass one for each")]
    Count {
        /// Strings given.
        have: usize,
        /// Strings needed.
        need: usize,
    },
    /// The payload is longer than a frame can say.
    #[error("a payload has at most {most} bytes, not {have}: encode it in stripes")]
    TooLong {
        /// Bytes given.
        have: u64,
        /// Bytes that are taken.
        most: u64,
    },
    /// The size of a stripe is impossible.
    #[error(
        "a stripe has 1 to {} bytes, not {stripe}: choose another size, 1048576 for example",
        crate::stream::MAX_STRIPE
    )]
    Stripe {
        /// Bytes asked for.
        stripe: u64,
    },
    /// There is no stripe of this number.
    #[error("there is no stripe {number} in a payload of {count}: stripes are numbered from 0")]
    NoSuchStripe {
        /// The stripe asked for.
        number: u64,
        /// Stripes there are.
        count: u64,
    },
    /// The bytes are no manifest, or not in its only encoding.
    #[error("these {length} bytes are no manifest: pass exactly the bytes that were encoded")]
    Manifest {
        /// What was given, in bytes.
        length: u64,
    },
    /// The bytes are no proof for a tree of this many shards.
    #[error("these {length} bytes are no proof for a shard: pass exactly the bytes that were encoded")]
    Proof {
        /// What was given, in bytes.
        length: u64,
    },
}

impl ErasureError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            ErasureError::Shape { .. } => "erasure.shape",
            ErasureError::TooFew { .. } => "erasure.too-few",
            ErasureError::Index { .. } => "erasure.no-such-shard",
            ErasureError::Conflict { .. } => "erasure.conflict",
            ErasureError::Length { .. } => "erasure.length",
            ErasureError::Frame { .. } => "erasure.frame",
            ErasureError::Inconsistent => "erasure.inconsistent",
            ErasureError::Wrong { .. } => "erasure.wrong-shards",
            ErasureError::Count { .. } => "erasure.count",
            ErasureError::TooLong { .. } => "erasure.too-long",
            ErasureError::Stripe { .. } => "erasure.stripe",
            ErasureError::NoSuchStripe { .. } => "erasure.no-such-stripe",
            ErasureError::Manifest { .. } => "erasure.manifest",
            ErasureError::Proof { .. } => "erasure.proof",
        }
    }
}

/// Numbers as people write them.
fn list(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
