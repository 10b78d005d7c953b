//! Sums of products of byte strings over GF(2^8): all the arithmetic of encoding and decoding.
//!
//! Every level gives the same bytes; which one runs depends on the processor alone.

mod scalar;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ops::Range;

use crate::field::mul;

/// Bytes of each string that are worked on before the next ones, so that all inputs' pieces stay in the cache.
const PIECE: usize = 4096;
/// Outputs worked on at once, so that an input that was loaded is used this often.
const AT_ONCE: usize = 4;

/// For each factor, its products with 0..16 and with 0, 16, 32, .. 240.
static NIBBLES: [[u8; 32]; 256] = nibbles();

const fn nibbles() -> [[u8; 32]; 256] {
    let mut tables = [[0; 32]; 256];
    let mut at = 0;
    while at < 256 * 32 {
        let (factor, entry) = ((at / 32) as u8, (at % 32) as u8);
        tables[at / 32][at % 32] = mul(factor, if entry < 16 { entry } else { entry << 4 });
        at += 1;
    }
    tables
}

/// What the processor can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// Table look-ups, one byte at a time.
    Scalar,
    /// 32 look-ups at a time (AVX2).
    #[cfg(target_arch = "x86_64")]
    Shuffle,
    /// 64 products at a time (AVX-512 with GFNI).
    #[cfg(target_arch = "x86_64")]
    Affine,
}

fn level() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("gfni")
        {
            return Level::Affine;
        }
        if is_x86_feature_detected!("avx2") {
            return Level::Shuffle;
        }
    }
    Level::Scalar
}

/// `outputs[o] = sum over i of factors[o * inputs.len() + i] * inputs[i]`. All strings must have the same length.
pub(crate) fn combine(outputs: &mut [&mut [u8]], inputs: &[&[u8]], factors: &[u8]) {
    combine_at(level(), outputs, inputs, factors);
}

fn combine_at(level: Level, outputs: &mut [&mut [u8]], inputs: &[&[u8]], factors: &[u8]) {
    let Some(length) = outputs.first().map(|output| output.len()) else { return };
    // The vector levels read and write by pointer: this is what makes them sound.
    assert!(outputs.iter().all(|output| output.len() == length) && inputs.iter().all(|input| input.len() == length));
    assert_eq!(factors.len(), outputs.len() * inputs.len());
    if inputs.is_empty() {
        return outputs.iter_mut().for_each(|output| output.fill(0));
    }
    for start in (0..length).step_by(PIECE) {
        let piece = start..length.min(start + PIECE);
        for (group, rows) in outputs.chunks_mut(AT_ONCE).zip(factors.chunks(AT_ONCE * inputs.len())) {
            match group {
                [_] => some_at::<1>(level, group, inputs, rows, piece.clone()),
                [_, _] => some_at::<2>(level, group, inputs, rows, piece.clone()),
                [_, _, _] => some_at::<3>(level, group, inputs, rows, piece.clone()),
                _ => some_at::<AT_ONCE>(level, group, inputs, rows, piece.clone()),
            }
        }
    }
}

/// `O` outputs over one piece of their length.
fn some_at<const O: usize>(
    level: Level,
    outputs: &mut [&mut [u8]],
    inputs: &[&[u8]],
    rows: &[u8],
    piece: Range<usize>,
) {
    match level {
        Level::Scalar => scalar::combine(outputs, inputs, rows, piece),
        // SAFETY: `level` is what the processor was found to have; `combine_at` has compared the lengths.
        #[cfg(target_arch = "x86_64")]
        Level::Shuffle => unsafe { x86::shuffle::<O>(outputs, inputs, rows, piece) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Affine => unsafe { x86::affine::<O>(outputs, inputs, rows, piece) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::tests::slow_mul;

    fn levels() -> Vec<Level> {
        let mut found = vec![Level::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            if level() != Level::Scalar {
                found.push(Level::Shuffle);
            }
            if level() == Level::Affine {
                found.push(Level::Affine);
            }
        }
        found
    }

    fn bytes(length: usize, salt: usize) -> Vec<u8> {
        (0..length).map(|at| (((at + salt) * 2_654_435_761) >> 13) as u8).collect()
    }

    #[test]
    fn every_level_agrees_with_the_definition() {
        for length in [0, 1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200, 256, 257, 400, PIECE - 1, PIECE + 77] {
            for (made, given) in [(1, 1), (2, 3), (3, 4), (4, 6), (5, 2), (9, 0), (7, 12)] {
                let inputs: Vec<Vec<u8>> = (0..given).map(|i| bytes(length, i * 97)).collect();
                let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
                let factors = bytes(made * given, length);
                let expected: Vec<Vec<u8>> = (0..made)
                    .map(|o| {
                        let mut sum = vec![0; length];
                        for (i, input) in inputs.iter().enumerate() {
                            for (s, x) in sum.iter_mut().zip(*input) {
                                *s ^= slow_mul(*x, factors[o * given + i]);
                            }
                        }
                        sum
                    })
                    .collect();
                for level in levels() {
                    let mut outputs = vec![bytes(length, 5); made];
                    let mut places: Vec<&mut [u8]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
                    combine_at(level, &mut places, &inputs, &factors);
                    assert_eq!(outputs, expected, "{level:?}: {made} of {given}, {length} bytes");
                }
            }
        }
    }

    #[test]
    fn every_product_is_right_at_every_level() {
        let all: Vec<u8> = (0..=255).collect();
        for level in levels() {
            for factor in 0..=255 {
                let mut output = vec![0; 256];
                combine_at(level, &mut [&mut output], &[&all], &[factor]);
                let expected: Vec<u8> = all.iter().map(|x| slow_mul(*x, factor)).collect();
                assert_eq!(output, expected, "{level:?}: times {factor}");
            }
        }
    }
}
