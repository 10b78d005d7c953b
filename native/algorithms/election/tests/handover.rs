//! Votes, evidence and handovers, with their formats.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_election::{
    elect, follow, handover_bytes, vote_bytes, Candidate, Choice, Committee, ElectionError, Evidence, Handover, Member,
    Removals, Rules, Vote, Votes, WHOLE_PPM,
};
use globelet_signatures::SigningKey;
use globelet_types::{AccountId, ChainId};
use proptest::prelude::*;
use std::collections::BTreeMap;

const CHAIN: ChainId = ChainId(3);

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32])
}

fn account(number: u8) -> AccountId {
    AccountId(key(number).public())
}

fn committee(epoch: u64, numbers: &[u8]) -> Committee {
    let member = |n: &u8| Member { key: key(*n).public(), place: u32::from(*n), others: [*n; 32] };
    Committee::new(CHAIN, epoch, numbers.iter().map(member).collect()).unwrap()
}

fn signed(old: &Committee, new: Committee, signers: &[u8]) -> Handover {
    let mut handover = Handover::begin(old, new).unwrap();
    signers.iter().for_each(|n| handover.sign(old, &key(*n)).unwrap());
    handover
}

#[test]
fn stake_follows_votes_and_loans() {
    let mut votes = Votes::new(CHAIN);
    let (anna, ben) = ([0xa; 32], [0xb; 32]);
    let cast = [
        (1, Choice::Candidate(anna)),
        (2, Choice::Delegate(account(1))),
        (3, Choice::Delegate(account(2))),
        (4, Choice::Delegate(account(5))),
        (5, Choice::Delegate(account(4))),
        (6, Choice::Nobody),
        (7, Choice::Delegate(account(99))),
        (8, Choice::Candidate(ben)),
    ];
    for (voter, choice) in cast {
        votes.cast(&Vote::sign(&key(voter), CHAIN, 1, choice)).unwrap();
    }
    let stakes: BTreeMap<AccountId, u64> = (1..=9).map(|n| (account(n), 10u64.pow(u32::from(n)))).collect();
    let tally = votes.tally(&stakes).unwrap();
    assert_eq!(tally.candidates, BTreeMap::from([(anna, 1_110), (ben, 100_000_000)]));
    assert_eq!(tally.unused, 10_000 + 100_000 + 1_000_000 + 10_000_000 + 1_000_000_000);
    let too_much = BTreeMap::from([(account(1), u64::MAX), (account(2), 1)]);
    assert_eq!(votes.tally(&too_much), Err(ElectionError::StakeOverflow));
}

proptest! {
    #[test]
    fn votes_count_alike_in_whatever_order_they_come(order in Just((0..24usize).collect::<Vec<_>>()).prop_shuffle()) {
        // Four voters, three sequences, two choices for each: the highest sequence contradicts itself for some.
        let make = |i: usize| {
            let (voter, sequence, first) = ((i % 4) as u8, (i / 4 % 3) as u64, i / 12 == 0);
            let choice = if first || voter == 0 { Choice::Candidate([voter; 32]) } else { Choice::Nobody };
            Vote::sign(&key(voter), CHAIN, sequence, choice)
        };
        let gather = |indices: &[usize]| {
            let mut votes = Votes::new(CHAIN);
            indices.iter().for_each(|i| drop(votes.cast(&make(*i))));
            votes
        };
        let votes = gather(&order);
        prop_assert_eq!(&votes, &gather(&(0..24).collect::<Vec<_>>()));
        let stakes: BTreeMap<AccountId, u64> = (0..4).map(|n| (account(n), 1)).collect();
        let tally = votes.tally(&stakes).unwrap();
        prop_assert_eq!(tally.candidates, BTreeMap::from([([0; 32], 1)]), "only one did not contradict itself");
        prop_assert_eq!(tally.unused, 3);
    }

    #[test]
    fn hostile_bytes_are_refused_or_are_what_they_encode(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(vote) = Vote::from_bytes(&noise) { prop_assert_eq!(vote.to_bytes(), noise.clone()) }
        if let Ok(found) = Evidence::from_bytes(&noise) { prop_assert_eq!(found.to_bytes(), noise.clone()) }
        if let Ok(found) = Committee::from_bytes(&noise) { prop_assert_eq!(found.to_bytes(), noise.clone()) }
        if let Ok(found) = Handover::from_bytes(&noise) { prop_assert_eq!(found.to_bytes(), noise) }
    }
}

#[test]
fn stale_forged_and_foreign_votes_are_refused() {
    let mut votes = Votes::new(CHAIN);
    let vote = Vote::sign(&key(1), CHAIN, 5, Choice::Nobody);
    votes.cast(&vote).unwrap();
    assert_eq!(votes.cast(&vote), Err(ElectionError::StaleVote { sequence: 5, newest: 5 }));
    let older = Vote::sign(&key(1), CHAIN, 4, Choice::Nobody);
    assert_eq!(votes.cast(&older), Err(ElectionError::StaleVote { sequence: 4, newest: 5 }));
    let forged = Vote { sequence: 6, ..vote.clone() };
    assert_eq!(votes.cast(&forged).unwrap_err().code(), "election.bad-signature");
    let foreign = Vote::sign(&key(1), ChainId(4), 9, Choice::Nobody);
    assert_eq!(votes.cast(&foreign).unwrap_err().code(), "election.malformed");
    assert_eq!(votes.len(), 1);
}

/// Whoever checks signatures in a way of its own counts the same.
#[test]
fn counting_what_a_vote_says_is_casting_it() {
    let (mut cast, mut counted) = (Votes::new(CHAIN), Votes::new(CHAIN));
    let said =
        [(1, 5, Choice::Nobody), (1, 4, Choice::Nobody), (2, 1, Choice::Candidate([3; 32])), (2, 1, Choice::Nobody)];
    for (voter, sequence, choice) in said {
        let vote = Vote::sign(&key(voter), CHAIN, sequence, choice);
        assert_eq!(counted.count(account(voter), sequence, choice), cast.cast(&vote));
        assert_eq!(counted, cast);
    }
    assert_eq!((counted.newest(&account(1)), counted.newest(&account(3))), (Some(5), None));
    let stakes = counted.voters().map(|voter| (*voter, 10)).collect();
    assert_eq!(counted.tally(&stakes).unwrap().unused, 20, "one stands behind nobody, one said two things");
}

#[test]
fn handovers_are_followed_from_the_genesis() {
    let epochs: Vec<Committee> = (0..6).map(|e| committee(e, &(e as u8..e as u8 + 7).collect::<Vec<_>>())).collect();
    let step = |e: usize| signed(&epochs[e], epochs[e + 1].clone(), &(e as u8..e as u8 + 5).collect::<Vec<_>>());
    let chain: Vec<Handover> = (0..5).map(step).collect();
    assert_eq!(follow(&epochs[0], &chain).unwrap(), epochs[5]);
    assert_eq!(follow(&epochs[0], &[]).unwrap(), epochs[0]);
    let skipped = [chain[0].clone(), chain[2].clone()];
    assert_eq!(follow(&epochs[0], &skipped).unwrap_err().code(), "election.broken-handover");
    let read: Vec<Handover> = chain.iter().map(|h| Handover::from_bytes(&h.to_bytes()).unwrap()).collect();
    assert_eq!(read, chain);
}

#[test]
fn a_handover_needs_a_quorum_of_distinct_members_on_these_very_keys() {
    let (old, new) = (committee(0, &[1, 2, 3, 4]), committee(1, &[5, 6, 7, 8]));
    let good = signed(&old, new.clone(), &[1, 2, 4]);
    good.verify(&old).unwrap();
    assert!(signed(&old, new.clone(), &[1, 2]).verify(&old).is_err(), "two of four");
    let mut twice = signed(&old, new.clone(), &[1, 2]);
    twice.signatures.push(twice.signatures[1]);
    assert!(twice.verify(&old).is_err(), "one member twice");
    for index in 0..4 {
        let mut other = good.clone();
        other.committee.members[index].others[0] ^= 1;
        assert!(other.verify(&old).is_err(), "another key of member {index}");
    }
    let mut stranger = good.clone();
    stranger.signatures[2].0 = 9;
    assert!(stranger.verify(&old).is_err());
    assert!(good.clone().sign(&old, &key(77)).is_err());
    assert!(Handover::begin(&old, committee(2, &[1])).is_err());
    let empty = Committee { chain: CHAIN, epoch: 1, members: vec![] };
    assert!(Handover::begin(&old, empty).is_err());
}

#[test]
fn evidence_removes_a_member_and_only_real_evidence() {
    let now = committee(4, &[1, 2, 3, 4]);
    let votes = |member: u8, blocks: [[u8; 32]; 2]| Evidence::Votes {
        member: key(member).public(),
        chain: CHAIN,
        height: 12,
        blocks,
        signatures: blocks.map(|b| key(member).sign(&vote_bytes(CHAIN, 12, &b))),
    };
    let mut removals = Removals::new();
    let proof = votes(2, [[1; 32], [2; 32]]);
    assert!(removals.remove(&now, &proof).unwrap());
    assert!(!removals.remove(&now, &proof).unwrap());
    assert!(!removals.remove(&now, &votes(2, [[0; 32], [2; 32]])).unwrap());
    assert!(removals.bars(&key(2).public()) && !removals.bars(&key(1).public()));
    assert_eq!(removals.evidence(&key(2).public()), Some(&votes(2, [[0; 32], [2; 32]])), "the smaller one is kept");
    for bad in [votes(1, [[1; 32], [1; 32]]), votes(1, [[2; 32], [1; 32]]), votes(9, [[1; 32], [2; 32]])] {
        assert_eq!(removals.remove(&now, &bad).unwrap_err().code(), "election.no-evidence");
    }
    let mut framed = votes(1, [[1; 32], [2; 32]]);
    if let Evidence::Votes { height, .. } = &mut framed {
        *height += 1;
    }
    assert_eq!(removals.remove(&now, &framed).unwrap_err().code(), "election.bad-signature");

    let new = [[3; 32], [4; 32]];
    let old = now.hash();
    let signatures = new.map(|n| key(3).sign(&handover_bytes(CHAIN, 5, &old, &n)));
    let two = Evidence::Handovers { member: key(3).public(), chain: CHAIN, epoch: 5, old, new, signatures };
    assert!(removals.remove(&now, &Evidence::from_bytes(&two.to_bytes()).unwrap()).unwrap());

    let stand = |n: u8| {
        let key = key(n).public();
        Candidate { key, place: 0, stake: 1, holding_ppm: WHOLE_PPM, bonus_ppm: WHOLE_PPM }
    };
    let rules = Rules { seats: 2, place_share_ppm: WHOLE_PPM };
    let next = elect(&rules, &[0; 32], &[1, 2, 3, 4].map(stand), &removals).unwrap();
    assert!([1, 4].iter().all(|n| next.contains(&key(*n).public())), "who contradicted itself is never elected");
}
