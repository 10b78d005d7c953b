//! What decoding costs in memory: a count of each thread's allocations.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, with a count of what each thread holds. A test makes it the global one:
///
/// ```
/// #[global_allocator]
/// static METER: globelet_fuzz::Meter = globelet_fuzz::Meter;
///
/// let (bytes, most) = globelet_fuzz::metered(|| vec![0_u8; 1_000]);
/// assert_eq!((bytes.len(), most), (1_000, 1_000));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Meter;

/// Counted wrapping: what one thread allocates, another may free.
fn hold(bytes: usize) {
    let _ = LIVE.try_with(|live| {
        live.set(live.get().wrapping_add(bytes));
        let _ = PEAK.try_with(|peak| {
            if (live.get().wrapping_sub(peak.get()) as isize) > 0 {
                peak.set(live.get());
            }
        });
    });
}

fn release(bytes: usize) {
    let _ = LIVE.try_with(|live| live.set(live.get().wrapping_sub(bytes)));
}

// SAFETY: everything is handed to the system's allocator as it came; the counters are cells that need no memory and no
// destructor.
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        hold(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        release(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        hold(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        hold(size);
        release(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.realloc(place, layout, size) }
    }
}

/// Bytes that this thread holds. Nought where [`Meter`] is not the global allocator.
pub fn held() -> usize {
    LIVE.get()
}

/// What `call` returns, and the most bytes that it held at once beyond those held before it. Nought where [`Meter`] is
/// not the global allocator.
pub fn metered<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let done = call();
    (done, PEAK.get().wrapping_sub(before))
}

/// Decodes `bytes` by `decode`, and holds that this took no more memory than they justify: `per_byte` times their
/// number, and 2 MiB besides: Borsh makes room for one of them before it finds that the bytes are not there.
///
/// # Panics
/// Where it took more.
pub fn within<T>(bytes: &[u8], per_byte: usize, decode: impl FnOnce(&[u8]) -> T) -> T {
    const ANY: usize = 2 << 20;
    let (decoded, most) = metered(|| decode(bytes));
    assert!(most <= ANY + per_byte * bytes.len(), "{} bytes took {most} bytes to decode", bytes.len());
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static METER: Meter = Meter;

    #[test]
    fn the_most_that_was_held_at_once_counts_and_what_was_held_before_does_not() {
        let before = vec![0_u8; 1 << 20];
        let (kept, most) = metered(|| {
            drop(vec![0_u8; 3_000]);
            vec![0_u8; 2_000]
        });
        assert_eq!((kept.len(), most), (2_000, 3_000));
        assert_eq!(metered(|| drop(before)).1, 0);
        let (grown, most) = metered(|| (0..1_000_u32).collect::<std::collections::VecDeque<_>>());
        assert!(most >= 4 * grown.len());
    }

    #[test]
    #[should_panic(expected = "took")]
    fn a_length_that_is_believed_is_found_out() {
        within(&[0xff, 0xff, 0xff], 16, |bytes| Vec::<u8>::with_capacity(usize::from(bytes[0]) << 16));
    }
}
