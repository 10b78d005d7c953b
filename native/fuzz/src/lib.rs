//! A small fuzzer for the decoders of this workspace: mutation of valid inputs, guided by coverage where it is compiled
//! in, on the stable toolchain and without another program.
//!
//! A target is a test in `tests/fuzz.rs` of its crate:
//!
//! ```no_run
//! # fn decode(_: &[u8]) {}
//! # let valid = vec![0];
//! globelet_fuzz::fuzz("merkle-inclusion-proof", &[valid], |bytes| decode(bytes));
//! ```
//!
//! Under `cargo test` it tries a fixed number of inputs, the same every time. `GLOBELET_FUZZ_SECONDS=60` makes it go on
//! for so long, and the flags that `make fuzz` sets (`-Cpasses=sancov-module` with inline 8-bit counters) let it keep
//! every input that reaches new code. An input under which the target panics is written to
//! `target/fuzz/<target>/crash-<hash>`, and is tried first from then on. [`within`] holds what decoding may allocate.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod coverage;
mod crashes;
mod meter;
mod mutation;
mod rng;

use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::time::{Duration, Instant};

use coverage::Coverage;
pub use meter::{held, metered, within, Meter};
use mutation::mutate;
use rng::Rng;

/// Inputs tried when no time is set.
const TRIES: u64 = 5_000;
/// Longest input that is made; seeds may be longer.
const LONGEST: usize = 4096;
/// Inputs kept at most; beyond that a new one replaces an old one at random.
const KEPT: usize = 4096;

/// Calls `target` with `seeds`, then with mutations of them until the budget is used up.
///
/// The target decodes and asserts what must hold of anything that decodes. It must not panic otherwise, and must allocate
/// no more than its input justifies.
///
/// # Panics
/// With the target's own panic, after the input has been written down.
pub fn fuzz(name: &str, seeds: &[Vec<u8>], mut target: impl FnMut(&[u8])) {
    let mut coverage = Coverage::new();
    let mut try_one = |input: &[u8]| {
        coverage.clear();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) {
            let file = crashes::write(name, input);
            eprintln!("{name}: crashed on {} bytes, kept as {file}", input.len());
            resume_unwind(panic);
        }
        coverage.is_new()
    };
    let known = crashes::read(name);
    let mut corpus: Vec<Vec<u8>> = seeds.iter().chain(&known).cloned().chain([Vec::new()]).collect();
    for input in &corpus {
        try_one(input);
    }
    let mut rng = Rng::new(name);
    let budget = Budget::new();
    let mut tries = 0;
    while budget.lasts(tries) {
        let input = mutate(&mut rng, &corpus, LONGEST);
        if try_one(&input) {
            keep(&mut rng, &mut corpus, input);
        }
        tries += 1;
    }
    println!("{name}: {tries} inputs, {} kept, {} counters reached", corpus.len(), coverage.reached());
}

fn keep(rng: &mut Rng, corpus: &mut Vec<Vec<u8>>, input: Vec<u8>) {
    if corpus.len() < KEPT {
        corpus.push(input);
    } else {
        let place = rng.below(corpus.len());
        corpus[place] = input;
    }
}

/// How long to go on: a time if the environment sets one, a number of inputs otherwise.
struct Budget {
    until: Option<Instant>,
}

impl Budget {
    fn new() -> Budget {
        let seconds = std::env::var("GLOBELET_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
        Budget { until: seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds)) }
    }

    fn lasts(&self, tries: u64) -> bool {
        match self.until {
            // The clock is asked now and then: asking costs as much as a small input.
            Some(until) => !tries.is_multiple_of(64) || Instant::now() < until,
            None => tries < TRIES,
        }
    }
}
