//! The figures of routes: declared beside measured, which is in use, and how often that changed.
use crate::directory::Route;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// What a route shows that answers no probe: as long as a probe is waited for.
const SILENT: Duration = Duration::from_secs(5);

/// Labels of a pair of regions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PairLabel {
    /// Region of the sender.
    pub from: String,
    /// Region of the receivers.
    pub to: String,
}

/// Labels of one route of a pair of regions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RouteLabel {
    /// Region of the sender.
    pub from: String,
    /// Region of the receivers.
    pub to: String,
    /// The route's name.
    pub route: &'static str,
}

type Seconds = Gauge<f64, AtomicU64>;

/// The figures of all pairs of regions that this process sends between over two routes.
#[derive(Clone, Debug, Default)]
pub struct Meters {
    delay: Family<RouteLabel, Seconds>,
    declared: Family<RouteLabel, Seconds>,
    active: Family<RouteLabel, Gauge>,
    switches: Family<PairLabel, Counter>,
}

impl Meters {
    /// Shows them in a registry.
    pub fn register(&self, registry: &mut Registry) {
        let r = registry;
        r.register("route_delay_seconds", "Half the last probe's round trip; 5 if it was lost", self.delay.clone());
        r.register("route_declared_seconds", "Half the declared round trip", self.declared.clone());
        r.register("route_active", "Streams of the pair that send over this route", self.active.clone());
        r.register("route_switches", "Changes from one route to the other", self.switches.clone());
    }

    /// The meter of one more stream of a pair, which begins on the backbone.
    pub fn of(&self, from: &str, to: &str, declared: [Duration; 2]) -> Meter {
        let routes = [Route::Backbone, Route::Internet].map(|route| {
            let label = RouteLabel { from: from.to_owned(), to: to.to_owned(), route: route.name() };
            self.declared.get_or_create(&label).set(declared[route as usize].as_secs_f64() / 2.0);
            (self.delay.get_or_create(&label).clone(), self.active.get_or_create(&label).clone())
        });
        routes[Route::Backbone as usize].1.inc();
        let pair = PairLabel { from: from.to_owned(), to: to.to_owned() };
        Meter(Some(Figures { routes, switches: self.switches.get_or_create(&pair).clone() }))
    }
}

#[derive(Clone, Debug)]
struct Figures {
    /// Delay and number of streams, by route.
    routes: [(Seconds, Gauge); 2],
    switches: Counter,
}

/// The figures of one stream; none where there is one route.
#[derive(Clone, Debug, Default)]
pub struct Meter(Option<Figures>);

impl Meter {
    /// A probe came back; `delay` is half its round trip.
    pub fn measured(&self, route: Route, delay: Duration) {
        if let Some(figures) = &self.0 {
            figures.routes[route as usize].0.set(delay.as_secs_f64());
        }
    }

    /// A probe was lost, or the connection is down.
    pub fn silent(&self, route: Route) {
        self.measured(route, SILENT);
    }

    /// The stream changed its route.
    pub fn switched(&self, from: Route, to: Route) {
        if let Some(figures) = &self.0 {
            figures.routes[from as usize].1.dec();
            figures.routes[to as usize].1.inc();
            figures.switches.inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_a_pair_share_its_figures() {
        let (meters, mut registry) = (Meters::default(), Registry::with_prefix("globelet"));
        meters.register(&mut registry);
        let declared = [Duration::from_millis(220), Duration::from_millis(352)];
        let (one, other) = (meters.of("tokyo", "paris", declared), meters.of("tokyo", "paris", declared));
        one.measured(Route::Backbone, Duration::from_millis(111));
        other.silent(Route::Internet);
        other.switched(Route::Backbone, Route::Internet);
        Meter::default().switched(Route::Backbone, Route::Internet);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for (name, route, value) in [
            ("delay_seconds", "backbone", "0.111"),
            ("delay_seconds", "internet", "5.0"),
            ("declared_seconds", "internet", "0.176"),
            ("active", "backbone", "1"),
            ("active", "internet", "1"),
        ] {
            let line = format!("globelet_route_{name}{{from=\"tokyo\",to=\"paris\",route=\"{route}\"}} {value}\n");
            assert!(text.contains(&line), "{line} is not in\n{text}");
        }
        assert!(text.contains("globelet_route_switches_total{from=\"tokyo\",to=\"paris\"} 1\n"), "{text}");
    }
}
