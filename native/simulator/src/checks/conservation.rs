//! Invariant 1: balances, with those of accounts under way, and amounts in transit are the supply, in every view and
//! over the world.
use super::{farthest, lane, Books, Finding};
use globelet_protocol::LedgerView;

/// Checks every replica's own books, then the world's.
///
/// # Errors
/// The books that do not balance, with both sides.
pub fn check(books: &Books) -> Finding {
    books.values().flatten().try_for_each(one)?;
    let farthest: Vec<&LedgerView> = books.values().filter_map(|views| farthest(views)).collect();
    let supply: u128 = farthest.iter().map(|v| u128::from(v.genesis)).sum();
    let balances: u128 = farthest.iter().map(|v| u128::from(v.balances) + u128::from(v.parked)).sum();
    let mut transit: u128 = 0;
    for source in &farthest {
        for (destination, sent) in &source.sent {
            let there = books.get(destination).and_then(|views| super::farthest(views));
            let credited = there.map_or(0, |v| lane(&v.credited, source.chain));
            let done = credited + lane(&source.refunded, *destination);
            let open = sent.checked_sub(done).ok_or_else(|| {
                format!("lane {}→{destination} sent {sent} but {done} were credited or refunded", source.chain)
            })?;
            transit += u128::from(open);
        }
    }
    if balances + transit == supply {
        return Ok(());
    }
    Err(format!("balances {balances} and {transit} in transit are not the supply, {supply}"))
}

/// Counts the farthest books of every municipality together, with what waits in them and what is on their lanes.
///
/// # Errors
/// The lane that gave more than it got, or where all the money is if that is not the supply.
pub fn audited(books: &[&globelet_sharding::Books], supply: u128) -> Finding {
    let audit = globelet_sharding::audit(books).map_err(|error| error.to_string())?;
    if audit.total() == supply {
        return Ok(());
    }
    Err(format!("{audit:?} is not the supply, {supply}"))
}

fn one(view: &LedgerView) -> Finding {
    let sum = |amounts: &std::collections::BTreeMap<_, u64>| amounts.values().map(|a| u128::from(*a)).sum::<u128>();
    let has = u128::from(view.balances) + u128::from(view.parked) + sum(&view.sent);
    let had = u128::from(view.genesis) + sum(&view.refunded) + sum(&view.credited);
    if has == had {
        return Ok(());
    }
    Err(format!(
        "municipality {} at height {}: balances and sent are {has}, genesis, refunded and credited {had}",
        view.chain, view.height
    ))
}

#[cfg(test)]
mod tests {
    use super::super::canary::books;
    use super::*;
    use globelet_sharding::Transfer;
    use globelet_types::{AccountId, ChainId, OrderId};

    #[test]
    fn sound_books_pass() {
        assert_eq!(check(&books()), Ok(()));
    }

    #[test]
    fn canary_a_parcel_that_nobody_sent() {
        let (alice, bob) = (AccountId([1; 32]), AccountId([2; 32]));
        let mut tokyo = globelet_sharding::Books::new(ChainId(0), &[(alice, 100)]).unwrap();
        let mut paris = globelet_sharding::Books::new(ChainId(1), &[(bob, 0)]).unwrap();
        let before = tokyo.clone();
        let (id, destination) = (OrderId([3; 32]), ChainId(1));
        tokyo.transfer(&Transfer { id, from: alice, to: bob, destination, amount: 40, nonce: 1 }).unwrap();
        paris.receive(&tokyo.close()[0]).unwrap();
        assert_eq!(audited(&[&tokyo, &paris], 100), Ok(()));
        assert!(audited(&[&tokyo, &paris], 99).unwrap_err().contains("99"));
        assert!(audited(&[&before, &paris], 140).unwrap_err().contains("gave more than it got"));
    }

    #[test]
    fn canary_money_made_in_one_place() {
        let mut books = books();
        books.get_mut(&ChainId(1)).unwrap()[0].balances += 1;
        assert!(check(&books).unwrap_err().contains("municipality 1"));
    }

    #[test]
    fn canary_money_made_on_the_way() {
        let mut books = books();
        let view = &mut books.get_mut(&ChainId(1)).unwrap()[0];
        view.credited.insert(ChainId(0), 160);
        view.balances = 1_160;
        assert!(check(&books).unwrap_err().contains("lane 0→1"));
    }

    #[test]
    fn canary_a_credit_from_nowhere() {
        let mut books = books();
        let view = &mut books.get_mut(&ChainId(1)).unwrap()[0];
        view.credited.insert(ChainId(5), 7);
        view.balances += 7;
        assert!(check(&books).unwrap_err().contains("supply"));
    }
}
