//! All proxies of one emulator, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::error::ApiError;
use crate::metrics;
use crate::proxy::{Proxy, ProxyView, Surroundings};
use crate::toxics::{NewToxic, Placed, ToxicChange};

/// The body of a request that creates a proxy. Unlike Toxiproxy, it may bring its toxics along,
/// so that no connection slips through before they are there.
#[derive(Debug, Deserialize)]
pub struct NewProxy {
    #[serde(default)]
    name: String,
    #[serde(default)]
    listen: String,
    #[serde(default)]
    upstream: String,
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default)]
    toxics: Option<Vec<NewToxic>>,
}

/// The body of a request that changes a proxy; what is absent stays.
#[derive(Debug, Deserialize)]
pub struct ProxyChange {
    #[serde(default)]
    listen: Option<String>,
    #[serde(default)]
    upstream: Option<String>,
    #[serde(default)]
    enabled: Option<bool>,
}

/// What was populated, and why it stopped there if it did.
#[derive(Debug)]
pub struct Populated {
    /// The proxies made or found as asked for.
    pub proxies: Vec<ProxyView>,
    /// The refusal of the one after them.
    pub refused: Option<ApiError>,
}

/// All proxies of one emulator.
#[derive(Debug)]
pub struct Collection {
    surroundings: Surroundings,
    proxies: BTreeMap<String, Proxy>,
    toxics_made: u64,
}

impl Collection {
    /// No proxies yet.
    #[must_use]
    pub fn new(surroundings: Surroundings) -> Self {
        Self { surroundings, proxies: BTreeMap::new(), toxics_made: 0 }
    }

    /// The proxy called `name`.
    ///
    /// # Errors
    /// 404 if there is none.
    pub fn get(&self, name: &str) -> Result<&Proxy, ApiError> {
        self.proxies.get(name).ok_or(ApiError::PROXY_NOT_FOUND)
    }

    fn get_mut(&mut self, name: &str) -> Result<&mut Proxy, ApiError> {
        self.proxies.get_mut(name).ok_or(ApiError::PROXY_NOT_FOUND)
    }

    /// All proxies as the API writes them.
    #[must_use]
    pub fn views(&self) -> BTreeMap<&str, ProxyView> {
        let views = self.proxies.iter();
        views.map(|(name, proxy)| (name.as_str(), proxy.view())).collect()
    }

    /// All counters as Prometheus reads them.
    #[must_use]
    pub fn metrics(&self) -> String {
        let counted: Vec<_> = self.proxies.values().map(Proxy::metrics).collect();
        metrics::render(&counted)
    }

    fn place(&mut self, new: NewToxic) -> Result<Placed, ApiError> {
        self.toxics_made += 1;
        Placed::create(new, self.toxics_made)
    }

    fn place_all(&mut self, new: Vec<NewToxic>) -> Result<Vec<Arc<Placed>>, ApiError> {
        let mut placed: Vec<Arc<Placed>> = Vec::with_capacity(new.len());
        for toxic in new {
            let toxic = self.place(toxic)?;
            if placed.iter().any(|other| other.name == toxic.name) {
                return Err(ApiError::TOXIC_EXISTS);
            }
            placed.push(Arc::new(toxic));
        }
        Ok(placed)
    }

    /// Creates a proxy and, unless told otherwise, enables it.
    ///
    /// # Errors
    /// 400 for a missing field or a malformed toxic, 409 if the name is taken, and as
    /// [`Proxy::start`].
    pub async fn create(&mut self, new: NewProxy) -> Result<ProxyView, ApiError> {
        new.check("")?;
        if self.proxies.contains_key(&new.name) {
            return Err(ApiError::PROXY_EXISTS);
        }
        self.insert(new).await
    }

    async fn insert(&mut self, new: NewProxy) -> Result<ProxyView, ApiError> {
        let toxics = self.place_all(new.toxics.unwrap_or_default())?;
        let mut proxy = Proxy::new(new.name.clone(), new.listen, new.upstream, &self.surroundings);
        proxy.set_toxics(toxics);
        if new.enabled.unwrap_or(true) {
            proxy.start().await?;
        }
        let view = proxy.view();
        self.proxies.insert(new.name, proxy);
        Ok(view)
    }

    /// Creates or replaces proxies, one after the other; those that are as asked for already stay
    /// as they are, with their connections.
    ///
    /// # Errors
    /// 400 if a field is missing anywhere; then nothing is done.
    pub async fn populate(&mut self, new: Vec<NewProxy>) -> Result<Populated, ApiError> {
        for (index, proxy) in new.iter().enumerate() {
            proxy.check(&format!(" at proxy {}", index + 1))?;
        }
        let mut proxies = Vec::with_capacity(new.len());
        for proxy in new {
            match self.create_or_replace(proxy).await {
                Ok(view) => proxies.push(view),
                Err(refused) => {
                    let refused = Some(refused);
                    return Ok(Populated { proxies, refused });
                }
            }
        }
        let refused = None;
        Ok(Populated { proxies, refused })
    }

    async fn create_or_replace(&mut self, new: NewProxy) -> Result<ProxyView, ApiError> {
        let Some(existing) = self.proxies.get_mut(&new.name) else {
            return self.insert(new).await;
        };
        if existing.differs(&new.listen, &new.upstream).await {
            existing.stop().await;
            return self.insert(new).await;
        }
        if let Some(toxics) = new.toxics.filter(|toxics| !toxics.is_empty()) {
            let toxics = self.place_all(toxics)?;
            self.get_mut(&new.name)?.set_toxics(toxics);
        }
        self.get(&new.name).map(Proxy::view)
    }

    /// Changes a proxy.
    ///
    /// # Errors
    /// 404 if there is none, and as [`Proxy::update`].
    pub async fn update(&mut self, name: &str, to: ProxyChange) -> Result<ProxyView, ApiError> {
        let proxy = self.get_mut(name)?;
        let now = proxy.view();
        let listen = to.listen.unwrap_or(now.listen);
        let upstream = to.upstream.unwrap_or(now.upstream);
        let enabled = to.enabled.unwrap_or(now.enabled);
        proxy.update(listen, upstream, enabled).await?;
        Ok(proxy.view())
    }

    /// Removes a proxy with its toxics and connections.
    ///
    /// # Errors
    /// 404 if there is none.
    pub async fn remove(&mut self, name: &str) -> Result<(), ApiError> {
        let removed = self.proxies.remove(name);
        removed.ok_or(ApiError::PROXY_NOT_FOUND)?.stop().await;
        Ok(())
    }

    /// Enables all proxies and removes all toxics.
    ///
    /// # Errors
    /// As [`Proxy::start`], at the first proxy that can't be enabled.
    pub async fn reset(&mut self) -> Result<(), ApiError> {
        for proxy in self.proxies.values_mut() {
            proxy.start().await?;
            proxy.set_toxics(Vec::new());
        }
        Ok(())
    }

    /// Adds a toxic to a proxy.
    ///
    /// # Errors
    /// 404 if there is no such proxy, 400 if the toxic is malformed, 409 if its name is taken.
    pub fn add_toxic(&mut self, proxy: &str, new: NewToxic) -> Result<Arc<Placed>, ApiError> {
        self.get(proxy)?;
        let toxic = self.place(new)?;
        self.get_mut(proxy)?.add_toxic(toxic)
    }

    /// Changes a toxic of a proxy.
    ///
    /// # Errors
    /// 404 if there is no such proxy or toxic, 400 if an attribute is malformed.
    pub fn change_toxic(&mut self, proxy: &str, name: &str, change: ToxicChange) -> Result<Arc<Placed>, ApiError> {
        let proxy = self.get_mut(proxy)?;
        let changed = proxy.toxic(name)?.changed(change)?;
        Ok(proxy.change_toxic(changed))
    }

    /// Removes a toxic from a proxy.
    ///
    /// # Errors
    /// 404 if there is no such proxy or toxic.
    pub fn remove_toxic(&mut self, proxy: &str, name: &str) -> Result<(), ApiError> {
        self.get_mut(proxy)?.remove_toxic(name)
    }
}

impl NewProxy {
    fn check(&self, place: &str) -> Result<(), ApiError> {
        for (field, value) in [("name", &self.name), ("upstream", &self.upstream)] {
            if value.is_empty() {
                return Err(ApiError::missing_field(&format!("{field}{place}")));
            }
        }
        Ok(())
    }
}
