//! The content of a bundle: envelopes in canonical Borsh, bounded.
use super::proto;
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use globelet_types::codec::MAX_FRAME;
use globelet_types::world::Route;
use globelet_types::{DecodeError, NodeId};

/// Most envelopes of a bundle. A sender closes one at a mebibyte, in which no more of them have room; a frame full of
/// the smallest would become many times as much in memory.
pub const MOST_ENVELOPES: u32 = 1 << 16;

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The sending node.
    pub from: NodeId,
    /// The receiving nodes.
    pub to: Vec<NodeId>,
    /// The encoded message.
    pub message: Bytes,
}

impl Envelope {
    /// Bytes this takes in a bundle.
    pub fn size(&self) -> usize {
        2 + 4 + 2 * self.to.len() + 4 + self.message.len()
    }
}

/// The route of a bundle as it is written; `None` where its link has but one.
pub fn route(route: Option<Route>) -> i32 {
    let written = match route {
        None => proto::Route::Unspecified,
        Some(Route::Backbone) => proto::Route::Backbone,
        Some(Route::Internet) => proto::Route::Internet,
    };
    written as i32
}

/// Reads the route of a bundle.
///
/// # Errors
/// [`DecodeError::Malformed`] for a number that no route has.
pub fn read_route(written: i32) -> Result<Option<Route>, DecodeError> {
    let malformed = |_| DecodeError::Malformed { reason: format!("there is no route {written}") };
    Ok(match proto::Route::try_from(written).map_err(malformed)? {
        proto::Route::Unspecified => None,
        proto::Route::Backbone => Some(Route::Backbone),
        proto::Route::Internet => Some(Route::Internet),
    })
}

/// Encodes envelopes as Borsh's `Vec<(NodeId, Vec<NodeId>, Vec<u8>)>`.
pub fn encode(envelopes: &[Envelope]) -> Bytes {
    let mut out = Vec::with_capacity(4 + envelopes.iter().map(Envelope::size).sum::<usize>());
    out.extend((envelopes.len() as u32).to_le_bytes());
    for envelope in envelopes {
        (envelope.from, &envelope.to, &envelope.message[..])
            .serialize(&mut out)
            .expect("writing to memory cannot fail");
    }
    Bytes::from(out)
}

/// Decodes a bundle; messages share its memory.
///
/// # Errors
/// [`DecodeError`] for bundles above [`MAX_FRAME`] or [`MOST_ENVELOPES`], truncated ones, and ones with bytes left over.
pub fn decode(bundle: &Bytes) -> Result<Vec<Envelope>, DecodeError> {
    if bundle.len() > MAX_FRAME {
        return Err(DecodeError::TooLarge { found: bundle.len(), most: MAX_FRAME });
    }
    let malformed = |e: &dyn std::fmt::Display| DecodeError::Malformed { reason: e.to_string() };
    let mut rest = &bundle[..];
    let count = u32::deserialize(&mut rest).map_err(|e| malformed(&e))?;
    if count > MOST_ENVELOPES {
        return Err(malformed(&format!("{count} envelopes where at most {MOST_ENVELOPES} are accepted")));
    }
    let mut envelopes = Vec::new();
    for _ in 0..count {
        let (from, to) = <(NodeId, Vec<NodeId>)>::deserialize(&mut rest).map_err(|e| malformed(&e))?;
        let length = u32::deserialize(&mut rest).map_err(|e| malformed(&e))? as usize;
        if length > rest.len() {
            return Err(malformed(&"a message is longer than its bundle"));
        }
        let message = bundle.slice_ref(&rest[..length]);
        rest = &rest[length..];
        envelopes.push(Envelope { from, to, message });
    }
    if rest.is_empty() {
        Ok(envelopes)
    } else {
        Err(malformed(&"bytes are left after the last envelope"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Envelope> {
        vec![
            Envelope { from: NodeId(1), to: vec![NodeId(2), NodeId(3)], message: Bytes::from_static(b"abc") },
            Envelope { from: NodeId(4), to: vec![], message: Bytes::new() },
        ]
    }

    #[test]
    fn a_bundle_is_plain_borsh_and_comes_back() {
        let bundle = encode(&sample());
        assert_eq!(decode(&bundle), Ok(sample()));
        let plain: Vec<(NodeId, Vec<NodeId>, Vec<u8>)> =
            sample().into_iter().map(|e| (e.from, e.to, e.message.to_vec())).collect();
        assert_eq!(&bundle[..], &globelet_types::encode(&plain)[..]);
    }

    #[test]
    fn routes_come_back_and_there_are_no_others() {
        for (written, known) in (0..).zip([None, Some(Route::Backbone), Some(Route::Internet)]) {
            assert_eq!((route(known), read_route(written)), (written, Ok(known)));
        }
        assert!(read_route(3).is_err() && read_route(-1).is_err());
    }

    #[test]
    fn every_truncation_and_every_hostile_count_is_refused() {
        let bundle = encode(&sample());
        for end in 0..bundle.len() {
            assert!(decode(&bundle.slice(..end)).is_err(), "cut at {end}");
        }
        assert!(decode(&Bytes::from_static(&[0xff; 4])).is_err());
        let small = Envelope { from: NodeId(1), to: vec![], message: Bytes::new() };
        let most = MOST_ENVELOPES as usize;
        assert_eq!(decode(&encode(&vec![small.clone(); most])).unwrap().len(), most);
        assert!(decode(&encode(&vec![small; most + 1])).is_err());
        let mut longer = bundle.to_vec();
        longer.push(0);
        assert!(decode(&Bytes::from(longer)).is_err());
    }
}
