//! Votes with the others but keeps to itself what they need to go on.
use super::{send, Adversary, Border};
use globelet_protocol::{Effect, Message};

/// Gives no shards, bodies or decryption shares, and tells half of the committee of its vertices.
#[derive(Clone, Copy, Debug)]
pub struct Withholder;

impl Adversary for Withholder {
    fn name(&self) -> &'static str {
        "withholder"
    }

    fn bend(&mut self, _border: &mut Border, effect: Effect) -> Vec<Effect> {
        let Effect::Send { mut to, message } = effect else { return vec![effect] };
        match message {
            Message::Parcel(_) | Message::VertexBody { .. } | Message::Open { .. } => return Vec::new(),
            Message::Vertex(_) => to.truncate(to.len().div_ceil(2)),
            _ => {}
        }
        send(to, message).into_iter().collect()
    }
}
