//! `POST /v1/votes`: an account holder's vote for the next committee of its municipality.
use super::problem::Problem;
use super::{reading, Shared};
use crate::jwks::TokenRefused;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

/// Takes in a vote.
pub async fn vote(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let holder = shared.bearer(&headers).await?;
    let order = reading::vote(&shared.directory, &reading::body(&body)?)?;
    match holder {
        Some(account) if account != order.order.signer() => Err(TokenRefused::OtherAccount(account).into()),
        _ => shared.take(order).await,
    }
}
