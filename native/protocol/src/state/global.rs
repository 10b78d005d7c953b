//! A replica of the global chain: the Ledger of Roots.
use super::committee::of_kind;
use super::municipal::Out;
use super::ordered::{Committees, Final, Ordered};
use crate::receipt::{Anchor, Report};
use crate::{Effect, Event, Genesis, Message, NodeSecrets, Timer};
use globelet_erasure::merkle::Tree;
use globelet_hotstuff as hotstuff;
use globelet_types::world::ChainKind;
use globelet_types::{decode, encode, ChainId, Hash, Micros, NodeId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Anchors sent again in one answer.
const ANCHORS_AGAIN: usize = 16;
/// Most headers of one report.
const HEADERS_MOST: usize = 1024;

/// A global replica.
pub(crate) struct Global {
    ordered: Ordered,
    continents: Vec<ChainId>,
    waiting: BTreeMap<ChainId, Report>,
    /// Per continent: last height in the ledger and its header's hash.
    heads: BTreeMap<ChainId, (u64, Hash)>,
    /// Anchors by continent and last height, for those that report what is anchored already.
    anchors: BTreeMap<(ChainId, u64), Anchor>,
}

impl Global {
    pub fn new(genesis: &Arc<Genesis>, secrets: &NodeSecrets) -> Option<Global> {
        Some(Global {
            ordered: Ordered::new(genesis, secrets)?,
            continents: of_kind(genesis, ChainKind::Continental),
            waiting: BTreeMap::new(),
            heads: BTreeMap::new(),
            anchors: BTreeMap::new(),
        })
    }

    pub fn height(&self) -> (u64, Hash) {
        (self.ordered.height(), self.ordered.head)
    }

    pub fn handle(&mut self, now: Micros, event: Event) -> Vec<Effect> {
        let mut out = Out::default();
        let finals = match event {
            Event::MessageReceived { from, message: Message::Report(report), .. } => {
                self.report(now, from, report, &mut out)
            }
            Event::MessageReceived { from, message: Message::Hotstuff(message), .. } => {
                let continents = &self.continents;
                let valid = |all: &Committees<'_>, header: &hotstuff::Header, payload: &[u8]| {
                    payload_is_valid(all, continents, header, payload)
                };
                self.ordered.message(now, from, message, &valid, &mut out)
            }
            Event::TimerExpired(Timer::View(view)) => self.ordered.timer(now, view, &mut out),
            Event::Started => self.ordered.catch_up(now, &mut out),
            _ => Vec::new(),
        };
        self.settle(now, finals, &mut out);
        out.0
    }

    /// A continent reports: what the ledger has already is cut off, the rest must continue it.
    fn report(&mut self, now: Micros, from: NodeId, mut report: Report, out: &mut Out) -> Vec<Final> {
        let continent = report.continent;
        let Some(committee) = self.ordered.committees.get(continent.index()) else { return Vec::new() };
        if committee.member(from).is_none() || !self.continents.contains(&continent) {
            return Vec::new();
        }
        let head = self.heads.get(&continent).copied().unwrap_or_default();
        let first = report.headers.first().map_or(u64::MAX, |h| h.height);
        if first <= head.0 {
            // It reports what is anchored: that anchor was lost on the way.
            let lost = self.anchors.range((continent, first)..=(continent, u64::MAX)).take(ANCHORS_AGAIN);
            for (_, anchor) in lost {
                out.send(vec![from], Message::Anchored(anchor.clone()));
            }
        }
        report.headers.retain(|h| h.height > head.0);
        if report.headers.is_empty() {
            return Vec::new();
        }
        let longer = self.waiting.get(&continent).is_none_or(|w| w.headers.len() < report.headers.len());
        if !longer || !report_continues(head, &report) || !report_is_valid(committee, &report) {
            return Vec::new();
        }
        self.waiting.insert(continent, report);
        self.ordered.expect_progress(now, out)
    }

    fn settle(&mut self, now: Micros, mut finals: Vec<Final>, out: &mut Out) {
        loop {
            for block in std::mem::take(&mut finals) {
                self.finalised(&block, out);
            }
            if !self.waiting.is_empty() {
                finals.extend(self.ordered.expect_progress(now, out));
            }
            if !self.ordered.may_propose() || (self.waiting.is_empty() && !self.ordered.owes_proposal()) {
                return;
            }
            let payload: Vec<Report> = self.waiting.values().cloned().collect();
            let root = payload_tree(&payload).root();
            finals.extend(self.ordered.propose(now, encode(&payload), root, out));
            if finals.is_empty() {
                return;
            }
        }
    }

    fn finalised(&mut self, block: &Final, out: &mut Out) {
        let payload: Vec<Report> = decode(&block.payload).unwrap_or_default();
        out.persist();
        out.publish(self.ordered.certified_publication(block, payload.len() as u32));
        let tree = payload_tree(&payload);
        for (index, report) in payload.iter().enumerate() {
            let Some(last) = report.headers.last() else { continue };
            let head = self.heads.get(&report.continent).copied().unwrap_or_default();
            if !report_continues(head, report) {
                continue;
            }
            self.heads.insert(report.continent, (last.height, last.hash()));
            let anchor = anchor(block, report, tree.proof(index));
            out.send(self.ordered.below(report.continent), Message::Anchored(anchor.clone()));
            self.anchors.insert((report.continent, last.height), anchor);
            super::committee::keep_newest(&mut self.anchors, 4096);
        }
        let heads = &self.heads;
        self.waiting.retain(|continent, report| {
            let head = heads.get(continent).copied().unwrap_or_default();
            report.headers.retain(|h| h.height > head.0);
            report.headers.first().is_some_and(|h| h.parent == head.1)
        });
    }
}

fn anchor(block: &Final, report: &Report, proof: globelet_erasure::MerkleProof) -> Anchor {
    let (heights, tree) = root_of(report);
    let hashes = report.headers.iter().map(hotstuff::Header::hash);
    Anchor {
        header: block.header.clone(),
        certificate: block.certificate.clone(),
        continent: report.continent,
        heights,
        root: tree.root(),
        proof,
        blocks: hashes.enumerate().map(|(i, hash)| (hash, tree.proof(i))).collect(),
    }
}

/// First and last height of a report, and the tree over its header hashes.
fn root_of(report: &Report) -> ((u64, u64), Tree) {
    let hashes: Vec<Hash> = report.headers.iter().map(hotstuff::Header::hash).collect();
    let first = report.headers.first().map_or(0, |h| h.height);
    let last = report.headers.last().map_or(0, |h| h.height);
    ((first, last), Tree::from_leaves(&hashes))
}

fn payload_tree(payload: &[Report]) -> Tree {
    let leaves: Vec<Vec<u8>> = payload
        .iter()
        .map(|report| {
            let (heights, tree) = root_of(report);
            encode(&(report.continent, heights, tree.root()))
        })
        .collect();
    Tree::from_leaves(&leaves)
}

/// The first header of the report follows the head.
fn report_continues(head: (u64, Hash), report: &Report) -> bool {
    report.headers.first().is_some_and(|h| h.height == head.0 + 1 && h.parent == head.1)
}

/// Headers follow each other by parent, and the last is committed by the continent.
fn report_is_valid(committee: &super::committee::Committee, report: &Report) -> bool {
    let follows = |w: &[hotstuff::Header]| w[1].height == w[0].height + 1 && w[1].parent == w[0].hash();
    let Some(last) = report.headers.last() else { return false };
    report.headers.len() <= HEADERS_MOST
        && report.headers.windows(2).all(follows)
        && report.headers.iter().all(|h| h.chain == committee.chain.0)
        && committee.committed(last, &report.certificate)
}

/// Valid reports of distinct continents, and what the header commits to. Whether they continue the
/// ledger is judged when the block is final, against the same history everywhere.
fn payload_is_valid(all: &Committees<'_>, continents: &[ChainId], header: &hotstuff::Header, payload: &[u8]) -> bool {
    let Ok(reports) = decode::<Vec<Report>>(payload) else { return false };
    let distinct = reports.windows(2).all(|w| w[0].continent < w[1].continent);
    distinct
        && payload_tree(&reports).root() == header.payload_root
        && reports.iter().all(|r| continents.contains(&r.continent) && report_is_valid(&all.0[r.continent.index()], r))
}
