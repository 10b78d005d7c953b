//! An R-tree over the boxes around rings.

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::RTree;

use crate::{Area, Point};

/// Which ring of which area a box is around.
#[derive(Clone, Copy, Debug)]
struct Place {
    area: u32,
    ring: u32,
}

/// Finds the areas that hold a point; O(log rings) boxes, and the rings whose boxes hold it.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    boxes: RTree<GeomWithData<Rectangle<[f64; 2]>, Place>>,
}

impl Index {
    pub(crate) fn new<'a>(areas: impl Iterator<Item = &'a Area>) -> Index {
        let mut boxes = Vec::new();
        for (area, shape) in (0..).zip(areas) {
            for (ring, bounds) in (0..).zip(shape.bounds()) {
                // Units are whole numbers far below 2^53, so nothing is rounded.
                let [low, high] = [bounds.low, bounds.high].map(|(lon, lat)| [lon as f64, lat as f64]);
                boxes.push(GeomWithData::new(Rectangle::from_corners(low, high), Place { area, ring }));
            }
        }
        Index { boxes: RTree::bulk_load(boxes) }
    }

    /// The numbers of the areas that hold a point, rising; `of` gives an area by its number.
    pub(crate) fn holding<'a>(&self, point: Point, of: impl Fn(usize) -> &'a Area) -> Vec<usize> {
        let mut odd = Vec::new();
        self.visit(point, of, |area| match odd.iter().position(|found| *found == area) {
            Some(at) => {
                odd.swap_remove(at);
            }
            None => odd.push(area),
        });
        odd.sort_unstable();
        odd
    }

    /// The lowest number of an area that holds a point.
    pub(crate) fn first<'a>(&self, point: Point, of: impl Fn(usize) -> &'a Area) -> Option<usize> {
        // Nearly always one ring, so the list of areas with an odd number of rings around the point stays this short.
        let mut odd = [usize::MAX; 4];
        let mut many = false;
        self.visit(point, &of, |area| {
            if let Some(at) = odd.iter().position(|found| *found == area) {
                odd[at] = usize::MAX;
            } else if let Some(free) = odd.iter().position(|found| *found == usize::MAX) {
                odd[free] = area;
            } else {
                many = true;
            }
        });
        if many {
            return self.holding(point, of).first().copied();
        }
        odd.into_iter().min().filter(|area| *area != usize::MAX)
    }

    /// Tells each area once for each of its rings that encloses the point.
    fn visit<'a>(&self, point: Point, of: impl Fn(usize) -> &'a Area, mut found: impl FnMut(usize)) {
        let at = point.canonical();
        for place in self.boxes.locate_all_at_point([at.lon() as f64, at.lat() as f64]) {
            let Place { area, ring } = place.data;
            if of(area as usize).ready_rings()[ring as usize].crossed_oddly(at.lon(), at.lat()) {
                found(area as usize);
            }
        }
    }
}
