//! The committee's public key, the members' shares of its secret, and the dealing of both.

use core::fmt;

use borsh::io::{Error, ErrorKind, Read, Result as IoResult, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use zeroize::{Zeroize, Zeroizing};

use crate::group::{hash_to_point, hash_to_scalar, Exponent, Point};
use crate::ThresholdError;

/// A committee's public key: the group key, and one verification key for each member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    pub(crate) group: Point,
    /// The second generator of TDH2. A constant, kept because deriving it costs a hash to the group.
    pub(crate) second: Point,
    pub(crate) members: Vec<Point>,
    needed: u16,
}

impl PublicKey {
    pub(crate) fn new(group: Point, members: Vec<Point>, needed: u16) -> Self {
        let second = Point(hash_to_point("globelet threshold 1: second generator", &[]));
        Self { group, second, members, needed }
    }

    /// The key that ciphertexts are sealed to, 32 bytes; resharing keeps it.
    pub fn group_key(&self) -> [u8; 32] {
        self.group.to_bytes()
    }

    /// Members of the committee.
    pub fn members(&self) -> u16 {
        self.members.len() as u16
    }

    /// Shares needed to open or to draw (t + 1).
    pub fn needed(&self) -> u16 {
        self.needed
    }

    /// The verification key of a member, if there is such a member.
    pub(crate) fn member(&self, index: u16) -> Option<RistrettoPoint> {
        self.members.get(usize::from(index)).map(|point| point.0)
    }
}

impl BorshSerialize for PublicKey {
    fn serialize<W: Write>(&self, writer: &mut W) -> IoResult<()> {
        (self.group, self.needed, self.members()).serialize(writer)?;
        self.members.iter().try_for_each(|member| member.serialize(writer))
    }
}

impl BorshDeserialize for PublicKey {
    fn deserialize_reader<R: Read>(reader: &mut R) -> IoResult<Self> {
        let (group, needed, count) = <(Point, u16, u16)>::deserialize_reader(reader)?;
        if needed == 0 || needed > count {
            return Err(Error::new(ErrorKind::InvalidData, "the threshold exceeds the committee"));
        }
        let members = (0..count).map(|_| Point::deserialize_reader(reader)).collect::<IoResult<_>>()?;
        Ok(Self::new(group, members, needed))
    }
}

/// One member's share of the secret; wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct KeyShare {
    index: u16,
    pub(crate) secret: Exponent,
    pub(crate) public: Point,
}

impl KeyShare {
    pub(crate) fn new(index: u16, secret: &Scalar) -> Self {
        Self { index, secret: Exponent(*secret), public: Point(RistrettoPoint::mul_base(secret)) }
    }

    /// The member's place in the committee, from 0.
    pub fn index(&self) -> u16 {
        self.index
    }
}

impl fmt::Debug for KeyShare {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeyShare").field("index", &self.index).field("secret", &"redacted").finish()
    }
}

impl Drop for KeyShare {
    fn drop(&mut self) {
        self.secret.0.zeroize();
    }
}

/// Splits a fresh secret among `n` members so that any `needed` can use it (Shamir 1979).
///
/// For the first epoch, when a trusted authority creates the world: `randomness` determines every
/// key and must be wiped by the caller afterwards.
///
/// # Errors
/// [`ThresholdError::Threshold`] unless 1 <= needed <= n.
pub fn deal(n: u16, needed: u16, randomness: &[u8; 32]) -> Result<(PublicKey, Vec<KeyShare>), ThresholdError> {
    if needed == 0 || needed > n {
        return Err(ThresholdError::Threshold { n, needed });
    }
    let coefficient = |degree: u16| {
        let parts = [&randomness[..], &n.to_le_bytes(), &needed.to_le_bytes(), &degree.to_le_bytes()];
        hash_to_scalar("globelet threshold 1: dealt coefficient", &parts)
    };
    let polynomial: Zeroizing<Vec<Scalar>> = Zeroizing::new((0..needed).map(coefficient).collect());
    let share = |index: u16| {
        let at = Scalar::from(u64::from(index) + 1);
        let value = polynomial.iter().rev().fold(Scalar::ZERO, |sum, coefficient| sum * at + coefficient);
        let secret = Zeroizing::new(value);
        KeyShare::new(index, &secret)
    };
    let shares: Vec<KeyShare> = (0..n).map(share).collect();
    let members = shares.iter().map(|share| share.public).collect();
    Ok((PublicKey::new(Point(RistrettoPoint::mul_base(&polynomial[0])), members, needed), shares))
}
