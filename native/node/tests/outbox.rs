//! What the stores get when processes die between a log and the outbox.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::running::{call, follow, http_port, open, pay, start_all, treasury};
use ed25519_dalek::SigningKey;
use globelet_protocol::brief::Cut;
use globelet_protocol::{Brief, Genesis, Receipt};
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Every record of the outbox of process 0, page by page.
fn records(genesis: &Genesis) -> Vec<Value> {
    let (mut after, mut found) = (0, Vec::new());
    loop {
        let page = call(http_port(genesis, 0), "GET", &format!("/v1/outbox?after={after}&limit=7"), "", "").2;
        found.extend(page["records"].as_array().unwrap().iter().cloned());
        after = page["next"].as_u64().unwrap();
        if page["next"] == page["newest"] {
            return found;
        }
    }
}

/// The ids of all receipts; none may come twice with the same proofs. Each is whole with the interval signatures before
/// it, and none of those comes twice.
fn receipts(records: &[Value]) -> BTreeSet<String> {
    let (mut ids, mut seen, mut intervals) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    for record in records.iter().filter(|r| r["kind"] != "block") {
        if record["kind"] == "interval" {
            let name = record["id"].as_str().unwrap().to_owned();
            assert_eq!(intervals.insert(name, bytes(&record["encoded"])), None);
            continue;
        }
        let receipt = whole(&record["receipt"], &intervals);
        let proofs = (receipt.post_quantum.is_some(), receipt.checkpoint.is_some());
        assert!(receipt.is_complete() && seen.insert((receipt.id, proofs)), "{} came twice", receipt.id);
        ids.insert(receipt.id.to_string());
    }
    assert!(!intervals.is_empty());
    ids
}

fn bytes(text: &Value) -> Vec<u8> {
    hex::decode(text.as_str().unwrap()).unwrap()
}

fn whole(body: &Value, known: &BTreeMap<String, Vec<u8>>) -> Receipt {
    let Some(cuts) = body["intervals"].as_array() else {
        return globelet_types::decode(&bytes(&body["encoded"])).unwrap();
    };
    let number = |value: &Value| value.as_u64().unwrap() as u32;
    let cut = |c: &Value| Cut {
        at: number(&c["at"]),
        length: number(&c["length"]),
        name: bytes(&c["name"]).try_into().unwrap(),
    };
    let brief = Brief { encoded: bytes(&body["brief"]), cuts: cuts.iter().map(cut).collect() };
    let parts: Vec<_> = brief.cuts.iter().map(|c| known[&hex::encode(c.name)].clone()).collect();
    brief.whole(&parts).unwrap()
}

/// Heights of the blocks of the municipality; none may come twice.
fn blocks(records: &[Value]) -> BTreeSet<u64> {
    let heights: Vec<u64> =
        records.iter().filter(|r| r["kind"] == "block").map(|r| r["height"].as_u64().unwrap()).collect();
    let distinct: BTreeSet<u64> = heights.iter().copied().collect();
    assert_eq!(distinct.len(), heights.len());
    distinct
}

/// Waits until an order's receipt is complete, in whatever order its last steps come.
fn await_complete(genesis: &Genesis, id: &str) {
    for stage in ["credited", "anchored"] {
        let stages = follow(http_port(genesis, 0), id, stage);
        assert_eq!(stages.last().map(String::as_str), Some(stage), "{stages:?}");
    }
}

#[test]
fn every_complete_receipt_reaches_the_outbox_once_whatever_dies_when() {
    let state = tempfile::tempdir().unwrap();
    let genesis = common::deal(state.path());
    let tokyo = http_port(&genesis, 0);
    let (payer, payee) = (treasury(state.path(), "tokyo"), SigningKey::from_bytes(&[77; 32]));
    let processes = start_all(state.path());
    open(&genesis, 1, &payee);
    let mut sent: BTreeSet<String> = (1..=8).map(|nonce| pay(&genesis, &payer, &payee, 10, nonce)).collect();
    sent.iter().for_each(|id| await_complete(&genesis, id));
    // Killed with these in flight, some of them perhaps complete and not yet written.
    let in_flight: Vec<String> = (9..=30).map(|nonce| pay(&genesis, &payer, &payee, 10, nonce)).collect();
    drop(processes);
    let processes = start_all(state.path());
    in_flight.iter().for_each(|id| await_complete(&genesis, id));
    sent.extend(in_flight);
    let before = records(&genesis);
    let certified = call(tokyo, "GET", "/v1/blocks?after=1&limit=2", "", "").2;
    let heights: Vec<_> = certified.as_array().unwrap().iter().map(|b| (&b["chain"], &b["height"])).collect();
    assert_eq!(heights, [(&json!("tokyo"), &json!(2)), (&json!("tokyo"), &json!(3))], "{certified}");
    assert!(receipts(&before).is_superset(&sent));
    // The stores take all of it; that is known after the next start too.
    let upto = before.last().unwrap()["offset"].as_u64().unwrap();
    assert_eq!(call(tokyo, "POST", "/v1/outbox/archived", "", &format!("{{\"upto\": {upto}}}")).0, 200);
    drop(processes);
    let processes = start_all(state.path());
    for id in &sent {
        let state = call(tokyo, "GET", &format!("/v1/transfers/{id}"), "", "").2;
        assert!(state["stages"]["archived"]["micros"].is_u64(), "{state}");
    }
    let again = records(&genesis);
    assert!(receipts(&again).is_superset(&receipts(&before)) && blocks(&again).is_superset(&blocks(&before)));
    drop(processes);
    // A crash that kept the outbox from being written at all: the logs have everything.
    std::fs::remove_file(state.path().join("outbox/tokyo.log")).unwrap();
    let _processes = start_all(state.path());
    assert_eq!(call(tokyo, "GET", "/v1/blocks?after=1&limit=2&chain=tokyo", "", "").2, certified);
    let rebuilt = records(&genesis);
    assert!(receipts(&rebuilt).is_superset(&receipts(&again)) && blocks(&rebuilt).is_superset(&blocks(&again)));
}
