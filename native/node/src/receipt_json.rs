//! Receipts as JSON: what people read, and in `encoded` the whole receipt that `receipt-verify` checks.
use crate::directory::Directory;
use globelet_clock::Stamp;
use globelet_protocol::{Genesis, Receipt};
use globelet_types::{Order, Refusal, Stage};
use serde_json::{json, Map, Value};
use thiserror::Error;

/// What a document must say of itself.
pub const FORMAT: &str = "globelet receipt 1";

/// Why a document is not a receipt.
#[derive(Debug, Error)]
pub enum ReceiptUnreadable {
    /// Another format, or none.
    #[error("this is not a receipt of format \"{FORMAT}\"; fetch it from /v1/receipts/{{id}}")]
    Format,
    /// The encoded part is damaged.
    #[error("the encoded receipt is damaged: {0}")]
    Encoded(String),
    /// What people read is not what the proofs say.
    #[error("{0:?} in the readable part differs from the encoded receipt")]
    Differs(String),
}

/// A stamp.
pub fn stamp(at: &Stamp) -> Value {
    json!({"micros": at.micros, "counter": at.counter})
}

/// A refusal.
pub fn refusal(refusal: &Refusal) -> Value {
    json!({"code": refusal.code(), "detail": refusal.to_string()})
}

/// The stage a transfer is in: how it ended, or the last step reached.
fn state(receipt: &Receipt) -> &'static str {
    let reached = |stage| receipt.stages.iter().any(|(s, _)| *s == stage);
    let end = [Stage::Refused, Stage::Refunded].into_iter().find(|s| reached(*s));
    end.or(receipt.stages.last().map(|(s, _)| *s)).map_or("unknown", Stage::name)
}

fn order(receipt: &Receipt, genesis: &Genesis) -> Map<String, Value> {
    let name = |chain: globelet_types::ChainId| genesis.world.chains.get(chain.index()).map_or("unknown", |c| c.name.as_str());
    let value = match &receipt.order.order {
        Order::Transfer(t) => json!({
            "kind": "transfer", "from": t.from.to_string(), "to": t.to.to_string(), "source": name(t.source),
            "destination": name(t.destination), "amount": t.amount, "nonce": t.nonce, "expires_us": t.expires_us,
        }),
        Order::Opening(o) => json!({
            "kind": "opening", "account": o.account.to_string(), "municipality": name(o.municipality),
            "expires_us": o.expires_us,
        }),
    };
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn proofs(receipt: &Receipt) -> Value {
    let block = receipt.block.as_ref().map(|(header, certificate)| {
        json!({"chain": header.chain, "height": header.height, "hash": hex::encode(header.hash()),
               "signatures": certificate.signatures.len()})
    });
    let ordered = |header: &globelet_hotstuff::Header| json!({"chain": header.chain, "height": header.height, "hash": hex::encode(header.hash())});
    json!({
        "holding_proofs": receipt.vertex.as_ref().map_or(0, |v| v.proofs.len()),
        "block": block,
        "applied": receipt.applied.is_some(),
        "lane": receipt.lane,
        "acknowledged": receipt.acknowledged.as_ref().map(|(header, _, _)| ordered(header)),
        "anchored": receipt.anchored.as_ref().map(|a| {
            let mut value = ordered(&a.header);
            value["root"] = hex::encode(a.root).into();
            value
        }),
    })
}

/// The state of a transfer: order, stages, refusal and a summary of the proofs.
pub fn summary(receipt: &Receipt, genesis: &Genesis) -> Map<String, Value> {
    let mut document = order(receipt, genesis);
    let stages: Map<String, Value> = receipt.stages.iter().map(|(s, at)| (s.name().to_owned(), stamp(at))).collect();
    document.insert("id".into(), receipt.id.to_string().into());
    document.insert("state".into(), state(receipt).into());
    document.insert("stages".into(), Value::Object(stages));
    document.insert("refusal".into(), receipt.refusal.as_ref().map_or(Value::Null, refusal));
    document.insert("proofs".into(), proofs(receipt));
    document
}

/// The summary, with the step that only the outbox knows.
pub fn with_archived(mut document: Map<String, Value>, archived: Option<Stamp>) -> Value {
    if let (Some(at), Some(Value::Object(stages))) = (archived, document.get_mut("stages")) {
        stages.insert(Stage::Archived.name().into(), stamp(&at));
        let ended = matches!(document.get("state").and_then(Value::as_str), Some("refused" | "refunded"));
        if !ended {
            document.insert("state".into(), Stage::Archived.name().into());
        }
    }
    Value::Object(document)
}

/// The full receipt.
pub fn full(receipt: &Receipt, directory: &Directory) -> Value {
    let mut document = summary(receipt, &directory.genesis);
    document.insert("format".into(), FORMAT.into());
    document.insert("world".into(), hex::encode(directory.id).into());
    document.insert("encoded".into(), hex::encode(globelet_types::encode(receipt)).into());
    Value::Object(document)
}

/// Reads a full receipt and checks that its readable part says what its encoded part says.
///
/// # Errors
/// [`ReceiptUnreadable`].
pub fn read(document: &Value, genesis: &Genesis) -> Result<Receipt, ReceiptUnreadable> {
    if document.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(ReceiptUnreadable::Format);
    }
    let text = document.get("encoded").and_then(Value::as_str).unwrap_or_default();
    let bytes = hex::decode(text).map_err(|e| ReceiptUnreadable::Encoded(e.to_string()))?;
    let receipt: Receipt = globelet_types::decode(&bytes).map_err(|e| ReceiptUnreadable::Encoded(e.to_string()))?;
    for (name, value) in summary(&receipt, genesis) {
        // `archived`, and the state that follows from it, are known to the stores only.
        let found = document.get(&name).is_some_and(|found| match name.as_str() {
            "stages" | "state" => true,
            _ => *found == value,
        });
        if !found {
            return Err(ReceiptUnreadable::Differs(name));
        }
    }
    Ok(receipt)
}
