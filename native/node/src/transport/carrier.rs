//! One way: its queue, its routes, and the probes that tell which of them to use.
use super::choice::{Choice, Seen};
use super::frame::{self, Envelope};
use super::keeper::{Connection, Happened};
use super::meter::Meter;
use super::proto::{Bundle, ProbeRequest};
use crate::directory::Route;
use crate::metrics::Metrics;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

/// A bundle is closed at this size; one message may be larger.
const BUNDLE: usize = 1 << 20;
/// A probe that takes longer is lost.
const LONGEST: Duration = Duration::from_secs(5);
/// A way that carries nothing is probed so many times as rarely; an internet route that is not used, too.
const RARELY: u32 = 5;

/// Which route a way uses, where all threads see it.
#[derive(Clone, Debug, Default)]
pub struct Active(Arc<AtomicBool>);

impl Active {
    /// The route.
    pub fn get(&self) -> Route {
        if self.0.load(Ordering::Relaxed) {
            Route::Internet
        } else {
            Route::Backbone
        }
    }

    fn set(&self, route: Route) {
        self.0.store(route == Route::Internet, Ordering::Relaxed);
    }
}

/// One of a way's routes.
#[derive(Default)]
struct Lane {
    connection: Connection,
    bundles: Option<mpsc::Sender<Bundle>>,
}

/// The probing of a way with two routes.
struct Watch {
    every: Duration,
    last: Instant,
    due: Pin<Box<Sleep>>,
    count: u32,
    /// Messages were sent since the last probe.
    busy: bool,
    seen: mpsc::UnboundedSender<(Route, Seen)>,
}

/// Sends what waits for a way over the route that is chosen.
pub struct Carrier {
    choice: Choice,
    active: Active,
    lanes: [Lane; 2],
    held: VecDeque<Vec<Envelope>>,
    watch: Option<Watch>,
    meter: Meter,
    metrics: Arc<Metrics>,
}

impl Carrier {
    /// A carrier over these connections: the backbone's alone, or the internet's too, probed from `first`
    /// on, `every` so often while it is in use.
    pub fn new(
        choice: Choice,
        active: Active,
        connections: Vec<Connection>,
        (first, every): (Duration, Duration),
        meter: Meter,
        metrics: Arc<Metrics>,
    ) -> (Carrier, mpsc::UnboundedReceiver<(Route, Seen)>) {
        let (seen, sights) = mpsc::unbounded_channel();
        let now = Instant::now();
        let watch = (connections.len() > 1).then(|| Watch {
            every,
            last: now,
            due: Box::pin(tokio::time::sleep_until(now + first)),
            count: 0,
            busy: false,
            seen,
        });
        let mut lanes: [Lane; 2] = Default::default();
        for (lane, connection) in lanes.iter_mut().zip(connections) {
            lane.connection = connection;
        }
        (Carrier { choice, active, lanes, held: VecDeque::new(), watch, meter, metrics }, sights)
    }

    /// Runs until nothing more can be sent.
    pub async fn run(
        mut self,
        mut waiting: mpsc::Receiver<Envelope>,
        mut happened: mpsc::UnboundedReceiver<(Route, Happened)>,
        mut sights: mpsc::UnboundedReceiver<(Route, Seen)>,
    ) {
        let mut ready = Vec::new();
        loop {
            let active = self.active.get();
            let bundles = self.lanes[active as usize].bundles.clone();
            let open = bundles.is_some();
            tokio::select! {
                Some((route, happened)) = happened.recv() => {
                    if !self.connected(route, happened, &mut waiting) {
                        return;
                    }
                }
                Some((route, seen)) = sights.recv() => self.see(route, seen),
                () = due(&mut self.watch) => self.probe(),
                place = reserve(bundles), if open && !self.held.is_empty() => match place {
                    Some(place) => if let Some(envelopes) = self.held.pop_front() {
                        let route = frame::route(self.watch.as_ref().map(|_| active));
                        place.send(Bundle { envelopes: frame::encode(&envelopes), route });
                    },
                    // The keeper says presently that it broke.
                    None => self.lanes[active as usize].bundles = None,
                },
                count = waiting.recv_many(&mut ready, 4096), if open && self.held.is_empty() => {
                    if count == 0 {
                        return;
                    }
                    self.held = split(std::mem::take(&mut ready));
                    self.hurry();
                }
            }
        }
    }

    /// A connection came or went; false once the process sends no more.
    fn connected(&mut self, route: Route, happened: Happened, waiting: &mut mpsc::Receiver<Envelope>) -> bool {
        match happened {
            Happened::Up(bundles) => {
                self.lanes[route as usize].bundles = Some(bundles);
                self.see(route, Seen::Up);
                if let Some(watch) = &mut self.watch {
                    watch.count = 0;
                    self.hurry();
                }
            }
            Happened::Down => {
                self.lanes[route as usize].bundles = None;
                self.meter.silent(route);
                self.see(route, Seen::Down);
            }
            Happened::Redials if !self.choice.passable() => {
                // What waited while nothing was up is stale; the protocol repairs.
                let mut stale = self.held.drain(..).map(|envelopes| envelopes.len() as u64).sum();
                while waiting.try_recv().is_ok() {
                    stale += 1;
                }
                self.metrics.drop_messages("down", stale);
                return !waiting.is_closed();
            }
            Happened::Redials => {}
        }
        true
    }

    fn see(&mut self, route: Route, seen: Seen) {
        self.choice.see(route, seen);
        match seen {
            Seen::Answered(taken) => self.meter.measured(route, taken / 2),
            Seen::Lost => self.meter.silent(route),
            _ => {}
        }
        let (before, now) = (self.active.get(), self.choice.active());
        if before != now {
            self.meter.switched(before, now);
            self.active.set(now);
        }
        if self.choice.wary() {
            self.hurry();
        }
    }

    /// The next probe comes at the pace of a way that is in use.
    fn hurry(&mut self) {
        if let Some(watch) = self.watch.as_mut().filter(|w| !w.busy) {
            watch.busy = true;
            watch.due.as_mut().reset(watch.last + watch.every);
        }
    }

    /// Probes the routes whose turn it is; what they show comes back as sights.
    fn probe(&mut self) {
        let Some(watch) = &mut self.watch else { return };
        let close = self.choice.wary();
        (watch.last, watch.busy) = (Instant::now(), close);
        watch.due.as_mut().reset(watch.last + if close { watch.every } else { watch.every * RARELY });
        let both = close || watch.count % RARELY == 0;
        watch.count = watch.count.wrapping_add(1);
        for route in [Route::Backbone, Route::Internet] {
            if route == Route::Backbone || both {
                let connection = self.lanes[route as usize].connection.clone();
                tokio::spawn(look(connection, route, self.choice.bound(route), watch.seen.clone()));
            }
        }
    }
}

/// Waits for the next probe's time; for ever where there is one route.
async fn due(watch: &mut Option<Watch>) {
    match watch {
        Some(watch) => watch.due.as_mut().await,
        None => std::future::pending().await,
    }
}

/// A place for a bundle; `None` if the connection is gone.
async fn reserve(bundles: Option<mpsc::Sender<Bundle>>) -> Option<mpsc::OwnedPermit<Bundle>> {
    bundles?.reserve_owned().await.ok()
}

/// One probe: late once it takes longer than the bound, lost after [`LONGEST`] or when its connection breaks.
async fn look(connection: Connection, route: Route, bound: Duration, seen: mpsc::UnboundedSender<(Route, Seen)>) {
    let Some(mut client) = connection.client() else { return };
    let begun = Instant::now();
    let mut call = Box::pin(client.probe(ProbeRequest {}));
    let mut answer = tokio::time::timeout(bound, &mut call).await;
    if !matches!(answer, Ok(Ok(_))) {
        // Nobody looks any more when the process ends.
        let _ = seen.send((route, Seen::Late));
    }
    if answer.is_err() {
        answer = tokio::time::timeout(LONGEST.saturating_sub(bound), call).await;
    }
    let sight = if matches!(answer, Ok(Ok(_))) { Seen::Answered(begun.elapsed()) } else { Seen::Lost };
    let _ = seen.send((route, sight));
}

fn split(envelopes: Vec<Envelope>) -> VecDeque<Vec<Envelope>> {
    let (mut bundles, mut size) = (VecDeque::from([Vec::new()]), 0);
    for envelope in envelopes {
        if size + envelope.size() > BUNDLE && size > 0 {
            bundles.push_back(Vec::new());
            size = 0;
        }
        size += envelope.size();
        if let Some(last) = bundles.back_mut() {
            last.push(envelope);
        }
    }
    bundles
}
