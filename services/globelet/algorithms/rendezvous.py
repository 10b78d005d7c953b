"""Weighted rendezvous hashing: who keeps what, found by everybody alike without asking anybody.

A site is (id, weight, city, building). Each key has its own order of the sites, drawn by keyed BLAKE3; a site comes
first for a share of the keys that is its share of the weights.

>>> from globelet.algorithms.rendezvous import Sites, settle
>>> sites = Sites([(number, 1 + number % 3, number % 4, number // 8) for number in range(32)])
>>> sites.top(b"batch 1", 3) == sites.rank(b"batch 1")[:3]
True

No two in one building, and spread over the cities:

>>> placed = sites.place(b"batch 1", 8)
>>> city = {number: where for number, _, where, _ in sites.sites}
>>> sorted(city[number] for number in placed)
[0, 0, 1, 1, 2, 2, 3, 3]

When a site leaves, its own shard moves and no other:

>>> fewer = Sites([site for site in sites.sites if site[0] != placed[2]])
>>> after = settle(placed, fewer.place(b"batch 1", 8))
>>> [shard for shard in range(8) if after[shard] != placed[shard]]
[2]

Rules that can't be kept are refused:

>>> sites.place(b"batch 1", 20)
Traceback (most recent call last):
globelet.algorithms.rendezvous.RendezvousError: 20 were to be placed and the rules have room for 16: ...
"""

from __future__ import annotations

from globelet._native.rendezvous import RendezvousError, Sites, settle
from globelet.algorithms.about import About

__all__ = ["ABOUT", "RendezvousError", "Sites", "settle"]

ABOUT = About(
    name="rendezvous",
    does="weighted rendezvous hashing with rules of placement, in integers (RVH)",
    follows="Thaler and Ravishankar 1998; Schindelhauer and Schomaker 2005 for weights; Edmonds 1971 for the rules",
    stands_on="own, on blake3 and wide",
    vectors="laws: minimal disruption, binomial balance, rules kept whenever they can be; fixed results of 2,000 keys",
    peers=("hrw-hash",),
    slower="hrw-hash hashes a site once for all keys and mixes two hashes by a multiplication, in floating point: who "
    "chooses ids or keys can steer that; here each pair of key and site is a BLAKE3 hash, eight at a "
    "time, and what they draw is ordered exactly",
)
