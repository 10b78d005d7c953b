//! Pages of outboxes as values of the bus: the columns of each receipt, read once, and its packed body.
//!
//! Only what every process of our own writes is read here; whatever is unusual is handed back as it is, for Python's
//! slower reader, which knows all cases and says what is wrong.
use globelet_binding::List;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

const RECEIPT: u8 = 2;
const INTERVAL: u8 = 3;
const PACKED: u8 = 1;
const INTERVAL_MOST: usize = 16 * 1024;
/// Columns and the fields of a receipt that they come from.
const TEXTS: [(&str, &str); 5] =
    [("source", "source"), ("destination", "destination"), ("payer", "from"), ("payee", "to"), ("route", "route")];

/// A page of an outbox, its records as they stand there.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
    #[serde(default, deserialize_with = "whole")]
    next: Option<i64>,
    #[serde(default, deserialize_with = "whole")]
    newest: Option<i64>,
}

/// What is there is a number: null is not the same as missing.
fn whole<'de, D: Deserializer<'de>>(value: D) -> Result<Option<i64>, D::Error> {
    i64::deserialize(value).map(Some)
}

/// One record of an outbox, of the two kinds that are read here.
#[derive(Deserialize)]
struct Entry<'a> {
    kind: &'a str,
    offset: i64,
    #[serde(borrow)]
    receipt: Option<Fields<'a>>,
    id: Option<&'a str>,
    encoded: Option<&'a str>,
}

/// A receipt's fields in the order of a canonical body, each as it stands there: most of a receipt is one long text.
type Fields<'a> = BTreeMap<&'a str, &'a RawValue>;

/// A record on its way to the bus.
struct Carried {
    offset: i64,
    key: Vec<u8>,
    value: Vec<u8>,
}

/// Printable ASCII without a backslash: there is one way to write it, and what is written is what is meant.
fn plain(text: &str) -> bool {
    // Without a way out in between, so that many bytes are looked at at once.
    text.bytes().fold(true, |so_far, b| so_far & (0x20..0x7f).contains(&b) & (b != b'\\'))
}

/// A record as the bus carries it; nothing for an unusual one.
fn carry(process: &str, raw: &str, stages: &[String]) -> Option<Carried> {
    if !plain(raw) {
        return None;
    }
    let entry: Entry = serde_json::from_str(raw).ok()?;
    let (key, value) = match entry.kind {
        "receipt" => receipt(process, &entry.receipt?, stages)?,
        "interval" => interval(entry.id?, entry.encoded?)?,
        _ => return None,
    };
    Some(Carried { offset: entry.offset, key, value })
}

/// The bytes of hexadecimal digits; nothing for capitals or a prefix, which would not come back.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let fit = digits.bytes().fold(true, |so_far, b| so_far & !b.is_ascii_uppercase() & (b != b'x'));
    const_hex::decode(digits).ok().filter(|_| fit)
}

fn interval(id: &str, encoded: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let encoded = bytes(encoded)?;
    let fits = !encoded.is_empty() && encoded.len() <= INTERVAL_MOST;
    if !fits || const_hex::encode(globelet_protocol::brief::name(&encoded)) != id {
        return None;
    }
    Some((id.into(), [&[INTERVAL], &encoded[..]].concat()))
}

fn receipt(process: &str, receipt: &Fields, stages: &[String]) -> Option<(Vec<u8>, Vec<u8>)> {
    let id = text(receipt.get("id")?).filter(|id| !id.is_empty())?;
    let body = canonical(receipt)?;
    let columns = columns(process, id, receipt, stages, &body)?;
    let mut value = Vec::with_capacity(5 + columns.len() + body.len());
    value.push(RECEIPT);
    value.extend(u32::try_from(columns.len()).ok()?.to_be_bytes());
    value.extend(columns.as_bytes());
    pack(&body, &mut value);
    Some((id.into(), value))
}

/// The canonical body: sorted names, no spaces; nothing where a number has several spellings.
fn canonical(receipt: &Fields) -> Option<String> {
    let length = receipt.iter().map(|(name, value)| name.len() + value.get().len() + 4).sum::<usize>();
    let mut body = String::with_capacity(length + 2);
    for (name, value) in receipt {
        body.push(if body.is_empty() { '{' } else { ',' });
        body.extend(["\"", *name, "\":"]);
        if text(value).is_some() {
            body.push_str(value.get());
        } else {
            let value: Value = serde_json::from_str(value.get()).ok()?;
            if !whole_numbers(&value) {
                return None;
            }
            body.push_str(&serde_json::to_string(&value).ok()?);
        }
    }
    body.push('}');
    Some(body)
}

/// What stands between the quotes of a text.
fn text<'a>(value: &&'a RawValue) -> Option<&'a str> {
    value.get().strip_prefix('"')?.strip_suffix('"')
}

/// Other numbers have several spellings.
fn whole_numbers(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_i64(),
        Value::Array(several) => several.iter().all(whole_numbers),
        Value::Object(fields) => fields.values().all(whole_numbers),
        _ => true,
    }
}

/// The columns as JSON, in the order of `RECEIPT_COLUMNS`.
fn columns(process: &str, id: &str, receipt: &Fields, stages: &[String], body: &str) -> Option<String> {
    let state = receipt.get("state").map_or(Some(""), text)?;
    let mut made = String::with_capacity(1024);
    write!(made, r#"{{"id":"{id}","process":"{process}","state":"{state}""#).ok()?;
    for (column, field) in TEXTS {
        match receipt.get(field) {
            Some(value) if value.get() != "null" => write!(made, r#","{column}":"{}""#, text(value)?).ok()?,
            _ => write!(made, r#","{column}":null"#).ok()?,
        }
    }
    let amount: Option<Value> =
        receipt.get("amount").map(|value| serde_json::from_str(value.get())).transpose().ok()?;
    number(&mut made, "amount", amount.as_ref())?;
    let stamps: Option<Map<String, Value>> = match receipt.get("stages") {
        Some(value) => serde_json::from_str(value.get()).ok()?,
        None => None,
    };
    for stage in stages {
        let stamp = match stamps.as_ref().and_then(|stamps| stamps.get(stage)) {
            Some(Value::Object(stamp)) => Some(stamp.get("micros")?),
            other => other,
        };
        number(&mut made, &format!("{stage}_us"), stamp)?;
    }
    let digest = const_hex::encode(Sha256::digest(body));
    write!(made, r#","digest":"{digest}","size":{}}}"#, body.len()).ok()?;
    Some(made)
}

fn number(made: &mut String, column: &str, value: Option<&Value>) -> Option<()> {
    match value {
        None | Some(Value::Null) => write!(made, r#","{column}":null"#).ok(),
        Some(number) => write!(made, r#","{column}":{}"#, number.as_i64()?).ok(),
    }
}

/// Appends the body without the hexadecimal of its encoding, or as it is: the format of `globelet.archiver.packed`.
fn pack(body: &str, out: &mut Vec<u8>) {
    match encoding(body) {
        Some((begin, raw)) => {
            out.push(PACKED);
            out.extend((begin as u32).to_be_bytes());
            out.extend((raw.len() as u32).to_be_bytes());
            out.extend(&raw);
            out.extend(&body.as_bytes()[..begin]);
            out.extend(&body.as_bytes()[begin + 2 * raw.len()..]);
        }
        None => out.extend(body.as_bytes()),
    }
}

/// Where the encoding begins in a body, and its bytes.
fn encoding(body: &str) -> Option<(usize, Vec<u8>)> {
    let begin = ["\"brief\":\"", "\"encoded\":\""].iter().find_map(|field| Some(body.find(field)? + field.len()))?;
    let length = body[begin..].find('"').filter(|length| *length > 0)?;
    Some((begin, bytes(&body[begin..begin + length])?))
}

/// `next` and `newest` of a page, and its records: those that are unusual as their JSON.
type Records = (Option<i64>, Option<i64>, Vec<Result<Carried, String>>);

fn read(process: &str, page: &[u8], stages: &[String]) -> Result<Records, String> {
    let page = std::str::from_utf8(page).map_err(|e| e.to_string())?;
    let page: Page = serde_json::from_str(page).map_err(|e| e.to_string())?;
    let usual = plain(process) && !process.contains('"');
    let read = |raw: &RawValue| {
        let made = if usual { carry(process, raw.get(), stages) } else { None };
        made.ok_or_else(|| raw.get().to_owned())
    };
    Ok((page.next, page.newest, page.records.into_iter().map(read).collect()))
}

/// The records of a page as the bus carries them: `(offset, key, value)`, or the JSON of one that is unusual.
#[derive(IntoPyObject)]
pub(crate) enum Told<'py> {
    Carried((i64, Bound<'py, PyBytes>, Bound<'py, PyBytes>)),
    Unusual(Bound<'py, PyBytes>),
}

/// `next` and `newest` of a page, and its records.
pub(crate) type Answer<'py> = (Option<i64>, Option<i64>, Vec<Told<'py>>);

/// A page of the outbox of a process, ready for the bus. Raises ValueError for what is no page.
#[pyfunction]
#[pyo3(signature = (process, page, stages))]
pub(crate) fn carried<'py>(
    py: Python<'py>,
    process: &str,
    page: PyBackedBytes,
    stages: List<String>,
) -> PyResult<Answer<'py>> {
    let (next, newest, records) = py
        .detach(|| read(process, &page, &stages))
        .map_err(|e| PyValueError::new_err(format!("the outbox answered something that is not a page: {e}")))?;
    let told = |record: Result<Carried, String>| match record {
        Ok(one) => Told::Carried((one.offset, PyBytes::new(py, &one.key), PyBytes::new(py, &one.value))),
        Err(raw) => Told::Unusual(PyBytes::new(py, raw.as_bytes())),
    };
    Ok((next, newest, records.into_iter().map(told).collect()))
}
