"""Systematic Reed-Solomon erasure coding: any k of n shards rebuild, and a wrong shard is named by its Merkle proof.

>>> from globelet.algorithms.erasure import Codec, Commitment, Decoder, Encoder
>>> codec = Codec(4, 7)
>>> shards = codec.encode(b"1250 from tokyo to paris")
>>> codec.decode({1: shards[1], 4: shards[4], 5: shards[5], 6: shards[6]})
b'1250 from tokyo to paris'

Shards are committed to by a root. Then a wrong one is not decoded, but named:

>>> made = Commitment(shards)
>>> given = [(made.prove(i), shards[i]) for i in (0, 2, 3, 6)] + [(made.prove(5), b"something")]
>>> codec.decode_proven(made.root, given)
(b'1250 from tokyo to paris', [5])

Large payloads go in stripes, and come in parts of any size:

>>> encoder = Encoder(4, 7, stripe=16)
>>> stripes = encoder.push(b"1250 from tokyo") + encoder.push(b" to paris")
>>> last, manifest = encoder.finish()
>>> stripes += last
>>> decoder = Decoder(manifest)
>>> b"".join(decoder.open(s, list(enumerate(pieces))[3:])[0] for s, pieces in enumerate(stripes))
b'1250 from tokyo to paris'

What is refused says why, with a code:

>>> codec.decode({0: shards[0]})
Traceback (most recent call last):
globelet.algorithms.erasure.ErasureError: 1 distinct shards given, 4 needed: fetch 3 more
"""

from __future__ import annotations

from globelet._native.erasure import (
    MAX_STRIPE,
    Codec,
    Commitment,
    Decoder,
    Encoder,
    ErasureError,
    Manifest,
    verify,
    verify_many,
)
from globelet.algorithms.about import About

__all__ = [
    "ABOUT",
    "MAX_STRIPE",
    "Codec",
    "Commitment",
    "Decoder",
    "Encoder",
    "ErasureError",
    "Manifest",
    "verify",
    "verify_many",
]

ABOUT = About(
    name="erasure",
    does="systematic Reed-Solomon: any k of n shards rebuild, wrong ones are named by proof; whole or in stripes",
    follows="Cauchy matrices over GF(2^8): Blömer et al. 1995; RFC 9162 section 2.1 for the commitment",
    stands_on="own up to 255 shards; reed-solomon-simd above; the crate merkle",
    vectors="none published for this matrix: shards worked out from the definition, every pattern of losses at small n",
    peers=("reed-solomon-simd", "reed-solomon-erasure"),
    slower="1 KB rebuilt at (4, 7) costs about a tenth more than in reed-solomon-erasure, which caches the inverted "
    "matrix behind a lock: 0.03 µs that a codec without state pays. "
    "Parity of 32 at 1 MB costs an eighth more than in reed-solomon-simd, whose transform is less work than a matrix.",
)
