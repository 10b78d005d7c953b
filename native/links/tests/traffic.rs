//! Real sockets through real proxies: what is promised about time holds as a lower bound.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::{Duration, Instant};

use globelet_links::collection::Collection;
use globelet_links::proxy::Surroundings;
use globelet_links::ExactClock;
use serde_json::{json, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

const MS: fn(u64) -> Duration = Duration::from_millis;

fn collection() -> Collection {
    Collection::new(Surroundings { clock: ExactClock::new().unwrap(), seed: 1, allow_remote: false })
}

fn from<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn latency(stream: &str, milliseconds: f64) -> Value {
    json!({"type": "latency", "stream": stream, "attributes": {"latency": milliseconds}})
}

/// A server that sends back what it gets, and ends when the client does.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    address
}

/// A proxy called `link` before `upstream`; returns where it listens.
async fn link(collection: &mut Collection, upstream: &str, toxics: Value) -> String {
    let new = json!({"name": "link", "upstream": upstream, "toxics": toxics});
    collection.create(from(new)).await.unwrap().listen
}

async fn round_trip(stream: &mut TcpStream, message: &[u8]) -> Duration {
    let start = Instant::now();
    stream.write_all(message).await.unwrap();
    let mut answer = vec![0; message.len()];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, message);
    start.elapsed()
}

#[tokio::test]
async fn a_round_trip_takes_both_delays_and_the_first_one_the_handshake_too() {
    let mut collection = collection();
    let toxics = json!([latency("upstream", 20.0), latency("downstream", 10.5)]);
    let address = link(&mut collection, &echo().await, toxics).await;
    let start = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    round_trip(&mut stream, b"first").await;
    assert!(start.elapsed() >= MS(61), "{:?}", start.elapsed());
    for _ in 0..10 {
        let took = round_trip(&mut stream, b"later").await;
        assert!(took >= Duration::from_micros(30_500), "{took:?}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_first_is_heard_after_two_round_trips() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"hello").await.unwrap();
    });
    let mut collection = collection();
    let toxics = json!([latency("upstream", 10.0), latency("downstream", 15.0)]);
    let address = link(&mut collection, &upstream, toxics).await;
    let start = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut greeting = String::new();
    stream.read_to_string(&mut greeting).await.unwrap();
    assert_eq!(greeting, "hello");
    assert!(start.elapsed() >= MS(50), "{:?}", start.elapsed());
}

#[tokio::test]
async fn many_messages_are_under_way_at_once() {
    let mut collection = collection();
    let toxics = json!([latency("upstream", 110.0)]);
    let address = link(&mut collection, &echo().await, toxics).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    round_trip(&mut stream, b"open").await;
    let (mut reader, mut writer) = stream.split();
    let start = Instant::now();
    let send = async {
        for number in 0..200_u32 {
            writer.write_all(&number.to_be_bytes()).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let receive = async {
        for number in 0..200_u32 {
            assert_eq!(reader.read_u32().await.unwrap(), number);
        }
    };
    tokio::join!(send, receive);
    let took = start.elapsed();
    assert!(took >= MS(110), "{took:?}");
    // A link that sleeps for each message would need 22 s.
    assert!(took < MS(200 * 110 / 4), "{took:?}");
}

#[tokio::test]
async fn removing_the_latency_releases_nothing_early() {
    let mut collection = collection();
    let toxics = json!([latency("upstream", 150.0)]);
    let address = link(&mut collection, &echo().await, toxics).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    round_trip(&mut stream, b"open").await;
    let start = Instant::now();
    stream.write_all(b"a").await.unwrap();
    // The proxy has the byte once it has counted it.
    let counted = "toxiproxy_proxy_received_bytes_total{direction=\"upstream\"";
    let has_five = |text: &str| {
        let line = text.lines().find(|line| line.starts_with(counted)).unwrap();
        line.ends_with(" 5")
    };
    while !has_five(&collection.metrics()) {
        tokio::task::yield_now().await;
    }
    collection.remove_toxic("link", "latency_upstream").unwrap();
    stream.write_all(b"b").await.unwrap();
    let mut both = [0; 2];
    stream.read_exact(&mut both).await.unwrap();
    assert_eq!(&both, b"ab");
    assert!(start.elapsed() >= MS(150), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_toxic_added_later_acts_on_connections_that_exist() {
    let mut collection = collection();
    let address = link(&mut collection, &echo().await, json!([])).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    round_trip(&mut stream, b"before").await;
    collection.add_toxic("link", from(latency("downstream", 40.0))).unwrap();
    let took = round_trip(&mut stream, b"after").await;
    assert!(took >= MS(40), "{took:?}");
    let change = json!({"attributes": {"latency": 80}});
    collection.change_toxic("link", "latency_downstream", from(change)).unwrap();
    let took = round_trip(&mut stream, b"changed").await;
    assert!(took >= MS(80), "{took:?}");
}

#[tokio::test]
async fn a_bulk_transfer_arrives_whole_and_no_faster_than_its_bandwidth() {
    let mut collection = collection();
    let bandwidth = json!({"type": "bandwidth", "stream": "upstream", "attributes": {"rate": 20_000}});
    let slicer = json!({"type": "slicer", "stream": "downstream",
        "attributes": {"average_size": 7_000, "size_variation": 3_000}});
    let address = link(&mut collection, &echo().await, json!([bandwidth, slicer])).await;
    let sent: Vec<u8> = (0..2_000_000_u32).map(|number| (number % 251) as u8).collect();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let start = Instant::now();
    let send = async {
        writer.write_all(&sent).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let receive = async {
        let mut received = Vec::new();
        reader.read_to_end(&mut received).await.unwrap();
        received
    };
    let ((), received) = tokio::join!(send, receive);
    assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
    assert!(start.elapsed() >= MS(100), "{:?}", start.elapsed());
}

#[tokio::test]
async fn back_pressure_bounds_the_queue() {
    // A server that accepts and never reads.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = listener.local_addr().unwrap().to_string();
    let mut collection = collection();
    let address = link(&mut collection, &upstream, json!([])).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (_server, _) = listener.accept().await.unwrap();
    let block = vec![0_u8; 1 << 20];
    let send = async {
        for _ in 0..64 {
            stream.write_all(&block).await.unwrap();
        }
    };
    let sent = tokio::time::timeout(MS(500), send).await;
    assert!(sent.is_err(), "64 MiB went into a link whose server reads nothing");
}

#[tokio::test]
async fn limit_data_closes_after_its_bytes() {
    let mut collection = collection();
    let limit = json!({"type": "limit_data", "attributes": {"bytes": 100}});
    let address = link(&mut collection, &echo().await, json!([limit])).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&[7; 250]).await.unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, [7; 100]);
}

#[tokio::test]
async fn timeout_closes_a_silent_connection_and_so_does_its_removal() {
    let mut collection = collection();
    let timeout = json!([{"type": "timeout", "attributes": {"timeout": 50}}]);
    let address = link(&mut collection, &echo().await, timeout).await;
    let start = Instant::now();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    assert!(start.elapsed() >= MS(50), "{:?}", start.elapsed());
    let change = json!({"attributes": {"timeout": 0}});
    collection.change_toxic("link", "timeout_downstream", from(change)).unwrap();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(b"lost").await.unwrap();
    let connected = "globelet_link_connections_total{proxy=\"link\"} 2";
    while !collection.metrics().contains(connected) {
        tokio::task::yield_now().await;
    }
    collection.remove_toxic("link", "timeout_downstream").unwrap();
    // Closed, unless the connection was so young that the toxic never acted on it.
    let got = stream.read(&mut [0; 8]).await.unwrap();
    assert!(got == 0 || got == 4, "{got}");
}

#[tokio::test]
async fn reset_peer_resets() {
    let mut collection = collection();
    let reset = json!([{"type": "reset_peer", "stream": "upstream", "attributes": {"timeout": 5}}]);
    let address = link(&mut collection, &echo().await, reset).await;
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(b"x").await.unwrap();
    let error = stream.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn an_end_travels_as_slowly_as_bytes_and_leaves_the_other_direction_open() {
    let mut collection = collection();
    let toxics = json!([latency("upstream", 30.0)]);
    let address = link(&mut collection, &echo().await, toxics).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    round_trip(&mut stream, b"open").await;
    let start = Instant::now();
    stream.write_all(b"last words").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "last words");
    assert!(start.elapsed() >= MS(30), "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_upstream_that_is_not_there_shows_after_a_round_trip() {
    // Bound, so that nobody else has the port, and not listening.
    let gone = TcpSocket::new_v4().unwrap();
    gone.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let upstream = gone.local_addr().unwrap().to_string();
    let mut collection = collection();
    let toxics = json!([latency("upstream", 20.0), latency("downstream", 20.0)]);
    let address = link(&mut collection, &upstream, toxics).await;
    let start = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(stream.read(&mut [0; 8]).await.is_err());
    assert!(start.elapsed() >= MS(40), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_disabled_proxy_drops_its_connections_and_refuses_new_ones_until_enabled() {
    let mut collection = collection();
    let address = link(&mut collection, &echo().await, json!([])).await;
    let mut stream = TcpStream::connect(&address).await.unwrap();
    round_trip(&mut stream, b"up").await;
    collection.update("link", from(json!({"enabled": false}))).await.unwrap();
    assert!(matches!(stream.read(&mut [0; 8]).await, Ok(0) | Err(_)));
    assert!(TcpStream::connect(&address).await.is_err());
    let view = collection.update("link", from(json!({"enabled": true}))).await.unwrap();
    assert_eq!(view.listen, address);
    let mut stream = TcpStream::connect(&address).await.unwrap();
    round_trip(&mut stream, b"up again").await;
}

#[tokio::test]
async fn losses_repeat_from_the_seed_and_keep_every_byte_in_order() {
    let toxics = json!([{"type": "loss", "stream": "upstream",
        "attributes": {"probability": 0.2, "retransmit_ms": 5, "seed": 42}}]);
    let mut collection = collection();
    let address = link(&mut collection, &echo().await, toxics).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut held = 0;
    for number in 0..60_u32 {
        held += usize::from(round_trip(&mut stream, &number.to_be_bytes()).await >= MS(5));
    }
    // The seed decides which of the packets are lost: some, and not all.
    assert!(held >= 3, "{held} of 60 were held up");
}
