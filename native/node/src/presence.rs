//! Logging in to the presence service, the window in which people see who is there. Nodes never read from it.
use crate::consul::Address;
use crate::gossip::record::Signed;
use serde_json::{json, Value};
use std::time::Duration;

/// Records of one request: the service reads at most 64 KiB.
const TOGETHER: usize = 128;
const PATIENCE: Duration = Duration::from_secs(5);

/// Hands over fresh records of the hosted nodes. A service that is away is passed over: they are renewed soon.
pub async fn log_in(at: Address, records: Vec<Signed>) {
    for part in records.chunks(TOGETHER) {
        let document = json!({ "records": part.iter().map(Signed::to_json).collect::<Vec<Value>>() });
        match tokio::time::timeout(PATIENCE, at.post("/v1/presence", &document)).await {
            Ok(Err(error)) if error.to_string().starts_with("status ") => {
                crate::error::say(format_args!("the presence service at {at} refused a login: {error}"));
            }
            _ => {}
        }
    }
}
