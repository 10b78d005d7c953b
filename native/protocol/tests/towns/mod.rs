//! Municipalities of four replicas and three holders each, nothing above them, and the mail between their nodes.
#![allow(dead_code)] // each test binary uses some of it
use globelet_protocol::lane::LaneCiphertext;
use globelet_protocol::message::ParcelShard;
use globelet_protocol::{Deal, Effect, Event, Genesis, Message, NodeSecrets, Publication, State, Timer};
use globelet_signatures::SigningKey;
use globelet_types::world::{
    ChainKind, ChainSpec, Fallback, LaneKem, LinkSpec, NodeSpec, Parameters, ProcessSpec, Role, WorldSpec,
};
use globelet_types::{ChainId, NodeId, Order, RegionId, SignedOrder, Transfer};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

pub const HERE: ChainId = ChainId(0);
pub const THERE: ChainId = ChainId(1);
pub const CHEAT: NodeId = NodeId(1);
pub const START: u64 = 1_000_000_000;
pub const INTERVAL: u64 = globelet_protocol::lane::LENGTH_US;
const TREASURY: u64 = 1_000;

fn node(index: usize) -> NodeSpec {
    NodeSpec {
        name: format!("node {index}"),
        chain: ChainId((index / 7) as u16),
        role: if index % 7 < 4 { Role::Replica } else { Role::Holder },
        region: RegionId(0),
        city: "town".into(),
        latitude: 0.0,
        longitude: 0.0,
        stake: 1,
        process: 0,
    }
}

pub fn parameters(lane_kem: LaneKem) -> Parameters {
    Parameters {
        shards_needed: 3,
        proofs_needed: 5,
        parcel_shards_needed: 2,
        batch_us: 1_000,
        batch_most: 100,
        waiting_most: 100,
        holding_us: 7_200_000_000,
        report_us: 500_000,
        repair_us: 300_000,
        timeout_us: 1_000_000,
        skew_us: 500_000,
        treasury: TREASURY,
        lane_kem,
        holders_drawn: 0,
        epoch_us: 0,
        place_share_ppm: 0,
    }
}

fn world(towns: usize, lane_kem: LaneKem) -> WorldSpec {
    let town = |name: &&str| ChainSpec {
        name: (*name).into(),
        kind: ChainKind::Municipal,
        parent: None,
        population: 1,
        seats: None,
    };
    let process = ProcessSpec { name: "towns".into(), host: "127.0.0.1".into(), http_port: 6100, node_port: 16100 };
    WorldSpec {
        name: "towns".into(),
        seed: 1,
        regions: vec!["region".into()],
        chains: ["here", "there"][..towns].iter().map(town).collect(),
        processes: vec![process],
        nodes: (0..7 * towns).map(node).collect(),
        links: vec![LinkSpec { from: RegionId(0), to: RegionId(0), delay_us: 1, jitter_us: 0, loss: 0.0 }],
        internet: Vec::new(),
        fallback: Fallback::default(),
        selection: None,
        parameters: parameters(lane_kem),
    }
}

/// What becomes of a message on its way.
pub enum Fate {
    Arrives,
    Lost,
    /// It comes so many microseconds late.
    Late(u64),
}

/// Sees each message on its way, and may change it: the towns, the sender, the message.
pub type Bend = Rc<dyn Fn(&Towns, NodeId, &mut Message) -> Fate>;

/// The nodes, their messages in order, their timers by the clock.
pub struct Towns {
    pub genesis: Arc<Genesis>,
    pub secrets: Vec<NodeSecrets>,
    treasuries: BTreeMap<ChainId, [u8; 32]>,
    pub states: Vec<State>,
    pub now: u64,
    mail: VecDeque<(NodeId, NodeId, Message)>,
    late: BTreeMap<u64, (NodeId, NodeId, Message)>,
    pub timers: BTreeSet<(u64, NodeId, Timer)>,
    nonces: u64,
    bend: Bend,
    /// Each parcel's shard as its sender sent it.
    pub shards: Vec<(NodeId, NodeId, ParcelShard)>,
    /// Each ciphertext of a lane's key as its sender sent it, with a parcel or ahead: the source, the key's number.
    pub keys: Vec<(ChainId, u64, LaneCiphertext)>,
    /// Interval signatures sent.
    pub intervals: usize,
    pub reports: Vec<(NodeId, u16, String)>,
}

impl Towns {
    /// One town, or two.
    pub fn new(towns: usize, lane_kem: LaneKem, bend: Bend) -> Towns {
        let dealt = Deal::new(world(towns, lane_kem), &[3; 32]).unwrap();
        let genesis = Arc::new(dealt.genesis);
        let states = dealt.secrets.iter().map(|secrets| State::new(genesis.clone(), secrets.clone())).collect();
        Towns {
            genesis,
            secrets: dealt.secrets,
            treasuries: dealt.treasuries,
            states,
            now: START,
            mail: VecDeque::new(),
            late: BTreeMap::new(),
            timers: BTreeSet::new(),
            nonces: 0,
            bend,
            shards: Vec::new(),
            keys: Vec::new(),
            intervals: 0,
            reports: Vec::new(),
        }
    }

    /// One treasury pays the other, through the first replica of its town.
    pub fn pay(&mut self, from: ChainId, amount: u64) {
        let to = if from == HERE { THERE } else { HERE };
        let key = SigningKey::from_seed(&self.treasuries[&from]);
        self.nonces += 1;
        let order = Order::Transfer(Transfer {
            world: self.genesis.tag(),
            source: from,
            destination: to,
            from: self.genesis.treasury(from).unwrap(),
            to: self.genesis.treasury(to).unwrap(),
            amount,
            nonce: self.nonces,
            expires_us: START + 60_000_000,
        });
        self.submit(NodeId(7 * from.0), &key, order);
    }

    /// Hands a node an order that `key` signs.
    pub fn submit(&mut self, node: NodeId, key: &SigningKey, order: Order) {
        let signature = key.sign(&order.signing_bytes());
        let orders = vec![SignedOrder { order, signature }];
        self.handle(node, Event::Submitted { request: self.nonces, orders });
    }

    /// What every replica of a town has in its treasury beyond what it began with.
    pub fn gained(&self, town: ChainId) -> Vec<i64> {
        let treasury = self.genesis.treasury(town).unwrap();
        let replicas = (0..4).map(|i| usize::from(7 * town.0 + i));
        replicas.map(|i| self.states[i].account(&treasury).unwrap().0 as i64 - TREASURY as i64).collect()
    }

    /// Parcels that the replicas of a town brought home by repair.
    pub fn repairs(&self, town: ChainId) -> u64 {
        (0..4).map(|i| self.states[usize::from(7 * town.0 + i)].ledger().repairs).sum()
    }

    pub fn run_for(&mut self, us: u64) {
        self.run_until(self.now + us);
    }

    pub fn run_until(&mut self, end: u64) {
        loop {
            let late = self.late.first_key_value().map_or(u64::MAX, |(at, _)| *at);
            let timer = self.timers.first().map_or(u64::MAX, |t| t.0);
            if let Some((from, to, message)) = self.mail.pop_front() {
                self.now += 1;
                self.handle(to, Event::MessageReceived { from, route: None, message });
                continue;
            }
            if late.min(timer) > end {
                self.now = self.now.max(end);
                return;
            }
            self.now = self.now.max(late.min(timer));
            if late <= timer {
                self.mail.extend(self.late.remove(&late));
            } else if let Some((_, node, timer)) = self.timers.pop_first() {
                self.handle(node, Event::TimerExpired(timer));
            }
        }
    }

    fn handle(&mut self, node: NodeId, event: Event) {
        for effect in self.states[node.index()].handle(self.now, event) {
            match effect {
                Effect::Send { to, message } => to.into_iter().for_each(|t| self.post(node, t, message.clone())),
                Effect::StartTimer { after_us, timer } => {
                    self.timers.insert((self.now + after_us, node, timer));
                }
                Effect::Publish(Publication::Misbehaviour { member, what }) => self.reports.push((node, member, what)),
                _ => {}
            }
        }
    }

    fn post(&mut self, from: NodeId, to: NodeId, mut message: Message) {
        match &message {
            Message::Parcel(shard) => {
                let number = shard.header.lanes[usize::from(shard.lane)].key_number;
                self.keys.extend(shard.ciphertext.iter().map(|c| (shard.header.chain, number, c.clone())));
                self.shards.push((from, to, shard.clone()));
            }
            Message::LaneKey { number, ciphertext } => {
                self.keys.push((ChainId(from.0 / 7), *number, ciphertext.clone()));
            }
            Message::Interval { .. } => self.intervals += 1,
            _ => {}
        }
        let bend = self.bend.clone();
        match bend(self, from, &mut message) {
            Fate::Arrives => self.mail.push_back((from, to, message)),
            Fate::Late(us) => {
                let free = (self.now + us..).find(|at| !self.late.contains_key(at)).unwrap();
                self.late.insert(free, (from, to, message));
            }
            Fate::Lost => {}
        }
    }
}
