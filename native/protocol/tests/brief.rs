//! Brief receipts: nothing is lost, nothing else is taken for what was cut out, and the bytes on disk stay as they are.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_clock::Stamp;
use globelet_election::{Committee, Handover, Member};
use globelet_erasure::merkle::MerkleProof;
use globelet_protocol::brief::{name, Brief, BriefError, Names, LENGTH_MOST};
use globelet_protocol::checkpoint::Checkpoint;
use globelet_protocol::epoch::Succession;
use globelet_protocol::interval::{IntervalSignature, PostQuantum};
use globelet_protocol::receipt_json::{self, ReceiptError};
use globelet_protocol::Receipt;
use globelet_types::{decode, encode, AccountId, ChainId, Opening, Order, SignedOrder};
use serde_json::json;
use std::sync::Arc;

fn path(length: u8) -> MerkleProof {
    MerkleProof { index: 0, count: 1 << length, path: (0..length).map(|n| [n; 32]).collect() }
}

fn receipt(votes: u16, checkpoint: bool) -> Receipt {
    let order =
        Order::Opening(Opening { world: 1, municipality: ChainId(0), account: AccountId([3; 32]), expires_us: 9 });
    let mut made = Receipt::begin(order.id(), SignedOrder { order, signature: [4; 64] }, 2);
    let interval = |place: u16| {
        let signature = vec![place as u8; 3309];
        let interval = IntervalSignature { place, number: 7, count: 5, root: [6; 32], signature };
        (Arc::new(interval), path(place as u8))
    };
    let at = Stamp { micros: 8, counter: 1 };
    made.post_quantum = (votes > 0).then(|| PostQuantum { at, votes: (0..votes).map(interval).collect() });
    let signed = Checkpoint { chain: ChainId(0), height: 9, head: [1; 32], root: [2; 32], signature: [5; 48] };
    made.checkpoint = checkpoint.then(|| (Arc::new(signed), path(3)));
    made.signature = [9; 64];
    made
}

fn handover() -> Succession {
    let member = Member { key: [7; 32], place: 0, others: [8; 32] };
    let committee = Committee { chain: ChainId(0), epoch: 1, members: vec![member] };
    Succession { since: 4, keys: [6; 32], handover: Handover { committee, signatures: vec![(0, [5; 64])] } }
}

#[test]
fn it_is_made_whole_again() {
    let mut names = Names::default();
    for votes in [0, 1, 3, 7] {
        for (checkpoint, handed) in [(false, 0), (true, 0), (true, 1), (false, 2)] {
            let mut receipt = receipt(votes, checkpoint);
            receipt.handovers = vec![handover(); handed];
            let (brief, parts) = Brief::of(&receipt, &mut names);
            assert_eq!(parts.len(), usize::from(votes));
            let taken: usize = parts.iter().map(Vec::len).sum();
            assert_eq!(brief.encoded.len() + taken, encode(&receipt).len());
            assert_eq!(brief.whole(&parts).as_ref(), Ok(&receipt));
            let again = Brief::of(&receipt.clone(), &mut names);
            assert_eq!(again, (brief.clone(), parts.clone()));
            assert_eq!(decode::<Brief>(&encode(&brief)).as_ref(), Ok(&brief));
            for (part, (interval, _)) in parts.iter().zip(receipt.post_quantum.iter().flat_map(|p| &p.votes)) {
                assert_eq!(part, &encode(interval));
            }
            let outline = brief.outline().unwrap();
            assert_eq!((outline.id, outline.checkpoint, outline.signature), (receipt.id, receipt.checkpoint, [9; 64]));
            assert_eq!(outline.post_quantum.map_or(0, |p| p.votes.len()), usize::from(votes));
        }
    }
}

#[test]
fn what_is_missing_is_named_and_nothing_else_takes_its_place() {
    let (brief, mut parts) = Brief::of(&receipt(3, true), &mut Names::default());
    assert_eq!(brief.whole(&parts[..2]), Err(BriefError::Missing(brief.cuts[2].name)));
    parts[1][60] ^= 1;
    assert_eq!(brief.whole(&parts), Err(BriefError::Missing(brief.cuts[1].name)));
    parts.swap(0, 1);
    assert_eq!(brief.whole(&parts), Err(BriefError::Missing(brief.cuts[0].name)));
}

#[test]
fn cuts_outside_of_it_are_refused() {
    let (good, _) = Brief::of(&receipt(2, false), &mut Names::default());
    let changes: [fn(&mut Brief); 5] = [
        |b| b.cuts[0].at = u32::MAX,
        |b| b.cuts[1].at = b.cuts[0].at,
        |b| b.cuts[0].length = LENGTH_MOST as u32 + 1,
        |b| b.encoded.truncate(40),
        |b| b.cuts = vec![b.cuts[0].clone(); 2_000],
    ];
    for change in changes {
        let mut changed = good.clone();
        change(&mut changed);
        assert!(matches!(changed.outline(), Err(BriefError::Malformed(_))), "{changed:?}");
    }
}

#[test]
fn a_document_that_is_not_whole_says_what_it_waits_for() {
    let kept = json!({"id": "ab", "brief": "00", "intervals": []});
    assert_eq!(receipt_json::encoded(&kept), Err(ReceiptError::Brief));
    assert!(ReceiptError::Brief.to_string().contains("interval signatures"));
}

/// A change here is a change of the outbox' format, made on purpose.
#[test]
fn golden() {
    let (brief, parts) = Brief::of(&receipt(1, false), &mut Names::default());
    let cut = &brief.cuts[0];
    assert_eq!((cut.at, cut.length, brief.encoded.len()), (176, 3359, 255));
    let named = "fe264116f3c0611f1b2fa08db21b4b73361f17284fca280ef5ddc2bc9315d062";
    assert_eq!(hex::encode(cut.name), named);
    assert_eq!(name(&parts[0]), cut.name);
    assert_eq!(hex::encode(&encode(&brief)[brief.encoded.len() + 4..]), format!("01000000b00000001f0d0000{named}"));
}
