//! Where a service beside the nodes is: at an address that was given, or where Consul says.
use crate::fetch::{get, post, FetchError};
use serde::Deserialize;

/// An address, or the way to learn it. Consul is asked anew each time: it may name another one later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Given.
    Fixed(String),
    /// To be asked for.
    Named {
        /// Address of Consul's HTTP API.
        consul: String,
        /// The service's name in its catalogue.
        service: &'static str,
        /// What follows host and port.
        path: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(default)]
    address: String,
    service_address: String,
    service_port: u16,
}

impl Address {
    /// The URL to ask now.
    ///
    /// # Errors
    /// [`FetchError`] where Consul does not answer or does not know the service.
    pub async fn url(&self) -> Result<String, FetchError> {
        match self {
            Address::Fixed(url) => Ok(url.clone()),
            Address::Named { consul, service, path } => {
                let catalogue = format!("{}/v1/catalog/service/{service}", consul.trim_end_matches('/'));
                let listed = get(&catalogue)
                    .await
                    .map_err(|e| format!("Consul at {consul} does not say where {service} is: {e}"))?;
                let at = first(&listed).ok_or_else(|| {
                    format!("Consul at {consul} knows no service {service}; `globelet up` registers it")
                })?;
                Ok(format!("http://{at}{path}"))
            }
        }
    }

    /// Posts a document to a path there, and returns the answer's body.
    ///
    /// # Errors
    /// As [`Address::url`], and where the service does not answer or refuses.
    pub async fn post(&self, path: &str, document: &serde_json::Value) -> Result<Vec<u8>, FetchError> {
        post(&format!("{}{path}", self.url().await?.trim_end_matches('/')), document).await
    }
}

/// Host and port of the first entry of a catalogue's answer.
fn first(listed: &[u8]) -> Option<String> {
    let entries: Vec<Entry> = serde_json::from_slice(listed).ok()?;
    let entry = entries.into_iter().next()?;
    let host = if entry.service_address.is_empty() { entry.address } else { entry.service_address };
    (!host.is_empty()).then(|| format!("{host}:{}", entry.service_port))
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Address::Fixed(url) => write!(f, "{url}"),
            Address::Named { consul, service, .. } => write!(f, "{service} of Consul at {consul}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_counts_and_a_node_stands_in_for_a_service_without_an_address() {
        let own = br#"[{"Address": "127.0.0.1", "ServiceAddress": "services", "ServicePort": 6400},
            {"Address": "127.0.0.1", "ServiceAddress": "other", "ServicePort": 1}]"#;
        assert_eq!(first(own).as_deref(), Some("services:6400"));
        let node = br#"[{"Address": "10.0.0.7", "ServiceAddress": "", "ServicePort": 6401}]"#;
        assert_eq!(first(node).as_deref(), Some("10.0.0.7:6401"));
        assert_eq!(first(b"[]"), None);
        assert_eq!(first(b"no list"), None);
    }
}
