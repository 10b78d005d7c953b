//! The bytes that cross processes. A change here is a change of format, made on purpose.
#![allow(clippy::unwrap_used)]

use globelet_threshold::ceremony::{Ceremony, Message};
use globelet_threshold::signature::deal_signing;
use globelet_threshold::{deal, encrypt, Encryption, Scheme, Signing, TransportKey};

/// Length and hash: the values themselves are long, and nothing in them is free.
fn digest(bytes: &[u8]) -> String {
    format!("{} {}", bytes.len(), &blake3::hash(bytes).to_hex()[..32])
}

fn dealing<S: Scheme>() -> Vec<u8> {
    let keys = [1, 2, 3].map(|fill| TransportKey::from_seed(&[fill; 32]).public());
    let ceremony = Ceremony::<S>::generation(b"golden", &keys, 2).unwrap();
    Message::Dealing(ceremony.deal(1, &[7; 32]).unwrap()).to_bytes()
}

#[test]
fn formats() {
    let (public, shares) = deal(4, 2, &[7; 32]).unwrap();
    let sealed = encrypt(&public, b"label", b"payload", &[1; 32]);
    let (committee, signing) = deal_signing(4, 3, &[7; 32]).unwrap();
    let found = [
        digest(&public.to_bytes()),
        digest(&shares[1].to_bytes()),
        digest(&sealed.to_bytes()),
        digest(&shares[1].decryption_share(&sealed, &[0; 32]).to_bytes()),
        digest(&shares[1].coin_share(b"coin").to_bytes()),
        digest(&committee.to_bytes()),
        digest(&signing[1].to_bytes()),
        digest(&signing[1].sign(b"message")),
        digest(&TransportKey::from_seed(&[1; 32]).public()),
        digest(&dealing::<Encryption>()),
        digest(&dealing::<Signing>()),
    ];
    assert_eq!(found, GOLDEN, "{found:#?}");
}

const GOLDEN: [&str; 11] = [
    "164 dd5d2015f3d99d759dd70fb0fb062582",
    "66 516f3b9fc3d761979b8765bfa9b721e2",
    "219 8088ee580959d0deb7d047037f6d155a",
    "98 41c119e561c785ca3a670b9dfdc303b3",
    "98 8561ee5ffc4287e9d32e6d67005dd489",
    "484 fcda41fca21cdced12ad7becee4e0fc5",
    "34 082448ad1e3f160aa912d2246a6e4f6b",
    "48 7b6eb20714cf7566d63efa0275f44298",
    "32 3d0a8d68dbcbaca10bf67a745d29e6dd",
    "327 b1650cd98eaab7618f1ac13268ff6004",
    "455 78f7c3a8691b758f3f16cf8b59fddd6f",
];
