//! Processes know each other by their certificates, and a hostile frame ends its stream only.
#![allow(clippy::unwrap_used, missing_docs)]
mod common;

use bytes::Bytes;
use globelet_gossip::{encode, Packet};
use globelet_node::clock::WallClock;
use globelet_node::core::{CoreHandle, Input};
use globelet_node::directory::{Directory, Route, Way};
use globelet_node::gossip::Heard;
use globelet_node::metrics::Metrics;
use globelet_node::transport::frame::{self, Envelope};
use globelet_node::transport::proto::transport_client::TransportClient;
use globelet_node::transport::proto::{Bundle, GossipFrame};
use globelet_node::transport::server::{open_frame, serve, FrameRefused};
use globelet_node::transport::tls::Tls;
use globelet_node::transport::Outward;
use globelet_protocol::Message;
use globelet_types::{ChainId, NodeId, RegionId};
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::Arc;
use std::time::Duration;
use tonic::transport::{ClientTlsConfig, Endpoint};

// Tokyo's nodes are 0 to 6, Paris' 7 to 13.
const TOKYO: NodeId = NodeId(0);
const PARIS: NodeId = NodeId(7);
/// Far beyond what the slowest machine needs.
const PATIENCE: Duration = Duration::from_secs(120);

fn message(number: u64) -> Bytes {
    Bytes::from(globelet_types::encode(&Message::LaneHead { source: ChainId(0), number }))
}

fn envelope(from: NodeId, to: NodeId, message: Bytes) -> Envelope {
    Envelope { from, to: vec![to], message }
}

struct Paris {
    inputs: Receiver<Input>,
    heard: tokio::sync::mpsc::Receiver<Heard>,
    metrics: Arc<Metrics>,
    address: String,
}

async fn paris(state: &Path) -> Paris {
    paris_at(state, WallClock::starting_at_least(0)).await
}

async fn paris_at(state: &Path, clock: WallClock) -> Paris {
    let directory = Arc::new(Directory::load(state, "paris").unwrap());
    let tls = Tls::load(state, "paris").unwrap();
    let address = format!("127.0.0.1:{}", directory.this().node_port);
    let listener = tokio::net::TcpListener::bind(&address).await.unwrap();
    let (sender, inputs) = std::sync::mpsc::channel();
    let metrics = Arc::new(Metrics::default());
    let (core, counted) = (CoreHandle::new(sender, clock, metrics.clone()), metrics.clone());
    let (said, heard) = tokio::sync::mpsc::channel(4);
    tokio::spawn(async move { serve(listener, &tls, directory, core, said, counted, std::future::pending()).await });
    Paris { inputs, heard, metrics, address }
}

async fn dial(
    address: &str,
    tls: ClientTlsConfig,
) -> Result<TransportClient<tonic::transport::Channel>, tonic::Status> {
    let endpoint = Endpoint::from_shared(format!("https://{address}")).unwrap().tls_config(tls).unwrap();
    Ok(TransportClient::new(endpoint.connect().await.map_err(|e| tonic::Status::unavailable(e.to_string()))?))
}

/// Sends one bundle and waits for the stream's end, if it is refused.
async fn refused(client: &mut TransportClient<tonic::transport::Channel>, envelopes: Bytes) -> tonic::Status {
    let (bundles, stream) = tokio::sync::mpsc::channel(4);
    bundles.send(Bundle { envelopes, route: 0 }).await.unwrap();
    let answer = client.deliver(tokio_stream::wrappers::ReceiverStream::new(stream)).await;
    match answer {
        Err(status) => status,
        Ok(answer) => answer.into_inner().message().await.unwrap_err(),
    }
}

fn number(input: Input) -> u64 {
    match input {
        Input::Message { message, .. } => match *message {
            Message::LaneHead { number, .. } => number,
            other => panic!("{other:?}"),
        },
        _ => panic!("not a message"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_arrive_and_the_link_can_be_measured() {
    let state = tempfile::tempdir().unwrap();
    common::deal(state.path());
    let directory = Arc::new(Directory::load(state.path(), "tokyo").unwrap());
    let tls = Tls::load(state.path(), "tokyo").unwrap();
    // Dialled before Paris is there: the stream comes up by itself.
    let outward = Outward::start(&directory, &tls, WallClock::starting_at_least(0), &Arc::default());
    let paris = paris(state.path()).await;
    let way = Way { from: RegionId(0), to: RegionId(1), process: 1 };
    while outward.probe(&way, Route::Backbone).await.is_none() {
        tokio::task::yield_now().await;
    }
    for n in 0..500 {
        outward.send(way, TOKYO, vec![PARIS], message(n));
    }
    let take = move || (0..500).map(|_| number(paris.inputs.recv_timeout(PATIENCE).unwrap())).collect::<Vec<_>>();
    let arrived = tokio::task::spawn_blocking(take);
    assert_eq!(arrived.await.unwrap(), (0..500).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_apart_is_told_where_its_process_is_met() {
    let state = tempfile::tempdir().unwrap();
    common::deal(state.path());
    let directory = Arc::new(Directory::load(state.path(), "tokyo").unwrap());
    let tls = Tls::load(state.path(), "tokyo").unwrap();
    let (ours, metrics) = (WallClock::starting_at_least(0), Arc::new(Metrics::default()));
    let _paris = paris_at(state.path(), WallClock::starting_at_least(ours.now() + 3_600_000_000)).await;
    let _outward = Outward::start(&directory, &tls, ours, &metrics);
    let shown = || {
        let text = metrics.text();
        let found = text.lines().find_map(|l| l.strip_prefix("globelet_clock_ahead_seconds{peer=\"paris\"} "));
        found.and_then(|seconds| seconds.parse::<f64>().ok()).filter(|seconds| *seconds != 0.0)
    };
    let told = async {
        loop {
            match shown() {
                Some(seconds) => return seconds,
                None => tokio::task::yield_now().await,
            }
        }
    };
    let seconds = tokio::time::timeout(PATIENCE, told).await.unwrap();
    // An hour, and less what the question and its answer took.
    assert!(seconds > 3_600.0 - PATIENCE.as_secs_f64() && seconds <= 3_600.1, "{seconds}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_another_authority_is_refused_and_so_is_none() {
    let (state, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    common::deal(state.path());
    common::deal(elsewhere.path());
    let paris = paris(state.path()).await;
    let own_authority = std::fs::read(state.path().join("secrets/tls/ca.crt")).unwrap();
    let bare = ClientTlsConfig::new()
        .ca_certificate(tonic::transport::Certificate::from_pem(&own_authority))
        .domain_name("paris");
    let folder = elsewhere.path().join("secrets/tls");
    let stranger = tonic::transport::Identity::from_pem(
        std::fs::read(folder.join("tokyo.crt")).unwrap(),
        std::fs::read(folder.join("tokyo.key")).unwrap(),
    );
    let frame = frame::encode(&[envelope(TOKYO, PARIS, message(1))]);
    for tls in [bare.clone(), bare.identity(stranger)] {
        // TLS 1.3 lets the client connect before the server has judged it: the call fails at the latest.
        if let Ok(mut client) = dial(&paris.address, tls).await {
            let status = refused(&mut client, frame.clone()).await;
            assert_ne!(status.code(), tonic::Code::Ok);
        }
    }
    // Tokyo does not take Paris for the globe either.
    let wrong_name = Tls::load(state.path(), "tokyo").unwrap().client("globe");
    assert!(dial(&paris.address, wrong_name).await.is_err());
    assert!(paris.inputs.try_iter().next().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_frame_ends_its_stream_and_reaches_nobody() {
    let state = tempfile::tempdir().unwrap();
    common::deal(state.path());
    let paris = paris(state.path()).await;
    let tokyo = Tls::load(state.path(), "tokyo").unwrap();
    let mut client = dial(&paris.address, tokyo.client("paris")).await.unwrap();
    let good = envelope(TOKYO, PARIS, message(1));
    let frames = [
        Bytes::from_static(&[0xff; 64]),
        frame::encode(&[good.clone(), envelope(TOKYO, PARIS, Bytes::from_static(b"\xffnot a message"))]),
        frame::encode(&[good.clone(), envelope(NodeId(8), PARIS, message(2))]),
        frame::encode(&[good.clone(), envelope(TOKYO, NodeId(15), message(2))]),
    ];
    for frame in frames {
        let status = refused(&mut client, frame).await;
        assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status}");
    }
    assert!(paris.inputs.try_iter().next().is_none(), "a part of a refused frame was handed on");
    let text = paris.metrics.text();
    for (reason, count) in [("malformed", 2), ("foreign_sender", 1), ("foreign_receiver", 1)] {
        let line = format!("globelet_frames_refused_total{{reason=\"{reason}\"}} {count}");
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
}

#[test]
fn every_truncation_of_a_frame_is_a_typed_error() {
    let state = tempfile::tempdir().unwrap();
    common::deal(state.path());
    let directory = Directory::load(state.path(), "paris").unwrap();
    let frame = frame::encode(&[envelope(TOKYO, PARIS, message(77))]);
    let open = |from, route, envelopes| open_frame(&directory, from, &Bundle { envelopes, route });
    assert_eq!(open(0, 0, frame.clone()).unwrap().len(), 1);
    for end in 0..frame.len() {
        let cut = open(0, 0, frame.slice(..end));
        assert!(matches!(cut, Err(FrameRefused::Malformed(_))), "cut at {end}");
    }
    assert!(matches!(open(0, 3, frame.clone()), Err(FrameRefused::Malformed(_))), "there is no such route");
    let foreign = open(2, 0, frame).map(|_| ()).unwrap_err();
    assert_eq!(foreign, FrameRefused::ForeignSender { from: 0, process: 2 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gossip_arrives_under_its_sender_and_what_cannot_be_read_is_refused() {
    let state = tempfile::tempdir().unwrap();
    common::deal(state.path());
    let mut paris = paris(state.path()).await;
    let tokyo = Tls::load(state.path(), "tokyo").unwrap();
    let mut client = dial(&paris.address, tokyo.client("paris")).await.unwrap();
    let packets = vec![Packet::Join, Packet::Prune];
    client.gossip(GossipFrame { packets: encode(&packets).into() }).await.unwrap();
    assert_eq!(paris.heard.recv().await, Some(Heard { from: 0, packets }));
    let status = client.gossip(GossipFrame { packets: Bytes::from_static(&[1, 0, 0, 0, 99]) }).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    let text = paris.metrics.text();
    assert!(text.contains("globelet_frames_refused_total{reason=\"gossip_malformed\"} 1"), "{text}");
}
