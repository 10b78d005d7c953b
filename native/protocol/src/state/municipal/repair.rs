//! R2 and R3: whom to ask for parcels that are missing, and what is answered.
use super::inbox::Arrived;
use super::{Municipal, Out};
use crate::block::{BlockHeader, Certificate, Parcel, ParcelRef};
use crate::message::Message;
use crate::selection::among;
use crate::Weighted;
use globelet_rendezvous::{top_k, Candidate};
use globelet_types::{encode, ChainId, Micros, NodeId};
use std::collections::BTreeMap;

/// Numbers asked for in one repair request.
const ASK_MOST: usize = 64;

impl Municipal {
    /// R3 at the source: our shard of each parcel asked for.
    pub(super) fn repair_request(&mut self, from: NodeId, destination: ChainId, numbers: &[u64], out: &mut Out) {
        let known = self.frame.committees.get(destination.index()).is_some_and(|c| c.member(from).is_some());
        if !known {
            return;
        }
        for number in numbers.iter().take(ASK_MOST) {
            let Some(&height) = self.chain.lane_heights.get(&(destination, *number)) else { continue };
            let Some(record) = self.chain.blocks.get(&height) else { continue };
            let lane = record.header.lanes.iter().position(|l| l.destination == destination);
            if let Some(lane) = lane {
                self.send_parcel(height, lane as u16, Some(from), out);
            }
        }
    }

    /// The numbers between the cursor and the newest known that are not here.
    fn gaps(&self, source: ChainId, head: u64) -> Vec<u64> {
        let here = |n: &u64| self.ledger.seen(source, *n) || self.inbox.arrived.contains_key(&(source, *n));
        (self.cursor(source) + 1..=head).filter(|n| !here(n)).take(ASK_MOST).collect()
    }

    pub(super) fn inbox_outstanding(&self) -> bool {
        let lags = |(source, head): (&ChainId, &u64)| self.cursor(*source) < *head;
        self.inbox.heads.iter().any(lags) || !self.inbox.wanted.is_empty()
    }

    /// R2 and R3: asks several source replicas at once for what is missing, others each time.
    pub(super) fn repair_inbox(&mut self, out: &mut Out) {
        self.inbox.asked += 1;
        let sources: Vec<(ChainId, u64)> = self.inbox.heads.iter().map(|(c, h)| (*c, *h)).collect();
        for (source, head) in sources {
            let numbers = self.gaps(source, head);
            if !numbers.is_empty() {
                let to = self.whom_to_ask(source);
                out.send(to, Message::RepairRequest { destination: self.frame.chain, numbers });
            }
        }
        for &(source, number) in self.inbox.wanted.iter().take(ASK_MOST) {
            out.send(self.frame.others(), Message::ParcelWanted { source, number });
        }
    }

    /// A policy weighs the replicas of a source. Equal weights say nothing, so that they go on taking turns.
    pub(super) fn sources_changed(&mut self, source: ChainId, replicas: Vec<Weighted>) {
        let Some(committee) = self.frame.committees.get(source.index()) else { return };
        let mut weighed = among(replicas, &committee.replicas);
        let left: Vec<NodeId> =
            committee.replicas.iter().copied().filter(|r| weighed.iter().all(|w| w.node != *r)).collect();
        weighed.extend(left.into_iter().map(|node| Weighted { node, weight: 0 }));
        if weighed.windows(2).all(|pair| pair[0].weight == pair[1].weight) {
            self.inbox.preferred.remove(&source);
        } else {
            self.inbox.preferred.insert(source, weighed);
        }
    }

    /// One more than are needed: in turn, or by their weights under a draw that is another one each time.
    fn whom_to_ask(&self, source: ChainId) -> Vec<NodeId> {
        let ask = self.frame.parameters().parcel_shards_needed + 1;
        let Some(weighed) = self.inbox.preferred.get(&source) else {
            return self.frame.committees[source.index()].some(self.inbox.asked + u64::from(self.frame.me), ask);
        };
        let key = encode(&("R2", self.frame.chain, self.frame.me, source, self.inbox.asked));
        let candidate = |w: &Weighted| Candidate { id: u64::from(w.node.0), weight: w.weight, place: 0 };
        let candidates: Vec<Candidate> = weighed.iter().map(candidate).collect();
        top_k(&key, &candidates, usize::from(ask)).into_iter().map(|i| weighed[i].node).collect()
    }

    /// True if the parcel is here; otherwise the peers are asked for it, who agreed that it enters.
    pub(super) fn parcel_at_hand(&mut self, source: ChainId, number: u64, out: &mut Out) -> bool {
        if self.ledger.seen(source, number) || self.inbox.arrived.contains_key(&(source, number)) {
            return true;
        }
        let head = self.inbox.heads.entry(source).or_default();
        *head = number.max(*head);
        if self.inbox.wanted.insert((source, number)) {
            out.send(self.frame.others(), Message::ParcelWanted { source, number });
        }
        false
    }

    /// A peer lacks a parcel that a round takes in.
    pub(super) fn parcel_wanted(&self, from: u16, source: ChainId, number: u64, out: &mut Out) {
        let lately = || self.inbox.copies.iter().find(|a| a.parcel.source == source && a.parcel.number == number);
        let Some(found) = self.inbox.arrived.get(&(source, number)).or_else(lately) else { return };
        let Arrived { header, certificate, parcel, .. } = found;
        let peer = self.frame.committee().replicas[usize::from(from)];
        let (header, certificate, parcel) = (header.clone(), certificate.clone(), parcel.clone());
        out.send(vec![peer], Message::ParcelCopy { header, certificate, parcel });
    }

    /// A peer sends a parcel whole. It is believed as far as the source's certificate proves it.
    pub(super) fn parcel_copy(
        &mut self,
        now: Micros,
        from: u16,
        (header, certificate): (BlockHeader, Certificate),
        parcel: Parcel,
        out: &mut Out,
    ) {
        let source = header.chain;
        let reference = ParcelRef { source, number: parcel.number, digest: parcel.digest() };
        let entry = header.lanes.iter().find(|l| l.destination == self.frame.chain).copied();
        let Some(entry) = entry.filter(|l| l.number == reference.number && l.digest == reference.digest) else {
            out.misbehaviour(from, "sent a parcel that its block did not send");
            return;
        };
        if self.frame.committees.get(source.index()).is_none() || !self.lane_wanted(source, &entry) {
            return;
        }
        if !self.header_certified(&header, &certificate) {
            out.misbehaviour(from, "sent a parcel without a quorum's certificate");
            return;
        }
        let at = self.clock.now(now);
        let arrived = Arrived {
            header,
            certificate,
            parcel,
            digest: reference.digest,
            delivered: at,
            certified: at,
            route: None,
            seen: BTreeMap::new(),
            arrived_us: now,
        };
        self.arrive(now, (source, reference.number), arrived, out);
    }
}
