//! Laws of the hybrid logical clock.
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_clock::{Clock, ClockError, Stamp};
use proptest::prelude::*;

const BOUND: u64 = 1_000;

#[derive(Clone, Debug)]
enum Step {
    Now(u64),
    Receive(u64, Stamp),
}

fn stamp() -> impl Strategy<Value = Stamp> {
    (0u64..5_000, prop_oneof![0u32..4, (u32::MAX - 2)..=u32::MAX])
        .prop_map(|(micros, counter)| Stamp { micros, counter })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u64..5_000).prop_map(Step::Now),
        ((0u64..5_000), stamp()).prop_map(|(at, remote)| Step::Receive(at, remote)),
    ]
}

proptest! {
    #[test]
    fn stamps_grow_whatever_the_physical_clock_does(steps in prop::collection::vec(step(), 1..60)) {
        let mut clock = Clock::new(BOUND);
        for step in steps {
            let before = clock.clone();
            match step {
                Step::Now(at) => {
                    let stamp = clock.now(at);
                    prop_assert!(stamp > before.last() && stamp.micros >= at);
                }
                Step::Receive(at, remote) => match clock.receive(at, remote) {
                    Ok(stamp) => prop_assert!(stamp > before.last() && stamp > remote && stamp.micros >= at),
                    Err(ClockError::Skew { ahead_us, max_skew_us }) => {
                        prop_assert_eq!((ahead_us, max_skew_us), (remote.micros - at, BOUND));
                        prop_assert!(ahead_us > BOUND);
                        prop_assert_eq!(&clock, &before);
                    }
                    Err(other) => prop_assert!(false, "{}", other),
                },
            }
        }
    }

    #[test]
    fn a_stamp_is_never_further_ahead_than_the_bound(steps in prop::collection::vec((0u64..50, stamp()), 1..60)) {
        let (mut clock, mut physical) = (Clock::new(BOUND), 0);
        for (passed, remote) in steps {
            physical += passed;
            let stamp = clock.receive(physical, remote).unwrap_or_else(|_| clock.now(physical));
            // One microsecond more is the carry of a full counter.
            prop_assert!(stamp.micros <= physical + BOUND + 1);
        }
    }

    #[test]
    fn borsh_and_json_bring_a_stamp_back(stamp in stamp()) {
        prop_assert_eq!(Stamp::from_bytes(&stamp.to_bytes()), Ok(stamp));
        prop_assert_eq!(borsh::from_slice::<Stamp>(&borsh::to_vec(&stamp).unwrap()).unwrap(), stamp);
        prop_assert_eq!(serde_json::from_str::<Stamp>(&serde_json::to_string(&stamp).unwrap()).unwrap(), stamp);
    }
}

#[test]
fn equal_times_count_and_the_bound_itself_is_taken() {
    let mut clock = Clock::new(BOUND);
    assert_eq!(clock.now(10), Stamp { micros: 10, counter: 0 });
    assert_eq!(clock.now(10), Stamp { micros: 10, counter: 1 });
    assert_eq!(clock.now(9), Stamp { micros: 10, counter: 2 });
    let edge = Stamp { micros: 10 + BOUND, counter: u32::MAX };
    assert_eq!(clock.receive(10, edge).unwrap(), Stamp { micros: 11 + BOUND, counter: 0 });
    let stored = borsh::to_vec(&clock).unwrap();
    assert_eq!(borsh::from_slice::<Clock>(&stored).unwrap(), clock);
}
