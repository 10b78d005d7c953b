//! GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d) and generator 2.

const fn exp_log() -> ([u8; 512], [u8; 256]) {
    let (mut exp, mut log) = ([0u8; 512], [0u8; 256]);
    let (mut i, mut x) = (0usize, 1u16);
    while i < 255 {
        exp[i] = x as u8;
        exp[i + 255] = x as u8;
        log[x as usize] = i as u8;
        x <<= 1;
        if x & 0x100 != 0 {
            x ^= 0x11d;
        }
        i += 1;
    }
    (exp, log)
}

static EXP: [u8; 512] = EXP_LOG.0;
static LOG: [u8; 256] = EXP_LOG.1;
const EXP_LOG: ([u8; 512], [u8; 256]) = exp_log();

/// The product of two field elements.
pub(crate) const fn mul(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 {
        return 0;
    }
    EXP_LOG.0[EXP_LOG.1[a as usize] as usize + EXP_LOG.1[b as usize] as usize]
}

/// The logarithm to base 2 of `a`, which must not be zero.
pub(crate) fn log(a: u8) -> u32 {
    debug_assert!(a != 0, "zero has no logarithm");
    u32::from(LOG[usize::from(a)])
}

/// 2 to the power `exponent`.
pub(crate) fn exp(exponent: u32) -> u8 {
    EXP[exponent as usize % 255]
}

/// The multiplicative inverse of `a`, which must not be zero.
pub(crate) fn inverse(a: u8) -> u8 {
    exp(255 - log(a))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Shift-and-add multiplication, straight from the definition.
    pub(crate) fn slow_mul(mut a: u8, mut b: u8) -> u8 {
        let mut product = 0;
        while b != 0 {
            if b & 1 != 0 {
                product ^= a;
            }
            a = (a << 1) ^ if a & 0x80 != 0 { 0x1d } else { 0 };
            b >>= 1;
        }
        product
    }

    #[test]
    fn tables_agree_with_the_definition() {
        for a in 0..=255u8 {
            for b in 0..=255u8 {
                assert_eq!(mul(a, b), slow_mul(a, b));
            }
            if a != 0 {
                assert_eq!(mul(a, inverse(a)), 1);
                assert_eq!(exp(log(a)), a);
            }
        }
    }
}
