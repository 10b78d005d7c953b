//! A holder: keeps shards it cannot read, and signs that it does.
use super::committee::Committee;
use super::interval::Interval;
use super::municipal::Out;
use crate::block::VertexHeader;
use crate::holding::{longest_us, AGAIN_US, PIECE};
use crate::message::{Holding, Message};
use crate::{Effect, Event, Genesis, NodeSecrets, Timer};
use globelet_clock::Clock;
use globelet_holding::{Challenge, Content, Extension, HoldingError, Limits, Wanted};
use globelet_signatures::SigningKey;
use globelet_types::{Micros, NodeId, Signature};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A light node of one municipality.
pub(crate) struct Holder {
    committee: Committee,
    clock: Clock,
    interval: Interval,
    holding_us: u64,
    /// By proposer and sequence, so that no proposer has two vertices under one.
    shards: globelet_holding::Holder<(u16, u64)>,
    /// By replica: when it was last answered.
    answered: BTreeMap<u16, Micros>,
}

impl Holder {
    /// `None` if the secrets are not those of a holder of this world.
    pub fn new(genesis: &Arc<Genesis>, secrets: &NodeSecrets) -> Option<Holder> {
        let chain = genesis.world.nodes.get(secrets.node.index())?.chain;
        let committee = Committee::new(genesis, chain);
        let place = committee.place(secrets.node).filter(|p| *p >= committee.size())?;
        let holding_us = genesis.world.parameters.holding_us;
        // What is kept is bounded by what the committee takes in while a shard's time lasts, and has kept longer.
        let limits = Limits { bytes: u64::MAX, shards: usize::MAX, longest_us: longest_us(&genesis.world.parameters) };
        Some(Holder {
            interval: Interval::new(genesis, secrets, chain, place),
            committee,
            clock: Clock::new(genesis.world.parameters.skew_us),
            holding_us,
            shards: globelet_holding::Holder::new(place, SigningKey::from_seed(&secrets.signing), limits),
            answered: BTreeMap::new(),
        })
    }

    pub fn handle(&mut self, now: Micros, event: Event) -> Vec<Effect> {
        let mut out = Out::default();
        match event {
            Event::MessageReceived {
                from, message: Message::Hold { header, signature, shard, holding, .. }, ..
            } => {
                self.hold(now, from, &header, signature, shard, holding, &mut out);
            }
            Event::MessageReceived { from, message: Message::Challenge { sequence, challenge }, .. } => {
                self.challenged(now, from, sequence, challenge, &mut out);
            }
            Event::MessageReceived { from, message: Message::Extend { sequence, extension }, .. } => {
                self.extend(now, from, sequence, &extension, &mut out);
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
        self.shards.expire(now);
        if let Holding::Shard { bytes, proof } = holding {
            let fits = header.chain == self.committee.chain
                && self.committee.member(from) == Some(header.proposer)
                && proof.index == u32::from(shard)
                && proof.verify(&header.body, &bytes);
            if fits {
                self.keep(now, header, signature, shard, bytes, out);
            }
        }
    }

    /// Keeps a shard that its vertex commits to: the header's signature vouches for the request.
    fn keep(
        &mut self,
        now: Micros,
        header: &VertexHeader,
        signature: Signature,
        shard: u16,
        bytes: Vec<u8>,
        out: &mut Out,
    ) {
        let (proposer, sequence, vertex) = (header.proposer, header.sequence, header.hash());
        let Some(asker) = self.committee.key(proposer) else { return };
        let (place, content) = ((proposer, sequence), Content::Checked { piece: PIECE });
        let wanted = Wanted { place, vertex, shard, asker, content, ttl_us: self.holding_us };
        let stands = || self.committee.verify(proposer, &vertex, &signature);
        match self.shards.keep(self.clock.now(now), &wanted, bytes, stands) {
            Ok(proof) => {
                self.interval.signed(&proof.signing_bytes(&vertex));
                out.persist();
                out.send(self.committee.replicas.clone(), Message::Held { vertex, proposer, sequence, proof });
            }
            Err(HoldingError::BadSignature) => {
                out.misbehaviour(proposer, "asked to hold a shard with a signature that does not verify");
            }
            Err(HoldingError::Conflict) => out.misbehaviour(proposer, "sealed two vertices under one sequence"),
            Err(_) => {}
        }
    }

    /// Keeps a shard longer for whoever sealed its batch, who alone can ask: the extension is signed.
    fn extend(&mut self, now: Micros, from: NodeId, sequence: u64, extension: &Extension, out: &mut Out) {
        let Some(proposer) = self.committee.member(from) else { return };
        let Ok(proof) = self.shards.extend_at(now, (proposer, sequence), extension) else { return };
        let vertex = extension.vertex;
        self.interval.signed(&proof.signing_bytes(&vertex));
        out.persist();
        out.send(vec![from], Message::Held { vertex, proposer, sequence, proof });
    }

    /// Shows the pieces that the shard's proposer asks for. A replica is answered now and then, however often it asks:
    /// an answer costs as much as the shard is long.
    fn challenged(&mut self, now: Micros, from: NodeId, sequence: u64, challenge: Challenge, out: &mut Out) {
        let Some(member) = self.committee.member(from) else { return };
        if self.answered.get(&member).is_some_and(|last| now < last.saturating_add(AGAIN_US / 2)) {
            return;
        }
        let Ok(answer) = self.shards.answer_at(now, (member, sequence), &challenge) else { return };
        self.answered.insert(member, now);
        out.send(vec![from], Message::Answer { challenge, answer });
    }

    /// Bytes of all shards kept.
    pub fn bytes_held(&self) -> u64 {
        self.shards.bytes_held()
    }
}
