//! Conservation.

use globelet_types::ChainId;

use crate::{Books, Lane, ShardingError};

/// Where all the money is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// In accounts.
    pub balances: u128,
    /// Waiting for accounts that are on their way.
    pub parked: u128,
    /// In blocks that are not closed.
    pub departing: u128,
    /// On lanes: sent and not taken in.
    pub in_transit: u128,
    /// Refused at the destination and not yet refunded.
    pub returning: u128,
}

impl Audit {
    /// All of it: the supply, at every moment.
    pub fn total(&self) -> u128 {
        self.balances + self.parked + self.departing + self.in_transit + self.returning
    }
}

/// Counts the money in a set of books, each at any moment of its own that is later than any from which another has
/// taken a parcel: as when events are handled one by one, or at rest. O(municipalities² · log) and the lanes' parcels.
///
/// # Errors
/// `Doubled` for a lane that gave more than it got.
pub fn audit(all: &[&Books]) -> Result<Audit, ShardingError> {
    let mut audit = Audit::default();
    for books in all {
        audit.balances += u128::from(books.balances());
        audit.parked += books.parked();
        audit.departing += books.departing();
        for (other, lane) in books.lanes() {
            let there = all.iter().find(|b| b.chain() == *other).and_then(|b| b.lane(books.chain()));
            let (transit, returning) = between(books.chain(), lane, *other, there)?;
            audit.in_transit += transit;
            audit.returning += returning;
        }
        for other in all.iter().filter(|o| books.lane(o.chain()).is_none()) {
            // What was taken from a lane that never sent.
            if other.lane(books.chain()).is_some_and(|lane| lane.taken > 0) {
                return Err(doubled(books.chain(), other.chain()));
            }
        }
    }
    Ok(audit)
}

/// What is on its way from `source`, whose side is `here`, to `destination`, and what comes back refused.
fn between(
    source: ChainId,
    here: &Lane,
    destination: ChainId,
    there: Option<&Lane>,
) -> Result<(u128, u128), ShardingError> {
    let (taken, refused) = there.map_or((0, 0), |lane| (lane.taken, lane.refused));
    let transit = here.sent.checked_sub(taken);
    let returning = refused.checked_sub(here.refunded);
    transit.zip(returning).ok_or_else(|| doubled(source, destination))
}

fn doubled(source: ChainId, destination: ChainId) -> ShardingError {
    ShardingError::Doubled { source_chain: source, destination }
}
