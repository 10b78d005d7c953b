//! How often something may happen: at once while it is rare, evenly spaced while it is not.
use globelet_types::Micros;

/// How many may come at once after a pause.
const BURST: u64 = 4;

/// A token bucket: one more each `every_us`, up to a burst.
pub(crate) struct Pace {
    every_us: u64,
    tokens: u64,
    counted: Micros,
}

impl Pace {
    pub fn new(every_us: u64) -> Pace {
        Pace { every_us: every_us.max(1), tokens: BURST, counted: 0 }
    }

    fn refill(&mut self, now: Micros) {
        let gained = now.saturating_sub(self.counted) / self.every_us;
        self.counted += gained * self.every_us;
        self.tokens = (self.tokens + gained).min(BURST);
    }

    /// Counts one; one that came too early leaves nothing to the next.
    pub fn take(&mut self, now: Micros) {
        self.refill(now);
        self.tokens = self.tokens.saturating_sub(1);
    }

    /// Microseconds until the next may come.
    pub fn wait(&mut self, now: Micros) -> u64 {
        self.refill(now);
        if self.tokens > 0 {
            0
        } else {
            (self.counted + self.every_us).saturating_sub(now)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_leaves_at_once_and_the_rest_evenly() {
        let mut pace = Pace::new(20);
        let mut now = 1_000;
        let mut times = Vec::new();
        for _ in 0..8 {
            now += pace.wait(now);
            pace.take(now);
            times.push(now);
        }
        assert_eq!(times, [1_000, 1_000, 1_000, 1_000, 1_020, 1_040, 1_060, 1_080]);
        assert_eq!(pace.wait(1_081), 19);
        assert_eq!(pace.wait(1_000_000), 0);
    }
}
