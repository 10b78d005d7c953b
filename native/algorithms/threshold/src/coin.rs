//! A common coin: unpredictable until `needed` members contribute, then the same for everybody.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use curve25519_dalek::ristretto::RistrettoPoint;

use crate::group::{at_zero, hash_to_point, wide_hash, Point};
use crate::proof::{EqualityProof, Statement};
use crate::{KeyShare, PublicKey, ThresholdError};

/// One member's contribution to the coin of a name; 98 bytes encoded.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CoinShare {
    /// The member, from 0.
    pub index: u16,
    share: Point,
    proof: EqualityProof,
}

fn base(name: &[u8]) -> RistrettoPoint {
    hash_to_point("globelet threshold 1: coin", &[name])
}

fn holds(key: &PublicKey, base: RistrettoPoint, share: &CoinShare) -> bool {
    key.member(share.index).is_some_and(|public| {
        Statement { public, other: base, image: share.share.0, context: b"coin" }.holds(&share.proof)
    })
}

impl KeyShare {
    /// This member's share of the coin called `name`. A name must be drawn once: one per instance and round.
    pub fn coin_share(&self, name: &[u8]) -> CoinShare {
        let other = base(name);
        let image = self.secret.0 * other;
        let statement = Statement { public: self.public.0, other, image, context: b"coin" };
        CoinShare { index: self.index(), share: Point(image), proof: statement.prove(&self.secret.0, &[]) }
    }
}

/// True if the share is what its member's key makes of the coin called `name`.
pub fn verify_coin_share(key: &PublicKey, name: &[u8], share: &CoinShare) -> bool {
    holds(key, base(name), share)
}

/// The coin called `name`: 32 bytes, the same whichever valid shares are used.
///
/// Shares are verified until enough hold; what does not verify is passed over.
///
/// # Errors
/// [`ThresholdError::NotEnough`] while fewer than `needed` distinct members sent valid shares.
pub fn combine_coin(key: &PublicKey, name: &[u8], shares: &[CoinShare]) -> Result<[u8; 32], ThresholdError> {
    let (other, needed) = (base(name), usize::from(key.needed()));
    let mut valid: BTreeMap<u16, RistrettoPoint> = BTreeMap::new();
    for share in shares {
        if valid.len() < needed && !valid.contains_key(&share.index) && holds(key, other, share) {
            valid.insert(share.index, share.share.0);
        }
    }
    if valid.len() < needed {
        return Err(ThresholdError::NotEnough { have: valid.len() as u16, needed: key.needed() });
    }
    let indices: Vec<u16> = valid.keys().copied().collect();
    let drawn = at_zero(&indices, &valid.into_values().collect::<Vec<_>>());
    let wide = wide_hash("globelet threshold 1: coin value", &[name, drawn.compress().as_bytes()]);
    let mut coin = [0; 32];
    coin.copy_from_slice(&wide[..32]);
    Ok(coin)
}
