//! Keys whose scheme is chosen at run time.

use crate::hybrid::{mldsa44_ed25519, mldsa65_ed25519};
use crate::{mldsa, mldsa44, PreparedKey, SignatureError};

/// The signature schemes of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RFC 8032, verified by this crate's rule.
    Ed25519,
    /// FIPS 204, category 2.
    MlDsa44,
    /// FIPS 204, category 3.
    MlDsa65,
    /// Both must stand.
    MlDsa44Ed25519,
    /// Both must stand.
    MlDsa65Ed25519,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Scheme; 5] =
        [Scheme::Ed25519, Scheme::MlDsa44, Scheme::MlDsa65, Scheme::MlDsa44Ed25519, Scheme::MlDsa65Ed25519];

    /// The name, such as `ml-dsa-65`.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Ed25519 => "ed25519",
            Scheme::MlDsa44 => "ml-dsa-44",
            Scheme::MlDsa65 => "ml-dsa-65",
            Scheme::MlDsa44Ed25519 => "ml-dsa-44-ed25519",
            Scheme::MlDsa65Ed25519 => "ml-dsa-65-ed25519",
        }
    }

    /// The scheme of a name.
    pub fn from_name(name: &str) -> Option<Scheme> {
        Scheme::ALL.into_iter().find(|scheme| scheme.name() == name)
    }

    /// Bytes of the seed from which a key follows.
    pub fn seed_len(self) -> usize {
        match self {
            Scheme::Ed25519 | Scheme::MlDsa44 | Scheme::MlDsa65 => 32,
            Scheme::MlDsa44Ed25519 | Scheme::MlDsa65Ed25519 => 64,
        }
    }

    /// Bytes of a public key.
    pub fn public_len(self) -> usize {
        match self {
            Scheme::Ed25519 => 32,
            Scheme::MlDsa44 => mldsa44::PUBLIC_LEN,
            Scheme::MlDsa65 => mldsa::PUBLIC_LEN,
            Scheme::MlDsa44Ed25519 => mldsa44_ed25519::PUBLIC_LEN,
            Scheme::MlDsa65Ed25519 => mldsa65_ed25519::PUBLIC_LEN,
        }
    }

    /// Bytes of a signature.
    pub fn signature_len(self) -> usize {
        match self {
            Scheme::Ed25519 => 64,
            Scheme::MlDsa44 => mldsa44::SIGNATURE_LEN,
            Scheme::MlDsa65 => mldsa::SIGNATURE_LEN,
            Scheme::MlDsa44Ed25519 => mldsa44_ed25519::SIGNATURE_LEN,
            Scheme::MlDsa65Ed25519 => mldsa65_ed25519::SIGNATURE_LEN,
        }
    }

    fn check(self, what: &'static str, expected: usize, bytes: &[u8]) -> Result<(), SignatureError> {
        if bytes.len() == expected {
            return Ok(());
        }
        Err(SignatureError::Length { what, scheme: self.name(), expected, found: bytes.len() })
    }

    /// Refuses a context that the scheme does not take.
    fn check_context(self, context: &[u8]) -> Result<(), SignatureError> {
        let most = if self == Scheme::Ed25519 { 0 } else { 255 };
        if context.len() <= most {
            Ok(())
        } else {
            Err(SignatureError::Context(context.len()))
        }
    }
}

/// A secret key of any scheme, wiped from memory when dropped.
#[derive(Debug)]
pub enum AnySigningKey {
    /// Ed25519.
    Ed25519(crate::SigningKey),
    /// ML-DSA-44.
    MlDsa44(mldsa44::SigningKey),
    /// ML-DSA-65.
    MlDsa65(mldsa::SigningKey),
    /// ML-DSA-44 and Ed25519.
    MlDsa44Ed25519(Box<mldsa44_ed25519::SigningKey>),
    /// ML-DSA-65 and Ed25519.
    MlDsa65Ed25519(Box<mldsa65_ed25519::SigningKey>),
}

impl AnySigningKey {
    /// The key that follows from a seed of [`Scheme::seed_len`] bytes.
    ///
    /// # Errors
    /// [`SignatureError::Length`].
    pub fn from_seed(scheme: Scheme, seed: &[u8]) -> Result<AnySigningKey, SignatureError> {
        scheme.check("a seed", scheme.seed_len(), seed)?;
        let short = || seed.first_chunk().expect("the length was checked");
        let long = || seed.first_chunk().expect("the length was checked");
        Ok(match scheme {
            Scheme::Ed25519 => AnySigningKey::Ed25519(crate::SigningKey::from_seed(short())),
            Scheme::MlDsa44 => AnySigningKey::MlDsa44(mldsa44::SigningKey::from_seed(short())),
            Scheme::MlDsa65 => AnySigningKey::MlDsa65(mldsa::SigningKey::from_seed(short())),
            Scheme::MlDsa44Ed25519 => {
                AnySigningKey::MlDsa44Ed25519(Box::new(mldsa44_ed25519::SigningKey::from_seed(long())))
            }
            Scheme::MlDsa65Ed25519 => {
                AnySigningKey::MlDsa65Ed25519(Box::new(mldsa65_ed25519::SigningKey::from_seed(long())))
            }
        })
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        match self {
            AnySigningKey::Ed25519(_) => Scheme::Ed25519,
            AnySigningKey::MlDsa44(_) => Scheme::MlDsa44,
            AnySigningKey::MlDsa65(_) => Scheme::MlDsa65,
            AnySigningKey::MlDsa44Ed25519(_) => Scheme::MlDsa44Ed25519,
            AnySigningKey::MlDsa65Ed25519(_) => Scheme::MlDsa65Ed25519,
        }
    }

    /// The public key, [`Scheme::public_len`] bytes.
    pub fn public(&self) -> Vec<u8> {
        match self {
            AnySigningKey::Ed25519(key) => key.public().to_vec(),
            AnySigningKey::MlDsa44(key) => key.public(),
            AnySigningKey::MlDsa65(key) => key.public(),
            AnySigningKey::MlDsa44Ed25519(key) => key.public(),
            AnySigningKey::MlDsa65Ed25519(key) => key.public(),
        }
    }

    /// Signs `message` in `context`, which is empty for Ed25519, [`Scheme::signature_len`] bytes, always the same.
    ///
    /// # Errors
    /// [`SignatureError::Context`].
    pub fn sign(&self, message: &[u8], context: &[u8]) -> Result<Vec<u8>, SignatureError> {
        self.scheme().check_context(context)?;
        let signed = match self {
            AnySigningKey::Ed25519(key) => Some(key.sign(message).to_vec()),
            AnySigningKey::MlDsa44(key) => key.sign_in_context(message, context),
            AnySigningKey::MlDsa65(key) => key.sign_in_context(message, context),
            AnySigningKey::MlDsa44Ed25519(key) => key.sign_in_context(message, context),
            AnySigningKey::MlDsa65Ed25519(key) => key.sign_in_context(message, context),
        };
        signed.ok_or(SignatureError::Context(context.len()))
    }
}

/// A public key of any scheme, checked.
#[derive(Clone, Debug)]
pub struct AnyVerifyingKey {
    scheme: Scheme,
    bytes: Vec<u8>,
    /// Ed25519's point, decompressed once.
    prepared: Option<PreparedKey>,
}

impl AnyVerifyingKey {
    /// Reads a public key of [`Scheme::public_len`] bytes.
    ///
    /// # Errors
    /// [`SignatureError::Length`]; [`SignatureError::PublicKey`] if Ed25519's is not canonical or of small order. Any bytes
    /// are a public key of ML-DSA.
    pub fn from_bytes(scheme: Scheme, bytes: &[u8]) -> Result<AnyVerifyingKey, SignatureError> {
        scheme.check("a public key", scheme.public_len(), bytes)?;
        let curve = match scheme {
            Scheme::MlDsa44 | Scheme::MlDsa65 => None,
            Scheme::Ed25519 | Scheme::MlDsa44Ed25519 | Scheme::MlDsa65Ed25519 => bytes.last_chunk::<32>(),
        };
        let unusable = SignatureError::PublicKey(scheme.name());
        let prepared = curve.map(|key| PreparedKey::from_bytes(key).ok_or(unusable)).transpose()?;
        Ok(AnyVerifyingKey { scheme, bytes: bytes.to_vec(), prepared })
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The key's only encoding.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether `signature` by this key stands on `message` in `context`.
    ///
    /// # Errors
    /// [`SignatureError::Length`], [`SignatureError::Context`].
    pub fn verify(&self, message: &[u8], signature: &[u8], context: &[u8]) -> Result<bool, SignatureError> {
        self.scheme.check("a signature", self.scheme.signature_len(), signature)?;
        self.scheme.check_context(context)?;
        Ok(match self.scheme {
            Scheme::Ed25519 => {
                let short = signature.first_chunk().zip(self.prepared.as_ref());
                short.is_some_and(|(signature, key)| key.verify(message, signature))
            }
            Scheme::MlDsa44 => mldsa44::verify_in_context(&self.bytes, message, context, signature),
            Scheme::MlDsa65 => mldsa::verify_in_context(&self.bytes, message, context, signature),
            Scheme::MlDsa44Ed25519 => mldsa44_ed25519::verify_in_context(&self.bytes, message, context, signature),
            Scheme::MlDsa65Ed25519 => mldsa65_ed25519::verify_in_context(&self.bytes, message, context, signature),
        })
    }
}
