//! A municipal replica: S0 to S5 as a source, R1 to R5 as a destination.
mod above;
mod book;
mod catchup;
mod ceremony;
mod challenge;
mod checkpoint;
mod coins;
mod commit;
mod doubt;
mod election;
mod epochs;
mod extension;
mod handover;
mod hold;
mod inbox;
mod index;
mod ingress;
mod keys_ahead;
mod lane_keys;
mod opening;
mod pace;
mod post_quantum;
mod proofs;
mod renewal;
mod repair;
mod round;
mod rounds;
mod seats;
mod standing;
mod votes;

use super::committee::{of_kind, Committee};
use super::interval::Interval;
use super::ledger::Ledger;
use crate::{Effect, Event, Genesis, LedgerView, Message, NodeSecrets, Publication, Receipt, Timer, Weighted};
use globelet_clock::Clock;
use globelet_erasure::Codec;
use globelet_sharding::{Books, Map};
use globelet_signatures::SigningKey;
use globelet_threshold as threshold;
use globelet_types::world::ChainKind;
use globelet_types::{AccountId, ChainId, Micros, NodeId, OrderId};
use std::sync::Arc;

/// Everything fixed at genesis that a municipal replica works with.
pub(crate) struct Frame {
    pub genesis: Arc<Genesis>,
    pub tag: u64,
    pub chain: ChainId,
    pub continent: Option<ChainId>,
    pub globe: Option<ChainId>,
    pub me: u16,
    pub committees: Vec<Committee>,
    pub key: SigningKey,
    pub vrf: globelet_vrf::SecretKey,
    pub threshold: threshold::PublicKey,
    pub body_codec: Codec,
    pub seed: [u8; 32],
    /// What follows from it opens the shares of keys that others deal to this replica.
    pub transport: [u8; 32],
}

impl Frame {
    pub fn committee(&self) -> &Committee {
        &self.committees[self.chain.index()]
    }

    pub fn others(&self) -> Vec<NodeId> {
        self.committee().others(self.me)
    }

    pub fn parameters(&self) -> &globelet_types::world::Parameters {
        &self.genesis.world.parameters
    }

    /// True if accounts can lie there.
    pub fn is_municipality(&self, chain: ChainId) -> bool {
        self.genesis.world.chains.get(chain.index()).is_some_and(|c| c.kind == ChainKind::Municipal)
    }

    /// What decides the choices of this replica's filters, known to nobody else.
    fn index_seed(&self) -> u64 {
        let hash = blake3::keyed_hash(&self.seed, b"globelet index 1");
        hash.as_bytes().first_chunk().copied().map_or(0, u64::from_le_bytes)
    }

    /// The codec for parcels that leave a committee of `n` replicas.
    pub fn parcel_codec(&self, source: ChainId) -> Option<Codec> {
        let n = self.committees.get(source.index())?.replicas.len();
        Codec::new(usize::from(self.parameters().parcel_shards_needed), n).ok()
    }
}

/// A replica of one municipality's committee.
pub(crate) struct Municipal {
    frame: Frame,
    clock: Clock,
    ledger: Ledger,
    ingress: ingress::Ingress,
    vertices: hold::Vertices,
    round: rounds::Rounds,
    chain: commit::Chain,
    inbox: inbox::Inbox,
    lane_keys: lane_keys::LaneKeys,
    book: book::Book,
    epochs: epochs::Epochs,
    index: index::Index,
    interval: Interval,
    unproven: post_quantum::Unproven,
    checkpoints: checkpoint::Checkpoints,
    challenges: challenge::Challenges,
    repair_armed: bool,
    /// Round and certified height at the last look for what is stuck.
    progress: (u64, u64),
    /// Peers have not been asked yet what happened while this replica was away.
    restarted: bool,
}

/// Effects as they accumulate while one event is handled.
#[derive(Default)]
pub(crate) struct Out(pub Vec<Effect>);

impl Out {
    pub fn send(&mut self, to: Vec<NodeId>, message: Message) {
        if !to.is_empty() {
            self.0.push(Effect::Send { to, message });
        }
    }

    pub fn persist(&mut self) {
        if !self.0.iter().any(|e| matches!(e, Effect::Persist)) {
            self.0.push(Effect::Persist);
        }
    }

    pub fn timer(&mut self, after_us: u64, timer: Timer) {
        self.0.push(Effect::StartTimer { after_us, timer });
    }

    pub fn publish(&mut self, publication: Publication) {
        self.0.push(Effect::Publish(publication));
    }

    pub fn misbehaviour(&mut self, member: u16, what: &str) {
        self.publish(Publication::Misbehaviour { member, what: what.to_owned() });
    }
}

impl Municipal {
    /// `None` if the secrets are not those of a municipal replica of this world.
    pub fn new(genesis: Arc<Genesis>, secrets: &NodeSecrets) -> Option<Municipal> {
        let chain = genesis.world.nodes.get(secrets.node.index())?.chain;
        let committees = Committee::all(&genesis);
        let committee = committees.get(chain.index())?;
        let places = committee.replicas.len() + committee.holders.len();
        let parameters = &genesis.world.parameters;
        let frame = Frame {
            tag: genesis.tag(),
            chain,
            continent: genesis.world.chains[chain.index()].parent,
            globe: of_kind(&genesis, ChainKind::Global).first().copied(),
            me: committee.member(secrets.node)?,
            key: SigningKey::from_seed(&secrets.signing),
            vrf: globelet_vrf::SecretKey::from_seed(&secrets.vrf),
            threshold: genesis.threshold(chain)?,
            body_codec: Codec::new(usize::from(parameters.shards_needed), places).ok()?,
            seed: secrets.signing,
            transport: secrets.transport_seed(),
            committees,
            genesis,
        };
        let n = frame.committee().size();
        let parameters = frame.parameters();
        let holders = &frame.committee().holders;
        let holders = holders.iter().map(|h| Weighted::by_stake(&frame.genesis.world, *h)).collect();
        let seats = seats::Seats::of(frame.committee().term(), frame.me);
        let epochs = epochs::Epochs::new(&frame, secrets);
        let sources = of_kind(&frame.genesis, ChainKind::Municipal).into_iter().filter(|c| *c != chain).collect();
        Some(Municipal {
            clock: Clock::new(parameters.skew_us),
            ledger: Ledger::new(chain, frame.genesis.treasury(chain), parameters.treasury)?,
            ingress: ingress::Ingress::new(holders, parameters.batch_us),
            vertices: hold::Vertices::new(n),
            round: rounds::Rounds::new(n, seats, sources, parameters.batch_us)?,
            chain: commit::Chain::default(),
            inbox: inbox::Inbox::default(),
            lane_keys: lane_keys::LaneKeys::new(&frame.genesis, secrets.lanes.clone()?, chain),
            index: index::Index::new(frame.index_seed()),
            book: book::Book::new(frame.me, SigningKey::from_seed(&secrets.signing)),
            interval: Interval::new(&frame.genesis, secrets, chain, frame.me),
            unproven: post_quantum::Unproven::default(),
            checkpoints: checkpoint::Checkpoints::new(secrets.checkpoint.clone()),
            epochs,
            challenges: challenge::Challenges::default(),
            repair_armed: false,
            progress: (0, 0),
            restarted: false,
            frame,
        })
    }

    pub fn handle(&mut self, now: Micros, event: Event) -> Vec<Effect> {
        let mut out = Out::default();
        match event {
            Event::Started => self.resume(now, &mut out),
            Event::MessageReceived { from, route, message: Message::Parcel(shard) } => {
                self.parcel_shard(now, (from, route), shard, &mut out);
            }
            Event::MessageReceived { from, message, .. } => self.message(now, from, message, &mut out),
            Event::TimerExpired(Timer::Seal) => self.seal_due(now, &mut out),
            Event::TimerExpired(Timer::Hurry) => self.hurry_due(now, &mut out),
            Event::TimerExpired(Timer::Round) => self.round_due(now, &mut out),
            Event::TimerExpired(Timer::Repair) => self.repair(now, &mut out),
            Event::TimerExpired(Timer::Interval) => self.interval_due(now, &mut out),
            Event::TimerExpired(_) => {}
            Event::Submitted { request, orders } => self.submitted(now, request, orders, &mut out),
            Event::CandidatesChanged { holders } => self.candidates_changed(holders),
            Event::SourcesChanged { source, replicas } => self.sources_changed(source, replicas),
        }
        self.arm_repair(&mut out);
        self.interval.arm(&mut out);
        out.0
    }

    fn message(&mut self, now: Micros, from: NodeId, message: Message, out: &mut Out) {
        let member = self.frame.committee().member(from);
        match (message, member) {
            (Message::Hold { header, signature, shard, own, holding }, Some(m)) => {
                self.hold(now, m, hold::Request { header, signature, shard, own, holding }, out)
            }
            (Message::Held { vertex, proposer, sequence, proof }, _) => {
                self.held(now, from, (vertex, proposer, sequence), proof, out)
            }
            (Message::Vertex(vertex), Some(m)) => self.vertex(now, m, vertex, out),
            (Message::Vote { height, block, signature }, Some(m)) => self.vote(now, m, height, block, signature, out),
            (Message::Behind { round, certified, next }, Some(m)) => self.behind(m, round, certified, &next, out),
            (Message::VertexBody { vertex, body }, Some(m)) => self.vertex_body(now, m, vertex, body, out),
            (Message::RepairRequest { destination, numbers }, _) => {
                self.repair_request(from, destination, &numbers, out)
            }
            (Message::ParcelWanted { source, number }, Some(m)) => self.parcel_wanted(m, source, number, out),
            (Message::ParcelCopy { header, certificate, parcel }, Some(m)) => {
                self.parcel_copy(now, m, (header, certificate), parcel, out)
            }
            (Message::LaneHead { source, number }, _) => self.lane_head(from, source, number, out),
            (Message::Acknowledged(a), _) => self.acknowledged(now, from, a, out),
            (Message::Anchored(a), _) => self.anchored(now, from, a, out),
            (Message::Interval { interval, leaves }, _) => self.interval(now, from, interval, &leaves, out),
            (Message::Checkpoint { height, share }, Some(m)) => self.checkpoint(now, m, height, share, out),
            (Message::Unproven { heights }, Some(_)) => self.sign_again(from, &heights, out),
            (Message::Handover { epoch, signature }, Some(m)) => self.handover_signed(m, epoch, signature, out),
            (Message::Handovers { chain, proofs }, _) => self.handed_over(now, chain, &proofs, out),
            (Message::HandoversWanted { chain, epoch }, _) => self.handovers_wanted(from, chain, epoch, out),
            (Message::Doubt { member, height, block, signature }, Some(_)) => {
                self.doubted(now, member, height, (block, signature), out)
            }
            (Message::LaneKey { number, ciphertext }, _) => self.lane_key(now, from, number, &ciphertext, out),
            (Message::Answer { challenge, answer }, _) => self.answered(now, from, &challenge, &answer, out),
            (message, Some(m)) => self.round_message(now, m, message, out),
            _ => {}
        }
    }

    /// What is said in a round counts by the committee that holds it.
    fn round_message(&mut self, now: Micros, place: u16, message: Message, out: &mut Out) {
        let speaker = |round: &u64| self.round.speaker(*round, place);
        match message {
            Message::Agree { round, messages } => {
                let Some(m) = speaker(&round) else { return };
                self.agree(now, m, round, messages, out)
            }
            Message::Open { round, shares } => {
                let Some(m) = speaker(&round) else { return };
                self.open(now, m, round, shares, out)
            }
            Message::RoundResult { round, decisions } => {
                let Some(m) = speaker(&round) else { return };
                self.round_result(now, m, round, decisions, out)
            }
            _ => {}
        }
    }

    fn arm_repair(&mut self, out: &mut Out) {
        if !self.repair_armed && self.anything_outstanding() {
            self.repair_armed = true;
            out.timer(self.frame.parameters().repair_us, Timer::Repair);
        }
    }

    pub fn receipt(&self, order: &OrderId) -> Option<Receipt> {
        self.book.receipt(order)
    }

    pub fn account(&self, account: &AccountId) -> Option<(u64, u64)> {
        self.ledger.books().account(account).map(|a| (a.balance, a.highest_nonce))
    }

    pub fn height(&self) -> u64 {
        self.chain.height
    }

    pub fn books(&self) -> &Books {
        self.ledger.books()
    }

    pub fn map(&self) -> &Map {
        self.ledger.homes().map()
    }

    pub fn ledger(&self) -> LedgerView {
        let genesis = self.frame.parameters().treasury;
        LedgerView {
            chain: self.frame.chain,
            height: self.chain.height,
            head: self.chain.head,
            certified: self.chain.certified,
            repairs: self.inbox.repairs,
            holders: self.holders_seen(),
            epoch: self.frame.committee().term().epoch(),
            members: self.members_named(),
            stakes: self.stakes_named(),
            map_epoch: self.map().epoch(),
            map_digest: self.map().digest(),
            moved: self.map().len() as u64,
            ..LedgerView::of(self.ledger.books(), genesis)
        }
    }
}
