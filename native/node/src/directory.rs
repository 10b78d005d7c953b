//! Who is where: the genesis, which process hosts which nodes, and the routes to dial.
use crate::secrets::node_secrets;
use crate::NodeError;
use globelet_protocol::{Genesis, NodeSecrets};
pub use globelet_types::world::Route;
use globelet_types::world::{ChainKind, LinkSpec, ProcessSpec, Role, WorldSpec};
use globelet_types::{ChainId, Hash, NodeId, RegionId};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A way from one region to the nodes of a process in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Way {
    /// Region of the sender.
    pub from: RegionId,
    /// Region of the receivers.
    pub to: RegionId,
    /// Their process.
    pub process: u16,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteEntry {
    from: String,
    to: String,
    process: String,
    address: String,
    #[serde(default)]
    route: Route,
}

/// What one process knows of its world.
#[derive(Clone, Debug)]
pub struct Directory {
    /// The genesis.
    pub genesis: Arc<Genesis>,
    /// Its id.
    pub id: Hash,
    /// This process, as an index of the world's table.
    pub process: u16,
    /// Nodes hosted here, ascending.
    pub hosted: Vec<NodeId>,
    addresses: BTreeMap<(Way, Route), String>,
    /// The state directory.
    pub state: PathBuf,
}

impl Directory {
    /// The directory of process `process`, with routes as `(way, address)`.
    ///
    /// # Errors
    /// [`NodeError::BadInput`] if the world has no such process.
    pub fn new(genesis: Arc<Genesis>, process: &str, state: &Path) -> Result<Directory, NodeError> {
        let world = &genesis.world;
        let Some(index) = world.processes.iter().position(|p| p.name == process) else {
            let names: Vec<&str> = world.processes.iter().map(|p| p.name.as_str()).collect();
            return Err(NodeError::BadInput(format!(
                "this world has no process {process}; it has {}",
                names.join(", ")
            )));
        };
        let process = index as u16;
        let hosted = (0u16..).zip(&world.nodes).filter(|(_, n)| n.process == process).map(|(i, _)| NodeId(i)).collect();
        let id = genesis.id();
        Ok(Directory { genesis, id, process, hosted, addresses: BTreeMap::new(), state: state.to_owned() })
    }

    /// Reads genesis.json and routes.json of a state directory.
    ///
    /// # Errors
    /// [`NodeError`] that names the file and what is wrong with it.
    pub fn load(state: &Path, process: &str) -> Result<Directory, NodeError> {
        let genesis = load_genesis(&state.join("genesis.json"))?;
        let mut directory = Directory::new(Arc::new(genesis), process, state)?;
        let path = state.join("routes.json");
        if path.exists() {
            let text = fs::read(&path).map_err(|e| NodeError::unreadable(&path, &e))?;
            let entries: Vec<RouteEntry> = serde_json::from_slice(&text).map_err(|e| {
                NodeError::BadInput(format!("{}: {e}; write it as the local engine does", path.display()))
            })?;
            for entry in entries {
                directory.add_route(&path, entry)?;
            }
        }
        Ok(directory)
    }

    fn add_route(&mut self, path: &Path, entry: RouteEntry) -> Result<(), NodeError> {
        let world = &self.genesis.world;
        let region = |name: &str| world.regions.iter().position(|r| r == name).map(|i| RegionId(i as u16));
        let process = world.processes.iter().position(|p| p.name == entry.process);
        match (region(&entry.from), region(&entry.to), process) {
            (Some(from), Some(to), Some(process)) => {
                let way = Way { from, to, process: process as u16 };
                if self.declared(&way, entry.route).is_none() {
                    let (path, name) = (path.display(), entry.route.name());
                    let why = format!("{path}: {way:?} has no {name} route in this world; remove the entry");
                    return Err(NodeError::BadInput(why));
                }
                self.addresses.insert((way, entry.route), entry.address);
                Ok(())
            }
            _ => Err(NodeError::BadInput(format!(
                "{}: the route {entry:?} names a region or process that the world does not have",
                path.display()
            ))),
        }
    }

    /// The world.
    pub fn world(&self) -> &WorldSpec {
        &self.genesis.world
    }

    /// This process.
    pub fn this(&self) -> &ProcessSpec {
        &self.genesis.world.processes[usize::from(self.process)]
    }

    /// The way a message between two nodes takes, or `None` for a node the world does not have.
    pub fn way(&self, from: NodeId, to: NodeId) -> Option<Way> {
        let (a, b) = (self.world().nodes.get(from.index())?, self.world().nodes.get(to.index())?);
        Some(Way { from: a.region, to: b.region, process: b.process })
    }

    /// Whether messages of this way stay inside this process, delayed by the link model.
    pub fn inside(&self, way: &Way) -> bool {
        way.process == self.process && !self.addresses.contains_key(&(*way, Route::Backbone))
    }

    /// Where to dial for a way, over the backbone.
    pub fn address(&self, way: &Way) -> String {
        self.addresses.get(&(*way, Route::Backbone)).cloned().unwrap_or_else(|| {
            let process = &self.world().processes[usize::from(way.process)];
            format!("{}:{}", process.host, process.node_port)
        })
    }

    /// The routes of a way and where to dial for each, the backbone first.
    pub fn routes(&self, way: &Way) -> Vec<(Route, String)> {
        let internet = self.addresses.get(&(*way, Route::Internet)).map(|a| (Route::Internet, a.clone()));
        [(Route::Backbone, self.address(way))].into_iter().chain(internet).collect()
    }

    /// The declared round trip of a way over a route; `None` if the world has no such route.
    pub fn declared(&self, way: &Way, route: Route) -> Option<Duration> {
        let (out, back) = (self.link_over(way.from, way.to, route)?, self.link_over(way.to, way.from, route)?);
        Some(Duration::from_micros(out.delay_us + back.delay_us))
    }

    /// The link from one region to another over a route, as declared.
    pub fn link_over(&self, from: RegionId, to: RegionId, route: Route) -> Option<&LinkSpec> {
        self.world().link_over(from, to, route)
    }

    /// The link of a way.
    pub fn link(&self, way: &Way) -> Option<&LinkSpec> {
        self.world().link(way.from, way.to)
    }

    /// Process that hosts a node.
    pub fn process_of(&self, node: NodeId) -> Option<u16> {
        self.world().nodes.get(node.index()).map(|n| n.process)
    }

    /// The ways on which the protocol of the hosted nodes sends.
    pub fn ways(&self) -> BTreeSet<Way> {
        let mut ways = BTreeSet::new();
        for &from in &self.hosted {
            for to in (0..self.world().nodes.len() as u16).map(NodeId) {
                if to != from && self.talk(from, to) {
                    ways.extend(self.way(from, to));
                }
            }
        }
        ways
    }

    /// Nodes of one chain talk; so do replicas of two municipalities, and of a chain and the one above it.
    fn talk(&self, a: NodeId, b: NodeId) -> bool {
        let (a, b) = (&self.world().nodes[a.index()], &self.world().nodes[b.index()]);
        let (ca, cb) = (&self.world().chains[a.chain.index()], &self.world().chains[b.chain.index()]);
        let related = (ca.kind == ChainKind::Municipal && cb.kind == ChainKind::Municipal)
            || ca.parent == Some(b.chain)
            || cb.parent == Some(a.chain);
        a.chain == b.chain || (a.role == Role::Replica && b.role == Role::Replica && related)
    }

    /// Replicas of a chain hosted here.
    pub fn replicas(&self, chain: ChainId) -> Vec<NodeId> {
        let members = self.world().members(chain, Role::Replica);
        members.into_iter().filter(|n| self.process_of(*n) == Some(self.process)).collect()
    }

    /// Municipalities with a replica here.
    pub fn municipalities(&self) -> Vec<ChainId> {
        let all = (0u16..).zip(&self.world().chains).filter(|(_, c)| c.kind == ChainKind::Municipal);
        all.map(|(i, _)| ChainId(i)).filter(|c| !self.replicas(*c).is_empty()).collect()
    }

    /// A chain by name.
    pub fn chain_named(&self, name: &str) -> Option<ChainId> {
        self.world().chains.iter().position(|c| c.name == name).map(|i| ChainId(i as u16))
    }

    /// A chain's name.
    pub fn chain_name(&self, chain: ChainId) -> &str {
        self.world().chains.get(chain.index()).map_or("unknown", |c| c.name.as_str())
    }

    /// The secrets of the hosted nodes.
    ///
    /// # Errors
    /// [`NodeError`] if the key file is missing, unreadable or not this process'.
    pub fn secrets(&self) -> Result<Vec<NodeSecrets>, NodeError> {
        let path = self.state.join("secrets").join(format!("{}.key", self.this().name));
        let text = fs::read_to_string(&path).map_err(|e| NodeError::unreadable(&path, &e))?;
        node_secrets(&text, &self.hosted, &path.display())
    }
}

/// Reads a genesis and checks that its recorded id is its own.
///
/// # Errors
/// [`NodeError`] that names the file and what is wrong with it.
pub fn load_genesis(path: &Path) -> Result<Genesis, NodeError> {
    let text = fs::read(path).map_err(|e| NodeError::unreadable(path, &e))?;
    let bad = |why: String| NodeError::BadInput(format!("{}: {why}; deal the world again", path.display()));
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(|e| bad(e.to_string()))?;
    let recorded = value.get("id").and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    let genesis: Genesis = serde_json::from_value(value).map_err(|e| bad(e.to_string()))?;
    genesis.world.check().map_err(|e| bad(e.to_string()))?;
    let id = hex::encode(genesis.id());
    if recorded != id {
        return Err(bad(format!("its id should be {id}, it says {recorded:?}")));
    }
    Ok(genesis)
}
