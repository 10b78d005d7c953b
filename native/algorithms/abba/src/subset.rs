//! A common subset: which of n proposals all members take, by one binary agreement for each proposer.

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
    /// The proposers whose values all honest members take, ascending; set exactly once.
    pub chosen: Option<Vec<u16>>,
}

/// One common subset at one member, after Ben-Or, Kelmer and Rabin, "Asynchronous Secure Computations with Optimal
/// Resilience" (PODC 1994), section 4: say yes to each proposer whose value has come; once n - f instances decided yes,
/// say no to the rest.
///
/// At least n - f proposers are chosen, the same by every honest member, and some honest member had the value of each.
/// The caller sees to it that values are unique and that what one honest member has reaches all (a reliable broadcast, or
/// values under a certificate): then the values of the chosen come to everybody.
#[derive(Clone, Debug, PartialEq)]
pub struct Subset {
    n: u16,
    f: u16,
    instances: Vec<Abba>,
    told: bool,
}

impl Subset {
    /// A common subset among `n` members of whom at most `f` lie, at member `me`.
    ///
    /// # Errors
    /// Those of [`Abba::among`].
    pub fn among(n: u16, f: u16, me: u16) -> Result<Self, AbbaError> {
        Abba::among(n, f, me)?;
        Ok(Self { n, f, instances: (0..n).map(|_| Abba::new(n, f, me)).collect(), told: false })
    }

    /// The instance of a proposer.
    pub fn instance(&self, proposer: u16) -> Option<&Abba> {
        self.instances.get(usize::from(proposer))
    }

    /// The proposers chosen, ascending, once all instances have decided.
    pub fn chosen(&self) -> Option<Vec<u16>> {
        let decided: Option<Vec<bool>> = self.instances.iter().map(Abba::decided).collect();
        let yes = |(proposer, yes): (u16, bool)| yes.then_some(proposer);
        decided.map(|decided| (0..self.n).zip(decided).filter_map(yes).collect())
    }

    /// The value of `proposer` is here. Only the first call counts, and none after this member said no.
    ///
    /// # Errors
    /// [`AbbaError::NoSuchMember`].
    pub fn deliver(&mut self, proposer: u16) -> Result<SubsetOutput, AbbaError> {
        self.step(proposer, |instance| instance.propose(true))
    }

    /// Takes a message of another member, whom the caller has authenticated, about the instance of `proposer`.
    ///
    /// # Errors
    /// [`AbbaError::NoSuchMember`] for an instance that does not exist.
    pub fn handle(
        &mut self,
        from: u16,
        proposer: u16,
        message: AbbaMessage,
        verify_coins: VerifyCoins<'_>,
    ) -> Result<SubsetOutput, AbbaError> {
        let mut verify_coin = |round, shares: &[CoinShare]| verify_coins(proposer, round, shares);
        self.step(proposer, |instance| instance.handle(from, message, &mut verify_coin))
    }

    /// Takes this member's own share of a coin that [`SubsetOutput::need_coin`] asked for.
    ///
    /// # Errors
    /// [`AbbaError::NoSuchMember`] for an instance that does not exist.
    pub fn coin_share(
        &mut self,
        proposer: u16,
        round: u32,
        share: CoinShare,
        verify_coins: VerifyCoins<'_>,
    ) -> Result<SubsetOutput, AbbaError> {
        let mut verify_coin = |round, shares: &[CoinShare]| verify_coins(proposer, round, shares);
        self.step(proposer, |instance| instance.coin_share(round, share, &mut verify_coin))
    }

    /// Goes on without what has not come, in every instance this member has spoken in. To be called once a while has
    /// passed, again and again until the subset is chosen.
    pub fn hurry(&mut self, verify_coins: VerifyCoins<'_>) -> SubsetOutput {
        let mut output = SubsetOutput::default();
        for (proposer, instance) in (0..self.n).zip(&mut self.instances) {
            let made = instance.hurry(&mut |round, shares| verify_coins(proposer, round, shares));
            output.absorb(proposer, made);
        }
        self.conclude(&mut output);
        output
    }

    fn step(&mut self, proposer: u16, act: impl FnOnce(&mut Abba) -> Output) -> Result<SubsetOutput, AbbaError> {
        let none = AbbaError::NoSuchMember { member: proposer, n: self.n };
        let made = act(self.instances.get_mut(usize::from(proposer)).ok_or(none)?);
        let mut output = SubsetOutput::default();
        output.absorb(proposer, made);
        self.conclude(&mut output);
        Ok(output)
    }

    /// Says no to the rest once enough are in, and tells the result once.
    fn conclude(&mut self, output: &mut SubsetOutput) {
        let yes = self.instances.iter().filter(|instance| instance.decided() == Some(true)).count();
        if yes >= usize::from(self.n.saturating_sub(self.f)) {
            for (proposer, instance) in (0..self.n).zip(&mut self.instances) {
                if !instance.proposed() {
                    output.absorb(proposer, instance.propose(false));
                }
            }
        }
        if !self.told {
            output.chosen = self.chosen();
            self.told = output.chosen.is_some();
        }
    }
}

impl SubsetOutput {
    fn absorb(&mut self, proposer: u16, made: Output) {
        self.broadcast.extend(made.broadcast.into_iter().map(|message| (proposer, message)));
        self.need_coin.extend(made.need_coin.map(|round| (proposer, round)));
    }
}
