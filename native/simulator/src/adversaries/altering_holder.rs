//! Keeps shards with a part of each altered, and shows that part as if it were whole.
use super::{Adversary, Border};
use globelet_merkle::MultiProof;
use globelet_protocol::{Effect, Message};
use globelet_types::world::Role;

/// One in so many pieces of every shard is altered, and at least one.
const SHARE: u32 = 32;

/// Alters the first pieces of every shard. It answers every challenge under its signature, rightly as long as none of
/// them is asked for.
#[derive(Clone, Copy, Debug)]
pub struct AlteringHolder;

impl AlteringHolder {
    /// How many pieces of a shard of `pieces` it alters.
    pub fn altered(pieces: u32) -> u32 {
        pieces.div_ceil(SHARE)
    }
}

impl Adversary for AlteringHolder {
    fn name(&self) -> &'static str {
        "altering_holder"
    }

    fn role(&self) -> Role {
        Role::Holder
    }

    fn bend(&mut self, border: &mut Border, mut effect: Effect) -> Vec<Effect> {
        if let Effect::Send { message: Message::Answer { challenge, answer }, .. } = &mut effect {
            // A node's own answer is well formed.
            if let Ok(proof) = MultiProof::from_bytes(&answer.proof) {
                let altered = AlteringHolder::altered(proof.count());
                let shown = proof.indices().iter().zip(&mut answer.pieces);
                shown
                    .filter(|(index, _)| **index < altered)
                    .for_each(|(_, piece)| piece.iter_mut().for_each(|b| *b ^= 1));
                answer.signature = border.key.sign(&answer.signing_bytes(challenge));
            }
        }
        vec![effect]
    }
}
