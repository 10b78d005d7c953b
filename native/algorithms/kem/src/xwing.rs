//! X-Wing (draft-connolly-cfrg-xwing-kem-06): [`MlKem768`] and X25519 by `x25519-dalek`, joined by SHA3-256.

use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::scheme::Engine;
use crate::{MlKem768, Scheme, XWing};

/// `\.//^\`: what tells this combination apart (section 5.3).
const LABEL: &[u8; 6] = br"\.//^\";
/// Bytes of a point of X25519, and of a secret number.
const POINT: usize = 32;

impl Scheme for XWing {
    const NAME: &'static str = "X-Wing";
    const SEED_LEN: usize = 32;
    const RANDOMNESS_LEN: usize = 64;
    const PUBLIC_LEN: usize = MlKem768::PUBLIC_LEN + POINT;
    const CIPHERTEXT_LEN: usize = MlKem768::CIPHERTEXT_LEN + POINT;
}

/// A seed, expanded once.
pub struct KeyPair {
    lattice: <MlKem768 as Engine>::Secret,
    curve: StaticSecret,
    point: PublicKey,
}

/// The public halves.
#[derive(Clone)]
pub struct Public {
    lattice: <MlKem768 as Engine>::Public,
    point: PublicKey,
}

fn number(bytes: &[u8]) -> Zeroizing<[u8; POINT]> {
    Zeroizing::new(bytes.try_into().expect("the length was checked"))
}

fn point(bytes: &[u8]) -> PublicKey {
    PublicKey::from(<[u8; POINT]>::try_from(bytes).expect("the length was checked"))
}

/// Section 5.3: both secrets, and what X25519 alone would not bind.
fn combine(lattice: [u8; 32], curve: &x25519_dalek::SharedSecret, sent: &PublicKey, owner: &PublicKey) -> [u8; 32] {
    let lattice = Zeroizing::new(lattice);
    let mut all = Zeroizing::new([0; 4 * 32 + LABEL.len()]);
    let parts: [&[u8]; 5] = [&*lattice, curve.as_bytes(), sent.as_bytes(), owner.as_bytes(), LABEL];
    let mut at = 0;
    for part in parts {
        all[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    libcrux_sha3::sha256(&*all)
}

impl Engine for XWing {
    type Secret = KeyPair;
    type Public = Public;

    /// Section 5.2: 64 bytes for ML-KEM, 32 for X25519.
    fn secret(seed: &[u8]) -> KeyPair {
        let expanded = Zeroizing::new(libcrux_sha3::shake256::<96>(seed));
        let curve = StaticSecret::from(*number(&expanded[64..]));
        KeyPair { lattice: MlKem768::secret(&expanded[..64]), point: PublicKey::from(&curve), curve }
    }

    fn public(secret: &KeyPair) -> Public {
        Public { lattice: MlKem768::public(&secret.lattice), point: secret.point }
    }

    fn read(bytes: &[u8]) -> Option<Public> {
        let (lattice, curve) = bytes.split_at_checked(MlKem768::PUBLIC_LEN)?;
        Some(Public { lattice: MlKem768::read(lattice)?, point: point(curve) })
    }

    fn write(public: &Public) -> Vec<u8> {
        let mut bytes = MlKem768::write(&public.lattice);
        bytes.extend_from_slice(public.point.as_bytes());
        bytes
    }

    /// Section 5.4: the first half of the randomness is ML-KEM's, the second the number behind the point that is sent.
    fn encapsulate(public: &Public, randomness: &[u8]) -> (Vec<u8>, [u8; 32]) {
        let (first, second) = randomness.split_at(32);
        let once = StaticSecret::from(*number(second));
        let sent = PublicKey::from(&once);
        let (mut ciphertext, lattice) = MlKem768::encapsulate(&public.lattice, first);
        ciphertext.extend_from_slice(sent.as_bytes());
        let shared = combine(lattice, &once.diffie_hellman(&public.point), &sent, &public.point);
        (ciphertext, shared)
    }

    /// Section 5.5. A point of small order is taken like any other: the draft leaves it open, and the secret binds it.
    fn decapsulate(secret: &KeyPair, ciphertext: &[u8]) -> [u8; 32] {
        let (first, second) = ciphertext.split_at(MlKem768::CIPHERTEXT_LEN);
        let sent = point(second);
        let lattice = MlKem768::decapsulate(&secret.lattice, first);
        combine(lattice, &secret.curve.diffie_hellman(&sent), &sent, &secret.point)
    }
}
