//! A common subset: which of the candidates all members take, by one binary agreement for each.

use globelet_threshold::CoinShare;

use crate::{Abba, AbbaError, AbbaMessage, Output};

/// Given an instance, a round and the shares at hand, the coin's bit once enough of them are valid.
pub type VerifyCoins<'a> = &'a mut dyn FnMut(u16, u32, &[CoinShare]) -> Option<bool>;

/// What one step of a [`Subset`] asks of the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubsetOutput {
    /// To send to every other member, in this order: the instance and its message.
    pub broadcast: Vec<(u16, AbbaMessage)>,
    /// Instances and rounds whose coin share the caller must make and pass to [`Subset::coin_share`].
    pub need_coin: Vec<(u16, u32)>,
    /// The candidates that all honest members take, ascending; set exactly once.
    pub chosen: Option<Vec<u16>>,
}

/// One common subset at one member, after Ben-Or, Kelmer and Rabin, "Asynchronous Secure Computations with Optimal
/// Resilience" (PODC 1994), section 4: say yes to each candidate whose value has come; once enough instances decided
/// yes, say no to the rest.
///
/// In their setting ([`Subset::among`]) each member proposes one value, and n - f are enough. [`Subset::over`] has any
/// candidates, such as things that several members may come to have, and any number that is enough. A member that does
/// not wait at all gives its whole input at once ([`Subset::propose`]).
///
/// Every honest member chooses the same candidates, and some honest member had the value of each. A candidate that all
/// honest members said yes to is chosen. Where enough values come to all honest members and nobody calls
/// [`Subset::propose`], at least that many are chosen.
/// The caller sees to it that values are unique and that what one honest member has reaches all (a reliable broadcast, or
/// values under a certificate): then the values of the chosen come to everybody.
#[derive(Clone, Debug, PartialEq)]
pub struct Subset {
    n: u16,
    f: u16,
    me: u16,
    /// So many decisions for yes make this member say no to the rest.
    enough: u16,
    instances: Vec<Abba>,
    yes: u16,
    undecided: u16,
    /// This member gave its input to every instance.
    closed: bool,
    told: bool,
}

impl Subset {
    /// A common subset of the proposals of `n` members of whom at most `f` lie, at member `me`: the candidates are the
    /// members, and n - f of them are enough.
    ///
    /// # Errors
    /// Those of [`Abba::among`].
    pub fn among(n: u16, f: u16, me: u16) -> Result<Self, AbbaError> {
        Self::over(n, f, me, n, n.saturating_sub(f))
    }

    /// A common subset of so many candidates among `n` members of whom at most `f` lie, at member `me`, who says no to
    /// the rest once `enough` are in. It ends if that many come to all honest members, or all call [`Subset::propose`].
    ///
    /// # Errors
    /// Those of [`Abba::among`].
    pub fn over(n: u16, f: u16, me: u16, candidates: u16, enough: u16) -> Result<Self, AbbaError> {
        Abba::among(n, f, me)?;
        let instances = (0..candidates).map(|_| Abba::new(n, f, me)).collect();
        Ok(Self { n, f, me, enough, instances, yes: 0, undecided: candidates, closed: false, told: false })
    }

    /// Another one like this at its beginning: same members, as many candidates.
    pub fn another(&self) -> Self {
        let Self { n, f, me, enough, .. } = *self;
        let undecided = self.candidates();
        let instances = (0..undecided).map(|_| Abba::new(n, f, me)).collect();
        Self { n, f, me, enough, instances, yes: 0, undecided, closed: false, told: false }
    }

    /// The number of candidates.
    pub fn candidates(&self) -> u16 {
        // It was made from a u16.
        self.instances.len() as u16
    }

    /// The instance of a candidate.
    pub fn instance(&self, candidate: u16) -> Option<&Abba> {
        self.instances.get(usize::from(candidate))
    }

    /// What the instances decided, in the order of the candidates, once all have.
    pub fn decisions(&self) -> Option<Vec<bool>> {
        match self.undecided {
            0 => self.instances.iter().map(Abba::decided).collect(),
            _ => None,
        }
    }

    /// The candidates chosen, ascending, once all instances have decided.
    pub fn chosen(&self) -> Option<Vec<u16>> {
        let yes = |(candidate, yes): (u16, bool)| yes.then_some(candidate);
        self.decisions().map(|decided| (0..).zip(decided).filter_map(yes).collect())
    }

    /// True if the inputs of all members to all instances are here.
    pub fn complete(&self) -> bool {
        self.instances.iter().all(Abba::complete)
    }

    /// The value of `candidate` is here. Only the first input counts: nothing changes after this member said no.
    ///
    /// # Errors
    /// [`AbbaError::NoSuchMember`] for a candidate that does not exist.
    pub fn deliver(&mut self, candidate: u16) -> Result<SubsetOutput, AbbaError> {
        self.step(candidate, |instance| instance.propose(true))
    }

    /// Says yes to the candidates that are here and no to the rest, for a member that waits for nothing more. Only the
    /// first input to each instance counts.
    pub fn propose(&mut self, here: impl Fn(u16) -> bool) -> SubsetOutput {
        let mut output = SubsetOutput::default();
        self.close(here, &mut output);
        self.conclude(&mut output);
        output
    }

    /// Takes a message of another member, whom the caller has authenticated, about the instance of `candidate`.
    ///
    /// # Errors
    /// [`AbbaError::NoSuchMember`] for an instance that does not exist.
    pub fn handle(
        &mut self,
        from: u16,
        candidate: u16,
        message: AbbaMessage,
        verify_coins: VerifyCoins<'_>,
    ) -> Result<SubsetOutput, AbbaError> {
        let mut verify_coin = |round, shares: &[CoinShare]| verify_coins(candidate, round, shares);
        self.step(candidate, |instance| instance.handle(from, message, &mut verify_coin))
    }

    /// Takes this member's own share of a coin that [`SubsetOutput::need_coin`] asked for.
    ///
    /// # Errors
    /// [`AbbaError::NoSuchMember`] for an instance that does not exist.
    pub fn coin_share(
        &mut self,
        candidate: u16,
        round: u32,
        share: CoinShare,
        verify_coins: VerifyCoins<'_>,
    ) -> Result<SubsetOutput, AbbaError> {
        let mut verify_coin = |round, shares: &[CoinShare]| verify_coins(candidate, round, shares);
        self.step(candidate, |instance| instance.coin_share(round, share, &mut verify_coin))
    }

    /// Goes on without what has not come, in every instance this member has spoken in. To be called once a while has
    /// passed, again and again until the subset is chosen.
    pub fn hurry(&mut self, verify_coins: VerifyCoins<'_>) -> SubsetOutput {
        let mut output = SubsetOutput::default();
        for candidate in 0..self.candidates() {
            let made = self.instances[usize::from(candidate)]
                .hurry(&mut |round, shares| verify_coins(candidate, round, shares));
            self.absorb(candidate, made, &mut output);
        }
        self.conclude(&mut output);
        output
    }

    fn step(&mut self, candidate: u16, act: impl FnOnce(&mut Abba) -> Output) -> Result<SubsetOutput, AbbaError> {
        let none = AbbaError::NoSuchMember { member: candidate, n: self.candidates() };
        let made = act(self.instances.get_mut(usize::from(candidate)).ok_or(none)?);
        let mut output = SubsetOutput::default();
        self.absorb(candidate, made, &mut output);
        self.conclude(&mut output);
        Ok(output)
    }

    fn absorb(&mut self, candidate: u16, made: Output, output: &mut SubsetOutput) {
        if let Some(yes) = made.decision {
            self.yes += u16::from(yes);
            self.undecided -= 1;
        }
        output.broadcast.extend(made.broadcast.into_iter().map(|message| (candidate, message)));
        output.need_coin.extend(made.need_coin.map(|round| (candidate, round)));
    }

    /// Gives this member's input to every instance that has none.
    fn close(&mut self, here: impl Fn(u16) -> bool, output: &mut SubsetOutput) {
        self.closed = true;
        for candidate in 0..self.candidates() {
            let instance = &mut self.instances[usize::from(candidate)];
            if !instance.proposed() {
                let made = instance.propose(here(candidate));
                self.absorb(candidate, made, output);
            }
        }
    }

    /// Says no to the rest once enough are in, and tells the result once.
    fn conclude(&mut self, output: &mut SubsetOutput) {
        if self.yes >= self.enough && !self.closed {
            self.close(|_| false, output);
        }
        if !self.told {
            output.chosen = self.chosen();
            self.told = output.chosen.is_some();
        }
    }
}
