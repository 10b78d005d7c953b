//! What a process alone knows: its nodes' keys and its certificate's, from files of its state or from Vault.
use crate::directory::Directory;
use crate::transport::tls::Tls;
use crate::vault::Vault;
use crate::NodeError;
use globelet_protocol::NodeSecrets;
use globelet_types::NodeId;
use std::fs;
use std::path::Path;

/// The certificates of a process in PEM: the authority's, its own, and the key to that one.
pub struct Certificates {
    /// Of the world's authority.
    pub authority: Vec<u8>,
    /// Of the process.
    pub certificate: Vec<u8>,
    /// Its private key.
    pub key: Vec<u8>,
}

impl Certificates {
    /// Reads `secrets/tls` of a state directory.
    ///
    /// # Errors
    /// [`NodeError::Missing`] for a file that is not there.
    pub fn load(state: &Path, process: &str) -> Result<Certificates, NodeError> {
        let folder = state.join("secrets").join("tls");
        let read = |name: String| {
            let path = folder.join(name);
            fs::read(&path).map_err(|e| NodeError::unreadable(&path, &e))
        };
        Ok(Certificates {
            authority: read("ca.crt".into())?,
            certificate: read(format!("{process}.crt"))?,
            key: read(format!("{process}.key"))?,
        })
    }
}

/// Where the secrets of a process lie.
#[derive(Clone, Debug)]
pub enum Origin {
    /// In the folder `secrets` of its state directory.
    Files,
    /// In Vault.
    Vault(Vault),
}

/// The secrets of a process, in memory.
pub struct Secrets {
    /// Of the hosted nodes, ascending.
    pub nodes: Vec<NodeSecrets>,
    /// Its certificate.
    pub tls: Tls,
}

impl Secrets {
    /// Gets them from where they lie. Vault is waited for, a bounded time.
    ///
    /// # Errors
    /// [`NodeError`] that names the place, what is wrong there, and the mend.
    pub async fn load(origin: &Origin, directory: &Directory) -> Result<Secrets, NodeError> {
        let process = &directory.this().name;
        match origin {
            Origin::Files => Ok(Secrets { nodes: directory.secrets()?, tls: Tls::load(&directory.state, process)? }),
            Origin::Vault(vault) => {
                let held = vault.wait_for(&directory.world().name, process).await?;
                let place = vault.place(&directory.world().name, process);
                let nodes = node_secrets(&held.nodes, &directory.hosted, &place)?;
                Ok(Secrets { nodes, tls: Tls::new(&held.certificates, process, &place)? })
            }
        }
    }
}

/// The secrets of exactly the nodes `hosted`, from the hexadecimal text that lies at `place`.
///
/// # Errors
/// [`NodeError::BadInput`] if it is no such text, or another process'.
pub fn node_secrets(
    text: &str,
    hosted: &[NodeId],
    place: &dyn std::fmt::Display,
) -> Result<Vec<NodeSecrets>, NodeError> {
    let decoded = hex::decode(text.trim()).ok().and_then(|b| globelet_types::decode::<Vec<NodeSecrets>>(&b).ok());
    match decoded {
        Some(secrets) if secrets.iter().map(|s| s.node).eq(hosted.iter().copied()) => Ok(secrets),
        _ => Err(NodeError::BadInput(format!("{place} does not hold the keys of this process; deal the world again"))),
    }
}
