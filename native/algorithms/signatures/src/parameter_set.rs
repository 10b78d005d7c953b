//! What ML-DSA's parameter sets have in common: all but types and lengths.

/// Defines the keys and functions of one parameter set of FIPS 204 over the module of the library that implements it.
macro_rules! parameter_set {
    ($library:ident, $signing:ident, $verification:ident, $signature:ident, $public_len:literal, $signature_len:literal) => {
        use zeroize::Zeroize;

        /// Length of a public key in bytes (FIPS 204, table 2).
        pub const PUBLIC_LEN: usize = $public_len;
        /// Length of a signature in bytes (FIPS 204, table 2).
        pub const SIGNATURE_LEN: usize = $signature_len;

        /// A secret key, wiped from memory when dropped.
        pub struct SigningKey {
            secret: Box<$signing>,
            public: Vec<u8>,
        }

        impl SigningKey {
            /// The key that follows from the seed xi (FIPS 204, algorithm 6).
            pub fn from_seed(seed: &[u8; 32]) -> SigningKey {
                let mut pair = $library::generate_key_pair(*seed);
                // Copied to where it stays and wiped where it was made: a move would leave it there.
                let mut secret = Box::new($signing::zero());
                secret.as_ref_mut().copy_from_slice(pair.signing_key.as_slice());
                pair.signing_key.as_ref_mut().zeroize();
                SigningKey { public: pair.verification_key.as_slice().to_vec(), secret }
            }

            /// The public key, [`PUBLIC_LEN`] bytes.
            pub fn public(&self) -> Vec<u8> {
                self.public.clone()
            }

            /// Signs `message` by the deterministic variant (FIPS 204, algorithm 2) with an empty context,
            /// [`SIGNATURE_LEN`] bytes.
            pub fn sign(&self, message: &[u8]) -> Vec<u8> {
                self.sign_in_context(message, &[]).expect("an empty context is short")
            }

            /// Signs `message` in a context of 255 bytes at most; `None` for a longer one.
            pub fn sign_in_context(&self, message: &[u8], context: &[u8]) -> Option<Vec<u8>> {
                if context.len() > 255 {
                    return None;
                }
                // The deterministic variant is the one with 32 zero bytes for randomness.
                let signed = $library::sign(&self.secret, message, context, [0; 32]);
                Some(signed.expect("814 rejections in a row do not happen").as_slice().to_vec())
            }
        }

        impl Drop for SigningKey {
            fn drop(&mut self) {
                self.secret.as_ref_mut().zeroize();
            }
        }

        impl std::fmt::Debug for SigningKey {
            /// Shows nothing of the key.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("mldsa::SigningKey(..)")
            }
        }

        /// Whether `signature` by `public` stands on `message`, in an empty context; bytes of the wrong length are
        /// refused.
        pub fn verify(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
            verify_in_context(public, message, &[], signature)
        }

        /// Whether `signature` by `public` stands on `message` in `context`; bytes of the wrong length and contexts of
        /// more than 255 bytes are refused.
        pub fn verify_in_context(public: &[u8], message: &[u8], context: &[u8], signature: &[u8]) -> bool {
            let (Ok(public), Ok(signature)) = (public.try_into(), signature.try_into()) else { return false };
            let (key, signature) = ($verification::new(public), $signature::new(signature));
            $library::verify(&key, message, context, &signature).is_ok()
        }
    };
}

pub(crate) use parameter_set;
