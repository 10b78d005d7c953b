//! Named outlines and the R-tree that finds the one a point lies in.

use borsh::{BorshDeserialize, BorshSerialize};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::RTree;
use serde::{Deserialize, Serialize};

use crate::polygon::inside;

/// The outline of a place.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Outline {
    /// The place's identifier, as in `tokyo`.
    pub name: String,
    /// All rings, outer and inner alike, as (longitude, latitude) in degrees, WGS 84.
    pub rings: Vec<Vec<(f64, f64)>>,
}

/// Outlines with an index over their bounding boxes.
#[derive(Clone, Debug)]
pub struct Atlas {
    outlines: Vec<Outline>,
    boxes: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
}

/// The smallest box around an outline's finite points; `None` if it has none.
fn bounds(outline: &Outline) -> Option<Rectangle<[f64; 2]>> {
    let points = outline.rings.iter().flatten().filter(|(x, y)| x.is_finite() && y.is_finite());
    points
        .fold(None, |grown: Option<([f64; 2], [f64; 2])>, &(x, y)| {
            let (low, high) = grown.unwrap_or(([x, y], [x, y]));
            Some(([low[0].min(x), low[1].min(y)], [high[0].max(x), high[1].max(y)]))
        })
        .map(|(low, high)| Rectangle::from_corners(low, high))
}

impl Atlas {
    /// An atlas of these outlines; where two overlap, the earlier one is found.
    pub fn new(outlines: Vec<Outline>) -> Atlas {
        let boxes = outlines.iter().enumerate().filter_map(|(i, o)| Some(GeomWithData::new(bounds(o)?, i)));
        let boxes = RTree::bulk_load(boxes.collect());
        Atlas { outlines, boxes }
    }

    /// The outlines, in the order given.
    pub fn outlines(&self) -> &[Outline] {
        &self.outlines
    }

    /// The name of the place that holds a point (degrees, WGS 84), if any does.
    pub fn locate(&self, lat: f64, lon: f64) -> Option<&str> {
        if !(lat.is_finite() && lon.is_finite()) {
            return None;
        }
        self.boxes
            .locate_all_at_point([lon, lat])
            .map(|found| found.data)
            .filter(|index| inside(&self.outlines[*index].rings, lon, lat))
            .min()
            .map(|index| self.outlines[index].name.as_str())
    }
}
