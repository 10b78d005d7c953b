//! Views, time-outs, and the change from one view to the next.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::state::Step;
use crate::{Action, Certificate, Hotstuff, HotstuffMessage, TimeoutCertificate, TimeoutVote};

/// The time-out grows to at most 2^6 times its base.
const DOUBLINGS: u32 = 6;

/// A member's last time-out.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Wish {
    pub(crate) view: u64,
    pub(crate) high: Option<Certificate>,
    pub(crate) vote: TimeoutVote,
}

impl Hotstuff {
    fn patience_us(&self) -> u64 {
        self.base_timeout_us.saturating_mul(1 << self.failures.min(DOUBLINGS))
    }

    /// Gives the current view a deadline, and a timer unless one runs.
    pub(crate) fn arm(&mut self, now_us: u64, actions: &mut Vec<Action>) {
        let deadline = *self.deadline_us.get_or_insert(now_us.saturating_add(self.patience_us()));
        if self.armed != Some(self.view) {
            self.armed = Some(self.view);
            actions.push(Action::StartTimer { view: self.view, after_us: deadline.saturating_sub(now_us) });
        }
    }

    pub(crate) fn on_timer(&mut self, view: u64, step: &mut Step<'_>) {
        if self.armed != Some(view) || view != self.view {
            return;
        }
        self.armed = None;
        match self.deadline_us {
            None => {}
            Some(deadline) if step.now_us < deadline => self.arm(step.now_us, &mut step.actions),
            Some(_) => self.give_up(view, step),
        }
    }

    /// Stops voting up to `view` and says so; said again at each deadline until the view changes.
    fn give_up(&mut self, view: u64, step: &mut Step<'_>) {
        if view > self.view {
            self.follow(view);
        }
        self.stopped = self.stopped.max(view.saturating_add(1));
        self.expecting = true;
        let high = self.high.clone();
        let (high_height, high_view) = high.as_ref().map_or((0, 0), Certificate::rank);
        let signature = step.crypto.sign(&TimeoutCertificate::signing_bytes(self.chain, view, high_height, high_view));
        let vote = TimeoutVote { member: self.me, high_height, high_view, signature };
        self.wishes.insert(self.me, Wish { view, high: high.clone(), vote });
        step.broadcast(HotstuffMessage::Timeout { view, high, height: self.height, signature });
        self.deadline_us = None;
        self.arm(step.now_us, &mut step.actions);
        self.conclude_view(step);
    }

    pub(crate) fn on_timeout(
        &mut self,
        from: u16,
        (view, height): (u64, u64),
        high: Option<Certificate>,
        signature: [u8; 64],
        step: &mut Step<'_>,
    ) {
        self.remind(from, height.saturating_add(1), step);
        if view < self.view {
            if let Some(timeout) = self.entered.clone() {
                step.send(from, HotstuffMessage::Advance { timeout });
            }
            return;
        }
        let (high_height, high_view) = high.as_ref().map_or((0, 0), Certificate::rank);
        let bytes = TimeoutCertificate::signing_bytes(self.chain, view, high_height, high_view);
        let sound = step.crypto.verify(from, &bytes, &signature)
            && high.as_ref().is_none_or(|high| high.verify(self.chain, self.quorum(), step.crypto));
        if !sound || self.wishes.get(&from).is_some_and(|wish| wish.view > view) {
            return;
        }
        if let Some(high) = &high {
            self.learn(from, high, step);
        }
        let vote = TimeoutVote { member: from, high_height, high_view, signature };
        self.wishes.insert(from, Wish { view, high, vote });
        self.join(step);
        self.conclude_view(step);
    }

    /// A valid certificate from elsewhere: raise the highest one, and ask for what must lie below it.
    fn learn(&mut self, from: u16, high: &Certificate, step: &mut Step<'_>) {
        self.raise_high(high);
        let committed = if high.phase == crate::Phase::Commit { high.height } else { high.height.saturating_sub(1) };
        self.target = self.target.max(committed);
        self.ask(from, step);
    }

    /// Gives up too once f + 1 members have: one of them is honest.
    fn join(&mut self, step: &mut Step<'_>) {
        let mut views: Vec<u64> = self.wishes.values().map(|wish| wish.view).collect();
        views.sort_unstable_by(|a, b| b.cmp(a));
        if let Some(&view) = views.get(self.faults()) {
            if view >= self.stopped && view >= self.view {
                self.give_up(view, step);
            }
        }
    }

    /// Ends the current view once a quorum has given it up.
    fn conclude_view(&mut self, step: &mut Step<'_>) {
        let view = self.view;
        let mut wishes: Vec<&Wish> = self.wishes.values().filter(|wish| wish.view == view).collect();
        if wishes.len() < self.quorum() {
            return;
        }
        wishes.truncate(self.quorum());
        let highs = wishes.iter().filter_map(|wish| wish.high.as_ref());
        let high = highs.max_by_key(|high| (high.rank(), high.phase)).cloned();
        let votes = wishes.iter().map(|wish| wish.vote.clone()).collect();
        let timeout = TimeoutCertificate { view, high, votes };
        step.broadcast(HotstuffMessage::Advance { timeout: timeout.clone() });
        self.enter(timeout, step);
    }

    pub(crate) fn on_advance(&mut self, timeout: TimeoutCertificate, step: &mut Step<'_>) {
        let next = timeout.view.saturating_add(1);
        let news = next > self.view || (next == self.view && self.entered.is_none());
        if news && timeout.verify(self.chain, self.quorum(), step.crypto) {
            self.enter(timeout, step);
        }
    }

    /// Enters the view after a proved time-out, or takes note of the proof for the view it is in.
    pub(crate) fn enter(&mut self, timeout: TimeoutCertificate, step: &mut Step<'_>) {
        let next = timeout.view.saturating_add(1);
        if next > self.view {
            self.follow(next);
            self.failures = self.failures.saturating_add(1);
        }
        if let Some(high) = timeout.high.clone() {
            self.learn(self.leader(next), &high, step);
        }
        self.entered = Some(timeout);
        if self.expecting {
            self.arm(step.now_us, &mut step.actions);
        }
        self.lead(step);
    }

    /// Moves to a higher view without proof of how the one before ended: enough to vote for a certificate, or to
    /// give the view up, but not to propose.
    pub(crate) fn follow(&mut self, view: u64) {
        if view > self.view {
            (self.view, self.entered, self.flight, self.seen) = (view, None, None, None);
            self.deadline_us = None;
            self.wishes.retain(|_, wish| wish.view >= view);
        }
    }
}
