//! Whatever is outstanding for too long is asked for again; peers that fell behind are helped up.
use super::{Municipal, Out};
use crate::message::Message;
use crate::Timer;
use globelet_types::Micros;

/// An anchor that has not come after this long is asked for again.
const ANCHOR_PATIENCE_US: u64 = 3_000_000;
/// Rounds, vertices and votes sent in one answer.
const HELP_MOST: u64 = 64;

impl Municipal {
    /// True while something is under way that a lost message could hold up.
    pub(super) fn anything_outstanding(&self) -> bool {
        !self.ingress.is_idle()
            || self.lags()
            || self.unacknowledged().is_some()
            || self.book.unanchored().is_some()
            || !self.unproven.is_empty()
            || self.checkpoints.is_waited_for()
            || self.ledger.unsettled().next().is_some()
            || self.inbox_outstanding()
            || self.epochs.handing.is_some()
    }

    /// True while a round is under way here or, by what others say, further on elsewhere.
    fn lags(&self) -> bool {
        self.round.started
            || self.round.hears_of_later()
            || self.chain.certified < self.chain.height
            || self.chain.hears_of_later()
    }

    fn unacknowledged(&self) -> Option<u64> {
        self.frame.continent?;
        (self.chain.acknowledged < self.chain.certified).then_some(self.chain.acknowledged + 1)
    }

    pub(super) fn repair(&mut self, now: Micros, out: &mut Out) {
        self.repair_armed = false;
        let settled_in = 8 * self.frame.parameters().repair_us;
        for sealing in self.ingress.sealing.values() {
            if sealing.vertex.header.at.micros + self.frame.parameters().repair_us <= now {
                // Those that stood back at first are asked as well.
                self.request_holding(sealing, usize::MAX, out);
            }
        }
        self.extend_holdings(now, out);
        // Only what has not moved since the last look is stuck.
        let progress = (self.round.number, self.chain.certified);
        if self.restarted || (self.lags() && progress == self.progress) {
            self.say_behind(out);
        }
        (self.progress, self.restarted) = (progress, false);
        self.announce_heads(now, settled_in, out);
        self.resend_headers(now, out);
        self.repair_inbox(out);
        self.ask_post_quantum(now, out);
        self.ask_handover(out);
    }

    fn say_behind(&self, out: &mut Out) {
        let (round, certified) = (self.round.number, self.chain.certified);
        out.send(self.frame.others(), Message::Behind { round, certified, next: self.round.next.clone() });
        if !self.round.sent.is_empty() {
            out.send(self.frame.others(), Message::Agree { round, messages: self.round.sent.clone() });
        }
        if !self.round.sent_shares.is_empty() {
            out.send(self.frame.others(), Message::Open { round, shares: self.round.sent_shares.clone() });
        }
    }

    /// Tells destinations how far their lane goes, where a settlement is overdue.
    fn announce_heads(&self, now: Micros, after: u64, out: &mut Out) {
        for (destination, number) in self.ledger.unsettled() {
            let Some(height) = self.chain.lane_heights.get(&(destination, number)) else { continue };
            let sent = self.chain.blocks.get(height).and_then(|b| b.certificate.as_ref()).map(|(_, at)| at.micros);
            if sent.is_some_and(|at| at + after <= now) {
                let to = self.frame.committees[destination.index()].replicas.clone();
                out.send(to, Message::LaneHead { source: self.frame.chain, number: self.ledger.newest(destination) });
            }
        }
    }

    /// Headers whose acknowledgement or anchor is overdue go up again: the continent answers with what it has.
    fn resend_headers(&self, now: Micros, out: &mut Out) {
        let overdue = |height: &u64| {
            let certificate = self.chain.blocks.get(height).and_then(|r| r.certificate.as_ref());
            certificate.is_some_and(|(_, at)| at.micros + ANCHOR_PATIENCE_US <= now)
        };
        if let Some(height) = self.book.unanchored().filter(overdue) {
            self.send_header(height, out);
        }
        let Some(first) = self.unacknowledged() else { return };
        let patience = 4 * self.frame.parameters().repair_us;
        for height in first..=self.chain.certified.min(first + HELP_MOST) {
            let Some(record) = self.chain.blocks.get(&height) else { continue };
            let old = record.certificate.as_ref().is_some_and(|(_, at)| at.micros + patience <= now);
            if old && !record.acknowledged {
                self.send_header(height, out);
            }
        }
    }

    /// A peer says how far it is: send what it lacks.
    pub(super) fn behind(&mut self, from: u16, round: u64, certified: u64, next: &[u64], out: &mut Out) {
        let peer = vec![self.frame.committee().replicas[usize::from(from)]];
        for height in certified + 1..=certified + HELP_MOST {
            if let Some(&(block, signature)) = self.chain.own_votes.get(&height) {
                out.send(peer.clone(), Message::Vote { height, block, signature });
            }
        }
        for (proposer, &wanted) in next.iter().enumerate().take(usize::from(self.frame.committee().size())) {
            for sequence in wanted..wanted.saturating_add(HELP_MOST) {
                let proposer = proposer as u16;
                let Some(vertex) = self.vertices.get(proposer, sequence) else { break };
                let Some(body) = self.vertices.body(proposer, sequence) else { break };
                let message = Message::VertexBody { vertex: vertex.clone(), body: body.to_vec() };
                out.send(peer.clone(), message);
            }
        }
        for past in round..self.round.number.min(round.saturating_add(HELP_MOST)) {
            let Some(finished) = self.round.history.get(&past) else { continue };
            let decisions = finished.decisions.clone();
            out.send(peer.clone(), Message::RoundResult { round: past, decisions });
            if !finished.shares.is_empty() {
                out.send(peer.clone(), Message::Open { round: past, shares: finished.shares.clone() });
            }
        }
        let messages = self.round.said(round);
        if !messages.is_empty() {
            out.send(peer.clone(), Message::Agree { round, messages });
        }
        if round == self.round.number && !self.round.sent_shares.is_empty() {
            out.send(peer, Message::Open { round, shares: self.round.sent_shares.clone() });
        }
    }

    /// After a restart the process' timers are gone: what was armed is armed anew.
    pub(super) fn resume(&mut self, now: Micros, out: &mut Out) {
        self.rearm_seal(now, out);
        (self.round.armed, self.round.hurry_armed) = (Some(now + 1), true);
        out.timer(1, Timer::Round);
        out.timer(1, Timer::Hurry);
        self.interval.disarm();
        self.repair_armed = true;
        self.restarted = true;
        out.timer(1, Timer::Repair);
    }
}
