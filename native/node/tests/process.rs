//! The binary itself: one process of a small world, asked over HTTP.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;
mod tampering;

use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::{Signer, SigningKey};
use globelet_types::{AccountId, ChainId, Opening, Order, Transfer};
use serde_json::{json, Value};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(arguments: &[&str], state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_globelet-node"));
    command.args(arguments).arg("--state").arg(state);
    command
}

fn start(state: &Path, name: &str, more: &[&str]) -> Process {
    let mut child = command(&["run", "--process", name], state).args(more).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let process = Process(child);
    assert_eq!(line, format!("ready {name}\n"));
    process
}

fn call(port: u16, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, Value) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), serde_json::from_str(body).unwrap_or(Value::Null))
}

fn http_port(genesis: &globelet_protocol::Genesis, process: usize) -> u16 {
    genesis.world.processes[process].http_port
}

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

fn sign(order: &Order, key: &SigningKey) -> String {
    hex::encode(key.sign(&order.signing_bytes()).to_bytes())
}

/// Follows an order's events until one of `stages` is reached; all stages met.
fn follow(port: u16, id: &str, until: &str) -> Vec<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    write!(stream, "GET /v1/transfers/{id}/events HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut stages = Vec::new();
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        if let Some(data) = line.strip_prefix("data: ") {
            let data: Value = serde_json::from_str(data).unwrap();
            stages.push(data["stage"].as_str().unwrap().to_owned());
            if data["stage"] == until || data["stage"] == "refused" || data["stage"] == "refunded" {
                break;
            }
        }
    }
    stages
}

fn open(genesis: &globelet_protocol::Genesis, chain: u16, key: &SigningKey) {
    let account = AccountId(key.verifying_key().to_bytes());
    let order =
        Order::Opening(Opening { world: genesis.tag(), municipality: ChainId(chain), account, expires_us: u64::MAX });
    let body = json!({"account": account.to_string(), "municipality": genesis.world.chains[usize::from(chain)].name,
        "expires_us": u64::MAX, "signature": sign(&order, key)});
    let port = http_port(genesis, chain.into());
    let answer = call(port, "POST", "/v1/accounts", "", &body.to_string());
    assert_eq!(answer.0, 202, "{}", answer.2);
    let stages = follow(port, answer.2["id"].as_str().unwrap(), "committed");
    assert_eq!(stages.last().map(String::as_str), Some("committed"), "{stages:?}");
}

fn pay(genesis: &globelet_protocol::Genesis, from: &SigningKey, to: &SigningKey, amount: u64, nonce: u64) -> String {
    let (payer, payee) = (AccountId(from.verifying_key().to_bytes()), AccountId(to.verifying_key().to_bytes()));
    let order = Order::Transfer(Transfer {
        world: genesis.tag(),
        source: ChainId(0),
        destination: ChainId(1),
        from: payer,
        to: payee,
        amount,
        nonce,
        expires_us: u64::MAX,
    });
    let body = json!({"from": payer.to_string(), "source": "tokyo", "to": payee.to_string(), "destination": "paris",
        "amount": amount, "nonce": nonce, "expires_us": u64::MAX, "signature": sign(&order, from)});
    let answer = call(http_port(genesis, 0), "POST", "/v1/transfers", "", &body.to_string());
    assert_eq!(answer.0, 202, "{}", answer.2);
    answer.2["ids"][0].as_str().unwrap().to_owned()
}

fn balance(genesis: &globelet_protocol::Genesis, chain: usize, key: &SigningKey) -> Value {
    let account = hex::encode(key.verifying_key().to_bytes());
    call(http_port(genesis, chain), "GET", &format!("/v1/accounts/{account}"), "", "").2["balance"].clone()
}

#[test]
fn a_transfer_is_credited_and_survives_the_end_of_every_process() {
    let state = tempfile::tempdir().unwrap();
    let genesis = common::deal(state.path());
    let all = || ["tokyo", "paris", "continent", "globe"].map(|name| start(state.path(), name, &[]));
    let processes = all();
    let seed = std::fs::read_to_string(state.path().join("secrets/treasury/tokyo.key")).unwrap();
    let treasury = SigningKey::from_bytes(&hex::decode(seed).unwrap().try_into().unwrap());
    let bob = SigningKey::from_bytes(&[77; 32]);
    open(&genesis, 1, &bob);
    let first = pay(&genesis, &treasury, &bob, 1_250, 1);
    let stages = follow(http_port(&genesis, 0), &first, "credited");
    assert_eq!(stages.last().map(String::as_str), Some("credited"), "{stages:?}");
    assert_eq!(balance(&genesis, 1, &bob), 1_250);
    // Killed all at once, as by a power cut: what was credited is there again, and the world goes on.
    drop(processes);
    let _processes = all();
    assert_eq!(balance(&genesis, 1, &bob), 1_250);
    let path = format!("/v1/transfers/{first}");
    assert!(call(http_port(&genesis, 0), "GET", &path, "", "").2["stages"]["committed"]["micros"].is_u64());
    let second = pay(&genesis, &treasury, &bob, 250, 2);
    let stages = follow(http_port(&genesis, 0), &second, "credited");
    assert_eq!(stages.last().map(String::as_str), Some("credited"), "{stages:?}");
    assert_eq!(balance(&genesis, 1, &bob), 1_500);
    let links = call(http_port(&genesis, 0), "GET", "/v1/links?samples=3", "", "").2;
    let rows = links.as_array().unwrap();
    assert!(
        !rows.is_empty() && rows.iter().all(|r| r["samples"] == 3 && r["p50_ms"].as_f64().is_some_and(|ms| ms > 0.0)),
        "{links}"
    );
    follow(http_port(&genesis, 0), &second, "anchored");
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
