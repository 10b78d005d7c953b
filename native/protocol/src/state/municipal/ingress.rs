//! S0 to S2 at the ingress: admit orders, seal them, cut the sealed batch into shards.
use super::pace::Pace;
use super::{Municipal, Out};
use crate::block::{HeldVertex, HoldingProof, VertexHeader};
use crate::selection::among;
use crate::{Effect, Timer, Weighted};
use globelet_erasure::{commit, Commitment};
use globelet_rendezvous::{top_k, Candidate};
use globelet_signatures::verify_batch;
use globelet_threshold as threshold;
use globelet_types::{encode, AccountId, ChainId, Hash, Micros, NodeId, Order, OrderId, Refusal, SignedOrder};
use std::collections::{BTreeMap, BTreeSet};

/// What one account has waiting here.
#[derive(Default)]
struct Reserved {
    amount: u64,
    nonces: BTreeSet<u64>,
    /// It leaves for another municipality, by an order that waits here.
    moving: Option<ChainId>,
}

/// A vertex of ours that is not held yet.
pub(crate) struct Sealing {
    pub vertex: HeldVertex,
    pub own: HoldingProof,
    pub hash: Hash,
    pub body: Vec<u8>,
    pub shards: Vec<Vec<u8>>,
    pub commitment: Commitment,
    /// Node of each shard index, and how many of them are asked at first.
    pub placed: Vec<NodeId>,
    pub asked: usize,
}

/// The ingress of one replica.
pub(crate) struct Ingress {
    holders: Vec<Weighted>,
    waiting: Vec<(OrderId, SignedOrder)>,
    reserved: BTreeMap<AccountId, Reserved>,
    seal_armed: bool,
    pub pace: Pace,
    pub next_sequence: u64,
    pub sealing: BTreeMap<u64, Sealing>,
    /// This second's draw: second, VRF proof, VRF output.
    draw: Option<(u64, Vec<u8>, [u8; 64])>,
}

impl Ingress {
    pub fn new(holders: Vec<Weighted>, batch_us: u64) -> Ingress {
        Ingress {
            holders,
            waiting: Vec::new(),
            reserved: BTreeMap::new(),
            seal_armed: false,
            pace: Pace::new(batch_us),
            next_sequence: 1,
            sealing: BTreeMap::new(),
            draw: None,
        }
    }

    pub fn is_idle(&self) -> bool {
        self.sealing.is_empty()
    }

    fn reserve(&mut self, order: &Order) {
        if let Some(spends) = order.spends() {
            let reserved = self.reserved.entry(spends.account).or_default();
            reserved.amount += spends.amount;
            reserved.nonces.insert(spends.nonce);
            if let Order::Move(m) = order {
                reserved.moving = Some(m.destination);
            }
        }
    }

    /// What the order's account has promised here already.
    fn promised(&self, order: &Order) -> Result<u64, Refusal> {
        let Some(spends) = order.spends() else { return Ok(0) };
        let Some(reserved) = self.reserved.get(&spends.account) else { return Ok(0) };
        if reserved.nonces.contains(&spends.nonce) {
            return Err(Refusal::Replayed { nonce: spends.nonce, highest: spends.nonce });
        }
        reserved.moving.map_or(Ok(reserved.amount), |to| Err(Refusal::Moving { to: to.0 }))
    }

    /// Gives back what an applied or refused order of this ingress had reserved.
    pub fn release(&mut self, order: &Order) {
        let Some(spends) = order.spends() else { return };
        if let Some(reserved) = self.reserved.get_mut(&spends.account) {
            if reserved.nonces.remove(&spends.nonce) {
                reserved.amount -= spends.amount;
                if matches!(order, Order::Move(_)) {
                    reserved.moving = None;
                }
            }
            if reserved.nonces.is_empty() {
                self.reserved.remove(&spends.account);
            }
        }
    }
}

impl Municipal {
    pub(super) fn candidates_changed(&mut self, holders: Vec<Weighted>) {
        let present = among(holders, &self.frame.committee().holders);
        if !present.is_empty() {
            self.ingress.holders = present;
        }
    }

    /// S0: checks every order, reserves what it spends, and answers each.
    pub(super) fn submitted(&mut self, now: Micros, request: u64, orders: Vec<SignedOrder>, out: &mut Out) {
        let bytes: Vec<Vec<u8>> = orders.iter().map(|o| o.order.signing_bytes()).collect();
        let items: Vec<_> =
            orders.iter().zip(&bytes).map(|(o, b)| (o.order.signer().0, b.as_slice(), &o.signature)).collect();
        let borrowed: Vec<_> = items.iter().map(|(k, b, s)| (k, *b, *s)).collect();
        let verified = verify_batch(&borrowed);
        let mut outcomes = Vec::with_capacity(orders.len());
        // Nobody hears of an admission that a power cut may undo.
        out.persist();
        for (order, signature_holds) in orders.into_iter().zip(verified) {
            outcomes.push(self.admit(now, order, signature_holds, out));
        }
        out.0.push(Effect::Reply { request, outcomes });
        self.arm_seal(now, out);
    }

    fn admit(&mut self, now: Micros, signed: SignedOrder, holds: bool, out: &mut Out) -> Result<OrderId, Refusal> {
        self.admissible(now, &signed.order, holds)?;
        let id = signed.order.id();
        self.ingress.reserve(&signed.order);
        let at = self.clock.now(now);
        self.book.admitted(id, signed.clone(), at, out);
        self.ingress.waiting.push((id, signed));
        Ok(id)
    }

    fn admissible(&self, now: Micros, order: &Order, signature_holds: bool) -> Result<(), Refusal> {
        if order.world() != self.frame.tag {
            return Err(Refusal::WrongWorld { found: order.world(), expected: self.frame.tag });
        }
        if order.municipality() != self.frame.chain {
            return Err(Refusal::WrongMunicipality { owner: order.municipality().0 });
        }
        if order.expires_us() < now {
            return Err(Refusal::Expired { expired_us: order.expires_us() });
        }
        if !signature_holds {
            return Err(Refusal::BadSignature);
        }
        let waiting = self.ingress.waiting.len() as u64;
        if waiting >= u64::from(self.frame.parameters().waiting_most) {
            return Err(Refusal::Busy { waiting });
        }
        if let Some(found) = order.leaves_for().filter(|chain| !self.frame.is_municipality(*chain)) {
            return Err(Refusal::UnknownMunicipality { found: found.0 });
        }
        let reserved = self.ingress.promised(order)?;
        if let Order::Vote(vote) = order {
            self.vote_refusal(vote).map_or(Ok(()), Err)?;
        }
        self.ledger.refusal(order, reserved).map_or(Ok(()), Err)
    }

    /// Makes sure that what waits is sealed: at once while batches are rare, together while they are not. Only one of
    /// ours is on its way at a time, so that the longer a round takes the larger a batch is.
    pub(super) fn arm_seal(&mut self, now: Micros, out: &mut Out) {
        let work = !self.ingress.waiting.is_empty() || self.epochs.has_notes();
        let under_way = self.ingress.next_sequence > self.round.next[usize::from(self.frame.me)];
        if work && !under_way && !self.ingress.seal_armed {
            self.ingress.seal_armed = true;
            out.timer(self.ingress.pace.wait(now), Timer::Seal);
        }
    }

    pub(super) fn rearm_seal(&mut self, now: Micros, out: &mut Out) {
        self.ingress.seal_armed = false;
        self.arm_seal(now, out);
    }

    pub(super) fn seal_due(&mut self, now: Micros, out: &mut Out) {
        self.ingress.seal_armed = false;
        let most = self.frame.parameters().batch_most as usize;
        let count = self.ingress.waiting.len().min(most);
        let orders: Vec<_> = self.ingress.waiting.drain(..count).collect();
        if orders.is_empty() && !self.epochs.has_notes() {
            return;
        }
        self.ingress.pace.take(now);
        let sequence = self.ingress.next_sequence;
        self.ingress.next_sequence += 1;
        let sealing = self.seal(now, sequence, &orders);
        self.book.sealed(sequence, orders.iter().map(|(id, _)| *id).collect());
        self.vertices.sign(self.frame.me, sequence, sealing.hash);
        self.vertices.keep_body(self.frame.me, sequence, sealing.body.clone());
        out.persist();
        self.request_holding(&sealing, sealing.asked, out);
        self.ingress.sealing.insert(sequence, sealing);
    }

    /// S1 and S2: encrypts the orders to the committee, cuts the shards, draws who holds them.
    fn seal(&mut self, now: Micros, sequence: u64, orders: &[(OrderId, SignedOrder)]) -> Sealing {
        let at = self.clock.now(now);
        let (draw, output) = self.draw(at.micros);
        let plain = self.epochs.write(orders);
        let body = self.sealed_body(sequence, &plain);
        let shards = self.frame.body_codec.encode(&body);
        let commitment = commit(&shards);
        let header = VertexHeader {
            chain: self.frame.chain,
            proposer: self.frame.me,
            sequence,
            at,
            body: commitment.root,
            draw,
        };
        let hash = header.hash();
        let own = self.prove_holding(now, at, self.frame.me, &hash);
        let signature = self.frame.key.sign(&hash);
        let vertex = HeldVertex { header, signature, proofs: vec![own.clone()] };
        let placed = self.place_shards(&output, sequence);
        let asked = placed.len() - self.standing_back(&placed);
        Sealing { vertex, own, hash, body, shards, commitment, placed, asked }
    }

    fn sealed_body(&self, sequence: u64, plain: &[u8]) -> Vec<u8> {
        let mut hasher = blake3::Hasher::new_keyed(&self.frame.seed);
        hasher.update(b"globelet seal 1").update(&sequence.to_le_bytes()).update(plain);
        let randomness = *hasher.finalize().as_bytes();
        let label = super::hold::body_label(self.frame.chain, self.frame.me, sequence);
        encode(&threshold::encrypt(&self.frame.threshold, &label, plain, &randomness))
    }

    fn draw(&mut self, micros: Micros) -> (Vec<u8>, [u8; 64]) {
        let second = micros / 1_000_000;
        if let Some((drawn, proof, output)) = &self.ingress.draw {
            if *drawn == second {
                return (proof.clone(), *output);
            }
        }
        let alpha = super::hold::draw_input(self.frame.chain, self.frame.me, second);
        let proof = self.frame.vrf.prove(&alpha);
        let node = self.frame.committee().replicas[usize::from(self.frame.me)];
        let public = self.frame.genesis.nodes[node.index()].vrf;
        let output = globelet_vrf::verify(&public, &alpha, &proof).unwrap_or([0; 64]);
        self.ingress.draw = Some((second, proof.to_vec(), output));
        (proof.to_vec(), output)
    }

    /// Shard i < replicas goes to replica i; the others to holders by rendezvous under the draw.
    pub(super) fn place_shards(&self, output: &[u8; 64], sequence: u64) -> Vec<NodeId> {
        let committee = self.frame.committee();
        let candidates: Vec<Candidate> = self
            .ingress
            .holders
            .iter()
            .map(|h| Candidate { id: u64::from(h.node.0), weight: self.weigh(h.node, h.weight), place: 0 })
            .collect();
        let key = encode(&(output.to_vec(), sequence));
        let most = self.frame.parameters().holders_drawn_of(committee.holders.len());
        let drawn = top_k(&key, &candidates, most);
        committee.replicas.iter().copied().chain(drawn.into_iter().map(|i| self.ingress.holders[i].node)).collect()
    }
}
