//! The binary itself: one process of a small world, asked over HTTP.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;
mod tampering;

use common::running::{call, command, follow, http_port, open, pay, start, start_all, treasury};
use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::SigningKey;
use serde_json::{json, Value};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

fn assert_problem(answer: &(u16, String, Value), status: u16, code: &str) {
    let (found, head, body) = answer;
    assert_eq!((*found, body["code"].as_str()), (status, Some(code)), "{body}");
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    assert_eq!(body["type"], format!("https://globelet.dev/problems/{code}"));
    assert_eq!(body["status"], status);
    assert!(body["title"].is_string() && body["detail"].as_str().unwrap().len() > 10);
}

#[test]
fn problems_have_codes_and_the_right_content_type() {
    let state = tempfile::tempdir().unwrap();
    let genesis = common::deal(state.path());
    let _tokyo = start(state.path(), "tokyo", &[]);
    let port = http_port(&genesis, 0);
    let hex64 = "ab".repeat(32);
    assert_eq!(call(port, "GET", "/healthz", "", "").0, 200);
    assert_eq!(call(port, "GET", "/readyz", "", "").2["nodes"], 7);
    assert_eq!(call(port, "GET", "/openapi.json", "", "").2["openapi"], "3.1.0");
    assert_problem(&call(port, "GET", "/nothing", "", ""), 404, "no_such_path");
    assert_problem(&call(port, "PUT", "/v1/transfers", "", ""), 405, "method_not_allowed");
    assert_problem(&call(port, "GET", "/v1/transfers/zz", "", ""), 400, "malformed");
    assert_problem(&call(port, "GET", &format!("/v1/transfers/{hex64}"), "", ""), 404, "unknown_order");
    assert_problem(&call(port, "GET", &format!("/v1/accounts/{hex64}"), "", ""), 404, "unknown_account");
    assert_problem(&call(port, "POST", "/v1/transfers", "", "{"), 400, "malformed");
    assert_problem(&call(port, "POST", "/v1/transfers", "", "{\"from\": 1}"), 400, "malformed");
    let elsewhere = json!({"from": hex64, "source": "paris", "to": hex64, "destination": "tokyo", "amount": 1,
        "nonce": 1, "expires_us": 1, "signature": "00".repeat(64)});
    assert_problem(&call(port, "POST", "/v1/transfers", "", &elsewhere.to_string()), 421, "wrong_municipality");
    assert_problem(&call(port, "POST", "/v1/moves", "", "{}"), 400, "malformed");
    let away = |to: &str| {
        json!({"account": hex64, "source": "paris", "destination": to, "nonce": 1, "expires_us": 1,
            "signature": "00".repeat(64)})
    };
    assert_problem(&call(port, "POST", "/v1/moves", "", &away("tokyo").to_string()), 421, "wrong_municipality");
    assert_problem(&call(port, "POST", "/v1/moves", "", &away("rome").to_string()), 422, "unknown_municipality");
    let answer = call(port, "POST", "/v1/transfers", "", &json!([elsewhere, {}]).to_string());
    assert_eq!(answer.0, 202);
    assert_eq!(answer.2["results"][0]["problem"]["code"], "wrong_municipality");
    assert_eq!(answer.2["results"][1]["problem"]["code"], "malformed");
    let ledger = call(port, "GET", "/v1/ledger", "", "").2;
    assert_eq!((&ledger["chain"], &ledger["kind"]), (&json!("tokyo"), &json!("municipal")));
    assert_eq!(ledger["replicas"].as_array().unwrap().len(), 4);
    // A second one finds the ports taken and says so.
    let second = command(&["run", "--process", "tokyo"], state.path()).output().unwrap();
    assert_eq!(second.status.code(), Some(4));
    assert!(String::from_utf8(second.stderr).unwrap().contains("port 127.0.0.1:"));
    // Dealing again would overwrite keys.
    let world = state.path().join("world.json");
    let again = command(&["deal", "--world", world.to_str().unwrap()], state.path()).output().unwrap();
    assert_eq!(again.status.code(), Some(2));
}

fn token(key: &SigningKey, kid: &str, account: &str, audience: &str, exp: u64) -> String {
    let der = key.to_pkcs8_der().unwrap();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA);
    header.kid = Some(kid.into());
    let claims = json!({"sub": account, "aud": audience, "exp": exp});
    jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_ed_der(der.as_bytes())).unwrap()
}

/// Serves a key set for ever; each answer counts.
fn key_set(key: &SigningKey) -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let public = key.verifying_key().to_bytes();
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: String = public.iter().map(|b| format!("{b:08b}")).collect();
    let x: String = bits
        .as_bytes()
        .chunks(6)
        .map(|six| format!("{:0<6}", String::from_utf8_lossy(six)))
        .map(|six| char::from(alphabet[usize::from_str_radix(&six, 2).unwrap()]))
        .collect();
    let body = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "k1", "x": x}]})
        .to_string();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/.well-known/jwks.json", listener.local_addr().unwrap());
    let served = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = served.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        }
    });
    (url, served)
}

#[test]
fn transfers_need_the_payers_own_fresh_token_of_this_world() {
    let key = SigningKey::from_bytes(&[5; 32]);
    let (url, served) = key_set(&key);
    let state = tempfile::tempdir().unwrap();
    let genesis = common::deal(state.path());
    let _tokyo = start(state.path(), "tokyo", &["--jwks", &url]);
    let (payer, other) = ("ab".repeat(32), "cd".repeat(32));
    let body = json!({"from": payer, "source": "paris", "to": payer, "destination": "tokyo", "amount": 1,
        "nonce": 1, "expires_us": 1, "signature": "00".repeat(64)})
    .to_string();
    let send = |token: &str| {
        let header = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
        call(http_port(&genesis, 0), "POST", "/v1/transfers", &header, &body)
    };
    let far = 4_000_000_000;
    assert_problem(&send(""), 401, "token_missing");
    assert_problem(&send("rubbish"), 401, "token_invalid");
    // A good token gets the order as far as its municipality, which is not hosted here.
    for _ in 0..3 {
        assert_problem(&send(&token(&key, "k1", &payer, "pair", far)), 421, "wrong_municipality");
    }
    assert_eq!(served.load(std::sync::atomic::Ordering::SeqCst), 1, "known keys need no network");
    assert_problem(&send(&token(&key, "k1", &other, "pair", far)), 403, "token_other_account");
    assert_problem(&send(&token(&key, "k1", &payer, "earth", far)), 401, "token_other_world");
    assert_problem(&send(&token(&key, "k1", &payer, "pair", 1_000)), 401, "token_expired");
    assert_problem(&send(&token(&SigningKey::from_bytes(&[6; 32]), "k1", &payer, "pair", far)), 401, "token_forged");
    assert_problem(&send(&token(&key, "k2", &payer, "pair", far)), 401, "token_key_unknown");
}

fn balance(genesis: &globelet_protocol::Genesis, chain: usize, key: &SigningKey) -> Value {
    let account = hex::encode(key.verifying_key().to_bytes());
    call(http_port(genesis, chain), "GET", &format!("/v1/accounts/{account}"), "", "").2["balance"].clone()
}

#[test]
fn a_transfer_is_credited_and_survives_the_end_of_every_process() {
    let state = tempfile::tempdir().unwrap();
    let genesis = common::deal(state.path());
    let processes = start_all(state.path());
    let treasury = treasury(state.path(), "tokyo");
    let bob = SigningKey::from_bytes(&[77; 32]);
    open(&genesis, 1, &bob);
    let first = pay(&genesis, &treasury, &bob, 1_250, 1);
    let stages = follow(http_port(&genesis, 0), &first, "credited");
    assert_eq!(stages.last().map(String::as_str), Some("credited"), "{stages:?}");
    assert_eq!(balance(&genesis, 1, &bob), 1_250);
    // Killed all at once, as by a power cut: what was credited is there again, and the world goes on.
    drop(processes);
    let _processes = start_all(state.path());
    assert_eq!(balance(&genesis, 1, &bob), 1_250);
    let path = format!("/v1/transfers/{first}");
    assert!(call(http_port(&genesis, 0), "GET", &path, "", "").2["stages"]["committed"]["micros"].is_u64());
    let second = pay(&genesis, &treasury, &bob, 250, 2);
    let stages = follow(http_port(&genesis, 0), &second, "credited");
    assert_eq!(stages.last().map(String::as_str), Some("credited"), "{stages:?}");
    assert_eq!(balance(&genesis, 1, &bob), 1_500);
    // Only then is every process sure to be reached: a credit needs no continent.
    follow(http_port(&genesis, 0), &second, "anchored");
    let links = call(http_port(&genesis, 0), "GET", "/v1/links?samples=3", "", "").2;
    let rows = links.as_array().unwrap();
    assert!(
        !rows.is_empty() && rows.iter().all(|r| r["samples"] == 3 && r["p50_ms"].as_f64().is_some_and(|ms| ms > 0.0)),
        "{links}"
    );
    let document = call(http_port(&genesis, 0), "GET", &format!("/v1/receipts/{second}"), "", "").2;
    tampering::every_part_is_proved(state.path(), &genesis, &document);
    verify(state.path(), &document, 0);
    let mut forged = document;
    forged["order"]["amount"] = 2_500.into();
    verify(state.path(), &forged, 1);
}

fn verify(state: &Path, document: &Value, status: i32) {
    let file = state.join("receipt.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_globelet-node"));
    command.arg("receipt-verify").arg("--genesis").arg(state.join("genesis.json")).arg("--json").arg(&file);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stdout));
}
