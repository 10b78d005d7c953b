//! The sending side: one long-lived stream per way, so that each message crosses its declared link once.
use super::frame::{self, Envelope};
use super::proto::transport_client::TransportClient;
use super::proto::{Bundle, ProbeRequest};
use super::tls::Tls;
use crate::clock::monotonic_ns;
use crate::directory::{Directory, Way};
use crate::metrics::Metrics;
use bytes::Bytes;
use globelet_types::codec::MAX_FRAME;
use globelet_types::NodeId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};

/// HTTP/2 window per stream: what a fast link carries in a long round trip.
pub const WINDOW: u32 = 16 << 20;
/// Time between keep-alive pings.
pub const KEEPALIVE: Duration = Duration::from_secs(15);
/// Messages that may wait for one stream; more are dropped and repaired by the protocol.
const WAITING: usize = 16_384;
/// A bundle is closed at this size; one message may be larger.
const BUNDLE: usize = 1 << 20;
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// A client over one connection; copies share it.
pub type Client = TransportClient<Channel>;

struct Stream {
    queue: mpsc::Sender<Envelope>,
    client: Arc<Mutex<Option<Client>>>,
}

/// All streams of this process. Cheap to clone.
#[derive(Clone)]
pub struct Outward {
    streams: Arc<BTreeMap<Way, Stream>>,
    metrics: Arc<Metrics>,
}

impl Outward {
    /// Starts to dial every way that leaves the process. Call inside a tokio runtime.
    pub fn start(directory: &Arc<Directory>, tls: &Tls, metrics: &Arc<Metrics>) -> Outward {
        let mut streams = BTreeMap::new();
        for way in directory.ways().into_iter().filter(|w| !directory.inside(w)) {
            let (queue, waiting) = mpsc::channel(WAITING);
            let client = Arc::new(Mutex::new(None));
            let keeper = Keeper {
                address: directory.address(&way),
                process: directory.world().processes[usize::from(way.process)].name.clone(),
                tls: tls.clone(),
                client: client.clone(),
                metrics: metrics.clone(),
            };
            tokio::spawn(keeper.keep(waiting));
            streams.insert(way, Stream { queue, client });
        }
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

    /// How many streams are up.
    pub fn up(&self) -> usize {
        self.streams.values().filter(|s| lock(&s.client).is_some()).count()
    }

    /// The connection of a way, if there is one and it is up.
    pub fn client(&self, way: &Way) -> Option<Client> {
        lock(&self.streams.get(way)?.client).clone()
    }

    /// One-way delay of one probe over the stream's own connection; `None` if it is down.
    pub async fn probe(&self, way: &Way) -> Option<Duration> {
        let mut client = lock(&self.streams.get(way)?.client).clone()?;
        let sent = monotonic_ns();
        let reply = client.probe(ProbeRequest {}).await.ok()?;
        Some(Duration::from_nanos(reply.into_inner().arrived_ns.saturating_sub(sent)))
    }
}

fn lock(client: &Mutex<Option<Client>>) -> std::sync::MutexGuard<'_, Option<Client>> {
    client.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Keeps one stream up.
struct Keeper {
    address: String,
    process: String,
    tls: Tls,
    client: Arc<Mutex<Option<Client>>>,
    metrics: Arc<Metrics>,
}

impl Keeper {
    async fn keep(self, mut waiting: mpsc::Receiver<Envelope>) {
        let mut pause = BACKOFF.0;
        loop {
            if let Ok(client) = dial(&self.address, &self.process, &self.tls).await {
                pause = BACKOFF.0;
                *lock(&self.client) = Some(client.clone());
                self.metrics.streams_up.inc();
                let open = self.carry(client, &mut waiting).await;
                self.metrics.streams_up.dec();
                *lock(&self.client) = None;
                if !open {
                    return;
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(BACKOFF.1);
            // What waited while the stream was down is stale; the protocol repairs.
            let mut stale = 0;
            while waiting.try_recv().is_ok() {
                stale += 1;
            }
            self.metrics.drop_messages("down", stale);
            if waiting.is_closed() {
                return;
            }
        }
    }

    /// Carries bundles until the stream breaks (`true`) or the process sends no more (`false`).
    async fn carry(&self, mut client: Client, waiting: &mut mpsc::Receiver<Envelope>) -> bool {
        let (bundles, stream) = mpsc::channel(64);
        let mut call = Box::pin(async move {
            let mut answer = client.deliver(ReceiverStream::new(stream)).await?.into_inner();
            // The receiver never says anything: this returns when the stream has ended.
            answer.message().await
        });
        let mut ready = Vec::new();
        loop {
            tokio::select! {
                _ = &mut call => return true,
                count = waiting.recv_many(&mut ready, 4096) => {
                    if count == 0 {
                        return false;
                    }
                    for envelopes in split(std::mem::take(&mut ready)) {
                        let bundle = Bundle { envelopes: frame::encode(&envelopes) };
                        tokio::select! {
                            _ = &mut call => return true,
                            sent = bundles.send(bundle) => if sent.is_err() { return true },
                        }
                    }
                }
            }
        }
    }
}

fn split(envelopes: Vec<Envelope>) -> Vec<Vec<Envelope>> {
    let (mut bundles, mut size) = (vec![Vec::new()], 0);
    for envelope in envelopes {
        if size + envelope.size() > BUNDLE && size > 0 {
            bundles.push(Vec::new());
            size = 0;
        }
        size += envelope.size();
        if let Some(last) = bundles.last_mut() {
            last.push(envelope);
        }
    }
    bundles
}
