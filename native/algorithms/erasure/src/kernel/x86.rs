//! The vector instructions of x86-64 processors.

use std::arch::x86_64::*;
use std::ops::Range;

use super::NIBBLES;
use crate::field::mul;

/// Vectors of each string that are worked on at once: with four outputs their sums take half of the registers.
const TOGETHER: usize = 4;

/// For each factor, the matrix over GF(2) that multiplies by it, as GF2P8AFFINEQB takes it: the row that gives bit `b`
/// of a product stands in byte `7 - b`. (GF2P8MULB has another polynomial than ours.)
static MATRICES: [i64; 256] = matrices();

const fn matrices() -> [i64; 256] {
    let mut found = [0; 256];
    let mut at = 0;
    while at < 256 * 64 {
        let (factor, to, from) = (at / 64, at / 8 % 8, at % 8);
        let bit = (mul(factor as u8, 1 << from) >> to) as i64 & 1;
        found[factor] |= bit << (8 * (7 - to) + from);
        at += 1;
    }
    found
}

/// 64 products at a time.
///
/// # Safety
/// The processor has AVX-512 F and BW and GFNI; there are `O` outputs and `O` rows of one factor for each input; all
/// strings reach to the end of `piece`.
#[target_feature(enable = "avx512f,avx512bw,gfni")]
pub(super) unsafe fn affine<const O: usize>(
    outputs: &mut [&mut [u8]],
    inputs: &[&[u8]],
    rows: &[u8],
    piece: Range<usize>,
) {
    let count = inputs.len();
    let mut at = piece.start;
    // Several vectors at once hide the time that a sum waits for its product, and share the load of a matrix.
    while at + 64 * TOGETHER <= piece.end {
        let mut sums = [[_mm512_setzero_si512(); TOGETHER]; O];
        for (i, input) in inputs.iter().enumerate() {
            // SAFETY: `at + 64 * TOGETHER` is within every string.
            let vectors = unsafe { load(input.as_ptr().add(at)) };
            for (o, sums) in sums.iter_mut().enumerate() {
                let matrix = _mm512_set1_epi64(MATRICES[usize::from(rows[o * count + i])]);
                for (sum, x) in sums.iter_mut().zip(vectors) {
                    *sum = _mm512_xor_si512(*sum, _mm512_gf2p8affine_epi64_epi8::<0>(x, matrix));
                }
            }
        }
        for (output, sums) in outputs.iter_mut().zip(sums) {
            for (v, sum) in sums.into_iter().enumerate() {
                // SAFETY: as above.
                unsafe { _mm512_storeu_si512(output.as_mut_ptr().add(at + 64 * v).cast(), sum) };
            }
        }
        at += 64 * TOGETHER;
    }
    while at < piece.end {
        let there = u64::MAX >> (64 - (piece.end - at).min(64));
        let mut sums = [_mm512_setzero_si512(); O];
        for (i, input) in inputs.iter().enumerate() {
            // SAFETY: only the bytes that the mask names are touched, all before the end of `piece`.
            let x = unsafe { _mm512_maskz_loadu_epi8(there, input.as_ptr().add(at).cast()) };
            for (o, sum) in sums.iter_mut().enumerate() {
                let matrix = _mm512_set1_epi64(MATRICES[usize::from(rows[o * count + i])]);
                *sum = _mm512_xor_si512(*sum, _mm512_gf2p8affine_epi64_epi8::<0>(x, matrix));
            }
        }
        for (output, sum) in outputs.iter_mut().zip(sums) {
            // SAFETY: as above.
            unsafe { _mm512_mask_storeu_epi8(output.as_mut_ptr().add(at).cast(), there, sum) };
        }
        at += 64;
    }
}

/// # Safety
/// `64 * TOGETHER` bytes can be read at `from`.
#[target_feature(enable = "avx512f")]
unsafe fn load(from: *const u8) -> [__m512i; TOGETHER] {
    let mut vectors = [_mm512_setzero_si512(); TOGETHER];
    for (v, vector) in vectors.iter_mut().enumerate() {
        // SAFETY: as the caller promises.
        *vector = unsafe { _mm512_loadu_si512(from.add(64 * v).cast()) };
    }
    vectors
}

/// 32 products at a time: each of a byte's halves looks its product up in 16 bytes of a register (Plank, Greenan, Miller,
/// "Screaming Fast Galois Field Arithmetic Using Intel SIMD Instructions", 2013).
///
/// # Safety
/// As for [`affine`], with AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn shuffle<const O: usize>(
    outputs: &mut [&mut [u8]],
    inputs: &[&[u8]],
    rows: &[u8],
    piece: Range<usize>,
) {
    let (count, low) = (inputs.len(), _mm256_set1_epi8(15));
    let mut at = piece.start;
    while at + 32 <= piece.end {
        let mut sums = [_mm256_setzero_si256(); O];
        for (i, input) in inputs.iter().enumerate() {
            // SAFETY: `at + 32` is within every string.
            let x = unsafe { _mm256_loadu_si256(input.as_ptr().add(at).cast()) };
            let (x, y) = (_mm256_and_si256(x, low), _mm256_and_si256(_mm256_srli_epi64::<4>(x), low));
            for (o, sum) in sums.iter_mut().enumerate() {
                let table = NIBBLES[usize::from(rows[o * count + i])].as_ptr();
                // SAFETY: a table has 32 bytes.
                let (lower, upper) = unsafe { (_mm_loadu_si128(table.cast()), _mm_loadu_si128(table.add(16).cast())) };
                let product = _mm256_xor_si256(
                    _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(lower), x),
                    _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(upper), y),
                );
                *sum = _mm256_xor_si256(*sum, product);
            }
        }
        for (output, sum) in outputs.iter_mut().zip(sums) {
            // SAFETY: as above.
            unsafe { _mm256_storeu_si256(output.as_mut_ptr().add(at).cast(), sum) };
        }
        at += 32;
    }
    super::scalar::combine(outputs, inputs, rows, at..piece.end);
}
