//! Changes to inputs, of the kinds that break decoders: bits, lengths, cuts, repeats, splices.

use crate::rng::Rng;

/// Numbers that stand at the edges of lengths and counts.
const EDGES: [u64; 12] =
    [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, u64::MAX];

/// A changed copy of one of `corpus`, which is not empty, at most `longest` bytes unless its origin is longer.
pub(crate) fn mutate(rng: &mut Rng, corpus: &[Vec<u8>], longest: usize) -> Vec<u8> {
    let mut input = corpus[rng.below(corpus.len())].clone();
    let most = longest.max(input.len());
    for _ in 0..=rng.below(4) {
        change(rng, &mut input, corpus);
        input.truncate(most);
    }
    input
}

fn change(rng: &mut Rng, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    if input.is_empty() {
        return input.extend((0..1 + rng.below(64)).map(|_| rng.byte()));
    }
    let place = rng.below(input.len());
    match rng.below(9) {
        0 => input[place] ^= 1 << rng.below(8),
        1 => input[place] = rng.byte(),
        2 => input[place] = input[place].wrapping_add([1, 0xff][rng.below(2)]),
        3 => write_number(rng, input, place),
        4 => input.truncate(place),
        5 => {
            let end = (place + 1 + rng.below(40)).min(input.len());
            input.drain(place..end);
        }
        6 => {
            let added: Vec<u8> = (0..1 + rng.below(40)).map(|_| rng.byte()).collect();
            input.splice(place..place, added);
        }
        7 => {
            let end = (place + 1 + rng.below(40)).min(input.len());
            let repeated = input[place..end].to_vec();
            input.splice(end..end, repeated);
        }
        _ => {
            let other = &corpus[rng.below(corpus.len())];
            let from = rng.below(other.len() + 1);
            input.truncate(place);
            input.extend_from_slice(&other[from..]);
        }
    }
}

/// Overwrites 1, 2, 4 or 8 bytes by a number at an edge, in either byte order.
fn write_number(rng: &mut Rng, input: &mut [u8], place: usize) {
    let width = 1 << rng.below(4);
    let number = EDGES[rng.below(EDGES.len())];
    let mut bytes = number.to_le_bytes()[..width].to_vec();
    if rng.below(2) == 0 {
        bytes.reverse();
    }
    for (slot, byte) in input[place..].iter_mut().zip(bytes) {
        *slot = byte;
    }
}
