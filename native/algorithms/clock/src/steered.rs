//! A clock that is set by offsets and never runs backwards.

use crate::ClockError;

/// Offsets up to this are slewed (RFC 5905, STEPT: 128 ms), in nanoseconds.
pub const STEP_NS: i64 = 128_000_000;
/// Offsets above this are refused (RFC 5905, PANICT: 1000 s), in nanoseconds.
pub const PANIC_NS: i64 = 1_000_000_000_000;
/// The fastest slew of a small offset, in parts per billion (RFC 5905 section 11.3, 500 ppm).
pub const SLEW_PPB: i64 = 500_000;
/// The fastest slew of an offset that would be a step backwards: half speed.
const BRAKE_PPB: i64 = 500_000_000;
/// The largest correction of frequency, in parts per billion (RFC 5905, MAXFREQ: 500 ppm).
pub const MOST_PPB: i64 = 500_000;
/// Offsets measured sooner after one another say nothing of frequency, in nanoseconds.
const SOONEST_NS: u64 = 1_000_000_000;
/// Share of an offset that goes into the frequency: one in so many (RFC 5905, FLL).
const PART: i128 = 4;

const BILLION: i128 = 1_000_000_000;

/// What was done about an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// The clock makes it up little by little.
    Slewed,
    /// The clock jumped forward.
    Stepped,
}

/// A clock over a raw one that counts nanoseconds at its own speed, as the machine's monotonic clock does.
///
/// It never runs backwards: a small offset is made up at no more than 500 ppm, a large one by a step if that leads forward
/// and at half speed if not. What recurs is learnt as frequency, within ±500 ppm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steered {
    raw_ns: u64,
    time_ns: u64,
    left_ns: i64,
    frequency_ppb: i64,
    measured_ns: u64,
}

impl Steered {
    /// A clock that shows `time_ns` (nanoseconds since the Unix epoch) when the raw one shows `raw_ns`.
    pub fn new(raw_ns: u64, time_ns: u64) -> Steered {
        Steered { raw_ns, time_ns, left_ns: 0, frequency_ppb: 0, measured_ns: raw_ns }
    }

    /// The correction of frequency, in parts per billion; positive if the raw clock is slow.
    pub fn frequency_ppb(&self) -> i64 {
        self.frequency_ppb
    }

    /// What is still to be made up, in nanoseconds.
    pub fn left_ns(&self) -> i64 {
        self.left_ns
    }

    fn made_up(&self, elapsed_ns: u64) -> i64 {
        let speed = if self.left_ns < -STEP_NS { BRAKE_PPB } else { SLEW_PPB };
        let most = i128::from(elapsed_ns) * i128::from(speed) / BILLION;
        let size = most.min(i128::from(self.left_ns.unsigned_abs())) as i64;
        size * self.left_ns.signum()
    }

    /// The time when the raw clock shows `raw_ns`, in nanoseconds since the Unix epoch; a raw clock that went back counts
    /// as standing still.
    pub fn time_ns(&self, raw_ns: u64) -> u64 {
        let elapsed = raw_ns.saturating_sub(self.raw_ns);
        let drift = (i128::from(elapsed) * i128::from(self.frequency_ppb)).div_euclid(BILLION) as i64;
        let passed = elapsed.saturating_add_signed(drift.saturating_add(self.made_up(elapsed)));
        self.time_ns.saturating_add(passed)
    }

    /// Takes in that the true time was `offset_ns` ahead of this clock when the raw one showed `raw_ns`.
    ///
    /// What of an earlier offset is not made up yet is part of this one, which was measured with it missing.
    ///
    /// # Errors
    /// [`ClockError::Panic`] for more than [`PANIC_NS`] either way; the clock is unchanged.
    pub fn adjust(&mut self, raw_ns: u64, offset_ns: i64) -> Result<Adjustment, ClockError> {
        if offset_ns.unsigned_abs() > PANIC_NS.unsigned_abs() {
            return Err(ClockError::Panic { offset_ns });
        }
        let elapsed = raw_ns.saturating_sub(self.raw_ns);
        let left_ns = self.left_ns - self.made_up(elapsed);
        self.time_ns = self.time_ns(raw_ns);
        self.raw_ns = self.raw_ns.max(raw_ns);
        if offset_ns > STEP_NS {
            self.time_ns = self.time_ns.saturating_add_signed(offset_ns);
            (self.left_ns, self.measured_ns) = (0, self.raw_ns);
            return Ok(Adjustment::Stepped);
        }
        let since = self.raw_ns - self.measured_ns;
        if since >= SOONEST_NS && offset_ns.abs() <= STEP_NS {
            // What was still being made up is no news; the rest has come up since.
            let news = i128::from(offset_ns.saturating_sub(left_ns)) * BILLION / i128::from(since) / PART;
            let frequency = i128::from(self.frequency_ppb) + news;
            self.frequency_ppb = frequency.clamp(i128::from(-MOST_PPB), i128::from(MOST_PPB)) as i64;
        }
        self.left_ns = offset_ns;
        self.measured_ns = self.raw_ns;
        Ok(Adjustment::Slewed)
    }
}
