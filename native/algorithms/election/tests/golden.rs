//! The bytes of what crosses processes, and one draw. A change here is a change of format, made on purpose.
#![allow(clippy::unwrap_used)]

use globelet_election::{
    elect, handover_bytes, vote_bytes, Candidate, Choice, Committee, Evidence, Handover, Member, Removals, Rules, Vote,
    WHOLE_PPM,
};
use globelet_signatures::SigningKey;
use globelet_types::{AccountId, ChainId};

const CHAIN: ChainId = ChainId(3);

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32])
}

fn committee(epoch: u64) -> Committee {
    let member = Member { key: key(5).public(), place: 5, others: [5; 32] };
    Committee::new(CHAIN, epoch, vec![member]).unwrap()
}

#[test]
fn signed_bytes() {
    // The very bytes that the ledger's replicas sign as their vote on a block.
    let vote = format!("{}03000c00000000000000{}", hex::encode("globelet vote 1"), "07".repeat(32));
    assert_eq!(hex::encode(vote_bytes(CHAIN, 12, &[7; 32])), vote);
    let two = format!("{}{}", "07".repeat(32), "08".repeat(32));
    let handover = format!("{}03000c00000000000000{two}", hex::encode("globelet handover 1"));
    assert_eq!(hex::encode(handover_bytes(CHAIN, 12, &[7; 32], &[8; 32])), handover);
}

#[test]
fn vote() {
    let vote = Vote::sign(&key(1), CHAIN, 258, Choice::Delegate(AccountId([9; 32])));
    let fields = format!("0300{}020100000000000002{}", hex::encode(key(1).public()), "09".repeat(32));
    let signed = format!("{}{fields}", hex::encode("globelet stake vote 1"));
    assert_eq!(hex::encode(vote.signing_bytes()), signed);
    assert_eq!(hex::encode(vote.to_bytes()), format!("{fields}{}", hex::encode(vote.signature)));
}

#[test]
fn committee_and_handover() {
    let member = format!("{}05000000{}", hex::encode(key(5).public()), "05".repeat(32));
    let bytes = format!("0300020000000000000001000000{member}");
    assert_eq!(hex::encode(committee(2).to_bytes()), bytes);
    assert_eq!(hex::encode(&committee(2).hash()[..8]), "0f83d1b9be9ad7e3");
    let mut handover = Handover::begin(&committee(1), committee(2)).unwrap();
    handover.sign(&committee(1), &key(5)).unwrap();
    let signature = hex::encode(handover.signatures[0].1);
    assert_eq!(hex::encode(handover.to_bytes()), format!("{bytes}010000000000{signature}"));
}

#[test]
fn evidence() {
    let (blocks, signatures) = ([[1; 32], [2; 32]], [[3; 64], [4; 64]]);
    let found = Evidence::Votes { member: [9; 32], chain: CHAIN, height: 258, blocks, signatures };
    let head = format!("00{}03000201000000000000", "09".repeat(32));
    let tail = format!("{}{}{}{}", "01".repeat(32), "02".repeat(32), "03".repeat(64), "04".repeat(64));
    assert_eq!(hex::encode(found.to_bytes()), format!("{head}{tail}"));
}

/// Every node must draw the same, also after an upgrade.
#[test]
fn draw() {
    let stand = |n: u8| {
        let (place, stake) = (u32::from(n % 3), 100 + u64::from(n));
        Candidate { key: [n; 32], place, stake, holding_ppm: 900_000, bonus_ppm: WHOLE_PPM }
    };
    let all: Vec<Candidate> = (0..20).map(stand).collect();
    let rules = Rules { seats: 6, place_share_ppm: 400_000 };
    let elected = elect(&rules, &[42; 32], &all, &Removals::new()).unwrap();
    assert_eq!(elected.iter().map(|k| k[0]).collect::<Vec<_>>(), [3, 4, 7, 9, 11, 14]);
}
