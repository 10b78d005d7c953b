//! The state of a transfer as JSON. The document that proves it offline is the protocol's own `receipt_json`.
use globelet_clock::Stamp;
use globelet_protocol::brief::{BriefError, Cut};
use globelet_protocol::{Brief, Genesis, Receipt, Standing};
use globelet_types::{ChainId, Refusal, Stage};
use serde_json::{json, Map, Value};

/// A stamp.
pub fn stamp(at: &Stamp) -> Value {
    json!({"micros": at.micros, "counter": at.counter})
}

/// A refusal.
pub fn refusal(refusal: &Refusal, genesis: &Genesis) -> Value {
    globelet_protocol::refusal_json::refusal(&genesis.world, refusal)
}

/// The stage a transfer is in: how it ended, or the last step reached.
fn state(stages: &[(Stage, Stamp)]) -> &'static str {
    let reached = |stage| stages.iter().any(|(s, _)| *s == stage);
    let end = [Stage::Refused, Stage::Refunded].into_iter().find(|s| reached(*s));
    end.or(stages.last().map(|(s, _)| *s)).map_or("unknown", Stage::name)
}

fn stamps(stages: &[(Stage, Stamp)]) -> Map<String, Value> {
    stages.iter().map(|(s, at)| (s.name().to_owned(), stamp(at))).collect()
}

fn name(genesis: &Genesis, chain: ChainId) -> &str {
    genesis.world.chains.get(chain.index()).map_or("unknown", |c| c.name.as_str())
}

fn order(receipt: &Receipt, genesis: &Genesis) -> Map<String, Value> {
    let value = globelet_protocol::receipt_json::order(genesis, &receipt.order.order);
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
        "checkpoint": receipt.checkpoint.as_ref().map(|(c, _)| json!({
            "height": c.height, "head": hex::encode(c.head), "root": hex::encode(c.root),
        })),
        "post_quantum": receipt.post_quantum.as_ref().map(|p| json!({"at": stamp(&p.at), "signatures": p.votes.len()})),
    })
}

/// The state of a transfer: order, stages, refusal and a summary of the proofs.
pub fn summary(receipt: &Receipt, genesis: &Genesis) -> Map<String, Value> {
    let mut document = order(receipt, genesis);
    document.insert("id".into(), receipt.id.to_string().into());
    document.insert("state".into(), state(&receipt.stages).into());
    document.insert("stages".into(), Value::Object(stamps(&receipt.stages)));
    document.insert("route".into(), receipt.route.map_or(Value::Null, |r| r.name().into()));
    document.insert("refusal".into(), receipt.refusal.as_ref().map_or(Value::Null, |r| refusal(r, genesis)));
    document.insert("proofs".into(), proofs(receipt));
    document
}

/// The state of a transfer that another replica admitted, as blocks tell it: without the order itself.
pub fn standing(standing: &Standing, genesis: &Genesis) -> Value {
    json!({
        "id": standing.id.to_string(),
        "source": name(genesis, standing.source),
        "destination": name(genesis, standing.destination),
        "state": state(&standing.stages),
        "stages": stamps(&standing.stages),
        "refusal": standing.refusal.as_ref().map(|r| refusal(r, genesis)),
        "proofs": {
            "block": {
                "chain": standing.chain, "height": standing.height, "hash": hex::encode(standing.block),
                "signatures": standing.signatures,
            },
            "applied": true,
            "lane": standing.lane,
        },
        "told_by": "blocks",
    })
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

/// What the stores keep: the state, and the receipt's encoding. In `brief` that is without the interval signatures that
/// `intervals` names, each with its place and length in the whole encoding; in `encoded` nothing was cut out.
///
/// # Errors
/// [`BriefError::Malformed`].
pub fn for_stores(brief: &Brief, genesis: &Genesis) -> Result<Value, BriefError> {
    let mut document = summary(&brief.outline()?, genesis);
    let field = if brief.cuts.is_empty() { "encoded" } else { "brief" };
    document.insert(field.into(), hex::encode(&brief.encoded).into());
    if !brief.cuts.is_empty() {
        let cut = |c: &Cut| json!({"at": c.at, "length": c.length, "name": hex::encode(c.name)});
        document.insert("intervals".into(), brief.cuts.iter().map(cut).collect());
    }
    Ok(Value::Object(document))
}
