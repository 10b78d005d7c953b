//! Invariant 2 for accounts: each is at one place. It moves with a version that grows, so no two municipalities ever keep
//! or name one version of it.
use super::Finding;
use globelet_sharding::{Books, Map};
use globelet_types::{AccountId, ChainId, NodeId};
use std::collections::BTreeMap;

/// Remembers where each version of each account that moved was at home, and how far each replica's map was looked at.
#[derive(Clone, Debug, Default)]
pub struct Homes {
    versions: BTreeMap<(AccountId, u64), ChainId>,
    epochs: BTreeMap<NodeId, u64>,
}

impl Homes {
    /// A replica shows its books and its map. Costs nothing where no account came or went since it did so last.
    ///
    /// # Errors
    /// The account, its version and both municipalities.
    pub fn observe(&mut self, node: NodeId, books: &Books, map: &Map) -> Finding {
        if self.epochs.insert(node, map.epoch()) == Some(map.epoch()) {
            return Ok(());
        }
        for (id, home) in map.homes() {
            self.note(*id, home.version, home.municipality)?;
            match books.account(id) {
                Some(account) if account.version > 0 => self.note(*id, account.version, books.chain())?,
                Some(_) => {}
                None if home.municipality == books.chain() => {
                    return Err(format!(
                        "the map of {} says that account {id:?} lives there; it does not",
                        books.chain()
                    ));
                }
                None => {}
            }
        }
        Ok(())
    }

    fn note(&mut self, account: AccountId, version: u64, chain: ChainId) -> Finding {
        let first = *self.versions.entry((account, version)).or_insert(chain);
        if first == chain {
            return Ok(());
        }
        Err(format!("account {account:?}, moved {version} times, is at home in {first} and in {chain}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_sharding::{Home, Move};
    use globelet_types::OrderId;

    const ALICE: AccountId = AccountId([1; 32]);

    fn map(municipality: u16, version: u64) -> Map {
        let mut map = Map::new();
        map.learn(ALICE, Home { municipality: ChainId(municipality), version });
        map.close();
        map
    }

    #[test]
    fn canary_one_account_at_two_places() {
        let empty = Books::new(ChainId(0), &[]).unwrap();
        let mut homes = Homes::default();
        assert_eq!(homes.observe(NodeId(0), &empty, &map(1, 1)), Ok(()));
        assert_eq!(homes.observe(NodeId(1), &empty, &map(2, 2)), Ok(()));
        assert!(homes.observe(NodeId(2), &empty, &map(2, 1)).unwrap_err().contains("in 1 and in 2"));
    }

    #[test]
    fn canary_an_account_that_came_and_is_not_there() {
        let empty = Books::new(ChainId(0), &[]).unwrap();
        assert!(Homes::default().observe(NodeId(0), &empty, &map(0, 1)).unwrap_err().contains("it does not"));
    }

    #[test]
    fn canary_an_account_that_arrived_twice() {
        let (id, mut homes) = (OrderId([9; 32]), Homes::default());
        let mut tokyo = Books::new(ChainId(0), &[(ALICE, 5)]).unwrap();
        tokyo.relocate(&Move { id, account: ALICE, destination: ChainId(1), nonce: 1 }).unwrap();
        let parcel = tokyo.close().remove(0);
        let mut arrived = |chain: u16| {
            let mut books = Books::new(ChainId(chain), &[]).unwrap();
            let parcel = globelet_sharding::Parcel { destination: ChainId(chain), ..(*parcel).clone() };
            books.receive(&parcel).unwrap();
            homes.observe(NodeId(chain), &books, &map(chain, 1))
        };
        assert_eq!(arrived(1), Ok(()));
        assert!(arrived(2).unwrap_err().contains("in 1 and in 2"));
    }
}
