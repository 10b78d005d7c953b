//! HotStuff: blocks committed and views changed by a whole chain of members, signatures included: message delays beside the
//! papers', and time to set beside plain Python. No library of the same protocol stands alone.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use globelet_hotstuff::{Action, Crypto, Header, Hotstuff, HotstuffMessage};

struct Keys {
    own: SigningKey,
    all: Vec<VerifyingKey>,
}

impl Crypto for Keys {
    fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.own.sign(bytes).to_bytes()
    }

    fn verify(&self, member: u16, bytes: &[u8], sig: &[u8; 64]) -> bool {
        let key = self.all.get(usize::from(member));
        key.is_some_and(|key| key.verify_strict(bytes, &Signature::from_bytes(sig)).is_ok())
    }
}

/// What a chain costs without its signatures.
struct Unsigned;

impl Crypto for Unsigned {
    fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        [bytes[30]; 64]
    }

    fn verify(&self, _: u16, bytes: &[u8], sig: &[u8; 64]) -> bool {
        sig[0] == bytes[30]
    }
}

fn keys(n: u16) -> Vec<Keys> {
    let own = |me: u16| SigningKey::from_bytes(&[me as u8 + 1; 32]);
    (0..n).map(|me| Keys { own: own(me), all: (0..n).map(|other| own(other).verifying_key()).collect() }).collect()
}

fn valid(header: &Header, payload: &[u8]) -> bool {
    header.payload_root == *blake3::hash(payload).as_bytes()
}

/// A chain in lock step: what is on its way arrives after one message delay. It goes on from iteration to iteration.
struct Chain<'a, C> {
    keys: &'a [C],
    members: Vec<Hotstuff>,
    flying: Vec<(u16, u16, HotstuffMessage)>,
    now_us: u64,
}

impl<'a, C: Crypto> Chain<'a, C> {
    fn new(keys: &'a [C]) -> Self {
        let n = keys.len() as u16;
        let members = (0..n).map(|me| Hotstuff::new(1, n, me, 1)).collect();
        Chain { keys, members, flying: Vec::new(), now_us: 0 }
    }

    fn act(&mut self, me: u16, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send(to, message) => self.flying.push((me, to, message)),
                Action::Broadcast(message) => {
                    let others = (0..self.keys.len() as u16).filter(|&to| to != me);
                    self.flying.extend(others.map(|to| (me, to, message.clone())));
                }
                _ => {}
            }
        }
    }

    fn wave(&mut self) {
        for (from, to, message) in std::mem::take(&mut self.flying) {
            let me = usize::from(to);
            let actions = self.members[me].handle(self.now_us, from, message, &valid, &self.keys[me]);
            self.act(to, actions);
        }
    }

    /// A block of 1 kB at every member: message delays until its leader has committed it, and until all have.
    fn commit(&mut self) -> (u32, u32) {
        let leader = self.members.iter().position(Hotstuff::ready_to_propose).unwrap();
        let (height, payload) = (self.members[leader].height() + 1, vec![7; 1_000]);
        let root = blake3::hash(&payload).into();
        let actions = self.members[leader].propose(self.now_us, payload, root, &self.keys[leader]);
        self.act(leader as u16, actions);
        let (mut delays, mut at_leader) = (0, 0);
        while self.members.iter().any(|member| member.height() < height) {
            self.wave();
            delays += 1;
            if at_leader == 0 && self.members[leader].height() == height {
                at_leader = delays;
            }
        }
        (at_leader, delays)
    }

    /// Everybody's time-out at once: message delays until the next leader may propose. What is late then arrives too.
    fn change_view(&mut self) -> u32 {
        for me in 0..self.members.len() {
            let view = self.members[me].view();
            let mut actions = self.members[me].expect_progress(self.now_us);
            actions.extend(self.members[me].timer(self.now_us + (1 << 20), view, &self.keys[me]));
            self.act(me as u16, actions);
        }
        self.now_us += 1 << 20;
        let mut delays = 0;
        while !self.members.iter().any(Hotstuff::ready_to_propose) {
            self.wave();
            delays += 1;
        }
        while !self.flying.is_empty() {
            self.wave();
        }
        delays
    }
}

/// What this run took in message delays, beside the papers' (counted as the crate's documentation says).
fn delays(keys: &[Keys]) {
    let mut chain = Chain::new(keys);
    let (n, (at_leader, at_all), change) = (keys.len(), chain.commit(), chain.change_view());
    assert_eq!((at_leader, at_all, change, chain.commit()), (4, 5, 1, (4, 5)));
    println!(
        "hotstuff, {n} members, message delays counted: a block {at_leader} at its leader and {at_all} at all (HotStuff \
         6 and 7, Jolteon 4 and 5, PBFT 3 and 3); time-out to the next proposal {change} (HotStuff, Jolteon, PBFT 1)"
    );
}

fn chains(c: &mut Criterion) {
    for n in [4, 7, 10] {
        let (signed, unsigned) = (keys(n), (0..n).map(|_| Unsigned).collect::<Vec<_>>());
        delays(&signed);
        let mut group = c.benchmark_group(format!("hotstuff: a block committed by {n} members"));
        let (mut chain, mut light) = (Chain::new(&signed), Chain::new(&unsigned));
        group.bench_function("globelet", |b| b.iter(|| black_box(&mut chain).commit()));
        group.bench_function("without signatures", |b| b.iter(|| black_box(&mut light).commit()));
        drop(group);
        let mut group = c.benchmark_group(format!("hotstuff: a view changed by {n} members"));
        group.bench_function("globelet", |b| b.iter(|| black_box(&mut chain).change_view()));
        group.bench_function("without signatures", |b| b.iter(|| black_box(&mut light).change_view()));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = chains
}
criterion_main!(benches);
