//! Identities: small indices into the world for places and nodes, hashes for everything signed.
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Microseconds: of physical time since the Unix epoch, or of virtual time in the simulator.
pub type Micros = u64;
/// A BLAKE3 hash, 32 bytes.
pub type Hash = [u8; 32];
/// An Ed25519 signature, 64 bytes.
pub type Signature = [u8; 64];

macro_rules! index {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(
            Clone,
            Copy,
            Debug,
            Default,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            BorshSerialize,
            BorshDeserialize,
            Serialize,
            Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u16);

        impl $name {
            /// The index as a `usize`, for tables.
            pub fn index(self) -> usize {
                usize::from(self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

index!(NodeId, "A node: its place in the world's node table.");
index!(ChainId, "A chain: its place in the world's chain table. A municipality is named by its chain.");
index!(RegionId, "A region: its place in the world's region table.");

macro_rules! digest {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// Parses 64 hexadecimal digits.
            pub fn parse(text: &str) -> Option<Self> {
                let mut bytes = [0u8; 32];
                hex::decode_to_slice(text, &mut bytes).ok()?;
                Some(Self(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(&self.0[..6]))
            }
        }
    };
}

digest!(AccountId, "An account: its owner's Ed25519 public key.");
digest!(OrderId, "An order (a transfer, an opening or a move): BLAKE3 of its signing bytes.");
