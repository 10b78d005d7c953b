//! The receiving side: who sends is checked, what is sent is decoded, bounded, and handed to the core.
use super::proto::transport_server::{Transport, TransportServer};
use super::proto::{Bundle, Closed, ProbeReply, ProbeRequest};
use super::tls::{process_named, Tls};
use super::{frame, streams};
use crate::clock::monotonic_ns;
use crate::core::{CoreHandle, Input};
use crate::directory::Directory;
use crate::metrics::Metrics;
use bytes::Bytes;
use globelet_protocol::Message;
use globelet_types::codec::MAX_FRAME;
use std::future::Future;
use std::sync::Arc;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

/// Why a frame was not accepted. The stream it came on is closed; the ledger is as it was.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FrameRefused {
    /// Not a bundle, or a message in it is not one.
    #[error("the frame cannot be read: {0}")]
    Malformed(#[from] globelet_types::DecodeError),
    /// The sender named is not a node of the process that the certificate names.
    #[error("node {from} is not hosted by process {process}, whose certificate came with this stream")]
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
            FrameRefused::ForeignSender { .. } => "foreign_sender",
            FrameRefused::ForeignReceiver { .. } => "foreign_receiver",
        }
    }
}

/// Checks and decodes a frame from process `peer`; nothing of a refused frame is handed on.
///
/// # Errors
/// [`FrameRefused`].
pub fn open_frame(directory: &Directory, peer: u16, bundle: &Bytes) -> Result<Vec<Input>, FrameRefused> {
    let mut inputs = Vec::new();
    for envelope in frame::decode(bundle)? {
        let from = envelope.from;
        if directory.process_of(from) != Some(peer) {
            return Err(FrameRefused::ForeignSender { from: from.0, process: peer });
        }
        if let Some(to) = envelope.to.iter().find(|to| directory.process_of(**to) != Some(directory.process)) {
            return Err(FrameRefused::ForeignReceiver { to: to.0 });
        }
        let message: Message = globelet_types::decode(&envelope.message)?;
        // Copied out, so that a small message kept for the log does not keep its whole bundle.
        let raw = Bytes::copy_from_slice(&envelope.message);
        for to in envelope.to {
            inputs.push(Input::Message { to, from, message: Box::new(message.clone()), raw: raw.clone() });
        }
    }
    Ok(inputs)
}

struct Service {
    directory: Arc<Directory>,
    core: CoreHandle,
    metrics: Arc<Metrics>,
}

#[tonic::async_trait]
impl Transport for Service {
    type DeliverStream = ReceiverStream<Result<Closed, Status>>;

    async fn deliver(&self, request: Request<Streaming<Bundle>>) -> Result<Response<Self::DeliverStream>, Status> {
        let certificate = request.peer_certs().and_then(|c| c.first().cloned());
        let peer = certificate.and_then(|c| process_named(&c, self.directory.world()));
        let peer = peer.ok_or_else(|| Status::permission_denied("the certificate names no process of this world"))?;
        let (closed, answer) = mpsc::channel(1);
        let (directory, core, metrics) = (self.directory.clone(), self.core.clone(), self.metrics.clone());
        let mut bundles = request.into_inner();
        // Answered at once: the sender must not wait for a round trip before its first message.
        tokio::spawn(async move {
            let end = receive(&directory, peer, &core, &metrics, &mut bundles).await;
            if let Err(refused) = end {
                metrics.refuse(refused.code());
                eprintln!(
                    "a frame from process {} was refused: {refused}",
                    directory.world().processes[usize::from(peer)].name
                );
                let _ = closed.send(Err(Status::invalid_argument(refused.to_string()))).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(answer)))
    }

    async fn probe(&self, _: Request<ProbeRequest>) -> Result<Response<ProbeReply>, Status> {
        Ok(Response::new(ProbeReply { arrived_ns: monotonic_ns() }))
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
                let inputs = open_frame(directory, peer, &bundle.envelopes)?;
                metrics.frames.inc();
                inputs.into_iter().for_each(|input| core.tell(input));
            }
            // The sender ended or the connection broke: it dials again.
            Ok(None) => return Ok(()),
            Err(status) if status.code() == tonic::Code::OutOfRange => {
                let reason = status.message().to_owned();
                return Err(FrameRefused::Malformed(globelet_types::DecodeError::Malformed { reason }));
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
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let service =
        TransportServer::new(Service { directory, core, metrics }).max_decoding_message_size(MAX_FRAME + 1024);
    tonic::transport::Server::builder()
        .tls_config(tls.server())?
        .initial_stream_window_size(streams::WINDOW)
        .initial_connection_window_size(2 * streams::WINDOW)
        .http2_keepalive_interval(Some(streams::KEEPALIVE))
        .add_service(service)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), stop)
        .await
}
