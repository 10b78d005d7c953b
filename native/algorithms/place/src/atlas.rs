//! Named outlines, and which of them a point lies in.

use std::collections::BTreeMap;

use crate::index::Index;
use crate::{Area, PlaceError, Point};

/// Most outlines of an atlas.
pub const MOST_OUTLINES: usize = 1 << 20;

/// The outline of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The place's identifier, as in `tokyo`; no two of an atlas are equal.
    pub id: String,
    /// The place's name for people.
    pub name: String,
    /// What it encloses.
    pub area: Area,
}

/// Outlines with an index over the boxes around their rings.
#[derive(Clone, Debug)]
pub struct Atlas {
    outlines: Vec<Outline>,
    numbers: BTreeMap<String, usize>,
    index: Index,
}

impl PartialEq for Atlas {
    fn eq(&self, other: &Atlas) -> bool {
        self.outlines == other.outlines
    }
}

impl Eq for Atlas {}

impl Atlas {
    /// An atlas of these outlines; where two overlap, the earlier one is found. O(n log n) in their corners.
    ///
    /// # Errors
    /// [`PlaceError::Doubled`] if two have one id, [`PlaceError::TooMuch`] above [`MOST_OUTLINES`].
    pub fn new(outlines: Vec<Outline>) -> Result<Atlas, PlaceError> {
        if outlines.len() > MOST_OUTLINES {
            return Err(PlaceError::TooMuch { what: "outlines", most: MOST_OUTLINES });
        }
        let mut numbers = BTreeMap::new();
        for (number, outline) in outlines.iter().enumerate() {
            if numbers.insert(outline.id.clone(), number).is_some() {
                return Err(PlaceError::Doubled { id: outline.id.clone() });
            }
        }
        let index = Index::new(outlines.iter().map(|outline| &outline.area));
        Ok(Atlas { outlines, numbers, index })
    }

    /// The outlines, in the order given.
    pub fn outlines(&self) -> &[Outline] {
        &self.outlines
    }

    /// The outline of this id.
    ///
    /// # Errors
    /// [`PlaceError::NoSuchPlace`].
    pub fn outline(&self, id: &str) -> Result<&Outline, PlaceError> {
        let number = self.numbers.get(id).ok_or_else(|| PlaceError::NoSuchPlace { id: id.to_owned() })?;
        Ok(&self.outlines[*number])
    }

    /// The number of the first outline that holds a point.
    pub fn find(&self, point: Point) -> Option<usize> {
        self.index.first(point, |number| &self.outlines[number].area)
    }

    /// The numbers of all outlines that hold a point, rising.
    pub fn find_all(&self, point: Point) -> Vec<usize> {
        self.index.holding(point, |number| &self.outlines[number].area)
    }
}
