//! Invariant 3: no two certified blocks of one chain at one height, at any honest node, ever.
use super::Finding;
use globelet_sharding::Books;
use globelet_types::{ChainId, Hash, NodeId};
use std::collections::BTreeMap;

/// Remembers the first certified hash of every height, and who showed it.
#[derive(Clone, Debug, Default)]
pub struct Agreement {
    certified: BTreeMap<(ChainId, u64), (Hash, NodeId)>,
}

impl Agreement {
    /// A node shows a certified block.
    ///
    /// # Errors
    /// Another node, or the same one, showed another block at that height.
    pub fn observe(&mut self, node: NodeId, chain: ChainId, height: u64, hash: Hash) -> Finding {
        let (first, who) = self.certified.entry((chain, height)).or_insert((hash, node));
        if *first == hash {
            return Ok(());
        }
        let (a, b) = (hex::encode(&first[..6]), hex::encode(&hash[..6]));
        Err(format!("chain {chain} height {height}: node {who} has {a}, node {node} has {b}"))
    }

    /// Two replicas of a municipality that applied as many blocks keep the same books.
    ///
    /// # Errors
    /// The two nodes.
    pub fn same_books(shown: &[(NodeId, u64, &Books)]) -> Finding {
        let mut at: BTreeMap<u64, (NodeId, &Books)> = BTreeMap::new();
        for (node, height, books) in shown {
            let (first, one) = *at.entry(*height).or_insert((*node, *books));
            if one != *books {
                return Err(format!("nodes {first} and {node} keep different books at height {height}"));
            }
        }
        Ok(())
    }

    /// Highest certified height of a chain.
    pub fn height(&self, chain: ChainId) -> u64 {
        self.certified.range((chain, 0)..=(chain, u64::MAX)).next_back().map_or(0, |((_, height), _)| *height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_types::AccountId;

    #[test]
    fn canary_two_books_at_one_height() {
        let books = |balance| Books::new(ChainId(0), &[(AccountId([1; 32]), balance)]).unwrap();
        let (one, other) = (books(1), books(2));
        let shown = [(NodeId(0), 1, &one), (NodeId(1), 1, &one), (NodeId(2), 2, &other)];
        assert_eq!(Agreement::same_books(&shown), Ok(()));
        assert!(Agreement::same_books(&[shown[0], (NodeId(2), 1, &other)]).unwrap_err().contains("different books"));
    }

    #[test]
    fn canary_two_blocks_at_one_height() {
        let mut agreement = Agreement::default();
        assert_eq!(agreement.observe(NodeId(0), ChainId(1), 1, [1; 32]), Ok(()));
        assert_eq!(agreement.observe(NodeId(1), ChainId(1), 1, [1; 32]), Ok(()));
        assert_eq!(agreement.observe(NodeId(1), ChainId(2), 1, [2; 32]), Ok(()));
        assert!(agreement.observe(NodeId(2), ChainId(1), 1, [2; 32]).is_err());
        assert_eq!(agreement.height(ChainId(1)), 1);
        assert_eq!(agreement.height(ChainId(9)), 0);
    }
}
