//! Decoders take any bytes without harm, and only the bytes that they would write; what was changed does not stand.
#![allow(clippy::unwrap_used)]

use globelet_election::{vote_bytes, Choice, Committee, Evidence, Handover, Member, Vote, Votes};
use globelet_fuzz::fuzz;
use globelet_signatures::SigningKey;
use globelet_types::ChainId;

const CHAIN: ChainId = ChainId(3);

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32])
}

fn committee(epoch: u64) -> Committee {
    let member = |n: u8| Member { key: key(n).public(), place: 1, others: [n; 32] };
    Committee::new(CHAIN, epoch, (1..5).map(member).collect()).unwrap()
}

#[test]
fn votes() {
    let seeds: Vec<Vec<u8>> = [Choice::Nobody, Choice::Candidate([7; 32])]
        .iter()
        .map(|choice| Vote::sign(&key(1), CHAIN, 5, *choice).to_bytes())
        .collect();
    fuzz("election-vote", &seeds, |bytes| {
        if let Ok(vote) = Vote::from_bytes(bytes) {
            assert_eq!(vote.to_bytes(), bytes);
            assert_eq!(Votes::new(CHAIN).cast(&vote).is_ok(), seeds.iter().any(|seed| seed == bytes));
        }
    });
}

#[test]
fn evidence() {
    let blocks = [[1; 32], [2; 32]];
    let signatures = blocks.map(|block| key(2).sign(&vote_bytes(CHAIN, 12, &block)));
    let seed = Evidence::Votes { member: key(2).public(), chain: CHAIN, height: 12, blocks, signatures }.to_bytes();
    fuzz("election-evidence", std::slice::from_ref(&seed), |bytes| {
        if let Ok(found) = Evidence::from_bytes(bytes) {
            assert_eq!(found.to_bytes(), bytes);
            assert_eq!(found.verify().is_ok(), bytes == seed);
        }
    });
}

#[test]
fn handovers() {
    let old = committee(0);
    let mut handover = Handover::begin(&old, committee(1)).unwrap();
    (1..4).for_each(|n| handover.sign(&old, &key(n)).unwrap());
    let seeds = [handover.to_bytes(), old.to_bytes()];
    fuzz("election-handover", &seeds, |bytes| {
        if let Ok(found) = Handover::from_bytes(bytes) {
            assert_eq!(found.to_bytes(), bytes);
            assert_eq!(found.verify(&old).is_ok(), found == handover);
        }
        if let Ok(found) = Committee::from_bytes(bytes) {
            assert_eq!(found.to_bytes(), bytes);
            assert!(found.quorum() > 2 * found.faults());
        }
    });
}
