//! Messages leave a backbone that is cut or silent for the internet route, and come back to it; none is lost or doubled.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use bytes::Bytes;
use globelet_node::clock::WallClock;
use globelet_node::core::{CoreHandle, Input};
use globelet_node::directory::{Directory, Route, Way};
use globelet_node::metrics::Metrics;
use globelet_node::transport::server::serve;
use globelet_node::transport::tls::Tls;
use globelet_node::transport::Outward;
use globelet_protocol::Message;
use globelet_types::world::{Fallback, LinkSpec};
use globelet_types::{ChainId, NodeId, RegionId};
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const WAY: Way = Way { from: RegionId(0), to: RegionId(1), process: 1 };
// Tokyo's nodes are 0 to 6, Paris' 7 to 13.
const TOKYO: NodeId = NodeId(0);
const PARIS: NodeId = NodeId(7);
/// Far beyond what the slowest machine needs, and short of what stops a whole run of tests.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, PartialEq)]
enum Relay {
    Open,
    Silent,
    Cut,
}

/// A proxy of the test: it hands bytes on, keeps them to itself, or breaks every connection.
async fn relay(to: String) -> (String, watch::Sender<Relay>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (set, state) = watch::channel(Relay::Open);
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let (to, state) = (to.clone(), state.clone());
            tokio::spawn(async move {
                let mut ends = state.clone();
                tokio::select! {
                    _ = ends.wait_for(|s| *s == Relay::Cut) => {}
                    () = pass(near, &to, state) => {}
                }
            });
        }
    });
    (address, set)
}

async fn pass(near: TcpStream, to: &str, state: watch::Receiver<Relay>) {
    let Ok(far) = TcpStream::connect(to).await else { return };
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    tokio::join!(copy(near_read, far_write, state.clone()), copy(far_read, near_write, state));
}

async fn copy(
    from: tokio::net::tcp::OwnedReadHalf,
    to: tokio::net::tcp::OwnedWriteHalf,
    mut state: watch::Receiver<Relay>,
) {
    let mut part = vec![0; 1 << 16];
    loop {
        if state.wait_for(|s| *s != Relay::Silent).await.is_err() || from.readable().await.is_err() {
            return;
        }
        if *state.borrow() == Relay::Silent {
            continue;
        }
        let read = match from.try_read(&mut part) {
            Ok(0) => return,
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => return,
        };
        let mut left = &part[..read];
        while !left.is_empty() {
            if to.writable().await.is_err() {
                return;
            }
            match to.try_write(left) {
                Ok(written) => left = &left[written..],
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}

struct Pair {
    outward: Outward,
    metrics: Arc<Metrics>,
    inputs: Receiver<Input>,
    backbone: watch::Sender<Relay>,
    internet: watch::Sender<Relay>,
}

/// A world with a second route between its regions, whose probes are late after 200 ms.
fn deal(state: &Path) {
    let mut world = common::world();
    let slower = |l: &LinkSpec| LinkSpec { delay_us: 2 * l.delay_us, ..l.clone() };
    world.internet = world.links.iter().filter(|l| l.from != l.to).map(slower).collect();
    world.fallback = Fallback { probe_us: 20_000, late_us: 200_000, ..Fallback::default() };
    common::deal_world(state, &world);
}

async fn pair(state: &Path) -> Pair {
    deal(state);
    let there = Arc::new(Directory::load(state, "paris").unwrap());
    let listener = TcpListener::bind(format!("127.0.0.1:{}", there.this().node_port)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, inputs) = std::sync::mpsc::channel();
    let (core, (said, _)) =
        (CoreHandle::new(sender, WallClock::starting_at_least(0), Arc::default()), tokio::sync::mpsc::channel(4));
    let tls = Tls::load(state, "paris").unwrap();
    tokio::spawn(async move { serve(listener, &tls, there, core, said, Arc::default(), std::future::pending()).await });
    let ((fast, backbone), (slow, internet)) = (relay(address.clone()).await, relay(address).await);
    let entry = |route, address| serde_json::json!({"from": "tokyo", "to": "paris", "process": "paris", "address": address, "route": route});
    let routes = serde_json::json!([entry("backbone", fast), entry("internet", slow)]);
    std::fs::write(state.join("routes.json"), routes.to_string()).unwrap();
    let here = Arc::new(Directory::load(state, "tokyo").unwrap());
    let metrics = Arc::new(Metrics::default());
    let outward = Outward::start(&here, &Tls::load(state, "tokyo").unwrap(), WallClock::starting_at_least(0), &metrics);
    let pair = Pair { outward, metrics, inputs, backbone, internet };
    pair.until(|p| p.shows("delay_seconds", "backbone", "") && p.shows("delay_seconds", "internet", "")).await;
    pair
}

impl Pair {
    /// Waits for something that is bound to come; says what is there instead where it never does.
    async fn until(&self, condition: impl Fn(&Pair) -> bool) {
        let reached = async {
            while !condition(self) {
                tokio::task::yield_now().await;
            }
        };
        let late = tokio::time::timeout(PATIENCE, reached).await.is_err();
        assert!(!late, "not reached in {PATIENCE:?}; the metrics say\n{}", self.metrics.text());
    }

    async fn active(&self, route: Route) {
        self.until(|p| p.outward.active(&WAY) == Some(route)).await;
    }

    fn shows(&self, name: &str, route: &str, value: &str) -> bool {
        let line = format!("globelet_route_{name}{{from=\"tokyo\",to=\"paris\",route=\"{route}\"}} {value}");
        // Before the first probe a delay is zero.
        self.metrics.text().lines().any(|l| l.starts_with(&line) && !l.ends_with(" 0.0"))
    }

    /// How often the way changed its route so far.
    fn switches(&self) -> u64 {
        let name = "globelet_route_switches_total{from=\"tokyo\",to=\"paris\"} ";
        let text = self.metrics.text();
        text.lines().find_map(|l| l.strip_prefix(name)).and_then(|n| n.parse().ok()).unwrap()
    }

    fn send(&self, numbers: std::ops::Range<u64>) {
        for number in numbers {
            let message = globelet_types::encode(&Message::LaneHead { source: ChainId(0), number });
            self.outward.send(WAY, TOKYO, vec![PARIS], Bytes::from(message));
        }
    }

    /// The numbers that arrive, each with the route it took.
    async fn arrived(self, count: usize) -> (Vec<(u64, Option<Route>)>, Receiver<Input>) {
        let read = move || {
            let numbers = (0..count).map(|_| number(self.inputs.recv_timeout(PATIENCE).unwrap())).collect();
            (numbers, self.inputs)
        };
        tokio::task::spawn_blocking(read).await.unwrap()
    }
}

fn number(input: Input) -> (u64, Option<Route>) {
    match input {
        Input::Message { message, route, .. } => match *message {
            Message::LaneHead { number, .. } => (number, route),
            other => panic!("{other:?}"),
        },
        _ => panic!("not a message"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_backbone_is_left_at_once_and_regained() {
    let state = tempfile::tempdir().unwrap();
    let pair = pair(state.path()).await;
    pair.active(Route::Backbone).await;
    pair.until(|p| p.shows("active", "backbone", "1")).await;
    // The route whose connection was made first may have been in use for a moment.
    let before = pair.switches();
    pair.backbone.send(Relay::Cut).unwrap();
    pair.active(Route::Internet).await;
    pair.send(0..100);
    // The figures follow the switch.
    pair.until(|p| p.shows("active", "internet", "1") && p.shows("active", "backbone", "0")).await;
    // A dead route shows what a lost probe does.
    pair.until(|p| p.shows("delay_seconds", "backbone", "5.0")).await;
    pair.backbone.send(Relay::Open).unwrap();
    pair.active(Route::Backbone).await;
    pair.send(100..200);
    pair.until(|p| p.switches() >= before + 2).await;
    let (mut numbers, rest) = pair.arrived(200).await;
    numbers.sort_unstable();
    let took = |number| if number < 100 { Route::Internet } else { Route::Backbone };
    assert_eq!(numbers, (0..200).map(|n| (n, Some(took(n)))).collect::<Vec<_>>());
    assert!(rest.try_iter().next().is_none(), "a message came twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_silent_backbone_holds_comes_once_it_speaks() {
    let state = tempfile::tempdir().unwrap();
    let pair = pair(state.path()).await;
    pair.active(Route::Backbone).await;
    pair.backbone.send(Relay::Silent).unwrap();
    pair.send(0..100);
    pair.active(Route::Internet).await;
    pair.send(100..200);
    pair.backbone.send(Relay::Open).unwrap();
    pair.active(Route::Backbone).await;
    pair.send(200..300);
    let (mut numbers, rest) = pair.arrived(300).await;
    numbers.sort_unstable();
    let took = |number| if (100..200).contains(&number) { Route::Internet } else { Route::Backbone };
    assert_eq!(numbers, (0..300).map(|n| (n, Some(took(n)))).collect::<Vec<_>>());
    assert!(rest.try_iter().next().is_none(), "a message came twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_backbone_is_used_again_at_once_where_both_were_cut() {
    let state = tempfile::tempdir().unwrap();
    let pair = pair(state.path()).await;
    pair.internet.send(Relay::Cut).unwrap();
    pair.until(|p| p.shows("delay_seconds", "internet", "5.0")).await;
    pair.backbone.send(Relay::Cut).unwrap();
    pair.until(|p| p.outward.up() == 0).await;
    pair.backbone.send(Relay::Open).unwrap();
    pair.until(|p| p.outward.client(&WAY).is_some()).await;
    assert_eq!(pair.outward.active(&WAY), Some(Route::Backbone));
}

#[test]
fn a_route_that_the_world_does_not_have_is_refused() {
    let state = tempfile::tempdir().unwrap();
    common::deal(state.path());
    let entry = r#"[{"from":"tokyo","to":"paris","process":"paris","address":"127.0.0.1:1","route":"internet"}]"#;
    std::fs::write(state.path().join("routes.json"), entry).unwrap();
    let refused = Directory::load(state.path(), "tokyo").unwrap_err().to_string();
    assert!(refused.contains("has no internet route"), "{refused}");
}
