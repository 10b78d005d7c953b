//! S3: holding proofs asked for by the ingress, and counted where they arrive.
use super::challenge::Sample;
use super::extension::Promises;
use super::ingress::Sealing;
use super::{Frame, Municipal, Out};
use crate::block::{HeldVertex, HoldingProof};
use crate::holding::longest_us;
use crate::message::{Holding, Message};
use globelet_clock::Stamp;
use globelet_types::{Hash, Micros, NodeId};

impl Frame {
    /// True if a quorum of the committee signed the header and enough holders proved it. Those who stand by sign as well,
    /// once for a sequence like all, so that what is held needs no proving anew when they get seats.
    pub fn enough_proofs(&self, vertex: &HeldVertex) -> bool {
        let committee = self.committee();
        let term = committee.term();
        let members = vertex.proofs.iter().filter(|p| term.seat(p.holder).is_some()).count();
        members >= term.quorum() && vertex.proofs.len() >= usize::from(self.parameters().proofs_needed)
    }

    /// Verifies the proofs together once there are enough; drops those that do not hold. True if enough do.
    pub fn prove(&self, now: Micros, vertex: &mut HeldVertex, out: &mut Out) -> bool {
        if !self.enough_proofs(vertex) {
            return false;
        }
        // Whose time is over is asked again; what this replica keeps itself it need not be told.
        let longest_us = longest_us(self.parameters());
        vertex.proofs.retain(|p| p.holder == self.me || p.in_time(now, longest_us).is_ok());
        if !self.enough_proofs(vertex) {
            return false;
        }
        let hash = vertex.header.hash();
        let bytes: Vec<Vec<u8>> = vertex.proofs.iter().map(|p| p.signing_bytes(&hash)).collect();
        let items: Vec<_> =
            vertex.proofs.iter().zip(&bytes).map(|(p, b)| (p.holder, b.as_slice(), &p.signature)).collect();
        if self.committee().verify_all(&items) {
            return true;
        }
        vertex.proofs.retain(|p| {
            let holds = self.committee().verify(p.holder, &p.signing_bytes(&hash), &p.signature);
            if !holds {
                out.misbehaviour(p.holder, "signed a holding proof that does not verify");
            }
            holds
        });
        self.enough_proofs(vertex)
    }
}

impl Municipal {
    /// S3: sends PoH_REQUEST to the first `asked` places, as far as they have not proved yet.
    pub(super) fn request_holding(&self, sealing: &Sealing, asked: usize, out: &mut Out) {
        let committee = self.frame.committee();
        let proved = |place: u16| sealing.vertex.proofs.iter().any(|p| p.holder == place);
        let hold = |shard: u16, holding| Message::Hold {
            header: sealing.vertex.header.clone(),
            signature: sealing.vertex.signature,
            shard,
            own: sealing.own.clone(),
            holding,
        };
        for (shard, &node) in sealing.placed.iter().enumerate().take(asked) {
            let Some(place) = committee.place(node) else { continue };
            if proved(place) {
                continue;
            }
            if place < committee.size() {
                out.send(vec![node], hold(place, Holding::Body(sealing.body.clone())));
            } else {
                let bytes = sealing.shards[shard].clone();
                let proof = sealing.commitment.proof(shard);
                out.send(vec![node], hold(shard as u16, Holding::Shard { bytes, proof }));
            }
        }
    }

    /// A PoH_ACK arrived: count it, and spread the vertex once it is held.
    pub(super) fn held(
        &mut self,
        now: Micros,
        from: NodeId,
        (vertex, proposer, sequence): (Hash, u16, u64),
        proof: HoldingProof,
        out: &mut Out,
    ) {
        let committee = self.frame.committee();
        let Some(place) = committee.place(from).filter(|p| *p == proof.holder) else { return };
        if proposer == self.frame.me {
            self.replica_proved(sequence, place);
        }
        if proposer != self.frame.me {
            self.gather_proof(now, proposer, sequence, vertex, proof, out);
            return;
        }
        let Some(sealing) = self.ingress.sealing.get_mut(&sequence) else {
            self.promised(now, (vertex, sequence), &proof, out);
            self.challenges.proved_late(&self.frame, now, from, (vertex, sequence), proof);
            return;
        };
        let known = sealing.vertex.proofs.iter().any(|p| p.holder == place);
        let shard_is_its = sealing.placed.get(usize::from(proof.shard)) == Some(&from);
        if known || sealing.hash != vertex || !shard_is_its {
            return;
        }
        sealing.vertex.proofs.push(proof);
        if self.frame.prove(now, &mut sealing.vertex, out) {
            self.vertex_held(now, sequence, out);
        }
    }

    fn vertex_held(&mut self, now: Micros, sequence: u64, out: &mut Out) {
        let Some(sealing) = self.ingress.sealing.remove(&sequence) else { return };
        let Sealing { mut vertex, hash, shards, placed, .. } = sealing;
        vertex.proofs.sort_by_key(|p| p.holder);
        let at: Stamp = self.clock.now(now);
        out.send(self.frame.others(), Message::Vertex(vertex.clone()));
        out.persist();
        let promises = Promises::of(hash, &vertex.proofs, self.frame.committee().size());
        self.book.held(sequence, (&vertex, promises), at, out);
        let proofs = vertex.proofs.clone();
        self.challenges.consider(&self.frame.seed, Sample { sequence, hash, proofs, shards, placed });
        self.vertices.insert(vertex);
        self.start_round(now, out);
    }
}
