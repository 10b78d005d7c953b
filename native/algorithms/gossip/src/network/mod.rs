//! A whole overlay in virtual time: links with fixed delays, members that stop, what arrives counted.
//!
//! Members talk through the codec, never through shared memory. A link keeps order and tells its user when it finds
//! nobody at the other end, as a connection does; a member finds out only by using it. The same seed and the same calls
//! give the same network, to the last view of the last member.

mod arrivals;
mod distances;
mod graph;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use crate::random::Random;
use crate::{decode, encode, GossipError, Input, Member, MessageId, Output, Packet, Peer, Settings, Timer};

pub use arrivals::Arrivals;
pub use distances::Distances;
pub use graph::Graph;

/// Most members of a network.
pub const MOST_MEMBERS: usize = 20_000;
/// Most virtual time that one call runs for: a day, microseconds.
pub const MOST_RUN_US: u64 = 86_400_000_000;
/// Broadcasts whose arrivals are kept.
const KEPT: usize = 256;
/// How long a cut link takes to be noticed, microseconds.
const NOTICED_US: u64 = 1_000_000;
/// Between two joins of [`Network::joined`], microseconds.
const JOIN_US: u64 = 10_000;

/// What waits for its time.
#[derive(Clone, Debug)]
enum Event {
    Heard(Peer, Vec<u8>),
    Told(Input),
}

/// Members in virtual time.
#[derive(Clone, Debug)]
pub struct Network {
    now: u64,
    settings: Settings,
    distances: Distances,
    members: Vec<Option<Member>>,
    /// Peers whose round trip a member has measured.
    measured: Vec<BTreeSet<Peer>>,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, (Peer, Event)>,
    next: u64,
    cut: bool,
    handled: u64,
    random: Random,
    arrivals: BTreeMap<MessageId, Arrivals>,
    newest: VecDeque<MessageId>,
}

impl Network {
    /// Members that have begun and know nobody.
    ///
    /// # Errors
    /// [`GossipError::Members`] for none or more than [`MOST_MEMBERS`], [`GossipError::Setting`].
    pub fn new(count: usize, settings: &Settings, distances: Distances, seed: u64) -> Result<Network, GossipError> {
        settings.check()?;
        if !(1..=MOST_MEMBERS).contains(&count) {
            return Err(GossipError::Members { found: count as u64, most: MOST_MEMBERS as u64 });
        }
        let member = |peer: Peer| Member::new(peer, settings.clone(), seed ^ (u64::from(peer) << 32));
        let mut network = Network {
            now: 0,
            settings: settings.clone(),
            distances,
            members: (0..count as Peer).map(|peer| Some(member(peer))).collect(),
            measured: vec![BTreeSet::new(); count],
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            next: 0,
            cut: false,
            handled: 0,
            random: Random::new(seed),
            arrivals: BTreeMap::new(),
            newest: VecDeque::new(),
        };
        (0..count as Peer).for_each(|peer| network.tell(peer, Input::Started));
        Ok(network)
    }

    /// All join by member 0, one every 10 ms, so that a dozen are on their way at once; then ten periods of calm.
    ///
    /// # Errors
    /// Those of [`Network::new`].
    pub fn joined(count: usize, settings: &Settings, distances: Distances, seed: u64) -> Result<Network, GossipError> {
        Network::joined_every(JOIN_US, count, settings, distances, seed)
    }

    /// As [`Network::joined`], one every so many microseconds.
    ///
    /// # Errors
    /// Those of [`Network::new`], and [`GossipError::TooLong`] above [`MOST_RUN_US`].
    pub fn joined_every(
        micros: u64,
        count: usize,
        settings: &Settings,
        distances: Distances,
        seed: u64,
    ) -> Result<Network, GossipError> {
        let mut network = Network::new(count, settings, distances, seed)?;
        for peer in 1..count as Peer {
            network.tell(peer, Input::Join(0));
            network.run_for(micros)?;
        }
        network.advance(10 * settings.shuffle_us);
        Ok(network)
    }

    /// Virtual time since the beginning, microseconds.
    pub fn now_us(&self) -> u64 {
        self.now
    }

    /// Packets that members have handled.
    pub fn handled(&self) -> u64 {
        self.handled
    }

    /// The settings of all members.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A member, if it runs.
    pub fn member(&self, peer: Peer) -> Option<&Member> {
        self.members.get(usize::from(peer)).and_then(Option::as_ref)
    }

    /// The members that run.
    pub fn alive(&self) -> BTreeSet<Peer> {
        (0..self.members.len() as Peer).filter(|peer| self.member(*peer).is_some()).collect()
    }

    /// Tells a member what happened; one that does not run hears nothing.
    pub fn tell(&mut self, peer: Peer, input: Input) {
        let Some(member) = self.members.get_mut(usize::from(peer)).and_then(Option::as_mut) else { return };
        let outputs = member.handle(input);
        self.carry_out(peer, outputs);
    }

    /// Runs for so many microseconds of virtual time.
    ///
    /// # Errors
    /// [`GossipError::TooLong`] above [`MOST_RUN_US`].
    pub fn run_for(&mut self, micros: u64) -> Result<(), GossipError> {
        if micros > MOST_RUN_US {
            return Err(GossipError::TooLong { found: micros, most: MOST_RUN_US });
        }
        self.advance(micros);
        Ok(())
    }

    /// Broadcasts from a member, runs for so many microseconds, and gives what became of it.
    ///
    /// # Errors
    /// [`GossipError::NoSuchMember`], [`GossipError::PayloadTooLarge`], [`GossipError::TooLong`].
    pub fn broadcast(&mut self, from: Peer, payload: &[u8], wait_us: u64) -> Result<Arrivals, GossipError> {
        let id = MessageId::of(payload);
        let found = self.members.get_mut(usize::from(from)).and_then(Option::as_mut);
        let member = found.ok_or(GossipError::NoSuchMember { peer: u64::from(from) })?;
        let outputs = member.broadcast(payload.to_vec())?;
        self.keep(id);
        self.carry_out(from, outputs);
        self.run_for(wait_us)?;
        Ok(self.arrivals.get(&id).cloned().unwrap_or_default())
    }

    /// What became of a broadcast, one of the newest 256.
    pub fn arrivals(&self, id: &MessageId) -> Option<&Arrivals> {
        self.arrivals.get(id)
    }

    /// Stops a member without a word.
    ///
    /// # Errors
    /// [`GossipError::NoSuchMember`].
    pub fn stop(&mut self, peer: Peer) -> Result<(), GossipError> {
        let found = self.members.get_mut(usize::from(peer)).and_then(Option::take);
        found.map(|_| ()).ok_or(GossipError::NoSuchMember { peer: u64::from(peer) })
    }

    /// Stops `count` members drawn at random, all at once; never `spare`. The stopped, fewer if not as many run.
    pub fn fail(&mut self, count: usize, spare: Peer) -> Vec<Peer> {
        let running = self.alive().into_iter().filter(|peer| *peer != spare).collect();
        let failed = self.random.some(running, count);
        failed.iter().for_each(|peer| self.members[usize::from(*peer)] = None);
        failed
    }

    /// Cuts the links between the two halves of the cities, or mends them.
    pub fn cut(&mut self, cut: bool) {
        self.cut = cut;
    }

    /// The links that both ends have.
    pub fn graph(&self) -> Graph {
        let has = |peer: Peer, other: Peer| self.member(peer).is_some_and(|member| member.active().contains(&other));
        let links = |peer: &Peer| {
            let member = self.member(*peer).into_iter();
            member.flat_map(|m| m.active().iter().copied()).filter(|other| has(*other, *peer)).collect()
        };
        Graph::new(self.alive().iter().map(|peer| (*peer, links(peer))).collect())
    }

    /// Mean round trip of all links, microseconds; 0 without any.
    pub fn mean_round_trip_us(&self) -> u64 {
        let graph = self.graph();
        let all = graph.links().iter().flat_map(|(peer, others)| others.iter().map(|other| (*peer, *other)));
        let all: Vec<u64> = all.map(|(peer, other)| self.distances.round_trip_us(peer, other)).collect();
        all.iter().sum::<u64>() / (all.len().max(1) as u64)
    }

    fn push(&mut self, at: u64, to: Peer, event: Event) {
        self.queue.push(Reverse((at, self.next)));
        self.events.insert(self.next, (to, event));
        self.next += 1;
    }

    fn carry_out(&mut self, peer: Peer, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send(to, packet) => self.send(peer, to, &packet),
                Output::StartTimer(after, timer) => {
                    self.push(self.now.saturating_add(after), peer, Event::Told(Input::TimerExpired(timer)));
                }
                Output::Deliver { round, payload, .. } => {
                    let id = MessageId::of(&payload);
                    self.keep(id);
                    let now = self.now;
                    self.arrivals.entry(id).or_default().delivered(peer, round, now);
                }
            }
        }
    }

    /// Makes room for the arrivals of a broadcast.
    fn keep(&mut self, id: MessageId) {
        if !self.arrivals.contains_key(&id) {
            self.arrivals.insert(id, Arrivals::since(self.now));
            self.newest.push_back(id);
            if self.newest.len() > KEPT {
                self.newest.pop_front().and_then(|old| self.arrivals.remove(&old));
            }
        }
    }

    fn send(&mut self, from: Peer, to: Peer, packet: &Packet) {
        if self.cut && self.distances.parted(from, to) {
            return self.push(self.now + NOTICED_US, from, Event::Told(Input::Down(to)));
        }
        let at = self.now.saturating_add(self.distances.round_trip_us(from, to) / 2);
        self.push(at, to, Event::Heard(from, encode(std::slice::from_ref(packet))));
    }

    fn advance(&mut self, micros: u64) {
        let end = self.now.saturating_add(micros);
        while let Some(Reverse((at, number))) = self.queue.peek().copied().filter(|Reverse((at, _))| *at <= end) {
            self.queue.pop();
            self.now = at;
            if let Some((to, event)) = self.events.remove(&number) {
                self.happen(to, event);
            }
        }
        self.now = end;
    }

    fn happen(&mut self, to: Peer, event: Event) {
        if self.member(to).is_none() {
            // Refused, as a host refuses whose process is gone.
            if let Event::Heard(from, _) = event {
                let back = self.now.saturating_add(self.distances.round_trip_us(from, to) / 2);
                self.push(back, from, Event::Told(Input::Down(to)));
            }
            return;
        }
        match event {
            Event::Heard(from, bytes) => {
                self.handled += 1;
                // The handshake of a connection measures its round trip.
                self.measure(to, &[from]);
                for packet in decode(&bytes).unwrap_or_default() {
                    self.count(&packet);
                    self.tell(to, Input::Received(from, packet));
                }
            }
            Event::Told(input) => {
                if input == Input::TimerExpired(Timer::Period) {
                    let known: Option<Vec<Peer>> =
                        self.member(to).map(|m| m.active().union(m.passive()).copied().collect());
                    self.measure(to, &known.unwrap_or_default());
                }
                self.tell(to, input);
            }
        }
    }

    /// A member measures the round trips to those of these peers that it has not measured yet.
    fn measure(&mut self, peer: Peer, others: &[Peer]) {
        for other in others {
            if self.measured[usize::from(peer)].insert(*other) {
                self.tell(peer, Input::RoundTrip(*other, self.distances.round_trip_us(peer, *other)));
            }
        }
    }

    fn count(&mut self, packet: &Packet) {
        match packet {
            Packet::Gossip { payload, .. } => {
                self.arrivals.entry(MessageId::of(payload)).and_modify(|arrivals| arrivals.copies += 1);
            }
            Packet::IHave { ids } => ids.iter().for_each(|id| {
                self.arrivals.entry(*id).and_modify(|arrivals| arrivals.announcements += 1);
            }),
            _ => {}
        }
    }
}
