//! Memory that is given back holds no secret.
#![allow(clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};

use globelet_threshold::ceremony::{Ceremony, Message, Outcome};
use globelet_threshold::signature::{deal_signing, SigningShare};
use globelet_threshold::{deal, Encryption, KeyShare, TransportKey};

/// Looks for secrets in whatever is given back.
struct Watching;

#[global_allocator]
static WATCHING: Watching = Watching;

thread_local! {
    static SECRETS: RefCell<Vec<[u8; 32]>> = const { RefCell::new(Vec::new()) };
    static FOUND: Cell<usize> = const { Cell::new(0) };
}

fn look(memory: &[u8]) {
    let _ = SECRETS.try_with(|secrets| {
        let Ok(secrets) = secrets.try_borrow() else { return };
        let left = secrets.iter().any(|secret| memory.windows(32).any(|window| window == secret));
        FOUND.set(FOUND.get() + usize::from(left));
    });
}

// SAFETY: it hands on to the system's. All memory is zeroed first, so that looking at it reads nothing undefined; growing
// is left to the trait, which allocates, copies and gives back.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        look(unsafe { std::slice::from_raw_parts(memory, layout.size()) });
        unsafe { System.dealloc(memory, layout) }
    }
}

/// How often memory with one of these secrets was given back.
fn found<T>(secrets: Vec<[u8; 32]>, work: impl FnOnce() -> T) -> usize {
    SECRETS.set(secrets);
    FOUND.set(0);
    drop(work());
    SECRETS.take();
    FOUND.get()
}

/// The secret of an encoded share: what follows the member's number.
fn secret(share: &[u8]) -> [u8; 32] {
    share[2..34].try_into().unwrap()
}

#[test]
fn the_watch_finds_what_is_left() {
    assert_eq!(found(vec![[7; 32]], || vec![7_u8; 40]), 1);
    assert_eq!(found(vec![[7; 32]], || vec![8_u8; 40]), 0);
}

#[test]
fn dealing_leaves_no_share() {
    let secrets = deal(9, 4, &[1; 32]).unwrap().1.iter().map(|share| secret(&KeyShare::to_bytes(share))).collect();
    assert_eq!(found(secrets, || deal(9, 4, &[1; 32])), 0);
    let shares = deal_signing(9, 4, &[1; 32]).unwrap().1;
    let secrets = shares.iter().map(|share| secret(&SigningShare::to_bytes(share))).collect();
    assert_eq!(found(secrets, || deal_signing(9, 4, &[1; 32])), 0);
}

/// The first member's view of a ceremony in which these deal, and one share is enough: each share is the whole secret.
fn ceremony(dealers: impl Iterator<Item = u16>) -> Outcome<Encryption> {
    let key = |member: u8| TransportKey::from_seed(&[member; 32]);
    let receivers: Vec<[u8; 32]> = (0..13).map(|member| key(member).public()).collect();
    let mut made = Ceremony::generation(b"wiped", &receivers, 1).unwrap().with_key(key(0)).unwrap();
    for dealer in dealers {
        let dealing = made.deal(dealer, &[dealer as u8 + 1; 32]).unwrap();
        assert_eq!(made.handle(Message::Dealing(dealing)), Ok(None));
    }
    made.outcome().unwrap()
}

#[test]
fn a_ceremony_leaves_no_share() {
    let alone = |dealer: u16| secret(&ceremony(std::iter::once(dealer)).share.unwrap().to_bytes());
    let secrets = (0..13).map(alone).collect();
    assert_eq!(found(secrets, || ceremony(0..13)), 0);
}
