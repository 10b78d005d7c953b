//! Why a command of this binary ends early: a sentence for a person, and the exit status.
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A failure that ends the process.
#[derive(Debug, Error)]
pub enum NodeError {
    /// Something given is not usable.
    #[error("{0}")]
    BadInput(String),
    /// Something needed is not there.
    #[error("{0}")]
    Missing(String),
    /// A log is damaged where acknowledged records stand.
    #[error("{path}: the log is damaged at byte {offset}, before records that were already durable; restore the file, or remove the node's folder to let it join as new", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the first bad record begins.
        offset: u64,
    },
    /// A log of another world or version.
    #[error("{path}: {reason}", path = path.display())]
    ForeignLog {
        /// The file.
        path: PathBuf,
        /// What differs, and the mend.
        reason: String,
    },
    /// The disk refused a write; nothing that rests on it was acknowledged.
    #[error("{path}: the log cannot be written ({reason}); nothing unsynced was acknowledged; free space or replace the disk, then start again", path = path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
}

impl NodeError {
    /// The exit status: 2 bad input, 4 something needed is missing.
    pub fn status(&self) -> u8 {
        match self {
            NodeError::BadInput(_) | NodeError::ForeignLog { .. } => 2,
            NodeError::Missing(_) | NodeError::Damaged { .. } | NodeError::Disk { .. } => 4,
        }
    }

    /// A file that cannot be read.
    pub fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> NodeError {
        NodeError::Missing(format!("{} cannot be read: {why}", path.display()))
    }
}
