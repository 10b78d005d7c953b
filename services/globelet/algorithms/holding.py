"""Proof of holding: requests, acknowledgements, extensions, expiry, challenges for random pieces, records.

>>> from globelet.algorithms.holding import Challenge, Holder, Request, Shard, caught, ranges_needed
>>> shard = Shard(bytes(range(256)) * 40, piece=64)
>>> vertex, asker = b"v" * 32, b"a" * 32
>>> request = Request.sign(asker, vertex, shard=2, commitment=shard.commitment, ttl_us=1_000_000)
>>> holder = Holder(place=5, seed=b"h" * 32, room=1 << 20, shards=100, longest_us=10_000_000)
>>> proof = holder.hold(7_000, request, bytes(range(256)) * 40)
>>> proof.until_us
1007000
>>> proof.verify(holder.public, vertex, now_us=1_006_999, longest_us=10_000_000)
>>> proof.verify(holder.public, vertex, now_us=1_007_000, longest_us=10_000_000)
Traceback (most recent call last):
globelet.algorithms.holding.HoldingError: held until 1007000 us, which is not between 1007000 and 11007000; ask for a time within

How many pieces to ask for, to catch a holder that lost 5 of 160 with 99 %, and the answer of one that lost none:

>>> ranges_needed(160, lost=5, at_least=0.99)
96
>>> challenge = Challenge(vertex, 2, 5, seed=b"nobody could foresee this either", ranges=96, due_us=20_000)
>>> holder.answer(10_000, challenge).verify(shard.commitment, challenge, holder.public, now_us=12_000)
"""  # noqa: E501 (a message that can't be broken)

from __future__ import annotations

from globelet._native.holding import (
    Answer,
    Challenge,
    Commitment,
    Extension,
    Holder,
    HoldingError,
    HoldingProof,
    Records,
    Request,
    Shard,
    caught,
    ranges_needed,
)
from globelet.algorithms.about import About

__all__ = [
    "ABOUT",
    "Answer",
    "Challenge",
    "Commitment",
    "Extension",
    "Holder",
    "HoldingError",
    "HoldingProof",
    "Records",
    "Request",
    "Shard",
    "caught",
    "ranges_needed",
]

ABOUT = About(
    name="holding",
    does="shards held until a time, challenged for random pieces, records for elections (PoH)",
    follows="Juels and Kaliski 2007; Ateniese and others 2007, section 5.1",
    stands_on="own, on globelet's merkle and signatures",
    vectors="laws: losses are caught as often as stated, no proof outlives its time to live",
)
