//! What a placement refuses.

/// Why nothing was placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RendezvousError {
    /// An id stands for two sites.
    #[error("two sites have the id {id}: an id is for one site")]
    SameId {
        /// The id.
        id: u64,
    },
    /// More sites than a set holds.
    #[error("{found} sites are more than a set holds, {most}: make a set for each region")]
    TooMany {
        /// Sites given.
        found: usize,
        /// Most that are accepted.
        most: usize,
    },
    /// A rule that allows nothing.
    #[error("at most 0 in each {place} allows nothing: allow 1 at least")]
    NoRoom {
        /// What the rule is about.
        place: &'static str,
    },
    /// The rules cannot be kept for as many.
    #[error(
        "{wanted} were to be placed and the rules have room for {room}: add sites, or allow more in a city or building"
    )]
    TooFew {
        /// How many were to be placed.
        wanted: u64,
        /// How many can be.
        room: u64,
    },
    /// Two placements of different length.
    #[error("the placement before has {before} and the one after has {after}: pass two of the same length")]
    Unequal {
        /// Length of the one.
        before: usize,
        /// Length of the other.
        after: usize,
    },
}

impl RendezvousError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            RendezvousError::SameId { .. } => "rendezvous.same-id",
            RendezvousError::TooMany { .. } => "rendezvous.too-many",
            RendezvousError::NoRoom { .. } => "rendezvous.no-room",
            RendezvousError::TooFew { .. } => "rendezvous.too-few",
            RendezvousError::Unequal { .. } => "rendezvous.unequal",
        }
    }
}
