//! Invariant 2: a transfer is credited or refunded, never both; and every account of a client holds
//! exactly what its transfers say.
use super::Finding;
use crate::ladder::Climb;
use globelet_types::{AccountId, Stage};
use std::collections::BTreeMap;

/// The ends a transfer can have; it has at most one.
const ENDS: [Stage; 3] = [Stage::Credited, Stage::Refused, Stage::Refunded];

/// No transfer has two ends.
///
/// # Errors
/// The transfer, and its ends.
pub fn one_end(climb: &Climb) -> Finding {
    let ends: Vec<&str> = ENDS.iter().filter(|e| climb.stages.contains_key(e)).map(|e| e.name()).collect();
    if ends.len() < 2 {
        return Ok(());
    }
    Err(format!("transfer {} is {}", climb.id, ends.join(" and ")))
}

/// Money moved per account, by the transfers' own ends. Treasuries start with their genesis amount.
pub fn expected<'a>(
    opening: &BTreeMap<AccountId, u64>,
    climbs: impl Iterator<Item = &'a Climb>,
) -> BTreeMap<AccountId, i128> {
    let mut balances: BTreeMap<AccountId, i128> = opening.iter().map(|(a, b)| (*a, i128::from(*b))).collect();
    for climb in climbs {
        let Some(transfer) = &climb.transfer else { continue };
        if climb.stages.contains_key(&Stage::Credited) {
            *balances.entry(transfer.from).or_default() -= i128::from(transfer.amount);
            *balances.entry(transfer.to).or_default() += i128::from(transfer.amount);
        }
    }
    balances
}

/// An account holds what was expected.
///
/// # Errors
/// The account and both amounts.
pub fn balance(account: &AccountId, expected: i128, found: u64) -> Finding {
    if expected == i128::from(found) {
        return Ok(());
    }
    Err(format!("account {account:?} holds {found}, its transfers make {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_clock::Stamp;
    use globelet_types::OrderId;

    fn climb(stages: &[Stage]) -> Climb {
        let stages = stages.iter().map(|s| (*s, Stamp::default())).collect();
        Climb { stages, ..Climb::new(OrderId([1; 32])) }
    }

    #[test]
    fn canary_credited_and_refunded() {
        assert_eq!(one_end(&climb(&[Stage::Admitted, Stage::Credited])), Ok(()));
        assert!(one_end(&climb(&[Stage::Credited, Stage::Refunded])).is_err());
    }

    #[test]
    fn canary_a_balance_credited_twice() {
        let account = AccountId([2; 32]);
        assert_eq!(balance(&account, 5, 5), Ok(()));
        assert!(balance(&account, 5, 10).is_err());
    }
}
