//! Votes of stakeholders, and the stake that they put behind each candidate.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use globelet_signatures::SigningKey;
use globelet_types::{encode, AccountId, ChainId, Signature};

use crate::codec::canonical;
use crate::error::short;
use crate::{ElectionError, Key};

/// What a stakeholder wants done with its stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Choice {
    /// It stands behind nobody.
    Nobody,
    /// It stands behind this candidate.
    Candidate(Key),
    /// It goes where the stake of this account goes.
    Delegate(AccountId),
}

/// A signed vote; it stands until the same account signs one with a higher sequence.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote {
    /// The chain whose committee is elected.
    pub chain: ChainId,
    /// Who votes.
    pub voter: AccountId,
    /// Number among this account's votes; the highest counts.
    pub sequence: u64,
    /// What it wants.
    pub choice: Choice,
    /// Ed25519 signature by the voter's key over [`Vote::signing_bytes`].
    pub signature: Signature,
}

impl Vote {
    /// Signs a vote with the key of the account.
    pub fn sign(key: &SigningKey, chain: ChainId, sequence: u64, choice: Choice) -> Vote {
        let voter = AccountId(key.public());
        let mut vote = Vote { chain, voter, sequence, choice, signature: [0; 64] };
        vote.signature = key.sign(&vote.signing_bytes());
        vote
    }

    /// What the voter signs: the domain `globelet stake vote 1`, then chain, voter, sequence and choice.
    pub fn signing_bytes(&self) -> Vec<u8> {
        encode(&(b"globelet stake vote 1", self.chain, self.voter, self.sequence, self.choice))
    }

    /// The canonical encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a vote from its canonical encoding; the signature is not checked.
    ///
    /// # Errors
    /// `Malformed` for anything but exactly one canonical vote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Vote, ElectionError> {
        canonical(bytes, 256)
    }
}

/// What counts for one account; no choice if it signed two different ones under its highest sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    sequence: u64,
    choice: Option<Choice>,
}

/// The votes that count for one chain. The state does not depend on the order in which votes came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Votes {
    chain: ChainId,
    counted: BTreeMap<AccountId, Counted>,
}

/// Stake behind candidates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Stake behind each candidate that has any.
    pub candidates: BTreeMap<Key, u64>,
    /// Stake behind nobody: not voted, voted for nobody, contradicting votes, or lent in a circle.
    pub unused: u64,
}

impl Votes {
    /// No votes yet, for the committee of `chain`.
    pub fn new(chain: ChainId) -> Votes {
        Votes { chain, counted: BTreeMap::new() }
    }

    /// Takes a vote in. An account that signs two different votes under one sequence votes for nobody until it signs
    /// a higher one: whichever of them a node met first, all nodes agree. O(log voters), and one signature check.
    ///
    /// # Errors
    /// `Malformed` for a vote of another chain, `BadSignature`, `StaleVote` when one with a higher sequence, or this
    /// very one, counts already.
    pub fn cast(&mut self, vote: &Vote) -> Result<(), ElectionError> {
        if vote.chain != self.chain {
            let reason = format!("a vote for chain {}, not {}", vote.chain, self.chain);
            return Err(ElectionError::Malformed { reason });
        }
        self.fresh(&vote.voter, vote.sequence, vote.choice)?;
        if !globelet_signatures::verify(&vote.voter.0, &vote.signing_bytes(), &vote.signature) {
            return Err(ElectionError::BadSignature { signer: short(&vote.voter.0) });
        }
        self.count(vote.voter, vote.sequence, vote.choice)
    }

    /// Takes in what a vote says, for whoever has checked in a way of its own that the voter said it. O(log voters).
    ///
    /// # Errors
    /// `StaleVote`, as [`Votes::cast`]; nothing was changed.
    pub fn count(&mut self, voter: AccountId, sequence: u64, choice: Choice) -> Result<(), ElectionError> {
        self.fresh(&voter, sequence, choice)?;
        let twice = self.newest(&voter) == Some(sequence);
        self.counted.insert(voter, Counted { sequence, choice: (!twice).then_some(choice) });
        Ok(())
    }

    fn fresh(&self, voter: &AccountId, sequence: u64, choice: Choice) -> Result<(), ElectionError> {
        let stale = |c: &&Counted| c.sequence > sequence || (c.sequence == sequence && c.says(choice));
        match self.counted.get(voter).filter(stale) {
            Some(counted) => Err(ElectionError::StaleVote { sequence, newest: counted.sequence }),
            None => Ok(()),
        }
    }

    /// The sequence of the vote of this account that counts. O(log voters).
    pub fn newest(&self, voter: &AccountId) -> Option<u64> {
        self.counted.get(voter).map(|counted| counted.sequence)
    }

    /// Accounts whose vote is known, ascending.
    pub fn voters(&self) -> impl Iterator<Item = &AccountId> {
        self.counted.keys()
    }

    /// Accounts whose vote is known.
    pub fn len(&self) -> usize {
        self.counted.len()
    }

    /// Whether nobody voted.
    pub fn is_empty(&self) -> bool {
        self.counted.is_empty()
    }

    /// Puts every account's stake behind the candidate it voted for, or whom the one it lent its vote to voted for,
    /// and so on. O(n log n) in stakes and votes, however long the loans.
    ///
    /// # Errors
    /// `StakeOverflow` if all stakes together pass 64 bits.
    pub fn tally(&self, stakes: &BTreeMap<AccountId, u64>) -> Result<Tally, ElectionError> {
        let total = stakes.values().try_fold(0u64, |sum, stake| sum.checked_add(*stake));
        total.ok_or(ElectionError::StakeOverflow)?;
        let mut tally = Tally::default();
        let mut known = BTreeMap::new();
        for (account, stake) in stakes.iter().filter(|(_, stake)| **stake > 0) {
            match self.resolve(*account, &mut known) {
                Some(key) => *tally.candidates.entry(key).or_default() += stake,
                None => tally.unused += stake,
            }
        }
        Ok(tally)
    }

    /// Where the stake of `account` goes; remembers it for everybody on the way.
    fn resolve(&self, account: AccountId, known: &mut BTreeMap<AccountId, Option<Key>>) -> Option<Key> {
        let (mut here, mut path) = (account, BTreeSet::new());
        let end = loop {
            if let Some(found) = known.get(&here) {
                break *found;
            }
            if !path.insert(here) {
                break None;
            }
            match self.counted.get(&here).and_then(|c| c.choice) {
                Some(Choice::Delegate(next)) => here = next,
                Some(Choice::Candidate(key)) => break Some(key),
                Some(Choice::Nobody) | None => break None,
            }
        };
        known.extend(path.into_iter().map(|passed| (passed, end)));
        end
    }
}

impl Counted {
    /// Whether another vote of this sequence with this choice would change nothing.
    fn says(&self, choice: Choice) -> bool {
        self.choice.is_none_or(|known| known == choice)
    }
}
