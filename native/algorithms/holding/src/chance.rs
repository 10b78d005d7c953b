//! The chance that a challenge catches a holder who lost part of a shard.

/// Starts of ranges that meet a lost piece, at the least: each run of lost pieces is met from `width - 1` before it.
fn fatal(pieces: u32, lost: u32, width: u16) -> u32 {
    if lost == 0 {
        return 0;
    }
    let reach = u64::from(lost) + u64::from(width.max(1)) - 1;
    reach.min(u64::from(pieces)) as u32
}

/// The probability that `ranges` different ranges of `width` pieces meet at least one of `lost` pieces of `pieces`.
///
/// `1 − C(n − b, r) / C(n, r)` with `b = min(n, lost + width − 1)`: exact if the lost pieces stand in one run, a lower
/// bound for every other pattern (Ateniese and others, CCS 2007, section 5.1, with ranges). O(ranges). The result is
/// for people and for choosing a challenge; no node decides anything by it.
pub fn caught(pieces: u32, lost: u32, ranges: u16, width: u16) -> f64 {
    let lost = lost.min(pieces);
    let ranges = u32::from(ranges).min(pieces);
    let fatal = fatal(pieces, lost, width);
    let mut escaped = 1.0;
    for drawn in 0..ranges {
        let sound = (pieces - fatal).saturating_sub(drawn);
        escaped *= f64::from(sound) / f64::from(pieces - drawn);
    }
    1.0 - escaped
}

/// The fewest ranges that catch who lost `lost` pieces with probability `at_least`; `None` if no challenge of at most
/// [`crate::MAX_DRAWN`] pieces does. O(ranges · log ranges).
pub fn ranges_needed(pieces: u32, lost: u32, width: u16, at_least: f64) -> Option<u16> {
    let most = (crate::MAX_DRAWN / u32::from(width.max(1))).min(u32::from(u16::MAX)) as u16;
    let enough = |ranges: u16| caught(pieces, lost, ranges, width) >= at_least;
    let (mut low, mut high) = (1, most);
    if high == 0 || !enough(high) {
        return None;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if enough(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}
