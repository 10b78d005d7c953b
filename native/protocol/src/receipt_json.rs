//! The receipt as a JSON document: readable fields, and beside them the exact encoding that proves them.
use crate::receipt::Receipt;
use crate::Genesis;
use globelet_types::{decode, encode, ChainId, Order};
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
    /// A readable field says something else than the encoding.
    #[error("the field `{field}` does not say what the encoded receipt says; fetch the receipt again")]
    Field {
        /// Which field.
        field: String,
    },
}

/// Renders a receipt.
pub fn to_json(genesis: &Genesis, receipt: &Receipt) -> Value {
    let name = |c: ChainId| genesis.world.chains.get(c.index()).map_or_else(|| c.to_string(), |c| c.name.clone());
    let order = match &receipt.order.order {
        Order::Transfer(t) => json!({
            "kind": "transfer", "from": t.from.to_string(), "source": name(t.source), "to": t.to.to_string(),
            "destination": name(t.destination), "amount": t.amount, "nonce": t.nonce, "expires_us": t.expires_us,
        }),
        Order::Opening(o) => json!({
            "kind": "opening", "account": o.account.to_string(), "municipality": name(o.municipality),
            "expires_us": o.expires_us,
        }),
    };
    let stages: Map<String, Value> = receipt
        .stages
        .iter()
        .map(|(stage, at)| (stage.name().to_owned(), json!({"micros": at.micros, "counter": at.counter})))
        .collect();
    let refusal = receipt.refusal.as_ref().map(|r| json!({"code": r.code(), "detail": r.to_string()}));
    json!({
        "world": hex::encode(genesis.id()),
        "id": receipt.id.to_string(),
        "order": order,
        "state": receipt.stages.last().map(|(s, _)| s.name()),
        "stages": stages,
        "refusal": refusal,
        "block": receipt.block.as_ref().map(|(h, c)| json!({
            "height": h.height, "hash": hex::encode(h.hash()), "signatures": c.signatures.len(),
        })),
        "holding_proofs": receipt.vertex.as_ref().map_or(0, |v| v.proofs.len()),
        "lane": receipt.lane,
        "continental_height": receipt.acknowledged.as_ref().map(|(h, _, _)| h.height),
        "global_height": receipt.anchored.as_ref().map(|a| a.header.height),
        "encoded": hex::encode(encode(receipt)),
    })
}

/// Reads a document back; every readable field must say what the encoding says.
///
/// # Errors
/// [`ReceiptError`] naming the field.
pub fn from_json(genesis: &Genesis, document: &Value) -> Result<Receipt, ReceiptError> {
    let broken = |reason: String| ReceiptError::Encoding { reason };
    let text = document.get("encoded").and_then(Value::as_str).ok_or_else(|| broken("it is missing".into()))?;
    let bytes = hex::decode(text).map_err(|e| broken(e.to_string()))?;
    let receipt: Receipt = decode(&bytes).map_err(|e| broken(e.to_string()))?;
    let rendered = to_json(genesis, &receipt);
    let empty = Map::new();
    let (found, expected) = (document.as_object().unwrap_or(&empty), rendered.as_object().unwrap_or(&empty));
    let differs = found.keys().chain(expected.keys()).find(|k| found.get(*k) != expected.get(*k));
    match differs {
        Some(field) => Err(ReceiptError::Field { field: field.clone() }),
        None => Ok(receipt),
    }
}
