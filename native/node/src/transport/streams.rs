//! The sending side: one long-lived stream per way and route, so that each message crosses its declared link once.
use super::carrier::{Active, Carrier};
use super::choice::Choice;
use super::frame::Envelope;
use super::keeper::{Connection, Keeper};
use super::meter::Meter;
use super::proto::transport_client::TransportClient;
use super::proto::ProbeRequest;
use super::tls::Tls;
use crate::clock::{monotonic_ns, WallClock};
use crate::directory::{Directory, Route, Way};
use crate::metrics::Metrics;
use bytes::Bytes;
use globelet_types::codec::MAX_FRAME;
use globelet_types::{NodeId, RegionId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tonic::transport::{Channel, Endpoint};

/// HTTP/2 window per stream: what a fast link carries in a long round trip.
pub const WINDOW: u32 = 16 << 20;
/// Time between keep-alive pings.
pub const KEEPALIVE: Duration = Duration::from_secs(15);
/// Messages that may wait for one stream; more are dropped and repaired by the protocol.
const WAITING: usize = 16_384;

/// A client over one connection; copies share it.
pub type Client = TransportClient<Channel>;

struct Stream {
    queue: mpsc::Sender<Envelope>,
    active: Active,
    connections: Vec<Connection>,
}

/// All streams of this process. Cheap to clone.
#[derive(Clone)]
pub struct Outward {
    streams: Arc<BTreeMap<Way, Stream>>,
    metrics: Arc<Metrics>,
}

impl Outward {
    /// Starts to dial every way that leaves the process, over each of its routes. Call inside a tokio runtime.
    pub fn start(directory: &Arc<Directory>, tls: &Tls, clock: WallClock, metrics: &Arc<Metrics>) -> Outward {
        let ways: Vec<Way> = directory.ways().into_iter().filter(|w| !directory.inside(w)).collect();
        let count = ways.len().max(1) as u32;
        let start = |(place, way)| (way, Stream::start(directory, tls, clock, metrics, way, (place, count)));
        let streams = (0u32..).zip(ways).map(start).collect();
        Outward { streams: Arc::new(streams), metrics: metrics.clone() }
    }

    /// Queues a message for its stream, from any thread; drops it if there is none or it is full.
    pub fn send(&self, way: Way, from: NodeId, to: Vec<NodeId>, message: Bytes) {
        let Some(stream) = self.streams.get(&way) else {
            return self.metrics.drop_messages("no_stream", 1);
        };
        match stream.queue.try_send(Envelope { from, to, message }) {
            Ok(()) => {
                self.metrics.sent.inc();
            }
            Err(_) => self.metrics.drop_messages("full", 1),
        }
    }

    /// The ways with a stream.
    pub fn ways(&self) -> Vec<Way> {
        self.streams.keys().copied().collect()
    }

    /// How many streams have a connection.
    pub fn up(&self) -> usize {
        self.streams.values().filter(|s| s.connections.iter().any(|c| c.client().is_some())).count()
    }

    /// The route that messages of a way take now; `None` if it has no stream.
    pub fn active(&self, way: &Way) -> Option<Route> {
        Some(self.streams.get(way)?.active.get())
    }

    /// The connection that messages of a way take now, if there is one and it is up.
    pub fn client(&self, way: &Way) -> Option<Client> {
        let stream = self.streams.get(way)?;
        stream.connections.get(stream.active.get() as usize)?.client()
    }

    /// One-way delay of one probe over the stream's own connection of a route; `None` if it is down.
    pub async fn probe(&self, way: &Way, route: Route) -> Option<Duration> {
        let mut client = self.streams.get(way)?.connections.get(route as usize)?.client()?;
        let sent = monotonic_ns();
        let reply = client.probe(ProbeRequest {}).await.ok()?;
        Some(Duration::from_nanos(reply.into_inner().arrived_ns.saturating_sub(sent)))
    }
}

impl Stream {
    /// `place` of so many: the first probes of all streams are spread over the time between two.
    fn start(
        directory: &Directory,
        tls: &Tls,
        clock: WallClock,
        metrics: &Arc<Metrics>,
        way: Way,
        (place, of): (u32, u32),
    ) -> Stream {
        let world = directory.world();
        let (queue, waiting) = mpsc::channel(WAITING);
        let (told, happened) = mpsc::unbounded_channel();
        let routes = directory.routes(&way);
        let connections: Vec<Connection> = routes.iter().map(|_| Connection::default()).collect();
        for ((route, address), connection) in routes.into_iter().zip(&connections) {
            let process = world.processes[usize::from(way.process)].name.clone();
            let (connection, happened, metrics) = (connection.clone(), told.clone(), metrics.clone());
            let skew_us = world.parameters.skew_us;
            let keeper =
                Keeper { route, address, process, tls: tls.clone(), clock, skew_us, connection, happened, metrics };
            tokio::spawn(keeper.keep());
        }
        let every = Duration::from_micros(world.fallback.probe_us);
        let declared = [Route::Backbone, Route::Internet].map(|r| directory.declared(&way, r).unwrap_or_default());
        let meter = if connections.len() > 1 {
            let name = |region: RegionId| world.regions[region.index()].as_str();
            metrics.routes.of(name(way.from), name(way.to), declared)
        } else {
            Meter::default()
        };
        let choice = Choice::new(world.fallback.clone(), declared);
        let (active, first) = (Active::default(), every * place / of);
        let (carrier, sights) =
            Carrier::new(choice, active.clone(), connections.clone(), (first, every), meter, metrics.clone());
        tokio::spawn(carrier.run(waiting, happened, sights));
        Stream { queue, active, connections }
    }
}

/// Connects to a process, which must show its own certificate.
///
/// # Errors
/// tonic's.
pub async fn dial(address: &str, process: &str, tls: &Tls) -> Result<Client, tonic::transport::Error> {
    let channel = Endpoint::from_shared(format!("https://{address}"))?
        .tls_config(tls.client(process))?
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_secs(5))
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(2 * WINDOW)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(Duration::from_secs(10))
        .keep_alive_while_idle(true)
        .connect()
        .await?;
    Ok(TransportClient::new(channel).max_encoding_message_size(MAX_FRAME + 1024))
}
