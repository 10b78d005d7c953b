//! Opens batches, signs checkpoints and deals keys with shares that are not its own.
use super::{Adversary, Border};
use globelet_protocol::{Effect, NodeSecrets};
use globelet_threshold::signature::{deal_signing, SigningShare};
use globelet_threshold::{deal, KeyShare};

/// Holds shares of keys that it made up itself, in place of those that it was dealt.
#[derive(Clone, Copy, Debug)]
pub struct FalseShares;

/// A seat's share of a key of nobody's, for the seat that `own` has.
fn false_share(own: &KeyShare, randomness: &[u8; 32]) -> Option<KeyShare> {
    let (_, shares) = deal(own.index() + 1, 1, randomness).ok()?;
    shares.into_iter().next_back()
}

fn false_signing_share(own: &SigningShare, randomness: &[u8; 32]) -> Option<SigningShare> {
    let (_, shares) = deal_signing(own.index() + 1, 1, randomness).ok()?;
    shares.into_iter().next_back()
}

impl Adversary for FalseShares {
    fn name(&self) -> &'static str {
        "false_shares"
    }

    fn bend(&mut self, _border: &mut Border, effect: Effect) -> Vec<Effect> {
        vec![effect]
    }

    fn spoil(&self, border: &mut Border, secrets: &mut NodeSecrets) -> bool {
        let mut randomness = [0; 32];
        randomness.fill_with(|| border.random.below(256) as u8);
        secrets.threshold = secrets.threshold.as_ref().and_then(|own| false_share(own, &randomness));
        secrets.checkpoint = secrets.checkpoint.as_ref().and_then(|own| false_signing_share(own, &randomness));
        secrets.threshold.is_some()
    }
}
