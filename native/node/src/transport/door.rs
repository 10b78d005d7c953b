//! The door of the node port: who knocks is known before a byte of what they send is read.
use super::tls::process_named;
use crate::directory::Directory;
use crate::metrics::Metrics;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, Semaphore};
use tokio_rustls::rustls::{Error as TlsError, ServerConfig};
use tokio_rustls::server::TlsStream;
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

/// A handshake that takes longer is given up.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes under way at once; more wait in the system's queue.
const AT_ONCE: usize = 256;

/// Why a connection was not let in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConnectionRefused {
    /// What came is not a TLS handshake, or it stopped in the middle.
    #[error("it finished no TLS handshake ({0}); only processes of the world may dial this port")]
    Handshake(String),
    /// It said nothing for too long.
    #[error("it finished no TLS handshake within {} s; only processes of the world may dial this port", HANDSHAKE.as_secs())]
    TooSlow,
    /// It showed no certificate.
    #[error("it showed no certificate; dial with the process' own from secrets/tls")]
    NoCertificate,
    /// Its certificate is not of the world's authority.
    #[error("its certificate is not of this world's authority ({0}); dial with the process' own from secrets/tls")]
    ForeignCertificate(String),
    /// Its certificate names no process of the world.
    #[error("its certificate names no process of this world; deal the world again if it should have one")]
    UnknownProcess,
}

impl ConnectionRefused {
    /// A short code for metrics.
    pub fn code(&self) -> &'static str {
        match self {
            ConnectionRefused::Handshake(_) => "handshake",
            ConnectionRefused::TooSlow => "handshake_too_slow",
            ConnectionRefused::NoCertificate => "no_certificate",
            ConnectionRefused::ForeignCertificate(_) => "foreign_certificate",
            ConnectionRefused::UnknownProcess => "unknown_process",
        }
    }
}

impl From<io::Error> for ConnectionRefused {
    fn from(error: io::Error) -> ConnectionRefused {
        match error.get_ref().and_then(|e| e.downcast_ref::<TlsError>()) {
            Some(TlsError::NoCertificatesPresented) => ConnectionRefused::NoCertificate,
            Some(TlsError::InvalidCertificate(why)) => ConnectionRefused::ForeignCertificate(why.to_string()),
            _ => ConnectionRefused::Handshake(error.to_string()),
        }
    }
}

/// The process at the other end, as an index of the world's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub u16);

/// A connection from a process of the world.
pub struct Accepted {
    stream: TlsStream<TcpStream>,
    peer: Peer,
}

impl Connected for Accepted {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer
    }
}

impl AsyncRead for Accepted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

struct Door {
    acceptor: TlsAcceptor,
    directory: Arc<Directory>,
    metrics: Arc<Metrics>,
    refused: AtomicU64,
}

impl Door {
    async fn admit(&self, stream: TcpStream) -> Result<Accepted, ConnectionRefused> {
        let _ = stream.set_nodelay(true);
        let handshake = tokio::time::timeout(HANDSHAKE, self.acceptor.accept(stream));
        let stream = handshake.await.map_err(|_| ConnectionRefused::TooSlow)??;
        let certificate = stream.get_ref().1.peer_certificates().and_then(|c| c.first());
        let certificate = certificate.ok_or(ConnectionRefused::NoCertificate)?;
        let peer = process_named(certificate, self.directory.world()).ok_or(ConnectionRefused::UnknownProcess)?;
        Ok(Accepted { stream, peer: Peer(peer) })
    }

    /// Counts every one; writes of the 1st, 2nd, 4th, 8th …, so that knocking cannot fill the disk.
    fn refuse(&self, from: &str, refused: &ConnectionRefused) {
        self.metrics.refuse(refused.code());
        let count = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_power_of_two() {
            crate::error::say(format_args!("connection {count} refused on the node port, from {from}: {refused}"));
        }
    }
}

/// Lets in who belongs to the world, for as long as somebody takes the stream.
pub fn open(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    directory: Arc<Directory>,
    metrics: Arc<Metrics>,
) -> ReceiverStream<io::Result<Accepted>> {
    let (inside, accepted) = mpsc::channel(16);
    let door = Arc::new(Door { acceptor: config.into(), directory, metrics, refused: AtomicU64::new(0) });
    let places = Arc::new(Semaphore::new(AT_ONCE));
    tokio::spawn(async move {
        while let Ok(place) = places.clone().acquire_owned().await {
            let (stream, from) = tokio::select! {
                () = inside.closed() => return,
                knock = listener.accept() => match knock {
                    Ok((stream, from)) => (stream, from),
                    // The peer is gone already, or this process is short of descriptors: that passes.
                    Err(_) => {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                        continue;
                    }
                },
            };
            let (door, inside) = (door.clone(), inside.clone());
            tokio::spawn(async move {
                let _place = place;
                match door.admit(stream).await {
                    Ok(accepted) => drop(inside.send(Ok(accepted)).await),
                    Err(refused) => door.refuse(&from.to_string(), &refused),
                }
            });
        }
    });
    ReceiverStream::new(accepted)
}
