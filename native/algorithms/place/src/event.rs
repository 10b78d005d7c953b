//! Areas that count more (or less) for a while.

use crate::index::Index;
use crate::{Area, PlaceError, Point};

/// The multiplier where no event is, in thousandths.
pub const PLAIN_PER_MILLE: u32 = 1_000;
/// The largest multiplier, in thousandths.
pub const MOST_PER_MILLE: u32 = 1_000_000;

/// An area with a multiplier while `from_us <= now < until_us`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventArea {
    area: Area,
    from_us: u64,
    until_us: u64,
    per_mille: u32,
}

impl EventArea {
    /// An event: where, from when until when (microseconds since the Unix epoch), and the multiplier in thousandths: 1500
    /// is half as much again, 0 is nothing.
    ///
    /// # Errors
    /// [`PlaceError::Window`] if it never is, [`PlaceError::Multiplier`] above [`MOST_PER_MILLE`].
    pub fn new(area: Area, from_us: u64, until_us: u64, per_mille: u32) -> Result<EventArea, PlaceError> {
        if from_us >= until_us {
            return Err(PlaceError::Window { from_us, until_us });
        }
        if per_mille > MOST_PER_MILLE {
            return Err(PlaceError::Multiplier { per_mille });
        }
        Ok(EventArea { area, from_us, until_us, per_mille })
    }

    /// Where.
    pub fn area(&self) -> &Area {
        &self.area
    }

    /// Start, in microseconds since the Unix epoch.
    pub fn from_us(&self) -> u64 {
        self.from_us
    }

    /// End, in microseconds since the Unix epoch; not part of it.
    pub fn until_us(&self) -> u64 {
        self.until_us
    }

    /// The multiplier in thousandths.
    pub fn per_mille(&self) -> u32 {
        self.per_mille
    }
}

/// Events with an index over the boxes around them.
#[derive(Clone, Debug)]
pub struct Calendar {
    events: Vec<EventArea>,
    index: Index,
}

impl Calendar {
    /// A calendar of these events.
    pub fn new(events: Vec<EventArea>) -> Calendar {
        let index = Index::new(events.iter().map(EventArea::area));
        Calendar { events, index }
    }

    /// The events, in the order given.
    pub fn events(&self) -> &[EventArea] {
        &self.events
    }

    /// The multiplier at a point and time, in thousandths: the largest of the events there and then, not their product;
    /// [`PLAIN_PER_MILLE`] where there is none.
    pub fn per_mille(&self, point: Point, now_us: u64) -> u32 {
        let there = self.index.holding(point, |number| self.events[number].area());
        let now = there.into_iter().map(|number| &self.events[number]);
        let now = now.filter(|event| (event.from_us..event.until_us).contains(&now_us));
        now.map(EventArea::per_mille).max().unwrap_or(PLAIN_PER_MILLE)
    }
}
