//! S3 and S4 at a replica: keep what others seal, sign for it, and remember which vertices are held.
use super::{Municipal, Out};
use crate::block::{HeldVertex, HoldingProof, VertexHeader};
use crate::message::{Holding, Message};
use globelet_clock::Stamp;
use globelet_erasure::commit;
use globelet_threshold as threshold;
use globelet_types::{decode, encode, ChainId, Hash, Micros, Signature};
use std::collections::BTreeMap;

/// Most vertices whose proofs are kept before they come.
const EARLY_MOST: usize = 1024;

/// What the body of a vertex is encrypted under.
pub(crate) fn body_label(chain: ChainId, proposer: u16, sequence: u64) -> Vec<u8> {
    encode(&(b"globelet body 1", chain, proposer, sequence))
}

/// What a replica's VRF is asked in one second of time.
pub(crate) fn draw_input(chain: ChainId, proposer: u16, second: u64) -> Vec<u8> {
    encode(&(b"globelet draw 1", chain, proposer, second))
}

/// A PoH_REQUEST.
#[derive(Clone)]
pub(crate) struct Request {
    pub header: VertexHeader,
    pub signature: Signature,
    pub shard: u16,
    pub own: HoldingProof,
    pub holding: Holding,
}

/// The municipality's vertices, as this replica knows them.
pub(crate) struct Vertices {
    /// Per proposer: the one header hash this replica signed for a sequence.
    pub(super) signed: Vec<BTreeMap<u64, Hash>>,
    pub(super) held: Vec<BTreeMap<u64, HeldVertex>>,
    pub(super) bodies: Vec<BTreeMap<u64, Vec<u8>>>,
    /// Vertices this replica signed for, with the holding proofs that have come so far.
    pub(super) gathering: Vec<BTreeMap<u64, HeldVertex>>,
    /// Proofs that came before their vertex, by its hash.
    early: BTreeMap<Hash, Vec<HoldingProof>>,
    draws: BTreeMap<(u16, u64), Vec<u8>>,
}

impl Vertices {
    pub fn new(n: u16) -> Vertices {
        let n = usize::from(n);
        Vertices {
            signed: vec![BTreeMap::new(); n],
            held: vec![BTreeMap::new(); n],
            bodies: vec![BTreeMap::new(); n],
            gathering: vec![BTreeMap::new(); n],
            early: BTreeMap::new(),
            draws: BTreeMap::new(),
        }
    }

    pub fn sign(&mut self, proposer: u16, sequence: u64, hash: Hash) {
        self.signed[usize::from(proposer)].insert(sequence, hash);
    }

    pub fn keep_body(&mut self, proposer: u16, sequence: u64, body: Vec<u8>) {
        self.bodies[usize::from(proposer)].insert(sequence, body);
    }

    pub fn insert(&mut self, vertex: HeldVertex) {
        self.gathered(vertex.header.proposer, vertex.header.sequence);
        self.held[usize::from(vertex.header.proposer)].insert(vertex.header.sequence, vertex);
    }

    pub fn get(&self, proposer: u16, sequence: u64) -> Option<&HeldVertex> {
        self.held[usize::from(proposer)].get(&sequence)
    }

    /// The sealed body of a held vertex.
    pub fn body(&self, proposer: u16, sequence: u64) -> Option<&[u8]> {
        self.get(proposer, sequence)?;
        self.bodies[usize::from(proposer)].get(&sequence).map(Vec::as_slice)
    }

    /// Forgets what was applied long ago.
    pub fn forget(&mut self, proposer: u16, below: u64) {
        let i = usize::from(proposer);
        self.signed[i] = self.signed[i].split_off(&below);
        self.held[i] = self.held[i].split_off(&below);
        self.bodies[i] = self.bodies[i].split_off(&below);
    }

    /// The vertex is held or applied: no more proofs are needed.
    pub fn gathered(&mut self, proposer: u16, sequence: u64) {
        self.gathering[usize::from(proposer)].remove(&sequence);
    }
}

impl Municipal {
    pub(super) fn prove_holding(&mut self, now: Micros, since: Stamp, shard: u16, vertex: &Hash) -> HoldingProof {
        let until_us = now + self.frame.parameters().holding_us;
        let proof = HoldingProof::sign(&self.frame.key, vertex, self.frame.me, shard, since, until_us);
        self.interval.signed(&proof.signing_bytes(vertex));
        proof
    }

    /// S3 at a replica: check the vertex, keep its body, sign for it once and for ever.
    pub(super) fn hold(&mut self, now: Micros, from: u16, request: Request, out: &mut Out) {
        let header = &request.header;
        let hash = header.hash();
        if header.proposer != from || header.chain != self.frame.chain || request.shard != self.frame.me {
            out.misbehaviour(from, "asked to hold a vertex that is not its own");
            return;
        }
        match self.vertices.signed[usize::from(from)].get(&header.sequence) {
            Some(signed) if *signed != hash => {
                out.misbehaviour(from, "sealed two vertices under one sequence");
                return;
            }
            Some(_) => {}
            None if header.sequence < self.round.next[usize::from(from)] => return,
            None => {
                if let Err(what) = self.check_vertex(now, &hash, &request) {
                    out.misbehaviour(from, what);
                    return;
                }
                self.vertices.sign(from, header.sequence, hash);
                if let Holding::Body(body) = &request.holding {
                    self.vertices.keep_body(from, header.sequence, body.clone());
                }
            }
        }
        let since = self.clock.now(now);
        let proof = self.prove_holding(now, since, self.frame.me, &hash);
        let sequence = header.sequence;
        if self.vertices.get(from, sequence).is_none() {
            let unproved = || HeldVertex {
                header: request.header.clone(),
                signature: request.signature,
                proofs: self.vertices.early.remove(&hash).unwrap_or_default(),
            };
            let vertex = self.vertices.gathering[usize::from(from)].entry(sequence).or_insert_with(unproved);
            for proof in [&request.own, &proof] {
                if !vertex.proofs.iter().any(|p| p.holder == proof.holder) {
                    vertex.proofs.push(proof.clone());
                }
            }
        }
        out.persist();
        // To every replica: each finds by itself that the vertex is held, one message delay sooner.
        out.send(self.frame.others(), Message::Held { vertex: hash, proposer: from, sequence, proof });
        self.held_here(now, from, sequence, out);
    }

    /// A PoH_ACK for a vertex of another replica.
    pub(super) fn gather_proof(
        &mut self,
        now: Micros,
        proposer: u16,
        sequence: u64,
        vertex: Hash,
        proof: HoldingProof,
        out: &mut Out,
    ) {
        let committee = self.frame.committee();
        if proposer >= committee.size() || sequence < self.round.next[usize::from(proposer)] {
            return;
        }
        if self.vertices.get(proposer, sequence).is_some() {
            return;
        }
        let Some(gathering) = self.vertices.gathering[usize::from(proposer)].get_mut(&sequence) else {
            // The proof overtook the vertex.
            let early = self.vertices.early.entry(vertex).or_default();
            if !early.iter().any(|p| p.holder == proof.holder) {
                early.push(proof);
            }
            while self.vertices.early.len() > EARLY_MOST {
                self.vertices.early.pop_first();
            }
            return;
        };
        let counted = gathering.proofs.iter().any(|p| p.holder == proof.holder || p.shard == proof.shard);
        if gathering.header.hash() == vertex && !counted {
            gathering.proofs.push(proof);
            self.held_here(now, proposer, sequence, out);
        }
    }

    fn held_here(&mut self, now: Micros, proposer: u16, sequence: u64, out: &mut Out) {
        if self.hold_if_proved(now, proposer, sequence, out) {
            self.start_round(now, out);
            self.advance(now, out);
        }
    }

    /// True if a vertex turns out to be held by the proofs that came together.
    pub(super) fn hold_if_proved(&mut self, now: Micros, proposer: u16, sequence: u64, out: &mut Out) -> bool {
        let gathering = &mut self.vertices.gathering[usize::from(proposer)];
        let Some(gathered) = gathering.get_mut(&sequence) else { return false };
        // That its signer sent it is not enough: what is held here must convince a peer that was told something else.
        if !self.frame.prove(now, gathered, out) {
            return false;
        }
        let mut vertex = gathered.clone();
        vertex.proofs.sort_by_key(|p| p.holder);
        self.vertices.insert(vertex);
        true
    }

    fn check_vertex(&mut self, now: Micros, hash: &Hash, request: &Request) -> Result<(), &'static str> {
        let header = &request.header;
        if !self.frame.committee().verify(header.proposer, hash, &request.signature) {
            return Err("signed a vertex with a signature that does not verify");
        }
        if request.own.holder != header.proposer || request.own.shard != header.proposer {
            return Err("sent a holding proof of its own that is not its own");
        }
        self.clock.receive(now, header.at).map_err(|_| "stamped a vertex beyond the bound of skew")?;
        self.check_draw(header)?;
        match &request.holding {
            Holding::Body(body) => self.check_body(header, body),
            Holding::Shard { .. } => Err("sent a shard where a replica keeps the body"),
        }
    }

    fn check_draw(&mut self, header: &VertexHeader) -> Result<(), &'static str> {
        let second = header.at.micros / 1_000_000;
        let key = (header.proposer, second);
        if self.vertices.draws.get(&key) == Some(&header.draw) {
            return Ok(());
        }
        let node = self.frame.committee().replicas[usize::from(header.proposer)];
        let proof: [u8; 80] = header.draw.as_slice().try_into().map_err(|_| "sent a draw of the wrong length")?;
        let alpha = draw_input(header.chain, header.proposer, second);
        globelet_vrf::verify(&self.frame.genesis.nodes[node.index()].vrf, &alpha, &proof)
            .map_err(|_| "sent a draw that does not verify")?;
        self.vertices.draws.insert(key, header.draw.clone());
        super::super::committee::keep_newest(&mut self.vertices.draws, 256);
        Ok(())
    }

    /// The body is what the root commits to, shard by shard, and can be opened by the committee.
    pub(super) fn check_body(&self, header: &VertexHeader, body: &[u8]) -> Result<(), &'static str> {
        if commit(&self.frame.body_codec.encode(body)).root != header.body {
            return Err("sent a body that its shards root does not commit to");
        }
        let sealed: threshold::Ciphertext = decode(body).map_err(|_| "sealed a body that cannot be read")?;
        let label = body_label(header.chain, header.proposer, header.sequence);
        threshold::check(&self.frame.threshold, &label, &sealed).map_err(|_| "sealed a body that cannot be opened")
    }

    /// S4: a vertex is held, says its proposer (or, in catching up, a peer).
    pub(super) fn vertex(&mut self, now: Micros, from: u16, vertex: HeldVertex, out: &mut Out) {
        if self.accept_vertex(from, vertex, out) {
            self.start_round(now, out);
            self.advance(now, out);
        }
    }

    fn accept_vertex(&mut self, from: u16, vertex: HeldVertex, out: &mut Out) -> bool {
        let header = &vertex.header;
        let (proposer, sequence) = (header.proposer, header.sequence);
        if proposer >= self.frame.committee().size() || header.chain != self.frame.chain {
            return false;
        }
        let wanted = self.round.next[usize::from(proposer)];
        if sequence < wanted || sequence > wanted + 1024 || self.vertices.get(proposer, sequence).is_some() {
            return false;
        }
        if self.epochs.is_on() && !self.frame.enough_proofs(&vertex) {
            // Another committee may have held it.
            return false;
        }
        if !self.vertex_proved(&vertex) {
            out.misbehaviour(from, "spread a vertex whose holding proofs do not verify");
            return false;
        }
        self.vertices.insert(vertex);
        true
    }

    fn vertex_proved(&self, vertex: &HeldVertex) -> bool {
        let committee = self.frame.committee();
        let hash = vertex.header.hash();
        let ascending = vertex.proofs.windows(2).all(|w| w[0].holder < w[1].holder);
        let mut shards: Vec<u16> = vertex.proofs.iter().map(|p| p.shard).collect();
        shards.sort_unstable();
        let distinct = shards.windows(2).all(|w| w[0] != w[1]);
        if !ascending || !distinct || !self.frame.enough_proofs(vertex) {
            return false;
        }
        let bytes: Vec<Vec<u8>> = vertex.proofs.iter().map(|p| p.signing_bytes(&hash)).collect();
        let proofs = vertex.proofs.iter().zip(&bytes).map(|(p, b)| (p.holder, b.as_slice(), &p.signature));
        let own = (vertex.header.proposer, hash.as_slice(), &vertex.signature);
        committee.verify_all(&proofs.chain([own]).collect::<Vec<_>>())
    }

    /// A peer sent what was missing: a held vertex and its sealed body.
    pub(super) fn vertex_body(&mut self, now: Micros, from: u16, vertex: HeldVertex, body: Vec<u8>, out: &mut Out) {
        let (proposer, sequence) = (vertex.header.proposer, vertex.header.sequence);
        let same = |held: &HeldVertex| held.header == vertex.header;
        let known = proposer < self.frame.committee().size() && self.vertices.get(proposer, sequence).is_some_and(same);
        if !known && !self.accept_vertex(from, vertex, out) {
            return;
        }
        let Some(held) = self.vertices.get(proposer, sequence) else { return };
        let missing = self.vertices.body(proposer, sequence).is_none();
        if missing && self.check_body(&held.header, &body).is_ok() {
            self.vertices.keep_body(proposer, sequence, body);
        }
        self.start_round(now, out);
        self.advance(now, out);
    }
}
