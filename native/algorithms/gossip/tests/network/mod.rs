//! Members in virtual time: links with fixed delays, peers that stop, what arrives counted.
use globelet_gossip::{decode, encode, Input, Member, Output, Packet, Peer, Settings};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// Where a peer lives: members of one city are near each other.
pub const CITIES: u64 = 6;

/// Round trip of two peers, microseconds.
pub type Distance = fn(Peer, Peer) -> u64;

pub struct Network {
    pub now: u64,
    distance: Distance,
    pub members: Vec<Option<Member>>,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, (Peer, Input)>,
    next: u64,
    cut: bool,
    pub delivered: BTreeMap<Vec<u8>, Arrivals>,
}

/// How one broadcast went.
#[derive(Default)]
pub struct Arrivals {
    pub at: BTreeSet<Peer>,
    pub last_hop: u16,
    pub copies: usize,
    pub announcements: usize,
}

impl Arrivals {
    /// Relative message redundancy (Plumtree, section 4.1): copies per receiver beyond the one it needs.
    pub fn redundancy(&self) -> f64 {
        self.copies as f64 / self.at.len().max(1) as f64 - 1.0
    }
}

/// 40 ms everywhere, as when time is counted in hops.
pub fn even(_: Peer, _: Peer) -> u64 {
    40_000
}

/// 2 ms in a city, 30 ms to 150 ms between cities.
pub fn cities(a: Peer, b: Peer) -> u64 {
    let (a, b) = (u64::from(a) % CITIES, u64::from(b) % CITIES);
    if a == b {
        2_000
    } else {
        30_000 * a.abs_diff(b)
    }
}

impl Network {
    pub fn new(count: usize, settings: &Settings, distance: Distance, seed: u64) -> Network {
        let members = (0..count as Peer).map(|p| Some(Member::new(p, settings.clone(), seed ^ (u64::from(p) << 32))));
        let mut network = Network {
            now: 0,
            distance,
            members: members.collect(),
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            next: 0,
            cut: false,
            delivered: BTreeMap::new(),
        };
        for peer in 0..count as Peer {
            network.tell(peer, Input::Started);
            for other in 0..count as Peer {
                network.tell(peer, Input::RoundTrip(other, distance(peer, other)));
            }
        }
        network
    }

    /// All join by peer 0, one every 10 ms; then some periods of calm.
    pub fn joined(count: usize, settings: &Settings, distance: Distance, seed: u64) -> Network {
        let mut network = Network::new(count, settings, distance, seed);
        for peer in 1..count as Peer {
            network.tell(peer, Input::Join(0));
            network.run_for(10_000);
        }
        network.run_for(10 * settings.shuffle_us);
        network
    }

    fn push(&mut self, at: u64, to: Peer, input: Input) {
        self.queue.push(Reverse((at, self.next)));
        self.events.insert(self.next, (to, input));
        self.next += 1;
    }

    pub fn tell(&mut self, peer: Peer, input: Input) {
        let Some(member) = self.members[usize::from(peer)].as_mut() else { return };
        for output in member.handle(input) {
            match output {
                Output::Send(to, packet) => self.send(peer, to, packet),
                Output::StartTimer(after, timer) => self.push(self.now + after, peer, Input::TimerExpired(timer)),
                Output::Deliver { round, payload, .. } => {
                    let arrivals = self.delivered.entry(payload).or_default();
                    assert!(arrivals.at.insert(peer), "delivered twice");
                    arrivals.last_hop = arrivals.last_hop.max(round);
                }
            }
        }
    }

    fn parted(&self, a: Peer, b: Peer) -> bool {
        self.cut && (u64::from(a) % CITIES < CITIES / 2) != (u64::from(b) % CITIES < CITIES / 2)
    }

    fn send(&mut self, from: Peer, to: Peer, packet: Packet) {
        let wire = encode(std::slice::from_ref(&packet));
        assert!(wire.len() <= packet.size() && decode(&wire).unwrap() == vec![packet.clone()]);
        let way = (self.distance)(from, to) / 2;
        if self.parted(from, to) {
            return self.push(self.now + 1_000_000, from, Input::Down(to));
        }
        match self.members.get(usize::from(to)) {
            Some(Some(_)) => self.push(self.now + way, to, Input::Received(from, packet)),
            // Refused, as a host refuses whose process is gone.
            _ => self.push(self.now + 2 * way, from, Input::Down(to)),
        }
    }

    pub fn run_for(&mut self, micros: u64) {
        let end = self.now + micros;
        while let Some(Reverse((at, number))) = self.queue.peek().copied().filter(|Reverse((at, _))| *at <= end) {
            self.queue.pop();
            self.now = at;
            let (to, input) = self.events.remove(&number).unwrap();
            if self.members[usize::from(to)].is_none() {
                if let Input::Received(from, _) = input {
                    self.push(at + (self.distance)(from, to) / 2, from, Input::Down(to));
                }
                continue;
            }
            self.count(&input);
            self.tell(to, input);
        }
        self.now = end;
    }

    fn count(&mut self, input: &Input) {
        match input {
            Input::Received(_, Packet::Gossip { payload, .. }) => {
                self.delivered.entry(payload.clone()).or_default().copies += 1;
            }
            Input::Received(_, Packet::IHave { ids }) => {
                for arrivals in self.delivered.iter_mut().filter(|(p, _)| ids.contains(&id(p))).map(|(_, a)| a) {
                    arrivals.announcements += 1;
                }
            }
            _ => {}
        }
    }

    pub fn stop(&mut self, peer: Peer) {
        self.members[usize::from(peer)] = None;
    }

    /// Cuts the links between the two halves of the cities, or mends them.
    pub fn cut(&mut self, cut: bool) {
        self.cut = cut;
    }

    pub fn alive(&self) -> BTreeSet<Peer> {
        (0..self.members.len() as Peer).filter(|p| self.members[usize::from(*p)].is_some()).collect()
    }

    /// Broadcasts from a peer, waits, and gives what became of it.
    pub fn broadcast(&mut self, from: Peer, payload: &[u8], wait_us: u64) -> &Arrivals {
        self.tell(from, Input::Broadcast(payload.to_vec()));
        self.run_for(wait_us);
        self.delivered.entry(payload.to_vec()).or_default()
    }

    /// Peers that can be reached from one along links that both ends have.
    pub fn reachable(&self, from: Peer) -> BTreeSet<Peer> {
        let (mut known, mut next) = (BTreeSet::from([from]), vec![from]);
        while let Some(peer) = next.pop() {
            let Some(member) = &self.members[usize::from(peer)] else { continue };
            for &other in member.active() {
                let both = self.members[usize::from(other)].as_ref().is_some_and(|m| m.active().contains(&peer));
                if both && known.insert(other) {
                    next.push(other);
                }
            }
        }
        known
    }

    /// Mean round trip of all links, microseconds.
    pub fn mean_round_trip(&self) -> f64 {
        let links = self.alive().into_iter().flat_map(|p| {
            let member = self.members[usize::from(p)].as_ref();
            member
                .into_iter()
                .flat_map(move |m| m.active().iter().map(move |q| (self.distance)(p, *q)))
                .collect::<Vec<_>>()
        });
        let all: Vec<u64> = links.collect();
        all.iter().sum::<u64>() as f64 / all.len() as f64
    }
}

fn id(payload: &[u8]) -> globelet_gossip::MessageId {
    globelet_gossip::MessageId::of(payload)
}
