"""Delegated proof of stake: votes, elections with a cap for each place, evidence and handovers.

Candidates are elected in proportion to stake, holding record and bonus of their place, and no place gets more than its
share of the seats:

>>> from globelet.algorithms.election import Candidate, Committee, Handover, chances, elect, follow, public_key
>>> seeds = [bytes([n]) * 32 for n in range(8)]
>>> field = [Candidate(public_key(s), place=n % 4, stake=100 * (n + 1)) for n, s in enumerate(seeds)]
>>> sorted(round(chance, 3) for _, chance in chances(field, seats=4, place_share_ppm=250_000))
[0.167, 0.25, 0.3, 0.333, 0.667, 0.7, 0.75, 0.833]
>>> elected = elect(b"what nobody could foresee.......", field, seats=4, place_share_ppm=250_000)
>>> sorted(next(c.place for c in field if c.key == key) for key in elected)
[0, 1, 2, 3]

The old committee signs the new one, so that anybody can follow from the genesis:

>>> old = Committee(chain=3, epoch=0, members=[(public_key(s), 0, bytes(32)) for s in seeds[:4]])
>>> new = Committee(chain=3, epoch=1, members=[(key, 0, bytes(32)) for key in elected])
>>> handover = Handover(old, new)
>>> for seed in seeds[:2]:
...     handover.sign(old, seed)
>>> follow(old, [handover])
Traceback (most recent call last):
globelet.algorithms.election.ElectionError: handover to epoch 1: 2 signatures, 3 make a quorum; ask for the chain of handovers again
>>> handover.sign(old, seeds[2])
>>> follow(old, [handover]) == new
True
"""  # noqa: E501 (a message that can't be broken)

from __future__ import annotations

from globelet._native.election import (
    Candidate,
    Committee,
    ElectionError,
    Evidence,
    Handover,
    Removals,
    Vote,
    Votes,
    chances,
    elect,
    follow,
    handover_bytes,
    public_key,
    vote_bytes,
)
from globelet.algorithms.about import About

__all__ = [
    "ABOUT",
    "Candidate",
    "Committee",
    "ElectionError",
    "Evidence",
    "Handover",
    "Removals",
    "Vote",
    "Votes",
    "chances",
    "elect",
    "follow",
    "handover_bytes",
    "public_key",
    "vote_bytes",
]

ABOUT = About(
    name="election",
    does="votes, weighted elections with caps, evidence, handovers (DPoS)",
    follows="Larimer 2014; Madow 1949 for the draw",
    stands_on="own, on blake3 and ed25519-dalek",
    vectors="laws: the same set on every node, no place above its share, fairness over 10,000 epochs",
)
