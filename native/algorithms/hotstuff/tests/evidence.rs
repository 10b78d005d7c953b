//! Evidence: what a liar signs convicts it, before anybody who has the keys; what honest members sign never does.
#![allow(clippy::unwrap_used, missing_docs)]

mod network;

use globelet_hotstuff::{
    Certificate, Crypto, Evidence, HotstuffMessage, Phase, SignedTimeout, SignedVote, TimeoutCertificate, Watch,
};
use network::{Seal, CHAIN, N};

fn vote(member: u16, phase: Phase, view: u64, height: u64, block: u8) -> SignedVote {
    let block = [block; 32];
    let signature = Seal(member).sign(&Certificate::signing_bytes(CHAIN, phase, view, height, &block));
    SignedVote { phase, view, height, block, signature }
}

fn message(vote: &SignedVote) -> HotstuffMessage {
    let SignedVote { phase, view, height, block, signature } = *vote;
    HotstuffMessage::Vote { phase, view, height, block, signature }
}

fn timeout(member: u16, view: u64, high: Option<Certificate>) -> HotstuffMessage {
    let (high_height, high_view) = high.as_ref().map_or((0, 0), |high| (high.height, high.view));
    let bytes = TimeoutCertificate::signing_bytes(CHAIN, view, high_height, high_view);
    HotstuffMessage::Timeout { view, high, height: 0, signature: Seal(member).sign(&bytes) }
}

fn certificate(votes: &[(u16, SignedVote)]) -> Certificate {
    let SignedVote { phase, view, height, block, .. } = votes[0].1;
    let signatures = votes.iter().map(|(member, vote)| (*member, vote.signature)).collect();
    Certificate { phase, view, height, block, signatures }
}

#[test]
fn two_votes_convict() {
    let (a, b) = (vote(2, Phase::Prepare, 1, 5, 7), vote(2, Phase::Prepare, 1, 5, 8));
    let mut watch = Watch::new(CHAIN, N);
    assert_eq!(watch.observe(2, &message(&a), &Seal(0)), []);
    assert_eq!(watch.observe(2, &message(&a), &Seal(0)), [], "said twice");
    let found = watch.observe(2, &message(&b), &Seal(0));
    assert_eq!(found, [Evidence::TwoVotes { member: 2, a, b }]);
    assert!(found[0].verify(CHAIN, &Seal(3)) && !found[0].verify(CHAIN + 1, &Seal(3)));
    assert_eq!(watch.accused().collect::<Vec<_>>(), [2]);
    assert_eq!(watch.observe(2, &message(&vote(2, Phase::Prepare, 1, 5, 9)), &Seal(0)), [], "reported once");
}

#[test]
fn the_other_vote_may_hide_in_a_certificate() {
    let votes: Vec<_> = [0, 1, 2].map(|member| (member, vote(member, Phase::Commit, 0, 1, 7))).to_vec();
    let prepared = HotstuffMessage::Prepared { certificate: certificate(&votes) };
    let mut watch = Watch::new(CHAIN, N);
    assert_eq!(watch.observe(0, &prepared, &Seal(3)), []);
    let found = watch.observe(1, &message(&vote(1, Phase::Commit, 0, 1, 8)), &Seal(3));
    assert_eq!(found.iter().map(Evidence::member).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_denied_lock_convicts_in_either_order() {
    let lock = vote(2, Phase::Commit, 3, 5, 7);
    let orders = [[message(&lock), timeout(2, 4, None)], [timeout(2, 4, None), message(&lock)]];
    for order in orders {
        let mut watch = Watch::new(CHAIN, N);
        assert_eq!(watch.observe(2, &order[0], &Seal(0)), []);
        let found = watch.observe(2, &order[1], &Seal(0));
        assert!(matches!(&found[..], [Evidence::LockDenied { member: 2, .. }]));
        assert!(found[0].verify(CHAIN, &Seal(1)));
    }
}

#[test]
fn honest_words_convict_nobody() {
    let high = certificate(&[0, 1, 2].map(|member| (member, vote(member, Phase::Prepare, 3, 5, 7))));
    let words = [
        message(&vote(2, Phase::Prepare, 3, 5, 7)),
        message(&vote(2, Phase::Commit, 3, 5, 7)), // another phase
        message(&vote(2, Phase::Commit, 4, 5, 8)), // another view
        message(&vote(2, Phase::Commit, 3, 6, 8)), // another height
        timeout(2, 2, None),                       // a time-out of a view before
        timeout(1, 9, Some(high)),
    ];
    let mut watch = Watch::new(CHAIN, N);
    for word in &words[..5] {
        assert_eq!(watch.observe(2, word, &Seal(0)), []);
    }
    assert_eq!(watch.observe(1, &words[5], &Seal(0)), []);
    // What is not signed by the sender is nobody's word; nor is what comes from nobody.
    assert_eq!(watch.observe(1, &message(&vote(2, Phase::Commit, 3, 5, 9)), &Seal(0)), []);
    assert_eq!(watch.observe(N, &message(&vote(2, Phase::Commit, 3, 5, 9)), &Seal(0)), []);
}

#[test]
fn evidence_must_contradict() {
    let a = vote(2, Phase::Prepare, 1, 5, 7);
    let same = Evidence::TwoVotes { member: 2, a: a.clone(), b: a.clone() };
    let other = Evidence::TwoVotes { member: 2, a: a.clone(), b: vote(2, Phase::Prepare, 2, 5, 8) };
    let forged = Evidence::TwoVotes { member: 2, a: a.clone(), b: vote(1, Phase::Prepare, 1, 5, 8) };
    let signature = Seal(2).sign(&TimeoutCertificate::signing_bytes(CHAIN, 4, 5, 3));
    let timeout = SignedTimeout { view: 4, high_height: 5, high_view: 3, signature };
    let kept = Evidence::LockDenied { member: 2, vote: vote(2, Phase::Commit, 3, 5, 7), timeout };
    for evidence in [same, other, forged, kept] {
        assert!(!evidence.verify(CHAIN, &Seal(0)), "{evidence:?}");
    }
}

/// A liar may sign whatever it likes: what is kept of it is bounded, and the highest words are kept.
#[test]
fn a_flood_of_votes_is_bounded() {
    let mut watch = Watch::new(CHAIN, N);
    for height in 1..2_000 {
        assert_eq!(watch.observe(2, &message(&vote(2, Phase::Prepare, 0, height, 7)), &Seal(0)), []);
    }
    assert_eq!(watch.observe(2, &message(&vote(2, Phase::Prepare, 0, 1, 8)), &Seal(0)), [], "long forgotten");
    assert_eq!(watch.observe(2, &message(&vote(2, Phase::Prepare, 0, 1_999, 8)), &Seal(0)).len(), 1);
}
