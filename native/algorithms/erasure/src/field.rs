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

static EXP: [u8; 512] = exp_log().0;
static LOG: [u8; 256] = exp_log().1;

/// The product of two field elements.
pub(crate) fn mul(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 {
        return 0;
    }
    EXP[usize::from(LOG[usize::from(a)]) + usize::from(LOG[usize::from(b)])]
}

/// The multiplicative inverse of `a`, which must not be zero.
pub(crate) fn inverse(a: u8) -> u8 {
    debug_assert!(a != 0, "zero has no inverse");
    EXP[255 - usize::from(LOG[usize::from(a)])]
}

/// `target += factor * source`, byte by byte over the shorter of the two.
pub(crate) fn add_scaled(target: &mut [u8], source: &[u8], factor: u8) {
    match factor {
        0 => {}
        1 => target.iter_mut().zip(source).for_each(|(t, s)| *t ^= s),
        _ => {
            // Two 16-entry tables per factor stay in one cache line each.
            let low: [u8; 16] = std::array::from_fn(|v| mul(factor, v as u8));
            let high: [u8; 16] = std::array::from_fn(|v| mul(factor, (v as u8) << 4));
            for (t, s) in target.iter_mut().zip(source) {
                *t ^= low[usize::from(s & 15)] ^ high[usize::from(s >> 4)];
            }
        }
    }
}

/// `row *= factor`, byte by byte.
pub(crate) fn scale(row: &mut [u8], factor: u8) {
    row.iter_mut().for_each(|v| *v = mul(*v, factor));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shift-and-add multiplication, straight from the definition.
    fn slow_mul(mut a: u8, mut b: u8) -> u8 {
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
            }
        }
    }

    #[test]
    fn scaled_addition_agrees_with_multiplication() {
        let source: Vec<u8> = (0..=255).collect();
        for factor in 0..=255u8 {
            let mut target = vec![0x5a; 256];
            add_scaled(&mut target, &source, factor);
            for (t, s) in target.iter().zip(&source) {
                assert_eq!(*t, 0x5a ^ slow_mul(*s, factor));
            }
        }
    }
}
