//! What members say to each other, and what a step asks of the caller.

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_threshold::CoinShare;

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
