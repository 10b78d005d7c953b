//! Physical time that never goes backwards.
use globelet_types::Micros;
use std::time::{Duration, Instant, SystemTime};

/// `CLOCK_REALTIME` at the start, carried on by `CLOCK_MONOTONIC`.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    start: Instant,
    start_us: Micros,
}

impl WallClock {
    /// Starts now, but not before `floor`: the last time a replayed log knows.
    pub fn starting_at_least(floor: Micros) -> WallClock {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        WallClock { start: Instant::now(), start_us: (now.as_micros() as Micros).max(floor) }
    }

    /// Microseconds since the Unix epoch.
    pub fn now(&self) -> Micros {
        self.start_us + self.start.elapsed().as_micros() as Micros
    }
}

/// `CLOCK_MONOTONIC` in nanoseconds, which all processes of a machine share.
pub fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_continues_after_the_log_even_if_the_clock_was_set_back() {
        let future = 4_000_000_000_000_000;
        assert!(WallClock::starting_at_least(future).now() >= future);
        let clock = WallClock::starting_at_least(0);
        let first = clock.now();
        assert!(first > 1_600_000_000_000_000 && clock.now() >= first);
    }
}
