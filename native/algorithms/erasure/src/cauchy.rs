//! The Cauchy matrix `1 / (x + y)` of the parity rows, and what undoes it, in closed form.

use crate::field::{exp, inverse, log};

/// The rows `1 / (x + y)` for every `x`, one after the other. No `x` may be a `y`.
pub(crate) fn rows(xs: &[u8], ys: &[u8]) -> Vec<u8> {
    xs.iter().flat_map(|x| ys.iter().map(move |y| inverse(x ^ y))).collect()
}

/// How the `lost` data shards follow from as many `kept` ones as the code has data shards, of which `parity` are parity:
/// for each lost shard one factor for each kept one. O(k m) for m lost of k.
///
/// The code is a Reed-Solomon code: with `P(z)` the product of `z + y` over all data shards, and `f` the polynomial below
/// degree k with `f(y) = P'(y) d_y`, parity shard `x` is `f(x) / P(x)`. Lagrange's formula over the kept points gives
/// `f` at a lost one, and what the kept points share with the data points cancels:
/// `prod_x (t + x) prod_(t') (s + t') / (prod_(t' != t) (t + t') prod_(x != s) (s + x) (t + s))` for lost `t`, kept `s`.
/// With every data shard lost this is the inverse of the Cauchy matrix.
pub(crate) fn rebuilding(kept: &[u8], parity: &[u8], lost: &[u8]) -> Vec<u8> {
    let of_kept = weights(kept, lost, parity);
    let mut factors = Vec::with_capacity(kept.len() * lost.len());
    for (t, of_lost) in lost.iter().zip(weights(lost, parity, lost)) {
        factors.extend(kept.iter().zip(&of_kept).map(|(s, of_kept)| exp(of_kept + of_lost + 255 - log(s ^ t))));
    }
    factors
}

/// For each point, the logarithm of the product of its sums with `above`, over that with `below`, itself left out.
fn weights(points: &[u8], above: &[u8], below: &[u8]) -> Vec<u32> {
    let weight = |point: &u8| {
        let over: u32 = above.iter().map(|other| log(point ^ other)).sum();
        let under: u32 = below.iter().filter(|other| *other != point).map(|other| log(point ^ other)).sum();
        // At most 254 numbers below 255: neither sum reaches 255 * 255.
        (over + 255 * 255 - under) % 255
    };
    points.iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::mul;

    /// Data shards of one byte each, that is 1 at one place: a lost one comes back as it was.
    #[test]
    fn what_was_lost_follows_from_what_was_kept() {
        let shapes: [(u8, &[u8], &[u8]); 6] = [
            (1, &[7], &[0]),
            (4, &[4, 5, 6], &[0, 1, 3]),
            (3, &[], &[]),
            (9, &[200, 9], &[8, 3]),
            (5, &[254], &[2]),
            (4, &[9, 4, 100, 17], &[3, 0, 1, 2]),
        ];
        for (k, parity, lost) in shapes {
            let data: Vec<u8> = (0..k).collect();
            let known: Vec<u8> = data.iter().copied().filter(|i| !lost.contains(i)).collect();
            let (kept, matrix) = ([&known[..], parity].concat(), rows(parity, &data));
            let factors = rebuilding(&kept, parity, lost);
            for one in 0..k {
                let value = |at: usize| match at.checked_sub(known.len()) {
                    Some(row) => matrix[row * usize::from(k) + usize::from(one)],
                    None => u8::from(known[at] == one),
                };
                for (row, t) in lost.iter().enumerate() {
                    let found = (0..kept.len()).fold(0, |sum, s| sum ^ mul(factors[row * kept.len() + s], value(s)));
                    assert_eq!(found, u8::from(*t == one), "{k}: {parity:?} {lost:?}");
                }
            }
        }
    }
}
