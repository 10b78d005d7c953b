//! What account holders want of the next election: their votes, and the stake that these put behind each candidate.
//!
//! A candidate's stake is its own, from the world file, and the balances of all accounts that stand behind it, in the
//! world's smallest unit. Balances count as they are when the election opens, before anybody can know its coin.
use super::Municipal;
use globelet_election::Choice as Counted;
use globelet_types::{Choice, Refusal, Vote};
use std::collections::BTreeMap;

impl Municipal {
    /// Why a vote whose account and nonce are in order can't be counted, if it can't.
    pub(super) fn vote_refusal(&self, vote: &Vote) -> Option<Refusal> {
        if !self.epochs.is_on() {
            return Some(Refusal::NoElections);
        }
        if let Choice::Candidate(node) = vote.choice {
            if self.frame.committee().member(node).is_none() {
                return Some(Refusal::UnknownCandidate { found: node.0 });
            }
        }
        let newest = self.epochs.votes.newest(&vote.account).filter(|newest| *newest >= vote.nonce);
        newest.map(|highest| Refusal::Replayed { nonce: vote.nonce, highest })
    }

    /// A vote that was applied counts from now on.
    pub(super) fn count_vote(&mut self, vote: &Vote) {
        let committee = self.frame.committee();
        let key = |node| committee.candidates.get(usize::from(committee.member(node)?)).map(|c| c.key);
        let choice = match vote.choice {
            Choice::Nobody => Counted::Nobody,
            Choice::Delegate(account) => Counted::Delegate(account),
            Choice::Candidate(node) => key(node).map_or(Counted::Nobody, Counted::Candidate),
        };
        // It was found to be newer than the account's last one.
        let _ = self.epochs.votes.count(vote.account, vote.nonce, choice);
    }

    /// Stake behind each candidate now, by place. An account that moved away has none here.
    pub(super) fn stakes(&self) -> Vec<u64> {
        let (votes, books) = (&self.epochs.votes, self.ledger.books());
        let held = |id| books.account(id).map(|account| (*id, account.balance));
        let balances: BTreeMap<_, _> = votes.voters().filter_map(held).collect();
        // They are part of the municipality's balances, whose sum fits.
        let tally = votes.tally(&balances).unwrap_or_default();
        let voted = |key| tally.candidates.get(key).copied().unwrap_or_default();
        self.frame.committee().candidates.iter().map(|c| c.stake.saturating_add(voted(&c.key))).collect()
    }
}
