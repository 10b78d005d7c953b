//! One question and its answer: the four stamps.

use super::time::short_ns;
use super::{precision_ns, wander, Mode, NtpTime, Packet, MOST_DISPERSION};
use crate::ClockError;

/// What one exchange says of a server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// What the server's clock is ahead of the local one, in nanoseconds.
    pub offset_ns: i64,
    /// Round trip without the time that the server took, in nanoseconds. The offset is off by half of it at most.
    pub delay_ns: u64,
    /// What both readings may be wrong by, in nanoseconds.
    pub dispersion_ns: u64,
    /// When the answer came, by the local clock.
    pub at_ns: u64,
    /// Round trip from the server to the true time, in nanoseconds.
    pub root_delay_ns: u64,
    /// What the server's time may be wrong by, in nanoseconds.
    pub root_dispersion_ns: u64,
    /// The server's stratum.
    pub stratum: u8,
}

/// A question that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    nonce: NtpTime,
    sent_ns: u64,
}

impl Exchange {
    /// A question that left at `sent_ns` nanoseconds since the Unix epoch by the local clock (T1), with a nonce that
    /// nobody can foresee.
    pub fn new(sent_ns: u64, nonce: u64) -> Exchange {
        Exchange { nonce: NtpTime(nonce), sent_ns }
    }

    /// The question.
    pub fn question(&self) -> Packet {
        Packet::question(self.nonce.0)
    }

    /// Whether a packet answers this question and no other (RFC 5905 section 9.2, bogus packets).
    pub fn is_answered_by(&self, answer: &Packet) -> bool {
        answer.mode == Mode::Server && answer.origin == self.nonce
    }

    /// What follows of an answer that came at `arrived_ns` (T4), on a clock of so much precision (RFC 5905 section 8).
    ///
    /// # Errors
    /// [`ClockError`] `Unasked`, `Kiss`, `Unsynchronised`, and `Impossible` where the clock here or there ran backwards
    /// or the server took longer than the exchange; `server` is only for their text.
    pub fn finish(&self, server: usize, answer: &Packet, arrived_ns: u64, precision: i8) -> Result<Sample, ClockError> {
        if !self.is_answered_by(answer) {
            return Err(ClockError::Unasked { server });
        }
        if let Some(code) = answer.kiss() {
            return Err(ClockError::Kiss { server, code });
        }
        let (root_delay_ns, root_dispersion_ns) = (short_ns(answer.root_delay), short_ns(answer.root_dispersion));
        let nowhere = answer.stratum == 0 || answer.stratum == 16 || answer.leap == 3;
        let distance = root_delay_ns / 2 + root_dispersion_ns;
        if nowhere || answer.receive.is_unknown() || answer.transmit.is_unknown() || distance >= MOST_DISPERSION {
            return Err(ClockError::Unsynchronised { server });
        }
        let elapsed = arrived_ns
            .checked_sub(self.sent_ns)
            .ok_or(ClockError::Impossible { server, why: "the local clock ran backwards" })?;
        let taken = u64::try_from(answer.transmit.since(answer.receive))
            .map_err(|_| ClockError::Impossible { server, why: "it answered before it was asked" })?;
        let dispersion_ns = precision_ns(precision) + precision_ns(answer.precision) + wander(elapsed);
        // Two clocks may differ in speed and in the last digit; beyond that, the server can't have taken longer.
        if taken > elapsed.saturating_add(dispersion_ns) {
            return Err(ClockError::Impossible { server, why: "it took longer than the whole exchange" });
        }
        let out = i128::from(answer.receive.since(NtpTime::from_unix_ns(self.sent_ns)));
        let back = i128::from(answer.transmit.since(NtpTime::from_unix_ns(arrived_ns)));
        Ok(Sample {
            offset_ns: ((out + back) / 2) as i64,
            delay_ns: elapsed.saturating_sub(taken).max(precision_ns(precision)),
            dispersion_ns,
            at_ns: arrived_ns,
            root_delay_ns,
            root_dispersion_ns,
            stratum: answer.stratum,
        })
    }
}
