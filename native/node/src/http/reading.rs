//! Orders as clients write them: JSON read field by field, so that each mistake has its own name.
use super::BODY;
use crate::directory::Directory;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use globelet_types::world::{ChainKind, Role};
use globelet_types::{
    AccountId, ChainId, Choice, Move, NodeId, Opening, Order, Signature, SignedOrder, Transfer, Vote,
};
use serde::Deserialize;
use serde_json::{Map, Number, Value};
use thiserror::Error;

/// Why a body is not an order.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// Not JSON, or a field is missing, unknown or of another kind.
    #[error("the order cannot be read: {reason}; send it as /openapi.json says")]
    Malformed {
        /// What was met.
        reason: String,
    },
    /// The body did not arrive whole.
    #[error("the body did not arrive whole: {reason}; send the request again")]
    Interrupted {
        /// What was met.
        reason: String,
    },
    /// More bytes than one request may carry.
    #[error("the body is larger than {BODY} bytes; split the orders over several requests")]
    TooLarge,
    /// No signature came with the order.
    #[error("the order carries no signature; sign it with the key of its account and send 128 hexadecimal digits")]
    Unsigned,
    /// The amount is below zero.
    #[error("the amount {amount} is negative; it must be at least 1, and only its owner can send from an account")]
    Negative {
        /// As it was written.
        amount: String,
    },
    /// The amount does not fit.
    #[error("the amount {amount} is above the largest there is, {most}; send less", most = u64::MAX)]
    Overflow {
        /// As it was read.
        amount: String,
    },
    /// A municipality that the world does not have.
    #[error("{field}: there is no municipality {name:?} in this world; it has {known}")]
    UnknownMunicipality {
        /// Which field.
        field: &'static str,
        /// The name in it.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A vote for somebody who is no candidate.
    #[error("candidate: {name:?} is no replica of this municipality; it has {known}")]
    UnknownCandidate {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
}

/// What a client wrote, short enough to be repeated to it.
fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

fn malformed(reason: impl Into<String>) -> Unreadable {
    Unreadable::Malformed { reason: reason.into() }
}

/// Reads a request's body as JSON.
///
/// # Errors
/// [`Unreadable`] for one that is too large, cut off, or not such JSON.
pub fn body<'a, T: Deserialize<'a>>(body: &'a Result<Bytes, BytesRejection>) -> Result<T, Unreadable> {
    let bytes = body.as_ref().map_err(|e| match e.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Unreadable::TooLarge,
        _ => Unreadable::Interrupted { reason: e.to_string() },
    })?;
    serde_json::from_slice(bytes).map_err(|e| malformed(e.to_string()))
}

/// The fields of one object. Every field of the object must be one that was asked for.
struct Fields<'a> {
    map: &'a Map<String, Value>,
    directory: &'a Directory,
}

impl<'a> Fields<'a> {
    fn of(directory: &'a Directory, value: &'a Value, known: &[&str]) -> Result<Fields<'a>, Unreadable> {
        let map = value.as_object().ok_or_else(|| malformed("an order is a JSON object"))?;
        match map.keys().find(|k| !known.contains(&k.as_str())) {
            Some(field) => {
                Err(malformed(format!("there is no field `{}`; the fields are {}", short(field), known.join(", "))))
            }
            None => Ok(Fields { map, directory }),
        }
    }

    fn text(&self, field: &'static str) -> Result<&'a str, Unreadable> {
        let value = self.map.get(field).ok_or_else(|| malformed(format!("the field `{field}` is missing")))?;
        value.as_str().ok_or_else(|| malformed(format!("the field `{field}` must be a string")))
    }

    fn digits<const N: usize>(&self, field: &'static str) -> Result<[u8; N], Unreadable> {
        let mut bytes = [0; N];
        hex::decode_to_slice(self.text(field)?, &mut bytes)
            .map_err(|_| malformed(format!("the field `{field}` must be {} hexadecimal digits", 2 * N)))?;
        Ok(bytes)
    }

    fn number(&self, field: &'static str) -> Result<&'a Number, Unreadable> {
        let value = self.map.get(field).ok_or_else(|| malformed(format!("the field `{field}` is missing")))?;
        match value {
            Value::Number(number) => Ok(number),
            _ => Err(malformed(format!("the field `{field}` must be a number"))),
        }
    }

    fn whole(&self, field: &'static str) -> Result<u64, Unreadable> {
        let number = self.number(field)?;
        number.as_u64().ok_or_else(|| {
            malformed(format!("the field `{field}` must be a whole number from 0 to {}, not {number}", u64::MAX))
        })
    }

    fn amount(&self) -> Result<u64, Unreadable> {
        let number = self.number("amount")?;
        let value = number.as_f64().unwrap_or_default();
        if number.as_u64().is_none() && value < 0.0 {
            return Err(Unreadable::Negative { amount: number.to_string() });
        }
        if number.as_u64().is_none() && value >= u64::MAX as f64 {
            return Err(Unreadable::Overflow { amount: number.to_string() });
        }
        self.whole("amount")
    }

    fn municipality(&self, field: &'static str) -> Result<ChainId, Unreadable> {
        let name = self.text(field)?;
        let chains = &self.directory.world().chains;
        let found = chains.iter().position(|c| c.kind == ChainKind::Municipal && c.name == name);
        found.map(|index| ChainId(index as u16)).ok_or_else(|| {
            let known = chains.iter().filter(|c| c.kind == ChainKind::Municipal).map(|c| c.name.as_str());
            Unreadable::UnknownMunicipality { field, name: short(name), known: known.collect::<Vec<_>>().join(", ") }
        })
    }

    /// Whether a field that may be left out is there.
    fn given(&self, field: &str) -> bool {
        self.map.get(field).is_some_and(|value| !value.is_null())
    }

    fn candidate(&self, municipality: ChainId) -> Result<NodeId, Unreadable> {
        let (name, world) = (self.text("candidate")?, self.directory.world());
        let replicas = world.members(municipality, Role::Replica);
        let named = |node: &NodeId| world.nodes.get(node.index()).map_or("", |n| n.name.as_str());
        replicas.iter().copied().find(|node| named(node) == name).ok_or_else(|| Unreadable::UnknownCandidate {
            name: short(name),
            known: replicas.iter().map(named).collect::<Vec<_>>().join(", "),
        })
    }

    fn signature(&self) -> Result<Signature, Unreadable> {
        match self.map.get("signature") {
            None | Some(Value::Null) => Err(Unreadable::Unsigned),
            Some(Value::String(text)) if text.is_empty() => Err(Unreadable::Unsigned),
            Some(_) => self.digits::<64>("signature"),
        }
    }

    fn tag(&self) -> u64 {
        let id = self.directory.id;
        u64::from_le_bytes([id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7]])
    }
}

const TRANSFER: [&str; 8] = ["from", "source", "to", "destination", "amount", "nonce", "expires_us", "signature"];
const OPENING: [&str; 4] = ["account", "municipality", "expires_us", "signature"];
const VOTE: [&str; 7] = ["account", "municipality", "candidate", "delegate", "nonce", "expires_us", "signature"];
const MOVE: [&str; 6] = ["account", "source", "destination", "nonce", "expires_us", "signature"];

/// Reads a transfer.
///
/// # Errors
/// [`Unreadable`], naming the field.
pub fn transfer(directory: &Directory, value: &Value) -> Result<SignedOrder, Unreadable> {
    let fields = Fields::of(directory, value, &TRANSFER)?;
    let order = Order::Transfer(Transfer {
        world: fields.tag(),
        source: fields.municipality("source")?,
        destination: fields.municipality("destination")?,
        from: AccountId(fields.digits("from")?),
        to: AccountId(fields.digits("to")?),
        amount: fields.amount()?,
        nonce: fields.whole("nonce")?,
        expires_us: fields.whole("expires_us")?,
    });
    Ok(SignedOrder { order, signature: fields.signature()? })
}

/// Reads the opening of an account.
///
/// # Errors
/// [`Unreadable`], naming the field.
pub fn opening(directory: &Directory, value: &Value) -> Result<SignedOrder, Unreadable> {
    let fields = Fields::of(directory, value, &OPENING)?;
    let order = Order::Opening(Opening {
        world: fields.tag(),
        municipality: fields.municipality("municipality")?,
        account: AccountId(fields.digits("account")?),
        expires_us: fields.whole("expires_us")?,
    });
    Ok(SignedOrder { order, signature: fields.signature()? })
}

/// Reads the move of an account.
///
/// # Errors
/// [`Unreadable`], naming the field.
pub fn relocation(directory: &Directory, value: &Value) -> Result<SignedOrder, Unreadable> {
    let fields = Fields::of(directory, value, &MOVE)?;
    let order = Order::Move(Move {
        world: fields.tag(),
        source: fields.municipality("source")?,
        destination: fields.municipality("destination")?,
        account: AccountId(fields.digits("account")?),
        nonce: fields.whole("nonce")?,
        expires_us: fields.whole("expires_us")?,
    });
    Ok(SignedOrder { order, signature: fields.signature()? })
}

/// Reads a vote: for a `candidate`, a replica by its name, or lent to a `delegate`, an account, or for nobody.
///
/// # Errors
/// [`Unreadable`], naming the field.
pub fn vote(directory: &Directory, value: &Value) -> Result<SignedOrder, Unreadable> {
    let fields = Fields::of(directory, value, &VOTE)?;
    let municipality = fields.municipality("municipality")?;
    let choice = match (fields.given("candidate"), fields.given("delegate")) {
        (true, true) => return Err(malformed("a vote names a `candidate` or a `delegate`, not both")),
        (true, false) => Choice::Candidate(fields.candidate(municipality)?),
        (false, true) => Choice::Delegate(AccountId(fields.digits("delegate")?)),
        (false, false) => Choice::Nobody,
    };
    let order = Order::Vote(Vote {
        world: fields.tag(),
        municipality,
        account: AccountId(fields.digits("account")?),
        choice,
        nonce: fields.whole("nonce")?,
        expires_us: fields.whole("expires_us")?,
    });
    Ok(SignedOrder { order, signature: fields.signature()? })
}
