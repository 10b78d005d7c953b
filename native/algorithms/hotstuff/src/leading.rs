//! The leader's side: propose, count votes, show certificates.

use std::collections::BTreeMap;

use crate::state::{Flight, Step};
use crate::{Action, Certificate, Hash, Header, Hotstuff, HotstuffMessage, Phase};

/// What a leader has to do next.
enum Duty {
    Nothing,
    /// Free to propose a block of its own.
    Fresh,
    /// Bound to propose this block again.
    Again(Hash),
    /// Others are higher: it lacks committed blocks.
    Behind,
}

impl Hotstuff {
    fn duty(&self) -> Duty {
        let proved = self.view == 0 || self.entered.is_some();
        if !self.is_leader() || self.view < self.stopped || self.flight.is_some() || !proved {
            return Duty::Nothing;
        }
        match self.entered.as_ref().and_then(|timeout| timeout.high.as_ref()) {
            Some(high) if high.height > self.height + 1 => Duty::Behind,
            Some(high) if high.height == self.height + 1 && high.phase == Phase::Commit => Duty::Behind,
            Some(high) if high.height == self.height + 1 => Duty::Again(high.block),
            _ => Duty::Fresh,
        }
    }

    /// True if this member leads, has no block in flight, and is not bound to propose an earlier block again.
    pub fn ready_to_propose(&self) -> bool {
        matches!(self.duty(), Duty::Fresh)
    }

    /// Does what a leader has to do at the start of a view or after a commit.
    pub(crate) fn lead(&mut self, step: &mut Step<'_>) {
        match self.duty() {
            Duty::Nothing => {}
            Duty::Fresh => step.actions.push(Action::NeedPayload),
            Duty::Behind => step.broadcast(HotstuffMessage::Fetch { height: self.height + 1, block: None }),
            Duty::Again(hash) => match self.blocks.get(&hash).cloned() {
                Some((header, payload)) => self.launch(header, payload, step),
                None => step.broadcast(HotstuffMessage::Fetch { height: self.height + 1, block: Some(hash) }),
            },
        }
    }

    /// Puts a block in flight in this view.
    pub(crate) fn launch(&mut self, header: Header, payload: Vec<u8>, step: &mut Step<'_>) {
        let block = header.hash();
        self.blocks.insert(block, (header.clone(), payload.clone()));
        self.flight = Some(Flight { block, prepare: BTreeMap::new(), commit: BTreeMap::new(), prepared: false });
        let (justify, timeout) = (self.head_certificate.clone(), self.entered.clone());
        step.broadcast(HotstuffMessage::Propose { header, payload, justify, timeout });
        self.arm(step.now_us, &mut step.actions);
        self.vote(Phase::Prepare, block, step);
    }

    /// A vote for this view and the next height.
    pub(crate) fn on_vote(&mut self, from: u16, phase: Phase, block: Hash, signature: [u8; 64], step: &mut Step<'_>) {
        let wanted = self.flight.as_ref().is_some_and(|flight| {
            let votes = if phase == Phase::Prepare { &flight.prepare } else { &flight.commit };
            let open = phase == Phase::Commit || !flight.prepared;
            flight.block == block && open && !votes.contains_key(&from)
        });
        let bytes = Certificate::signing_bytes(self.chain, phase, self.view, self.height + 1, &block);
        if wanted && step.crypto.verify(from, &bytes, &signature) {
            self.tally(from, phase, signature, step);
        }
    }

    /// Counts a valid vote for the block in flight.
    pub(crate) fn tally(&mut self, from: u16, phase: Phase, signature: [u8; 64], step: &mut Step<'_>) {
        let (quorum, view, height) = (self.quorum(), self.view, self.height + 1);
        let Some(flight) = self.flight.as_mut() else { return };
        let votes = if phase == Phase::Prepare { &mut flight.prepare } else { &mut flight.commit };
        votes.insert(from, signature);
        if votes.len() < quorum {
            return;
        }
        let signatures = votes.iter().map(|(&member, &signature)| (member, signature)).collect();
        let block = flight.block;
        let certificate = Certificate { phase, view, height, block, signatures };
        if phase == Phase::Prepare && !flight.prepared {
            flight.prepared = true;
            self.raise_high(&certificate);
            step.broadcast(HotstuffMessage::Prepared { certificate });
            self.vote(Phase::Commit, block, step);
        } else if phase == Phase::Commit {
            if let Some((header, _)) = self.blocks.get(&block) {
                step.broadcast(HotstuffMessage::Committed { header: header.clone(), certificate: certificate.clone() });
            }
            self.commit(certificate, step);
        }
    }
}
