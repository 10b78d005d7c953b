//! What a node signed since its last interval signature, and the timer that ends the interval.
use super::municipal::Out;
use crate::interval::{leaf, length_us, IntervalSignature, LEAVES_MOST};
use crate::{Genesis, Message, NodeSecrets, Timer};
use globelet_signatures::mldsa;
use globelet_types::{ChainId, Hash, Micros, NodeId};

/// The interval of one replica or holder.
pub(crate) struct Interval {
    world: u64,
    chain: ChainId,
    place: u16,
    key: mldsa::SigningKey,
    pub length_us: Micros,
    number: u64,
    leaves: Vec<Hash>,
    armed: bool,
    /// Another interval is wanted even if nothing is signed in it.
    wanted: bool,
}

impl Interval {
    /// An empty interval of the node at `place` of its chain's table.
    pub fn new(genesis: &Genesis, secrets: &NodeSecrets, chain: ChainId, place: u16) -> Interval {
        Interval {
            world: genesis.tag(),
            chain,
            place,
            key: mldsa::SigningKey::from_seed(&secrets.post_quantum),
            length_us: length_us(genesis),
            number: 0,
            leaves: Vec::new(),
            armed: false,
            wanted: false,
        }
    }

    /// These bytes were signed with Ed25519.
    pub fn signed(&mut self, bytes: &[u8]) {
        self.leaves.push(leaf(bytes));
    }

    /// These bytes, signed earlier, are asked for again. What is asked beyond one signature's leaves is not
    /// answered in this interval.
    pub fn signed_again(&mut self, bytes: &[u8]) {
        if self.leaves.len() < LEAVES_MOST {
            self.signed(bytes);
        }
    }

    /// Something else waits for the end of the next interval.
    pub fn want_another(&mut self) {
        self.wanted = true;
    }

    /// Sees that the interval ends, if there is anything to sign.
    pub fn arm(&mut self, out: &mut Out) {
        if !self.armed && (self.wanted || !self.leaves.is_empty()) {
            self.armed = true;
            out.timer(self.length_us, Timer::Interval);
        }
    }

    /// After a restart the process' timers are gone.
    pub fn disarm(&mut self) {
        self.armed = false;
    }

    /// The interval is over: signs what came together and sends it to `to`, with the leaves, so that
    /// whoever needs a path builds it. Returns what it sent.
    pub fn close(&mut self, to: &[NodeId], out: &mut Out) -> Vec<(IntervalSignature, Vec<Hash>)> {
        (self.armed, self.wanted) = (false, false);
        let mut closed = Vec::new();
        for leaves in std::mem::take(&mut self.leaves).chunks(LEAVES_MOST) {
            self.number += 1;
            let (chain, place, number) = (self.chain.0, self.place, self.number);
            let interval = IntervalSignature::sign(self.world, chain, place, number, leaves, &self.key);
            // On disk first: signed anew after a crash, the number would stand for other leaves.
            out.persist();
            out.send(to.to_vec(), Message::Interval { interval: interval.clone(), leaves: leaves.to_vec() });
            closed.push((interval, leaves.to_vec()));
        }
        closed
    }
}
