//! The rolling hash of everything that happened: equal traces, equal fingerprints.
use crate::node::Out;
use globelet_protocol::{Event, Publication};
use globelet_types::{encode, Hash, Micros, NodeId};

/// Hashes every step: virtual time, node, kind of event, encoded effects.
#[derive(Clone, Debug)]
pub struct Trace {
    hasher: blake3::Hasher,
    steps: u64,
}

impl Default for Trace {
    fn default() -> Trace {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"globelet trace 1");
        Trace { hasher, steps: 0 }
    }
}

impl Trace {
    pub(crate) fn step(&mut self, now: Micros, node: NodeId, kind: u8, outs: [&[Out]; 2]) {
        self.steps += 1;
        self.hasher.update(&now.to_le_bytes());
        self.hasher.update(&node.0.to_le_bytes());
        self.hasher.update(&[kind, 0xff]);
        for out in outs.into_iter().flatten() {
            let (tag, bytes) = encoded(out);
            self.hasher.update(&[tag]);
            self.hasher.update(&(bytes.len() as u64).to_le_bytes());
            self.hasher.update(&bytes);
        }
    }

    /// Events handled so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The hash of the trace so far.
    pub fn fingerprint(&self) -> Hash {
        *self.hasher.finalize().as_bytes()
    }
}

/// A byte per kind of event.
pub(crate) fn kind(event: &Event) -> u8 {
    match event {
        Event::Started => 0,
        Event::MessageReceived { .. } => 1,
        Event::TimerExpired(_) => 2,
        Event::Submitted { .. } => 3,
        Event::CandidatesChanged { .. } => 4,
        Event::SourcesChanged { .. } => 5,
    }
}

fn encoded(out: &Out) -> (u8, Vec<u8>) {
    match out {
        Out::Send { to, bytes } => (0, [encode(to), bytes.to_vec()].concat()),
        Out::StartTimer { after_us, timer } => (1, encode(&(after_us, timer))),
        Out::Reply { request, outcomes } => {
            let plain: Vec<_> = outcomes.iter().map(|o| (o.as_ref().ok(), o.as_ref().err())).collect();
            (2, encode(&(request, plain)))
        }
        Out::Publish(publication) => (3, published(publication)),
    }
}

fn published(publication: &Publication) -> Vec<u8> {
    match publication {
        Publication::StageReached { order, stage, at, refusal } => encode(&(0u8, order, stage, at, refusal)),
        Publication::ReceiptCompleted(receipt) => encode(&(1u8, receipt.as_ref())),
        Publication::BlockCertified { chain, height, hash, items } => encode(&(2u8, chain, height, hash, items)),
        Publication::ParcelRepaired { source, number } => encode(&(3u8, source, number)),
        Publication::Misbehaviour { member, what } => encode(&(4u8, member, what)),
        Publication::EpochBegan { chain, epoch, members } => encode(&(6u8, chain, epoch, members)),
        Publication::Challenged { holder, outcome } => encode(&(5u8, holder, outcome)),
    }
}
