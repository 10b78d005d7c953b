//! The resolved world: what `globelet world` makes of a world file, as JSON, with every default filled in.
use crate::{ChainId, NodeId, RegionId};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a chain is the committee of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChainKind {
    /// A municipality's chain.
    Municipal,
    /// A continent's chain.
    Continental,
    /// The chain of the Ledger of Roots.
    Global,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Member of the chain's committee.
    Replica,
    /// Light node that keeps shards.
    Holder,
}

/// One node of the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// Unique name, such as `tokyo-r0`.
    pub name: String,
    /// Chain it belongs to.
    pub chain: ChainId,
    /// Replica or holder.
    pub role: Role,
    /// Region whose links it uses.
    pub region: RegionId,
    /// City it stands in.
    pub city: String,
    /// Latitude, degrees.
    pub latitude: f64,
    /// Longitude, degrees.
    pub longitude: f64,
    /// Stake, in units; weighs elections.
    pub stake: u64,
    /// Place in `WorldSpec::processes` of the process that hosts it.
    pub process: u16,
}

/// One chain of the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainSpec {
    /// Unique name, such as `tokyo`, `asia`, `globe`.
    pub name: String,
    /// Its level.
    pub kind: ChainKind,
    /// The continental chain above a municipality; the global chain above a continent; none above the globe.
    pub parent: Option<ChainId>,
    /// Population, for weighting load; zero above municipal level.
    pub population: u64,
    /// Seats of a municipality's committee, where it has more replicas than those. The first ones sit in the first
    /// committee; the others follow as standbys until an election seats them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<u16>,
}

/// One operating-system process (or container) and where it listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessSpec {
    /// Unique name: the chain's, or the node's in a spread world.
    pub name: String,
    /// Host that others reach it by; `127.0.0.1` on the local engine.
    pub host: String,
    /// HTTP port (61NN municipal, 62NN continental, 6300 global).
    pub http_port: u16,
    /// Node-to-node port (161NN, 162NN, 16300).
    pub node_port: u16,
}

/// A directed link between two regions; `from == to` is the link inside a region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkSpec {
    /// Sending region.
    pub from: RegionId,
    /// Receiving region.
    pub to: RegionId,
    /// One-way delay, microseconds.
    pub delay_us: u64,
    /// Standard deviation of the delay, microseconds.
    pub jitter_us: u64,
    /// Probability that a segment is lost.
    pub loss: f64,
}

/// How two municipalities agree on the keys of the lanes between them: by which key encapsulation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LaneKem {
    /// ML-KEM-768 and X25519 together: it stands as long as one of them does.
    #[default]
    XWing,
    /// Streamlined NTRU Prime 761.
    Sntrup761,
}

/// Protocol parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// Shards that rebuild a batch.
    pub shards_needed: u16,
    /// Holding proofs that make a batch held.
    pub proofs_needed: u16,
    /// Shards that rebuild a parcel (one per source replica is sent).
    pub parcel_shards_needed: u16,
    /// Time between the batches of one ingress, and between rounds that only parcels wait for, once they come more often.
    pub batch_us: u64,
    /// Most orders of one batch.
    pub batch_most: u32,
    /// Most orders waiting at one ingress.
    pub waiting_most: u32,
    /// Time to live of a held shard.
    pub holding_us: u64,
    /// Shortest time between two reports of a continent to the globe.
    pub report_us: u64,
    /// Wait before a repair is asked for or a lane's head announced again.
    pub repair_us: u64,
    /// First time-out of the HotStuff chains.
    pub timeout_us: u64,
    /// Largest accepted clock skew.
    pub skew_us: u64,
    /// What each municipality's treasury holds at genesis.
    pub treasury: u64,
    /// What the keys of lanes are agreed on by.
    #[serde(default)]
    pub lane_kem: LaneKem,
    /// Present holders drawn to keep shards of a batch; 0 for all of them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub holders_drawn: u16,
    /// How long a municipality's committee serves before the next one is elected; 0 for ever.
    #[serde(default, skip_serializing_if = "is_default")]
    pub epoch_us: u64,
    /// The largest part of a committee's seats that one city may have, in millionths; 0 for half of them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub place_share_ppm: u32,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Parameters {
    /// Holders drawn where a municipality has so many.
    pub fn holders_drawn_of(&self, holders: usize) -> usize {
        match usize::from(self.holders_drawn) {
            0 => holders,
            drawn => drawn.min(holders),
        }
    }
}

/// A selection policy: Python's, and here only carried, so that a world's identity covers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// As the world file names it: `module:function`.
    pub name: String,
    /// The module's source text.
    pub source: String,
}

/// One of the routes between two continents; all other ways have the backbone alone.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// The accelerated one, of the measured round trips.
    #[default]
    Backbone,
    /// The public internet: slower, with more jitter.
    Internet,
}

impl Route {
    /// Its name in metrics, files and answers.
    pub fn name(self) -> &'static str {
        match self {
            Route::Backbone => "backbone",
            Route::Internet => "internet",
        }
    }
}

/// When the messages of a pair of regions leave the backbone for the public internet, and when they return.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    /// Time between two probes of a route that carries messages.
    pub probe_us: u64,
    /// A probe is late beyond so many times the declared round trip, and `late_us` more.
    pub late_factor: f64,
    /// What is added to that bound.
    pub late_us: u64,
    /// So many late or lost probes among twice as many make a pair leave the backbone; a broken connection does at once.
    pub bad: u32,
    /// So many probes of the backbone in time, one after the other, make it return.
    pub good: u32,
}

impl Default for Fallback {
    fn default() -> Fallback {
        Fallback { probe_us: 1_000_000, late_factor: 1.5, late_us: 40_000, bad: 3, good: 5 }
    }
}

impl Fallback {
    /// The longest round trip of a probe that is in time, microseconds, on a route of this declared round trip.
    pub fn bound_us(&self, declared_us: u64) -> u64 {
        ((self.late_factor * declared_us as f64) as u64).saturating_add(self.late_us)
    }

    fn is_default(&self) -> bool {
        *self == Fallback::default()
    }
}

/// A whole world. The order of every table is the meaning of the ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorldSpec {
    /// Name, such as `tokyo-paris`.
    pub name: String,
    /// Seed of everything drawn.
    pub seed: u64,
    /// Region names.
    pub regions: Vec<String>,
    /// Chains.
    pub chains: Vec<ChainSpec>,
    /// Processes.
    pub processes: Vec<ProcessSpec>,
    /// Nodes: a chain's replicas before its holders, in the order of `chains`.
    pub nodes: Vec<NodeSpec>,
    /// One link per ordered pair of regions, the pair of a region with itself included.
    pub links: Vec<LinkSpec>,
    /// The second route, over the public internet, of the ordered pairs that have one: regions of two continents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub internet: Vec<LinkSpec>,
    /// When those pairs use it.
    #[serde(default, skip_serializing_if = "Fallback::is_default")]
    pub fallback: Fallback,
    /// Whom to choose in S1 and R2, where a policy says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<Policy>,
    /// Protocol parameters.
    pub parameters: Parameters,
}

/// Most bytes of a selection policy's source, and of its name.
pub const MOST_POLICY: usize = 64 << 10;
const MOST_POLICY_NAME: usize = 255;

/// Why a resolved world is not usable.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the resolved world is not usable: {0}; resolve it again with `globelet world check`")]
pub struct WorldError(pub String);

impl WorldSpec {
    /// Nodes of a chain with a role, in table order.
    pub fn members(&self, chain: ChainId, role: Role) -> Vec<NodeId> {
        let ids = 0u16..;
        ids.zip(&self.nodes).filter(|(_, n)| n.chain == chain && n.role == role).map(|(i, _)| NodeId(i)).collect()
    }

    /// Seats of a chain's committee: as many as it has replicas, unless some of those stand by.
    pub fn seats(&self, chain: ChainId) -> usize {
        let declared = self.chains.get(chain.index()).and_then(|c| c.seats);
        declared.map_or_else(|| self.members(chain, Role::Replica).len(), usize::from)
    }

    /// The link from one region to another.
    pub fn link(&self, from: RegionId, to: RegionId) -> Option<&LinkSpec> {
        self.links.iter().find(|l| l.from == from && l.to == to)
    }

    /// The link from one region to another over a route.
    pub fn link_over(&self, from: RegionId, to: RegionId, route: Route) -> Option<&LinkSpec> {
        match route {
            Route::Backbone => self.link(from, to),
            Route::Internet => self.internet.iter().find(|l| l.from == from && l.to == to),
        }
    }

    /// The link that a message between two nodes travels.
    pub fn link_between(&self, from: NodeId, to: NodeId) -> Option<&LinkSpec> {
        self.link(self.nodes.get(from.index())?.region, self.nodes.get(to.index())?.region)
    }

    /// Checks that every index points into its table, that times can be summed, and that every committee bears a fault.
    ///
    /// # Errors
    /// [`WorldError`] with the first thing wrong.
    pub fn check(&self) -> Result<(), WorldError> {
        let fail = |text: String| Err(WorldError(text));
        crate::bounds::check(self)?;
        for node in &self.nodes {
            if node.chain.index() >= self.chains.len()
                || node.region.index() >= self.regions.len()
                || usize::from(node.process) >= self.processes.len()
            {
                return fail(format!("node {} points outside the tables", node.name));
            }
        }
        for from in 0..self.regions.len() as u16 {
            for to in 0..self.regions.len() as u16 {
                if self.link(RegionId(from), RegionId(to)).is_none() {
                    return fail(format!("no link from region {from} to region {to}"));
                }
            }
        }
        if let Some(lone) =
            self.internet.iter().find(|l| self.link_over(l.to, l.from, Route::Internet).is_none() || l.from == l.to)
        {
            return fail(format!("the internet route from region {} to region {} has no way back", lone.from, lone.to));
        }
        let rules = &self.fallback;
        if rules.probe_us == 0 || !rules.late_factor.is_finite() || rules.bad == 0 || rules.good == 0 {
            return fail("the fallback has a bound of zero or beyond numbers".into());
        }
        if self.internet.iter().any(|l| self.link(l.from, l.to).is_none()) {
            return fail("an internet route lies outside the table of regions".into());
        }
        if self.selection.as_ref().is_some_and(|p| p.source.len() > MOST_POLICY || p.name.len() > MOST_POLICY_NAME) {
            return fail(format!("the selection policy is longer than {MOST_POLICY} bytes"));
        }
        for (index, chain) in self.chains.iter().enumerate() {
            let (replicas, seats) =
                (self.members(ChainId(index as u16), Role::Replica).len(), self.seats(ChainId(index as u16)));
            if replicas.min(seats) < 4 {
                return fail(format!("chain {} has fewer than four replicas", chain.name));
            }
            if seats > replicas || (seats < replicas && chain.kind != ChainKind::Municipal) {
                return fail(format!("chain {} has {seats} seats for {replicas} replicas", chain.name));
            }
            if chain.parent.is_some_and(|p| p.index() >= self.chains.len()) {
                return fail(format!("chain {} has a parent outside the table", chain.name));
            }
        }
        Ok(())
    }
}
