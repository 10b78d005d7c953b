//! What the API answers when it refuses: Toxiproxy's messages and status codes.

use std::borrow::Cow;
use std::io;

use axum::http::{header, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A refusal, as it is written in an answer's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{error}")]
pub struct ApiError {
    error: Cow<'static, str>,
    status: u16,
}

impl ApiError {
    /// 404: no proxy has this name.
    pub const PROXY_NOT_FOUND: Self = Self::fixed("proxy not found", 404);
    /// 409: another proxy has this name.
    pub const PROXY_EXISTS: Self = Self::fixed("proxy already exists", 409);
    /// 404: the proxy has no toxic of this name.
    pub const TOXIC_NOT_FOUND: Self = Self::fixed("toxic not found", 404);
    /// 409: the proxy has another toxic of this name.
    pub const TOXIC_EXISTS: Self = Self::fixed("toxic already exists", 409);
    /// 400: there is no such kind of toxic.
    pub const INVALID_TOXIC_TYPE: Self = Self::fixed("invalid toxic type", 400);
    /// 400: neither upstream nor downstream.
    pub const INVALID_STREAM: Self = Self::fixed("stream was invalid, can be either upstream or downstream", 400);

    const fn fixed(error: &'static str, status: u16) -> Self {
        Self { error: Cow::Borrowed(error), status }
    }

    fn new(error: String, status: u16) -> Self {
        Self { error: Cow::Owned(error), status }
    }

    /// 400: the body isn't the JSON it should be, because of `cause`.
    pub fn bad_body(cause: impl std::fmt::Display) -> Self {
        Self::new(format!("bad request body: {cause}"), 400)
    }

    /// 400: `field` is absent or empty.
    #[must_use]
    pub fn missing_field(field: &str) -> Self {
        Self::new(format!("missing required field: {field}"), 400)
    }

    /// 403: `address` could be reached from other machines, which was not asked for.
    #[must_use]
    pub fn not_loopback(address: &str) -> Self {
        let message = format!(
            "refusing to listen on {address}: it is not a loopback address; \
             start globelet-links with --allow-remote to permit this"
        );
        Self::new(message, 403)
    }

    /// 500: `address` does not name a place to listen on.
    #[must_use]
    pub fn bad_address(address: &str, cause: &str) -> Self {
        Self::new(format!("address {address}: {cause}"), 500)
    }

    /// 500: the operating system would not listen on `address`.
    #[must_use]
    pub fn listen(address: &str, cause: &io::Error) -> Self {
        let reason = match cause.kind() {
            io::ErrorKind::AddrInUse => "bind: address already in use".to_owned(),
            io::ErrorKind::PermissionDenied => "bind: permission denied".to_owned(),
            io::ErrorKind::AddrNotAvailable => "bind: cannot assign requested address".to_owned(),
            _ => cause.to_string(),
        };
        Self::new(format!("listen tcp {address}: {reason}"), 500)
    }

    /// The sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.error
    }

    /// The HTTP status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let body = serde_json::to_string(&self).unwrap_or_default() + "\n";
        (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), [(header::CONTENT_TYPE, "application/json")], body)
            .into_response()
    }
}
