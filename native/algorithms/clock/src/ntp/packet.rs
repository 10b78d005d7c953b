//! The 48 bytes.

use super::NtpTime;
use crate::ClockError;

/// Bytes of a packet without extensions and without authentication.
pub const PACKET_BYTES: usize = 48;

/// Who speaks (RFC 5905 figure 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    /// A peer that asks a peer.
    SymmetricActive = 1,
    /// A peer that answers one.
    SymmetricPassive = 2,
    /// Who asks.
    Client = 3,
    /// Who answers.
    Server = 4,
    /// Who tells everybody.
    Broadcast = 5,
}

/// A packet (RFC 5905 figure 8). Every value has one encoding, and all 48 bytes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Leap second to come: 0 none, 1 one more, 2 one less; 3 not synchronised.
    pub leap: u8,
    /// Version, 3 or 4.
    pub version: u8,
    /// Who speaks.
    pub mode: Mode,
    /// Servers between here and the true time; 0 is a kiss-o'-death or unspecified, 16 not synchronised.
    pub stratum: u8,
    /// Interval between questions, log2 of seconds.
    pub poll: i8,
    /// Precision of the sender's clock, log2 of seconds.
    pub precision: i8,
    /// Round trip to the true time, seconds in 16.16 bits.
    pub root_delay: u32,
    /// What the sender's time may be wrong by beside that, seconds in 16.16 bits.
    pub root_dispersion: u32,
    /// What the sender is set by; the code of a kiss-o'-death.
    pub reference: [u8; 4],
    /// When the sender was set last.
    pub reference_time: NtpTime,
    /// The transmit stamp of the question that this answers.
    pub origin: NtpTime,
    /// When that question arrived.
    pub receive: NtpTime,
    /// When this packet left.
    pub transmit: NtpTime,
}

impl Packet {
    /// A question that tells nothing but a nonce, which the answer has to bring back: neither the local time nor
    /// anything else of use to others. Draw the nonce anew each time.
    pub fn question(nonce: u64) -> Packet {
        let none = NtpTime::default();
        Packet {
            leap: 0,
            version: 4,
            mode: Mode::Client,
            stratum: 0,
            poll: 0,
            precision: 0,
            root_delay: 0,
            root_dispersion: 0,
            reference: [0; 4],
            reference_time: none,
            origin: none,
            receive: none,
            transmit: NtpTime(nonce),
        }
    }

    /// The answer to a question by a server that says of itself what `self` says (RFC 5905 section 9.2).
    pub fn answer(self, question: &Packet, received: NtpTime, sent: NtpTime) -> Packet {
        let (version, poll, origin) = (question.version, question.poll, question.transmit);
        Packet { version, poll, mode: Mode::Server, origin, receive: received, transmit: sent, ..self }
    }

    /// The 48 bytes, numbers with the highest byte first.
    pub fn to_bytes(&self) -> [u8; PACKET_BYTES] {
        let mut out = [0; PACKET_BYTES];
        out[0] = self.leap << 6 | (self.version & 7) << 3 | self.mode as u8;
        out[1..4].copy_from_slice(&[self.stratum, self.poll as u8, self.precision as u8]);
        out[4..8].copy_from_slice(&self.root_delay.to_be_bytes());
        out[8..12].copy_from_slice(&self.root_dispersion.to_be_bytes());
        out[12..16].copy_from_slice(&self.reference);
        let times = [self.reference_time, self.origin, self.receive, self.transmit];
        for (place, time) in out[16..].chunks_exact_mut(8).zip(times) {
            place.copy_from_slice(&time.0.to_be_bytes());
        }
        out
    }

    /// Reads a packet.
    ///
    /// # Errors
    /// [`ClockError::Length`] for any other number of bytes (extensions and authentication are not understood),
    /// [`ClockError::Packet`] for another version, mode or stratum than there is.
    pub fn from_bytes(bytes: &[u8]) -> Result<Packet, ClockError> {
        let wrong = |_| ClockError::Length { what: "a packet", expected: PACKET_BYTES, found: bytes.len() };
        let bytes: &[u8; PACKET_BYTES] = bytes.try_into().map_err(wrong)?;
        let version = bytes[0] >> 3 & 7;
        if !(3..=4).contains(&version) {
            return Err(ClockError::Packet { field: "version", value: version });
        }
        if bytes[1] > 16 {
            return Err(ClockError::Packet { field: "stratum", value: bytes[1] });
        }
        let word = |at: usize| bytes[at..at + 4].iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
        let time = |at: usize| NtpTime(u64::from(word(at)) << 32 | u64::from(word(at + 4)));
        Ok(Packet {
            leap: bytes[0] >> 6,
            version,
            mode: mode(bytes[0] & 7)?,
            stratum: bytes[1],
            poll: bytes[2] as i8,
            precision: bytes[3] as i8,
            root_delay: word(4),
            root_dispersion: word(8),
            reference: word(12).to_be_bytes(),
            reference_time: time(16),
            origin: time(24),
            receive: time(32),
            transmit: time(40),
        })
    }

    /// The four letters of a kiss-o'-death (RFC 5905 section 7.4).
    pub fn kiss(&self) -> Option<[u8; 4]> {
        (self.stratum == 0 && self.reference.iter().all(u8::is_ascii_graphic)).then_some(self.reference)
    }
}

fn mode(bits: u8) -> Result<Mode, ClockError> {
    Ok(match bits {
        1 => Mode::SymmetricActive,
        2 => Mode::SymmetricPassive,
        3 => Mode::Client,
        4 => Mode::Server,
        5 => Mode::Broadcast,
        value => return Err(ClockError::Packet { field: "mode", value }),
    })
}
