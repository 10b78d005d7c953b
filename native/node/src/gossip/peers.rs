//! The sending side: one queue per peer, emptied by calls one after the other, over the connection that is there.
use crate::directory::{Directory, Way};
use crate::metrics::Metrics;
use crate::transport::proto::GossipFrame;
use crate::transport::streams::Client;
use crate::transport::tls::Tls;
use crate::transport::{streams, Outward};
use globelet_gossip::{encode, Packet, Peer, MOST_BYTES};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Packets that may wait for one peer.
const WAITING: usize = 256;
/// A call that takes longer has failed.
const CALL: Duration = Duration::from_secs(5);
/// A peer that nothing was said to for so long loses its queue, and a connection of its own.
const IDLE: Duration = Duration::from_secs(90);

/// What a call showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The peer answered after this time.
    RoundTrip(Peer, Duration),
    /// It did not.
    Down(Peer),
}

/// The way from one process to another: between the regions of their first nodes.
pub fn way(directory: &Directory, from: u16, to: u16) -> Option<Way> {
    let nodes = &directory.world().nodes;
    let home = |process: u16| nodes.iter().find(|n| n.process == process).map(|n| n.region);
    Some(Way { from: home(from)?, to: home(to)?, process: to })
}

/// The peers that something was said to lately.
pub struct Peers {
    directory: Arc<Directory>,
    outward: Outward,
    tls: Tls,
    reports: mpsc::UnboundedSender<Report>,
    metrics: Arc<Metrics>,
    queues: BTreeMap<Peer, mpsc::Sender<Packet>>,
}

impl Peers {
    /// Nobody yet; what calls show goes to `reports`.
    pub fn new(
        directory: Arc<Directory>,
        outward: Outward,
        tls: Tls,
        metrics: Arc<Metrics>,
        reports: mpsc::UnboundedSender<Report>,
    ) -> Peers {
        Peers { directory, outward, tls, reports, metrics, queues: BTreeMap::new() }
    }

    /// Queues a packet; packets for one peer keep their order. Call inside a tokio runtime.
    pub fn send(&mut self, to: Peer, packet: Packet) {
        if self.queues.get(&to).is_none_or(mpsc::Sender::is_closed) {
            let way = way(&self.directory, self.directory.process, to).filter(|_| to != self.directory.process);
            let Some(way) = way else {
                let _ = self.reports.send(Report::Down(to));
                return;
            };
            self.queues.insert(to, self.start(to, way));
        }
        let full = self.queues.get(&to).is_some_and(|queue| queue.try_send(packet).is_err());
        if full {
            self.metrics.drop_messages("gossip_full", 1);
        } else {
            self.metrics.gossip_sent.inc();
        }
    }

    fn start(&self, peer: Peer, way: Way) -> mpsc::Sender<Packet> {
        let (queue, waiting) = mpsc::channel(WAITING);
        let caller = Caller {
            peer,
            way,
            addresses: self.directory.routes(&way).into_iter().map(|(_, address)| address).collect(),
            process: self.directory.world().processes[usize::from(peer)].name.clone(),
            outward: self.outward.clone(),
            tls: self.tls.clone(),
            own: None,
            reports: self.reports.clone(),
        };
        tokio::spawn(caller.run(waiting));
        queue
    }
}

/// Speaks to one peer.
struct Caller {
    peer: Peer,
    way: Way,
    /// Where to dial, the backbone first.
    addresses: Vec<String>,
    process: String,
    outward: Outward,
    tls: Tls,
    /// A connection for this alone, where the protocol has none.
    own: Option<Client>,
    reports: mpsc::UnboundedSender<Report>,
}

impl Caller {
    async fn run(mut self, mut waiting: mpsc::Receiver<Packet>) {
        let mut packets = Vec::new();
        loop {
            match tokio::time::timeout(IDLE, waiting.recv_many(&mut packets, WAITING)).await {
                Ok(0) => return,
                Ok(_) => {}
                // What is queued meanwhile is still sent; afterwards the queue is found closed.
                Err(_) => waiting.close(),
            }
            let mut left = VecDeque::from(std::mem::take(&mut packets));
            while !left.is_empty() {
                let frame = first(&mut left);
                let begun = Instant::now();
                let report = match self.call(encode(&frame)).await {
                    true => Report::RoundTrip(self.peer, begun.elapsed()),
                    false => Report::Down(self.peer),
                };
                if self.reports.send(report).is_err() {
                    return;
                }
                if matches!(report, Report::Down(_)) {
                    self.own = None;
                    break;
                }
            }
        }
    }

    async fn call(&mut self, packets: Vec<u8>) -> bool {
        let called = async {
            let mut client = self.client().await?;
            client.gossip(GossipFrame { packets: packets.into() }).await.ok()
        };
        tokio::time::timeout(CALL, called).await.ok().flatten().is_some()
    }

    async fn client(&mut self) -> Option<Client> {
        if let Some(client) = self.outward.client(&self.way) {
            self.own = None;
            return Some(client);
        }
        for address in &self.addresses {
            if self.own.is_none() {
                self.own = streams::dial(address, &self.process, &self.tls).await.ok();
            }
        }
        self.own.clone()
    }
}

/// The first packets that fit into one frame.
fn first(packets: &mut VecDeque<Packet>) -> Vec<Packet> {
    let (mut frame, mut size) = (Vec::new(), 4);
    while let Some(packet) = packets.pop_front() {
        size += packet.size();
        if size > MOST_BYTES && !frame.is_empty() {
            packets.push_front(packet);
            break;
        }
        frame.push(packet);
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use globelet_gossip::{decode, MOST_PAYLOAD};

    #[test]
    fn frames_keep_the_order_and_can_be_read() {
        let packet = |n: usize| Packet::Gossip { round: n as u16, payload: vec![0; MOST_PAYLOAD] };
        let all: Vec<Packet> = (0..20).map(packet).collect();
        let (mut left, mut frames) = (VecDeque::from(all.clone()), Vec::new());
        while !left.is_empty() {
            frames.push(decode(&encode(&first(&mut left))).unwrap());
        }
        assert!(frames.len() > 2);
        assert_eq!(frames.concat(), all);
    }
}
