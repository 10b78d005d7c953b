//! The bytes of what crosses processes. A change here is a change of format, made on purpose.
#![allow(clippy::unwrap_used)]

use globelet_abba::{AbbaMessage, MAX_MESSAGE};
use globelet_threshold::deal;

#[test]
fn messages() {
    let cases = [
        (AbbaMessage::Bval { round: 0, value: true, input: true }, "00000000000101"),
        (AbbaMessage::Bval { round: 258, value: false, input: false }, "00020100000000"),
        (AbbaMessage::Aux { round: 1, value: true }, "010100000001"),
        (AbbaMessage::Conf { round: 2, values: 3 }, "020200000003"),
        (AbbaMessage::Term { value: false }, "0400"),
    ];
    for (message, golden) in cases {
        assert_eq!(hex::encode(message.to_bytes()), golden);
        assert_eq!(AbbaMessage::from_bytes(&message.to_bytes()).unwrap(), message);
    }
}

#[test]
fn a_coin_share_is_the_longest() {
    let (_, keys) = deal(4, 2, &[7; 32]).unwrap();
    let message = AbbaMessage::Coin { round: 2, share: keys[1].coin_share(b"coin") };
    let bytes = message.to_bytes();
    assert_eq!(bytes.len(), MAX_MESSAGE);
    assert_eq!(hex::encode(&bytes[..7]), "03020000000100");
    assert_eq!(AbbaMessage::from_bytes(&bytes).unwrap(), message);
}

#[test]
fn what_is_not_canonical_is_refused() {
    let refused = [
        "",                 // empty
        "00",               // truncated
        "0000000000010100", // a byte too many
        "00000000000201",   // neither true nor false
        "00010000000101",   // an input after round 0
        "020200000000",     // no values
        "020200000004",     // values that do not exist
        "020100000003",     // a confirmation of a fixed coin
        "0500",             // no such kind
    ];
    for case in refused {
        let refused = AbbaMessage::from_bytes(&hex::decode(case).unwrap()).unwrap_err();
        assert_eq!(refused.code(), "abba.malformed", "{case}");
    }
    assert_eq!(AbbaMessage::from_bytes(&[3; MAX_MESSAGE + 1]).unwrap_err().code(), "abba.malformed");
}
