//! One binary agreement as a state machine.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_threshold::CoinShare;

use crate::round::{only, Round};
use crate::{AbbaError, AbbaMessage, Output};

/// How far above its own round a member keeps messages. It bounds what f liars can make it store (64 rounds
/// of one entry each). An honest message falls outside only if the others went through 64 rounds without deciding while
/// this member stood still; with a fair coin that has a probability below 2^-60.
pub const WINDOW: u32 = 64;

/// The first round with a threshold coin; before it the coins are 1 and 0.
pub(crate) const FIRST_DRAWN: u32 = 2;

/// Given a round and the shares at hand, the coin's bit once enough of them are valid.
pub type VerifyCoin<'a> = &'a mut dyn FnMut(u32, &[CoinShare]) -> Option<bool>;

/// One instance of binary agreement at one member.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Abba {
    pub(crate) n: u16,
    pub(crate) f: u16,
    pub(crate) me: u16,
    pub(crate) input: Option<bool>,
    pub(crate) inputs: BTreeMap<u16, bool>,
    pub(crate) round: u32,
    pub(crate) rounds: BTreeMap<u32, Round>,
    /// What this member will support in the next round, once its own round is over.
    pub(crate) next: Option<bool>,
    /// The highest round another member spoke of.
    pub(crate) heard: u32,
    pub(crate) terms: BTreeMap<u16, bool>,
    pub(crate) decided: Option<bool>,
    /// This member waits for nobody's input any more.
    pub(crate) hurried: bool,
    /// Leaves the confirmation step out, to show what it is there for.
    #[cfg(test)]
    pub(crate) unconfirmed: bool,
}

impl Abba {
    /// An instance among `n` members of whom at most `f` lie, at member `me` (counted from 0).
    ///
    /// # Errors
    /// [`AbbaError::Committee`] unless n >= 3f + 1, [`AbbaError::NoSuchMember`] unless `me` is below `n`.
    pub fn among(n: u16, f: u16, me: u16) -> Result<Self, AbbaError> {
        if u32::from(n) < 3 * u32::from(f) + 1 {
            return Err(AbbaError::Committee { n, f });
        }
        if me >= n {
            return Err(AbbaError::NoSuchMember { member: me, n });
        }
        Ok(Self::new(n, f, me))
    }

    /// [`Abba::among`] for a caller who has checked the committee: nothing is promised unless n >= 3f + 1 and me < n.
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
            #[cfg(test)]
            unconfirmed: false,
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
            self.heard = self.heard.max(message.round());
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
        let own = !matches!(message, AbbaMessage::Coin { share, .. } if share.index != from);
        own && message.is_sound() && message.round() <= self.round.saturating_add(WINDOW)
    }

    pub(crate) fn round_mut(&mut self, round: u32) -> &mut Round {
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
    pub(crate) fn say(&mut self, message: AbbaMessage, output: &mut Output) {
        output.broadcast.push(message.clone());
        self.record(self.me, message);
    }
}
