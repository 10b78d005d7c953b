//! Says that it keeps shards, and does not.
use super::{Adversary, Border};
use globelet_protocol::{Effect, Message};
use globelet_types::world::Role;

/// Acknowledges every shard and drops it, so it can answer no challenge.
#[derive(Clone, Copy, Debug)]
pub struct ForgetfulHolder;

impl Adversary for ForgetfulHolder {
    fn name(&self) -> &'static str {
        "forgetful_holder"
    }

    fn role(&self) -> Role {
        Role::Holder
    }

    fn bend(&mut self, _border: &mut Border, effect: Effect) -> Vec<Effect> {
        match effect {
            Effect::Send { message: Message::Answer { .. }, .. } => Vec::new(),
            _ => vec![effect],
        }
    }
}
