//! Links between regions: the world's delay and jitter, and the faults a script lays over them.
use crate::detour::{illness, Detour};
use crate::random::Random;
use globelet_types::world::{Fallback, LinkSpec, Route, WorldSpec};
use globelet_types::{Micros, RegionId};

/// Least time after which a lost segment is sent again (RFC 6298 asks for a floor; Linux has 200 ms).
const RETRANSMIT_US: u64 = 200_000;
/// How long one draw of the jitter holds, as in the link emulator: delay on real paths varies slowly
/// against the messages of one round.
const HOLD_US: u64 = 20_000;
/// Into how many equal parts the spread is cut, as in the link emulator; that many draws in a row fall
/// one into each.
const PARTS: u8 = 16;

/// What a script laid over one directed link. The default is no fault.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fault {
    /// Nothing passes.
    pub cut: bool,
    /// Probability that a message is lost for good.
    pub loss: f64,
    /// Probability that a message arrives twice, each copy after a delay of its own.
    pub duplication: f64,
    /// Added to every delay, microseconds.
    pub slower_us: u64,
    /// Each message is late by up to this many microseconds of its own, so that many overtake each other.
    pub scatter_us: u64,
}

#[derive(Clone, Debug, Default)]
struct Link {
    delay_us: u64,
    jitter_us: u64,
    loss: f64,
    fault: Fault,
    /// Parts of the spread not drawn yet in this turn.
    deck: Vec<u8>,
    /// The delay drawn last, and until when it holds.
    drawn: (u64, Micros),
}

/// Every directed link of a world, with its own delay, jitter and fault; between continents over two routes.
#[derive(Clone, Debug)]
pub struct Links {
    regions: usize,
    backbone: Vec<Link>,
    internet: Vec<Option<Link>>,
    detours: Vec<Detour>,
    rules: Fallback,
    random: Random,
}

impl Links {
    /// The links of a checked world.
    pub fn new(world: &WorldSpec, seed: u64) -> Links {
        let regions = world.regions.len();
        let mut backbone = vec![Link::default(); regions * regions];
        let mut internet = vec![None; regions * regions];
        for spec in &world.links {
            if let Some(place) = backbone.get_mut(spec.from.index() * regions + spec.to.index()) {
                *place = Link::of(spec);
            }
        }
        for spec in &world.internet {
            if let Some(place) = internet.get_mut(spec.from.index() * regions + spec.to.index()) {
                *place = Some(Link::of(spec));
            }
        }
        let detours = vec![Detour::default(); regions * regions];
        Links {
            regions,
            backbone,
            internet,
            detours,
            rules: world.fallback.clone(),
            random: Random::new(seed, "links"),
        }
    }

    fn place(&self, from: RegionId, to: RegionId) -> usize {
        from.index() * self.regions + to.index()
    }

    /// Lays a fault over the link from one region to another, over all of its routes; the default fault heals it.
    pub fn set(&mut self, now: Micros, from: RegionId, to: RegionId, fault: Fault) {
        for route in [Route::Backbone, Route::Internet] {
            self.lay(from, to, route, |old| *old = fault);
        }
        self.choose(now, from, to);
    }

    /// Changes the fault over one route.
    pub fn alter(&mut self, now: Micros, from: RegionId, to: RegionId, route: Route, change: impl Fn(&mut Fault)) {
        self.lay(from, to, route, change);
        self.choose(now, from, to);
    }

    fn lay(&mut self, from: RegionId, to: RegionId, route: Route, change: impl Fn(&mut Fault)) {
        let place = self.place(from, to);
        let link = match route {
            Route::Backbone => self.backbone.get_mut(place),
            Route::Internet => self.internet.get_mut(place).and_then(Option::as_mut),
        };
        if let Some(link) = link {
            change(&mut link.fault);
        }
    }

    /// Heals every link.
    pub fn heal(&mut self, now: Micros) {
        self.backbone.iter_mut().chain(self.internet.iter_mut().flatten()).for_each(|l| l.fault = Fault::default());
        for detour in &mut self.detours {
            detour.change(now, None, &self.rules);
        }
    }

    /// A fault has changed: both directions of the pair judge their backbone by its round trip.
    fn choose(&mut self, now: Micros, from: RegionId, to: RegionId) {
        let (there, back) = (self.place(from, to), self.place(to, from));
        let (Some(Some(out)), Some(Some(home))) = (self.internet.get(there), self.internet.get(back)) else { return };
        let none_left = out.fault.cut || home.fault.cut;
        let (out, home) = (&self.backbone[there], &self.backbone[back]);
        let ill = illness(&out.fault, &home.fault, out.delay_us + home.delay_us, &self.rules);
        for place in [there, back] {
            match ill {
                Some(_) if none_left => self.detours[place].end(now),
                ill => self.detours[place].change(now, ill, &self.rules),
            }
        }
    }

    /// The route that messages from one region to another take now.
    pub fn active(&self, now: Micros, from: RegionId, to: RegionId) -> Route {
        match self.detours.get(self.place(from, to)) {
            Some(detour) if detour.on(now) => Route::Internet,
            _ => Route::Backbone,
        }
    }

    /// As [`Links::active`], where there are two; `None` where there is one.
    pub fn route(&self, now: Micros, from: RegionId, to: RegionId) -> Option<Route> {
        let two = self.internet.get(self.place(from, to)).is_some_and(Option::is_some);
        two.then(|| self.active(now, from, to))
    }

    /// How often the messages from one region to another changed their route.
    pub fn switches(&self, now: Micros, from: RegionId, to: RegionId) -> u64 {
        self.detours.get(self.place(from, to)).map_or(0, |detour| detour.switches(now))
    }

    /// The delay of a route with the fault laid over it, without jitter; `None` if nothing passes, or there is none.
    pub fn delay(&self, from: RegionId, to: RegionId, route: Route) -> Option<Micros> {
        let place = self.place(from, to);
        let link = match route {
            Route::Backbone => self.backbone.get(place)?,
            Route::Internet => self.internet.get(place)?.as_ref()?,
        };
        (!link.fault.cut).then_some(link.delay_us + link.fault.slower_us)
    }

    /// Delays of the copies that will arrive of one message sent at `now`: none, one or two. Each message
    /// is delayed from its own departure, so a long link carries any number at once.
    pub fn carry(&mut self, now: Micros, from: RegionId, to: RegionId) -> Vec<Micros> {
        self.carry_over(now, from, to, self.active(now, from, to))
    }

    /// As [`Links::carry`], over this route.
    pub fn carry_over(&mut self, now: Micros, from: RegionId, to: RegionId, route: Route) -> Vec<Micros> {
        let place = self.place(from, to);
        let link = match route {
            Route::Backbone => self.backbone.get_mut(place),
            Route::Internet => self.internet.get_mut(place).and_then(Option::as_mut),
        };
        link.map_or_else(Vec::new, |link| link.carry(now, &mut self.random))
    }
}

impl Link {
    fn of(spec: &LinkSpec) -> Link {
        let (delay_us, jitter_us, loss) = (spec.delay_us, spec.jitter_us, spec.loss.min(0.5));
        Link { delay_us, jitter_us, loss, ..Link::default() }
    }

    fn carry(&mut self, now: Micros, random: &mut Random) -> Vec<Micros> {
        if self.fault.cut || random.chance(self.fault.loss) {
            return Vec::new();
        }
        let mut delays = vec![self.delay_at(now, random)];
        if random.chance(self.fault.duplication) {
            let fresh = self.draw(random);
            delays.push(self.late(fresh, random));
        }
        delays
    }

    /// A new draw once the last one has held long enough.
    fn delay_at(&mut self, now: Micros, random: &mut Random) -> Micros {
        if now >= self.drawn.1 {
            self.drawn = (self.draw(random), now + HOLD_US);
        }
        self.late(self.drawn.0, random)
    }

    /// Uniform and stratified (Cochran 1977, ch. 5) around the declared delay, with the declared standard
    /// deviation, so √3 times that to either side; never below zero. Integers only, for all machines.
    fn draw(&mut self, random: &mut Random) -> Micros {
        if self.jitter_us == 0 {
            return self.delay_us;
        }
        if self.deck.is_empty() {
            self.deck.extend(0..PARTS);
        }
        let part = self.deck.swap_remove(random.below(self.deck.len() as u64) as usize);
        let spread = 2 * self.jitter_us * 1_732_051 / 1_000_000;
        let width = spread.div_ceil(u64::from(PARTS)).max(1);
        let stray = u64::from(part) * spread / u64::from(PARTS) + random.below(width);
        (self.delay_us + stray).saturating_sub(spread / 2)
    }

    /// What comes on top: faults, and retransmission, for a lost segment of a reliable stream is late, not gone.
    fn late(&self, drawn: Micros, random: &mut Random) -> Micros {
        let mut delay = drawn + self.fault.slower_us + random.below(self.fault.scatter_us);
        while random.chance(self.loss) {
            delay += RETRANSMIT_US.max(2 * self.delay_us);
        }
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    const TOKYO: RegionId = RegionId(0);
    const PARIS: RegionId = RegionId(3);

    #[test]
    fn delays_centre_on_the_declared_one() {
        let mut links = Links::new(&sample::tokyo_paris(), 1);
        let delays: Vec<u64> = (0..3_200).flat_map(|n| links.carry(n * HOLD_US, TOKYO, PARIS)).collect();
        let mean = delays.iter().sum::<u64>() as f64 / 3_200.0;
        let variance = delays.iter().map(|d| (*d as f64 - mean).powi(2)).sum::<f64>() / 3_200.0;
        assert_eq!(delays.len(), 3_200);
        assert!((mean - 110_000.0).abs() < 20.0, "{mean}");
        assert!((variance.sqrt() - 1_100.0).abs() < 20.0, "{}", variance.sqrt());
        let mut turn = delays[..16].to_vec();
        turn.sort_unstable();
        assert!(((turn[7] + turn[8]) / 2).abs_diff(110_000) < 250, "sixteen draws have the declared median: {turn:?}");
    }

    #[test]
    fn a_draw_holds_and_what_is_scattered_overtakes() {
        let mut links = Links::new(&sample::tokyo_paris(), 1);
        let first = links.carry(0, TOKYO, PARIS);
        assert_eq!(links.carry(HOLD_US - 1, TOKYO, PARIS), first);
        assert_ne!(links.carry(HOLD_US, TOKYO, PARIS), first);
        links.set(0, TOKYO, PARIS, Fault { scatter_us: 5_000, ..Fault::default() });
        let delays: Vec<u64> = (0..100).flat_map(|_| links.carry(HOLD_US, TOKYO, PARIS)).collect();
        assert!(delays.windows(2).any(|pair| pair[0] > pair[1] + 1_000));
    }

    #[test]
    fn a_cut_has_a_direction_and_heals() {
        let mut links = Links::new(&sample::tokyo_paris(), 1);
        links.set(0, TOKYO, PARIS, Fault { cut: true, ..Fault::default() });
        assert!(links.carry(0, TOKYO, PARIS).is_empty());
        assert_eq!(links.carry(0, PARIS, TOKYO).len(), 1);
        links.heal(0);
        assert_eq!(links.carry(0, TOKYO, PARIS).len(), 1);
    }

    #[test]
    fn loss_and_duplication_happen_as_often_as_asked() {
        let mut links = Links::new(&sample::tokyo_paris(), 1);
        links.set(0, TOKYO, PARIS, Fault { loss: 0.25, duplication: 0.5, ..Fault::default() });
        let counts: Vec<usize> = (0..4_000).map(|_| links.carry(0, TOKYO, PARIS).len()).collect();
        let lost = counts.iter().filter(|c| **c == 0).count();
        let twice = counts.iter().filter(|c| **c == 2).count();
        assert!((850..1_150).contains(&lost), "{lost}");
        assert!((1_350..1_650).contains(&twice), "{twice}");
    }

    /// Tokyo and Paris have a second route, 176 ms long, without jitter.
    fn two_routes() -> Links {
        let mut world = sample::tokyo_paris();
        let internet = |from, to| LinkSpec { from, to, delay_us: 176_000, jitter_us: 0, loss: 0.0 };
        world.internet = vec![internet(TOKYO, PARIS), internet(PARIS, TOKYO)];
        Links::new(&world, 1)
    }

    #[test]
    fn messages_leave_a_cut_backbone_at_once_and_a_slow_one_after_three_probes() {
        const SECOND: Micros = 1_000_000;
        let mut links = two_routes();
        links.alter(0, TOKYO, PARIS, Route::Backbone, |fault| fault.cut = true);
        assert_eq!(links.carry(0, TOKYO, PARIS), [176_000]);
        assert_eq!(links.carry(0, PARIS, TOKYO), [176_000], "a connection has two directions");
        assert!(links.carry_over(0, TOKYO, PARIS, Route::Backbone).is_empty());
        links.alter(SECOND, TOKYO, PARIS, Route::Backbone, |fault| fault.cut = false);
        assert_eq!(links.active(6 * SECOND - 1, TOKYO, PARIS), Route::Internet);
        assert_eq!(links.active(6 * SECOND, TOKYO, PARIS), Route::Backbone);
        links.alter(10 * SECOND, TOKYO, PARIS, Route::Backbone, |fault| fault.slower_us = 400_000);
        assert!(links.carry(13 * SECOND - 1, TOKYO, PARIS)[0] > 500_000);
        assert_eq!(links.carry(13 * SECOND, TOKYO, PARIS), [176_000]);
        assert_eq!(links.switches(13 * SECOND, TOKYO, PARIS), 3);
        assert_eq!(links.active(13 * SECOND, TOKYO, RegionId(4)), Route::Backbone, "it has no other");
        let told = [PARIS, RegionId(4)].map(|to| links.route(13 * SECOND, TOKYO, to));
        assert_eq!(told, [Some(Route::Internet), None]);
    }

    #[test]
    fn where_both_routes_are_cut_the_backbone_is_back_with_the_heal() {
        let mut links = two_routes();
        links.set(0, TOKYO, PARIS, Fault { cut: true, ..Fault::default() });
        assert!(links.carry(0, TOKYO, PARIS).is_empty());
        links.set(1, TOKYO, PARIS, Fault::default());
        assert_eq!(links.active(1, TOKYO, PARIS), Route::Backbone);
        links.alter(2, TOKYO, PARIS, Route::Internet, |fault| fault.cut = true);
        assert_eq!(links.active(2, TOKYO, PARIS), Route::Backbone);
    }
}
