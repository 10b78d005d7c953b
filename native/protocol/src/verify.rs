//! `receipt verify`: a receipt proves itself offline, from the world's genesis alone.
use crate::epoch::Term;
use crate::receipt::Receipt;
use crate::state::committee::Committee;
use crate::Genesis;
use globelet_types::world::ChainKind;
use globelet_types::{encode, Stage};

/// One step of the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was checked.
    pub name: &'static str,
    /// Held, or why not.
    pub holds: Result<(), String>,
    /// What a reader should know of a step that holds, such as that there is nothing to check yet.
    pub note: Option<&'static str>,
}

/// Checks every proof that the receipt's stages call for, in the order of the ladder.
pub fn verify(genesis: &Genesis, receipt: &Receipt) -> Vec<Step> {
    let chain = receipt.order.order.municipality();
    let municipal = genesis.world.chains.get(chain.index()).is_some_and(|c| c.kind == ChainKind::Municipal);
    if !municipal {
        return vec![step("municipality", Err("the order names no municipality of this world"))];
    }
    let mut committee = Committee::new(genesis, chain);
    let handed = receipt.handovers.iter().try_for_each(|s| require(committee.follow(s)?, "a handover is there twice"));
    let proof = Proof { genesis, receipt, committee };
    let moved = receipt.reached(Stage::Committed).is_some();
    let settled = moved || receipt.reached(Stage::Refused).is_some();
    let mut steps = vec![step("client signature", proof.client_signature()), step("stage order", proof.stage_order())];
    if !receipt.handovers.is_empty() || handed.is_err() {
        steps.push(step("handovers", handed));
    }
    if receipt.reached(Stage::Held).is_some() {
        steps.push(step("holding proofs", proof.holding_proofs()));
    }
    if settled {
        steps.push(step("certificate", proof.certificate()));
        steps.push(step("inclusion in the block", proof.inclusion()));
        steps.push(step("place in the lane", proof.lane()));
        let note = receipt.post_quantum.is_none().then_some("not there yet");
        steps.push(Step { note, ..step("post_quantum", proof.post_quantum()) });
        let note = receipt.checkpoint.is_none().then_some("not there yet");
        steps.push(Step { note, ..step("checkpoint", proof.checkpoint()) });
    }
    if receipt.reached(Stage::Acknowledged).is_some() {
        steps.push(step("continental inclusion", proof.acknowledgement()));
    }
    if receipt.reached(Stage::Anchored).is_some() {
        steps.push(step("global root", proof.anchor()));
    }
    steps.push(step("issuer's signature", proof.issuer()));
    steps
}

fn step(name: &'static str, holds: Result<(), &'static str>) -> Step {
    Step { name, holds: holds.map_err(str::to_owned), note: None }
}

fn require(condition: bool, otherwise: &'static str) -> Result<(), &'static str> {
    condition.then_some(()).ok_or(otherwise)
}

/// Each stage above the first, with the ones of which the first reached must come before it.
const LADDER: [(Stage, &[Stage]); 8] = [
    (Stage::Held, &[Stage::Admitted]),
    (Stage::Committed, &[Stage::Held]),
    (Stage::Refused, &[Stage::Held]),
    (Stage::Delivered, &[Stage::Committed]),
    (Stage::Credited, &[Stage::Delivered]),
    (Stage::Refunded, &[Stage::Delivered]),
    (Stage::Acknowledged, &[Stage::Committed, Stage::Refused]),
    (Stage::Anchored, &[Stage::Acknowledged]),
];

struct Proof<'a> {
    genesis: &'a Genesis,
    receipt: &'a Receipt,
    committee: Committee,
}

impl Proof<'_> {
    fn client_signature(&self) -> Result<(), &'static str> {
        let signed = &self.receipt.order;
        require(signed.order.id() == self.receipt.id, "the id is not that of the order")?;
        require(signed.order.world() == self.genesis.tag(), "the order was signed for another world")?;
        let bytes = signed.order.signing_bytes();
        let holds = globelet_signatures::verify(&signed.order.signer().0, &bytes, &signed.signature);
        require(holds, "the account did not sign these fields")
    }

    /// Every step rests on the one before it, stamps never go backwards, and nothing is there twice or too early.
    fn stage_order(&self) -> Result<(), &'static str> {
        let mut names: Vec<_> = self.receipt.stages.iter().map(|(s, _)| *s).collect();
        names.sort();
        require(names.windows(2).all(|w| w[0] != w[1]), "a stage is there twice")?;
        require(names.first() == Some(&Stage::Admitted), "the first stage is missing")?;
        for (stage, before) in LADDER {
            let Some(at) = self.receipt.reached(stage) else { continue };
            let below = before.iter().find_map(|s| self.receipt.reached(*s));
            require(below.is_some(), "a stage is there without the one before it")?;
            require(below <= Some(at), "a later stage has an earlier stamp")?;
        }
        let ends = [Stage::Credited, Stage::Refunded, Stage::Refused];
        require(ends.iter().filter(|s| names.contains(s)).count() <= 1, "it ended in two ways")?;
        let settled = names.contains(&Stage::Committed) || names.contains(&Stage::Refused);
        let early = (self.receipt.vertex.is_some() && !names.contains(&Stage::Held))
            || (self.receipt.block.is_some() && !settled)
            || ((self.receipt.post_quantum.is_some() || self.receipt.checkpoint.is_some()) && !settled)
            || (self.receipt.acknowledged.is_some() && !names.contains(&Stage::Acknowledged))
            || (self.receipt.anchored.is_some() && !names.contains(&Stage::Anchored));
        require(!early, "it carries a proof of a stage that it does not claim")?;
        let turned_down = names.contains(&Stage::Refused) || names.contains(&Stage::Refunded);
        require(self.receipt.refusal.is_some() == turned_down, "a reason is given where none belongs, or missing")
    }

    fn holding_proofs(&self) -> Result<(), &'static str> {
        let vertex = self.receipt.vertex.as_ref().ok_or("the vertex is missing")?;
        let hash = vertex.header.hash();
        let c = &self.committee;
        require(vertex.header.chain == c.chain, "the vertex is of another municipality")?;
        require(vertex.header.proposer < c.size(), "the vertex names no member as its proposer")?;
        let signed = c.verify(vertex.header.proposer, &hash, &vertex.signature);
        require(signed, "the proposer did not sign the vertex")?;
        require(vertex.proofs.windows(2).all(|w| w[0].holder < w[1].holder), "a holder proves twice")?;
        let mut shards: Vec<u16> = vertex.proofs.iter().map(|p| p.shard).collect();
        shards.sort_unstable();
        require(shards.windows(2).all(|w| w[0] != w[1]), "a shard is proved twice")?;
        let own = |p: &crate::block::HoldingProof| (p.holder < c.size()) == (p.shard == p.holder && p.shard < c.size());
        require(vertex.proofs.iter().all(own), "a proof is of a shard that was not the holder's")?;
        // The block tells which committee took the vertex in; before it, any one may have held it.
        let quorate =
            |term: &Term| vertex.proofs.iter().filter(|p| term.seat(p.holder).is_some()).count() >= term.quorum();
        let held = match &self.receipt.block {
            Some((block, _)) => quorate(c.term_at(block.height)),
            None => c.terms().iter().any(quorate),
        };
        let needed = usize::from(self.genesis.world.parameters.proofs_needed);
        require(held && vertex.proofs.len() >= needed, "there are too few holding proofs")?;
        let longest_us = crate::holding::longest_us(&self.genesis.world.parameters);
        let promised = |p: &crate::block::HoldingProof| p.in_time(p.since.micros, longest_us).is_ok();
        require(vertex.proofs.iter().all(promised), "a holding proof promises no time, or more than a holder may")?;
        let holds = |p: &crate::block::HoldingProof| c.verify(p.holder, &p.signing_bytes(&hash), &p.signature);
        require(vertex.proofs.iter().all(holds), "a holding proof does not verify")
    }

    fn certificate(&self) -> Result<(), &'static str> {
        let (header, certificate) = self.receipt.block.as_ref().ok_or("the block is missing")?;
        require(self.committee.certified(header, certificate), "no quorum of the committee signed the block")
    }

    fn inclusion(&self) -> Result<(), &'static str> {
        let (header, _) = self.receipt.block.as_ref().ok_or("the block is missing")?;
        let (applied, proof) = self.receipt.applied.as_ref().ok_or("the applied order is missing")?;
        require(applied.id == self.receipt.id, "the proof is of another order")?;
        require(proof.verify(&header.orders, &encode(applied)), "the order is not under the block's orders root")?;
        let vertex = self.receipt.vertex.as_ref().ok_or("the vertex is missing")?;
        require(header.vertices.contains(&vertex.header.hash()), "the block does not hold the vertex")?;
        let refused = self.receipt.reached(Stage::Refused).and(self.receipt.refusal.as_ref());
        require(applied.refusal.as_ref() == refused, "the outcome in the block is another")
    }

    fn lane(&self) -> Result<(), &'static str> {
        let (header, _) = self.receipt.block.as_ref().ok_or("the block is missing")?;
        let leaves_for = self.receipt.order.order.leaves_for();
        let destination = leaves_for.filter(|_| self.receipt.reached(Stage::Refused).is_none());
        let entry = destination.and_then(|d| header.lanes.iter().find(|l| l.destination == d)).map(|l| l.number);
        let expected = destination.is_some();
        require(expected == entry.is_some(), "the block sends nothing to the destination")?;
        require(self.receipt.lane == entry, "the number in the lane is another")
    }

    /// Never waited for: a receipt is valid without it.
    fn post_quantum(&self) -> Result<(), &'static str> {
        let Some(found) = &self.receipt.post_quantum else { return Ok(()) };
        let (header, _) = self.receipt.block.as_ref().ok_or("the block is missing")?;
        found.check(self.genesis, &self.committee, header)
    }

    /// Never waited for either.
    fn checkpoint(&self) -> Result<(), &'static str> {
        let Some((checkpoint, path)) = &self.receipt.checkpoint else { return Ok(()) };
        let (header, _) = self.receipt.block.as_ref().ok_or("the block is missing")?;
        require(header.chain == self.committee.chain, "the block is of another municipality")?;
        checkpoint.check(self.genesis, header, path)
    }

    fn acknowledgement(&self) -> Result<(), &'static str> {
        let (header, certificate, proof) =
            self.receipt.acknowledged.as_ref().ok_or("the acknowledgement is missing")?;
        let (block, _) = self.receipt.block.as_ref().ok_or("the block is missing")?;
        let continent =
            self.genesis.world.chains[self.committee.chain.index()].parent.ok_or("there is no continent")?;
        let committee = Committee::new(self.genesis, continent);
        require(committee.committed(header, certificate), "no quorum of the continent committed the header")?;
        require(proof.verify(&header.payload_root, &block.hash()), "the block is not under the continental header")
    }

    fn anchor(&self) -> Result<(), &'static str> {
        let anchor = self.receipt.anchored.as_ref().ok_or("the anchor is missing")?;
        let (header, _, _) = self.receipt.acknowledged.as_ref().ok_or("the acknowledgement is missing")?;
        let globe = crate::state::committee::of_kind(self.genesis, ChainKind::Global);
        let globe = Committee::new(self.genesis, *globe.first().ok_or("this world has no global chain")?);
        require(anchor.verify(&globe), "the root is not in a committed block of the Ledger of Roots")?;
        let (first, last) = anchor.heights;
        let covered = anchor.continent.0 == header.chain && (first..=last).contains(&header.height);
        require(covered, "the root covers other blocks")?;
        require(
            anchor.blocks.iter().any(|(hash, _)| *hash == header.hash()),
            "the continental block is not under the root",
        )
    }

    fn issuer(&self) -> Result<(), &'static str> {
        let issuer = self.receipt.issuer;
        require(issuer < self.committee.size(), "the issuer is no member of the committee")?;
        let bytes = self.receipt.signing_bytes();
        require(
            self.committee.verify(issuer, &bytes, &self.receipt.signature),
            "the ingress did not issue this receipt",
        )
    }
}
