//! What holds secrets wipes itself.

use zeroize::ZeroizeOnDrop;

/// Seeds and nonces go through SHA-512, whose state and buffer keep what they were given unless its crate is told.
#[test]
fn the_hash_of_secrets_wipes_its_state() {
    fn wipes<T: ZeroizeOnDrop>() {}
    wipes::<sha2::Sha512>();
}
