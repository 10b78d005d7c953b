//! Decoders take any bytes without harm, and only the bytes that they would write; members bear whatever decodes.
#![allow(clippy::unwrap_used)]

mod network;

use globelet_fuzz::fuzz;
use globelet_hotstuff::{
    Action, Certificate, Crypto, Evidence, Hotstuff, HotstuffMessage, Phase, SignedTimeout, SignedVote,
    TimeoutCertificate, TimeoutVote, Watch, GENESIS,
};
use network::{root, valid, Seal, CHAIN, N};

fn header() -> globelet_hotstuff::Header {
    let (parent, payload_root) = (GENESIS, root(b"payload"));
    globelet_hotstuff::Header { chain: CHAIN, height: 1, view: 0, parent, payload_root, proposer: 0, time_us: 1 }
}

fn vote(member: u16, phase: Phase) -> [u8; 64] {
    Seal(member).sign(&Certificate::signing_bytes(CHAIN, phase, 0, 1, &header().hash()))
}

fn certificate(phase: Phase) -> Certificate {
    let signatures = (0..3).map(|member| (member, vote(member, phase))).collect();
    Certificate { phase, view: 0, height: 1, block: header().hash(), signatures }
}

fn timeout() -> TimeoutCertificate {
    let bytes = TimeoutCertificate::signing_bytes(CHAIN, 0, 1, 0);
    let vote = |member| TimeoutVote { member, high_height: 1, high_view: 0, signature: Seal(member).sign(&bytes) };
    TimeoutCertificate { view: 0, high: Some(certificate(Phase::Prepare)), votes: (0..3).map(vote).collect() }
}

/// What a member without a history hears: each of them valid, and what the others hear with it.
fn messages() -> Vec<HotstuffMessage> {
    let (header, payload, block) = (header(), b"payload".to_vec(), header().hash());
    let signature = Seal(1).sign(&TimeoutCertificate::signing_bytes(CHAIN, 0, 1, 0));
    let high = Some(certificate(Phase::Prepare));
    vec![
        HotstuffMessage::Propose { header: header.clone(), payload: payload.clone(), justify: None, timeout: None },
        HotstuffMessage::Vote { phase: Phase::Prepare, view: 0, height: 1, block, signature: vote(1, Phase::Prepare) },
        HotstuffMessage::Prepared { certificate: certificate(Phase::Prepare) },
        HotstuffMessage::Timeout { view: 0, high, height: 0, signature },
        HotstuffMessage::Advance { timeout: timeout() },
        HotstuffMessage::Fetch { height: 1, block: None },
        HotstuffMessage::Committed { header: header.clone(), certificate: certificate(Phase::Commit) },
        HotstuffMessage::Block { header, payload, certificate: Some(certificate(Phase::Commit)) },
    ]
}

#[test]
fn one_message() {
    let seeds: Vec<Vec<u8>> = messages().iter().map(HotstuffMessage::to_bytes).collect();
    fuzz("hotstuff-message", &seeds, |bytes| {
        let Ok(message) = HotstuffMessage::from_bytes(bytes) else { return };
        assert_eq!(message.to_bytes(), bytes);
        for from in 0..N {
            let mut member = Hotstuff::among(CHAIN, N, 3, 1_000).unwrap();
            member.expect_progress(0);
            let actions = member.handle(0, from, message.clone(), &valid, &Seal(3));
            assert!(actions.len() < 40, "{} actions", actions.len());
            Watch::new(CHAIN, N).observe(from, &message, &Seal(3));
        }
    });
}

/// A conversation: sender, length in two bytes, message, and again; a sender of 4 or more is a timer.
#[test]
fn many_messages() {
    let words = |messages: &[HotstuffMessage]| {
        let word = |message: &HotstuffMessage| {
            let bytes = message.to_bytes();
            [&[0][..], &(bytes.len() as u16).to_le_bytes(), &bytes].concat()
        };
        messages.iter().flat_map(word).collect::<Vec<u8>>()
    };
    let (all, again) = (messages(), words(&messages()[..4]));
    let timed = [&again[..], &[4, 0, 0], &words(&all[2..])].concat();
    fuzz("hotstuff-conversation", &[words(&all), timed], |mut bytes| {
        let mut member = Hotstuff::among(CHAIN, N, 3, 1_000).unwrap();
        let (mut now_us, mut height) = (0, 0);
        member.expect_progress(0);
        while let Some((&[from, low, high], rest)) = bytes.split_first_chunk::<3>() {
            let (message, rest) = rest.split_at(rest.len().min(u16::from_le_bytes([low, high]).into()));
            bytes = rest;
            now_us += 1_000;
            let actions = match HotstuffMessage::from_bytes(message) {
                _ if u16::from(from) >= N => member.timer(now_us, member.view(), &Seal(3)),
                Ok(message) => member.handle(now_us, from.into(), message, &valid, &Seal(3)),
                Err(_) => continue,
            };
            for action in actions {
                if let Action::Commit { header, payload, certificate } = action {
                    height += 1;
                    assert!(header.height == height && valid(&header, &payload));
                    assert!(certificate.verify(CHAIN, 3, &Seal(3)), "a commit needs a quorum");
                }
            }
        }
        assert_eq!(member.height(), height);
    });
}

#[test]
fn certificates_and_evidence() {
    let vote = |block| SignedVote { phase: Phase::Commit, view: 1, height: 5, block, signature: [1; 64] };
    let denial = SignedTimeout { view: 4, high_height: 5, high_view: 0, signature: [1; 64] };
    let seeds = [
        certificate(Phase::Commit).to_bytes(),
        Evidence::TwoVotes { member: 2, a: vote([7; 32]), b: vote([8; 32]) }.to_bytes(),
        Evidence::LockDenied { member: 2, vote: vote([7; 32]), timeout: denial }.to_bytes(),
    ];
    fuzz("hotstuff-evidence", &seeds, |bytes| {
        if let Ok(found) = Certificate::from_bytes(bytes) {
            assert_eq!(found.to_bytes(), bytes);
            found.verify(CHAIN, 3, &Seal(0));
        }
        if let Ok(found) = Evidence::from_bytes(bytes) {
            assert_eq!(found.to_bytes(), bytes);
            assert!(!found.verify(CHAIN, &Seal(0)), "signatures cannot be found by chance");
        }
    });
}
