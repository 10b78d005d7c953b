//! The bytes of what crosses processes and is signed. A change here is a change of format, made on purpose.
#![allow(clippy::unwrap_used)]

use globelet_hotstuff::{
    Certificate, Evidence, Header, HotstuffMessage, Phase, SignedVote, TimeoutCertificate, TimeoutVote, MAX_MESSAGE,
};

fn bytes(text: &str) -> String {
    let (a, b, c, s) = ("aa".repeat(32), "bb".repeat(32), "cc".repeat(32), "55".repeat(64));
    text.replace([' ', '\n'], "").replace("PARENT", &a).replace("BLOCK", &b).replace("ROOT", &c).replace("SIG", &s)
}

const HEADER: &str = "0300 0500000000000000 0100000000000000 PARENT ROOT 0200 0201000000000000";
const CERTIFICATE: &str = "00 0100000000000000 0500000000000000 BLOCK 02000000 0000 SIG 0200 SIG";

fn header() -> Header {
    let (parent, payload_root) = ([0xaa; 32], [0xcc; 32]);
    Header { chain: 3, height: 5, view: 1, parent, payload_root, proposer: 2, time_us: 258 }
}

fn certificate() -> Certificate {
    let signatures = vec![(0, [0x55; 64]), (2, [0x55; 64])];
    Certificate { phase: Phase::Prepare, view: 1, height: 5, block: [0xbb; 32], signatures }
}

fn timeout() -> TimeoutCertificate {
    let vote = TimeoutVote { member: 1, high_height: 5, high_view: 1, signature: [0x55; 64] };
    TimeoutCertificate { view: 9, high: Some(certificate()), votes: vec![vote] }
}

#[test]
fn headers_and_certificates() {
    assert_eq!(hex::encode(header().to_bytes()), bytes(HEADER));
    assert_eq!(hex::encode(&header().hash()[..8]), "93c9cbe47ba4c486");
    assert_eq!(hex::encode(certificate().to_bytes()), bytes(CERTIFICATE));
    assert_eq!(Certificate::from_bytes(&certificate().to_bytes()).unwrap(), certificate());
}

#[test]
fn messages() {
    let (signature, block, payload) = ([0x55; 64], [0xbb; 32], vec![1, 2, 3]);
    let advance = format!("0900000000000000 01 {CERTIFICATE} 01000000 0100 0500000000000000 0100000000000000 SIG");
    let propose = HotstuffMessage::Propose {
        header: header(),
        payload: payload.clone(),
        justify: Some(certificate()),
        timeout: Some(timeout()),
    };
    let cases = [
        (propose, format!("00 {HEADER} 03000000010203 01 {CERTIFICATE} 01 {advance}")),
        (
            HotstuffMessage::Vote { phase: Phase::Commit, view: 1, height: 5, block, signature },
            "01 01 0100000000000000 0500000000000000 BLOCK SIG".to_owned(),
        ),
        (HotstuffMessage::Prepared { certificate: certificate() }, format!("02 {CERTIFICATE}")),
        (
            HotstuffMessage::Committed { header: header(), certificate: certificate() },
            format!("03 {HEADER} {CERTIFICATE}"),
        ),
        (
            HotstuffMessage::Timeout { view: 9, high: None, height: 4, signature },
            "04 0900000000000000 00 0400000000000000 SIG".to_owned(),
        ),
        (HotstuffMessage::Advance { timeout: timeout() }, format!("05 {advance}")),
        (HotstuffMessage::Fetch { height: 4, block: Some(block) }, "06 0400000000000000 01 BLOCK".to_owned()),
        (
            HotstuffMessage::Block { header: header(), payload, certificate: None },
            format!("07 {HEADER} 03000000010203 00"),
        ),
    ];
    for (message, golden) in cases {
        assert_eq!(hex::encode(message.to_bytes()), bytes(&golden));
        assert_eq!(HotstuffMessage::from_bytes(&message.to_bytes()).unwrap(), message);
    }
}

#[test]
fn what_is_signed() {
    let vote = Certificate::signing_bytes(3, Phase::Commit, 1, 5, &[0xbb; 32]);
    let text = hex::encode(b"globelet hotstuff 1: vote");
    assert_eq!(hex::encode(vote), bytes(&format!("{text} 0300 01 0100000000000000 0500000000000000 BLOCK")));
    let timeout = TimeoutCertificate::signing_bytes(3, 9, 5, 1);
    let text = hex::encode(b"globelet hotstuff 1: timeout");
    let golden = format!("{text} 0300 0900000000000000 0500000000000000 0100000000000000");
    assert_eq!(hex::encode(timeout), bytes(&golden));
}

#[test]
fn evidence() {
    let vote = |block| SignedVote { phase: Phase::Prepare, view: 1, height: 5, block, signature: [0x55; 64] };
    let evidence = Evidence::TwoVotes { member: 2, a: vote([0xaa; 32]), b: vote([0xbb; 32]) };
    let golden =
        "00 0200 00 0100000000000000 0500000000000000 PARENT SIG 00 0100000000000000 0500000000000000 BLOCK SIG";
    assert_eq!(hex::encode(evidence.to_bytes()), bytes(golden));
    assert_eq!(Evidence::from_bytes(&evidence.to_bytes()).unwrap(), evidence);
}

#[test]
fn what_is_not_canonical_is_refused() {
    let valid = certificate().to_bytes();
    let longer = [&valid[..], &[0]].concat();
    let refused: [&[u8]; 4] = [b"", &valid[..valid.len() - 1], &longer, &[2; 60]];
    for bytes in refused {
        assert_eq!(Certificate::from_bytes(bytes).unwrap_err().code(), "hotstuff.malformed");
    }
    let huge = vec![0; MAX_MESSAGE + 1];
    assert_eq!(HotstuffMessage::from_bytes(&huge).unwrap_err().code(), "hotstuff.malformed");
    assert_eq!(Evidence::from_bytes(&[9]).unwrap_err().code(), "hotstuff.malformed");
    // A count without what it counts makes no room.
    let counted = [&valid[..49], &[0xff; 4]].concat();
    assert_eq!(Certificate::from_bytes(&counted).unwrap_err().code(), "hotstuff.malformed");
}
