//! Everything that a liar can do to the honest members of a committee of four, in every order (stateright).
//!
//! A liar hears each word as it is signed, and says what its key and the signatures it heard allow: votes for any block,
//! every certificate and time-out certificate that can be put together, either of two blocks in each view that it leads
//! (a third changes nothing: a quorum needs two honest votes of three). What was said may arrive at any moment, again, or
//! never. So a state of the model is the honest members and what they signed; nothing else is on the way.
//!
//! Bounds: one height, and time-outs of views below the last; nobody restarts. Time-outs of view 0 take seconds (up to
//! 42,000 states), those of views 0 and 1 half an hour.
//!
//! Members are [`Hotstuff`] itself. Taken out of their states is what makes no difference to safety, or only forbids: which
//! quorum signed a certificate, for it may be any; timers, for they expire at any moment; blocks not known, for all are;
//! votes that a leader counts, for the liar can count them too; who is known to have given up a view, for what follows from
//! that are steps of their own here (to learn a certificate, to give up, to enter the next view).
//! `tests/model.rs` leaves all that in.
mod liar;
mod member;

use std::collections::BTreeMap;
use std::hash::{Hash as StdHash, Hasher};
use std::sync::Arc;

use stateright::{Checker, Model, Property};

use crate::{Hash, Header, Hotstuff, GENESIS};

const N: u16 = 4;
const QUORUM: usize = 3;

/// A certificate, whoever signed it. Blocks go by their places in [`Committee::blocks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Proof {
    view: u64,
    commits: bool,
    block: usize,
}

/// The certificate in a time-out, or none.
type High = Option<Proof>;

/// One honest member. Its digest stands for it in comparisons.
#[derive(Clone)]
struct Honest {
    state: Hotstuff,
    /// What it committed.
    done: Option<Proof>,
    digest: u64,
}

/// The honest members, and what they said.
#[derive(Clone)]
struct World {
    honest: Vec<Arc<Honest>>,
    /// Who voted so, as bits.
    votes: BTreeMap<Proof, u8>,
    /// The view of the highest certificate that a member knew when it first gave up a view. (The member, the view.)
    gave_up: BTreeMap<(u16, u64), Option<u64>>,
    /// What an honest leader proposed in its view, and what the certificate that began the view shows.
    proposed: BTreeMap<u64, (usize, High)>,
}

type Key<'a> =
    (Vec<u64>, &'a BTreeMap<Proof, u8>, &'a BTreeMap<(u16, u64), Option<u64>>, &'a BTreeMap<u64, (usize, High)>);

impl World {
    fn key(&self) -> Key<'_> {
        (self.honest.iter().map(|member| member.digest).collect(), &self.votes, &self.gave_up, &self.proposed)
    }
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl StdHash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.key().hash(hasher);
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let honest = self.honest.iter().map(|m| (m.state.me, m.state.view, m.state.stopped, m.done));
        formatter.debug_list().entries(honest).finish()?;
        write!(formatter, " votes {:?} gave up {:?} proposed {:?}", self.votes, self.gave_up, self.proposed)
    }
}

/// What happens to an honest member, by its place among them.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Move {
    /// Its timer expires.
    Expire,
    /// f + 1 others gave up this view.
    Join(u64),
    /// It sees that this view ended.
    Advance(u64, High),
    /// It hears of a certificate in a time-out.
    Learn(Proof),
    /// The leader of this view proposes a block.
    Propose(u64, usize, High),
    /// It is shown a prepare certificate.
    Prepared(Proof),
    /// It is shown a commit certificate.
    Committed(Proof),
}

struct Committee {
    liars: Vec<u16>,
    /// Nobody gives up this view or a higher one.
    last: u64,
    /// Two blocks that the leader of each view may make.
    blocks: Vec<(Hash, Header)>,
}

impl Committee {
    fn new(liars: &[u16], last: u64) -> Committee {
        let block = |place: u64| {
            let (view, payload_root) = (place / 2, [place as u8 % 2; 32]);
            let proposer = Self::leader(view);
            let header = Header { chain: 0, height: 1, view, parent: GENESIS, payload_root, proposer, time_us: 0 };
            (header.hash(), header)
        };
        Committee { liars: liars.to_vec(), last, blocks: (0..2 * (last + 1)).map(block).collect() }
    }

    fn lies(&self, member: u16) -> bool {
        self.liars.contains(&member)
    }

    fn leader(view: u64) -> u16 {
        (view % u64::from(N)) as u16
    }
}

impl Model for Committee {
    type State = World;
    type Action = (usize, Move);

    fn init_states(&self) -> Vec<World> {
        let members: Vec<u16> = (0..N).filter(|member| !self.lies(*member)).collect();
        let fresh = |me: &u16| Honest { state: Hotstuff::new(0, N, *me, 0), done: None, digest: 0 };
        let honest: Vec<Honest> = members.iter().map(fresh).collect();
        let (votes, gave_up, proposed) = Default::default();
        let mut world = World { honest: honest.iter().cloned().map(Arc::new).collect(), votes, gave_up, proposed };
        for (place, mut member) in honest.into_iter().enumerate() {
            let actions = member.state.expect_progress(0);
            self.settle(&mut world, place, member, actions);
        }
        vec![world]
    }

    fn actions(&self, world: &World, moves: &mut Vec<(usize, Move)>) {
        for (place, member) in world.honest.iter().enumerate() {
            moves.extend(self.moves_of(world, member).into_iter().map(|step| (place, step)));
        }
    }

    fn next_state(&self, world: &World, (place, step): (usize, Move)) -> Option<World> {
        let mut next = world.clone();
        let mut member = Honest::clone(&world.honest[place]);
        let actions = self.happen(&mut member.state, step);
        self.settle(&mut next, place, member, actions);
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("members agree", |_, world: &World| {
                let mut blocks: Vec<usize> = world.honest.iter().filter_map(|m| Some(m.done?.block)).collect();
                blocks.dedup();
                blocks.len() <= 1
            }),
            Property::always("one block can be proved committed", |committee: &Committee, world| {
                let mut blocks: Vec<usize> = committee.proofs(world).filter(|p| p.commits).map(|p| p.block).collect();
                blocks.sort_unstable();
                blocks.dedup();
                blocks.len() <= 1
            }),
            Property::sometimes("all commit in view 0", |_, world| committed(world, |_, voted| voted == 0)),
            Property::sometimes("a later leader's block", |_, world| committed(world, |made, _| made > 0)),
            Property::sometimes("a block proposed again", |_, world| committed(world, |made, voted| made < voted)),
        ]
    }
}

/// Whether all honest members have committed blocks made and voted in such views.
fn committed(world: &World, what: impl Fn(u64, u64) -> bool) -> bool {
    world.honest.iter().all(|member| member.done.is_some_and(|done| what(done.block as u64 / 2, done.view)))
}

/// Explores until nothing is left.
fn explore(liars: &[u16], last: u64) -> impl Checker<Committee> {
    Committee::new(liars, last).checker().threads(2).spawn_bfs().join()
}

fn is_safe(liar: u16, last: u64) {
    let done = explore(&[liar], last);
    for safety in ["members agree", "one block can be proved committed"] {
        let path = done.discovery(safety).map(|path| path.into_vec()).unwrap_or_default();
        let steps: Vec<String> = path.iter().map(|(world, step)| format!("{world:?}\n  {step:?}")).collect();
        assert!(steps.is_empty(), "liar {liar}, {safety}:\n{}", steps.join("\n"));
    }
    for possible in ["all commit in view 0", "a later leader's block", "a block proposed again"] {
        assert!(done.discovery(possible).is_some(), "liar {liar}, {possible}: never seen");
    }
}

#[test]
fn one_liar_and_a_view_that_is_given_up() {
    (0..N).for_each(|liar| is_safe(liar, 1));
}

#[test]
#[ignore = "half an hour: `cargo test --release -p globelet-hotstuff --lib -- --ignored`"]
fn one_liar_and_two_views_that_are_given_up() {
    (0..N).for_each(|liar| is_safe(liar, 2));
}

/// The model finds what it looks for.
#[test]
fn two_liars_are_too_many() {
    assert!(explore(&[0, 1], 1).discovery("members agree").is_some());
}
