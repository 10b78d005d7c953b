//! Binary logarithm in integers.

/// Bits behind the point of a logarithm.
pub(crate) const FRACTION: u32 = 48;

/// `-log2((draw + 1) / 2^64)` in units of `2^-48`, rounded the same way everywhere.
///
/// The fraction comes by repeated squaring: squaring a number in [1, 2) shows the next bit of its
/// logarithm (Knuth, TAOCP volume 1, section 1.2.2, exercise 25 and the method before it).
pub(crate) fn minus_log2(draw: u64) -> u64 {
    let value = u128::from(draw) + 1;
    let whole = value.ilog2();
    // The mantissa in [1, 2), with 63 bits behind the point.
    let mut mantissa = ((value << 63) >> whole) as u64;
    let mut log = u64::from(whole);
    for _ in 0..FRACTION {
        let square = u128::from(mantissa) * u128::from(mantissa);
        let carry = (square >> 127) as u64;
        mantissa = (square >> (63 + carry as u32)) as u64;
        log = (log << 1) | carry;
    }
    (64 << FRACTION) - log
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
