//! A receipt whose very issuer lies: it changes a part and signs again, and still the proof of that part fails.
use ed25519_dalek::{Signer, SigningKey};
use globelet_node::directory::Directory;
use globelet_protocol::{receipt_json, verify, Genesis, Receipt};
use globelet_types::{ChainId, Order, Refusal, Stage};
use serde_json::Value;
use std::path::Path;

type Change = fn(&mut Receipt);

fn amount(receipt: &mut Receipt) {
    if let Order::Transfer(transfer) = &mut receipt.order.order {
        transfer.amount += 1;
    }
}

const CHANGES: [(&str, Change); 36] = [
    ("client signature", |r| r.order.signature[0] ^= 1),
    ("client signature", |r| r.id.0[0] ^= 1),
    ("client signature", amount),
    ("stage order", |r| r.stages.retain(|(s, _)| *s != Stage::Admitted)),
    ("stage order", |r| r.stages.retain(|(s, _)| *s != Stage::Held)),
    ("stage order", |r| r.stages.retain(|(s, _)| *s != Stage::Committed)),
    ("stage order", |r| r.stages.retain(|(s, _)| *s != Stage::Acknowledged)),
    ("stage order", |r| r.stages.retain(|(s, _)| *s != Stage::Anchored)),
    ("stage order", |r| r.stages.push(r.stages[0])),
    ("stage order", |r| r.stages.push((Stage::Refused, r.stages[5].1))),
    ("stage order", |r| r.stages.push((Stage::Refunded, r.stages[5].1))),
    ("stage order", |r| r.stages[1].1.micros = 1),
    ("stage order", |r| r.refusal = Some(Refusal::Overflow)),
    ("holding proofs", |r| vertex(r).header.sequence += 1),
    ("holding proofs", |r| vertex(r).header.chain = ChainId(1)),
    ("holding proofs", |r| vertex(r).signature[0] ^= 1),
    ("holding proofs", |r| vertex(r).proofs[0].signature[0] ^= 1),
    ("holding proofs", |r| vertex(r).proofs[0].since.micros += 1),
    ("holding proofs", |r| vertex(r).proofs[0].until_us += 1),
    ("holding proofs", |r| vertex(r).proofs[1] = vertex(r).proofs[0].clone()),
    ("holding proofs", |r| vertex(r).proofs[1].shard = vertex(r).proofs[0].shard),
    ("holding proofs", |r| vertex(r).proofs.truncate(3)),
    ("certificate", |r| block(r).0.height += 1),
    ("certificate", |r| block(r).0.balances += 1),
    ("certificate", |r| block(r).1.signatures[0].1[0] ^= 1),
    ("certificate", |r| block(r).1.signatures[1] = block(r).1.signatures[0]),
    ("certificate", |r| block(r).1.signatures.truncate(2)),
    ("inclusion in the block", |r| r.applied.as_mut().unwrap().0.id.0[0] ^= 1),
    ("inclusion in the block", |r| r.applied.as_mut().unwrap().0.refusal = Some(Refusal::Overflow)),
    ("inclusion in the block", |r| r.applied.as_mut().unwrap().1.index += 1_000),
    ("place in the lane", |r| r.lane = r.lane.map(|n| n + 1)),
    ("place in the lane", |r| r.lane = None),
    ("continental inclusion", |r| r.acknowledged.as_mut().unwrap().0.height += 1),
    ("continental inclusion", |r| r.acknowledged.as_mut().unwrap().1.signatures.truncate(2)),
    ("global root", |r| r.anchored.as_mut().unwrap().root[0] ^= 1),
    ("global root", |r| r.anchored.as_mut().unwrap().blocks.clear()),
];

fn vertex(receipt: &mut Receipt) -> &mut globelet_protocol::block::HeldVertex {
    receipt.vertex.as_mut().unwrap()
}

fn block(receipt: &mut Receipt) -> &mut (globelet_protocol::block::BlockHeader, globelet_protocol::block::Certificate) {
    receipt.block.as_mut().unwrap()
}

fn failing(genesis: &Genesis, receipt: &Receipt) -> Vec<&'static str> {
    verify::verify(genesis, receipt).into_iter().filter(|s| s.holds.is_err()).map(|s| s.name).collect()
}

/// Changes each part of an anchored receipt in turn, signed again by its issuer, then bytes all over it.
pub fn every_part_is_proved(state: &Path, genesis: &Genesis, document: &Value) {
    let receipt = receipt_json::encoded(document).unwrap();
    assert!(receipt.stages.len() >= 7, "{:?}", receipt.stages);
    assert_eq!(failing(genesis, &receipt), [""; 0]);
    let secrets = Directory::load(state, "tokyo").unwrap().secrets().unwrap();
    let issuer = SigningKey::from_bytes(&secrets[usize::from(receipt.issuer)].signing);
    for (number, (step, change)) in CHANGES.into_iter().enumerate() {
        let mut changed = receipt.clone();
        change(&mut changed);
        assert_ne!(changed, receipt, "change {number}");
        assert!(failing(genesis, &changed).contains(&"issuer's signature"), "change {number}");
        changed.signature = issuer.sign(&changed.signing_bytes()).to_bytes();
        let found = failing(genesis, &changed);
        assert!(found.contains(&step), "change {number}: {step} holds, {found:?} fail");
        assert!(!found.contains(&"issuer's signature"), "change {number}");
    }
    let bytes = globelet_types::encode(&receipt);
    for place in (0..bytes.len()).step_by(bytes.len() / 500 + 1) {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        if let Ok(changed) = globelet_types::decode::<Receipt>(&changed) {
            assert_ne!(failing(genesis, &changed), [""; 0], "byte {place} does not count");
        }
    }
}
