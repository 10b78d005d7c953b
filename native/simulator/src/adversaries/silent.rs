//! Hears everything, says nothing.
use super::{Adversary, Border};
use globelet_protocol::Effect;

/// Sends no message to anyone, and answers no client.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Adversary for Silent {
    fn name(&self) -> &'static str {
        "silent"
    }

    fn bend(&mut self, _border: &mut Border, effect: Effect) -> Vec<Effect> {
        match effect {
            Effect::StartTimer { .. } => vec![effect],
            _ => Vec::new(),
        }
    }
}
