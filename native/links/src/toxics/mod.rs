//! The toxics: one file per kind, each a function from arrival times to due times.

mod bandwidth;
mod latency;
mod limit_data;
mod loss;
mod placed;
mod reset_peer;
mod slicer;
mod slow_close;
mod timeout;

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::random::{Random, Strata};
use crate::segment::Segment;

pub use bandwidth::Bandwidth;
pub use latency::Latency;
pub use limit_data::LimitData;
pub use loss::Loss;
pub use placed::{NewToxic, Placed, ToxicChange};
pub use reset_peer::ResetPeer;
pub use slicer::Slicer;
pub use slow_close::SlowClose;
pub use timeout::Timeout;

/// What one toxic remembers about one direction of one connection. Attributes may change under
/// it; the memory stays as long as the toxic does.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Seeded by world, proxy, toxic, connection and direction.
    pub random: Random,
    /// When this toxic began to act on this connection.
    pub since: Instant,
    /// The earliest time at which the next segment may leave.
    pub free_at: Instant,
    /// Bytes let through so far.
    pub passed: u64,
    /// Segments of the current loss burst still to be lost.
    pub burst_left: u32,
    /// What the draws of the jitter have covered so far.
    pub strata: Strata,
    /// The delay drawn last, and until when it holds.
    pub drawn: Option<(Duration, Instant)>,
}

impl Memory {
    /// An empty memory that begins at `since`.
    #[must_use]
    pub fn new(random: Random, since: Instant) -> Self {
        Self { random, since, free_at: since, passed: 0, burst_left: 0, strata: Strata::default(), drawn: None }
    }
}

/// One kind of toxic. The implementor is its attributes.
pub trait Toxic {
    /// Moves `segment` to `out`, as it is, later, cut, ended or not at all.
    fn pass(&self, memory: &mut Memory, segment: Segment, out: &mut Vec<Segment>);

    /// What this toxic adds to one way of a TCP handshake.
    fn handshake(&self, _memory: &mut Memory) -> Duration {
        Duration::ZERO
    }

    /// When this toxic closes the connection by itself, traffic or not.
    fn closes_at(&self, _memory: &Memory) -> Option<Instant> {
        None
    }

    /// Whether nothing may be read from the source at present.
    fn stalls(&self) -> bool {
        false
    }

    /// The longest time a byte usually spends in this toxic, for sizing the queue.
    fn dwell(&self) -> Duration {
        Duration::ZERO
    }

    /// The most bytes a second this toxic lets through.
    fn bytes_per_second(&self) -> Option<f64> {
        None
    }

    /// Whether taking this toxic away closes the connections it acted on.
    fn closes_when_removed(&self) -> bool {
        false
    }
}

macro_rules! kinds {
    ($($name:literal => $kind:ident),+ $(,)?) => {
        /// The attributes of a toxic of any kind.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Attributes {
            $(#[doc = concat!("`", $name, "`")] $kind($kind)),+
        }

        impl Attributes {
            /// Reads the attributes of the kind called `name`.
            ///
            /// # Errors
            /// 400 if there is no such kind or an attribute is malformed.
            pub fn read(name: &str, attributes: Map<String, Value>) -> Result<Self, ApiError> {
                let value = Value::Object(attributes);
                match name {
                    $($name => serde_json::from_value(value)
                        .map(Self::$kind)
                        .map_err(ApiError::bad_body),)+
                    _ => Err(ApiError::INVALID_TOXIC_TYPE),
                }
            }

            /// The kind's name in the API.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$kind(_) => $name),+ }
            }

            /// The behaviour.
            #[must_use]
            pub fn toxic(&self) -> &dyn Toxic {
                match self { $(Self::$kind(toxic) => toxic),+ }
            }
        }
    };
}

kinds! {
    "latency" => Latency,
    "bandwidth" => Bandwidth,
    "timeout" => Timeout,
    "slow_close" => SlowClose,
    "slicer" => Slicer,
    "limit_data" => LimitData,
    "reset_peer" => ResetPeer,
    "loss" => Loss,
}

impl Attributes {
    /// The seed given with the attributes, if this kind has one and it was given.
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        match self {
            Self::Latency(latency) => latency.seed,
            Self::Loss(loss) => loss.seed,
            _ => None,
        }
    }
}

/// The direction a toxic acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// From the client to the upstream server.
    Upstream,
    /// From the upstream server to the client.
    Downstream,
}

impl Stream {
    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Downstream => "downstream",
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A toxic under test: fixed seed, fixed start, times as offsets in microseconds.
    use super::*;
    use crate::segment::Load;
    use bytes::Bytes;

    pub(crate) struct Bench {
        pub(crate) start: Instant,
        pub(crate) memory: Memory,
    }

    /// What came out: microseconds after the start, and the load.
    pub(crate) type Out = Vec<(u128, Load)>;

    impl Bench {
        pub(crate) fn new(seed: u64) -> Self {
            let start = Instant::now();
            let memory = Memory::new(Random::new(&[seed]), start);
            Self { start, memory }
        }

        pub(crate) fn pass(&mut self, toxic: &dyn Toxic, microseconds: u64, load: Load) -> Out {
            let at = self.start + Duration::from_micros(microseconds);
            let mut out = Vec::new();
            toxic.pass(&mut self.memory, Segment { at, load }, &mut out);
            out.into_iter().map(|segment| ((segment.at - self.start).as_micros(), segment.load)).collect()
        }
    }

    pub(crate) fn data(length: usize) -> Load {
        Load::Data(Bytes::from(vec![b'x'; length]))
    }

    pub(crate) fn lengths(out: &Out) -> Vec<(u128, usize)> {
        out.iter()
            .map(|(at, load)| match load {
                Load::Data(bytes) => (*at, bytes.len()),
                _ => (*at, 0),
            })
            .collect()
    }
}
