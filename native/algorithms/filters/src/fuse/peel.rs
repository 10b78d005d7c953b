//! The order in which places can be filled: an item that is alone at one of its places is taken out and put last.

use super::layout::Layout;

/// Items beside each other at a place, beyond which the count has no room.
const CROWD: u8 = 63;

/// What has been thrown onto the places.
struct Places {
    /// Items at a place, times 4, plus the sum (xor) of which of their three places it is.
    counts: Vec<u8>,
    /// The sum (xor) of the hashes at a place: of one item, its hash.
    sums: Vec<u64>,
}

impl Places {
    fn new(count: usize) -> Places {
        Places { counts: vec![0; count], sums: vec![0; count] }
    }

    fn is_alone(&self, place: usize) -> bool {
        self.counts[place] >> 2 == 1
    }
}

/// The hashes with the number (0 to 2) of the place that each fills, last to be filled first; `None` if there is no order.
pub(super) fn order(hashes: &[u64], layout: &Layout) -> Option<Vec<(u64, u8)>> {
    let mut places = Places::new(layout.places());
    for hash in hashes {
        for (which, place) in layout.of(*hash).into_iter().enumerate() {
            if places.counts[place] >> 2 == CROWD {
                return None;
            }
            places.counts[place] = (places.counts[place] + 4) ^ which as u8;
            places.sums[place] ^= hash;
        }
    }
    // A place is alone at most once, so there is room; which ones are is not to be guessed, so each is written down and
    // counted or not, without a branch.
    let (mut alone, mut waiting) = (vec![0_u32; layout.places() + 1], 0);
    for place in 0..layout.places() {
        alone[waiting] = place as u32;
        waiting += usize::from(places.is_alone(place));
    }
    let mut order = Vec::with_capacity(hashes.len());
    while waiting > 0 {
        waiting -= 1;
        let place = alone[waiting] as usize;
        if !places.is_alone(place) {
            continue;
        }
        let (hash, which) = (places.sums[place], places.counts[place] & 3);
        order.push((hash, which));
        for (other, place) in layout.of(hash).into_iter().enumerate() {
            places.counts[place] = (places.counts[place] - 4) ^ other as u8;
            places.sums[place] ^= hash;
            alone[waiting] = place as u32;
            waiting += usize::from(places.is_alone(place));
        }
    }
    (order.len() == hashes.len()).then_some(order)
}
