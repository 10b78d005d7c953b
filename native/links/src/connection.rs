//! One proxied connection: the handshake, then a pipe in each direction.

use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::net::TcpStream;

use crate::chain::{Chain, Origin};
use crate::exact_clock::ExactClock;
use crate::metrics::ProxyMetrics;
use crate::pipe::{Pipe, Toxics};
use crate::toxics::Stream;

/// What all connections of one proxy share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The emulator's clock.
    pub clock: ExactClock,
    /// The emulator's seed mixed with the proxy's name.
    pub seed: u64,
    /// The proxy's toxics.
    pub toxics: Toxics,
    /// The proxy's counters.
    pub metrics: Arc<ProxyMetrics>,
    /// `host:port` to connect to.
    pub upstream: Arc<str>,
}

/// Carries one accepted connection until it ends.
///
/// A real handshake takes a round trip before the first byte leaves. The kernel has completed
/// the client's already, so the same time is spent here: the upstream hears of the connection
/// after the delay up, and neither side's first byte starts before the delay up and down is over.
pub async fn serve(client: TcpStream, accepted: Instant, number: u64, mut shared: Shared) {
    let toxics = shared.toxics.borrow_and_update().clone();
    let chain = |stream| {
        let origin = Origin { seed: shared.seed, connection: number, stream };
        Chain::new(origin, &toxics, accepted)
    };
    let (mut up, mut down) = (chain(Stream::Upstream), chain(Stream::Downstream));
    let (there, back) = (up.handshake(), down.handshake());
    if there > Duration::ZERO {
        shared.clock.sleep_until(accepted + there).await;
    }
    let Some(upstream) = dial(&shared.upstream).await else {
        // The refusal travels back to the client before it shows.
        shared.clock.sleep_until(Instant::now() + back).await;
        return reset(&client);
    };
    let established = accepted + there + back;
    let metrics = Arc::clone(&shared.metrics);
    let up = Pipe {
        source: &client,
        destination: &upstream,
        chain: up,
        toxics: shared.toxics.clone(),
        opens_at: established,
        counters: &metrics.upstream,
    };
    let down = Pipe {
        source: &upstream,
        destination: &client,
        chain: down,
        toxics: shared.toxics,
        // The server accepts when the client's acknowledgement has come all the way.
        opens_at: established + there,
        counters: &metrics.downstream,
    };
    if tokio::try_join!(up.run(&shared.clock), down.run(&shared.clock)).is_err() {
        reset(&client);
        reset(&upstream);
    }
}

async fn dial(upstream: &str) -> Option<TcpStream> {
    let stream = TcpStream::connect(upstream).await.ok()?;
    stream.set_nodelay(true).ok()?;
    Some(stream)
}

/// Makes the coming close a reset (TCP RST).
fn reset(stream: &TcpStream) {
    // An error means that the peer has reset the connection first.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}
