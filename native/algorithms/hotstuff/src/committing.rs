//! Commit in order, remember, and help those who lag.

use crate::state::{Step, HISTORY};
use crate::{Action, Certificate, Hash, Header, Hotstuff, HotstuffMessage, Phase};

/// Blocks in one answer to a fetch.
const ANSWER: usize = 8;
/// Payload bytes in one answer, after the first block.
const ANSWER_BYTES: usize = 4 << 20;

impl Hotstuff {
    fn is_commit(&self, certificate: &Certificate, step: &Step<'_>) -> bool {
        certificate.phase == Phase::Commit && certificate.verify(self.chain, self.quorum(), step.crypto)
    }

    /// Takes a commit certificate for the next height if it holds and the block is here.
    pub(crate) fn adopt(&mut self, certificate: Certificate, step: &mut Step<'_>) {
        if self.blocks.contains_key(&certificate.block) && self.is_commit(&certificate, step) {
            self.commit(certificate, step);
        }
    }

    pub(crate) fn on_committed(&mut self, from: u16, header: &Header, certificate: Certificate, step: &mut Step<'_>) {
        let same = (certificate.height, certificate.block) == (header.height, header.hash());
        if !same || header.height <= self.height || !self.is_commit(&certificate, step) {
            return;
        }
        self.raise_high(&certificate);
        self.target = self.target.max(certificate.height);
        if certificate.height == self.height + 1 && self.blocks.contains_key(&certificate.block) {
            self.commit(certificate, step);
        } else {
            self.ask(from, step);
        }
    }

    /// Makes the next block final; the certificate has been checked.
    pub(crate) fn commit(&mut self, certificate: Certificate, step: &mut Step<'_>) {
        let Some((header, payload)) = self.blocks.remove(&certificate.block) else { return };
        if (header.height, header.parent) != (self.height + 1, self.head) || certificate.height != header.height {
            return;
        }
        (self.height, self.head, self.head_time_us) = (header.height, certificate.block, header.time_us);
        self.head_certificate = Some(certificate.clone());
        self.raise_high(&certificate);
        self.blocks.clear();
        self.early.retain(|&height, _| height > certificate.height);
        (self.flight, self.seen, self.failures) = (None, None, 0);
        (self.expecting, self.deadline_us) = (false, None);
        self.history.insert(self.height, (header.clone(), payload.clone(), certificate.clone()));
        while self.history.len() > HISTORY {
            self.history.pop_first();
        }
        self.follow(certificate.view);
        step.actions.push(Action::Commit { header, payload, certificate });
        self.go_on(step);
    }

    /// After a commit: the proposal that was ahead, the next duty as leader.
    fn go_on(&mut self, step: &mut Step<'_>) {
        let due = |message: &HotstuffMessage| matches!(message, HotstuffMessage::Propose { header, .. } if header.height <= self.height + 1);
        if self.ahead.as_ref().is_some_and(|(_, message)| due(message)) {
            if let Some((from, message)) = self.ahead.take() {
                self.dispatch(from, message, step);
            }
        }
        self.lead(step);
    }

    /// Asks one member for the blocks up to the target, a few at a time.
    pub(crate) fn ask(&mut self, from: u16, step: &mut Step<'_>) {
        let waiting = self.height < self.asked.0 && step.now_us < self.asked.1;
        if self.target > self.height && !waiting {
            self.asked = (self.height + ANSWER as u64, step.now_us.saturating_add(self.base_timeout_us));
            step.send(from, HotstuffMessage::Fetch { height: self.height + 1, block: None });
        }
    }

    /// Tells a member who speaks of an old height that it is committed.
    pub(crate) fn remind(&self, to: u16, height: u64, step: &mut Step<'_>) {
        if let Some((header, _, certificate)) = self.history.get(&height) {
            step.send(to, HotstuffMessage::Committed { header: header.clone(), certificate: certificate.clone() });
        }
    }

    pub(crate) fn on_fetch(&self, from: u16, height: u64, block: Option<Hash>, step: &mut Step<'_>) {
        if let Some((header, payload)) = block.and_then(|block| self.blocks.get(&block)) {
            let (header, payload) = (header.clone(), payload.clone());
            return step.send(from, HotstuffMessage::Block { header, payload, certificate: None });
        }
        let mut bytes = 0;
        for (header, payload, certificate) in self.history.range(height..).map(|(_, block)| block).take(ANSWER) {
            if bytes > 0 && bytes + payload.len() > ANSWER_BYTES {
                break;
            }
            bytes += payload.len().max(1);
            let (header, payload, certificate) = (header.clone(), payload.clone(), Some(certificate.clone()));
            step.send(from, HotstuffMessage::Block { header, payload, certificate });
        }
    }

    pub(crate) fn on_block(
        &mut self,
        from: u16,
        header: Header,
        payload: Vec<u8>,
        certificate: Option<Certificate>,
        step: &mut Step<'_>,
    ) {
        let block = header.hash();
        let next = (header.chain, header.height, header.parent) == (self.chain, self.height + 1, self.head);
        if !next {
            return self.keep_early(header, payload, certificate, step);
        }
        match certificate {
            Some(certificate) => {
                let same = (certificate.height, certificate.block) == (header.height, block);
                if same && self.is_commit(&certificate, step) && (step.valid_payload)(&header, &payload) {
                    self.blocks.insert(block, (header, payload));
                    self.commit(certificate, step);
                    if let Some((header, payload, certificate)) = self.early.remove(&(self.height + 1)) {
                        return self.on_block(from, header, payload, Some(certificate), step);
                    }
                    self.ask(from, step);
                }
            }
            None => {
                let high = self.entered.as_ref().and_then(|timeout| timeout.high.as_ref());
                let wanted = high.is_some_and(|high| high.block == block) && !self.blocks.contains_key(&block);
                if wanted && (step.valid_payload)(&header, &payload) {
                    self.blocks.insert(block, (header, payload));
                    self.lead(step);
                }
            }
        }
    }

    /// Answers may overtake each other: what is certified and will soon be next is kept.
    fn keep_early(&mut self, header: Header, payload: Vec<u8>, certificate: Option<Certificate>, step: &Step<'_>) {
        let soon = self.height + 2..=self.height + ANSWER as u64;
        let Some(certificate) = certificate else { return };
        let same = (certificate.height, certificate.block) == (header.height, header.hash());
        if same && soon.contains(&header.height) && self.is_commit(&certificate, step) {
            self.early.insert(header.height, (header, payload, certificate));
        }
    }
}
