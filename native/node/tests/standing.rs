//! A transfer's state, asked of processes that did not admit it.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use common::running::{call, follow, http_port, open, pay, start_all, treasury};
use ed25519_dalek::SigningKey;
use serde_json::{json, Value};
use std::time::{Duration, Instant};

/// Asks until the state is known here; the last answer if it is not for a minute.
fn told(port: u16, id: &str) -> (u16, Value) {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let (status, _, body) = call(port, "GET", &format!("/v1/transfers/{id}"), "", "");
        if status == 200 || Instant::now() > end {
            return (status, body);
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn the_destination_tells_what_it_credited_and_what_it_could_not() {
    let state = tempfile::tempdir().unwrap();
    let genesis = common::deal(state.path());
    let _all = start_all(state.path());
    let [tokyo, paris, continent] = [0, 1, 2].map(|process| http_port(&genesis, process));
    let payer = treasury(state.path(), "tokyo");
    let (payee, nobody) = (SigningKey::from_bytes(&[77; 32]), SigningKey::from_bytes(&[78; 32]));
    open(&genesis, 1, &payee);
    let (credited, refunded) = (pay(&genesis, &payer, &payee, 25, 1), pay(&genesis, &payer, &nobody, 25, 2));
    for (id, end, there) in [(&credited, "credited", "credited"), (&refunded, "refunded", "delivered")] {
        follow(tokyo, id, end);
        let (status, body) = told(paris, id);
        assert_eq!((status, &body["state"], &body["told_by"]), (200, &json!(there), &json!("blocks")), "{body}");
        assert_eq!((&body["source"], &body["destination"]), (&json!("tokyo"), &json!("paris")));
        assert_eq!(body["proofs"]["block"]["chain"], 1);
        assert!(body["proofs"]["lane"].as_u64() > Some(0) && body["proofs"]["applied"] == true);
        let refusal = (there == "delivered").then_some("unknown_recipient");
        assert_eq!(body["refusal"]["code"].as_str(), refusal);
        let whole = call(tokyo, "GET", &format!("/v1/transfers/{id}"), "", "").2;
        assert!(whole.get("told_by").is_none() && whole["amount"] == 25, "{whole}");
        for path in [format!("/v1/transfers/{id}/events"), format!("/v1/receipts/{id}")] {
            assert_eq!(call(paris, "GET", &path, "", "").0, 404, "only who admitted it has all of it");
        }
        let (status, _, body) = call(continent, "GET", &format!("/v1/transfers/{id}"), "", "");
        assert_eq!((status, &body["code"]), (404, &json!("unknown_order")));
    }
}
