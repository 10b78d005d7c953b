//! Refusals as RFC 9457 problem documents with stable codes.
use super::reading::Unreadable;
use crate::jwks::TokenRefused;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::http::{header, StatusCode};
use axum::response::{IntoResponse, Response};
use globelet_types::Refusal;
use serde_json::{json, Value};

/// A problem: a status, a stable code and a sentence that names the mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable code.
    pub code: &'static str,
    /// The sentence.
    pub detail: String,
    /// The municipality where the account lives now, if that is the problem.
    pub moved_to: Option<String>,
}

impl Problem {
    /// A problem.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem { status, code, detail: detail.into(), moved_to: None }
    }

    /// The core does not answer: the process is ending.
    pub fn stopping() -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the process is stopping; try again when it is back")
    }

    /// The document.
    pub fn document(&self) -> Value {
        let mut document = json!({
            "type": format!("https://globelet.dev/problems/{}", self.code),
            "title": self.status.canonical_reason().unwrap_or("Problem"),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
        });
        if let Some(municipality) = &self.moved_to {
            document["moved_to"] = municipality.as_str().into();
        }
        document
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let status = match refusal {
            Refusal::Malformed { .. } => StatusCode::BAD_REQUEST,
            Refusal::BadSignature => StatusCode::FORBIDDEN,
            Refusal::WrongMunicipality { .. } => StatusCode::MISDIRECTED_REQUEST,
            Refusal::Replayed { .. } | Refusal::AlreadyOpen => StatusCode::CONFLICT,
            Refusal::Moving { .. } | Refusal::NothingToMove => StatusCode::CONFLICT,
            Refusal::Moved { .. } => StatusCode::GONE,
            Refusal::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Problem::new(status, refusal.code(), refusal.to_string())
    }
}

impl From<Unreadable> for Problem {
    fn from(unreadable: Unreadable) -> Problem {
        let (status, code) = match unreadable {
            Unreadable::Malformed { .. } => (StatusCode::BAD_REQUEST, "malformed"),
            Unreadable::Interrupted { .. } => (StatusCode::BAD_REQUEST, "interrupted"),
            Unreadable::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Unreadable::Unsigned => (StatusCode::BAD_REQUEST, "unsigned"),
            Unreadable::Negative { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "negative_amount"),
            Unreadable::Overflow { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "overflow"),
            Unreadable::UnknownMunicipality { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "unknown_municipality"),
            Unreadable::UnknownCandidate { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "unknown_candidate"),
        };
        Problem::new(status, code, unreadable.to_string())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Problem {
        let detail = format!("{}; an id in the path is 64 hexadecimal digits", rejection.body_text());
        Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Problem {
        let detail = format!("{}; /openapi.json lists the parameters", rejection.body_text());
        Problem::new(StatusCode::BAD_REQUEST, "malformed_query", detail)
    }
}

impl From<TokenRefused> for Problem {
    fn from(refused: TokenRefused) -> Problem {
        let (status, code) = match refused {
            TokenRefused::Missing => (StatusCode::UNAUTHORIZED, "token_missing"),
            TokenRefused::Invalid(_) => (StatusCode::UNAUTHORIZED, "token_invalid"),
            TokenRefused::Forged => (StatusCode::UNAUTHORIZED, "token_forged"),
            TokenRefused::Expired => (StatusCode::UNAUTHORIZED, "token_expired"),
            TokenRefused::OtherWorld { .. } => (StatusCode::UNAUTHORIZED, "token_other_world"),
            TokenRefused::UnknownKey(_) => (StatusCode::UNAUTHORIZED, "token_key_unknown"),
            TokenRefused::OtherAccount(_) => (StatusCode::FORBIDDEN, "token_other_account"),
        };
        Problem::new(status, code, refused.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.document().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS || self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}
