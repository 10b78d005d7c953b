//! How often something may happen: at once while it is rare, evenly spaced while it is not, and the farther apart the
//! longer it takes. So a machine that has too much to do does it in larger pieces, which cost less.
use globelet_types::Micros;

/// How many may come at once after a pause.
const BURST: u64 = 4;
/// How much of the time may be spent on it, as one part in so many.
const SHARE: u64 = 3;

/// A token bucket: one more each `every_us`, up to a burst.
pub(crate) struct Pace {
    least_us: u64,
    every_us: u64,
    /// How long it usually takes: a moving average, an eighth of which is the last.
    usual_us: u64,
    tokens: u64,
    counted: Micros,
}

impl Pace {
    /// `least_us` apart at least, once they come more often.
    pub fn new(least_us: u64) -> Pace {
        let least_us = least_us.max(1);
        Pace { least_us, every_us: least_us, usual_us: 0, tokens: BURST, counted: 0 }
    }

    /// One took this long, from its beginning to its end.
    pub fn took(&mut self, now: Micros, took_us: u64) {
        self.refill(now);
        self.usual_us = (7 * self.usual_us + took_us) / 8;
        self.every_us = self.least_us.max(SHARE * self.usual_us);
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

    #[test]
    fn what_takes_longer_comes_less_often() {
        let mut pace = Pace::new(20);
        (0..100).for_each(|n| pace.took(n, 5));
        (0..BURST).for_each(|_| pace.take(1_000));
        assert_eq!(pace.wait(1_000), 20, "short ones keep the least distance");
        (0..100).for_each(|_| pace.took(1_000, 100));
        assert!((270..=300).contains(&pace.wait(1_000)), "{}", pace.wait(1_000));
        (0..100).for_each(|_| pace.took(10_000, 5));
        (0..BURST).for_each(|_| pace.take(10_000));
        assert!(pace.wait(10_000) <= 20, "and it recovers");
    }
}
