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
        if let Effect::Send { message: Message::Parcel(shard), .. } = &mut effect {
            let bent = shard.ciphertext.take().map(|ciphertext| {
                let mut bytes = ciphertext.bytes().to_vec();
                super::flip(border, &mut bytes);
                bytes
            });
            shard.ciphertext = bent.and_then(LaneCiphertext::new);
        }
        vec![effect]
    }
}
