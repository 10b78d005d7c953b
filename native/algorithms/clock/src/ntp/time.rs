//! NTP's own time.

use super::SECOND;

/// Seconds from 1900 to 1970.
const TO_UNIX_S: u64 = 2_208_988_800;

/// A point in time as NTP writes it: seconds since 1900 modulo 2^32, and 32 bits of their fraction (RFC 5905 section 6).
///
/// It says nothing of the era, 136 years each; differences are right for points less than 68 years apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// From nanoseconds since the Unix epoch, rounded to the nearest fraction.
    pub fn from_unix_ns(unix_ns: u64) -> NtpTime {
        let (seconds, rest) = (unix_ns / SECOND as u64, unix_ns % SECOND as u64);
        let fraction = ((rest << 32) + SECOND as u64 / 2) / SECOND as u64;
        NtpTime((seconds.wrapping_add(TO_UNIX_S) << 32).wrapping_add(fraction))
    }

    /// Nanoseconds since the Unix epoch, in the era that comes nearest to a time that is about right.
    pub fn to_unix_ns(self, about_ns: u64) -> u64 {
        about_ns.saturating_add_signed(self.since(NtpTime::from_unix_ns(about_ns)))
    }

    /// Nanoseconds from an earlier point to this one, negative if it is later, to the nearest.
    pub fn since(self, earlier: NtpTime) -> i64 {
        let difference = i128::from(self.0.wrapping_sub(earlier.0) as i64);
        ((difference * i128::from(SECOND) + (1 << 31)) >> 32) as i64
    }

    /// Whether it is the zero that stands for no time.
    pub fn is_unknown(self) -> bool {
        self.0 == 0
    }
}

/// Nanoseconds of a duration as NTP writes short ones: 16 bits of seconds, 16 of their fraction.
pub(crate) fn short_ns(short: u32) -> u64 {
    (u64::from(short) * SECOND as u64) >> 16
}
