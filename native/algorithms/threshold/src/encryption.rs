//! TDH2 with an AEAD payload: encrypt to a committee, open with enough of its members.

use borsh::{BorshDeserialize, BorshSerialize};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use curve25519_dalek::ristretto::RistrettoPoint;
use zeroize::Zeroizing;

use crate::group::{at_zero, hash_to_scalar, secret_hash, wide_hash, Point};
use crate::proof::{EqualityProof, Statement};
use crate::{KeyShare, PublicKey, ThresholdError};

/// A payload sealed to a committee and bound to a label.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Ciphertext {
    /// The encryptor's ephemeral key, r·base.
    pub u: Point,
    /// r·second generator: with the proof it shows that the encryptor knows r (the CCA shield of TDH2).
    pub u_second: Point,
    /// Hash of the label the ciphertext was made for.
    pub label: [u8; 32],
    /// Commitment to the shared point, so that only one plaintext can ever be opened.
    pub commitment: [u8; 32],
    /// Proof that `u` and `u_second` have the same logarithm, over everything else in here.
    pub proof: EqualityProof,
    /// The payload under ChaCha20-Poly1305 (RFC 8439), 16 bytes longer than the plaintext.
    pub sealed: Vec<u8>,
}

impl Ciphertext {
    /// The proof binds label, commitment and payload: a changed copy is another, invalid ciphertext.
    fn context(&self) -> [u8; 64] {
        let parts = [&self.label[..], &self.commitment, &self.sealed];
        wide_hash("globelet threshold 1: ciphertext", &parts)
    }

    fn statement<'a>(&self, key: &PublicKey, context: &'a [u8]) -> Statement<'a> {
        Statement { public: self.u.0, other: key.second.0, image: self.u_second.0, context }
    }
}

/// One member's contribution to opening a ciphertext; 98 bytes encoded.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DecryptionShare {
    /// The member, from 0.
    pub index: u16,
    share: Point,
    proof: EqualityProof,
}

fn label_hash(label: &[u8]) -> [u8; 32] {
    blake3::derive_key("globelet threshold 1: label", label)
}

/// AEAD key and commitment of a shared point.
fn derive(shared: &RistrettoPoint, u: &Point) -> (Zeroizing<[u8; 32]>, [u8; 32]) {
    let encoded = Zeroizing::new(shared.compress().to_bytes());
    let wide = secret_hash("globelet threshold 1: payload key", &[&encoded[..], &u.to_bytes()]);
    let (mut key, mut commitment) = (Zeroizing::new([0; 32]), [0; 32]);
    key.copy_from_slice(&wide[..32]);
    commitment.copy_from_slice(&wide[32..]);
    (key, commitment)
}

/// Seals `plaintext` to the committee, bound to `label`. `randomness` must be fresh for each call; it is
/// hashed with label and plaintext, so a repeated value leaks only whether all three are the same.
pub fn encrypt(key: &PublicKey, label: &[u8], plaintext: &[u8], randomness: &[u8; 32]) -> Ciphertext {
    let label = label_hash(label);
    let secret = Zeroizing::new(hash_to_scalar("globelet threshold 1: ephemeral", &[randomness, &label, plaintext]));
    let u = Point(RistrettoPoint::mul_base(&secret));
    let shared = Zeroizing::new(*secret * key.group.0);
    let (aead_key, commitment) = derive(&shared, &u);
    // A zero nonce is right: every key seals one payload.
    let payload = Payload { msg: plaintext, aad: &label };
    let sealed = ChaCha20Poly1305::new((&*aead_key).into())
        .encrypt(&Nonce::default(), payload)
        .expect("a payload in memory is below the 256 GB limit of RFC 8439");
    let unproved = EqualityProof::unproved();
    let mut ciphertext =
        Ciphertext { u, u_second: Point(*secret * key.second.0), label, commitment, proof: unproved, sealed };
    let context = ciphertext.context();
    ciphertext.proof = ciphertext.statement(key, &context).prove(&secret, randomness);
    ciphertext
}

/// Checks that the ciphertext was made for `label` by someone who knows what is in it.
///
/// A member must do this before it makes a decryption share: a share of an unchecked ciphertext could be
/// part of opening someone else's, or of a coin.
///
/// # Errors
/// [`ThresholdError::Label`] or [`ThresholdError::Proof`].
pub fn check(key: &PublicKey, label: &[u8], c: &Ciphertext) -> Result<(), ThresholdError> {
    if c.label != label_hash(label) {
        return Err(ThresholdError::Label);
    }
    if !c.statement(key, &c.context()).holds(&c.proof) {
        return Err(ThresholdError::Proof);
    }
    Ok(())
}

impl KeyShare {
    /// This member's share of opening `c`, which must have passed [`check`]. One scalar multiplication, and
    /// two more for the proof; `nonce_seed` may be constant.
    pub fn decryption_share(&self, c: &Ciphertext, nonce_seed: &[u8; 32]) -> DecryptionShare {
        let image = self.secret.0 * c.u.0;
        let statement = Statement { public: self.public.0, other: c.u.0, image, context: b"decryption" };
        DecryptionShare { index: self.index(), share: Point(image), proof: statement.prove(&self.secret.0, nonce_seed) }
    }
}

/// True if the share is what its member's key makes of `c`.
pub fn verify_share(key: &PublicKey, c: &Ciphertext, share: &DecryptionShare) -> bool {
    key.member(share.index).is_some_and(|public| {
        Statement { public, other: c.u.0, image: share.share.0, context: b"decryption" }.holds(&share.proof)
    })
}

/// Opens `c` with the first `needed` shares of distinct members; later shares of a member are ignored.
///
/// No share is verified while all goes well: the commitment in the ciphertext tells. `c` must have passed
/// [`check`].
///
/// # Errors
/// [`ThresholdError::Label`]; [`ThresholdError::NotEnough`]; [`ThresholdError::BadShares`] with everyone whose
/// share does not verify (drop them and call again); [`ThresholdError::Unopenable`] when the encryptor is to blame,
/// which every member finds alike.
pub fn combine(
    key: &PublicKey,
    label: &[u8],
    c: &Ciphertext,
    shares: &[DecryptionShare],
) -> Result<Vec<u8>, ThresholdError> {
    if c.label != label_hash(label) {
        return Err(ThresholdError::Label);
    }
    let mut distinct: Vec<&DecryptionShare> = Vec::with_capacity(shares.len());
    for share in shares {
        if share.index < key.members() && distinct.iter().all(|other| other.index != share.index) {
            distinct.push(share);
        }
    }
    let have = distinct.len() as u16;
    if have < key.needed() {
        return Err(ThresholdError::NotEnough { have, needed: key.needed() });
    }
    let chosen = &distinct[..usize::from(key.needed())];
    let indices: Vec<u16> = chosen.iter().map(|share| share.index).collect();
    let points: Vec<RistrettoPoint> = chosen.iter().map(|share| share.share.0).collect();
    let shared = Zeroizing::new(at_zero(&indices, &points));
    open(c, &shared).ok_or_else(|| blame(key, c, &distinct))
}

fn open(c: &Ciphertext, shared: &RistrettoPoint) -> Option<Vec<u8>> {
    let (aead_key, commitment) = derive(shared, &c.u);
    if commitment != c.commitment {
        return None;
    }
    let payload = Payload { msg: &c.sealed, aad: &c.label };
    ChaCha20Poly1305::new((&*aead_key).into()).decrypt(&Nonce::default(), payload).ok()
}

fn blame(key: &PublicKey, c: &Ciphertext, shares: &[&DecryptionShare]) -> ThresholdError {
    let bad = shares.iter().filter(|share| !verify_share(key, c, share));
    let mut indices: Vec<u16> = bad.map(|share| share.index).collect();
    indices.sort_unstable();
    if indices.is_empty() {
        ThresholdError::Unopenable
    } else {
        ThresholdError::BadShares { indices }
    }
}
