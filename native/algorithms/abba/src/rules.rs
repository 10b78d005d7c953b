//! The rules of the agreement: what follows from what a member has received.

use crate::instance::{Abba, VerifyCoin, FIRST_DRAWN};
use crate::round::{only, Values};
use crate::{AbbaMessage, Output};
use globelet_threshold::CoinShare;

impl Abba {
    /// Applies the rules until none has anything left to do.
    pub(crate) fn run(&mut self, output: &mut Output, verify_coin: VerifyCoin<'_>) {
        loop {
            self.relay(output);
            self.heed_unanimity(output);
            self.heed_terms(output);
            self.tell_decision(output);
            if !self.advance(output, verify_coin) {
                return;
            }
        }
    }

    /// BV-broadcast in every round, past ones too: someone slower may still need our relay.
    fn relay(&mut self, output: &mut Output) {
        let (few, quorum) = (usize::from(self.f) + 1, 2 * usize::from(self.f) + 1);
        let mut due = Vec::new();
        for (&round, state) in &self.rounds {
            for value in [false, true] {
                if state.supported & only(value) == 0 && state.supporters[usize::from(value)].len() >= few {
                    due.push((round, value));
                }
            }
        }
        for (round, value) in due {
            self.support(round, value, output);
        }
        self.rounds.values_mut().for_each(|state| state.admit(quorum));
    }

    fn support(&mut self, round: u32, value: bool, output: &mut Output) {
        if self.round_mut(round).supported & only(value) == 0 {
            self.round_mut(round).supported |= only(value);
            self.say(AbbaMessage::Bval { round, value, input: false }, output);
        }
    }

    fn heed_unanimity(&mut self, output: &mut Output) {
        if self.complete() {
            let trues = self.inputs.values().filter(|&&value| value).count();
            if trues == 0 || trues == self.inputs.len() {
                self.decide(trues > 0, output);
            }
        }
    }

    /// Members who said they decided `value`.
    pub(crate) fn said(&self, value: bool) -> usize {
        self.terms.values().filter(|&&said| said == value).count()
    }

    fn heed_terms(&mut self, output: &mut Output) {
        for value in [false, true] {
            if self.said(value) > usize::from(self.f) {
                self.decide(value, output);
            }
        }
    }

    fn decide(&mut self, value: bool, output: &mut Output) {
        if self.decided.is_none() {
            self.decided = Some(value);
            output.decision = Some(value);
        }
    }

    /// Says what was decided, once anybody may not have decided on the inputs.
    fn tell_decision(&mut self, output: &mut Output) {
        if let (Some(value), true, false) = (self.decided, self.hurried, self.terms.contains_key(&self.me)) {
            self.say(AbbaMessage::Term { value }, output);
        }
    }

    /// Takes the next step of this member's own round; false if it has to wait.
    fn advance(&mut self, output: &mut Output, verify_coin: VerifyCoin<'_>) -> bool {
        if self.quiet() {
            return false;
        }
        if let Some(estimate) = self.next {
            return self.enter(estimate, output);
        }
        let (round, me, enough) = (self.round, self.me, usize::from(self.n.saturating_sub(self.f)));
        if round == 0 && !self.hurried && (self.decided.is_some() || !self.complete()) {
            return false;
        }
        let state = self.round_mut(round);
        if let (Some(value), false) = (state.first, state.aux.contains_key(&me)) {
            self.say(AbbaMessage::Aux { round, value }, output);
            return true;
        }
        let Some(values) = state.seen(enough) else { return false };
        if round < FIRST_DRAWN {
            self.conclude(values, round == 0, output);
            return true;
        }
        let Some(values) = self.confirm(values, output) else { return false };
        let Some(coin) = self.draw(output, verify_coin) else { return false };
        self.conclude(values, coin, output);
        true
    }

    /// The confirmation step: the values that n - f members saw, this one's among them. The coin is drawn after it, so
    /// whoever learns the coin can no longer choose what an honest member goes on with.
    fn confirm(&mut self, values: Values, output: &mut Output) -> Option<Values> {
        #[cfg(test)]
        if self.unconfirmed {
            return Some(values);
        }
        let (round, me, enough) = (self.round, self.me, usize::from(self.n.saturating_sub(self.f)));
        if !self.round_mut(round).conf.contains_key(&me) {
            self.say(AbbaMessage::Conf { round, values }, output);
        }
        self.round_mut(round).agreed(enough)
    }

    /// The coin of this round. This member's own share comes first, so a step asks for one share at most.
    fn draw(&mut self, output: &mut Output, verify_coin: VerifyCoin<'_>) -> Option<bool> {
        let (round, me, few) = (self.round, self.me, usize::from(self.f) + 1);
        let state = self.round_mut(round);
        if !state.coin_asked {
            state.coin_asked = true;
            output.need_coin = Some(round);
        }
        let have = state.coins.len();
        if !state.coins.contains_key(&me) || have < few || have <= usize::from(state.coin_tried) {
            return None;
        }
        state.coin_tried = have as u16;
        let shares: Vec<CoinShare> = state.coins.values().cloned().collect();
        verify_coin(round, &shares)
    }

    fn conclude(&mut self, values: Values, coin: bool, output: &mut Output) {
        let single = [false, true].into_iter().find(|&value| values == only(value));
        if single == Some(coin) {
            self.hurried = true;
            self.decide(coin, output);
        }
        self.next = Some(single.unwrap_or(coin));
    }

    /// Enters the next round, unless this member has decided and nobody is known to be there.
    fn enter(&mut self, estimate: bool, output: &mut Output) -> bool {
        if self.decided.is_some() && self.heard <= self.round {
            return false;
        }
        self.next = None;
        self.round += 1;
        self.support(self.round, estimate, output);
        true
    }
}
