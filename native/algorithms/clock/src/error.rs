//! What clocks refuse.

/// Why a stamp, a packet or an adjustment was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The stamp is further ahead of the local clock than the bound allows.
    #[error("the stamp is {ahead_us} µs ahead of the local clock, the bound is {max_skew_us} µs: compare both clocks with a time server")]
    Skew {
        /// How far ahead it is, in microseconds.
        ahead_us: u64,
        /// The bound, in microseconds.
        max_skew_us: u64,
    },
    /// The bytes are longer or shorter than what they are to be.
    #[error("{what} has {expected} bytes, not {found}: pass exactly the bytes that were encoded")]
    Length {
        /// What was to be read.
        what: &'static str,
        /// Its bytes.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// The packet is none of NTP version 3 or 4.
    #[error("not a packet of NTP 3 or 4 ({field} is {value}): ask another server")]
    Packet {
        /// The field that can't be.
        field: &'static str,
        /// Its value.
        value: u8,
    },
    /// There is no server of this number.
    #[error("there is no server {server}, there are {count}: servers are numbered from 0")]
    NoSuchServer {
        /// The server asked for.
        server: usize,
        /// How many there are.
        count: usize,
    },
    /// The answer belongs to no open question: late, repeated or forged.
    #[error("server {server} answered what it was not asked: wait for its answer or ask again")]
    Unasked {
        /// The server.
        server: usize,
    },
    /// The server is not set by anything.
    #[error("server {server} has no time itself: ask another one, or wait until it has")]
    Unsynchronised {
        /// The server.
        server: usize,
    },
    /// The server wants to be left alone (RFC 5905 section 7.4).
    #[error("server {server} answers {}: ask it less often, or another one", kiss_text(.code))]
    Kiss {
        /// The server.
        server: usize,
        /// Four letters, as in `RATE` or `DENY`.
        code: [u8; 4],
    },
    /// The four stamps contradict each other.
    #[error("the stamps of server {server} can't all be true ({why}): ask again, or another server")]
    Impossible {
        /// The server.
        server: usize,
        /// Which of them.
        why: &'static str,
    },
    /// No more than half of the servers agree on a time.
    #[error(
        "of {candidates} servers with a time no majority agrees, {least} are the least: ask more servers, or again"
    )]
    NoMajority {
        /// Servers whose time is known well enough.
        candidates: usize,
        /// How many have to agree at least.
        least: usize,
    },
    /// The offset is beyond belief (RFC 5905, PANICT).
    #[error("an offset of {offset_ns} ns is more than 1000 s: set the clock by hand and find out why")]
    Panic {
        /// The offset, in nanoseconds.
        offset_ns: i64,
    },
}

fn kiss_text(code: &[u8; 4]) -> String {
    code.escape_ascii().to_string()
}

impl ClockError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            ClockError::Skew { .. } => "clock.skew",
            ClockError::Length { .. } => "clock.length",
            ClockError::Packet { .. } => "clock.packet",
            ClockError::NoSuchServer { .. } => "clock.no-such-server",
            ClockError::Unasked { .. } => "clock.unasked",
            ClockError::Unsynchronised { .. } => "clock.unsynchronised",
            ClockError::Kiss { .. } => "clock.kiss",
            ClockError::Impossible { .. } => "clock.impossible",
            ClockError::NoMajority { .. } => "clock.no-majority",
            ClockError::Panic { .. } => "clock.panic",
        }
    }
}
