//! Invariant 5: after faults heal, every admitted transfer and move reaches an end, and its block is
//! acknowledged and anchored.
use super::Finding;
use crate::ladder::Climb;
use globelet_types::Stage;

/// True if the transfer has an end.
pub fn ended(climb: &Climb) -> bool {
    [Stage::Credited, Stage::Refused, Stage::Refunded].iter().any(|end| climb.stages.contains_key(end))
}

/// An admitted transfer or move has its end, and unless it was refused it is acknowledged and anchored.
///
/// # Errors
/// The transfer, and the step it never reached.
pub fn check(climb: &Climb) -> Finding {
    if !climb.moves || !climb.stages.contains_key(&Stage::Admitted) {
        return Ok(());
    }
    if !ended(climb) {
        return Err(format!("transfer {} stopped at {}", climb.id, climb.last()));
    }
    if climb.stages.contains_key(&Stage::Refused) {
        return Ok(());
    }
    for stage in [Stage::Acknowledged, Stage::Anchored] {
        if !climb.stages.contains_key(&stage) {
            return Err(format!("transfer {} never was {}", climb.id, stage.name()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_clock::Stamp;
    use globelet_types::{AccountId, ChainId, OrderId, Transfer};

    fn climb(stages: &[Stage]) -> Climb {
        let account = AccountId([1; 32]);
        let transfer = Transfer {
            world: 1,
            source: ChainId(0),
            destination: ChainId(1),
            from: account,
            to: account,
            amount: 1,
            nonce: 1,
            expires_us: 1,
        };
        let stages = stages.iter().map(|s| (*s, Stamp::default())).collect();
        Climb { stages, transfer: Some(transfer), moves: true, ..Climb::new(OrderId([1; 32])) }
    }

    #[test]
    fn canaries_a_transfer_that_got_stuck() {
        use Stage::*;
        assert_eq!(check(&climb(&[Admitted, Credited, Acknowledged, Anchored])), Ok(()));
        assert_eq!(check(&climb(&[Admitted, Refused])), Ok(()));
        assert!(check(&climb(&[Admitted, Held])).unwrap_err().contains("stopped at held"));
        assert!(check(&climb(&[Admitted, Credited, Acknowledged])).unwrap_err().contains("anchored"));
    }
}
