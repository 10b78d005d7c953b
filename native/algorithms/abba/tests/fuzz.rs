//! Messages: any bytes are taken without harm, only the bytes that they would write, and a member bears whatever decodes.
#![allow(clippy::unwrap_used)]

use globelet_abba::{Abba, AbbaMessage, Subset};
use globelet_fuzz::fuzz;
use globelet_threshold::deal;

fn seeds() -> Vec<Vec<u8>> {
    let (_, keys) = deal(4, 2, &[7; 32]).unwrap();
    let messages = [
        AbbaMessage::Bval { round: 0, value: true, input: true },
        AbbaMessage::Aux { round: 1, value: false },
        AbbaMessage::Conf { round: 2, values: 3 },
        AbbaMessage::Coin { round: 2, share: keys[1].coin_share(&2u32.to_le_bytes()) },
        AbbaMessage::Term { value: true },
    ];
    messages.iter().map(AbbaMessage::to_bytes).collect()
}

#[test]
fn one_message() {
    fuzz("abba-message", &seeds(), |bytes| {
        let Ok(message) = AbbaMessage::from_bytes(bytes) else { return };
        assert_eq!(message.to_bytes(), bytes);
        let mut member = Abba::among(4, 1, 0).unwrap();
        member.propose(true);
        member.handle(1, message.clone(), &mut |_, _| None);
        let after = member.clone();
        member.handle(1, message, &mut |_, _| None);
        assert_eq!(member, after, "what comes twice counts once");
    });
}

/// A conversation: sender, instance, length, message, and again. Two members that hear the same do the same.
#[test]
fn many_messages() {
    let conversation: Vec<u8> =
        seeds().iter().flat_map(|seed| [&[1, 0, seed.len() as u8][..], seed].concat()).collect();
    fuzz("abba-conversation", &[conversation], |mut bytes| {
        let mut members = [Subset::among(4, 1, 0).unwrap(), Subset::among(4, 1, 0).unwrap()];
        members.iter_mut().for_each(|member| drop(member.deliver(0).unwrap()));
        while let Some((&[from, proposer, length], rest)) = bytes.split_first_chunk::<3>() {
            let (message, rest) = rest.split_at(rest.len().min(length.into()));
            bytes = rest;
            if let Ok(message) = AbbaMessage::from_bytes(message) {
                let told = members.each_mut().map(|member| {
                    member.handle(from.into(), u16::from(proposer) % 4, message.clone(), &mut |_, round, _| {
                        Some(round % 2 == 0)
                    })
                });
                assert_eq!(told[0], told[1]);
            }
        }
    });
}
