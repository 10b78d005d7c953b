//! Why a command of this binary ends early: a sentence for a person, and the exit status.
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Writes a line for people to standard error. Behind it may be a file on a full disk: that is no reason to panic.
pub fn say(line: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A failure that ends the process.
#[derive(Debug, Error)]
pub enum NodeError {
    /// Something given is not usable.
    #[error("{0}")]
    BadInput(String),
    /// Something needed is not there.
    #[error("{0}")]
    Missing(String),
    /// Vault gives no secrets.
    #[error("{place}: {trouble}")]
    Vault {
        /// Which secrets.
        place: String,
        /// Why not.
        trouble: Trouble,
    },
    /// Somebody else has a port.
    #[error("the {what} port {address} cannot be had: {reason}; end what uses it, or give the world other ports")]
    PortTaken {
        /// What it is for.
        what: &'static str,
        /// Where.
        address: String,
        /// The system's words.
        reason: String,
    },
    /// A log is damaged where acknowledged records stand.
    #[error("{path}: the log is damaged at byte {offset}, before records that were already durable; restore the file, or remove the node's folder to let it join as new", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the first bad record begins.
        offset: u64,
    },
    /// A log that this process cannot continue.
    #[error("{path}: {reason}", path = path.display())]
    ForeignLog {
        /// The file.
        path: PathBuf,
        /// What is foreign about it.
        foreign: Foreign,
        /// What differs, and the mend.
        reason: String,
    },
    /// The disk has no room, or no quota left; nothing that rests on the write was acknowledged.
    #[error("{path}: no room to write ({reason}); nothing unsynced was acknowledged; make room, then start again", path = path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The disk refused a write; nothing that rests on it was acknowledged.
    #[error("{path}: it cannot be written ({reason}); nothing unsynced was acknowledged; mend or replace the disk, then start again", path = path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
}

/// Why Vault gives no secrets now. Each may mend itself, so that a process waits a while.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Trouble {
    /// It does not answer.
    #[error("it does not answer ({0}); `globelet up` starts it")]
    Away(String),
    /// It is sealed.
    #[error("it is sealed; unseal it with `vault operator unseal`")]
    Sealed,
    /// It does not know the token, or the token may not read this path.
    #[error("it refuses this process' token; `globelet up` makes a new one")]
    Forbidden,
    /// It holds nothing there.
    #[error(
        "it holds nothing there; `globelet up` puts the secrets back, which Vault in dev mode forgets when it ends"
    )]
    NoPath,
    /// The file of the token cannot be read.
    #[error("the token cannot be read ({0}); `globelet up` makes a new one")]
    NoToken(String),
}

/// What is foreign about a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// It is none.
    Format,
    /// It was written in another version.
    Version,
    /// It belongs to another world.
    World,
    /// It belongs to another node.
    Node,
}

impl NodeError {
    /// The exit status: 2 bad input, 4 something needed is missing.
    pub fn status(&self) -> u8 {
        match self {
            NodeError::BadInput(_) | NodeError::ForeignLog { .. } => 2,
            _ => 4,
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            NodeError::BadInput(_) => "bad_input",
            NodeError::Missing(_) => "missing",
            NodeError::Vault { trouble: Trouble::Away(_), .. } => "vault_away",
            NodeError::Vault { trouble: Trouble::Sealed, .. } => "vault_sealed",
            NodeError::Vault { trouble: Trouble::Forbidden, .. } => "vault_forbidden",
            NodeError::Vault { trouble: Trouble::NoPath, .. } => "vault_path_missing",
            NodeError::Vault { trouble: Trouble::NoToken(_), .. } => "vault_token_missing",
            NodeError::PortTaken { .. } => "port_taken",
            NodeError::Damaged { .. } => "log_damaged",
            NodeError::ForeignLog { foreign: Foreign::Format, .. } => "not_a_log",
            NodeError::ForeignLog { foreign: Foreign::Version, .. } => "other_version",
            NodeError::ForeignLog { foreign: Foreign::World, .. } => "other_world",
            NodeError::ForeignLog { foreign: Foreign::Node, .. } => "other_node",
            NodeError::DiskFull { .. } => "disk_full",
            NodeError::Disk { .. } => "disk_failed",
        }
    }

    /// A write that the system refused.
    pub fn unwritable(path: &Path, error: &io::Error) -> NodeError {
        let (path, reason) = (path.to_owned(), error.to_string());
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                NodeError::DiskFull { path, reason }
            }
            _ => NodeError::Disk { path, reason },
        }
    }

    /// A file that cannot be read.
    pub fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> NodeError {
        NodeError::Missing(format!("{} cannot be read: {why}", path.display()))
    }
}
