//! Keys of any scheme.

use crate::scheme::check;
use crate::{KemError, Scheme, SharedSecret, Sntrup761};

/// A secret key, wiped when dropped.
pub struct SecretKey<S: Scheme>(S::Secret);

/// A public key whose encoding is canonical.
pub struct PublicKey<S: Scheme>(S::Public);

impl<S: Scheme> SecretKey<S> {
    /// The key that follows from a seed of [`Scheme::SEED_LEN`] random bytes. The seed is the key's shortest form.
    ///
    /// # Errors
    /// [`KemError::Length`].
    pub fn from_seed(seed: &[u8]) -> Result<SecretKey<S>, KemError> {
        check::<S>("a seed", S::SEED_LEN, seed)?;
        Ok(SecretKey(S::secret(seed)))
    }

    /// The public key.
    pub fn public(&self) -> PublicKey<S> {
        PublicKey(S::public(&self.0))
    }

    /// The shared secret of a ciphertext. One that was not made for this key gives another secret, not an error.
    ///
    /// # Errors
    /// [`KemError::Length`].
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Result<SharedSecret, KemError> {
        check::<S>("a ciphertext", S::CIPHERTEXT_LEN, ciphertext)?;
        Ok(SharedSecret::new(S::decapsulate(&self.0, ciphertext)))
    }
}

impl SecretKey<Sntrup761> {
    /// Reads a secret key in the form of the NTRU Prime submission, 1,763 bytes, as other programs keep it.
    ///
    /// # Errors
    /// [`KemError::Length`], [`KemError::SecretKey`] if its parts do not belong together.
    pub fn from_bytes(bytes: &[u8]) -> Result<SecretKey<Sntrup761>, KemError> {
        check::<Sntrup761>("a secret key", sntrup761::SECRET_KEY_SIZE, bytes)?;
        crate::sntrup761::read_secret(bytes).map(SecretKey).ok_or(KemError::SecretKey(Sntrup761::NAME))
    }
}

impl<S: Scheme> PublicKey<S> {
    /// Reads a public key.
    ///
    /// # Errors
    /// [`KemError::Length`]; [`KemError::PublicKey`] for an encoding that is not canonical.
    pub fn from_bytes(bytes: &[u8]) -> Result<PublicKey<S>, KemError> {
        check::<S>("a public key", S::PUBLIC_LEN, bytes)?;
        let read = S::read(bytes).filter(|public| S::write(public) == bytes);
        read.map(PublicKey).ok_or(KemError::PublicKey(S::NAME))
    }

    /// The key's only encoding, [`Scheme::PUBLIC_LEN`] bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        S::write(&self.0)
    }

    /// A ciphertext for the key's owner, and the secret that both then share. `randomness` is [`Scheme::RANDOMNESS_LEN`]
    /// bytes of the system's generator, for this call alone.
    ///
    /// # Errors
    /// [`KemError::Length`].
    pub fn encapsulate(&self, randomness: &[u8]) -> Result<(Vec<u8>, SharedSecret), KemError> {
        check::<S>("randomness", S::RANDOMNESS_LEN, randomness)?;
        let (ciphertext, shared) = S::encapsulate(&self.0, randomness);
        Ok((ciphertext, SharedSecret::new(shared)))
    }
}

impl<S: Scheme> Clone for PublicKey<S> {
    fn clone(&self) -> PublicKey<S> {
        PublicKey(self.0.clone())
    }
}

impl<S: Scheme> PartialEq for PublicKey<S> {
    fn eq(&self, other: &PublicKey<S>) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl<S: Scheme> Eq for PublicKey<S> {}

impl<S: Scheme> std::fmt::Debug for PublicKey<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", S::NAME)
    }
}

impl<S: Scheme> std::fmt::Debug for SecretKey<S> {
    /// Shows nothing of the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey({}, ..)", S::NAME)
    }
}
