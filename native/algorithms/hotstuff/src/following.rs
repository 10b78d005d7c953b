//! The replica's side: judge proposals, lock, vote.

use crate::state::Step;
use crate::{Action, Certificate, Hash, Header, Hotstuff, HotstuffMessage, Phase, TimeoutCertificate};

impl Hotstuff {
    /// A proposal: enter its view if that is proved, then vote if the view's beginning allows the block.
    pub(crate) fn on_propose(&mut self, from: u16, message: HotstuffMessage, step: &mut Step<'_>) {
        let HotstuffMessage::Propose { header, payload, justify, timeout } = &message else { return };
        let view = timeout.as_ref().map_or(0, |timeout| timeout.view.saturating_add(1));
        if from != self.leader(view) || header.chain != self.chain {
            return;
        }
        if header.height <= self.height {
            return self.remind(from, header.height, step);
        }
        if view < self.view || !self.proved(timeout.as_ref(), step) {
            return;
        }
        if let (Some(timeout), true) = (timeout, view > self.view || self.entered.is_none()) {
            self.enter(timeout.clone(), step);
        }
        if let Some(certificate) = justify.as_ref().filter(|certificate| certificate.height == self.height + 1) {
            self.adopt(certificate.clone(), step);
        }
        if header.height > self.height + 1 {
            self.target = self.target.max(header.height - 1);
            self.ask(from, step);
            self.ahead = Some((from, message));
            return;
        }
        let (header, payload, timeout) = (header.clone(), payload.clone(), timeout.clone());
        self.consider(from, header, payload, timeout.as_ref(), step);
    }

    /// True if the view the certificate begins may be voted in.
    fn proved(&self, timeout: Option<&TimeoutCertificate>, step: &Step<'_>) -> bool {
        timeout == self.entered.as_ref()
            || timeout.is_none_or(|timeout| timeout.verify(self.chain, self.quorum(), step.crypto))
    }

    /// A proposal of this view for the next height.
    fn consider(
        &mut self,
        from: u16,
        header: Header,
        payload: Vec<u8>,
        timeout: Option<&TimeoutCertificate>,
        step: &mut Step<'_>,
    ) {
        let block = header.hash();
        if header.height != self.height + 1 || self.contradicts(from, &header, step) {
            return;
        }
        let known = self.blocks.contains_key(&block);
        let sound = header.parent == self.head && header.time_us >= self.head_time_us;
        if !sound || !self.allowed(&header, &block, timeout) || !(known || (step.valid_payload)(&header, &payload)) {
            return;
        }
        self.blocks.entry(block).or_insert((header, payload));
        self.arm(step.now_us, &mut step.actions);
        self.vote(Phase::Prepare, block, step);
    }

    /// Reports a leader that proposes two blocks in one view at one height.
    fn contradicts(&mut self, member: u16, header: &Header, step: &mut Step<'_>) -> bool {
        let view = self.view;
        match &self.seen {
            Some((seen, first)) if *seen == view && first.height == header.height => {
                if first != header {
                    let (a, b) = (first.clone(), header.clone());
                    step.actions.push(Action::Equivocation { member, view, a, b });
                    return true;
                }
            }
            _ => self.seen = Some((view, header.clone())),
        }
        false
    }

    /// What a view's leader may propose. Whatever was committed before the view began left its prepare certificate in
    /// every time-out certificate: at that height it must be the same block, above it nothing can have been committed.
    fn allowed(&self, header: &Header, block: &Hash, timeout: Option<&TimeoutCertificate>) -> bool {
        let fresh = header.view == self.view && header.proposer == self.leader(self.view);
        match timeout.and_then(|timeout| timeout.high.as_ref()) {
            Some(high) if high.height > header.height => false,
            Some(high) if high.height == header.height => high.block == *block,
            _ => fresh,
        }
    }

    /// A prepare certificate: lock on it and vote to commit.
    pub(crate) fn on_prepared(&mut self, from: u16, certificate: Certificate, step: &mut Step<'_>) {
        let stale = certificate.height <= self.height || certificate.view < self.view;
        if stale || certificate.phase != Phase::Prepare || !certificate.verify(self.chain, self.quorum(), step.crypto) {
            return;
        }
        self.raise_high(&certificate);
        // A quorum voted in that view, so it has begun.
        self.follow(certificate.view);
        if certificate.height > self.height + 1 {
            self.target = self.target.max(certificate.height - 1);
            return self.ask(from, step);
        }
        self.arm(step.now_us, &mut step.actions);
        self.vote(Phase::Commit, certificate.block, step);
    }
}
