//! A replica of a continent's chain: orders municipal blocks, acknowledges them, reports to the globe.
use super::committee::municipalities;
use super::municipal::Out;
use super::ordered::{Final, Ordered};
use crate::block::{BlockHeader, Certificate};
use crate::epoch::HANDOVERS_MOST;
use crate::receipt::{AcknowledgedBlock, Acknowledgement, Anchor, Report};
use crate::{Effect, Event, Genesis, Message, NodeSecrets, Timer};
use globelet_erasure::merkle::Tree;
use globelet_hotstuff as hotstuff;
use globelet_types::{decode, encode, ChainId, Hash, Micros, NodeId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most municipal blocks in one continental block.
const PAYLOAD_MOST: usize = 512;
/// Municipal blocks waiting per municipality.
const WAITING_MOST: u64 = 8192;
/// Headers in one report.
const REPORT_MOST: usize = 512;

/// What a continental block orders.
type Payload = Vec<(BlockHeader, Certificate)>;

/// A continental replica.
pub(crate) struct Continental {
    ordered: Ordered,
    globe: Option<ChainId>,
    municipalities: Vec<ChainId>,
    waiting: BTreeMap<(ChainId, u64), (BlockHeader, Certificate)>,
    /// Per municipality: height and hash of the last block ordered.
    heads: BTreeMap<ChainId, (u64, Hash)>,
    /// Final headers the globe has not anchored, with the certificate of each.
    unreported: BTreeMap<u64, (hotstuff::Header, hotstuff::Certificate)>,
    /// Final blocks by height, for municipalities that ask again.
    acknowledgements: BTreeMap<(ChainId, u64), Acknowledgement>,
    anchored: u64,
    /// Anchors by the last height each covers, for municipalities that ask again.
    anchors: BTreeMap<u64, Anchor>,
    report_us: u64,
    report_armed: bool,
    /// The first height of our last report, and how often it was reported since without an answer.
    reported: (u64, u64),
}

impl Continental {
    pub fn new(genesis: &Arc<Genesis>, secrets: &NodeSecrets) -> Option<Continental> {
        let ordered = Ordered::new(genesis, secrets)?;
        Some(Continental {
            globe: genesis.world.chains[ordered.chain.index()].parent,
            municipalities: municipalities(genesis, ordered.chain),
            waiting: BTreeMap::new(),
            heads: BTreeMap::new(),
            unreported: BTreeMap::new(),
            acknowledgements: BTreeMap::new(),
            anchored: 0,
            anchors: BTreeMap::new(),
            report_us: genesis.world.parameters.report_us,
            report_armed: false,
            reported: (0, 0),
            ordered,
        })
    }

    pub fn height(&self) -> (u64, Hash) {
        (self.ordered.height(), self.ordered.head)
    }

    pub fn handle(&mut self, now: Micros, event: Event) -> Vec<Effect> {
        let mut out = Out::default();
        let finals = match event {
            Event::MessageReceived { from, message, .. } => self.message(now, from, message, &mut out),
            Event::TimerExpired(Timer::View(view)) => self.ordered.timer(now, view, &mut out),
            Event::TimerExpired(Timer::Report) => {
                self.report_armed = false;
                self.report(&mut out);
                Vec::new()
            }
            Event::Started => {
                self.report_armed = false;
                self.ask_handovers(&mut out);
                self.ordered.catch_up(now, &mut out)
            }
            _ => Vec::new(),
        };
        self.settle(now, finals, &mut out);
        out.0
    }

    fn message(&mut self, now: Micros, from: NodeId, message: Message, out: &mut Out) -> Vec<Final> {
        match message {
            Message::Header { header, certificate } => self.header(now, from, header, certificate, out),
            Message::Hotstuff(message) => {
                let (below, waiting) = (&self.municipalities, &self.waiting);
                let valid = |all: &super::ordered::Committees<'_>, header: &hotstuff::Header, payload: &[u8]| {
                    payload_is_valid(all, below, waiting, header, payload)
                };
                self.ordered.message(now, from, message, &valid, out)
            }
            Message::Handovers { chain, proofs } => {
                for succession in proofs.iter().take(HANDOVERS_MOST) {
                    // What does not follow is not believed.
                    let _ = self.ordered.committees.get_mut(chain.index()).map(|c| c.follow(succession));
                }
                Vec::new()
            }
            Message::Anchored(anchor) => {
                self.anchor(from, anchor, out);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Committees may have changed hands while this replica was away.
    fn ask_handovers(&self, out: &mut Out) {
        for chain in &self.municipalities {
            let committee = &self.ordered.committees[chain.index()];
            if !committee.candidates.is_empty() {
                let epoch = committee.term().epoch();
                out.send(committee.replicas.clone(), Message::HandoversWanted { chain: *chain, epoch });
            }
        }
    }

    /// A municipality hands up a block.
    fn header(
        &mut self,
        now: Micros,
        from: NodeId,
        header: BlockHeader,
        certificate: Certificate,
        out: &mut Out,
    ) -> Vec<Final> {
        let chain = header.chain;
        let key = (chain, header.height);
        if !self.municipalities.contains(&chain) || self.ordered.committees[chain.index()].member(from).is_none() {
            return Vec::new();
        }
        let (ordered, _) = self.heads.get(&chain).copied().unwrap_or_default();
        if header.height <= ordered {
            // It asks because the acknowledgement was lost on the way.
            if let Some(a) = self.acknowledgements.get(&key) {
                out.send(vec![from], Message::Acknowledged(a.clone()));
                let covering = self.anchors.range(a.header.height..).next().map(|(_, anchor)| anchor);
                if let Some(anchor) = covering.filter(|anchor| anchor.heights.0 <= a.header.height) {
                    out.send(vec![from], Message::Anchored(anchor.clone()));
                }
            }
            return Vec::new();
        }
        if self.waiting.contains_key(&key) || header.height > ordered + WAITING_MOST {
            return Vec::new();
        }
        let committee = &self.ordered.committees[chain.index()];
        if !committee.certified(&header, &certificate) {
            if !committee.candidates.is_empty() && header.height >= committee.term().since {
                // Perhaps by a committee that has not been heard of here: the block comes again.
                let epoch = committee.term().epoch();
                out.send(vec![from], Message::HandoversWanted { chain, epoch });
            }
            return Vec::new();
        }
        self.waiting.insert(key, (header, certificate));
        self.ordered.expect_progress(now, out)
    }

    /// Takes final blocks in, and proposes as long as this replica leads and there is something to order.
    fn settle(&mut self, now: Micros, mut finals: Vec<Final>, out: &mut Out) {
        loop {
            for block in std::mem::take(&mut finals) {
                self.finalised(&block, out);
            }
            if !self.waiting.is_empty() {
                finals.extend(self.ordered.expect_progress(now, out));
            }
            if !self.ordered.may_propose() {
                break;
            }
            let payload = self.next_payload();
            if payload.is_empty() && !self.ordered.owes_proposal() {
                break;
            }
            let root = payload_root(&payload);
            finals.extend(self.ordered.propose(now, encode(&payload), root, out));
            if finals.is_empty() {
                break;
            }
        }
        self.arm_report(out);
    }

    fn next_payload(&self) -> Payload {
        let mut payload = Payload::new();
        let mut heights: BTreeMap<ChainId, u64> = self.heads.iter().map(|(c, h)| (*c, h.0)).collect();
        for ((chain, height), block) in &self.waiting {
            let next = heights.entry(*chain).or_default();
            if *height == *next + 1 && payload.len() < PAYLOAD_MOST {
                *next += 1;
                payload.push(block.clone());
            }
        }
        payload
    }

    fn finalised(&mut self, block: &Final, out: &mut Out) {
        let payload: Payload = decode(&block.payload).unwrap_or_default();
        out.persist();
        out.publish(self.ordered.certified_publication(block, payload.len() as u32));
        let leaves: Vec<Hash> = payload.iter().map(|(h, _)| h.hash()).collect();
        let tree = Tree::from_leaves(&leaves);
        let mut news: BTreeMap<ChainId, Vec<AcknowledgedBlock>> = BTreeMap::new();
        for (index, (header, _)) in payload.iter().enumerate() {
            let (height, hash) = self.heads.get(&header.chain).copied().unwrap_or_default();
            if header.height != height + 1 || header.parent != hash {
                continue;
            }
            self.heads.insert(header.chain, (header.height, leaves[index]));
            self.waiting.remove(&(header.chain, header.height));
            let acknowledged =
                AcknowledgedBlock { height: header.height, block: leaves[index], proof: tree.proof(index) };
            news.entry(header.chain).or_default().push(acknowledged);
        }
        for (chain, blocks) in news {
            let (header, certificate) = (block.header.clone(), block.certificate.clone());
            let acknowledgement = Acknowledgement { header, certificate, blocks };
            for b in &acknowledgement.blocks {
                self.acknowledgements.insert((chain, b.height), acknowledgement.clone());
            }
            super::committee::keep_newest(&mut self.acknowledgements, 4096);
            out.send(self.ordered.below(chain), Message::Acknowledged(acknowledgement));
        }
        self.unreported.insert(block.header.height, (block.header.clone(), block.certificate.clone()));
    }

    fn arm_report(&mut self, out: &mut Out) {
        if !self.report_armed && !self.unreported.is_empty() && self.globe.is_some() {
            self.report_armed = true;
            out.timer(self.report_us, Timer::Report);
        }
    }

    /// Reports the blocks not yet anchored: f+1 members at a time do, others the next time if it did not get through.
    fn report(&mut self, out: &mut Out) {
        let Some(globe) = self.globe else { return };
        let Some((&first, _)) = self.unreported.first_key_value() else { return };
        let tries = if self.reported.0 == first { self.reported.1 + 1 } else { 0 };
        self.reported = (first, tries);
        // Members may differ in what they know to be anchored: without the tries, nobody's turn could come.
        let turn = (first + tries + u64::from(self.ordered.me)) % u64::from(self.ordered.committee().size());
        let headers: Vec<_> = self.unreported.values().take(REPORT_MOST).map(|(h, _)| h.clone()).collect();
        let certificate = self.unreported.values().nth(headers.len() - 1).map(|(_, c)| c.clone());
        if let (Some(certificate), true) = (certificate, turn <= u64::from(self.ordered.committee().faults())) {
            let report = Report { continent: self.ordered.chain, headers, certificate };
            out.send(self.ordered.committees[globe.index()].replicas.clone(), Message::Report(report));
        }
    }

    /// The globe anchored blocks of ours: pass it down.
    fn anchor(&mut self, from: NodeId, anchor: Anchor, out: &mut Out) {
        let Some(globe) = self.globe else { return };
        let committee = &self.ordered.committees[globe.index()];
        let fresh = !self.anchors.contains_key(&anchor.heights.1) && anchor.continent == self.ordered.chain;
        if committee.member(from).is_none() || !fresh || !anchor.verify(committee) {
            return;
        }
        self.anchors.insert(anchor.heights.1, anchor.clone());
        // An anchor that was lost while all of us were away leaves a gap: what lies above it is reported again, and the
        // globe answers with what it has.
        while let Some((&last, next)) = self.anchors.range(self.anchored + 1..).next() {
            if next.heights.0 > self.anchored + 1 {
                break;
            }
            self.anchored = last;
        }
        self.unreported = self.unreported.split_off(&(self.anchored + 1));
        super::committee::keep_newest(&mut self.anchors, 1024);
        out.persist();
        for chain in self.municipalities.clone() {
            out.send(self.ordered.below(chain), Message::Anchored(anchor.clone()));
        }
    }
}

fn payload_root(payload: &Payload) -> Hash {
    Tree::from_leaves(&payload.iter().map(|(h, _)| h.hash()).collect::<Vec<_>>()).root()
}

/// A payload holds certified blocks of this continent and is what the header commits to. Whether they
/// continue their chains is judged when the block is final, against the same history everywhere.
fn payload_is_valid(
    all: &super::ordered::Committees<'_>,
    below: &[ChainId],
    waiting: &BTreeMap<(ChainId, u64), (BlockHeader, Certificate)>,
    header: &hotstuff::Header,
    payload: &[u8],
) -> bool {
    let Ok(payload) = decode::<Payload>(payload) else { return false };
    // What waits here was verified when it came, whichever quorum signed it for us.
    let known = |header: &BlockHeader| waiting.get(&(header.chain, header.height)).is_some_and(|(h, _)| h == header);
    payload.len() <= PAYLOAD_MOST
        && payload_root(&payload) == header.payload_root
        && payload.iter().all(|block| {
            let (h, c) = block;
            below.contains(&h.chain) && (known(h) || all.0[h.chain.index()].certified(h, c))
        })
}
