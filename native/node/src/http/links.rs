//! `GET /v1/links`: one-way delays, measured now over the connections that messages use.
use super::problem::Problem;
use super::Shared;
use crate::core::Input;
use crate::directory::{Route, Way};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::Json;
use serde::Deserialize;
use serde_json::{json, Value};
use std::time::Duration;
use tokio::sync::oneshot;

/// Query of the measurement.
#[derive(Debug, Deserialize)]
pub struct Samples {
    samples: Option<usize>,
    spacing_ms: Option<u64>,
}

/// Time between two probes of one link, unless asked otherwise: longer than one draw of the jitter holds.
const SPACING_MS: u64 = 25;
const LONGEST: Duration = Duration::from_secs(5);

/// Measures every link of which this process is the sender.
pub async fn measure(
    State(shared): State<Shared>,
    query: Result<Query<Samples>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query?;
    let count = query.samples.unwrap_or(20).clamp(1, 1000);
    let spacing = Duration::from_millis(query.spacing_ms.unwrap_or(SPACING_MS).clamp(1, 1000));
    let directory = &shared.directory;
    let routes = |way: Way| directory.routes(&way).into_iter().map(move |(route, _)| (way, route));
    let links: Vec<(Way, Route)> = directory.ways().into_iter().flat_map(routes).collect();
    let measured = links.iter().enumerate().map(|(index, link)| {
        let shared = shared.clone();
        async move {
            // Links are probed side by side, but not at the same moments.
            tokio::time::sleep(spacing * (index % 16) as u32 / 16).await;
            samples(&shared, *link, count, spacing.max(spread(&shared, link))).await
        }
    });
    let measured = futures_util::future::join_all(measured).await;
    Ok(Json(links.iter().zip(measured).map(|(link, delays)| row(&shared, link, delays)).collect()))
}

/// How far apart two draws of a link's delay can be: probes that follow sooner would wait for each other, for a
/// stream keeps its order, and look later than the link is.
fn spread(shared: &Shared, (way, route): &(Way, Route)) -> Duration {
    let jitter = shared.directory.link_over(way.from, way.to, *route).map_or(0, |l| l.jitter_us);
    Duration::from_micros(jitter).mul_f64(2.0 * 3_f64.sqrt())
}

async fn samples(shared: &Shared, link: (Way, Route), count: usize, spacing: Duration) -> Vec<Duration> {
    let mut probes = Vec::new();
    for _ in 0..count {
        let shared = shared.clone();
        probes.push(tokio::spawn(
            async move { tokio::time::timeout(LONGEST, probe(&shared, link)).await.ok().flatten() },
        ));
        tokio::time::sleep(spacing).await;
    }
    let mut delays = Vec::new();
    for probe in probes {
        delays.extend(probe.await.ok().flatten());
    }
    delays
}

async fn probe(shared: &Shared, (way, route): (Way, Route)) -> Option<Duration> {
    if !shared.directory.inside(&way) {
        return shared.outward.probe(&way, route).await;
    }
    let (reply, delay) = oneshot::channel();
    shared.core.tell(Input::Probe { way, reply });
    delay.await.ok()
}

/// The value at rank ⌈p·n⌉, in milliseconds.
fn quantile(sorted: &[Duration], p: f64) -> Option<f64> {
    let rank = ((sorted.len() as f64 * p).ceil() as usize).max(1);
    sorted.get(rank - 1).map(|d| (d.as_secs_f64() * 1e6).round() / 1e3)
}

fn row(shared: &Shared, (way, route): &(Way, Route), mut delays: Vec<Duration>) -> Value {
    delays.sort_unstable();
    let world = shared.directory.world();
    json!({
        "from": world.regions[way.from.index()],
        "to": world.regions[way.to.index()],
        "process": world.processes[usize::from(way.process)].name,
        "route": route.name(),
        "p50_ms": quantile(&delays, 0.5),
        "p99_ms": quantile(&delays, 0.99),
        "samples": delays.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_ranks_of_the_samples() {
        let sorted: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(quantile(&sorted, 0.5), Some(50.0));
        assert_eq!(quantile(&sorted, 0.99), Some(99.0));
        assert_eq!(quantile(&sorted[..1], 0.99), Some(1.0));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
