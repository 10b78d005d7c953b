//! A whole world, as small as one can be: two municipalities, their continent and the globe. It is run once, with losses;
//! what its nodes heard, said and published is kept.
use super::towns;
use globelet_protocol::{Deal, Effect, Event, Genesis, Message, NodeSecrets, Publication, Receipt, State, Timer};
use globelet_signatures::SigningKey;
use globelet_types::world::{
    ChainKind, ChainSpec, Fallback, LaneKem, LinkSpec, NodeSpec, Parameters, ProcessSpec, Role, WorldSpec,
};
use globelet_types::{ChainId, Hash, NodeId, Order, RegionId, SignedOrder, Transfer};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Four replicas and three holders in each town, then four replicas of the continent, then four of the globe.
pub const NODES: u16 = 22;
const TOWNS: [ChainId; 2] = [ChainId(0), ChainId(1)];
const START: u64 = 1_000_000_000;

fn node(index: u16) -> NodeSpec {
    let chain = if index < 14 { index / 7 } else { 2 + (index - 14) / 4 };
    let holder = chain < 2 && index % 7 >= 4;
    NodeSpec {
        name: format!("node {index}"),
        chain: ChainId(chain),
        role: if holder { Role::Holder } else { Role::Replica },
        region: RegionId(0),
        city: "town".into(),
        latitude: 35.0,
        longitude: 139.0,
        stake: 1,
        process: chain,
    }
}

fn world() -> WorldSpec {
    let chain = |name: &str, kind, parent| ChainSpec { name: name.into(), kind, parent, population: 1, seats: None };
    let process = |name: &str| ProcessSpec { name: name.into(), host: "127.0.0.1".into(), http_port: 1, node_port: 2 };
    WorldSpec {
        name: "earth".into(),
        seed: 1,
        regions: vec!["region".into()],
        chains: vec![
            chain("here", ChainKind::Municipal, Some(ChainId(2))),
            chain("there", ChainKind::Municipal, Some(ChainId(2))),
            chain("continent", ChainKind::Continental, Some(ChainId(3))),
            chain("globe", ChainKind::Global, None),
        ],
        processes: ["here", "there", "continent", "globe"].map(process).to_vec(),
        nodes: (0..NODES).map(node).collect(),
        links: vec![LinkSpec { from: RegionId(0), to: RegionId(0), delay_us: 1, jitter_us: 0, loss: 0.0 }],
        internet: Vec::new(),
        fallback: Fallback::default(),
        selection: None,
        parameters: Parameters { report_us: 200_000, repair_us: 100_000, ..towns::parameters(LaneKem::default()) },
    }
}

/// The world, and what happened in it.
pub struct Earth {
    pub genesis: Arc<Genesis>,
    secrets: Vec<NodeSecrets>,
    treasuries: BTreeMap<ChainId, [u8; 32]>,
    states: Vec<State>,
    now: u64,
    mail: VecDeque<(NodeId, NodeId, Message)>,
    timers: BTreeSet<(u64, NodeId, Timer)>,
    sent: u64,
    /// By node, what it handled, and when.
    pub logs: Vec<Vec<(u64, Event)>>,
    /// Each message as it was sent.
    pub said: Vec<Message>,
    /// Receipts as they were on the way, and when they were complete.
    pub receipts: Vec<Receipt>,
    /// Hashes of certified blocks.
    pub certified: BTreeMap<(ChainId, u64), Hash>,
}

impl Earth {
    /// Runs it for seven seconds, of which the first two see payments.
    pub fn run() -> Earth {
        let dealt = Deal::new(world(), &[3; 32]).unwrap();
        let genesis = Arc::new(dealt.genesis);
        let states = dealt.secrets.iter().map(|secrets| State::new(genesis.clone(), secrets.clone())).collect();
        let mut earth = Earth {
            genesis,
            secrets: dealt.secrets,
            treasuries: dealt.treasuries,
            states,
            now: START,
            mail: VecDeque::new(),
            timers: BTreeSet::new(),
            sent: 0,
            logs: (0..NODES).map(|_| Vec::new()).collect(),
            said: Vec::new(),
            receipts: Vec::new(),
            certified: BTreeMap::new(),
        };
        (0..NODES).for_each(|n| earth.handle(NodeId(n), Event::Started));
        for nonce in 1..=4 {
            TOWNS.iter().for_each(|town| earth.pay(*town, nonce));
            earth.run_for(500_000);
        }
        earth.run_for(5_000_000);
        earth
    }

    /// A node as it was after so many thousandths of all it handled.
    pub fn state(&self, node: u16, thousandths: usize) -> (u64, State) {
        let mut state = State::new(self.genesis.clone(), self.secrets[usize::from(node)].clone());
        let log = &self.logs[usize::from(node)];
        let mut now = START;
        for (at, event) in &log[..log.len() * thousandths / 1_000] {
            state.handle(*at, event.clone());
            now = *at;
        }
        (now, state)
    }

    fn pay(&mut self, from: ChainId, nonce: u64) {
        let to = TOWNS[usize::from(from == TOWNS[0])];
        let order = Order::Transfer(Transfer {
            world: self.genesis.tag(),
            source: from,
            destination: to,
            from: self.genesis.treasury(from).unwrap(),
            to: self.genesis.treasury(to).unwrap(),
            amount: 10 + nonce,
            nonce,
            expires_us: START + 60_000_000,
        });
        let signature = SigningKey::from_seed(&self.treasuries[&from]).sign(&order.signing_bytes());
        let (ingress, id) = (NodeId(7 * from.0), order.id());
        self.handle(ingress, Event::Submitted { request: nonce, orders: vec![SignedOrder { order, signature }] });
        self.receipts.extend(self.states[ingress.index()].receipt(&id));
    }

    fn run_for(&mut self, us: u64) {
        let end = self.now + us;
        loop {
            if let Some((from, to, message)) = self.mail.pop_front() {
                self.now += 1;
                self.handle(to, Event::MessageReceived { from, route: None, message });
            } else if self.timers.first().is_some_and(|(at, ..)| *at <= end) {
                let Some((at, node, timer)) = self.timers.pop_first() else { continue };
                self.now = self.now.max(at);
                self.handle(node, Event::TimerExpired(timer));
            } else {
                self.now = self.now.max(end);
                return;
            }
        }
    }

    fn handle(&mut self, node: NodeId, event: Event) {
        self.logs[node.index()].push((self.now, event.clone()));
        for effect in self.states[node.index()].handle(self.now, event) {
            match effect {
                Effect::Send { to, message } => {
                    to.into_iter().for_each(|to| self.post(node, to, message.clone()));
                    self.said.push(message);
                }
                Effect::StartTimer { after_us, timer } => {
                    self.timers.insert((self.now + after_us, node, timer));
                }
                Effect::Publish(Publication::ReceiptCompleted(receipt)) => self.receipts.push(*receipt),
                Effect::Publish(Publication::BlockCertified { chain, height, hash, .. }) => {
                    self.certified.insert((chain, height), hash);
                }
                _ => {}
            }
        }
    }

    /// One message in thirteen is lost, so that all kinds of repair are heard too.
    fn post(&mut self, from: NodeId, to: NodeId, message: Message) {
        self.sent += 1;
        if !self.sent.is_multiple_of(13) {
            self.mail.push_back((from, to, message));
        }
    }
}
