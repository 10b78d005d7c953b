//! A toxic in its place on a proxy, and the requests that put or change it there.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Attributes, Stream};
use crate::error::ApiError;

/// A toxic as it stands on a proxy; written out, it is the API's toxic object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Placed {
    /// What it does.
    pub attributes: Attributes,
    /// Its name, unique on the proxy.
    pub name: String,
    /// The kind's name.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The direction it acts on.
    pub stream: Stream,
    /// The share of connections it acts on, 0 to 1.
    pub toxicity: f32,
    /// Tells a toxic from an earlier one of the same name.
    #[serde(skip)]
    pub number: u64,
}

/// The body of a request that creates a toxic.
#[derive(Debug, Deserialize)]
pub struct NewToxic {
    #[serde(default)]
    name: Option<String>,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    stream: Option<String>,
    #[serde(default)]
    toxicity: Option<f32>,
    #[serde(default)]
    attributes: Option<Map<String, Value>>,
}

/// The body of a request that changes a toxic.
#[derive(Debug, Deserialize)]
pub struct ToxicChange {
    #[serde(default)]
    toxicity: Option<f32>,
    #[serde(default)]
    attributes: Option<Map<String, Value>>,
}

impl Placed {
    /// Checks `new` and gives it `number`.
    ///
    /// # Errors
    /// 400 for an unknown stream or kind, or malformed attributes.
    pub fn create(new: NewToxic, number: u64) -> Result<Self, ApiError> {
        let stream = match new.stream.as_deref() {
            None | Some("downstream") => Stream::Downstream,
            Some("upstream") => Stream::Upstream,
            Some(_) => return Err(ApiError::INVALID_STREAM),
        };
        let attributes = Attributes::read(&new.kind, new.attributes.unwrap_or_default())?;
        let kind = attributes.kind();
        let name = new.name.filter(|name| !name.is_empty());
        Ok(Self {
            name: name.unwrap_or_else(|| format!("{kind}_{}", stream.name())),
            kind,
            stream,
            toxicity: new.toxicity.unwrap_or(1.0),
            attributes,
            number,
        })
    }

    /// This toxic with the attributes of `change` laid over its own.
    ///
    /// # Errors
    /// 400 for malformed attributes.
    pub fn changed(&self, change: ToxicChange) -> Result<Self, ApiError> {
        let mut merged = match serde_json::to_value(&self.attributes) {
            Ok(Value::Object(own)) => own,
            _ => Map::new(),
        };
        merged.extend(change.attributes.unwrap_or_default());
        Ok(Self {
            attributes: Attributes::read(self.kind, merged)?,
            toxicity: change.toxicity.unwrap_or(self.toxicity),
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(text: &str) -> Result<Placed, ApiError> {
        Placed::create(serde_json::from_str(text).unwrap(), 0)
    }

    #[test]
    fn defaults_are_those_of_toxiproxy() {
        let toxic = create(r#"{"type":"latency","attributes":{"latency":100}}"#).unwrap();
        let written = serde_json::to_string(&toxic).unwrap();
        assert_eq!(
            written,
            r#"{"attributes":{"latency":100,"jitter":0},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":1.0}"#
        );
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let toxic = create(r#"{"type":"latency","attributes":{"latency":5,"jitter":2}}"#).unwrap();
        let change = serde_json::from_str(r#"{"attributes":{"latency":7.5}}"#).unwrap();
        let changed = toxic.changed(change).unwrap();
        assert_eq!(serde_json::to_string(&changed.attributes).unwrap(), r#"{"latency":7.5,"jitter":2}"#);
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(create(r#"{"type":"bogus"}"#), Err(ApiError::INVALID_TOXIC_TYPE));
        assert_eq!(create(r#"{"type":"latency","stream":"up"}"#), Err(ApiError::INVALID_STREAM));
        let wrong = create(r#"{"type":"latency","attributes":{"latency":"x"}}"#).unwrap_err();
        assert!(wrong.message().starts_with("bad request body: "));
    }
}
