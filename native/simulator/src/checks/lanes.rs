//! Lanes: numbers come once and without gaps, and what is credited or refused was sent.
use super::{farthest, lane, Books, Finding};
use globelet_protocol::LedgerView;
use globelet_types::ChainId;

/// Holds at every instant: nothing beyond what was sent, nothing refunded that was not refused.
///
/// # Errors
/// The lane, and what is wrong with it.
pub fn check(books: &Books) -> Finding {
    for view in books.values().flatten() {
        for (source, cursor) in &view.cursors {
            inbound(books, view, *source, *cursor)?;
        }
    }
    Ok(())
}

fn inbound(books: &Books, view: &LedgerView, source: ChainId, cursor: u64) -> Finding {
    let name = format!("lane {source}→{}", view.chain);
    let beyond = view.beyond.get(&source).map_or(&[][..], Vec::as_slice);
    if !beyond.windows(2).all(|pair| pair[0] < pair[1]) || beyond.first().is_some_and(|n| *n <= cursor + 1) {
        return Err(format!("{name}: cursor {cursor} and beyond {beyond:?} overlap"));
    }
    let Some(there) = books.get(&source).and_then(|views| farthest(views)) else { return Ok(()) };
    let newest = lane(&there.sent_numbers, view.chain);
    let seen = beyond.last().copied().unwrap_or(cursor);
    if seen > newest {
        return Err(format!("{name}: number {seen} was applied, {newest} is the newest sent"));
    }
    let taken = lane(&view.credited, source) + lane(&view.refused, source);
    let sent = lane(&there.sent, view.chain);
    if taken > sent {
        return Err(format!("{name}: {taken} credited or refused of {sent} sent"));
    }
    Ok(())
}

/// Holds when nothing is under way: every lane is gap-free and settled to its end.
///
/// # Errors
/// The lane, and what it lacks.
pub fn complete(books: &Books) -> Finding {
    for source in books.values().filter_map(|views| farthest(views)) {
        if source.parked > 0 {
            return Err(format!("municipality {}: {} wait for accounts that never came", source.chain, source.parked));
        }
        for (destination, newest) in &source.sent_numbers {
            let name = format!("lane {}→{destination}", source.chain);
            let there = books.get(destination).and_then(|views| farthest(views));
            let cursor = there.map_or(0, |v| lane(&v.cursors, source.chain));
            if cursor != *newest {
                return Err(format!("{name}: applied up to {cursor}, sent {newest}"));
            }
            let open = lane(&source.unsettled, *destination);
            if open > 0 {
                return Err(format!("{name}: {open} parcels have no settlement"));
            }
            let refused = there.map_or(0, |v| lane(&v.refused, source.chain));
            let refunded = lane(&source.refunded, *destination);
            if refused != refunded {
                return Err(format!("{name}: {refused} refused there, {refunded} refunded here"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::canary::books;
    use super::*;

    #[test]
    fn sound_lanes_pass_but_are_not_complete() {
        assert_eq!(check(&books()), Ok(()));
        assert!(complete(&books()).unwrap_err().contains("applied up to 1, sent 2"));
    }

    #[test]
    fn canary_a_number_nobody_sent() {
        let mut books = books();
        books.get_mut(&ChainId(1)).unwrap()[0].cursors.insert(ChainId(0), 3);
        assert!(check(&books).unwrap_err().contains("number 3"));
    }

    #[test]
    fn canary_a_number_applied_twice() {
        let mut books = books();
        books.get_mut(&ChainId(1)).unwrap()[0].beyond.insert(ChainId(0), vec![1]);
        assert!(check(&books).unwrap_err().contains("overlap"));
    }

    #[test]
    fn canary_money_that_waits_for_nobody() {
        let mut books = books();
        books.get_mut(&ChainId(0)).unwrap()[0].parked = 7;
        assert!(complete(&books).unwrap_err().contains("7 wait for accounts"));
    }

    #[test]
    fn canary_a_refund_that_never_came() {
        let mut books = books();
        let view = &mut books.get_mut(&ChainId(1)).unwrap()[0];
        view.cursors.insert(ChainId(0), 2);
        view.refused.insert(ChainId(0), 40);
        assert!(complete(&books).unwrap_err().contains("40 refused there, 0 refunded"));
    }
}
