//! Binary logarithm in integers.

/// Bits behind the point of a logarithm.
pub(crate) const FRACTION: u32 = 48;

/// Bits of a mantissa that choose its entry in the table of bounds.
const STEP: u32 = 10;

/// Logarithms of 1, 1 + 2^-10, ... 2, in units of `2^-48`.
static BOUNDS: [u64; (1 << STEP) + 1] = bounds();

const fn bounds() -> [u64; (1 << STEP) + 1] {
    let mut bounds = [1 << FRACTION; (1 << STEP) + 1];
    let mut step = 0;
    while step < 1 << STEP {
        bounds[step] = fraction(1 << 63 | (step as u64) << (63 - STEP));
        step += 1;
    }
    bounds
}

/// The logarithm of a mantissa in [1, 2), given with 63 bits behind the point.
///
/// It comes by repeated squaring: squaring a number in [1, 2) shows the next bit of its logarithm (Knuth, TAOCP
/// volume 1, section 1.2.2, exercise 25 and the method before it). A larger mantissa never has a smaller one: each
/// step keeps the order of mantissas with the same bit, and a higher bit decides.
const fn fraction(mut mantissa: u64) -> u64 {
    let mut log = 0;
    let mut step = 0;
    while step < FRACTION {
        let square = mantissa as u128 * mantissa as u128;
        let carry = (square >> 127) as u64;
        mantissa = (square >> (63 + carry as u32)) as u64;
        log = (log << 1) | carry;
        step += 1;
    }
    log
}

/// The whole part of `log2(draw + 1)` and the mantissa with 63 bits behind the point.
fn parts(draw: u64) -> (u64, u64) {
    let value = u128::from(draw) + 1;
    let whole = value.ilog2();
    (u64::from(whole), ((value << 63) >> whole) as u64)
}

/// `-log2((draw + 1) / 2^64)` in units of `2^-48`, rounded the same way everywhere.
pub(crate) fn minus_log2(draw: u64) -> u64 {
    let (whole, mantissa) = parts(draw);
    (64 << FRACTION) - ((whole << FRACTION) | fraction(mantissa))
}

/// What [`at_least`] lacks at most: the logarithm's steepest step.
pub(crate) const SLACK: u64 = 3 << (FRACTION - STEP - 1);

/// No more than [`minus_log2`], and less by [`SLACK`] at most, for a twentieth of the time.
pub(crate) fn at_least(draw: u64) -> u64 {
    let (whole, mantissa) = parts(draw);
    let step = ((mantissa >> (63 - STEP)) as usize) & ((1 << STEP) - 1);
    (64_u64 << FRACTION).saturating_sub((whole << FRACTION) + BOUNDS[step + 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws() -> impl Iterator<Item = u64> {
        (0..64).flat_map(|b| [1u64 << b, (1 << b) + (1 << b) / 3]).chain([0, u64::MAX - 1, u64::MAX])
    }

    #[test]
    fn it_follows_the_real_logarithm_and_never_rises() {
        let mut last = u64::MAX;
        for draw in (0..64).flat_map(|b| [1u64 << b, (1 << b) + (1 << b) / 3]).chain([u64::MAX]) {
            let here = minus_log2(draw);
            let real = 64.0 - (draw as f64 + 1.0).log2();
            assert!((here as f64 / (1u64 << FRACTION) as f64 - real).abs() < 1e-9, "{draw}");
            assert!(here <= last, "{draw}");
            last = here;
        }
        assert_eq!(minus_log2(0), 64 << FRACTION);
        assert_eq!(minus_log2(u64::MAX), 0);
        assert_eq!(minus_log2((1 << 63) - 1), 1 << FRACTION);
    }

    #[test]
    fn the_bound_is_never_above_and_close() {
        let scrambled = (0..20_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for draw in draws().chain(scrambled) {
            let (bound, exact) = (at_least(draw), minus_log2(draw));
            assert!(bound <= exact, "{draw}");
            assert!(exact - bound <= SLACK, "{draw}");
        }
    }
}
