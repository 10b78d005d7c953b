//! Clocks compared where processes meet: each new connection tells how far the other's is from ours, at least.
use globelet_types::Micros;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

/// Labels of another process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PeerLabel {
    /// Its name.
    pub peer: String,
}

/// How far the clocks of other processes are from this one's, by the newest connection to each.
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    ahead: Family<PeerLabel, Gauge<f64, AtomicU64>>,
}

impl Clocks {
    /// Shows them in a registry.
    pub fn register(&self, registry: &mut Registry) {
        let help = "How far the other clock is ahead, at least; negative if it is behind, 0 if it may be the same";
        registry.register("clock_ahead_seconds", help, self.ahead.clone());
    }

    /// Notes what a clock showed; what to say of it if it is beyond the world's bound and was not before.
    pub fn note(&self, peer: &str, ahead_us: i64, bound_us: u64) -> Option<String> {
        let gauge = self.ahead.get_or_create(&PeerLabel { peer: peer.to_owned() }).clone();
        let (ahead, bound) = (ahead_us as f64 / 1e6, bound_us as f64 / 1e6);
        let before = gauge.set(ahead);
        if ahead.abs() <= bound || before.abs() > bound {
            return None;
        }
        let (far, side) = (ahead.abs(), if ahead > 0.0 { "ahead of" } else { "behind" });
        Some(format!(
            "the clock of process {peer} is at least {far:.1} s {side} this one's, and this world accepts {bound:.1} s: \
             what is stamped so is refused; set the clocks of both machines alike (by NTP: `chronyc makestep`), then \
             restart the process whose clock was wrong"
        ))
    }
}

/// How much another clock is ahead of ours, at least; negative if it is behind. It told its time at some moment between
/// our question and its answer, and nothing more is known of that moment (Cristian 1989).
pub fn ahead(asked: Micros, told: Micros, answered: Micros) -> i64 {
    let far = told.saturating_sub(answered).max(asked.saturating_sub(told));
    let far = i64::try_from(far).unwrap_or(i64::MAX);
    if told > answered {
        far
    } else {
        -far
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_held_against_a_clock_that_may_be_the_same() {
        for told in [1_000, 1_100, 1_220] {
            assert_eq!(ahead(1_000, told, 1_220), 0);
        }
        assert_eq!((ahead(1_000, 1_221, 1_220), ahead(1_000, 999, 1_220)), (1, -1));
        assert_eq!(ahead(0, u64::MAX, 1), i64::MAX);
    }

    #[test]
    fn a_clock_beyond_the_bound_is_told_once_until_it_was_right_again() {
        let (clocks, bound) = (Clocks::default(), 500_000);
        assert_eq!(clocks.note("paris", 500_000, bound), None);
        let told = clocks.note("paris", -2_340_000, bound).unwrap();
        assert!(told.contains("process paris is at least 2.3 s behind") && told.contains("chronyc"), "{told}");
        assert_eq!(clocks.note("paris", -2_400_000, bound), None);
        assert_eq!(clocks.note("paris", 0, bound), None);
        assert!(clocks.note("paris", 600_000, bound).unwrap().contains("0.6 s ahead of"));
        assert!(clocks.note("tokyo", 600_000, bound).is_some(), "each process counts by itself");
    }
}
