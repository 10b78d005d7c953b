//! The receiving side: who sends is checked, what is sent is decoded, bounded, and handed to the core.
use super::door::{self, Peer};
use super::proto::transport_server::{Transport, TransportServer};
use super::proto::{Bundle, Closed, GossipFrame, GossipReply, ProbeReply, ProbeRequest};
use super::tls::Tls;
use super::{frame, streams};
use crate::clock::monotonic_ns;
use crate::core::{CoreHandle, Input};
use crate::directory::Directory;
use crate::gossip::Heard;
use crate::metrics::Metrics;
use bytes::Bytes;
use globelet_protocol::Message;
use globelet_types::codec::MAX_FRAME;
use globelet_types::DecodeError;
use std::error::Error as _;
use std::future::Future;
use std::sync::Arc;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

/// Why a frame was not accepted. The stream it came on is closed; the ledger is as it was.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FrameRefused {
    /// Not a bundle, or a message in it is not one.
    #[error("the frame cannot be read: {0}; send bundles as the world's build encodes them")]
    Malformed(String),
    /// More bytes than a frame may have.
    #[error("the frame is too large: {0}; send its messages in several bundles")]
    TooLarge(String),
    /// More receivers than this process hosts nodes.
    #[error("a message names {found} receivers where {hosted} nodes are hosted; name each once")]
    TooManyReceivers {
        /// How many it names.
        found: usize,
        /// How many there are.
        hosted: usize,
    },
    /// The sender named is not a node of the process that the certificate names.
    #[error("node {from} is not hosted by process {process}, whose certificate came with this stream; send each node's messages from its own process")]
    ForeignSender {
        /// The node named.
        from: u16,
        /// The peer's process.
        process: u16,
    },
    /// A receiver is not hosted here.
    #[error("node {to} is not hosted by this process; check the route")]
    ForeignReceiver {
        /// The node named.
        to: u16,
    },
}

impl FrameRefused {
    /// A short code for metrics.
    pub fn code(&self) -> &'static str {
        match self {
            FrameRefused::Malformed(_) => "malformed",
            FrameRefused::TooLarge(_) => "too_large",
            FrameRefused::TooManyReceivers { .. } => "too_many_receivers",
            FrameRefused::ForeignSender { .. } => "foreign_sender",
            FrameRefused::ForeignReceiver { .. } => "foreign_receiver",
        }
    }
}

impl From<DecodeError> for FrameRefused {
    fn from(error: DecodeError) -> FrameRefused {
        match error {
            DecodeError::TooLarge { .. } => FrameRefused::TooLarge(error.to_string()),
            DecodeError::Malformed { reason } => FrameRefused::Malformed(reason),
        }
    }
}

/// Checks and decodes a frame from process `peer`; nothing of a refused frame is handed on.
///
/// # Errors
/// [`FrameRefused`].
pub fn open_frame(directory: &Directory, peer: u16, bundle: &Bundle) -> Result<Vec<Input>, FrameRefused> {
    let mut inputs = Vec::new();
    let route = frame::read_route(bundle.route)?;
    for envelope in frame::decode(&bundle.envelopes)? {
        let from = envelope.from;
        if directory.process_of(from) != Some(peer) {
            return Err(FrameRefused::ForeignSender { from: from.0, process: peer });
        }
        // One copy is made per receiver, so a list that repeats them would make much of little.
        let (found, hosted) = (envelope.to.len(), directory.hosted.len());
        if found > hosted {
            return Err(FrameRefused::TooManyReceivers { found, hosted });
        }
        if let Some(to) = envelope.to.iter().find(|to| directory.process_of(**to) != Some(directory.process)) {
            return Err(FrameRefused::ForeignReceiver { to: to.0 });
        }
        let message: Message = globelet_types::decode(&envelope.message)?;
        // Copied out, so that a small message kept for the log does not keep its whole bundle.
        let raw = Bytes::copy_from_slice(&envelope.message);
        for to in envelope.to {
            inputs.push(Input::Message { to, from, route, message: Box::new(message.clone()), raw: raw.clone() });
        }
    }
    Ok(inputs)
}

struct Service {
    directory: Arc<Directory>,
    core: CoreHandle,
    gossip: mpsc::Sender<Heard>,
    metrics: Arc<Metrics>,
}

fn peer_of<T>(request: &Request<T>) -> Result<u16, Status> {
    let peer = request.extensions().get::<Peer>().map(|p| p.0);
    peer.ok_or_else(|| Status::permission_denied("the connection names no process of this world"))
}

#[tonic::async_trait]
impl Transport for Service {
    type DeliverStream = ReceiverStream<Result<Closed, Status>>;

    async fn deliver(&self, request: Request<Streaming<Bundle>>) -> Result<Response<Self::DeliverStream>, Status> {
        let peer = peer_of(&request)?;
        let (closed, answer) = mpsc::channel(1);
        let (directory, core, metrics) = (self.directory.clone(), self.core.clone(), self.metrics.clone());
        let mut bundles = request.into_inner();
        // Answered at once: the sender must not wait for a round trip before its first message.
        tokio::spawn(async move {
            let end = receive(&directory, peer, &core, &metrics, &mut bundles).await;
            if let Err(refused) = end {
                metrics.refuse(refused.code());
                crate::error::say(format_args!(
                    "a frame from process {} was refused: {refused}",
                    directory.world().processes[usize::from(peer)].name
                ));
                let _ = closed.send(Err(Status::invalid_argument(refused.to_string()))).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(answer)))
    }

    async fn probe(&self, _: Request<ProbeRequest>) -> Result<Response<ProbeReply>, Status> {
        Ok(Response::new(ProbeReply { arrived_ns: monotonic_ns(), now_us: self.core.now() }))
    }

    async fn gossip(&self, request: Request<GossipFrame>) -> Result<Response<GossipReply>, Status> {
        let from = peer_of(&request)?;
        let packets = globelet_gossip::decode(&request.into_inner().packets).map_err(|refused| {
            self.metrics.refuse(refused.code());
            Status::invalid_argument(refused.to_string())
        })?;
        if self.gossip.try_send(Heard { from, packets }).is_err() {
            self.metrics.drop_messages("gossip_full", 1);
        }
        Ok(Response::new(GossipReply {}))
    }
}

async fn receive(
    directory: &Directory,
    peer: u16,
    core: &CoreHandle,
    metrics: &Metrics,
    bundles: &mut Streaming<Bundle>,
) -> Result<(), FrameRefused> {
    loop {
        match bundles.message().await {
            Ok(Some(bundle)) => {
                let inputs = open_frame(directory, peer, &bundle)?;
                metrics.frames.inc();
                inputs.into_iter().for_each(|input| core.tell(input));
            }
            // The sender ended or the connection broke: it dials again.
            Ok(None) => return Ok(()),
            Err(status) if status.code() == tonic::Code::OutOfRange => {
                return Err(FrameRefused::TooLarge(status.message().to_owned()));
            }
            // Only what the connection itself suffered has a source; the rest was said by the peer.
            Err(status) if status.source().is_none() => {
                return Err(FrameRefused::Malformed(status.message().to_owned()));
            }
            Err(_) => return Ok(()),
        }
    }
}

/// Serves the transport until `stop` completes.
///
/// # Errors
/// tonic's, if the certificates cannot be used.
pub async fn serve(
    listener: tokio::net::TcpListener,
    tls: &Tls,
    directory: Arc<Directory>,
    core: CoreHandle,
    gossip: mpsc::Sender<Heard>,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let incoming = door::open(listener, tls.server(), directory.clone(), metrics.clone());
    let service =
        TransportServer::new(Service { directory, core, gossip, metrics }).max_decoding_message_size(MAX_FRAME + 1024);
    tonic::transport::Server::builder()
        .initial_stream_window_size(streams::WINDOW)
        .initial_connection_window_size(2 * streams::WINDOW)
        .http2_keepalive_interval(Some(streams::KEEPALIVE))
        .add_service(service)
        .serve_with_incoming_shutdown(incoming, stop)
        .await
}
