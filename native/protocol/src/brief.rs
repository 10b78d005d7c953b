//! A receipt without the interval signatures that it shares with others. They are three quarters of its bytes and the
//! same in all receipts of an interval: outbox, bus and stores keep each once, and the receipt names it.
use crate::interval::IntervalSignature;
use crate::Receipt;
use borsh::{BorshDeserialize, BorshSerialize};
use globelet_types::{decode, encode, Hash};
use std::collections::VecDeque;
use std::sync::Arc;
use thiserror::Error;

/// Most signatures that a brief receipt names.
pub const CUTS_MOST: usize = 1024;
/// Most bytes of one of them.
pub const LENGTH_MOST: usize = 16 * 1024;
/// Interval signatures whose names are remembered.
const NAMES_MOST: usize = 64;
/// An interval signature without signature, all of it zero.
const BLANK: [u8; 50] = [0; 50];

/// An interval signature that was taken out of a receipt's encoding.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Cut {
    /// Where it begins in the whole encoding.
    pub at: u32,
    /// Its bytes.
    pub length: u32,
    /// Its [`name`].
    pub name: Hash,
}

/// A receipt's encoding without the interval signatures.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Brief {
    /// What is left.
    pub encoded: Vec<u8>,
    /// What is not, ascending.
    pub cuts: Vec<Cut>,
}

/// Why a brief receipt could not be made whole.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BriefError {
    /// An interval signature is not the one that was taken out.
    #[error("interval signature {} is missing; wait until it has come too", hex::encode(.0))]
    Missing(Hash),
    /// It is none.
    #[error("this is no brief receipt: {0}; fetch the receipt again")]
    Malformed(String),
}

/// The name of an interval signature's encoding: BLAKE3.
pub fn name(encoded: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"globelet shared interval 1").update(encoded);
    *hasher.finalize().as_bytes()
}

/// The names of the interval signatures met last: receipts share them in memory too, and each is hashed once.
#[derive(Debug, Default)]
pub struct Names(VecDeque<(Arc<IntervalSignature>, Hash)>);

impl Names {
    fn of(&mut self, interval: &Arc<IntervalSignature>, encoded: &[u8]) -> Hash {
        if let Some((_, known)) = self.0.iter().rev().find(|(kept, _)| Arc::ptr_eq(kept, interval)) {
            return *known;
        }
        let found = name(encoded);
        self.0.push_back((interval.clone(), found));
        if self.0.len() > NAMES_MOST {
            self.0.pop_front();
        }
        found
    }
}

impl Brief {
    /// Takes the interval signatures out of a receipt; returns their encodings too, one for each cut.
    pub fn of(receipt: &Receipt, names: &mut Names) -> (Brief, Vec<Vec<u8>>) {
        let votes = receipt.post_quantum.iter().flat_map(|p| &p.votes);
        let whole = encode(receipt);
        let places = places(receipt, whole.len());
        let mut brief = Brief { encoded: Vec::with_capacity(whole.len()), cuts: Vec::with_capacity(places.len()) };
        let (mut parts, mut from) = (Vec::with_capacity(places.len()), 0);
        for ((at, length), (interval, _)) in places.into_iter().zip(votes) {
            let part = &whole[at..at + length];
            brief.encoded.extend_from_slice(&whole[from..at]);
            brief.cuts.push(Cut { at: at as u32, length: length as u32, name: names.of(interval, part) });
            parts.push(part.to_vec());
            from = at + length;
        }
        brief.encoded.extend_from_slice(&whole[from..]);
        (brief, parts)
    }

    /// The receipt, given the encodings of its interval signatures, one for each cut.
    ///
    /// # Errors
    /// [`BriefError`], also where a part has another name.
    pub fn whole(&self, parts: &[Vec<u8>]) -> Result<Receipt, BriefError> {
        for (number, cut) in self.cuts.iter().enumerate() {
            let fits = parts.get(number).is_some_and(|p| p.len() == cut.length as usize && name(p) == cut.name);
            fits.then_some(()).ok_or(BriefError::Missing(cut.name))?;
        }
        self.filled(|number| &parts[number])
    }

    /// The receipt with blank interval signatures: all that it says is there, and it proves nothing.
    ///
    /// # Errors
    /// [`BriefError::Malformed`].
    pub fn outline(&self) -> Result<Receipt, BriefError> {
        self.filled(|_| &BLANK)
    }

    fn filled<'a>(&self, part: impl Fn(usize) -> &'a [u8]) -> Result<Receipt, BriefError> {
        let malformed = |why: &str| BriefError::Malformed(why.to_owned());
        if self.cuts.len() > CUTS_MOST {
            return Err(malformed("it names too many interval signatures"));
        }
        let (mut whole, mut from, mut out) = (Vec::new(), 0, 0);
        for (number, cut) in self.cuts.iter().enumerate() {
            let (at, length) = (cut.at as usize, cut.length as usize);
            let upto = at.checked_sub(out).filter(|upto| *upto >= from && *upto <= self.encoded.len());
            let upto = upto.filter(|_| length <= LENGTH_MOST).ok_or_else(|| malformed("a cut lies outside of it"))?;
            whole.extend_from_slice(&self.encoded[from..upto]);
            whole.extend_from_slice(part(number));
            (from, out) = (upto, out + length);
        }
        whole.extend_from_slice(&self.encoded[from..]);
        decode(&whole).map_err(|e| BriefError::Malformed(e.to_string()))
    }
}

/// Where each interval signature lies in the encoding of so many bytes, and how long it is. Counted from the end, since
/// little comes after them.
fn places(receipt: &Receipt, bytes: usize) -> Vec<(usize, usize)> {
    let Some(found) = &receipt.post_quantum else { return Vec::new() };
    let handovers = if receipt.handovers.is_empty() { 0 } else { length(&receipt.handovers) };
    let mut end = bytes - length(&(&receipt.checkpoint, receipt.issuer, receipt.signature)) - handovers;
    let mut places = Vec::with_capacity(found.votes.len());
    for (interval, path) in found.votes.iter().rev() {
        let size = length(interval.as_ref());
        end -= length(path) + size;
        places.push((end, size));
    }
    places.reverse();
    places
}

fn length<T: BorshSerialize + ?Sized>(value: &T) -> usize {
    borsh::object_length(value).expect("counting cannot fail")
}
