//! A map that forgets its oldest entries.
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Remembers so many keys (orders, say), those that came first are forgotten first.
#[derive(Debug)]
pub struct Recent<K, T> {
    most: usize,
    map: HashMap<K, T>,
    order: VecDeque<K>,
}

impl<K: Copy + Eq + Hash, T> Recent<K, T> {
    /// An empty one, for at most `most` keys.
    pub fn new(most: usize) -> Self {
        Recent { most, map: HashMap::new(), order: VecDeque::new() }
    }

    /// Puts a value, in place of an earlier one.
    pub fn put(&mut self, id: K, value: T) {
        if self.map.insert(id, value).is_none() {
            self.order.push_back(id);
        }
        while self.order.len() > self.most {
            self.order.pop_front().map(|old| self.map.remove(&old));
        }
    }

    /// The value of a key that is remembered.
    pub fn get(&self, id: &K) -> Option<&T> {
        self.map.get(id)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, id: &K) -> Option<&mut T> {
        self.map.get_mut(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_types::OrderId;

    #[test]
    fn the_oldest_is_forgotten_and_a_change_makes_nothing_younger() {
        let mut recent = Recent::new(2);
        let id = |n: u8| OrderId([n; 32]);
        recent.put(id(1), 'a');
        recent.put(id(2), 'b');
        recent.put(id(1), 'c');
        assert_eq!(recent.get(&id(1)), Some(&'c'));
        recent.put(id(3), 'd');
        assert_eq!([1, 2, 3].map(|n| recent.get(&id(n)).copied()), [None, Some('b'), Some('d')]);
    }
}
