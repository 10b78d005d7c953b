//! Prometheus metrics, in base units.
use crate::transport::clocks::Clocks;
use crate::transport::meter::Meters;
use crate::work::{SEND, WORKS};
use globelet_protocol::publication::Outcome;
use globelet_types::world::WorldSpec;
use globelet_types::{NodeId, Stage};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{exponential_buckets, Histogram};
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Labels of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StageLabel {
    /// Its name.
    pub stage: &'static str,
}

/// Labels of what was refused or dropped.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReasonLabel {
    /// A short code.
    pub reason: &'static str,
}

/// Labels of what came of something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabel {
    /// Its name.
    pub outcome: &'static str,
}

/// Labels of what the core thread does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WorkLabel {
    /// An event's name, or what follows from events.
    pub work: &'static str,
}

/// Labels of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct NodeLabel {
    /// Its name.
    pub node: String,
}

/// Labels of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ChainLabel {
    /// Its name.
    pub chain: String,
}

/// How often the core did one kind of work, and how long it took in all.
#[derive(Clone, Debug, Default)]
struct Work {
    times: Counter,
    seconds: Counter<f64, AtomicU64>,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_05, 2.0, 20))
}

/// Everything this process counts.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    stages: Family<StageLabel, Histogram, fn() -> Histogram>,
    /// By place in [`WORKS`]: the core counts without a look-up.
    works: Vec<Work>,
    /// Orders that clients handed in.
    pub orders: Counter,
    /// Duration of one token check.
    pub token_check: Histogram,
    /// Frames accepted from other processes.
    pub frames: Counter,
    /// Frames refused, by reason.
    pub refused: Family<ReasonLabel, Counter>,
    /// Messages that found their stream down or full.
    pub dropped: Family<ReasonLabel, Counter>,
    /// Messages put on streams.
    pub sent: Counter,
    /// Inputs waiting for the core.
    pub core_queue: Gauge,
    /// Effects held back until a sync.
    pub gated: Gauge,
    /// Duration of one sync.
    pub log_sync: Histogram,
    /// Nodes hosted.
    pub nodes: Gauge,
    /// Connections that are up.
    pub streams_up: Gauge,
    /// The routes between continents.
    pub routes: Meters,
    /// The clocks of other processes.
    pub clocks: Clocks,
    /// Broken protocol rules seen.
    pub misbehaviour: Counter,
    /// Parcels brought home by repair.
    pub repairs: Counter,
    /// Challenges of hosted replicas that ended.
    challenges: Family<OutcomeLabel, Counter>,
    /// Holders that a municipality's replicas may choose from, as this process knows.
    candidates: Family<ChainLabel, Gauge>,
    /// Those of a municipality's holders that are present, as this process knows.
    present: Family<ChainLabel, Gauge>,
    /// Epoch of the committee, by municipality, in a world of epochs.
    epoch: Family<ChainLabel, Gauge>,
    /// Whether a hosted replica has a seat in its committee.
    seats: Family<NodeLabel, Gauge>,
    /// Questions to the selection policy: answered, or the weights in force kept.
    selection: Family<ReasonLabel, Counter>,
    /// Neighbours in the gossip overlay.
    pub gossip_neighbours: Gauge,
    /// Gossip packets queued for peers.
    pub gossip_sent: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut m = Metrics {
            registry: Registry::with_prefix("globelet"),
            stages: Family::new_with_constructor(seconds),
            works: Vec::new(),
            orders: Counter::default(),
            token_check: seconds(),
            frames: Counter::default(),
            refused: Family::default(),
            dropped: Family::default(),
            sent: Counter::default(),
            core_queue: Gauge::default(),
            gated: Gauge::default(),
            log_sync: seconds(),
            nodes: Gauge::default(),
            streams_up: Gauge::default(),
            routes: Meters::default(),
            clocks: Clocks::default(),
            misbehaviour: Counter::default(),
            repairs: Counter::default(),
            challenges: Family::default(),
            candidates: Family::default(),
            present: Family::default(),
            epoch: Family::default(),
            seats: Family::default(),
            selection: Family::default(),
            gossip_neighbours: Gauge::default(),
            gossip_sent: Counter::default(),
        };
        m.register();
        m
    }
}

impl Metrics {
    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("stage_latency_seconds", "From admitted to this stage", self.stages.clone());
        let (times, taken) =
            (Family::<WorkLabel, Counter>::default(), Family::<WorkLabel, Counter<f64, AtomicU64>>::default());
        for work in WORKS {
            let label = WorkLabel { work };
            let one = Work { times: times.get_or_create(&label).clone(), seconds: taken.get_or_create(&label).clone() };
            self.works.push(one);
        }
        r.register("core_work", "What the core thread did", times);
        r.register("core_work_seconds", "Time the core thread took for it", taken);
        r.register("orders_submitted", "Orders that clients handed in", self.orders.clone());
        r.register("token_check_seconds", "Duration of one token check", self.token_check.clone());
        r.register("frames_received", "Frames accepted from other processes", self.frames.clone());
        r.register("frames_refused", "Frames refused", self.refused.clone());
        r.register("messages_sent", "Messages put on streams", self.sent.clone());
        r.register("messages_dropped", "Messages whose stream was down or full", self.dropped.clone());
        r.register("core_queue_length", "Inputs waiting for the core", self.core_queue.clone());
        r.register("gated_effects", "Effects waiting for a sync", self.gated.clone());
        r.register("log_sync_seconds", "Duration of one log sync", self.log_sync.clone());
        r.register("resident_nodes", "Nodes hosted by this process", self.nodes.clone());
        r.register("streams_up", "Connections to other processes that are up, of all routes", self.streams_up.clone());
        self.routes.register(r);
        self.clocks.register(r);
        r.register("misbehaviour", "Broken protocol rules seen", self.misbehaviour.clone());
        r.register("candidates", "Holders that the chain's replicas may choose from", self.candidates.clone());
        r.register("holders_present", "Holders of the chain that are present", self.present.clone());
        r.register("epoch", "Epoch of the chain's committee", self.epoch.clone());
        r.register("committee_seat", "Whether a replica has a seat in its committee", self.seats.clone());
        r.register(
            "selection_questions",
            "Questions to the selection policy, by what came of them",
            self.selection.clone(),
        );
        r.register("gossip_neighbours", "Neighbours in the gossip overlay", self.gossip_neighbours.clone());
        r.register("gossip_packets_sent", "Gossip packets queued for peers", self.gossip_sent.clone());
        r.register("parcels_repaired", "Parcels brought home by repair", self.repairs.clone());
        let challenges = self.challenges.clone();
        r.register("holding_challenges", "Challenges to holders that ended, by how they ended", challenges);
        // Never missed is a fact too: the series are there from the beginning.
        for outcome in [Outcome::Passed, Outcome::Missed, Outcome::Wrong] {
            drop(self.challenges.get_or_create(&OutcomeLabel { outcome: outcome.name() }));
        }
    }

    /// The core handled an event (its place by [`crate::work::work`]) in this time.
    pub fn worked(&self, work: usize, taken: Duration) {
        if let Some(work) = self.works.get(work) {
            work.times.inc();
            work.seconds.inc_by(taken.as_secs_f64());
        }
    }

    /// The core encoded a message for its receivers in this time, and decoded it for those in the process.
    pub fn sent_by_core(&self, taken: Duration) {
        self.worked(SEND, taken);
    }

    /// A transfer reached a stage this long after it was admitted.
    pub fn stage(&self, stage: Stage, seconds: f64) {
        self.stages.get_or_create(&StageLabel { stage: stage.name() }).observe(seconds);
    }

    /// A municipality has so many candidates for its shards, and so many holders present.
    pub fn candidates(&self, chain: &str, count: usize, present: usize) {
        let label = ChainLabel { chain: chain.to_owned() };
        self.candidates.get_or_create(&label).set(count as i64);
        self.present.get_or_create(&label).set(present as i64);
    }

    /// A hosted replica's municipality has this committee; no members in a world without epochs.
    pub fn seated(&self, world: &WorldSpec, node: NodeId, epoch: u64, members: &[NodeId]) {
        let Some(spec) = world.nodes.get(node.index()).filter(|_| !members.is_empty()) else { return };
        let chain = world.chains.get(spec.chain.index()).map_or_else(String::new, |c| c.name.clone());
        self.epoch.get_or_create(&ChainLabel { chain }).set(epoch as i64);
        self.seats.get_or_create(&NodeLabel { node: spec.name.clone() }).set(i64::from(members.contains(&node)));
    }

    /// Counts a question to the selection policy: `answered`, or `kept` where the weights in force stay.
    pub fn selection(&self, reason: &'static str) {
        self.selection.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// A challenge to a holder ended.
    pub fn challenged(&self, outcome: Outcome) {
        self.challenges.get_or_create(&OutcomeLabel { outcome: outcome.name() }).inc();
    }

    /// Counts a refused frame.
    pub fn refuse(&self, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Counts messages that could not leave.
    pub fn drop_messages(&self, reason: &'static str, count: u64) {
        self.dropped.get_or_create(&ReasonLabel { reason }).inc_by(count);
    }

    /// The OpenMetrics text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Formatting into memory cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut out, &self.registry);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::work;
    use globelet_protocol::{Event, Timer};

    #[test]
    fn challenges_are_counted_by_their_outcome() {
        let metrics = Metrics::default();
        metrics.challenged(Outcome::Passed);
        metrics.challenged(Outcome::Passed);
        metrics.challenged(Outcome::Wrong);
        let text = metrics.text();
        for (outcome, count) in [("passed", 2), ("missed", 0), ("wrong", 1)] {
            let line = format!("globelet_holding_challenges_total{{outcome=\"{outcome}\"}} {count}\n");
            assert!(text.contains(&line), "{text}");
        }
    }

    #[test]
    fn work_is_counted_under_its_name() {
        let metrics = Metrics::default();
        let seal = work(&Event::TimerExpired(Timer::Seal));
        metrics.worked(seal, Duration::from_millis(250));
        metrics.worked(seal, Duration::from_millis(250));
        metrics.sent_by_core(Duration::from_millis(125));
        let text = metrics.text();
        assert!(text.contains("globelet_core_work_total{work=\"seal\"} 2\n"), "{text}");
        assert!(text.contains("globelet_core_work_seconds_total{work=\"seal\"} 0.5\n"), "{text}");
        assert!(text.contains("globelet_core_work_seconds_total{work=\"send\"} 0.125\n"), "{text}");
    }
}
