"""Bloom, cuckoo and binary fuse filters: small sets that answer "perhaps" or "certainly not".

>>> from globelet.algorithms.filters import Bloom, Cuckoo, Fuse, GrowingBloom
>>> seen = Cuckoo(items=1000, seed=7)
>>> seen.insert(b"tokyo")
>>> b"tokyo" in seen, b"paris" in seen
(True, False)
>>> seen.remove(b"tokyo"), len(seen), b"tokyo" in seen
(True, 0, False)

A Bloom filter is smaller where nothing is deleted, and two of the same shape can be merged:

>>> asia, europe = Bloom(items=1000, rate=0.01), Bloom(items=1000, rate=0.01)
>>> asia.insert_many([b"tokyo", b"osaka"])
>>> europe.insert_many([b"paris"])
>>> asia.merge(europe)
>>> asia.contains_many([b"tokyo", b"paris", b"lima"])
[True, True, False]

One that grows keeps its rate of false answers for any number of items; one that is sealed is the smallest:

>>> growing = GrowingBloom(first=100, rate=0.01)
>>> growing.insert_many([number.to_bytes(4) for number in range(10_000)])
>>> growing.rate < 0.01, growing.layers
(True, 7)
>>> sealed = Fuse([number.to_bytes(4) for number in range(10_000)])
>>> sealed.size * 8 / len(sealed) < 10.5, Fuse.from_bytes(sealed.to_bytes()) == sealed
(True, True)

What is refused says why, with a code:

>>> Bloom(items=1000, rate=0)
Traceback (most recent call last):
globelet.algorithms.filters.FilterError: the rate of false answers is between 0.000001 and 0.5: ...
"""

from __future__ import annotations

from globelet._native.filters import MOST_BYTES, Bloom, Cuckoo, FilterError, Fuse, GrowingBloom
from globelet.algorithms.about import About

__all__ = ["ABOUT", "MOST_BYTES", "Bloom", "Cuckoo", "FilterError", "Fuse", "GrowingBloom"]

ABOUT = About(
    name="filters",
    does="sets that answer perhaps or no: blocked Bloom (growing), cuckoo with delete (growing), binary fuse (sealed)",
    follows="Putze et al. 2007 and Almeida et al. 2007, Fan et al. 2014, Graf and Lemire 2022; SipHash-1-3",
    stands_on="own, on siphasher",
    vectors="none published: rates of false answers against theory, no item lost after any sequence of operations",
    peers=("fastbloom", "xorf", "scalable_cuckoo_filter", "HashSet"),
    slower="xorf takes hashes and trusts its caller that they are distinct and its bytes valid; the fuse filter here "
    "sorts them so that equal items count once (sealing 1.3 times as long), and checks its bounds (asking 1.1 times).",
)
