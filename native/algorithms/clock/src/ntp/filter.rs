//! The clock filter: of the last exchanges, the one with the shortest way counts (RFC 5905 section 10).

use super::{root_mean_square, wander, Sample, MOST_DISPERSION};

/// Samples that a filter keeps (RFC 5905, NSTAGE).
pub const STAGES: usize = 8;
/// An offset that differs by more than this many jitters from the last is a spike (RFC 5905, SGATE).
const SPIKE: u64 = 3;

/// The last samples of one server, and what of them is in use.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Newest last.
    samples: Vec<Sample>,
    used: Option<Used>,
}

#[derive(Clone, Copy, Debug)]
struct Used {
    sample: Sample,
    jitter_ns: u64,
}

/// What a filter says of its server at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// What the server's clock is ahead of the local one, in nanoseconds.
    pub offset_ns: i64,
    /// The round trip of the sample in use, in nanoseconds.
    pub delay_ns: u64,
    /// What the offset may be wrong by beside half of the round trips to the true time, in nanoseconds.
    pub dispersion_ns: u64,
    /// How much the offsets of the samples differ, in nanoseconds.
    pub jitter_ns: u64,
    /// Half the round trip to the true time and all else that the offset may be wrong by: the root distance.
    pub distance_ns: u64,
    /// The server's stratum.
    pub stratum: u8,
}

impl Filter {
    /// A filter that knows nothing.
    pub fn new() -> Filter {
        Filter::default()
    }

    /// Forgets everything, as after a step of the local clock.
    pub fn clear(&mut self) {
        *self = Filter::default();
    }

    /// Takes a sample in, and the eighth before it out.
    ///
    /// The one with the shortest round trip is used from now on if it is newer than what was, and no spike: an offset
    /// more than three jitters off within twice the interval of questions counts only when it comes again.
    pub fn push(&mut self, sample: Sample, interval_ns: u64) {
        if self.samples.len() == STAGES {
            self.samples.remove(0);
        }
        self.samples.push(sample);
        let order = self.by_delay(sample.at_ns);
        let Some(best) = order.first().copied() else { return };
        let jitter_ns = self.jitter(&order);
        if let Some(used) = self.used {
            let off = best.offset_ns.abs_diff(used.sample.offset_ns);
            let soon = best.at_ns.saturating_sub(used.sample.at_ns) < interval_ns.saturating_mul(2);
            if best.at_ns <= used.sample.at_ns {
                // Nothing newer is better: what is in use stays, and its jitter follows.
                self.used = Some(Used { jitter_ns, ..used });
                return;
            }
            // Of few samples nobody can say what is usual. The jitter is that of before: the spike's own would hide it.
            let usual = self.samples.len() > STAGES / 2;
            if usual && soon && off > used.jitter_ns.saturating_mul(SPIKE) {
                return;
            }
        }
        self.used = Some(Used { sample: best, jitter_ns });
    }

    /// What it says at `now_ns` by the local clock; `None` before the first sample.
    pub fn peer(&self, now_ns: u64) -> Option<Peer> {
        let Used { sample, jitter_ns } = self.used?;
        let order = self.by_delay(now_ns);
        let known = order.iter().map(|s| aged(s, now_ns)).chain(std::iter::repeat(MOST_DISPERSION)).take(STAGES);
        let dispersion_ns = known.enumerate().map(|(rank, dispersion)| dispersion >> (rank + 1)).sum();
        let age = wander(now_ns.saturating_sub(sample.at_ns));
        let roots = sample.delay_ns.saturating_add(sample.root_delay_ns) / 2 + sample.root_dispersion_ns;
        let parts = [roots, dispersion_ns, jitter_ns, age];
        Some(Peer {
            offset_ns: sample.offset_ns,
            delay_ns: sample.delay_ns,
            dispersion_ns,
            jitter_ns,
            distance_ns: parts.into_iter().fold(0, u64::saturating_add),
            stratum: sample.stratum,
        })
    }

    /// Shortest round trip first; what has aged beyond use last.
    fn by_delay(&self, now_ns: u64) -> Vec<Sample> {
        let mut order = self.samples.clone();
        order.sort_by_key(|s| (aged(s, now_ns) >= MOST_DISPERSION, s.delay_ns, std::cmp::Reverse(s.at_ns)));
        order
    }

    fn jitter(&self, order: &[Sample]) -> u64 {
        let Some((best, others)) = order.split_first() else { return 0 };
        let spread = root_mean_square(others.iter().map(|s| s.offset_ns.saturating_sub(best.offset_ns)));
        // What both clocks can't tell apart is no calm.
        spread.max(best.dispersion_ns)
    }
}

fn aged(sample: &Sample, now_ns: u64) -> u64 {
    let age = wander(now_ns.saturating_sub(sample.at_ns));
    sample.dispersion_ns.saturating_add(age).min(MOST_DISPERSION)
}
