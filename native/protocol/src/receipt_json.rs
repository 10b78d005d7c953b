//! The receipt as a JSON document: readable fields, and beside them the exact encoding that proves them.
use crate::receipt::Receipt;
use crate::verify::Step;
use crate::{refusal_json, Genesis};
use globelet_types::world::Route;
use globelet_types::{decode, encode, ChainId, Choice, NodeId, Order};
use serde_json::{json, Map, Value};
use thiserror::Error;

/// Why a document is not a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReceiptError {
    /// The exact encoding is missing or broken.
    #[error("the field `encoded` is not the encoding of a receipt: {reason}; fetch the receipt again")]
    Encoding {
        /// What was met.
        reason: String,
    },
    /// The document names interval signatures that it does not hold.
    #[error(
        "the receipt names interval signatures that it does not hold; wait until they have come too, and read it again"
    )]
    Brief,
    /// A readable field says something else than the encoding.
    #[error("the field `{field}` does not say what the encoded receipt says; fetch the receipt again")]
    Field {
        /// Which field.
        field: String,
    },
}

/// The fields of an order, places and candidates by name.
pub fn order(genesis: &Genesis, order: &Order) -> Value {
    let name = |c: ChainId| genesis.world.chains.get(c.index()).map_or_else(|| c.to_string(), |c| c.name.clone());
    match order {
        Order::Transfer(t) => json!({
            "kind": "transfer", "from": t.from.to_string(), "source": name(t.source), "to": t.to.to_string(),
            "destination": name(t.destination), "amount": t.amount, "nonce": t.nonce, "expires_us": t.expires_us,
        }),
        Order::Opening(o) => json!({
            "kind": "opening", "account": o.account.to_string(), "municipality": name(o.municipality),
            "expires_us": o.expires_us,
        }),
        Order::Move(m) => json!({
            "kind": "move", "account": m.account.to_string(), "source": name(m.source),
            "destination": name(m.destination), "nonce": m.nonce, "expires_us": m.expires_us,
        }),
        Order::Vote(v) => {
            let (candidate, delegate) = choice(genesis, v.choice);
            json!({
                "kind": "vote", "account": v.account.to_string(), "municipality": name(v.municipality),
                "candidate": candidate, "delegate": delegate, "nonce": v.nonce, "expires_us": v.expires_us,
            })
        }
    }
}

/// Whom a vote is for: a replica's name, or an account, or nobody.
fn choice(genesis: &Genesis, choice: Choice) -> (Option<String>, Option<String>) {
    let name = |n: NodeId| genesis.world.nodes.get(n.index()).map_or_else(|| n.to_string(), |n| n.name.clone());
    match choice {
        Choice::Nobody => (None, None),
        Choice::Candidate(node) => (Some(name(node)), None),
        Choice::Delegate(account) => (None, Some(account.to_string())),
    }
}

/// Renders a receipt.
pub fn to_json(genesis: &Genesis, receipt: &Receipt) -> Value {
    let stages: Map<String, Value> = receipt
        .stages
        .iter()
        .map(|(stage, at)| (stage.name().to_owned(), json!({"micros": at.micros, "counter": at.counter})))
        .collect();
    let refusal = receipt.refusal.as_ref().map(|r| refusal_json::refusal(&genesis.world, r));
    json!({
        "world": hex::encode(genesis.id()),
        "id": receipt.id.to_string(),
        "order": order(genesis, &receipt.order.order),
        "state": receipt.stages.last().map(|(s, _)| s.name()),
        "stages": stages,
        "refusal": refusal,
        "block": receipt.block.as_ref().map(|(h, c)| json!({
            "height": h.height, "hash": hex::encode(h.hash()), "signatures": c.signatures.len(),
        })),
        "holding_proofs": receipt.vertex.as_ref().map_or(0, |v| v.proofs.len()),
        "lane": receipt.lane,
        "route": receipt.route.map(Route::name),
        "continental_height": receipt.acknowledged.as_ref().map(|(h, _, _)| h.height),
        "post_quantum": receipt.post_quantum.as_ref().map(|p| json!({
            "at": {"micros": p.at.micros, "counter": p.at.counter}, "signatures": p.votes.len(),
        })),
        "checkpoint": receipt.checkpoint.as_ref().map(|(c, _)| json!({
            "height": c.height, "head": hex::encode(c.head), "root": hex::encode(c.root),
        })),
        "global_height": receipt.anchored.as_ref().map(|a| a.header.height),
        "encoded": hex::encode(encode(receipt)),
    })
}

/// Reads the exact encoding in a document.
///
/// # Errors
/// [`ReceiptError::Encoding`], [`ReceiptError::Brief`].
pub fn encoded(document: &Value) -> Result<Receipt, ReceiptError> {
    let broken = |reason: String| ReceiptError::Encoding { reason };
    if document.get("encoded").is_none() && document.get("brief").is_some() {
        return Err(ReceiptError::Brief);
    }
    let text = document.get("encoded").and_then(Value::as_str).ok_or_else(|| broken("it is missing".into()))?;
    let bytes = hex::decode(text).map_err(|e| broken(e.to_string()))?;
    decode(&bytes).map_err(|e| broken(e.to_string()))
}

/// Reads a document back; every readable field must say what the encoding says.
///
/// # Errors
/// [`ReceiptError`] naming the field.
pub fn from_json(genesis: &Genesis, document: &Value) -> Result<Receipt, ReceiptError> {
    let receipt = encoded(document)?;
    match difference("", document, &to_json(genesis, &receipt)) {
        Some(field) => Err(ReceiptError::Field { field }),
        None => Ok(receipt),
    }
}

/// The first place where two values differ, as `order.amount`.
fn difference(at: &str, found: &Value, expected: &Value) -> Option<String> {
    let (Value::Object(f), Value::Object(e)) = (found, expected) else {
        return (found != expected).then(|| at.to_owned());
    };
    f.keys().chain(e.keys()).find_map(|key| {
        let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        match (f.get(key), e.get(key)) {
            (Some(found), Some(expected)) => difference(&at, found, expected),
            _ => Some(at),
        }
    })
}

/// Checks a whole document: its world, that its readable fields say what is encoded, then every proof.
pub fn verify(genesis: &Genesis, document: &Value) -> Vec<Step> {
    let step = |name, holds: Result<(), String>| Step { name, holds, note: None };
    let (own, id) = (hex::encode(genesis.id()), document.get("world").and_then(Value::as_str).unwrap_or_default());
    let world = if id == own {
        Ok(())
    } else {
        Err(format!("the receipt is of world {id:?}, the genesis of world {own}; verify it with its own genesis"))
    };
    let mut steps =
        vec![step("world", world), step("document", from_json(genesis, document).map(drop).map_err(|e| e.to_string()))];
    if let Ok(receipt) = encoded(document) {
        steps.extend(crate::verify::verify(genesis, &receipt));
    }
    steps
}
