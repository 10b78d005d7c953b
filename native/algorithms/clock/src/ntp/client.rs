//! A client of several servers: whom to ask, what to believe.

use super::{select, Candidate, Exchange, Filter, Packet, Sample, Selection, SECOND};
use crate::ClockError;

/// Shortest interval of questions, log2 of seconds (RFC 5905, MINPOLL is 4 to 6).
const SHORTEST: u8 = 6;
/// Longest interval of questions, log2 of seconds (RFC 5905, MAXPOLL).
const LONGEST: u8 = 17;

/// What a client goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Precision of the local clock, log2 of seconds.
    pub precision: i8,
    /// A server whose time may be wrong by more is no candidate, in nanoseconds (RFC 5905, MAXDIST: 1 s).
    pub most_distance_ns: u64,
    /// How many servers have to agree at least; to bear f liars ask 2f + 1 and let f + 1 be the least.
    pub least_servers: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { precision: -20, most_distance_ns: SECOND as u64, least_servers: 1 }
    }
}

/// What the servers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// What survived of it, and the offset.
    pub selection: Selection,
    /// What the offset may be wrong by if a majority is right: the distance of the best survivor, and the jitter.
    pub distance_ns: u64,
    /// The stratum of whoever sets its clock by this.
    pub stratum: u8,
}

#[derive(Clone, Debug)]
struct Server {
    exchange: Option<Exchange>,
    filter: Filter,
    /// Whether each of the last eight questions was answered, newest lowest (RFC 5905, the reach register).
    reach: u8,
    interval: u8,
    denied: Option<[u8; 4]>,
}

/// Asks servers for the time: a state machine, to which the caller gives the local time, random numbers and packets.
///
/// Ask each server several times, eight at best: the distance of a server is below a second only after five answers, as
/// what was not measured counts as 16 s (RFC 5905 section 10).
#[derive(Clone, Debug)]
pub struct Client {
    settings: Settings,
    servers: Vec<Server>,
}

impl Client {
    /// A client of so many servers, of which nothing is known.
    pub fn new(servers: usize, settings: Settings) -> Client {
        let unknown = Server { exchange: None, filter: Filter::new(), reach: 0, interval: SHORTEST, denied: None };
        Client { settings, servers: vec![unknown; servers] }
    }

    fn server(&mut self, server: usize) -> Result<&mut Server, ClockError> {
        let count = self.servers.len();
        self.servers.get_mut(server).ok_or(ClockError::NoSuchServer { server, count })
    }

    /// The question to send to a server at `now_ns`, nanoseconds since the Unix epoch by the local clock; what was open is
    /// given up. Draw the nonce anew each time.
    ///
    /// # Errors
    /// [`ClockError::NoSuchServer`]; [`ClockError::Kiss`] if the server has forbidden to be asked.
    pub fn ask(&mut self, server: usize, now_ns: u64, nonce: u64) -> Result<Packet, ClockError> {
        let asked = self.server(server)?;
        if let Some(code) = asked.denied {
            return Err(ClockError::Kiss { server, code });
        }
        asked.reach <<= 1;
        let exchange = asked.exchange.insert(Exchange::new(now_ns, nonce));
        Ok(exchange.question())
    }

    /// Takes what came from a server at `now_ns`.
    ///
    /// # Errors
    /// [`ClockError`]: no such packet or server, not what was asked, or no use; the question stays open if the packet
    /// does not answer it, so that nobody can take its place. `DENY` and `RSTR` close the server for good, `RATE` doubles
    /// its interval.
    pub fn receive(&mut self, server: usize, bytes: &[u8], now_ns: u64) -> Result<Sample, ClockError> {
        let precision = self.settings.precision;
        let asked = self.server(server)?;
        let answer = Packet::from_bytes(bytes)?;
        let open = asked.exchange.filter(|exchange| exchange.is_answered_by(&answer));
        let exchange = open.ok_or(ClockError::Unasked { server })?;
        asked.exchange = None;
        let finished = exchange.finish(server, &answer, now_ns, precision);
        match finished {
            Ok(sample) => {
                asked.reach |= 1;
                asked.filter.push(sample, (SECOND as u64) << asked.interval);
            }
            Err(ClockError::Kiss { code, .. }) if code == *b"DENY" || code == *b"RSTR" => asked.denied = Some(code),
            Err(ClockError::Kiss { code, .. }) if code == *b"RATE" => asked.interval = LONGEST.min(asked.interval + 1),
            Err(_) => {}
        }
        finished
    }

    /// How long to wait between questions to a server, in seconds.
    ///
    /// # Errors
    /// [`ClockError::NoSuchServer`].
    pub fn interval_s(&mut self, server: usize) -> Result<u64, ClockError> {
        Ok(1 << self.server(server)?.interval)
    }

    /// Forgets all samples, as after a step of the local clock: they are about another clock.
    pub fn stepped(&mut self) {
        for server in &mut self.servers {
            server.exchange = None;
            server.filter.clear();
        }
    }

    /// The servers that answered of late and whose time is known well enough.
    pub fn candidates(&self, now_ns: u64) -> Vec<Candidate> {
        let known = self.servers.iter().enumerate().filter(|(_, s)| s.reach != 0);
        let known = known.filter_map(|(server, s)| Some((server, s.filter.peer(now_ns)?)));
        known
            .filter(|(_, peer)| peer.distance_ns < self.settings.most_distance_ns)
            .map(|(server, peer)| Candidate {
                server,
                offset_ns: peer.offset_ns,
                distance_ns: peer.distance_ns,
                jitter_ns: peer.jitter_ns,
                stratum: peer.stratum,
            })
            .collect()
    }

    /// What the servers say together at `now_ns`.
    ///
    /// # Errors
    /// [`ClockError::NoMajority`] if no majority of the candidates agrees, or fewer than are to agree at least.
    pub fn estimate(&self, now_ns: u64) -> Result<Estimate, ClockError> {
        let candidates = self.candidates(now_ns);
        let least = self.settings.least_servers.max(1);
        let none = ClockError::NoMajority { candidates: candidates.len(), least };
        let selection = select(&candidates).ok_or(none)?;
        let agree = candidates.len() - selection.false_tickers.len();
        let best = candidates.iter().find(|c| Some(&c.server) == selection.survivors.first());
        match best {
            Some(best) if agree >= least => Ok(Estimate {
                distance_ns: best.distance_ns.saturating_add(selection.jitter_ns),
                stratum: best.stratum + 1,
                selection,
            }),
            _ => Err(none),
        }
    }
}
