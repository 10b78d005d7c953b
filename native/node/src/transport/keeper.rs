//! Keeps one connection up, over one route, and carries on it what it is handed.
use super::clocks;
use super::proto::{Bundle, ProbeRequest};
use super::streams::{dial, Client};
use super::tls::Tls;
use crate::clock::WallClock;
use crate::directory::Route;
use crate::metrics::Metrics;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Bundles that may wait for a connection.
const BUNDLES: usize = 64;
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What happened to a connection.
#[derive(Debug)]
pub enum Happened {
    /// It is up; bundles for it go here.
    Up(mpsc::Sender<Bundle>),
    /// It is not, or no more.
    Down,
    /// It was down for a while and is about to be dialled again.
    Redials,
}

/// The connection of a route, where others may use it too.
#[derive(Clone, Debug, Default)]
pub struct Connection(Arc<Mutex<Option<Client>>>);

impl Connection {
    /// The client, if the connection is up.
    pub fn client(&self) -> Option<Client> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Client>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps one connection up for as long as somebody listens to what happens to it.
pub struct Keeper {
    /// Its route.
    pub route: Route,
    /// Where to dial.
    pub address: String,
    /// Who must answer there.
    pub process: String,
    /// Who dials.
    pub tls: Tls,
    /// The time that its stamps go by.
    pub clock: WallClock,
    /// How far from it another's may be.
    pub skew_us: u64,
    /// The connection for others.
    pub connection: Connection,
    /// Who is told what happens.
    pub happened: mpsc::UnboundedSender<(Route, Happened)>,
    /// Metrics.
    pub metrics: Arc<Metrics>,
}

impl Keeper {
    /// Dials, and dials again.
    pub async fn keep(self) {
        let mut pause = BACKOFF.0;
        while !self.happened.is_closed() {
            if let Ok(client) = dial(&self.address, &self.process, &self.tls).await {
                pause = BACKOFF.0;
                self.carry(client).await;
            }
            self.tell(Happened::Down);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(BACKOFF.1);
            self.tell(Happened::Redials);
        }
    }

    fn tell(&self, happened: Happened) {
        // Nobody listens any more when the process ends.
        let _ = self.happened.send((self.route, happened));
    }

    /// At the door: how far the other's clock is from ours. Messages do not wait for the answer.
    fn compare(&self, mut client: Client) {
        let (clock, skew_us, peer, metrics) = (self.clock, self.skew_us, self.process.clone(), self.metrics.clone());
        tokio::spawn(async move {
            let asked = clock.now();
            let Ok(reply) = client.probe(ProbeRequest {}).await else { return };
            let ahead_us = clocks::ahead(asked, reply.into_inner().now_us, clock.now());
            if let Some(told) = metrics.clocks.note(&peer, ahead_us, skew_us) {
                crate::error::say(told);
            }
        });
    }

    /// Carries bundles until the stream breaks or no more can come.
    async fn carry(&self, mut client: Client) {
        let (bundles, stream) = mpsc::channel(BUNDLES);
        *self.connection.lock() = Some(client.clone());
        self.metrics.streams_up.inc();
        if self.route == Route::Backbone {
            self.compare(client.clone());
        }
        self.tell(Happened::Up(bundles));
        if let Ok(answer) = client.deliver(ReceiverStream::new(stream)).await {
            // The receiver never says anything: this returns when the stream has ended.
            let _ = answer.into_inner().message().await;
        }
        self.metrics.streams_up.dec();
        *self.connection.lock() = None;
    }
}
