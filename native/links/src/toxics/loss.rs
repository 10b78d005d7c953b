//! `loss`: packets are lost, and TCP sends them again.
//!
//! Bytes of a TCP stream can't go missing; what its user sees of a lost packet is that these bytes
//! come a retransmission time-out later, doubled for each further loss (RFC 6298, section 5.5),
//! and that all later bytes wait behind them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Memory, Toxic};
use crate::millis::Millis;
use crate::segment::{Load, Segment};

/// Each packet of up to 1,448 bytes is lost with `probability`, and so is each retransmission.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Loss {
    /// The chance that a packet is lost, 0 to 1.
    #[serde(deserialize_with = "probability")]
    pub probability: f64,
    /// The first retransmission time-out, in milliseconds.
    pub retransmit_ms: Millis,
    /// Packets lost together once one is lost.
    pub burst: u32,
    /// The seed of the losses; without it, the emulator's own seed and the proxy's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Default for Loss {
    fn default() -> Self {
        Self { probability: 0.0, retransmit_ms: Millis::new(200.0).unwrap_or_default(), burst: 1, seed: None }
    }
}

fn probability<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if (0.0..=1.0).contains(&number) {
        return Ok(number);
    }
    let message = format!("probability {number} is not between 0 and 1");
    Err(serde::de::Error::custom(message))
}

/// The payload of one packet: 1,500 bytes less headers and time stamps.
const PACKET: usize = 1_448;
/// A sender gives up after so many retransmissions (Linux `tcp_retries2`).
const MOST_RETRIES: u32 = 15;
/// No time-out grows beyond this (Linux `TCP_RTO_MAX`).
const LONGEST_TIMEOUT: Duration = Duration::from_secs(120);
/// The time-out of a connection request (RFC 6298, section 2.1).
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(1);

impl Loss {
    fn lost(&self, memory: &mut Memory) -> bool {
        memory.random.unit() < self.probability
    }

    /// The delay of one packet by its losses; `None` if the sender gives up.
    fn wait(&self, memory: &mut Memory, first_timeout: Duration) -> Option<Duration> {
        if memory.burst_left > 0 {
            memory.burst_left -= 1;
        } else if self.lost(memory) {
            memory.burst_left = self.burst.saturating_sub(1);
        } else {
            return Some(Duration::ZERO);
        }
        let mut waited = Duration::ZERO;
        let mut timeout = first_timeout.min(LONGEST_TIMEOUT);
        for _ in 0..MOST_RETRIES {
            waited += timeout;
            timeout = (timeout * 2).min(LONGEST_TIMEOUT);
            if !self.lost(memory) {
                return Some(waited);
            }
        }
        None
    }
}

impl Toxic for Loss {
    fn pass(&self, memory: &mut Memory, segment: Segment, out: &mut Vec<Segment>) {
        let (arrival, mut bytes) = match segment.load {
            Load::Data(bytes) => (segment.at, bytes),
            _ => {
                out.push(segment.not_before(memory.free_at));
                return;
            }
        };
        // `ready` bytes at the front of `bytes` have the same due time and stay one segment.
        let mut ready = 0;
        while ready < bytes.len() {
            let Some(wait) = self.wait(memory, self.retransmit_ms.duration()) else {
                let at = arrival.max(memory.free_at) + LONGEST_TIMEOUT;
                let load = Load::Reset;
                out.push(Segment { at, load });
                return;
            };
            let due = arrival + wait;
            if due > memory.free_at && ready > 0 {
                let at = memory.free_at.max(arrival);
                let load = Load::Data(bytes.split_to(ready));
                out.push(Segment { at, load });
                ready = 0;
            }
            memory.free_at = memory.free_at.max(due);
            ready = bytes.len().min(ready + PACKET);
        }
        let at = memory.free_at.max(arrival);
        let load = Load::Data(bytes);
        out.push(Segment { at, load });
    }

    fn handshake(&self, memory: &mut Memory) -> Duration {
        self.wait(memory, HANDSHAKE_TIMEOUT).unwrap_or(LONGEST_TIMEOUT)
    }

    fn dwell(&self) -> Duration {
        self.retransmit_ms.duration()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{data, lengths, Bench};
    use super::*;

    fn loss(probability: f64, burst: u32) -> Loss {
        Loss { probability, burst, ..Loss::default() }
    }

    #[test]
    fn no_loss_changes_nothing() {
        let out = Bench::new(1).pass(&loss(0.0, 1), 5, data(100_000));
        assert_eq!(lengths(&out), [(5, 100_000)]);
    }

    #[test]
    fn a_lost_packet_costs_a_timeout_and_holds_up_what_follows() {
        let (toxic, mut bench) = (loss(0.05, 1), Bench::new(3));
        let times: Vec<u128> = (0..400).map(|number| bench.pass(&toxic, number * 1_000, data(10))[0].0).collect();
        assert!(times.is_sorted());
        let held = |number: usize| times[number] - number as u128 * 1_000;
        let first = (0..400).find(|number| held(*number) > 0).unwrap();
        assert!(held(first) >= 200_000);
        assert_eq!(times[first + 1], times[first].max(times[first + 1]));
        assert!(held(first + 1) >= held(first) - 1_000);
        assert!((0..400).any(|number| held(number) == 0));
    }

    #[test]
    fn repeated_losses_double_and_the_share_is_as_declared() {
        let (toxic, mut bench) = (loss(0.3, 1), Bench::new(5));
        let (mut lost, mut again) = (0, 0);
        for _ in 0..20_000 {
            match toxic.wait(&mut bench.memory, Duration::from_millis(200)) {
                Some(Duration::ZERO) => {}
                Some(wait) if wait == Duration::from_millis(200) => lost += 1,
                Some(wait) => {
                    let timeouts = wait.as_millis() / 200;
                    assert!((timeouts + 1).is_power_of_two(), "{wait:?}");
                    (lost, again) = (lost + 1, again + 1);
                }
                None => unreachable!("15 losses in a row at 0.3"),
            }
        }
        assert!((5_700..6_300).contains(&lost), "{lost}");
        assert!((1_600..2_000).contains(&again), "{again}");
    }

    #[test]
    fn a_burst_takes_its_neighbours_along() {
        let (toxic, mut bench) = (loss(0.02, 4), Bench::new(9));
        let waits: Vec<bool> = (0..2_000)
            .map(|_| toxic.wait(&mut bench.memory, Duration::from_millis(1)) > Some(Duration::ZERO))
            .collect();
        let first = waits.iter().position(|lost| *lost).unwrap();
        assert!(waits[first..first + 4].iter().all(|lost| *lost));
    }

    #[test]
    fn a_dead_link_ends_in_a_reset() {
        let out = Bench::new(1).pass(&loss(1.0, 1), 0, data(10));
        assert_eq!(out.last().unwrap().1, Load::Reset);
    }

    #[test]
    fn a_large_read_is_cut_where_packets_were_lost_and_loses_no_byte() {
        let out = lengths(&Bench::new(2).pass(&loss(0.1, 1), 0, data(200_000)));
        assert!(out.len() > 1);
        assert_eq!(out.iter().map(|piece| piece.1).sum::<usize>(), 200_000);
        assert!(out.is_sorted_by(|one, next| one.0 < next.0));
    }

    #[test]
    fn a_share_beyond_one_is_refused() {
        assert!(serde_json::from_str::<Loss>(r#"{"probability":1.5}"#).is_err());
    }
}
