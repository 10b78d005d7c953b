//! The one task that owns this process' membership: it hears, speaks, renews, and tells the core who is there.
mod choices;

use super::peers::{way, Peers, Report};
use super::record::{Record, RecordRefused, Signed};
use super::register::Register;
use super::selection::Selection;
use super::witness::Witness;
use super::{time_to_live, Heard};
use crate::consul::Address;
use crate::core::CoreHandle;
use crate::directory::Directory;
use crate::metrics::Metrics;
use crate::presence;
use crate::schedule::Schedule;
use crate::transport::tls::Tls;
use crate::transport::Outward;
use globelet_clock::{Clock, Stamp};
use globelet_gossip::{Input as Happened, Member, Output, Peer, Settings, Timer};
use globelet_protocol::selection::Choice;
use globelet_signatures::SigningKey;
use globelet_types::world::Role;
use globelet_types::{ChainId, NodeId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::mpsc;

/// Records that are broadcast together.
const TOGETHER: usize = 128;
/// Between two attempts to find a neighbour while there is none.
const ALONE: Duration = Duration::from_secs(1);
/// A core that takes longer to answer is not there.
const ANSWER: Duration = Duration::from_secs(2);

/// What the task needs of its process.
pub struct Process {
    /// Who is where.
    pub directory: Arc<Directory>,
    /// The core.
    pub core: CoreHandle,
    /// Connections of the protocol, which gossip shares.
    pub outward: Outward,
    /// For connections of its own.
    pub tls: Tls,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// The presence service, if there is one.
    pub presence: Option<Address>,
    /// What the hosted nodes sign with.
    pub keys: Vec<(NodeId, SigningKey)>,
    /// Between two renewals.
    pub renewal: Duration,
}

enum Due {
    Timer(Timer),
    Renew,
    Contact,
}

/// The task's state.
pub struct Task {
    process: Process,
    member: Member,
    peers: Peers,
    register: Register,
    keys: Vec<(NodeId, SigningKey)>,
    clock: Clock,
    since: Stamp,
    schedule: Schedule<Due>,
    /// Smoothed round trips to peers that were measured.
    measured: BTreeMap<Peer, Duration>,
    told: BTreeMap<ChainId, BTreeSet<NodeId>>,
    /// Peers whose last call failed.
    down: BTreeSet<Peer>,
    /// Only in a world that names a policy.
    selection: Option<Selection>,
    attempts: usize,
}

fn wall_us() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_micros() as u64)
}

/// Runs the membership of a process until `heard` closes. Call inside a tokio runtime.
pub fn start(process: Process, mut heard: mpsc::Receiver<Heard>) {
    let (reports, mut reported) = mpsc::unbounded_channel();
    let (answers, mut answered) = mpsc::unbounded_channel();
    let mut task = Task::new(process, reports);
    task.select_by(answers);
    tokio::spawn(async move {
        task.begin();
        loop {
            tokio::select! {
                said = heard.recv() => match said {
                    Some(said) => task.hear(said),
                    None => return,
                },
                Some(report) = reported.recv() => task.report(report),
                Some(answer) = answered.recv() => task.answered(answer),
                () = tokio::time::sleep(task.pause()) => task.fire().await,
            }
        }
    });
}

impl Task {
    fn new(mut process: Process, reports: mpsc::UnboundedSender<Report>) -> Task {
        let keys = std::mem::take(&mut process.keys);
        let directory = &process.directory;
        let world = directory.world();
        let mut clock = Clock::new(world.parameters.skew_us);
        let now = wall_us();
        let since = clock.now(now);
        let settings = Settings::default();
        let seed = world.seed ^ (u64::from(directory.process) << 32) ^ now;
        let until = now + time_to_live(process.renewal).as_micros() as u64;
        let (outward, tls, metrics) = (process.outward.clone(), process.tls.clone(), process.metrics.clone());
        Task {
            member: Member::new(directory.process, settings, seed),
            peers: Peers::new(directory.clone(), outward, tls, metrics, reports),
            register: Register::new(directory.genesis.clone(), until)
                .witnessed_by(Witness::new(directory.genesis.clone(), directory.process)),
            keys,
            clock,
            since,
            schedule: Schedule::default(),
            measured: BTreeMap::new(),
            told: BTreeMap::new(),
            down: BTreeSet::new(),
            selection: None,
            attempts: 0,
            process,
        }
    }

    fn begin(&mut self) {
        self.happened(Happened::Started);
        for peer in self.others() {
            let declared = self.declared(peer);
            self.happened(Happened::RoundTrip(peer, declared));
        }
        let now = Instant::now();
        self.schedule.add(now, Due::Contact);
        self.schedule.add(now, Due::Renew);
        self.tell();
        self.ask();
    }

    fn others(&self) -> Vec<Peer> {
        let all = self.process.directory.world().processes.len() as Peer;
        (0..all).filter(|p| *p != self.process.directory.process).collect()
    }

    /// The round trip that the world declares, microseconds.
    fn declared(&self, peer: Peer) -> u64 {
        let directory = &self.process.directory;
        let (out, back) = (way(directory, directory.process, peer), way(directory, peer, directory.process));
        let delay = |way: Option<_>| way.and_then(|w| directory.link(&w)).map_or(0, |l| l.delay_us);
        delay(out) + delay(back)
    }

    fn pause(&self) -> Duration {
        let due = self.schedule.next_due().map_or(ALONE, |at| at.saturating_duration_since(Instant::now()));
        let expiry = self.register.next_expiry().map(|at| Duration::from_micros(at.saturating_sub(wall_us())));
        expiry.map_or(due, |expiry| due.min(expiry))
    }

    async fn fire(&mut self) {
        while let Some(due) = self.schedule.take_due(Instant::now()) {
            match due {
                Due::Timer(timer) => self.happened(Happened::TimerExpired(timer)),
                Due::Contact => self.contact(),
                Due::Renew => {
                    self.renew().await;
                    self.ask();
                }
            }
        }
        if self.register.expire(wall_us()) {
            self.tell();
        }
    }

    fn hear(&mut self, heard: Heard) {
        for packet in heard.packets {
            self.happened(Happened::Received(heard.from, packet));
        }
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::RoundTrip(peer, taken) => {
                let smooth = self.measured.get(&peer).map_or(taken, |before| (*before * 7 + taken) / 8);
                self.measured.insert(peer, smooth);
                self.down.remove(&peer);
                self.happened(Happened::RoundTrip(peer, smooth.as_micros() as u64));
                let withdrawn = self.register.measured(peer, taken, wall_us());
                self.took(withdrawn);
            }
            Report::Down(peer) => {
                self.down.insert(peer);
                self.happened(Happened::Down(peer));
            }
        }
    }

    fn happened(&mut self, input: Happened) {
        for output in self.member.handle(input) {
            match output {
                Output::Send(to, packet) => self.peers.send(to, packet),
                Output::Deliver { payload, .. } => self.deliver(&payload),
                Output::StartTimer(after, timer) => {
                    self.schedule.add(Instant::now() + Duration::from_micros(after), Due::Timer(timer));
                }
            }
        }
        self.process.metrics.gossip_neighbours.set(self.member.active().len() as i64);
    }

    fn deliver(&mut self, payload: &[u8]) {
        match globelet_types::decode::<Vec<Signed>>(payload) {
            Ok(records) => self.take(&records),
            Err(_) => self.process.metrics.refuse("presence_malformed"),
        }
    }

    fn take(&mut self, records: &[Signed]) {
        let taken = self.register.take(records, &mut self.clock, wall_us());
        self.took(taken);
    }

    /// Counts what was refused, and tells of a change.
    fn took(&mut self, (changed, refused): (bool, Vec<RecordRefused>)) {
        refused.iter().for_each(|why| self.process.metrics.refuse(why.code()));
        if changed {
            self.tell();
        }
    }

    /// Signs afresh for every hosted node, tells the overlay of the holders and the presence service of all.
    async fn renew(&mut self) {
        self.schedule.add(Instant::now() + self.process.renewal, Due::Renew);
        let answered = tokio::time::timeout(ANSWER, self.process.core.ask(|_| ())).await;
        if !matches!(answered, Ok(Some(()))) {
            return;
        }
        let (genesis, now) = (self.process.directory.genesis.clone(), wall_us());
        let (at, tag) = (self.clock.now(now), genesis.tag());
        let ttl_us = time_to_live(self.process.renewal).as_micros() as u64;
        let spec = |node: &NodeId| &genesis.world.nodes[node.index()];
        let sign =
            |(node, key): &(NodeId, SigningKey)| Record::of(*node, spec(node), self.since, at, ttl_us).sign(tag, key);
        let presence = self.process.presence.clone();
        let holder = |(node, _): &&(NodeId, SigningKey)| spec(node).role == Role::Holder;
        let holders: Vec<Signed> = self.keys.iter().filter(holder).map(sign).collect();
        if let Some(at) = presence {
            let rest = self.keys.iter().filter(|k| !holder(k)).map(sign);
            tokio::spawn(presence::log_in(at, holders.iter().cloned().chain(rest).collect()));
        }
        self.take(&holders);
        for part in holders.chunks(TOGETHER) {
            self.happened(Happened::Broadcast(globelet_types::encode(part)));
        }
    }

    /// Joins by the first process that answers; later, by one whose holders are absent, which heals what a long cut
    /// of the links has parted.
    fn contact(&mut self) {
        let alone = self.member.active().is_empty();
        let candidates = if alone { self.others() } else { self.absent() };
        if let Some(peer) = candidates.get(self.attempts % candidates.len().max(1)) {
            self.attempts += 1;
            self.happened(Happened::Join(*peer));
        }
        let pause = if alone { ALONE } else { 3 * self.process.renewal };
        self.schedule.add(Instant::now() + pause, Due::Contact);
    }

    /// Processes that host holders of which none was heard.
    fn absent(&self) -> Vec<Peer> {
        let nodes = || (0_u16..).map(NodeId).zip(&self.process.directory.world().nodes);
        let holders = || nodes().filter(|(_, n)| n.role == Role::Holder);
        let heard: BTreeSet<Peer> =
            holders().filter(|(id, _)| self.register.was_heard(*id)).map(|(_, n)| n.process).collect();
        let hosting: BTreeSet<Peer> = holders().map(|(_, n)| n.process).collect();
        let me = self.process.directory.process;
        hosting.difference(&heard).copied().filter(|p| *p != me).collect()
    }

    /// Tells the hosted replicas whose municipality's present holders have changed, and the metrics of all.
    fn tell(&mut self) {
        for chain in self.register.municipalities() {
            let directory = &self.process.directory;
            let everybody = self.register.candidates(chain, |_| 0);
            let present = everybody.iter().filter(|h| self.register.is_present(**h)).count();
            self.process.metrics.candidates(directory.chain_name(chain), everybody.len(), present);
            let set: BTreeSet<NodeId> = everybody.into_iter().collect();
            if self.told.get(&chain) == Some(&set) {
                continue;
            }
            self.tell_holders(chain);
            self.told.insert(chain, set);
            self.ask_for(Choice { here: chain, of: chain });
        }
    }

    /// Round trip from a replica to a holder, microseconds: measured between their processes, or declared.
    fn distance(&self, replica: NodeId, holder: NodeId) -> u64 {
        let directory = &self.process.directory;
        let process = directory.process_of(holder).filter(|p| *p != directory.process);
        let delay = |a, b| directory.world().link_between(a, b).map_or(0, |l| l.delay_us);
        let measured = process.and_then(|p| self.measured.get(&p)).map(|d| d.as_micros() as u64);
        measured.unwrap_or_else(|| delay(replica, holder) + delay(holder, replica))
    }
}
