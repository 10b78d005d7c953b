//! Invariant 7: stamps along a transfer never go backwards.
use super::Finding;
use crate::ladder::Climb;
use globelet_types::Stage;

/// The two ways up: each step causes the next one.
const WAYS: [&[Stage]; 3] = [
    &[Stage::Admitted, Stage::Held, Stage::Committed, Stage::Delivered, Stage::Credited],
    &[Stage::Committed, Stage::Acknowledged, Stage::Anchored],
    &[Stage::Admitted, Stage::Held, Stage::Committed, Stage::Delivered, Stage::Refunded],
];

/// Checks the stamps of one transfer.
///
/// # Errors
/// The two steps that are out of order.
pub fn check(climb: &Climb) -> Finding {
    for way in WAYS {
        let reached: Vec<_> = way.iter().filter_map(|s| Some((s, climb.stages.get(s)?))).collect();
        for pair in reached.windows(2) {
            if pair[0].1 > pair[1].1 {
                let (a, b) = (pair[0], pair[1]);
                return Err(format!("transfer {}: {} at {}, but {} at {}", climb.id, a.0.name(), a.1, b.0.name(), b.1));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_clock::Stamp;
    use globelet_types::OrderId;

    #[test]
    fn canary_credited_before_committed() {
        let at = |micros| Stamp { micros, counter: 0 };
        let mut climb = Climb::new(OrderId([1; 32]));
        climb.stages = [(Stage::Admitted, at(1)), (Stage::Committed, at(5)), (Stage::Credited, at(9))].into();
        assert_eq!(check(&climb), Ok(()));
        climb.stages.insert(Stage::Credited, at(4));
        assert!(check(&climb).unwrap_err().contains("credited"));
    }
}
