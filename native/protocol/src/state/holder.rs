//! A holder: keeps shards it cannot read, and signs that it does.
use super::committee::Committee;
use super::interval::Interval;
use super::municipal::Out;
use crate::block::{HoldingProof, VertexHeader};
use crate::holding::{AGAIN_US, PIECE};
use crate::message::{Holding, Message};
use crate::{Effect, Event, Genesis, NodeSecrets, Timer};
use globelet_clock::Clock;
use globelet_holding::{Answer, Challenge};
use globelet_signatures::SigningKey;
use globelet_types::{Hash, Micros, NodeId, Signature};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A shard kept durably.
struct Shard {
    vertex: Hash,
    shard: u16,
    since: globelet_clock::Stamp,
    until_us: Micros,
    bytes: Vec<u8>,
}

/// A light node of one municipality.
pub(crate) struct Holder {
    committee: Committee,
    place: u16,
    key: SigningKey,
    clock: Clock,
    interval: Interval,
    holding_us: u64,
    /// By proposer and sequence.
    shards: BTreeMap<(u16, u64), Shard>,
    /// By replica: when it was last answered.
    answered: BTreeMap<u16, Micros>,
}

impl Holder {
    /// `None` if the secrets are not those of a holder of this world.
    pub fn new(genesis: &Arc<Genesis>, secrets: &NodeSecrets) -> Option<Holder> {
        let chain = genesis.world.nodes.get(secrets.node.index())?.chain;
        let committee = Committee::new(genesis, chain);
        let place = committee.place(secrets.node).filter(|p| *p >= committee.size())?;
        Some(Holder {
            interval: Interval::new(genesis, secrets, chain, place),
            place,
            committee,
            key: SigningKey::from_seed(&secrets.signing),
            clock: Clock::new(genesis.world.parameters.skew_us),
            holding_us: genesis.world.parameters.holding_us,
            shards: BTreeMap::new(),
            answered: BTreeMap::new(),
        })
    }

    pub fn handle(&mut self, now: Micros, event: Event) -> Vec<Effect> {
        let mut out = Out::default();
        match event {
            Event::MessageReceived { from, message: Message::Hold { header, signature, shard, holding, .. } } => {
                self.hold(now, from, &header, signature, shard, holding, &mut out);
            }
            Event::MessageReceived { from, message: Message::Challenge { sequence, challenge } } => {
                self.challenged(now, from, sequence, challenge, &mut out);
            }
            Event::TimerExpired(Timer::Interval) => {
                self.interval.close(&self.committee.replicas, &mut out);
            }
            Event::Started => self.interval.disarm(),
            _ => {}
        }
        self.interval.arm(&mut out);
        out.0
    }

    #[allow(clippy::too_many_arguments)]
    fn hold(
        &mut self,
        now: Micros,
        from: NodeId,
        header: &VertexHeader,
        signature: Signature,
        shard: u16,
        holding: Holding,
        out: &mut Out,
    ) {
        self.expire(now);
        if let Holding::Shard { bytes, proof } = holding {
            let fits = header.chain == self.committee.chain
                && self.committee.member(from) == Some(header.proposer)
                && proof.index == u32::from(shard)
                && proof.verify(&header.body, &bytes);
            let key = (header.proposer, header.sequence);
            if fits {
                self.keep(now, key, header.hash(), signature, shard, bytes, out);
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn keep(
        &mut self,
        now: Micros,
        key: (u16, u64),
        vertex: Hash,
        signature: Signature,
        shard: u16,
        bytes: Vec<u8>,
        out: &mut Out,
    ) {
        if !self.shards.contains_key(&key) {
            if !self.committee.verify(key.0, &vertex, &signature) {
                out.misbehaviour(key.0, "asked to hold a shard with a signature that does not verify");
                return;
            }
            let since = self.clock.now(now);
            let kept = Shard { vertex, shard, since, until_us: now + self.holding_us, bytes };
            self.shards.insert(key, kept);
        }
        let Some(kept) = self.shards.get(&key).filter(|s| s.vertex == vertex && s.shard == shard) else {
            out.misbehaviour(key.0, "sealed two vertices under one sequence");
            return;
        };
        let (since, until_us) = (kept.since, kept.until_us);
        let mut proof = HoldingProof { holder: self.place, shard, since, until_us, signature: [0; 64] };
        let signed = proof.signing_bytes(&vertex);
        proof.signature = self.key.sign(&signed);
        self.interval.signed(&signed);
        out.persist();
        let (proposer, sequence) = key;
        out.send(self.committee.replicas.clone(), Message::Held { vertex, proposer, sequence, proof });
    }

    /// Shows the pieces that the shard's proposer asks for. A replica is answered now and then, however often it asks:
    /// an answer costs as much as the shard is long.
    fn challenged(&mut self, now: Micros, from: NodeId, sequence: u64, challenge: Challenge, out: &mut Out) {
        let Some(member) = self.committee.member(from) else { return };
        let early = self.answered.get(&member).is_some_and(|last| now < last.saturating_add(AGAIN_US / 2));
        let asked_in_time = challenge.holder == self.place && now <= challenge.due_us;
        if early || !asked_in_time {
            return;
        }
        let same = |s: &&Shard| s.vertex == challenge.vertex && s.shard == challenge.shard && s.until_us > now;
        let Some(kept) = self.shards.get(&(member, sequence)).filter(same) else { return };
        let Ok(cut) = globelet_holding::Shard::cut(kept.bytes.clone(), PIECE) else { return };
        let Ok(answer) = Answer::make(&self.key, &challenge, &cut) else { return };
        self.answered.insert(member, now);
        out.send(vec![from], Message::Answer { challenge, answer });
    }

    fn expire(&mut self, now: Micros) {
        // Shards of one proposer expire in the order of their sequences: looking at the first of each is enough.
        for proposer in 0..self.committee.size() {
            while let Some((&key, first)) = self.shards.range((proposer, 0)..=(proposer, u64::MAX)).next() {
                if first.until_us > now {
                    break;
                }
                self.shards.remove(&key);
            }
        }
    }

    /// Bytes of all shards kept.
    pub fn bytes_held(&self) -> u64 {
        self.shards.values().map(|s| s.bytes.len() as u64).sum()
    }
}
