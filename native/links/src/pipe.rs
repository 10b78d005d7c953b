//! One direction of one connection: reads, stamps, queues, and writes what is due.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Buf, BytesMut};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::chain::Chain;
use crate::exact_clock::{ExactClock, Sleep};
use crate::metrics::Counters;
use crate::segment::{Load, Segment};
use crate::toxics::Placed;

/// The toxics of a proxy as its connections see them change.
pub type Toxics = watch::Receiver<Vec<Arc<Placed>>>;

/// The connection is to be reset on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset;

/// A queued segment is counted with this much beyond its bytes, so that many tiny ones are
/// bounded too.
const SEGMENT_OVERHEAD: usize = 64;
const SMALLEST_BLOCK: usize = 8 << 10;
const LARGEST_BLOCK: usize = 256 << 10;

/// One direction of one connection.
#[derive(Debug)]
pub struct Pipe<'a> {
    /// Where bytes come from.
    pub source: &'a TcpStream,
    /// Where they go.
    pub destination: &'a TcpStream,
    /// The toxics between the two.
    pub chain: Chain,
    /// Changes of the toxics.
    pub toxics: Toxics,
    /// What is read earlier counts as arriving now: a connection's first bytes can't arrive
    /// before its handshake is over.
    pub opens_at: Instant,
    /// The counters of this direction.
    pub counters: &'a Counters,
}

/// The part of a pipe that changes while it runs.
struct Running<'a> {
    pipe: Pipe<'a>,
    queue: VecDeque<Segment>,
    queued: usize,
    limit: usize,
    block: BytesMut,
    block_size: usize,
    ended: bool,
    alarm: Sleep,
}

/// Why flushing stopped.
#[derive(PartialEq)]
enum Flushed {
    /// Nothing more is due.
    Idle,
    /// The destination takes no more for now.
    Blocked,
    /// This direction is over.
    Over,
}

impl<'a> Pipe<'a> {
    /// Runs until this direction ends.
    ///
    /// # Errors
    /// [`Reset`] if the connection is to be reset on both sides.
    pub async fn run(self, clock: &ExactClock) -> Result<(), Reset> {
        Running {
            limit: self.chain.queue_limit(),
            alarm: clock.sleep_until(self.opens_at),
            pipe: self,
            queue: VecDeque::new(),
            queued: 0,
            block: BytesMut::new(),
            block_size: SMALLEST_BLOCK,
            ended: false,
        }
        .run()
        .await
    }
}

impl Running<'_> {
    async fn run(mut self) -> Result<(), Reset> {
        let mut following = true;
        loop {
            let flushed = self.flush()?;
            if flushed == Flushed::Over {
                return Ok(());
            }
            let blocked = flushed == Flushed::Blocked;
            let next = self.set_alarm(blocked);
            let reads = !self.ended && self.queued < self.limit && !self.pipe.chain.stalls();
            let Pipe { source, destination, .. } = self.pipe;
            tokio::select! {
                biased;
                // First, so that what arrives after a change was answered is under it.
                changed = self.pipe.toxics.changed(), if following => {
                    following = changed.is_ok();
                    self.refresh();
                }
                () = &mut self.alarm, if next => self.close_if_time(),
                _ = destination.writable(), if blocked => {}
                _ = source.readable(), if reads => self.read(),
            }
        }
    }

    /// Sets the alarm to whatever comes next by time alone; false if nothing does.
    fn set_alarm(&mut self, blocked: bool) -> bool {
        let due = self.queue.front().filter(|_| !blocked).map(|segment| segment.at);
        let closes = self.pipe.chain.closes_at().filter(|_| !self.ended);
        let next = due.into_iter().chain(closes).min();
        if let Some(next) = next {
            self.alarm.reset(next);
        }
        next.is_some()
    }

    fn read(&mut self) {
        if self.block.capacity() < 1 << 10 {
            self.block.reserve(self.block_size);
        }
        let room = self.block.capacity();
        let load = match self.pipe.source.try_read_buf(&mut self.block) {
            Ok(0) => Load::Fin,
            Ok(count) => {
                self.size_block(count, room);
                self.pipe.counters.received(count);
                Load::Data(self.block.split().freeze())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => Load::Reset,
        };
        self.ended |= !matches!(load, Load::Data(_));
        let at = Instant::now();
        let segment = Segment { at, load }.not_before(self.pipe.opens_at);
        self.enqueue(segment);
    }

    /// Bulk gets large blocks; a quiet connection gives its memory back.
    fn size_block(&mut self, count: usize, room: usize) {
        if count == room {
            self.block_size = (self.block_size * 2).min(LARGEST_BLOCK);
        } else if count < SMALLEST_BLOCK / 2 {
            self.block_size = SMALLEST_BLOCK;
        }
    }

    fn enqueue(&mut self, segment: Segment) {
        let before = self.queue.len();
        self.pipe.chain.pass(segment, &mut self.queue);
        for segment in self.queue.range(before..) {
            self.queued += cost(segment);
            // A toxic may end the stream (limit_data, reset_peer); nothing follows an end.
            self.ended |= !matches!(segment.load, Load::Data(_));
        }
    }

    fn refresh(&mut self) {
        let toxics = self.pipe.toxics.borrow_and_update();
        let now = Instant::now();
        let closes = self.pipe.chain.refresh(&toxics, now);
        drop(toxics);
        self.limit = self.pipe.chain.queue_limit();
        if closes {
            self.close(now);
        }
    }

    fn close_if_time(&mut self) {
        let closes_at = self.pipe.chain.closes_at();
        if let Some(at) = closes_at.filter(|at| *at <= Instant::now()) {
            self.close(at);
        }
    }

    fn close(&mut self, at: Instant) {
        if !self.ended {
            self.ended = true;
            self.queue.push_back(self.pipe.chain.close(at));
        }
    }

    /// Writes everything that is due.
    fn flush(&mut self) -> Result<Flushed, Reset> {
        while let Some(front) = self.queue.front_mut() {
            let now = Instant::now();
            if front.at > now {
                return Ok(Flushed::Idle);
            }
            match &mut front.load {
                Load::Data(bytes) => match self.pipe.destination.try_write(bytes) {
                    Ok(count) => {
                        bytes.advance(count);
                        self.queued -= count;
                        self.pipe.counters.sent(count);
                        if bytes.is_empty() {
                            self.pipe.counters.left(now - front.at);
                            self.queued -= SEGMENT_OVERHEAD;
                            self.queue.pop_front();
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        return Ok(Flushed::Blocked);
                    }
                    // The destination is gone. The other direction reads that from it and
                    // carries it to the source, as late as the link makes it.
                    Err(_) => return Ok(Flushed::Over),
                },
                Load::Fin => return Ok(self.shut(std::net::Shutdown::Write)),
                Load::Close => return Ok(self.shut(std::net::Shutdown::Both)),
                Load::Reset => return Err(Reset),
            }
        }
        if self.queue.capacity() > 1 << 10 {
            self.queue.shrink_to(64);
        }
        Ok(Flushed::Idle)
    }

    fn shut(&self, how: std::net::Shutdown) -> Flushed {
        // An error means that the destination is closed already.
        let _ = SockRef::from(self.pipe.destination).shutdown(how);
        Flushed::Over
    }
}

fn cost(segment: &Segment) -> usize {
    match &segment.load {
        Load::Data(bytes) => bytes.len() + SEGMENT_OVERHEAD,
        _ => 0,
    }
}
