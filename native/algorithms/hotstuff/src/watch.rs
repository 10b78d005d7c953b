//! Whoever listens can find contradictions in what members sign.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Certificate, Crypto, Evidence, HotstuffMessage, SignedTimeout, SignedVote, TimeoutCertificate};

/// Votes and time-outs kept of each member; the lowest give way.
const KEPT: usize = 128;

/// Collects the signed words in the messages of one chain, and reports each member that contradicted itself, once.
///
/// A member that runs one beside its [`crate::Hotstuff`] sees what reaches it: votes if it leads, the signatures in all
/// certificates, time-outs. What it keeps is bounded by 128 votes and 128 time-outs for each member.
#[derive(Clone, Debug)]
pub struct Watch {
    chain: u16,
    n: u16,
    votes: BTreeMap<u16, Vec<SignedVote>>,
    timeouts: BTreeMap<u16, Vec<SignedTimeout>>,
    accused: BTreeSet<u16>,
}

impl Watch {
    /// A watch over chain number `chain` with `n` members.
    pub fn new(chain: u16, n: u16) -> Self {
        Self { chain, n, votes: BTreeMap::new(), timeouts: BTreeMap::new(), accused: BTreeSet::new() }
    }

    /// Members that contradicted themselves so far.
    pub fn accused(&self) -> impl Iterator<Item = u16> + '_ {
        self.accused.iter().copied()
    }

    /// Takes a message that came from `from`; what is not signed as it says is passed over.
    pub fn observe(&mut self, from: u16, message: &HotstuffMessage, crypto: &dyn Crypto) -> Vec<Evidence> {
        let mut found = Vec::new();
        match message {
            HotstuffMessage::Propose { justify, timeout, .. } => {
                justify.iter().for_each(|certificate| self.certificate(certificate, crypto, &mut found));
                timeout.iter().for_each(|timeout| self.timeouts(timeout, crypto, &mut found));
            }
            HotstuffMessage::Vote { phase, view, height, block, signature } => {
                let (phase, view, height, block, signature) = (*phase, *view, *height, *block, *signature);
                self.vote(from, SignedVote { phase, view, height, block, signature }, crypto, &mut found);
            }
            HotstuffMessage::Prepared { certificate } | HotstuffMessage::Committed { certificate, .. } => {
                self.certificate(certificate, crypto, &mut found);
            }
            HotstuffMessage::Timeout { view, high, signature, .. } => {
                let (high_height, high_view) = high.as_ref().map_or((0, 0), Certificate::rank);
                let timeout = SignedTimeout { view: *view, high_height, high_view, signature: *signature };
                self.timeout(from, timeout, crypto, &mut found);
                high.iter().for_each(|certificate| self.certificate(certificate, crypto, &mut found));
            }
            HotstuffMessage::Advance { timeout } => self.timeouts(timeout, crypto, &mut found),
            HotstuffMessage::Block { certificate, .. } => {
                certificate.iter().for_each(|certificate| self.certificate(certificate, crypto, &mut found));
            }
            HotstuffMessage::Fetch { .. } => {}
        }
        found
    }

    fn certificate(&mut self, certificate: &Certificate, crypto: &dyn Crypto, found: &mut Vec<Evidence>) {
        let Certificate { phase, view, height, block, .. } = *certificate;
        for &(member, signature) in &certificate.signatures {
            self.vote(member, SignedVote { phase, view, height, block, signature }, crypto, found);
        }
    }

    fn timeouts(&mut self, timeout: &TimeoutCertificate, crypto: &dyn Crypto, found: &mut Vec<Evidence>) {
        timeout.high.iter().for_each(|certificate| self.certificate(certificate, crypto, found));
        for vote in &timeout.votes {
            let (high_height, high_view, signature) = (vote.high_height, vote.high_view, vote.signature);
            let signed = SignedTimeout { view: timeout.view, high_height, high_view, signature };
            self.timeout(vote.member, signed, crypto, found);
        }
    }

    fn vote(&mut self, member: u16, vote: SignedVote, crypto: &dyn Crypto, found: &mut Vec<Evidence>) {
        let known = self.votes.get(&member).is_some_and(|votes| votes.contains(&vote));
        if known || !self.wanted(member) || !vote.holds(self.chain, member, crypto) {
            return;
        }
        let other = self.votes.get(&member).into_iter().flatten().find(|other| vote.contradicts(other));
        let denial = self.timeouts.get(&member).into_iter().flatten().find(|timeout| timeout.denies(&vote));
        let evidence = match (other, denial) {
            (Some(other), _) => Some(Evidence::TwoVotes { member, a: other.clone(), b: vote.clone() }),
            (None, Some(timeout)) => {
                Some(Evidence::LockDenied { member, vote: vote.clone(), timeout: timeout.clone() })
            }
            (None, None) => None,
        };
        self.report(evidence, found);
        keep(self.votes.entry(member).or_default(), vote, |vote| (vote.height, vote.view));
    }

    fn timeout(&mut self, member: u16, timeout: SignedTimeout, crypto: &dyn Crypto, found: &mut Vec<Evidence>) {
        let known = self.timeouts.get(&member).is_some_and(|timeouts| timeouts.contains(&timeout));
        if known || !self.wanted(member) || !timeout.holds(self.chain, member, crypto) {
            return;
        }
        let denied = self.votes.get(&member).into_iter().flatten().find(|vote| timeout.denies(vote));
        let evidence = denied.map(|vote| Evidence::LockDenied { member, vote: vote.clone(), timeout: timeout.clone() });
        self.report(evidence, found);
        keep(self.timeouts.entry(member).or_default(), timeout, |timeout| (timeout.view, timeout.high_height));
    }

    fn wanted(&self, member: u16) -> bool {
        member < self.n && !self.accused.contains(&member)
    }

    fn report(&mut self, evidence: Option<Evidence>, found: &mut Vec<Evidence>) {
        if let Some(evidence) = evidence {
            self.accused.insert(evidence.member());
            found.push(evidence);
        }
    }
}

/// Keeps the highest.
fn keep<T>(kept: &mut Vec<T>, word: T, rank: impl Fn(&T) -> (u64, u64)) {
    kept.push(word);
    if kept.len() > KEPT {
        if let Some((lowest, _)) = kept.iter().enumerate().min_by_key(|(_, word)| rank(word)) {
            kept.swap_remove(lowest);
        }
    }
}
