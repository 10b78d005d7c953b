//! Which code an input reached, from the counters that LLVM's coverage pass lays out.
//!
//! With `-sanitizer-coverage-inline-8bit-counters` each basic block adds one to a byte of its own; at start each compiled
//! unit reports where its bytes lie. Without the pass there are none, and nothing is ever new.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Units whose counters are watched; there is one region for each crate's code in practice, and the linker joins them.
const MOST_REGIONS: usize = 256;

static REGIONS: [(AtomicUsize, AtomicUsize); MOST_REGIONS] =
    [const { (AtomicUsize::new(0), AtomicUsize::new(0)) }; MOST_REGIONS];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Called by constructors of instrumented code with the bounds of its counters; part of LLVM's interface.
#[no_mangle]
extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, stop: *mut u8) {
    let (start, stop) = (start as usize, stop as usize);
    let count = COUNT.load(Ordering::Relaxed);
    let known = REGIONS[..count].iter().any(|region| region.0.load(Ordering::Relaxed) == start);
    if start < stop && count < MOST_REGIONS && !known {
        REGIONS[count].0.store(start, Ordering::Relaxed);
        REGIONS[count].1.store(stop, Ordering::Relaxed);
        COUNT.store(count + 1, Ordering::Relaxed);
    }
}

/// What all inputs so far have reached: for each counter, which orders of magnitude it has shown.
pub(crate) struct Coverage {
    seen: Vec<u8>,
}

fn each_counter(mut visit: impl FnMut(usize, *mut u8)) {
    let mut number = 0;
    for region in &REGIONS[..COUNT.load(Ordering::Relaxed)] {
        for address in region.0.load(Ordering::Relaxed)..region.1.load(Ordering::Relaxed) {
            visit(number, address as *mut u8);
            number += 1;
        }
    }
}

impl Coverage {
    pub(crate) fn new() -> Coverage {
        let mut count = 0;
        each_counter(|_, _| count += 1);
        Coverage { seen: vec![0; count] }
    }

    /// Sets all counters to zero.
    pub(crate) fn clear(&mut self) {
        // SAFETY: the regions are static data of this program that only instrumented code writes; a lost count of
        // another thread does no harm.
        each_counter(|_, counter| unsafe { counter.write_volatile(0) });
    }

    /// Whether a counter shows what no input has shown before.
    pub(crate) fn is_new(&mut self) -> bool {
        let mut new = false;
        each_counter(|number, counter| {
            // SAFETY: as above; reads only.
            let hits = unsafe { counter.read_volatile() };
            if hits > 0 {
                let magnitude = 1 << (7 - hits.leading_zeros().min(7));
                new |= self.seen[number] & magnitude == 0;
                self.seen[number] |= magnitude;
            }
        });
        new
    }

    /// How many counters were ever reached.
    pub(crate) fn reached(&self) -> usize {
        self.seen.iter().filter(|seen| **seen > 0).count()
    }
}
