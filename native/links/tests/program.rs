//! The program itself: its ready line, its refusals, its API over HTTP.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::{json, Value};

struct Program {
    child: Child,
    address: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_globelet-links"));
    command.args(arguments);
    command
}

fn start(arguments: &[&str]) -> Program {
    let mut child = command(&["--listen", "127.0.0.1:0"]).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("ready http://").unwrap().to_owned();
    Program { child, address }
}

impl Program {
    fn call(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        self.call_as("test", method, path, body)
    }

    fn call_as(&self, agent: &str, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: {agent}\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn refusal(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let (status, body) = self.call(method, path, body);
        let refusal: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(refusal["status"], status);
        (status, refusal["error"].as_str().unwrap().to_owned())
    }
}

#[test]
fn refusals_are_toxiproxys() {
    let program = start(&[]);
    let proxy = r#"{"name":"p","upstream":"127.0.0.1:1","listen":"127.0.0.1:0"}"#;
    assert_eq!(program.call("POST", "/proxies", proxy).0, 201);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let busy = format!(r#"{{"name":"q","upstream":"x:1","listen":"127.0.0.1:{port}"}}"#);
    let in_use = format!("listen tcp 127.0.0.1:{port}: bind: address already in use");
    let cases = [
        ("GET", "/proxies/x", "", 404, "proxy not found"),
        ("DELETE", "/proxies/x", "", 404, "proxy not found"),
        ("POST", "/proxies/x/toxics", "{}", 404, "proxy not found"),
        ("POST", "/proxies", proxy, 409, "proxy already exists"),
        ("POST", "/proxies", "{}", 400, "missing required field: name"),
        ("POST", "/proxies", r#"{"name":"q"}"#, 400, "missing required field: upstream"),
        ("POST", "/populate", r#"[{"name":"q"}]"#, 400, "missing required field: upstream at proxy 1"),
        ("POST", "/proxies", &busy, 500, &in_use),
        ("GET", "/proxies/p/toxics/t", "", 404, "toxic not found"),
        ("PATCH", "/proxies/p/toxics/t", "{}", 404, "toxic not found"),
        ("POST", "/proxies/p/toxics", r#"{"type":"t"}"#, 400, "invalid toxic type"),
    ];
    for (method, path, body, status, error) in cases {
        let refused = program.refusal(method, path, body);
        assert_eq!(refused, (status, error.to_owned()), "{method} {path} {body}");
    }
    let (status, error) = program.refusal("POST", "/proxies", "{nonsense");
    assert_eq!(status, 400);
    assert!(error.starts_with("bad request body: "), "{error}");
}

#[test]
fn nothing_listens_beyond_loopback_unless_asked() {
    let program = start(&[]);
    for listen in ["0.0.0.0:0", ":0", "[::]:0"] {
        let proxy = json!({"name": "p", "upstream": "127.0.0.1:1", "listen": listen});
        assert_eq!(program.refusal("POST", "/proxies", &proxy.to_string()).0, 403, "{listen}");
    }
    let refused = command(&["--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--allow-remote"));
    let permitted = start(&["--allow-remote"]);
    let proxy = json!({"name": "p", "upstream": "127.0.0.1:1", "listen": "0.0.0.0:0"});
    assert_eq!(permitted.call("POST", "/proxies", &proxy.to_string()).0, 201);
}

#[test]
fn a_web_page_is_refused() {
    let answer = start(&[]).call_as("Mozilla/5.0", "POST", "/reset", "");
    assert_eq!(answer, (403, "User agent not allowed\n".to_owned()));
}

#[test]
fn a_hundred_proxies_are_populated_once_and_found_again() {
    let program = start(&[]);
    let toxic = json!({"type": "latency", "attributes": {"latency": 0.5}});
    let proxies: Vec<Value> = (0..100)
        .map(|number| {
            json!({"name": format!("p{number}"), "listen": "127.0.0.1:0",
            "upstream": "127.0.0.1:1", "toxics": [toxic]})
        })
        .collect();
    let (status, body) = program.call("POST", "/populate", &json!(proxies).to_string());
    assert_eq!(status, 201, "{body}");
    let made: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(made["proxies"].as_array().unwrap().len(), 100);
    let again = program.call("POST", "/populate", &made["proxies"].to_string());
    assert_eq!(again, (201, body));
    assert_eq!(program.call("POST", "/reset", "").0, 204);
    let (_, body) = program.call("GET", "/proxies/p7", "");
    let proxy: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(proxy["toxics"], json!([]));
    assert_eq!(proxy["enabled"], true);
}

#[test]
fn version_and_metrics_are_there() {
    let program = start(&[]);
    let (status, body) = program.call("GET", "/version", "");
    assert_eq!(status, 200);
    let version: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(version, json!({"version": "2.12.0"}));
    let (status, body) = program.call("GET", "/metrics", "");
    assert_eq!(status, 200);
    assert!(body.contains("# TYPE toxiproxy_proxy_received_bytes_total counter"));
}

#[test]
fn a_broken_configuration_is_named() {
    let path = std::env::temp_dir().join(format!("globelet-links-{}.json", std::process::id()));
    std::fs::write(&path, "[{\"name\":\"p\"}]").unwrap();
    let output = command(&["--listen", "127.0.0.1:0", "--config"]).arg(&path).output().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("missing required field: upstream at proxy 1"), "{message}");
}
