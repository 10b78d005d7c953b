//! Which route the messages of a way take: the backbone while it is healthy, else the public internet.
use crate::directory::Route;
use globelet_types::world::Fallback;
use std::collections::VecDeque;
use std::time::Duration;

/// What was seen of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Its connection is up.
    Up,
    /// Its connection broke, or cannot be made.
    Down,
    /// A probe is not back within the bound. `Answered` or `Lost` follows.
    Late,
    /// A probe came back after this round trip.
    Answered(Duration),
    /// A probe is given up.
    Lost,
}

#[derive(Clone, Debug, Default)]
struct Health {
    up: bool,
    /// The last probe's round trip, the longest there is if it was lost; `None` before the first on this connection.
    measured: Option<Duration>,
}

/// The rules of [`Fallback`] applied to what is seen; the same answers for the same sights.
#[derive(Clone, Debug)]
pub struct Choice {
    rules: Fallback,
    bounds: [Duration; 2],
    backbone: Health,
    internet: Health,
    /// The backbone's last probes, newest first: whether each was in time.
    recent: VecDeque<bool>,
    /// The backbone failed while the internet did not: it has to show itself before it is used again.
    fallen: bool,
}

impl Choice {
    /// The choice for a way whose routes have these declared round trips, the backbone's first. Nothing is up yet.
    pub fn new(rules: Fallback, declared: [Duration; 2]) -> Choice {
        let bounds = declared.map(|d| Duration::from_micros(rules.bound_us(d.as_micros() as u64)));
        let (backbone, internet) = (Health::default(), Health::default());
        Choice { rules, bounds, backbone, internet, recent: VecDeque::new(), fallen: false }
    }

    /// The longest round trip of a probe that is in time.
    pub fn bound(&self, route: Route) -> Duration {
        self.bounds[route as usize]
    }

    /// Takes in what was seen of a route.
    pub fn see(&mut self, route: Route, seen: Seen) {
        let health = match route {
            Route::Backbone => &mut self.backbone,
            Route::Internet => &mut self.internet,
        };
        match seen {
            Seen::Up | Seen::Down => {
                // Connections of a restarted peer break together: then the backbone is not to blame.
                let broke = health.up && seen == Seen::Down;
                *health = Health { up: seen == Seen::Up, measured: None };
                if route == Route::Backbone {
                    self.recent.clear();
                    self.fallen |= broke;
                }
            }
            // Of a connection that is gone already.
            _ if !health.up => return,
            Seen::Answered(taken) => health.measured = Some(taken),
            Seen::Lost => health.measured = Some(Duration::MAX),
            // A peer that is frozen is silent on both: what was measured of the internet before says nothing then.
            Seen::Late if route == Route::Internet => health.measured = Some(Duration::MAX),
            Seen::Late => {}
        }
        if route == Route::Backbone {
            match seen {
                Seen::Late => self.probed(false),
                Seen::Answered(taken) if taken <= self.bound(route) => self.probed(true),
                _ => {}
            }
        }
        self.judge();
    }

    fn probed(&mut self, in_time: bool) {
        self.recent.push_front(in_time);
        self.recent.truncate((2 * self.rules.bad).max(self.rules.good) as usize);
    }

    fn judge(&mut self) {
        if !self.internet.up {
            self.fallen = false;
        } else if self.fallen {
            let in_a_row = self.recent.iter().take_while(|in_time| **in_time).count();
            if self.backbone.up && in_a_row >= self.rules.good as usize {
                self.fallen = false;
                self.recent.clear();
            }
        } else {
            let late = self.recent.iter().take(2 * self.rules.bad as usize).filter(|in_time| !**in_time).count();
            self.fallen = late >= self.rules.bad as usize && self.internet_is_faster();
        }
    }

    /// A slow machine makes both routes late; leaving the backbone would not help then.
    fn internet_is_faster(&self) -> bool {
        match (self.internet.measured, self.backbone.measured) {
            (Some(internet), Some(backbone)) => internet < backbone,
            (Some(internet), None) => internet < self.bound(Route::Backbone),
            (None, _) => false,
        }
    }

    /// The route to use now.
    pub fn active(&self) -> Route {
        if self.internet.up && (self.fallen || !self.backbone.up) {
            Route::Internet
        } else {
            Route::Backbone
        }
    }

    /// Whether the active route's connection is up.
    pub fn passable(&self) -> bool {
        self.backbone.up || self.internet.up
    }

    /// Whether both routes have to be watched closely: something is late, or the backbone is not in use.
    pub fn wary(&self) -> bool {
        self.fallen || self.recent.iter().any(|in_time| !in_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Declared 220 ms, so late beyond 370; both routes up, the internet measured once.
    fn ready() -> Choice {
        let mut choice = Choice::new(Fallback::default(), [ms(220), ms(352)]);
        assert_eq!((choice.active(), choice.passable()), (Route::Backbone, false));
        choice.see(Route::Backbone, Seen::Up);
        choice.see(Route::Internet, Seen::Up);
        choice.see(Route::Internet, Seen::Answered(ms(352)));
        choice
    }

    fn backbone(choice: &mut Choice, took: u64) -> Route {
        if ms(took) > choice.bound(Route::Backbone) {
            choice.see(Route::Backbone, Seen::Late);
        }
        choice.see(Route::Backbone, Seen::Answered(ms(took)));
        choice.active()
    }

    #[test]
    fn a_slow_backbone_is_left_at_the_third_late_probe_and_regained_by_five_in_time() {
        let mut choice = ready();
        assert_eq!(backbone(&mut choice, 370), Route::Backbone);
        assert!(!choice.wary());
        assert_eq!(backbone(&mut choice, 600), Route::Backbone);
        assert!(choice.wary());
        assert_eq!(backbone(&mut choice, 600), Route::Backbone);
        assert_eq!(backbone(&mut choice, 600), Route::Internet);
        for took in [220, 220, 220, 220, 600, 220, 220, 220, 220] {
            assert_eq!(backbone(&mut choice, took), Route::Internet);
        }
        assert_eq!(backbone(&mut choice, 220), Route::Backbone);
        assert!(!choice.wary());
    }

    #[test]
    fn every_other_probe_late_is_as_bad_and_one_late_in_six_is_not() {
        let mut choice = ready();
        for took in [600, 220, 220, 220, 220, 220, 600, 220, 220, 220, 220, 220, 220] {
            assert_eq!(backbone(&mut choice, took), Route::Backbone);
        }
        assert!(!choice.wary());
        let taken: Vec<Route> = [600, 220, 600, 220, 600].map(|took| backbone(&mut choice, took)).into();
        assert_eq!(taken[3..], [Route::Backbone, Route::Internet]);
    }

    #[test]
    fn lost_probes_leave_it_however_slow_the_internet_is() {
        let mut choice = ready();
        choice.see(Route::Internet, Seen::Answered(ms(900)));
        for _ in 0..3 {
            choice.see(Route::Backbone, Seen::Late);
        }
        assert_eq!(choice.active(), Route::Backbone, "it may still be the faster one");
        choice.see(Route::Backbone, Seen::Lost);
        assert_eq!(choice.active(), Route::Internet);
    }

    #[test]
    fn a_peer_that_is_frozen_is_silent_on_both_and_nothing_changes() {
        let mut choice = ready();
        assert_eq!(backbone(&mut choice, 220), Route::Backbone);
        choice.see(Route::Backbone, Seen::Late);
        choice.see(Route::Internet, Seen::Late);
        for _ in 0..5 {
            choice.see(Route::Backbone, Seen::Late);
            choice.see(Route::Backbone, Seen::Lost);
        }
        assert_eq!(choice.active(), Route::Backbone);
        choice.see(Route::Internet, Seen::Answered(ms(352)));
        assert_eq!(choice.active(), Route::Internet);
    }

    #[test]
    fn a_broken_connection_is_left_at_once_and_has_to_show_itself() {
        let mut choice = ready();
        choice.see(Route::Backbone, Seen::Down);
        assert_eq!(choice.active(), Route::Internet);
        choice.see(Route::Backbone, Seen::Answered(ms(220)));
        choice.see(Route::Backbone, Seen::Up);
        for _ in 0..4 {
            assert_eq!(backbone(&mut choice, 220), Route::Internet);
        }
        assert_eq!(backbone(&mut choice, 220), Route::Backbone);
    }

    #[test]
    fn a_peer_that_restarts_gets_its_backbone_back_at_once() {
        let mut choice = ready();
        choice.see(Route::Backbone, Seen::Down);
        choice.see(Route::Internet, Seen::Down);
        assert_eq!((choice.active(), choice.passable()), (Route::Backbone, false));
        choice.see(Route::Internet, Seen::Up);
        assert_eq!((choice.active(), choice.passable()), (Route::Internet, true));
        choice.see(Route::Backbone, Seen::Up);
        assert_eq!(choice.active(), Route::Backbone);
    }

    #[test]
    fn nothing_is_gained_by_leaving_where_both_are_late_or_the_internet_is_gone() {
        let mut choice = ready();
        choice.see(Route::Internet, Seen::Answered(ms(2_000)));
        for _ in 0..10 {
            assert_eq!(backbone(&mut choice, 1_500), Route::Backbone);
        }
        choice.see(Route::Internet, Seen::Answered(ms(352)));
        assert_eq!(choice.active(), Route::Internet);
        choice.see(Route::Internet, Seen::Down);
        assert_eq!(choice.active(), Route::Backbone);
    }
}
