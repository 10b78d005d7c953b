//! Bad actors by name: wrappers around a node's effects, or around its secrets. The node's own state stays honest, so each
//! one misbehaves in one way only and a failing test names its culprit.
mod altering_holder;
mod equivocator;
mod false_shares;
mod forgetful_holder;
mod liar_about_time;
mod replayer;
mod silent;
mod withholder;
mod wrong_keys;
mod wrong_shards;

pub use altering_holder::AlteringHolder;
pub use equivocator::Equivocator;
pub use false_shares::FalseShares;
pub use forgetful_holder::ForgetfulHolder;
pub use liar_about_time::LiarAboutTime;
pub use replayer::Replayer;
pub use silent::Silent;
pub use withholder::Withholder;
pub use wrong_keys::WrongKeys;
pub use wrong_shards::WrongShards;

use crate::random::Random;
use globelet_protocol::{Effect, Genesis, Message, NodeSecrets};
use globelet_signatures::SigningKey;
use globelet_types::world::Role;
use globelet_types::{ChainId, NodeId};

/// Every adversary's name.
pub const NAMES: [&str; 10] = [
    "silent",
    "equivocator",
    "withholder",
    "replayer",
    "liar_about_time",
    "wrong_shards",
    "wrong_keys",
    "false_shares",
    "forgetful_holder",
    "altering_holder",
];

/// What an adversary has at hand: its node's own keys and seeded randomness, never anyone else's.
#[derive(Debug)]
pub struct Border {
    /// Its node.
    pub node: NodeId,
    /// Its chain.
    pub chain: ChainId,
    /// Its node's signing key.
    pub key: SigningKey,
    /// Its dice.
    pub random: Random,
}

impl Border {
    pub(crate) fn new(genesis: &Genesis, secrets: &NodeSecrets, seed: u64) -> Border {
        Border {
            node: secrets.node,
            chain: genesis.world.nodes[secrets.node.index()].chain,
            key: SigningKey::from_seed(&secrets.signing),
            random: Random::new(seed, &format!("adversary {}", secrets.node)),
        }
    }
}

/// One way to break the protocol.
pub trait Adversary: Send + Sync {
    /// Its name, as scenarios write it.
    fn name(&self) -> &'static str;

    /// Turns one effect of an honest state into what leaves the node. `Effect::Persist` never comes here.
    fn bend(&mut self, border: &mut Border, effect: Effect) -> Vec<Effect>;

    /// What kind of node it spoils.
    fn role(&self) -> Role {
        Role::Replica
    }

    /// Changes what its node was dealt; true if it did.
    fn spoil(&self, _border: &mut Border, _secrets: &mut NodeSecrets) -> bool {
        false
    }

    /// How far its clock is off, in microseconds.
    fn clock_offset_us(&self) -> i64 {
        0
    }
}

/// The adversary of a name; `None` if there is none.
pub fn by_name(name: &str) -> Option<Box<dyn Adversary>> {
    Some(match name {
        "silent" => Box::new(Silent),
        "equivocator" => Box::new(Equivocator),
        "withholder" => Box::new(Withholder),
        "replayer" => Box::new(Replayer::default()),
        "liar_about_time" => Box::new(LiarAboutTime::default()),
        "wrong_shards" => Box::new(WrongShards),
        "wrong_keys" => Box::new(WrongKeys),
        "false_shares" => Box::new(FalseShares),
        "forgetful_holder" => Box::new(ForgetfulHolder),
        "altering_holder" => Box::new(AlteringHolder),
        _ => return None,
    })
}

fn send(to: Vec<NodeId>, message: Message) -> Option<Effect> {
    (!to.is_empty()).then_some(Effect::Send { to, message })
}

/// Flips one bit somewhere.
fn flip(border: &mut Border, bytes: &mut [u8]) {
    if !bytes.is_empty() {
        let place = border.random.below(bytes.len() as u64) as usize;
        bytes[place] ^= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_names_one() {
        for name in NAMES {
            assert_eq!(by_name(name).map(|a| a.name()), Some(name));
        }
        assert!(by_name("friendly").is_none());
    }
}
