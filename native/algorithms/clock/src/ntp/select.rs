//! Which servers to believe, and what they say together (RFC 5905 section 11.2).

use super::root_mean_square;

/// Survivors that clustering leaves at least (RFC 5905, NMIN).
const LEAST_CLUSTER: usize = 3;
/// What a stratum weighs in the order of survivors, in nanoseconds (RFC 5905, MAXDIST).
const STRATUM: u64 = 1_000_000_000;

/// A server whose time is known well enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The server's number.
    pub server: usize,
    /// What its clock is ahead of the local one, in nanoseconds.
    pub offset_ns: i64,
    /// What that may be wrong by if the server is right: the root distance, in nanoseconds.
    pub distance_ns: u64,
    /// How much its offsets differ, in nanoseconds.
    pub jitter_ns: u64,
    /// Its stratum.
    pub stratum: u8,
}

/// Where more than half of the candidates' intervals meet, and their middles.
///
/// As long as more than half of the candidates are right, both ends are within twice the largest distance of a right one
/// from the true offset: each end lies in a right one's interval, and so does the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The least, in nanoseconds.
    pub low_ns: i64,
    /// The most, in nanoseconds.
    pub high_ns: i64,
}

/// What the servers say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// What the true time is ahead of the local clock, in nanoseconds: the survivors' mean, weighed by one over distance.
    pub offset_ns: i64,
    /// How much survivors and their samples differ, in nanoseconds.
    pub jitter_ns: u64,
    /// Where the majority agrees.
    pub interval: Interval,
    /// Numbers of the servers that made it, best first.
    pub survivors: Vec<usize>,
    /// Numbers of the candidates that contradict the majority.
    pub false_tickers: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Low,
    Middle,
    High,
}

/// The smallest interval with points of more than half of the candidates' own intervals, and their middles (Marzullo's
/// algorithm as section 11.2.1 has it); `None` if no majority agrees: intervals that meet only off their middles don't.
/// O(n²).
pub fn intersect(candidates: &[Candidate]) -> Option<Interval> {
    let mut edges = Vec::with_capacity(candidates.len() * 3);
    for candidate in candidates {
        let distance = i64::try_from(candidate.distance_ns).unwrap_or(i64::MAX);
        edges.push((candidate.offset_ns.saturating_sub(distance), Edge::Low));
        edges.push((candidate.offset_ns, Edge::Middle));
        edges.push((candidate.offset_ns.saturating_add(distance), Edge::High));
    }
    edges.sort_unstable();
    let count = candidates.len();
    // Ever more candidates may be false, as long as they are less than half.
    (0..count.div_ceil(2)).find_map(|allowed| {
        let (low_ns, below) = first(edges.iter(), Edge::Low, count - allowed)?;
        let (high_ns, above) = first(edges.iter().rev(), Edge::High, count - allowed)?;
        (below + above <= allowed && low_ns <= high_ns).then_some(Interval { low_ns, high_ns })
    })
}

/// Where, coming from one side, so many intervals have begun and not ended, and how many middles were passed before.
fn first<'a>(edges: impl Iterator<Item = &'a (i64, Edge)>, begins: Edge, wanted: usize) -> Option<(i64, usize)> {
    let (mut open, mut passed) = (0_usize, 0);
    for (at, edge) in edges {
        match edge {
            Edge::Middle => passed += 1,
            edge if *edge == begins => {
                open += 1;
                if open >= wanted {
                    return Some((*at, passed));
                }
            }
            _ => open = open.saturating_sub(1),
        }
    }
    None
}

/// Selects: false tickers out, outliers out as long as that helps, the rest combined. `None` if no majority agrees.
pub fn select(candidates: &[Candidate]) -> Option<Selection> {
    let interval = intersect(candidates)?;
    let (mut true_ones, false_ones): (Vec<Candidate>, Vec<Candidate>) =
        candidates.iter().partition(|c| (interval.low_ns..=interval.high_ns).contains(&c.offset_ns));
    true_ones.sort_by_key(|c| (u64::from(c.stratum).saturating_mul(STRATUM).saturating_add(c.distance_ns), c.server));
    cluster(&mut true_ones);
    let best = true_ones.first()?;
    let spread = root_mean_square(true_ones.iter().skip(1).map(|c| c.offset_ns.saturating_sub(best.offset_ns)));
    let jitters = u128::from(spread).pow(2).saturating_add(u128::from(best.jitter_ns).pow(2));
    Some(Selection {
        offset_ns: combine(&true_ones),
        jitter_ns: jitters.isqrt() as u64,
        interval,
        survivors: true_ones.iter().map(|c| c.server).collect(),
        false_tickers: false_ones.iter().map(|c| c.server).collect(),
    })
}

/// Drops the survivor whose offset differs most from the others', until one's own jitter matters more or three are left
/// (section 11.2.2).
fn cluster(survivors: &mut Vec<Candidate>) {
    while survivors.len() > LEAST_CLUSTER {
        let differs = |at: usize| {
            let others = survivors.iter().enumerate().filter(|(other, _)| *other != at);
            root_mean_square(others.map(|(_, c)| c.offset_ns.saturating_sub(survivors[at].offset_ns)))
        };
        // The sum of squares is convex, so it is largest at one of the two ends; of equals the worse survivor goes.
        let places = || survivors.iter().enumerate();
        let least = places().max_by_key(|(at, c)| (std::cmp::Reverse(c.offset_ns), *at));
        let most = places().max_by_key(|(at, c)| (c.offset_ns, *at));
        let worst = least.into_iter().chain(most).map(|(at, _)| (differs(at), at)).max();
        let calmest = survivors.iter().map(|c| c.jitter_ns).min();
        match (worst, calmest) {
            (Some((most, at)), Some(jitter)) if most > jitter => survivors.remove(at),
            _ => return,
        };
    }
}

/// The mean of offsets, weighed by one over distance (section 11.2.3).
fn combine(survivors: &[Candidate]) -> i64 {
    let weight = |c: &Candidate| i128::from((1_u64 << 50) / c.distance_ns.clamp(1, 1 << 50));
    let whole: i128 = survivors.iter().map(weight).sum();
    let sum: i128 = survivors.iter().map(|c| weight(c) * i128::from(c.offset_ns)).sum();
    if whole == 0 {
        0
    } else {
        (sum / whole) as i64
    }
}
