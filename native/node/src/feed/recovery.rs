//! What the logs say again, while they are handled at a start.
use super::inside::Inside;
use crate::entry::{Entry, Key};
use crate::NodeError;
use globelet_protocol::Publication;
use globelet_types::Micros;
use std::collections::BTreeSet;
use std::sync::MutexGuard;

/// Takes what the logs say again. The outbox gets what a crash kept from it.
pub struct Recovery<'a> {
    inside: MutexGuard<'a, Inside>,
    known: BTreeSet<Key>,
    missing: Vec<Entry>,
}

/// So many missing records are gathered before they are written.
const GATHERED: usize = 64;

impl<'feed> Recovery<'feed> {
    /// What the outbox had when it was opened is not written again.
    pub(super) fn begin(mut inside: MutexGuard<'feed, Inside>) -> Recovery<'feed> {
        let known = std::mem::take(&mut inside.known);
        Recovery { inside, known, missing: Vec::new() }
    }

    /// A publication of an event that was logged at `now`.
    ///
    /// # Errors
    /// [`NodeError::Disk`] if the outbox cannot be written.
    pub fn take(&mut self, now: Micros, publication: Publication) -> Result<(), NodeError> {
        match publication {
            Publication::ReceiptCompleted(receipt) => {
                let lacking = self.known.insert(Key::of(&receipt));
                if lacking {
                    self.inside.complete(&receipt, &mut self.missing);
                }
            }
            Publication::BlockCertified { chain, height, hash, items } => {
                self.inside.remember(chain, height, hash);
                if self.known.insert(Key::Block(chain, height)) {
                    self.missing.push(Entry::Block { chain, height, hash, items, at_us: now });
                }
            }
            _ => {}
        }
        if self.missing.len() < GATHERED {
            return Ok(());
        }
        self.write()
    }

    fn write(&mut self) -> Result<(), NodeError> {
        self.inside.append(&std::mem::take(&mut self.missing))
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// [`NodeError::Disk`] if the outbox cannot be written.
    pub fn finish(mut self) -> Result<(), NodeError> {
        self.write()
    }
}
