//! Milliseconds as they stand in a toxic's attributes.

use std::time::Duration;

use serde::{de, Deserialize, Deserializer, Serialize, Serializer};

/// A duration in milliseconds, fractions allowed (Toxiproxy takes whole ones only).
/// Whole numbers are written without a fraction, so that clients which read integers can.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Millis(f64);

/// The longest delay accepted: thirty days.
const LONGEST: f64 = 30.0 * 24.0 * 3_600_000.0;

impl Millis {
    /// `milliseconds` as a delay; `None` if negative, not a number, or beyond thirty days.
    #[must_use]
    pub fn new(milliseconds: f64) -> Option<Self> {
        (0.0..=LONGEST).contains(&milliseconds).then_some(Self(milliseconds))
    }

    /// True for no time at all.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == 0.0
    }

    /// The plain number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// The delay, to the nanosecond.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_nanos((self.0 * 1e6).round() as u64)
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 {
            serializer.serialize_u64(self.0 as u64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        Self::new(number)
            .ok_or_else(|| de::Error::custom(format!("{number} is not a time in milliseconds between 0 and {LONGEST}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_stay_integers_and_fractions_survive() {
        let read = |text: &str| serde_json::from_str::<Millis>(text);
        assert_eq!(serde_json::to_string(&read("110").unwrap()).unwrap(), "110");
        assert_eq!(serde_json::to_string(&read("0.25").unwrap()).unwrap(), "0.25");
        assert_eq!(read("0.25").unwrap().duration(), Duration::from_micros(250));
        assert!(read("-1").is_err());
        assert!(read("1e300").is_err());
    }
}
