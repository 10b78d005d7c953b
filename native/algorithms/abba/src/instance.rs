//! One binary agreement as a state machine.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_threshold::CoinShare;

use crate::round::{only, Round, Values};
use crate::{AbbaMessage, Output};

/// How far above its own round a member keeps messages. It bounds what f liars can make it store (64 rounds
/// of one entry each). An honest message falls outside only if the others went through 64 rounds without deciding while
/// this member stood still; with a fair coin that has a probability below 2^-60.
pub const WINDOW: u32 = 64;

/// The first round with a threshold coin; before it the coins are 1 and 0.
const FIRST_DRAWN: u32 = 2;

/// Given a round and the shares at hand, the coin's bit once enough of them are valid.
pub type VerifyCoin<'a> = &'a mut dyn FnMut(u32, &[CoinShare]) -> Option<bool>;

/// One instance of binary agreement at one member.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Abba {
    n: u16,
    f: u16,
    me: u16,
    input: Option<bool>,
    inputs: BTreeMap<u16, bool>,
    round: u32,
    rounds: BTreeMap<u32, Round>,
    /// What this member will support in the next round, once its own round is over.
    next: Option<bool>,
    /// The highest round another member spoke of.
    heard: u32,
    terms: BTreeMap<u16, bool>,
    decided: Option<bool>,
    /// This member waits for nobody's input any more.
    hurried: bool,
}

impl Abba {
    /// An instance among `n` members of whom at most `f` lie (n >= 3f + 1), at member `me`.
    pub fn new(n: u16, f: u16, me: u16) -> Self {
        let (inputs, rounds, terms) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self {
            n,
            f,
            me,
            input: None,
            inputs,
            round: 0,
            rounds,
            next: None,
            heard: 0,
            terms,
            decided: None,
            hurried: false,
        }
    }

    /// The decision, once there is one.
    pub fn decided(&self) -> Option<bool> {
        self.decided
    }

    /// True once this member gave its input.
    pub fn proposed(&self) -> bool {
        self.input.is_some()
    }

    /// The round this member is in.
    pub fn round(&self) -> u32 {
        self.round
    }

    /// True when everyone is known to be able to decide without this member.
    pub fn quiet(&self) -> bool {
        self.decided.is_some_and(|value| self.said(value) > 2 * usize::from(self.f))
    }

    /// Gives this member's input. Only the first call counts.
    pub fn propose(&mut self, value: bool) -> Output {
        let mut output = Output::default();
        if self.proposed() || self.quiet() {
            self.input.get_or_insert(value);
            return output;
        }
        self.input = Some(value);
        self.round_mut(0).supported |= only(value);
        self.say(AbbaMessage::Bval { round: 0, value, input: true }, &mut output);
        self.run(&mut output, &mut |_, _| None);
        output
    }

    /// True if the inputs of all members are here.
    pub fn complete(&self) -> bool {
        self.inputs.len() == usize::from(self.n)
    }

    /// Goes on without the inputs that have not come. To be called once a while has passed.
    pub fn hurry(&mut self, verify_coin: VerifyCoin<'_>) -> Output {
        let mut output = Output::default();
        if self.proposed() && self.decided.is_none() && !self.hurried {
            self.hurried = true;
            self.run(&mut output, verify_coin);
        }
        output
    }

    /// Takes a message of another member, whom the caller has authenticated. Duplicates, contradictions, and rounds
    /// beyond [`WINDOW`] are ignored.
    pub fn handle(&mut self, from: u16, message: AbbaMessage, verify_coin: VerifyCoin<'_>) -> Output {
        let mut output = Output::default();
        if from < self.n && from != self.me && !self.quiet() && self.acceptable(from, &message) {
            self.heard = self.heard.max(round_of(&message));
            // Whoever says more than its input could not decide on the inputs alone, and needs us.
            self.hurried |= !matches!(message, AbbaMessage::Bval { input: true, .. });
            self.record(from, message);
            self.run(&mut output, verify_coin);
        }
        output
    }

    /// Takes this member's own share of the coin of `round`, after [`Output::need_coin`] asked for it.
    pub fn coin_share(&mut self, round: u32, share: CoinShare, verify_coin: VerifyCoin<'_>) -> Output {
        let mut output = Output::default();
        if self.rounds.get(&round).is_some_and(|state| state.coin_asked) && share.index == self.me {
            self.say(AbbaMessage::Coin { round, share }, &mut output);
            self.run(&mut output, verify_coin);
        }
        output
    }

    fn acceptable(&self, from: u16, message: &AbbaMessage) -> bool {
        let sound = match message {
            AbbaMessage::Bval { round, input, .. } => !input || *round == 0,
            AbbaMessage::Conf { round, values } => *round >= FIRST_DRAWN && (1..=3).contains(values),
            AbbaMessage::Coin { round, share } => *round >= FIRST_DRAWN && share.index == from,
            AbbaMessage::Aux { .. } | AbbaMessage::Term { .. } => true,
        };
        sound && round_of(message) <= self.round.saturating_add(WINDOW)
    }

    fn round_mut(&mut self, round: u32) -> &mut Round {
        self.rounds.entry(round).or_default()
    }

    /// Keeps what a member said; where a member may say a thing once, the first counts.
    fn record(&mut self, from: u16, message: AbbaMessage) {
        match message {
            AbbaMessage::Bval { round, value, input } => {
                self.round_mut(round).supporters[usize::from(value)].insert(from);
                if input {
                    self.inputs.entry(from).or_insert(value);
                }
            }
            AbbaMessage::Aux { round, value } => {
                self.round_mut(round).aux.entry(from).or_insert(value);
            }
            AbbaMessage::Conf { round, values } => {
                self.round_mut(round).conf.entry(from).or_insert(values);
            }
            AbbaMessage::Coin { round, share } => {
                self.round_mut(round).coins.entry(from).or_insert(share);
            }
            AbbaMessage::Term { value } => {
                self.terms.entry(from).or_insert(value);
            }
        }
    }

    /// Tells everybody, this member included.
    fn say(&mut self, message: AbbaMessage, output: &mut Output) {
        output.broadcast.push(message.clone());
        self.record(self.me, message);
    }

    /// Applies the rules until none has anything left to do.
    fn run(&mut self, output: &mut Output, verify_coin: VerifyCoin<'_>) {
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
    fn said(&self, value: bool) -> usize {
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
        let (round, me, enough) = (self.round, self.me, usize::from(self.n - self.f));
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
        if !state.conf.contains_key(&me) {
            self.say(AbbaMessage::Conf { round, values }, output);
            return true;
        }
        let Some(values) = state.agreed(enough) else { return false };
        let Some(coin) = self.draw(output, verify_coin) else { return false };
        self.conclude(values, coin, output);
        true
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

fn round_of(message: &AbbaMessage) -> u32 {
    match message {
        AbbaMessage::Bval { round, .. }
        | AbbaMessage::Aux { round, .. }
        | AbbaMessage::Conf { round, .. }
        | AbbaMessage::Coin { round, .. } => *round,
        AbbaMessage::Term { .. } => 0,
    }
}
