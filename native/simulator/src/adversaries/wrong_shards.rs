//! Sends shards that are not what the root says.
use super::{Adversary, Border};
use globelet_protocol::message::Holding;
use globelet_protocol::{Effect, Message};

/// Flips one bit of every shard and sealed body it sends.
#[derive(Clone, Copy, Debug)]
pub struct WrongShards;

fn flip(border: &mut Border, bytes: &mut [u8]) {
    if !bytes.is_empty() {
        let place = border.random.below(bytes.len() as u64) as usize;
        bytes[place] ^= 1;
    }
}

impl Adversary for WrongShards {
    fn name(&self) -> &'static str {
        "wrong_shards"
    }

    fn bend(&mut self, border: &mut Border, mut effect: Effect) -> Vec<Effect> {
        if let Effect::Send { message, .. } = &mut effect {
            match message {
                Message::Hold { holding: Holding::Shard { bytes, .. }, .. } => flip(border, bytes),
                Message::Hold { holding: Holding::Body(bytes), .. } => flip(border, bytes),
                Message::VertexBody { body, .. } => flip(border, body),
                Message::Parcel(shard) => flip(border, &mut shard.bytes),
                _ => {}
            }
        }
        vec![effect]
    }
}
