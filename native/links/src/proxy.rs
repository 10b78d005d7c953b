//! A proxy: a listener, its toxics, and the connections it carries.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::address::resolve_listen;
use crate::connection::{serve, Shared};
use crate::error::ApiError;
use crate::exact_clock::ExactClock;
use crate::metrics::{Labels, ProxyMetrics};
use crate::random::{seed_of, Random};
use crate::toxics::Placed;

/// What every proxy of one emulator is made with.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The one clock.
    pub clock: ExactClock,
    /// The emulator's seed.
    pub seed: u64,
    /// Whether listening beyond loopback was asked for.
    pub allow_remote: bool,
}

/// A proxy. Dropping it closes its listener and its connections.
#[derive(Debug)]
pub struct Proxy {
    name: String,
    listen: String,
    upstream: String,
    toxics: watch::Sender<Vec<Arc<Placed>>>,
    metrics: Arc<ProxyMetrics>,
    surroundings: Surroundings,
    /// The accepting task while enabled; the connections live and die with it.
    accepting: Option<JoinHandle<()>>,
}

/// A proxy as the API writes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProxyView {
    /// Its name.
    pub name: String,
    /// Where it listens; the actual port once it has been enabled.
    pub listen: String,
    /// Where it connects to.
    pub upstream: String,
    /// Whether it listens.
    pub enabled: bool,
    /// Its toxics, upstream first.
    pub toxics: Vec<Arc<Placed>>,
}

impl Proxy {
    /// A proxy that does not listen yet.
    #[must_use]
    pub fn new(name: String, listen: String, upstream: String, around: &Surroundings) -> Self {
        Self {
            name,
            listen,
            upstream,
            toxics: watch::Sender::new(Vec::new()),
            metrics: Arc::default(),
            surroundings: around.clone(),
            accepting: None,
        }
    }

    /// Starts listening, if it doesn't.
    ///
    /// # Errors
    /// What [`resolve_listen`] refuses, or 500 if the address can't be listened on.
    pub async fn start(&mut self) -> Result<(), ApiError> {
        if self.accepting.is_some() {
            return Ok(());
        }
        let address = resolve_listen(&self.listen, self.surroundings.allow_remote).await?;
        let refused = |cause| ApiError::listen(&address.to_string(), &cause);
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        self.listen = listener.local_addr().map_err(refused)?.to_string();
        let shared = Shared {
            clock: self.surroundings.clock.clone(),
            seed: Random::new(&[self.surroundings.seed, seed_of(&self.name)]).next_u64(),
            toxics: self.toxics.subscribe(),
            metrics: Arc::clone(&self.metrics),
            upstream: Arc::from(self.upstream.as_str()),
        };
        self.accepting = Some(tokio::spawn(accept(listener, shared)));
        Ok(())
    }

    /// Stops listening and drops all connections. When it returns, the port is free.
    pub async fn stop(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            // Ends as cancelled, which is what was asked for.
            let _ = accepting.await;
        }
    }

    /// Changes where it listens, where it connects to, and whether it is enabled.
    ///
    /// # Errors
    /// As [`Proxy::start`]; the proxy is then disabled.
    pub async fn update(&mut self, listen: String, upstream: String, enabled: bool) -> Result<(), ApiError> {
        if self.differs(&listen, &upstream).await {
            self.stop().await;
            (self.listen, self.upstream) = (listen, upstream);
        }
        if enabled {
            self.start().await
        } else {
            self.stop().await;
            Ok(())
        }
    }

    /// Whether `listen` or `upstream` is another than this proxy's.
    pub async fn differs(&self, listen: &str, upstream: &str) -> bool {
        if self.upstream != upstream {
            return true;
        }
        let same = |address: SocketAddr| address.to_string() == self.listen;
        self.listen != listen && !resolve_listen(listen, true).await.is_ok_and(same)
    }

    /// Its toxics, upstream first, each stream in the order of their creation.
    #[must_use]
    pub fn toxics(&self) -> Vec<Arc<Placed>> {
        self.toxics.borrow().clone()
    }

    /// The toxic called `name`.
    ///
    /// # Errors
    /// 404 if there is none.
    pub fn toxic(&self, name: &str) -> Result<Arc<Placed>, ApiError> {
        let toxics = self.toxics.borrow();
        let found = toxics.iter().find(|toxic| toxic.name == name);
        found.cloned().ok_or(ApiError::TOXIC_NOT_FOUND)
    }

    /// Adds a toxic; it acts on present and future connections.
    ///
    /// # Errors
    /// 409 if its name is taken.
    pub fn add_toxic(&mut self, toxic: Placed) -> Result<Arc<Placed>, ApiError> {
        if self.toxic(&toxic.name).is_ok() {
            return Err(ApiError::TOXIC_EXISTS);
        }
        let toxic = Arc::new(toxic);
        self.toxics.send_modify(|toxics| {
            toxics.push(Arc::clone(&toxic));
            toxics.sort_by_key(|toxic| toxic.stream);
        });
        Ok(toxic)
    }

    /// Puts `changed` in the place of the toxic it was made from.
    pub fn change_toxic(&mut self, changed: Placed) -> Arc<Placed> {
        let changed = Arc::new(changed);
        self.toxics.send_modify(|toxics| {
            for toxic in toxics.iter_mut().filter(|toxic| toxic.number == changed.number) {
                *toxic = Arc::clone(&changed);
            }
        });
        changed
    }

    /// Removes the toxic called `name`. What it delayed already stays delayed.
    ///
    /// # Errors
    /// 404 if there is none.
    pub fn remove_toxic(&mut self, name: &str) -> Result<(), ApiError> {
        self.toxic(name)?;
        let others = |toxics: &mut Vec<Arc<Placed>>| toxics.retain(|toxic| toxic.name != name);
        self.toxics.send_modify(others);
        Ok(())
    }

    /// Puts `toxics` in the place of all that are there.
    pub fn set_toxics(&mut self, mut toxics: Vec<Arc<Placed>>) {
        toxics.sort_by_key(|toxic| toxic.stream);
        self.toxics.send_replace(toxics);
    }

    /// The proxy as the API writes it.
    #[must_use]
    pub fn view(&self) -> ProxyView {
        ProxyView {
            name: self.name.clone(),
            listen: self.listen.clone(),
            upstream: self.upstream.clone(),
            enabled: self.accepting.is_some(),
            toxics: self.toxics(),
        }
    }

    /// Its counters and what they are labelled with.
    #[must_use]
    pub fn metrics(&self) -> (Labels<'_>, &ProxyMetrics) {
        let labels = Labels { proxy: &self.name, listener: &self.listen, upstream: &self.upstream };
        (labels, &self.metrics)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

async fn accept(listener: TcpListener, shared: Shared) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    let at = Instant::now();
                    let number = shared.metrics.connected();
                    if client.set_nodelay(true).is_ok() {
                        connections.spawn(serve(client, at, number, shared.clone()));
                    }
                }
                // Out of file descriptors, or the client is gone: leave others time to end.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
}
