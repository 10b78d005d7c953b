//! Sends shards that are not what the root says.
use super::{Adversary, Border};
use globelet_protocol::message::Holding;
use globelet_protocol::{Effect, Message};

/// Flips one bit of every shard and sealed body it sends.
#[derive(Clone, Copy, Debug)]
pub struct WrongShards;

impl Adversary for WrongShards {
    fn name(&self) -> &'static str {
        "wrong_shards"
    }

    fn bend(&mut self, border: &mut Border, mut effect: Effect) -> Vec<Effect> {
        if let Effect::Send { message, .. } = &mut effect {
            match message {
                Message::Hold { holding: Holding::Shard { bytes, .. }, .. } => super::flip(border, bytes),
                Message::Hold { holding: Holding::Body(bytes), .. } => super::flip(border, bytes),
                Message::VertexBody { body, .. } => super::flip(border, body),
                Message::Parcel(shard) => super::flip(border, &mut shard.bytes),
                _ => {}
            }
        }
        vec![effect]
    }
}
