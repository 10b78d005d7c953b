//! Where the accounts live that came to this municipality or went from it: the map of the crate `sharding`.
//!
//! Each block in which an account came or went is an epoch of the map; its digest is part of the state that the committee
//! signs. Accounts that never moved are not in it, and cost nothing here.
use globelet_sharding::{Account, Books, Home, Map};
use globelet_types::{AccountId, Hash};

/// The map of one municipality.
#[derive(Default)]
pub(crate) struct Homes {
    map: Map,
}

impl Homes {
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// Learns what the block under construction did to an account, if that is here.
    pub fn see(&mut self, books: &Books, id: AccountId, account: Option<&Account>) {
        let home = match account {
            Some(account) if account.version == 0 => return,
            Some(account) => Home { municipality: books.chain(), version: account.version },
            None => match books.pointer(&id) {
                Some(left) => Home { municipality: left.to, version: left.version },
                None => return,
            },
        };
        self.map.learn(id, home);
    }

    /// Closes the block: the digest of the newest epoch.
    pub fn close(&mut self) -> Hash {
        if self.map.has_learnt() {
            self.map.close();
        }
        self.map.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_sharding::{Move, Parcel};
    use globelet_types::{ChainId, OrderId};
    use std::sync::Arc;

    const ALICE: AccountId = AccountId([1; 32]);
    const BOB: AccountId = AccountId([2; 32]);

    /// As the ledger closes a block.
    fn close(homes: &mut Homes, books: &mut Books) -> (Hash, Vec<Arc<Parcel>>) {
        books.changed().into_iter().for_each(|id| homes.see(books, id, books.account(&id)));
        (homes.close(), books.close())
    }

    #[test]
    fn an_account_that_never_moved_is_in_no_map() {
        let (mut homes, mut books) = (Homes::default(), Books::new(ChainId(0), &[(ALICE, 5)]).unwrap());
        books.open(BOB).unwrap();
        assert_eq!(close(&mut homes, &mut books).0, [0; 32]);
        assert_eq!((homes.map().epoch(), homes.map().len()), (0, 0));
    }

    #[test]
    fn both_sides_of_a_move_come_to_know_the_new_home() {
        let (mut here, mut there) = (Homes::default(), Homes::default());
        let mut tokyo = Books::new(ChainId(0), &[(ALICE, 5)]).unwrap();
        let mut paris = Books::new(ChainId(1), &[]).unwrap();
        let (id, destination) = (OrderId([9; 32]), ChainId(1));
        tokyo.relocate(&Move { id, account: ALICE, destination, nonce: 1 }).unwrap();
        let (left, parcels) = close(&mut here, &mut tokyo);
        assert_eq!(here.map().home(&ALICE), Some(Home { municipality: ChainId(1), version: 1 }));
        assert_eq!(there.map().home(&ALICE), None, "not before it is there");
        paris.receive(&parcels[0]).unwrap();
        assert_eq!(close(&mut there, &mut paris).0, left, "one epoch each, with one change");
        assert_eq!(there.map().home(&ALICE), here.map().home(&ALICE));
    }

    #[test]
    fn an_account_that_comes_back_is_known_to_be_back() {
        let mut homes = Homes::default();
        let mut tokyo = Books::new(ChainId(0), &[(ALICE, 5)]).unwrap();
        let mut paris = Books::new(ChainId(1), &[(ALICE, 1)]).unwrap();
        let (id, destination) = (OrderId([9; 32]), ChainId(1));
        tokyo.relocate(&Move { id, account: ALICE, destination, nonce: 1 }).unwrap();
        // Paris has an account of that name already.
        paris.receive(&close(&mut homes, &mut tokyo).1[0]).unwrap();
        tokyo.receive(&paris.close()[0]).unwrap();
        close(&mut homes, &mut tokyo);
        assert_eq!(homes.map().home(&ALICE), Some(Home { municipality: ChainId(0), version: 2 }));
        assert_eq!(homes.map().epoch(), 2);
    }
}
