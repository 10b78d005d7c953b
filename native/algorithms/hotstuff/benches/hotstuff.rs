//! HotStuff: blocks committed by a whole chain of members, signatures included, to set beside plain Python.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::VecDeque;
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

/// Commits blocks of 1 kB at every member; messages arrive in the order they were sent.
fn commit<C: Crypto>(keys: &[C], blocks: u64) {
    let n = keys.len() as u16;
    let mut members: Vec<Hotstuff> = (0..n).map(|me| Hotstuff::new(1, n, me, 1_000_000)).collect();
    let mut flying: VecDeque<(u16, u16, HotstuffMessage)> = VecDeque::new();
    let mut todo: Vec<(u16, Vec<Action>)> = Vec::new();
    while members.iter().any(|member| member.height() < blocks) {
        if members[0].ready_to_propose() && members[0].height() < blocks {
            let payload = vec![members[0].height() as u8; 1_000];
            let root = blake3::hash(&payload).into();
            todo.push((0, members[0].propose(0, payload, root, &keys[0])));
        }
        for (me, actions) in todo.drain(..) {
            for action in actions {
                match action {
                    Action::Send(to, message) => flying.push_back((me, to, message)),
                    Action::Broadcast(message) => {
                        let others = (0..n).filter(|&to| to != me);
                        flying.extend(others.map(|to| (me, to, message.clone())));
                    }
                    _ => {}
                }
            }
        }
        if let Some((from, to, message)) = flying.pop_front() {
            let me = usize::from(to);
            todo.push((to, members[me].handle(0, from, message, &valid, &keys[me])));
        }
    }
}

fn chains(c: &mut Criterion) {
    for n in [4, 7, 10] {
        let (signed, unsigned) = (keys(n), (0..n).map(|_| Unsigned).collect::<Vec<_>>());
        let mut group = c.benchmark_group(format!("hotstuff: 10 blocks committed by {n} members"));
        group.bench_function("globelet", |b| b.iter(|| commit(black_box(&signed), 10)));
        group.bench_function("without signatures", |b| b.iter(|| commit(black_box(&unsigned), 10)));
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
