//! The two kinds of keys that a committee can share, and the arithmetic that sharing needs of their groups.

use core::fmt::Debug;

use zeroize::Zeroize;

mod encryption;
mod signing;

pub use encryption::Encryption;
pub use signing::{Signing, SigningScalar};

mod sealed {
    pub trait Sealed {}
}

/// A kind of key: [`Encryption`] or [`Signing`]; nothing outside this crate is one.
pub trait Scheme: sealed::Sealed + Copy + Debug + PartialEq + 'static {
    /// A public key of the committee.
    type PublicKey: Clone + Debug + PartialEq;
    /// A member's share of the secret key.
    type KeyShare: Clone + Debug + PartialEq;
    /// An element of the group that public keys are in.
    type Element: Copy + Debug + PartialEq;
    /// An exponent.
    type Scalar: Copy + Debug + PartialEq + Zeroize;

    /// The scheme's name: `encryption`, `signing`.
    const NAME: &'static str;
    /// Length of an encoded element in bytes.
    const ELEMENT_LEN: usize;

    /// The sum of no elements.
    #[doc(hidden)]
    fn identity() -> Self::Element;
    /// The sum of two elements.
    #[doc(hidden)]
    fn add(one: &Self::Element, two: &Self::Element) -> Self::Element;
    /// A multiple, in constant time.
    #[doc(hidden)]
    fn times(scalar: &Self::Scalar, point: &Self::Element) -> Self::Element;
    /// A multiple of the generator, in constant time.
    #[doc(hidden)]
    fn times_base(scalar: &Self::Scalar) -> Self::Element;
    /// The only encoding of an element.
    #[doc(hidden)]
    fn write(point: &Self::Element) -> Vec<u8>;
    /// The element of these bytes; refuses what is not the only encoding of an element of prime order, or of the identity.
    #[doc(hidden)]
    fn read(bytes: &[u8]) -> Option<Self::Element>;

    /// A small number as an exponent.
    #[doc(hidden)]
    fn number(value: u64) -> Self::Scalar;
    /// The sum.
    #[doc(hidden)]
    fn plus(one: &Self::Scalar, two: &Self::Scalar) -> Self::Scalar;
    /// The difference.
    #[doc(hidden)]
    fn minus(one: &Self::Scalar, two: &Self::Scalar) -> Self::Scalar;
    /// The product.
    #[doc(hidden)]
    fn product(one: &Self::Scalar, two: &Self::Scalar) -> Self::Scalar;
    /// The inverse of what is not zero.
    #[doc(hidden)]
    fn inverse(value: &Self::Scalar) -> Self::Scalar;
    /// The only encoding of an exponent.
    #[doc(hidden)]
    fn write_scalar(value: &Self::Scalar) -> [u8; 32];
    /// The exponent of these bytes, if they are below the order.
    #[doc(hidden)]
    fn read_scalar(bytes: &[u8; 32]) -> Option<Self::Scalar>;
    /// An exponent from a hash, even up to a bias below 2^-250.
    #[doc(hidden)]
    fn hash(domain: &str, parts: &[&[u8]]) -> Self::Scalar;

    /// The public key of a group key and its members' keys.
    #[doc(hidden)]
    fn public_key(group: Self::Element, members: Vec<Self::Element>, needed: u16) -> Self::PublicKey;
    /// What [`Scheme::public_key`] was made of: group key, members' keys, shares needed.
    #[doc(hidden)]
    fn parts(key: &Self::PublicKey) -> (Self::Element, Vec<Self::Element>, u16);
    /// A member's share.
    #[doc(hidden)]
    fn key_share(index: u16, secret: &Self::Scalar) -> Self::KeyShare;
    /// What a share is made of.
    #[doc(hidden)]
    fn share_parts(share: &Self::KeyShare) -> (u16, Secret<Self>);
}

/// A secret exponent, wiped when dropped, never printed.
pub struct Secret<S: Scheme>(pub(crate) S::Scalar);

impl<S: Scheme> Drop for Secret<S> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<S: Scheme> Debug for Secret<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The abscissa of a member: member `i` holds the polynomial at `i + 1`.
pub(crate) fn abscissa<S: Scheme>(index: u16) -> S::Scalar {
    S::number(u64::from(index) + 1)
}

/// A public polynomial at a member's abscissa, by Horner's rule; in variable time, as nothing of it is secret.
pub(crate) fn evaluate<S: Scheme>(commitments: &[S::Element], index: u16) -> S::Element {
    let times_small = |point: S::Element| {
        let factor = u32::from(index) + 1;
        let bits = (0..u32::BITS - factor.leading_zeros()).rev();
        bits.fold(S::identity(), |sum, bit| {
            let doubled = S::add(&sum, &sum);
            if factor >> bit & 1 == 1 {
                S::add(&doubled, &point)
            } else {
                doubled
            }
        })
    };
    commitments.iter().rev().fold(S::identity(), |sum, coefficient| S::add(&times_small(sum), coefficient))
}

/// The Lagrange coefficients at zero of distinct members.
pub(crate) fn coefficients_at_zero<S: Scheme>(indices: &[u16]) -> Vec<S::Scalar> {
    let coefficient = |&own: &u16| {
        let others = indices.iter().filter(|&&other| other != own).map(|&other| abscissa::<S>(other));
        let (above, below) = others.fold((S::number(1), S::number(1)), |(above, below), other| {
            (S::product(&above, &other), S::product(&below, &S::minus(&other, &abscissa::<S>(own))))
        });
        S::product(&above, &S::inverse(&below))
    };
    indices.iter().map(coefficient).collect()
}
