//! Lagrange interpolation at zero with small integers, for committees as they are: a fraction of a multiscalar multiplication.
//!
//! Members stand at 1, 2, 3, …, so the Lagrange coefficients are fractions of small numbers. Over one common denominator they
//! are integers of few bits, which take few doublings; the denominator takes one multiplication at the end, and is 1 for the
//! first members in a row. Nothing here is secret, so nothing is in constant time.

use core::ops::{Add, Neg};

/// Coefficients of more bits are left to a multiscalar multiplication.
const MOST_BITS: u32 = 64;

/// The coefficients of distinct members, all over one denominator; `None` if they are large.
pub(crate) struct SmallCoefficients {
    numerators: Vec<i128>,
    pub(crate) denominator: u64,
}

fn greatest_common_divisor(one: i128, two: i128) -> i128 {
    let (mut one, mut two) = (one.abs(), two.abs());
    while two != 0 {
        (one, two) = (two, one % two);
    }
    one
}

/// The coefficient of one member as a fraction in lowest terms, its denominator positive.
fn fraction(own: i128, members: &[u16]) -> Option<(i128, i128)> {
    let others = members.iter().map(|member| i128::from(*member) + 1).filter(|other| *other != own);
    let mut all = others.map(|other| (other, other - own));
    let (above, below) = all.try_fold((1_i128, 1_i128), |(above, below), (numerator, denominator)| {
        let (above, below) = (above.checked_mul(numerator)?, below.checked_mul(denominator)?);
        let divisor = greatest_common_divisor(above, below);
        Some((above / divisor, below / divisor))
    })?;
    Some((above * below.signum(), below.abs()))
}

impl SmallCoefficients {
    /// Of these members, which are distinct.
    pub(crate) fn at_zero(members: &[u16]) -> Option<SmallCoefficients> {
        let own = |member: &u16| fraction(i128::from(*member) + 1, members);
        let fractions: Vec<(i128, i128)> = members.iter().map(own).collect::<Option<_>>()?;
        let denominator = fractions.iter().try_fold(1_i128, |common, (_, below)| {
            (common / greatest_common_divisor(common, *below)).checked_mul(*below)
        })?;
        let whole = |(above, below): &(i128, i128)| above.checked_mul(denominator / below);
        let numerators: Vec<i128> = fractions.iter().map(whole).collect::<Option<_>>()?;
        let small = numerators.iter().all(|numerator| numerator.unsigned_abs() < 1 << MOST_BITS);
        small.then_some(SmallCoefficients { numerators, denominator: u64::try_from(denominator).ok()? })
    }

    /// The sum of all points times their numerators, by doubling once for all: `denominator` times the value at zero.
    pub(crate) fn sum<G: Copy + Add<Output = G> + Neg<Output = G>>(&self, points: &[G]) -> Option<G> {
        let signed =
            |(numerator, point): (&i128, &G)| (numerator.unsigned_abs(), if *numerator < 0 { -*point } else { *point });
        let terms: Vec<(u128, G)> = self.numerators.iter().zip(points).map(signed).collect();
        let bits = terms.iter().map(|(factor, _)| u128::BITS - factor.leading_zeros()).max()?;
        let mut sum: Option<G> = None;
        for bit in (0..bits).rev() {
            sum = sum.map(|sum| sum + sum);
            for (_, point) in terms.iter().filter(|(factor, _)| factor >> bit & 1 == 1) {
                sum = Some(sum.map_or(*point, |sum| sum + *point));
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::ristretto::RistrettoPoint;
    use curve25519_dalek::scalar::Scalar;
    use curve25519_dalek::traits::VartimeMultiscalarMul;
    use proptest::prelude::*;

    use super::*;
    use crate::group::{at_zero, coefficients};

    #[test]
    fn the_first_in_a_row_have_binomials() {
        let five = SmallCoefficients::at_zero(&[0, 1, 2, 3, 4]).unwrap();
        assert_eq!((five.numerators, five.denominator), (vec![5, -10, 10, -5, 1], 1));
        let others = SmallCoefficients::at_zero(&[1, 3, 6]).unwrap();
        // 14/5, −7/3, 8/15.
        assert_eq!((others.numerators, others.denominator), (vec![42, -35, 8], 15));
    }

    #[test]
    fn large_ones_are_left_to_others() {
        assert!(SmallCoefficients::at_zero(&(0..100).step_by(2).collect::<Vec<_>>()).is_none());
        assert!(SmallCoefficients::at_zero(&[65533, 65534, 65535, 0, 9, 400, 31, 77]).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_small_sum_is_the_multiscalar_one(members in prop::collection::btree_set(0_u16..60, 1..24), by in any::<u64>()) {
            let members: Vec<u16> = members.into_iter().collect();
            let point = |member: &u16| RistrettoPoint::mul_base(&Scalar::from(by ^ u64::from(*member)));
            let points: Vec<_> = members.iter().map(point).collect();
            let expected = RistrettoPoint::vartime_multiscalar_mul(coefficients(&members), &points);
            prop_assert_eq!(at_zero(&members, &points), expected);
        }
    }
}
