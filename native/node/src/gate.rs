//! Holds back what a node wants to say until the events it rests on are durable.
use std::collections::VecDeque;

/// Per-node order: what waits for a sync keeps everything after it waiting too.
#[derive(Debug)]
pub struct Gate<T> {
    waiting: VecDeque<(u64, T)>,
    asked: u64,
    durable: u64,
}

impl<T> Default for Gate<T> {
    fn default() -> Self {
        Gate { waiting: VecDeque::new(), asked: 0, durable: 0 }
    }
}

impl<T> Gate<T> {
    /// Numbers a new sync; what is passed from now on waits for it.
    pub fn ask(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    /// Gives `item` back if it may leave at once, else keeps it.
    pub fn pass(&mut self, item: T) -> Option<T> {
        if self.durable >= self.asked {
            return Some(item);
        }
        self.waiting.push_back((self.asked, item));
        None
    }

    /// Sync number `upto` is done: what may leave now, in order.
    pub fn open(&mut self, upto: u64) -> Vec<T> {
        self.durable = self.durable.max(upto);
        let count = self.waiting.partition_point(|(number, _)| *number <= self.durable);
        self.waiting.drain(..count).map(|(_, item)| item).collect()
    }

    /// How much waits.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_an_unsynced_event_waits_and_leaves_in_order() {
        let mut gate = Gate::default();
        assert_eq!(gate.pass("free"), Some("free"));
        let first = gate.ask();
        assert_eq!(gate.pass("a"), None);
        let second = gate.ask();
        assert_eq!(gate.pass("b"), None);
        assert_eq!(gate.pass("c, which asked for nothing"), None);
        assert_eq!(gate.open(first), ["a"]);
        assert_eq!(gate.pass("d"), None);
        assert_eq!(gate.open(second), ["b", "c, which asked for nothing", "d"]);
        assert_eq!(gate.pass("e"), Some("e"));
    }
}
