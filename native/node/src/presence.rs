//! What the presence service knows: which holders are there, nearest first, for each hosted replica.
use crate::core::{CoreHandle, Input};
use crate::directory::Directory;
use crate::jwks::get;
use globelet_types::world::{ChainKind, Role};
use globelet_types::NodeId;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The service answers at a change, or after this many seconds.
const WAIT: u64 = 30;
const AWAY: Duration = Duration::from_secs(5);

/// Follows the service for ever; while it is away or knows nobody, replicas keep the candidates they have.
pub async fn follow(url: String, directory: Arc<Directory>, core: CoreHandle) {
    let (mut version, mut known) = (0, BTreeMap::new());
    loop {
        let path = format!("{url}/v1/changes?after={version}&wait={WAIT}");
        let answer = get(&path).await.ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        let Some(newest) = answer.and_then(|v| v["version"].as_u64()) else {
            // Away, or these changes are forgotten there: begin again.
            version = 0;
            tokio::time::sleep(AWAY).await;
            continue;
        };
        if newest != version {
            version = newest;
            tell(&url, &directory, &core, &mut known).await;
        }
    }
}

async fn tell(url: &str, directory: &Directory, core: &CoreHandle, known: &mut BTreeMap<NodeId, Vec<NodeId>>) {
    for &node in &directory.hosted {
        let spec = &directory.world().nodes[node.index()];
        let chain = &directory.world().chains[spec.chain.index()];
        if spec.role != Role::Replica || chain.kind != ChainKind::Municipal {
            continue;
        }
        let query = format!("near={},{}&municipality={}&role=holder", spec.latitude, spec.longitude, chain.name);
        let Ok(text) = get(&format!("{url}/v1/candidates?{query}")).await else { continue };
        let holders = named(directory, &serde_json::from_slice(&text).unwrap_or_default());
        if !holders.is_empty() && known.get(&node) != Some(&holders) {
            known.insert(node, holders.clone());
            core.tell(Input::Candidates { node, holders });
        }
    }
}

fn named(directory: &Directory, answer: &Value) -> Vec<NodeId> {
    let nodes = &directory.world().nodes;
    let names = answer["candidates"].as_array().into_iter().flatten().filter_map(|c| c["node"].as_str());
    let places = names.filter_map(|name| nodes.iter().position(|n| n.name == name && n.role == Role::Holder));
    places.map(|place| NodeId(place as u16)).collect()
}
