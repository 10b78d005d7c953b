//! What members say to each other, and what a step asks of the caller.

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_threshold::CoinShare;

use crate::instance::FIRST_DRAWN;
use crate::AbbaError;

/// The longest encoding: a coin share of 98 bytes behind its kind and round.
pub const MAX_MESSAGE: usize = 103;

/// A message of one instance; the caller names the instance and authenticates the sender.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
// Coin shares are rare: a box for each would cost more than the space does.
#[allow(clippy::large_enum_variant)]
pub enum AbbaMessage {
    /// The sender supports `value` in `round` (BV-broadcast).
    Bval {
        /// Round, from 0.
        round: u32,
        /// The value supported.
        value: bool,
        /// True if this is the sender's own input, which exists in round 0 only; false for a relay.
        input: bool,
    },
    /// The first value that entered the sender's bin_values of `round`.
    Aux {
        /// Round, from 0.
        round: u32,
        /// That value.
        value: bool,
    },
    /// The values the sender saw in n - f AUX messages; sent from round 2 on only.
    Conf {
        /// Round, from 2.
        round: u32,
        /// Bit 0 stands for false, bit 1 for true.
        values: u8,
    },
    /// The sender's share of the coin of `round`.
    Coin {
        /// Round, from 2.
        round: u32,
        /// The share.
        share: CoinShare,
    },
    /// The sender has decided.
    Term {
        /// The decision.
        value: bool,
    },
}

impl AbbaMessage {
    /// The round it speaks of; 0 for [`AbbaMessage::Term`], which is about none.
    pub fn round(&self) -> u32 {
        match self {
            Self::Bval { round, .. }
            | Self::Aux { round, .. }
            | Self::Conf { round, .. }
            | Self::Coin { round, .. } => *round,
            Self::Term { .. } => 0,
        }
    }

    /// True if an honest member could have said it.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Bval { round, input, .. } => !input || *round == 0,
            Self::Conf { round, values } => *round >= FIRST_DRAWN && (1..=3).contains(values),
            Self::Coin { round, .. } => *round >= FIRST_DRAWN,
            Self::Aux { .. } | Self::Term { .. } => true,
        }
    }

    /// The message's bytes: borsh, one encoding for each message.
    pub fn to_bytes(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("a message has no part that can fail to encode")
    }

    /// Reads what [`AbbaMessage::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`AbbaError::Malformed`] for anything but exactly one canonical message, at most [`MAX_MESSAGE`] bytes, that an
    /// honest member could have sent. Coin shares are not verified here.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AbbaError> {
        let malformed = |reason: String| AbbaError::Malformed { reason };
        if bytes.len() > MAX_MESSAGE {
            return Err(malformed(format!("{} bytes where at most {MAX_MESSAGE} are taken", bytes.len())));
        }
        let message: Self = borsh::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        if !message.is_sound() {
            return Err(malformed("no honest member says this".to_owned()));
        }
        if message.to_bytes() != bytes {
            return Err(malformed("the encoding is not canonical".to_owned()));
        }
        Ok(message)
    }
}

/// What one step asks of the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// To send to every other member, in this order.
    pub broadcast: Vec<AbbaMessage>,
    /// The decision, set exactly once, in the step that decides.
    pub decision: Option<bool>,
    /// The caller must make its coin share for this round and pass it to `Abba::coin_share`.
    pub need_coin: Option<u32>,
}
