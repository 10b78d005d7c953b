//! `POST /v1/transfers`, `/v1/accounts`, `/v1/moves` and `/v1/votes`: orders from clients to an ingress.
use super::moves::refused;
use super::problem::Problem;
use super::reading::{self, Unreadable};
use super::Shared;
use crate::core::{Input, Outcomes};
use crate::directory::Directory;
use crate::jwks::TokenRefused;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::State;
use axum::http::{header, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::Json;
use globelet_types::{AccountId, ChainId, NodeId, OrderId, Refusal, SignedOrder};
use serde::Deserialize;
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// After this long without a reply, the next replica is asked.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

impl Shared {
    /// The hosted replica that takes orders, and the ones to ask when it is silent. One ingress for all: orders that
    /// come together are sealed together.
    pub fn ingresses(&self, chain: ChainId) -> Vec<NodeId> {
        self.directory.replicas(chain)
    }

    /// The order belongs to a municipality whose replicas run in another process.
    fn elsewhere(&self, chain: ChainId) -> Problem {
        let world = self.directory.world();
        let home =
            world.nodes.iter().find(|n| n.chain == chain).and_then(|n| world.processes.get(usize::from(n.process)));
        let there = home.map_or_else(String::new, |p| format!(" at http://{}:{}", p.host, p.http_port));
        let name = self.directory.chain_name(chain);
        let code = Refusal::WrongMunicipality { owner: chain.0 }.code();
        let detail = format!("the account belongs to {name}, which is not here; send the order to {name}{there}");
        Problem::new(StatusCode::MISDIRECTED_REQUEST, code, detail)
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
                let ingresses = self.ingresses(chain);
                if ingresses.is_empty() {
                    Err(self.elsewhere(chain))
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
                    Ok(answer) => answer[index].clone().map_err(|refusal| refused(refusal, &self.directory)),
                    Err(problem) => Err(problem.clone()),
                });
            }
        }
        outcomes.into_iter().map(|o| o.unwrap_or_else(|| Err(Problem::stopping()))).collect()
    }

    /// Takes one order in, and answers with its id.
    async fn take(&self, order: SignedOrder) -> Result<Response, Problem> {
        match self.submit_all(vec![Ok(order)]).await.pop() {
            Some(Ok(id)) => Ok((StatusCode::ACCEPTED, Json(json!({"id": id.to_string()}))).into_response()),
            Some(Err(problem)) => Err(problem),
            None => Err(Problem::stopping()),
        }
    }

    /// Takes one order in that only the holder of its account may send.
    async fn take_own(
        &self,
        headers: &HeaderMap,
        body: &Result<Bytes, BytesRejection>,
        read: fn(&Directory, &Value) -> Result<SignedOrder, Unreadable>,
    ) -> Result<Response, Problem> {
        let holder = self.bearer(headers).await?;
        self.take(own(holder, read(&self.directory, &reading::body(body)?)?)?).await
    }

    /// The account that the request's token speaks for; `None` where no token is required.
    async fn bearer(&self, headers: &HeaderMap) -> Result<Option<AccountId>, Problem> {
        let Some(tokens) = &self.tokens else { return Ok(None) };
        let header = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let token = header.and_then(|h| h.strip_prefix("Bearer ")).ok_or(TokenRefused::Missing)?;
        let begun = Instant::now();
        let account = tokens.account(token.trim()).await?;
        self.metrics.token_check.observe(begun.elapsed().as_secs_f64());
        Ok(Some(account))
    }
}

/// The order, if the token speaks for the account that signed it.
fn own(holder: Option<AccountId>, order: SignedOrder) -> Result<SignedOrder, Problem> {
    match holder {
        Some(account) if account != order.order.signer() => Err(TokenRefused::OtherAccount(account).into()),
        _ => Ok(order),
    }
}

/// One transfer or an array of them.
pub async fn transfer(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let payer = shared.bearer(&headers).await?;
    let (many, bodies) = match reading::body(&body)? {
        OneOrMany::Many(bodies) => (true, bodies),
        OneOrMany::One(body) => (false, vec![body]),
    };
    let orders = bodies.into_iter().map(|body| own(payer, reading::transfer(&shared.directory, &body)?));
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

/// Takes in the move of an account to another municipality.
pub async fn relocate(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    shared.take_own(&headers, &body, reading::relocation).await
}

/// Takes in an account holder's vote for the next committee of its municipality.
pub async fn vote(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    shared.take_own(&headers, &body, reading::vote).await
}

/// Opens an account. Its own signature is all it needs: a token is not asked for.
pub async fn open_account(
    State(shared): State<Shared>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    shared.take(reading::opening(&shared.directory, &reading::body(&body)?)?).await
}
