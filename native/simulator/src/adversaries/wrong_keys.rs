//! Sends ciphertexts of lane keys that are not what the block says.
use super::{Adversary, Border};
use globelet_protocol::lane::LaneCiphertext;
use globelet_protocol::{Effect, Message};

/// Flips one bit of every lane's ciphertext that it sends, beside shards that are right.
#[derive(Clone, Copy, Debug)]
pub struct WrongKeys;

impl Adversary for WrongKeys {
    fn name(&self) -> &'static str {
        "wrong_keys"
    }

    fn bend(&mut self, border: &mut Border, mut effect: Effect) -> Vec<Effect> {
        match &mut effect {
            Effect::Send { message: Message::Parcel(shard), .. } => {
                shard.ciphertext = shard.ciphertext.as_ref().and_then(|ciphertext| bent(border, ciphertext));
            }
            Effect::Send { message: Message::LaneKey { ciphertext, .. }, .. } => {
                bent(border, ciphertext).into_iter().for_each(|wrong| *ciphertext = wrong);
            }
            _ => {}
        }
        vec![effect]
    }
}

fn bent(border: &mut Border, ciphertext: &LaneCiphertext) -> Option<LaneCiphertext> {
    let mut bytes = ciphertext.bytes().to_vec();
    super::flip(border, &mut bytes);
    LaneCiphertext::new(bytes)
}
