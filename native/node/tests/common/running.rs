//! The binary as people run it, and what a client asks of it.
#![allow(dead_code)] // each test binary uses some of it
use ed25519_dalek::{Signer, SigningKey};
use globelet_types::{AccountId, ChainId, Opening, Order, Transfer};
use serde_json::{json, Value};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn command(arguments: &[&str], state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_globelet-node"));
    command.args(arguments).arg("--state").arg(state);
    command
}

pub fn start(state: &Path, name: &str, more: &[&str]) -> Process {
    let mut child = command(&["run", "--process", name], state).args(more).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let process = Process(child);
    assert_eq!(line, format!("ready {name}\n"));
    process
}

pub fn call(port: u16, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, Value) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), serde_json::from_str(body).unwrap_or(Value::Null))
}

pub fn http_port(genesis: &globelet_protocol::Genesis, process: usize) -> u16 {
    genesis.world.processes[process].http_port
}

/// All processes of the world.
pub fn start_all(state: &Path) -> [Process; 4] {
    ["tokyo", "paris", "continent", "globe"].map(|name| start(state, name, &[]))
}

/// The key of a municipality's treasury.
pub fn treasury(state: &Path, name: &str) -> SigningKey {
    let seed = std::fs::read_to_string(state.join(format!("secrets/treasury/{name}.key"))).unwrap();
    SigningKey::from_bytes(&hex::decode(seed).unwrap().try_into().unwrap())
}

pub fn sign(order: &Order, key: &SigningKey) -> String {
    hex::encode(key.sign(&order.signing_bytes()).to_bytes())
}

/// Follows an order's events until one of `stages` is reached; all stages met.
pub fn follow(port: u16, id: &str, until: &str) -> Vec<String> {
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

pub fn open(genesis: &globelet_protocol::Genesis, chain: u16, key: &SigningKey) {
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

pub fn pay(
    genesis: &globelet_protocol::Genesis,
    from: &SigningKey,
    to: &SigningKey,
    amount: u64,
    nonce: u64,
) -> String {
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
