//! The beginning of a world: its keys, dealt once by its own authority.
use crate::lane::LaneSecrets;
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_signatures as signatures;
use globelet_threshold as threshold;
use globelet_threshold::signature::{deal_signing, SigningCommittee, SigningShare};
use globelet_types::world::{ChainKind, Role, WorldError, WorldSpec};
use globelet_types::{AccountId, ChainId, Hash, NodeId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A node's public keys, hexadecimal in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeKeys {
    /// Ed25519.
    #[serde(with = "hex::serde")]
    pub signing: [u8; 32],
    /// ECVRF-EDWARDS25519-SHA512-TAI.
    #[serde(with = "hex::serde")]
    pub vrf: [u8; 32],
    /// ML-DSA-65.
    #[serde(with = "hex::serde")]
    pub post_quantum: Vec<u8>,
    /// What shares of a committee's keys are sealed to, in a world of epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<HexAccount>,
}

/// Everything public about a world at its beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Genesis {
    /// The resolved world.
    pub world: WorldSpec,
    /// Keys, by node.
    pub nodes: Vec<NodeKeys>,
    /// Per chain, the Borsh encoding of its threshold public key; empty above municipal level.
    pub thresholds: Vec<HexBytes>,
    /// Per chain, the Borsh encoding of its committee's key for checkpoints; empty above municipal level.
    pub checkpoints: Vec<HexBytes>,
    /// Per chain, the public key that lane keys are encapsulated to; empty above municipal level.
    pub lanes: Vec<HexBytes>,
    /// Per chain, the treasury account of a municipality.
    pub treasuries: Vec<Option<HexAccount>>,
    #[serde(skip)]
    known_id: KnownId,
}

/// A genesis' id once it was asked for; a copy asks again, since it may be changed first.
#[derive(Debug, Default)]
struct KnownId(OnceLock<Hash>);

impl Clone for KnownId {
    fn clone(&self) -> KnownId {
        KnownId::default()
    }
}

impl PartialEq for KnownId {
    fn eq(&self, _: &KnownId) -> bool {
        true
    }
}

/// Bytes that JSON holds as hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HexBytes(#[serde(with = "hex::serde")] pub Vec<u8>);

/// An account that JSON holds as hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HexAccount(#[serde(with = "hex::serde")] pub [u8; 32]);

/// What one node alone knows. Its `Debug` shows nothing secret.
#[derive(Clone, BorshSerialize, BorshDeserialize)]
pub struct NodeSecrets {
    /// Which node.
    pub node: NodeId,
    /// Ed25519 seed.
    pub signing: [u8; 32],
    /// VRF seed.
    pub vrf: [u8; 32],
    /// ML-DSA-65 seed.
    pub post_quantum: [u8; 32],
    /// Share of the committee's threshold key, for a replica of the first municipal committee.
    pub threshold: Option<threshold::KeyShare>,
    /// Share of the committee's key for checkpoints, for such a replica.
    pub checkpoint: Option<SigningShare>,
    /// What its municipality agrees on lane keys by, for a municipal replica.
    pub lanes: Option<LaneSecrets>,
}

impl NodeSecrets {
    /// What the key follows from that shares of a committee's keys are sealed to.
    pub(crate) fn transport_seed(&self) -> [u8; 32] {
        derive(&self.signing, "transport", self.node.0, 0)
    }
}

impl std::fmt::Debug for NodeSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NodeSecrets(node {})", self.node)
    }
}

/// A dealt world: what everyone may see, and each node's and treasury's secrets.
#[derive(Debug)]
pub struct Deal {
    /// Public.
    pub genesis: Genesis,
    /// Secret, by node.
    pub secrets: Vec<NodeSecrets>,
    /// Ed25519 seeds of the treasuries, by municipality.
    pub treasuries: BTreeMap<ChainId, [u8; 32]>,
}

fn derive(root: &[u8; 32], purpose: &str, a: u16, b: u16) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(root);
    hasher.update(purpose.as_bytes());
    hasher.update(&a.to_le_bytes());
    hasher.update(&b.to_le_bytes());
    *hasher.finalize().as_bytes()
}

impl Deal {
    /// Deals every key of a world from 32 random bytes. Same bytes, same keys.
    ///
    /// # Errors
    /// [`WorldError`] if the resolved world is not usable.
    pub fn new(world: WorldSpec, randomness: &[u8; 32]) -> Result<Deal, WorldError> {
        world.check()?;
        let mut secrets = Vec::new();
        let mut nodes = Vec::new();
        for index in 0..world.nodes.len() as u16 {
            let (mut keys, secret) = node_keys(randomness, NodeId(index));
            if world.parameters.epoch_us > 0 {
                let transport = threshold::TransportKey::from_seed(&secret.transport_seed());
                keys.transport = Some(HexAccount(transport.public()));
            }
            nodes.push(keys);
            secrets.push(secret);
        }
        let mut thresholds = Vec::new();
        let mut checkpoints = Vec::new();
        let mut treasuries = BTreeMap::new();
        let mut accounts = Vec::new();
        for (index, chain) in world.chains.iter().enumerate() {
            let id = ChainId(index as u16);
            if chain.kind != ChainKind::Municipal {
                thresholds.push(HexBytes(Vec::new()));
                checkpoints.push(HexBytes(Vec::new()));
                accounts.push(None);
                continue;
            }
            thresholds.push(HexBytes(deal_threshold(&world, id, randomness, &mut secrets)?));
            checkpoints.push(HexBytes(deal_checkpoint(&world, id, randomness, &mut secrets)?));
            let seed = derive(randomness, "treasury", id.0, 0);
            accounts.push(Some(HexAccount(signatures::SigningKey::from_seed(&seed).public())));
            treasuries.insert(id, seed);
        }
        let lanes = deal_lanes(&world, randomness, &mut secrets);
        let known_id = KnownId::default();
        let genesis = Genesis { world, nodes, thresholds, checkpoints, lanes, treasuries: accounts, known_id };
        Ok(Deal { genesis, secrets, treasuries })
    }
}

fn node_keys(randomness: &[u8; 32], node: NodeId) -> (NodeKeys, NodeSecrets) {
    let secret = NodeSecrets {
        node,
        signing: derive(randomness, "signing", node.0, 0),
        vrf: derive(randomness, "vrf", node.0, 0),
        post_quantum: derive(randomness, "post-quantum", node.0, 0),
        threshold: None,
        checkpoint: None,
        lanes: None,
    };
    let keys = NodeKeys {
        signing: signatures::SigningKey::from_seed(&secret.signing).public(),
        vrf: globelet_vrf::SecretKey::from_seed(&secret.vrf).public(),
        post_quantum: signatures::mldsa::SigningKey::from_seed(&secret.post_quantum).public(),
        transport: None,
    };
    (keys, secret)
}

fn deal_threshold(
    world: &WorldSpec,
    chain: ChainId,
    randomness: &[u8; 32],
    secrets: &mut [NodeSecrets],
) -> Result<Vec<u8>, WorldError> {
    let mut members = world.members(chain, Role::Replica);
    members.truncate(world.seats(chain));
    let n = members.len() as u16;
    let needed = (n - 1) / 3 + 1;
    let (public, shares) = threshold::deal(n, needed, &derive(randomness, "threshold", chain.0, 0))
        .map_err(|e| WorldError(e.to_string()))?;
    for (member, share) in members.into_iter().zip(shares) {
        secrets[member.index()].threshold = Some(share);
    }
    Ok(globelet_types::encode(&public))
}

/// A checkpoint is signed by a quorum: n - f.
fn deal_checkpoint(
    world: &WorldSpec,
    chain: ChainId,
    randomness: &[u8; 32],
    secrets: &mut [NodeSecrets],
) -> Result<Vec<u8>, WorldError> {
    let mut members = world.members(chain, Role::Replica);
    members.truncate(world.seats(chain));
    let n = members.len() as u16;
    let (public, shares) = deal_signing(n, n - (n - 1) / 3, &derive(randomness, "checkpoint", chain.0, 0))
        .map_err(|e| WorldError(e.to_string()))?;
    for (member, share) in members.into_iter().zip(shares) {
        secrets[member.index()].checkpoint = Some(share);
    }
    Ok(globelet_types::encode(&public))
}

/// Each municipality's replicas get the same secrets; everybody gets the public key.
fn deal_lanes(world: &WorldSpec, randomness: &[u8; 32], secrets: &mut [NodeSecrets]) -> Vec<HexBytes> {
    let mut public = Vec::new();
    for (index, chain) in world.chains.iter().enumerate() {
        if chain.kind != ChainKind::Municipal {
            public.push(HexBytes(Vec::new()));
            continue;
        }
        let id = ChainId(index as u16);
        let dealt = LaneSecrets {
            seed: derive(randomness, "lane seed", id.0, 0),
            randomness: derive(randomness, "lane randomness", id.0, 0),
        };
        public.push(HexBytes(dealt.public(world.parameters.lane_kem)));
        for member in world.members(id, Role::Replica) {
            secrets[member.index()].lanes = Some(dealt.clone());
        }
    }
    public
}

impl Genesis {
    /// BLAKE3 of the genesis as JSON: the world's identity. Found out once; a genesis in use does not change.
    pub fn id(&self) -> Hash {
        *self.known_id.0.get_or_init(|| {
            let json = serde_json::to_vec(self).expect("a genesis has no maps with odd keys");
            *blake3::hash(&json).as_bytes()
        })
    }

    /// First eight bytes of [`Genesis::id`], little-endian: what orders are signed for.
    pub fn tag(&self) -> u64 {
        let id = self.id();
        u64::from_le_bytes([id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7]])
    }

    /// The threshold public key of a municipality.
    pub fn threshold(&self, chain: ChainId) -> Option<threshold::PublicKey> {
        globelet_types::decode(&self.thresholds.get(chain.index())?.0).ok()
    }

    /// The key that a municipality's committee signs checkpoints with.
    pub fn signing_committee(&self, chain: ChainId) -> Option<SigningCommittee> {
        globelet_types::decode(&self.checkpoints.get(chain.index())?.0).ok()
    }

    /// The public key that keys of lanes to a municipality are encapsulated to.
    pub fn lane_key(&self, chain: ChainId) -> Option<&[u8]> {
        self.lanes.get(chain.index()).map(|key| key.0.as_slice()).filter(|key| !key.is_empty())
    }

    /// The treasury account of a municipality.
    pub fn treasury(&self, chain: ChainId) -> Option<AccountId> {
        self.treasuries.get(chain.index())?.map(|a| AccountId(a.0))
    }
}
