//! Prometheus metrics, in base units.
use globelet_types::Stage;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{exponential_buckets, Histogram};
use prometheus_client::registry::Registry;

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

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_05, 2.0, 20))
}

/// Everything this process counts.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    stages: Family<StageLabel, Histogram, fn() -> Histogram>,
    /// Events handled by all hosted nodes.
    pub events: Counter,
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
    /// Streams that are up.
    pub streams_up: Gauge,
    /// Broken protocol rules seen.
    pub misbehaviour: Counter,
    /// Parcels brought home by repair.
    pub repairs: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut m = Metrics {
            registry: Registry::with_prefix("globelet"),
            stages: Family::new_with_constructor(seconds),
            events: Counter::default(),
            frames: Counter::default(),
            refused: Family::default(),
            dropped: Family::default(),
            sent: Counter::default(),
            core_queue: Gauge::default(),
            gated: Gauge::default(),
            log_sync: seconds(),
            nodes: Gauge::default(),
            streams_up: Gauge::default(),
            misbehaviour: Counter::default(),
            repairs: Counter::default(),
        };
        m.register();
        m
    }
}

impl Metrics {
    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("stage_latency_seconds", "From admitted to this stage", self.stages.clone());
        r.register("events_handled", "Events handled by the hosted nodes", self.events.clone());
        r.register("frames_received", "Frames accepted from other processes", self.frames.clone());
        r.register("frames_refused", "Frames refused", self.refused.clone());
        r.register("messages_sent", "Messages put on streams", self.sent.clone());
        r.register("messages_dropped", "Messages whose stream was down or full", self.dropped.clone());
        r.register("core_queue_length", "Inputs waiting for the core", self.core_queue.clone());
        r.register("gated_effects", "Effects waiting for a sync", self.gated.clone());
        r.register("log_sync_seconds", "Duration of one log sync", self.log_sync.clone());
        r.register("resident_nodes", "Nodes hosted by this process", self.nodes.clone());
        r.register("streams_up", "Streams to other processes that are up", self.streams_up.clone());
        r.register("misbehaviour", "Broken protocol rules seen", self.misbehaviour.clone());
        r.register("parcels_repaired", "Parcels brought home by repair", self.repairs.clone());
    }

    /// A transfer reached a stage this long after it was admitted.
    pub fn stage(&self, stage: Stage, seconds: f64) {
        self.stages.get_or_create(&StageLabel { stage: stage.name() }).observe(seconds);
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
