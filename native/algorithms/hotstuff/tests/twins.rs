//! Twins (Bano, Sonnino, Chursin, Perelman, Li, Ching and Malkhi, "Twins: BFT Systems Made Robust", OPODIS 2021): a
//! Byzantine member is two honest copies with one key, and the scenarios are all ways to split the copies in two, view by
//! view; then the network heals. Two copies that hear different things equivocate as leaders, vote twice, and forget what
//! they were locked on.
#![allow(clippy::unwrap_used, missing_docs)]

mod network;

use network::Play;

const DELAY_US: u64 = 1_000;
const BASE_US: u64 = 20_000;
/// Splits end by then, also for those who never left their view.
const HEALED_US: u64 = 400_000;

/// Copies 0 to 3 of members 0 to 3, copy 4 of `twin`. In view v only copies on the same side of `splits[v]` hear each
/// other; in later views all do. Sides are bits, copy 0 is on side 0.
fn scenario(twin: u16, splits: &[usize]) -> Play<'_> {
    let side = |split: usize, copy: usize| (split << 1) >> copy & 1;
    let rule = move |now, (from, view): (usize, u64), to| {
        let split = splits.get(view as usize).copied().filter(|_| now < HEALED_US).unwrap_or(0);
        (side(split, from) == side(split, to)).then_some(DELAY_US)
    };
    let mut play = Play::new(&[0, 1, 2, 3, twin], BASE_US, 2, Box::new(rule));
    play.start();
    assert!(play.run(20_000), "no progress: twin {twin}, splits {splits:?}");
    play.check();
    play
}

/// What came of many scenarios, so that they are known to have tried something.
#[derive(Default, Debug)]
struct Tally {
    changed: usize,
    equivocations: usize,
    evidence: usize,
}

impl Tally {
    fn add(&mut self, play: &Play<'_>) {
        self.changed += usize::from(play.honest().flat_map(|copy| &copy.log).any(|done| done.voted > 0));
        self.equivocations += usize::from(play.equivocations > 0);
        self.evidence += usize::from(!play.evidence.is_empty());
    }
}

#[test]
fn all_splits_of_two_views() {
    let mut tally = Tally::default();
    for twin in 0..4 {
        for first in 0..16 {
            for second in 0..16 {
                tally.add(&scenario(twin, &[first, second]));
            }
        }
    }
    println!("{tally:?} of 1,024");
    assert!(tally.changed > 100 && tally.equivocations > 100 && tally.evidence > 100, "{tally:?}");
}

/// Every 11th of the 65,536 ways to split four views, for each twin that leads one of them.
#[test]
fn many_splits_of_four_views() {
    let mut tally = Tally::default();
    for number in (0..65_536usize).step_by(11) {
        let splits = [number & 15, number >> 4 & 15, number >> 8 & 15, number >> 12];
        tally.add(&scenario((number % 4) as u16, &splits));
    }
    println!("{tally:?}");
    assert!(tally.changed > 100 && tally.equivocations > 100 && tally.evidence > 100, "{tally:?}");
}
