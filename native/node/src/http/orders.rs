//! `POST /v1/transfers` and `POST /v1/accounts`: orders from clients to an ingress.
use super::problem::Problem;
use super::Shared;
use crate::core::{Input, Outcomes};
use crate::jwks::TokenRefused;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::State;
use axum::http::{header, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::Json;
use globelet_types::{AccountId, ChainId, NodeId, Opening, Order, OrderId, Refusal, SignedOrder, Transfer};
use serde::Deserialize;
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::oneshot;

/// After this long without a reply, the next replica is asked.
const PATIENCE: Duration = Duration::from_secs(2);

/// A transfer as clients write it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferBody {
    from: String,
    source: String,
    to: String,
    destination: String,
    amount: u64,
    nonce: u64,
    expires_us: u64,
    signature: String,
}

/// An opening as clients write it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningBody {
    account: String,
    municipality: String,
    expires_us: u64,
    signature: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

fn malformed(reason: impl Into<String>) -> Refusal {
    Refusal::Malformed { reason: reason.into() }
}

fn account(text: &str, field: &str) -> Result<AccountId, Refusal> {
    AccountId::parse(text).ok_or_else(|| malformed(format!("{field} must be 64 hexadecimal digits")))
}

fn signature(text: &str) -> Result<[u8; 64], Refusal> {
    let mut bytes = [0; 64];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| malformed("signature must be 128 hexadecimal digits"))?;
    Ok(bytes)
}

impl Shared {
    fn municipality(&self, name: &str, field: &str) -> Result<ChainId, Refusal> {
        self.directory
            .chain_named(name)
            .ok_or_else(|| malformed(format!("{field}: this world has no municipality {name:?}")))
    }

    fn read_transfer(&self, body: Value) -> Result<SignedOrder, Refusal> {
        let body: TransferBody = serde_json::from_value(body).map_err(|e| malformed(e.to_string()))?;
        let order = Order::Transfer(Transfer {
            world: self.tag(),
            source: self.municipality(&body.source, "source")?,
            destination: self.municipality(&body.destination, "destination")?,
            from: account(&body.from, "from")?,
            to: account(&body.to, "to")?,
            amount: body.amount,
            nonce: body.nonce,
            expires_us: body.expires_us,
        });
        Ok(SignedOrder { order, signature: signature(&body.signature)? })
    }

    fn read_opening(&self, body: OpeningBody) -> Result<SignedOrder, Refusal> {
        let order = Order::Opening(Opening {
            world: self.tag(),
            municipality: self.municipality(&body.municipality, "municipality")?,
            account: account(&body.account, "account")?,
            expires_us: body.expires_us,
        });
        Ok(SignedOrder { order, signature: signature(&body.signature)? })
    }

    fn tag(&self) -> u64 {
        let id = self.directory.id;
        u64::from_le_bytes([id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7]])
    }

    /// The hosted replica that takes an account's orders, and the ones to ask when it is silent.
    pub fn ingresses(&self, chain: ChainId, account: &AccountId) -> Vec<NodeId> {
        let mut replicas = self.directory.replicas(chain);
        if !replicas.is_empty() {
            let hash = blake3::hash(&account.0);
            let first = usize::from(u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]])) % replicas.len();
            replicas.rotate_left(first);
        }
        replicas
    }

    async fn submit(&self, ingresses: &[NodeId], orders: Vec<SignedOrder>) -> Result<Outcomes, Problem> {
        for &node in ingresses {
            let (reply, outcomes) = oneshot::channel();
            self.core.tell(Input::Submit { node, orders: orders.clone(), reply });
            match tokio::time::timeout(PATIENCE, outcomes).await {
                Ok(Ok(outcomes)) if outcomes.len() == orders.len() => return Ok(outcomes),
                Ok(Err(_)) => return Err(Problem::stopping()),
                _ => {}
            }
        }
        let detail = "no replica of the municipality replies; ask for the order's state, and send the same order again if it is unknown";
        Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, "no_reply", detail))
    }

    /// Submits orders, grouped by ingress; outcomes are in the order of the orders.
    async fn submit_all(&self, orders: Vec<Result<SignedOrder, Problem>>) -> Vec<Result<OrderId, Problem>> {
        let mut outcomes: Vec<Option<Result<OrderId, Problem>>> = Vec::new();
        let mut groups: BTreeMap<Vec<NodeId>, Vec<(usize, SignedOrder)>> = BTreeMap::new();
        for (place, order) in orders.into_iter().enumerate() {
            outcomes.push(None);
            let ready = order.and_then(|order| {
                let chain = order.order.municipality();
                let ingresses = self.ingresses(chain, &order.order.signer());
                if ingresses.is_empty() {
                    Err(Refusal::WrongMunicipality { owner: chain.0 }.into())
                } else {
                    Ok((ingresses, order))
                }
            });
            match ready {
                Ok((ingresses, order)) => groups.entry(ingresses).or_default().push((place, order)),
                Err(problem) => outcomes[place] = Some(Err(problem)),
            }
        }
        let groups = groups.into_iter().map(|(ingresses, group)| async move {
            let (places, orders): (Vec<usize>, Vec<SignedOrder>) = group.into_iter().unzip();
            (places, self.submit(&ingresses, orders).await)
        });
        for (places, answer) in futures_util::future::join_all(groups).await {
            for (index, place) in places.into_iter().enumerate() {
                outcomes[place] = Some(match &answer {
                    Ok(answer) => answer[index].clone().map_err(Problem::from),
                    Err(problem) => Err(problem.clone()),
                });
            }
        }
        outcomes.into_iter().map(|o| o.unwrap_or_else(|| Err(Problem::stopping()))).collect()
    }

    /// The account that the request's token speaks for; `None` where no token is required.
    async fn bearer(&self, headers: &HeaderMap) -> Result<Option<AccountId>, Problem> {
        let Some(tokens) = &self.tokens else { return Ok(None) };
        let header = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let token = header.and_then(|h| h.strip_prefix("Bearer ")).ok_or(TokenRefused::Missing)?;
        Ok(Some(tokens.account(token.trim()).await?))
    }
}

fn body_of<'a, T: Deserialize<'a>>(body: &'a Result<Bytes, BytesRejection>) -> Result<T, Problem> {
    let bytes = body.as_ref().map_err(|e| {
        let code = if e.status() == StatusCode::PAYLOAD_TOO_LARGE { "too_large" } else { "malformed" };
        Problem::new(e.status(), code, format!("{e}; send at most {} bytes per request", super::BODY))
    })?;
    serde_json::from_slice(bytes).map_err(|e| malformed(e.to_string()).into())
}

/// One transfer or an array of them.
pub async fn transfer(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let payer = shared.bearer(&headers).await?;
    let (many, bodies) = match body_of(&body)? {
        OneOrMany::Many(bodies) => (true, bodies),
        OneOrMany::One(body) => (false, vec![body]),
    };
    let orders = bodies.into_iter().map(|body| {
        let order = shared.read_transfer(body)?;
        match payer {
            Some(account) if account != order.order.signer() => Err(TokenRefused::OtherAccount(account).into()),
            _ => Ok(order),
        }
    });
    let mut outcomes = shared.submit_all(orders.collect()).await;
    if !many {
        if let Some(Err(problem)) = outcomes.pop_if(|o| o.is_err()) {
            return Err(problem);
        }
    }
    Ok((StatusCode::ACCEPTED, Json(answer(&outcomes))).into_response())
}

fn answer(outcomes: &[Result<OrderId, Problem>]) -> Value {
    if outcomes.iter().all(Result::is_ok) {
        let ids: Vec<String> = outcomes.iter().flatten().map(ToString::to_string).collect();
        return json!({ "ids": ids });
    }
    let results: Vec<Value> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Ok(id) => json!({"id": id.to_string()}),
            Err(problem) => json!({"problem": problem.document()}),
        })
        .collect();
    json!({ "results": results })
}

/// Opens an account. Its own signature is all it needs: a token is not asked for.
pub async fn open_account(
    State(shared): State<Shared>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let order = shared.read_opening(body_of(&body)?)?;
    match shared.submit_all(vec![Ok(order)]).await.pop() {
        Some(Ok(id)) => Ok((StatusCode::ACCEPTED, Json(json!({"id": id.to_string()}))).into_response()),
        Some(Err(problem)) => Err(problem),
        None => Err(Problem::stopping()),
    }
}
