//! Secrets from Vault: one path of its key-value store (version 2) per process, read with a token of the process' own.
use crate::error::{say, Trouble};
use crate::fetch::get_with;
use crate::secrets::Certificates;
use crate::NodeError;
use serde::Deserialize;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// One attempt takes no longer.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Between two attempts: doubled each time, up to the second one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(4));

/// Where Vault is and who this process is to it.
#[derive(Clone, Debug)]
pub struct Vault {
    /// Its address, `http://HOST:PORT`.
    pub url: String,
    /// The file that holds the token. It is read anew for each attempt: `globelet up` may put another one there.
    pub token: PathBuf,
    /// Vault is waited for so long.
    pub patience: Duration,
}

/// What Vault keeps for a process. It has no `Debug`: nothing of it may reach a log.
pub struct Held {
    /// The hosted nodes' secrets, hexadecimal, as in the key file.
    pub nodes: String,
    /// The certificates.
    pub certificates: Certificates,
}

#[derive(Deserialize)]
struct Document {
    data: Version,
}

#[derive(Deserialize)]
struct Version {
    data: Fields,
}

#[derive(Deserialize)]
struct Fields {
    node_keys: String,
    tls_authority: String,
    tls_certificate: String,
    tls_key: String,
}

impl Vault {
    /// What a person calls the place of a process' secrets.
    pub fn place(&self, world: &str, process: &str) -> String {
        format!("secret/globelet/{world}/{process} of Vault at {}", self.url)
    }

    /// Reads what Vault keeps for a process; asks again while it is away, sealed, or has forgotten it.
    ///
    /// # Errors
    /// [`NodeError::Vault`] when the patience is over, [`NodeError::BadInput`] at once for an answer that is none.
    pub async fn wait_for(&self, world: &str, process: &str) -> Result<Held, NodeError> {
        let (began, mut pause, mut told) = (Instant::now(), PAUSES.0, None);
        loop {
            let trouble = match self.read(world, process).await? {
                Ok(held) => return Ok(held),
                Err(trouble) => trouble,
            };
            let error = NodeError::Vault { place: self.place(world, process), trouble };
            if began.elapsed() + pause > self.patience {
                return Err(error);
            }
            // Once for each kind of trouble: the reason in the system's words may change at every attempt.
            if told != Some(error.code()) {
                told = Some(error.code());
                let left = self.patience.saturating_sub(began.elapsed()).as_secs();
                say(format_args!("waiting up to {left} s: {error} [{}]", error.code()));
            }
            tokio::time::sleep(pause).await;
            pause = PAUSES.1.min(2 * pause);
        }
    }

    /// One attempt: what is there, or what may mend itself. Anything else is an error at once.
    async fn read(&self, world: &str, process: &str) -> Result<Result<Held, Trouble>, NodeError> {
        let token = match fs::read_to_string(&self.token) {
            Ok(token) => token,
            Err(error) => return Ok(Err(Trouble::NoToken(format!("{}: {error}", self.token.display())))),
        };
        let url = format!("{}/v1/secret/data/globelet/{world}/{process}", self.url.trim_end_matches('/'));
        let asked = tokio::time::timeout(ATTEMPT, get_with(&url, ("x-vault-token", token.trim()))).await;
        match asked {
            Err(_) => Ok(Err(Trouble::Away(format!("no answer within {} s", ATTEMPT.as_secs())))),
            Ok(Err(error)) => Ok(Err(Trouble::Away(error.to_string()))),
            Ok(Ok(answer)) => understand(answer.status, &answer.body, || self.place(world, process)),
        }
    }
}

fn understand(status: u16, body: &[u8], place: impl Fn() -> String) -> Result<Result<Held, Trouble>, NodeError> {
    match status {
        200 => {}
        403 => return Ok(Err(Trouble::Forbidden)),
        404 => return Ok(Err(Trouble::NoPath)),
        503 => return Ok(Err(Trouble::Sealed)),
        other => return Ok(Err(Trouble::Away(format!("status {other}")))),
    }
    // The body stays out of the message: it may hold keys.
    let document: Document = serde_json::from_slice(body).map_err(|_| {
        NodeError::BadInput(format!(
            "{} lacks node_keys, tls_authority, tls_certificate or tls_key; `globelet up` puts them there",
            place()
        ))
    })?;
    let fields = document.data.data;
    let certificates = Certificates {
        authority: fields.tls_authority.into_bytes(),
        certificate: fields.tls_certificate.into_bytes(),
        key: fields.tls_key.into_bytes(),
    };
    Ok(Ok(Held { nodes: fields.node_keys, certificates }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str) -> Result<Result<Held, Trouble>, NodeError> {
        understand(status, body.as_bytes(), || "the place".into())
    }

    #[test]
    fn what_is_there_is_taken_and_what_may_mend_itself_is_told_apart() {
        let body = r#"{"request_id": "1", "data": {"metadata": {"version": 1}, "data": {"node_keys": "00",
            "tls_authority": "a", "tls_certificate": "c", "tls_key": "k"}}}"#;
        let held = answered(200, body).unwrap().ok().unwrap();
        assert_eq!((held.nodes.as_str(), held.certificates.key.as_slice()), ("00", b"k".as_slice()));
        let trouble = |status| answered(status, "{}").unwrap().err();
        assert_eq!(trouble(403), Some(Trouble::Forbidden));
        assert_eq!(trouble(404), Some(Trouble::NoPath));
        assert_eq!(trouble(503), Some(Trouble::Sealed));
        assert_eq!(trouble(500), Some(Trouble::Away("status 500".into())));
    }

    #[test]
    fn a_secret_that_lacks_a_field_is_refused_without_showing_it() {
        let body = r#"{"data": {"data": {"node_keys": "5eC7e7"}}}"#;
        let Err(error) = answered(200, body) else { panic!("it was taken") };
        assert!(error.to_string().contains("lacks") && !error.to_string().contains("5eC7e7"), "{error}");
        assert_eq!((error.status(), error.code()), (2, "bad_input"));
    }
}
