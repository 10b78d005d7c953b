//! Batch verification: one multiscalar multiplication for all signatures.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};

use crate::prepared::{Claim, PreparedKey};

/// Verifies many `(public, message, signature)` at once; entry `i` equals [`crate::verify`] on item `i`.
pub fn verify_batch(items: &[(&[u8; 32], &[u8], &[u8; 64])]) -> Vec<bool> {
    let keys: Vec<_> = items.iter().map(|item| PreparedKey::from_bytes(item.0)).collect();
    let usable = items.iter().zip(&keys).filter_map(|(item, key)| Some((key.as_ref()?, item.1, item.2)));
    let mut verdicts = verify_batch_prepared(&usable.collect::<Vec<_>>()).into_iter();
    keys.iter().map(|key| key.is_some() && verdicts.next() == Some(true)).collect()
}

/// As [`verify_batch`], for keys that are already decompressed.
pub fn verify_batch_prepared(items: &[(&PreparedKey, &[u8], &[u8; 64])]) -> Vec<bool> {
    let claims: Vec<_> = items.iter().map(|(key, message, sig)| key.claim(message, sig)).collect();
    let sound: Vec<(&PreparedKey, &Claim)> =
        items.iter().zip(&claims).filter_map(|(item, claim)| Some((item.0, claim.as_ref()?))).collect();
    if sound.len() > 1 && equation_holds(&sound, &weights(items)) {
        return claims.iter().map(Option::is_some).collect();
    }
    items.iter().map(|(key, message, sig)| key.verify(message, sig)).collect()
}

/// The hash from which the weights of the sum are drawn: it covers every key, message and signature.
///
/// No outside randomness is needed: a forger would have to find a batch whose own hash makes its
/// errors cancel, one chance in 2^128 for each batch tried.
fn weights(items: &[(&PreparedKey, &[u8], &[u8; 64])]) -> blake3::OutputReader {
    let mut hasher = blake3::Hasher::new_derive_key("globelet ed25519 batch verification v1");
    for (key, message, signature) in items {
        hasher.update(&key.to_bytes());
        hasher.update(*signature);
        hasher.update(blake3::hash(message).as_bytes());
    }
    hasher.finalize_xof()
}

/// Whether `8 * sum(z_i (s_i B - R_i - h_i A_i)) = 0` with weights `z_i` of 128 bits.
fn equation_holds(claims: &[(&PreparedKey, &Claim)], weights: &blake3::OutputReader) -> bool {
    let mut weights = weights.clone();
    let mut base = Scalar::ZERO;
    let mut scalars = Vec::with_capacity(2 * claims.len() + 1);
    let mut points = Vec::with_capacity(2 * claims.len() + 1);
    for (key, claim) in claims {
        let mut bytes = [0; 16];
        weights.fill(&mut bytes);
        let weight = Scalar::from(u128::from_le_bytes(bytes));
        base += weight * claim.s;
        // Signs are on the other side of the equation: short weights stay short for the R_i.
        scalars.extend([weight, weight * claim.h]);
        points.extend([claim.r, key.point]);
    }
    scalars.push(-base);
    points.push(ED25519_BASEPOINT_POINT);
    EdwardsPoint::vartime_multiscalar_mul(&scalars, &points).mul_by_cofactor().is_identity()
}
