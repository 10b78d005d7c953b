//! Tokens of the identity service: EdDSA JWTs, checked against a cached key set (RFC 7517, 7519, 8037).
use crate::consul::Address;
use crate::fetch::{get, FetchError};
use globelet_types::AccountId;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{decode, decode_header, Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use thiserror::Error;

/// Why a token does not count.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TokenRefused {
    /// No `Authorization: Bearer` header.
    #[error(
        "the request carries no token; get one from the identity service and send it as `Authorization: Bearer …`"
    )]
    Missing,
    /// Not a token at all, or one without the claims it needs.
    #[error("the token cannot be read: {0}; send the identity service's token as it is")]
    Invalid(String),
    /// Its signature is not by the key it names.
    #[error(
        "the token is forged or changed: its signature is not by the key it names; get one from the identity service"
    )]
    Forged,
    /// Its time is over.
    #[error("the token has expired; get a fresh one from the identity service")]
    Expired,
    /// Made for another world.
    #[error("the token is for another world; get one from the identity service of world {world}")]
    OtherWorld {
        /// This world.
        world: String,
    },
    /// Signed with a key that the identity service does not publish.
    #[error("the token's key {0:?} is not one of the identity service's; get a fresh token")]
    UnknownKey(String),
    /// The token belongs to another account than the order.
    #[error("the token belongs to account {0}, not to the payer; send the payer's own token")]
    OtherAccount(AccountId),
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
}

#[derive(Default)]
struct Cache {
    keys: HashMap<String, DecodingKey>,
    /// Tokens verified once, with their account and end: the same token need not be verified again.
    seen: HashMap<String, (AccountId, u64)>,
    fetched: Option<Instant>,
}

/// The verifier of one world's tokens.
pub struct Tokens {
    at: Address,
    world: String,
    cache: Mutex<Cache>,
    fetching: tokio::sync::Mutex<()>,
}

const SEEN: usize = 4096;
const FETCH_AGAIN: Duration = Duration::from_secs(1);

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

impl Tokens {
    /// A verifier whose keys come from `at` when first needed.
    pub fn new(at: Address, world: &str) -> Tokens {
        Tokens { at, world: world.into(), cache: Mutex::default(), fetching: tokio::sync::Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account a token speaks for. Asks the network only for a key it does not know.
    ///
    /// # Errors
    /// [`TokenRefused`].
    pub async fn account(&self, token: &str) -> Result<AccountId, TokenRefused> {
        if let Some((account, end)) = self.lock().seen.get(token) {
            if *end > now() {
                return Ok(*account);
            }
        }
        let kid = decode_header(token).map_err(|e| TokenRefused::Invalid(e.to_string()))?.kid.unwrap_or_default();
        let key = match self.key(&kid) {
            Some(key) => key,
            None => {
                self.fetch().await;
                self.key(&kid).ok_or(TokenRefused::UnknownKey(kid))?
            }
        };
        let (account, end) = self.verify(token, &key)?;
        let mut cache = self.lock();
        if cache.seen.len() >= SEEN {
            cache.seen.clear();
        }
        cache.seen.insert(token.to_owned(), (account, end));
        Ok(account)
    }

    fn key(&self, kid: &str) -> Option<DecodingKey> {
        self.lock().keys.get(kid).cloned()
    }

    fn verify(&self, token: &str, key: &DecodingKey) -> Result<(AccountId, u64), TokenRefused> {
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_audience(&[&self.world]);
        rules.set_required_spec_claims(&["exp", "aud", "sub"]);
        rules.leeway = 0;
        let claims = decode::<Claims>(token, key, &rules).map_err(|e| self.refused(&e))?.claims;
        let account = AccountId::parse(&claims.sub)
            .ok_or_else(|| TokenRefused::Invalid("its subject is not an account in hexadecimal".into()))?;
        Ok((account, claims.exp))
    }

    fn refused(&self, error: &jsonwebtoken::errors::Error) -> TokenRefused {
        match error.kind() {
            // A token that asks for another algorithm asks to be believed without the key.
            ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => TokenRefused::Forged,
            ErrorKind::ExpiredSignature => TokenRefused::Expired,
            ErrorKind::InvalidAudience => TokenRefused::OtherWorld { world: self.world.clone() },
            _ => TokenRefused::Invalid(error.to_string()),
        }
    }

    /// Fetches the key set, at most once a second; a service that is away leaves the old keys.
    pub async fn fetch(&self) {
        let _one = self.fetching.lock().await;
        if self.lock().fetched.is_some_and(|at| at.elapsed() < FETCH_AGAIN) {
            return;
        }
        let fetched = tokio::time::timeout(Duration::from_secs(2), key_set(&self.at)).await;
        let mut cache = self.lock();
        cache.fetched = Some(Instant::now());
        match fetched {
            Ok(Ok(text)) => match serde_json::from_slice::<JwkSet>(&text) {
                Ok(set) => {
                    let keys = set
                        .keys
                        .iter()
                        .filter_map(|k| Some((k.common.key_id.clone()?, DecodingKey::from_jwk(k).ok()?)));
                    cache.keys = keys.collect();
                    cache.seen.clear();
                }
                Err(error) => crate::error::say(format_args!("the key set at {} cannot be read: {error}", self.at)),
            },
            Ok(Err(error)) => crate::error::say(format_args!("the key set at {} cannot be fetched: {error}", self.at)),
            Err(_) => {
                crate::error::say(format_args!("the key set at {} cannot be fetched: no answer within 2 s", self.at))
            }
        }
    }
}

async fn key_set(at: &Address) -> Result<Vec<u8>, FetchError> {
    get(&at.url().await?).await
}
