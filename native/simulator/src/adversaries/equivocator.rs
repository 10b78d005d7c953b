//! Tells one half of its receivers one thing and the other half another, properly signed.
use super::{send, Adversary, Border};
use globelet_abba::AbbaMessage;
use globelet_hotstuff::HotstuffMessage;
use globelet_protocol::block::vote_bytes;
use globelet_protocol::{Effect, Message};

/// Receivers with an odd number get the second version of whatever has one. The halves do not depend
/// on the message, so a lie is kept up over many of them, also when each goes to one receiver alone.
#[derive(Clone, Copy, Debug)]
pub struct Equivocator;

impl Adversary for Equivocator {
    fn name(&self) -> &'static str {
        "equivocator"
    }

    fn bend(&mut self, border: &mut Border, effect: Effect) -> Vec<Effect> {
        let Effect::Send { to, message } = effect else { return vec![effect] };
        let Some(other) = second_version(border, &message) else {
            return vec![Effect::Send { to, message }];
        };
        let (odd, even) = to.into_iter().partition(|node| node.0 % 2 == 1);
        send(even, message).into_iter().chain(send(odd, other)).collect()
    }
}

fn second_version(border: &Border, message: &Message) -> Option<Message> {
    let mut other = message.clone();
    match &mut other {
        // The same sequence with another stamp is another vertex, signed with the node's own key.
        Message::Hold { header, signature, .. } => {
            header.at.counter ^= 1;
            *signature = border.key.sign(&header.hash());
        }
        Message::Agree { messages, .. } => messages.iter_mut().for_each(|(_, said)| flip(said)),
        Message::Vote { height, block, signature } => {
            block[0] ^= 1;
            *signature = border.key.sign(&vote_bytes(border.chain, *height, block));
        }
        Message::RoundResult { decisions, .. } => decisions.iter_mut().for_each(|d| *d = !*d),
        Message::Hotstuff(HotstuffMessage::Propose { header, .. }) => header.time_us += 1,
        _ => return None,
    }
    Some(other)
}

fn flip(said: &mut AbbaMessage) {
    match said {
        AbbaMessage::Bval { value, .. } | AbbaMessage::Aux { value, .. } | AbbaMessage::Term { value } => {
            *value = !*value;
        }
        AbbaMessage::Conf { values, .. } => *values = 3 ^ (*values & 3),
        AbbaMessage::Coin { .. } => {}
    }
}
