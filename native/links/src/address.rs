//! Where to listen: an address as people write it, made definite and checked.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::error::ApiError;

/// Resolves a listen address. An empty one is any free port of 127.0.0.1; an empty host
/// (`:8080`) is every interface, as in Toxiproxy, and so needs `allow_remote`.
///
/// # Errors
/// 500 if it cannot be read or resolved, 403 if other machines could reach it and `allow_remote`
/// is not set.
pub async fn resolve_listen(text: &str, allow_remote: bool) -> Result<SocketAddr, ApiError> {
    let address = if text.is_empty() {
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
    } else if let Ok(address) = text.parse() {
        address
    } else {
        look_up(text).await?
    };
    if allow_remote || address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(ApiError::not_loopback(text))
    }
}

async fn look_up(text: &str) -> Result<SocketAddr, ApiError> {
    let bad = |cause: &str| ApiError::bad_address(text, cause);
    let (host, port) = text.rsplit_once(':').ok_or_else(|| bad("missing port in address"))?;
    let port: u16 = port.parse().map_err(|_| bad("invalid port"))?;
    if host.is_empty() {
        return Ok(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
    }
    let found: Vec<SocketAddr> =
        tokio::net::lookup_host((host, port)).await.map_err(|cause| bad(&cause.to_string()))?.collect();
    let version_4 = found.iter().find(|address| matches!(address.ip(), IpAddr::V4(_)));
    version_4.or(found.first()).copied().ok_or_else(|| bad("no such host"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_loopback_unless_asked() {
        for text in ["0.0.0.0:80", ":80", "[::]:80", "192.0.2.1:80"] {
            assert_eq!(resolve_listen(text, false).await.unwrap_err().status(), 403, "{text}");
            assert!(resolve_listen(text, true).await.is_ok(), "{text}");
        }
        for text in ["", "127.0.0.1:80", "[::1]:80", "localhost:80", "127.9.9.9:1"] {
            assert!(resolve_listen(text, false).await.is_ok(), "{text}");
        }
    }

    #[tokio::test]
    async fn mistakes_are_named() {
        let error = resolve_listen("localhost", false).await.unwrap_err();
        assert_eq!(error.message(), "address localhost: missing port in address");
    }
}
