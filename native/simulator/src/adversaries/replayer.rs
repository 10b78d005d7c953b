//! Says old things again.
use super::{Adversary, Border};
use globelet_protocol::{Effect, Message};
use globelet_types::NodeId;

/// Old messages it remembers.
const MEMORY: usize = 256;

/// With every fourth message, sends an old one of its own again to those who had it.
#[derive(Clone, Debug, Default)]
pub struct Replayer {
    said: Vec<(Vec<NodeId>, Message)>,
}

impl Adversary for Replayer {
    fn name(&self) -> &'static str {
        "replayer"
    }

    fn bend(&mut self, border: &mut Border, effect: Effect) -> Vec<Effect> {
        let Effect::Send { to, message } = &effect else { return vec![effect] };
        if self.said.len() < MEMORY {
            self.said.push((to.clone(), message.clone()));
        } else {
            let place = border.random.below(MEMORY as u64) as usize;
            self.said[place] = (to.clone(), message.clone());
        }
        let mut effects = vec![effect];
        if border.random.below(4) == 0 {
            let place = border.random.below(self.said.len() as u64) as usize;
            let (to, message) = self.said[place].clone();
            effects.push(Effect::Send { to, message });
        }
        effects
    }
}
