//! `POST /v1/moves`: the move of an account to another municipality; and what its old one says of it afterwards.
use super::problem::Problem;
use super::{reading, Shared};
use crate::directory::Directory;
use crate::jwks::TokenRefused;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use globelet_protocol::{refusal_json, Home};
use globelet_types::Refusal;

/// Takes in the move of an account.
pub async fn relocate(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let holder = shared.bearer(&headers).await?;
    let order = reading::relocation(&shared.directory, &reading::body(&body)?)?;
    match holder {
        Some(account) if account != order.order.signer() => Err(TokenRefused::OtherAccount(account).into()),
        _ => shared.take(order).await,
    }
}

/// The account is not here any more: where it went, by the map of this municipality's chain.
pub fn went(home: Home, directory: &Directory) -> Problem {
    refused(Refusal::Moved { to: home.municipality.0 }, directory)
}

/// A refusal, with the name of the municipality where the account lives now, if that is the reason.
pub fn refused(refusal: Refusal, directory: &Directory) -> Problem {
    let world = directory.world();
    let moved_to = refusal_json::moved_to(world, &refusal).map(str::to_owned);
    let detail = refusal_json::detail(world, &refusal);
    Problem { moved_to, detail, ..Problem::from(refusal) }
}
