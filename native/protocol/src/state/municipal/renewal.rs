//! When other replicas get the seats: what was under way goes on under the new committee.
use super::hold::Vertices;
use super::ingress::Sealing;
use super::{Municipal, Out};
use crate::block::{HeldVertex, HoldingProof};
use crate::message::Message;
use globelet_erasure::commit;
use globelet_types::{Hash, Micros, NodeId};
use globelet_vrf::{Proof, Suite};

impl Vertices {
    /// Sequences of this proposer from `next` on that this replica signed a vertex for, with its hash.
    fn signed_from(&self, proposer: u16, next: u64) -> Vec<(u64, Hash)> {
        self.signed[usize::from(proposer)].range(next..).map(|(sequence, hash)| (*sequence, *hash)).collect()
    }

    /// A vertex that was held is not any more: its proofs are kept.
    fn unhold(&mut self, proposer: u16, sequence: u64) {
        let i = usize::from(proposer);
        if let Some(vertex) = self.held[i].remove(&sequence) {
            self.gathering[i].insert(sequence, vertex);
        }
    }

    fn is_gathering(&self, proposer: u16, sequence: u64) -> bool {
        self.gathering[usize::from(proposer)].contains_key(&sequence)
    }

    /// A vertex that is not held yet.
    fn gathered_so_far(&self, proposer: u16, sequence: u64) -> Option<HeldVertex> {
        self.gathering[usize::from(proposer)].get(&sequence).cloned()
    }

    /// Replaces this replica's own proof.
    fn prove_again(&mut self, proposer: u16, sequence: u64, proof: HoldingProof) {
        if let Some(vertex) = self.gathering[usize::from(proposer)].get_mut(&sequence) {
            vertex.proofs.retain(|p| p.holder != proof.holder);
            vertex.proofs.push(proof);
        }
    }

    /// The sealed body of a vertex, held or not.
    fn body_of(&self, proposer: u16, sequence: u64) -> Option<&[u8]> {
        self.bodies[usize::from(proposer)].get(&sequence).map(Vec::as_slice)
    }
}

impl Municipal {
    /// Those whom a message of this round is for.
    pub(super) fn peers_in(&self, round: u64) -> Vec<NodeId> {
        let replicas = &self.frame.committee().replicas;
        self.round.seats_in(round).others().map(|place| replicas[usize::from(place)]).collect()
    }

    /// A round is over: those who have no voice in it hear from its members what it took in.
    pub(super) fn tell_standbys(&self, round: u64, out: &mut Out) {
        let (seats, committee) = (self.round.seats_in(round), self.frame.committee());
        if seats.own().is_none() || committee.term().size() == committee.size() {
            return;
        }
        let Some(past) = self.round.history.get(&round) else { return };
        let standby = |(place, node): (u16, &NodeId)| seats.seat(place).is_none().then_some(*node);
        let to: Vec<NodeId> = (0..).zip(&committee.replicas).filter_map(standby).collect();
        out.send(to, Message::RoundResult { round, decisions: past.decisions.clone() });
    }

    /// A vertex is held if a quorum of those who agree on it signed it. What was held by the old committee is held anew:
    /// every replica says again that it signed it, and its ingress asks those who did not.
    pub(super) fn renew_vertices(&mut self, now: Micros, out: &mut Out) {
        for proposer in 0..self.frame.committee().size() {
            let next = self.round.next[usize::from(proposer)];
            for (sequence, hash) in self.vertices.signed_from(proposer, next) {
                let held = self.vertices.get(proposer, sequence).is_some_and(|v| !self.frame.enough_proofs(v));
                if held {
                    self.vertices.unhold(proposer, sequence);
                }
                if self.vertices.get(proposer, sequence).is_some() || !self.vertices.is_gathering(proposer, sequence) {
                    continue;
                }
                let since = self.clock.now(now);
                let proof = self.prove_holding(now, since, self.frame.me, &hash);
                self.vertices.prove_again(proposer, sequence, proof.clone());
                out.persist();
                out.send(self.frame.others(), Message::Held { vertex: hash, proposer, sequence, proof });
                if proposer != self.frame.me {
                    self.hold_if_proved(now, proposer, sequence, out);
                } else if held {
                    self.seal_again(now, sequence, out);
                }
            }
        }
    }

    /// A vertex of ours is not held any more: its holders are asked again.
    fn seal_again(&mut self, now: Micros, sequence: u64, out: &mut Out) {
        let Some(vertex) = self.vertices.gathered_so_far(self.frame.me, sequence) else { return };
        let Some(body) = self.vertices.body_of(self.frame.me, sequence).map(<[u8]>::to_vec) else { return };
        let draw = vertex.header.draw.as_slice().try_into().ok();
        let output = draw.and_then(|proof: [u8; 80]| Proof::from_bytes(&proof).ok()).map(|p| p.output(Suite::Tai));
        let Some(placed) = output.map(|output| self.place_shards(&output, sequence)) else { return };
        let hash = vertex.header.hash();
        let own = self.prove_holding(now, vertex.header.at, self.frame.me, &hash);
        let shards = self.frame.body_codec.encode(&body);
        let commitment = commit(&shards);
        let asked = placed.len();
        let sealing = Sealing { vertex, own, hash, body, shards, commitment, placed, asked };
        self.request_holding(&sealing, asked, out);
        self.vertices.gathered(self.frame.me, sequence);
        self.ingress.sealing.insert(sequence, sealing);
    }
}
