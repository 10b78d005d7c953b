//! What each proxy counts, and the text Prometheus reads.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::toxics::Stream;

/// The counters of one direction of one proxy, over all its connections.
#[derive(Debug, Default)]
pub struct Counters {
    received: AtomicU64,
    sent: AtomicU64,
    segments: AtomicU64,
    late_nanoseconds: AtomicU64,
}

impl Counters {
    /// Counts bytes read from the source.
    pub fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Relaxed);
    }

    /// Counts bytes written to the destination.
    pub fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Relaxed);
    }

    /// Counts a segment whose last byte left `late` after it was due.
    pub fn left(&self, late: Duration) {
        self.segments.fetch_add(1, Relaxed);
        let nanoseconds = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
        self.late_nanoseconds.fetch_add(nanoseconds, Relaxed);
    }
}

/// The counters of one proxy.
#[derive(Debug, Default)]
pub struct ProxyMetrics {
    /// Client to upstream.
    pub upstream: Counters,
    /// Upstream to client.
    pub downstream: Counters,
    connections: AtomicU64,
}

impl ProxyMetrics {
    /// Counts an accepted connection and returns its number, from 0.
    pub fn connected(&self) -> u64 {
        self.connections.fetch_add(1, Relaxed)
    }
}

/// The names a proxy's figures are labelled with.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// The proxy's name.
    pub proxy: &'a str,
    /// The address it listens on.
    pub listener: &'a str,
    /// The address it connects to.
    pub upstream: &'a str,
}

fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

type Reading = fn(&Counters) -> f64;

const SERIES: [(&str, &str, &str, Reading); 4] = [
    ("toxiproxy_proxy_received_bytes_total", "counter", "Bytes read, by proxy and direction.", |counters| {
        counters.received.load(Relaxed) as f64
    }),
    ("toxiproxy_proxy_sent_bytes_total", "counter", "Bytes written, by proxy and direction.", |counters| {
        counters.sent.load(Relaxed) as f64
    }),
    (
        "globelet_link_late_seconds_sum",
        "counter",
        "Time by which segments left after they were due, summed.",
        |counters| counters.late_nanoseconds.load(Relaxed) as f64 / 1e9,
    ),
    ("globelet_link_late_seconds_count", "counter", "Segments that left.", |counters| {
        counters.segments.load(Relaxed) as f64
    }),
];

/// The Prometheus text (exposition format 0.0.4) of all proxies.
#[must_use]
pub fn render(proxies: &[(Labels<'_>, &ProxyMetrics)]) -> String {
    let mut text = String::new();
    for (name, kind, help, reading) in SERIES {
        // Writing to a String can't fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, metrics) in proxies {
            let directions = [(Stream::Upstream, &metrics.upstream), (Stream::Downstream, &metrics.downstream)];
            for (stream, counters) in directions {
                let _ = writeln!(
                    text,
                    "{name}{{direction=\"{}\",listener=\"{}\",proxy=\"{}\",upstream=\"{}\"}} {}",
                    stream.name(),
                    escaped(labels.listener),
                    escaped(labels.proxy),
                    escaped(labels.upstream),
                    reading(counters),
                );
            }
        }
    }
    let name = "globelet_link_connections_total";
    let _ = writeln!(text, "# HELP {name} Connections accepted.\n# TYPE {name} counter");
    for (labels, metrics) in proxies {
        let (proxy, count) = (escaped(labels.proxy), metrics.connections.load(Relaxed));
        let _ = writeln!(text, "{name}{{proxy=\"{proxy}\"}} {count}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_are_toxiproxys() {
        let metrics = ProxyMetrics::default();
        metrics.upstream.received(7);
        let labels = Labels { proxy: "a\"b", listener: "127.0.0.1:1", upstream: "127.0.0.1:2" };
        let text = render(&[(labels, &metrics)]);
        let line = "toxiproxy_proxy_received_bytes_total{direction=\"upstream\",\
            listener=\"127.0.0.1:1\",proxy=\"a\\\"b\",upstream=\"127.0.0.1:2\"} 7";
        assert!(text.lines().any(|found| found == line), "{text}");
    }
}
