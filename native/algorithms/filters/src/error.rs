//! What filters and their decoders refuse.

/// Why a filter was not made, changed or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The filter would take more memory than a filter may.
    #[error("a filter has at most {} bytes: ask for fewer items or a higher rate", crate::MOST_BYTES)]
    TooLarge,
    /// The rate of false answers is impossible.
    #[error("the rate of false answers is between 0.000001 and 0.5: 0.01 for one in a hundred")]
    Rate,
    /// The cuckoo filter has grown as often as its marks allow.
    #[error("the filter holds {len} items and has grown {grown} times, as often as its marks allow: make one with wider marks or for more items")]
    Full {
        /// Items held.
        len: u64,
        /// How often it has doubled.
        grown: u32,
    },
    /// An item is held eight times already.
    #[error(
        "the filter holds this item eight times already, or others that look like it: an item can be added eight times"
    )]
    Copies,
    /// Two filters of different seed, kind or size.
    #[error("filters are merged only if both were made with the same seed, size and kind: make them alike")]
    Different,
    /// The bytes are no filter of this kind.
    #[error("these {length} bytes are no {kind} filter: pass exactly the bytes that were encoded")]
    Malformed {
        /// The kind asked for.
        kind: &'static str,
        /// What was given, in bytes.
        length: u64,
    },
    /// No arrangement was found for a fuse filter.
    #[error("no arrangement was found for these items: choose another seed")]
    NoArrangement,
}

impl FilterError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            FilterError::TooLarge => "filters.too-large",
            FilterError::Rate => "filters.rate",
            FilterError::Full { .. } => "filters.full",
            FilterError::Copies => "filters.copies",
            FilterError::Different => "filters.different",
            FilterError::Malformed { .. } => "filters.malformed",
            FilterError::NoArrangement => "filters.no-arrangement",
        }
    }
}
