"""Filters called from Python, beside Python's own set and a Bloom filter in plain Python."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from globelet.algorithms.filters import Bloom, Cuckoo, Fuse

HELD = [hashlib.sha256(number.to_bytes(4)).digest()[:16] for number in range(1_000_000)]
STRANGERS = [hashlib.sha256(number.to_bytes(5)).digest()[:16] for number in range(500)]
# Half of them held, half strangers, as in the benchmark of the crate.
ASKED = [item for pair in zip(HELD[::2000], STRANGERS, strict=True) for item in pair]


class PlainBloom:
    """The same blocked filter over a bytearray; BLAKE2b, as Python has no keyed SipHash to call."""

    def __init__(self, items: int) -> None:
        self.blocks = items * 105 // 5120 + 1
        self.words = bytearray(self.blocks * 64)

    def _places(self, item: bytes) -> list[tuple[int, int]]:
        number = int.from_bytes(hashlib.blake2b(item, digest_size=16, key=b"seed").digest(), "little")
        block, bits = (number >> 64) * self.blocks >> 64, number & (1 << 48) - 1
        return [
            (block * 64 + word * 8 + (bits >> 6 * word & 63) // 8, 1 << (bits >> 6 * word & 7)) for word in range(8)
        ]

    def insert(self, item: bytes) -> None:
        for at, bit in self._places(item):
            self.words[at] |= bit

    def contains(self, item: bytes) -> bool:
        return all(self.words[at] & bit for at, bit in self._places(item))


def _bloom() -> Any:
    made = Bloom(len(HELD), 0.01)
    made.insert_many(HELD)
    return made.contains_many


def _cuckoo() -> Any:
    made = Cuckoo(len(HELD))
    made.insert_many(HELD)
    return made.contains_many


def _one_by_one() -> Any:
    made = Bloom(len(HELD), 0.01)
    made.insert_many(HELD)
    return lambda items: [item in made for item in items]


def _plain() -> Any:
    made = PlainBloom(len(HELD))
    for item in HELD:
        made.insert(item)
    return lambda items: [made.contains(item) for item in items]


def _set() -> Any:
    made = set(HELD)
    return lambda items: [item in made for item in items]


ASKERS = [
    ("Bloom", "called from Python", _bloom),
    ("Bloom", "called from Python one by one", _one_by_one),
    ("Bloom", "plain Python", _plain),
    ("Bloom", "Python's set", _set),
    ("cuckoo", "called from Python", _cuckoo),
    ("cuckoo", "Python's set", _set),
    ("fuse", "called from Python", lambda: Fuse(HELD).contains_many),
    ("fuse", "Python's set", _set),
]


@pytest.mark.parametrize(("kind", "who", "make"), ASKERS)
def test_ask(benchmark: Any, kind: str, who: str, make: Any) -> None:
    benchmark.group = f"filters: ask a {kind} filter 1,000 times"
    benchmark.extra_info["who"] = who
    contains = make()
    assert sum(benchmark(contains, ASKED)) >= 500


def plain_insert(items: list[bytes]) -> None:
    made = PlainBloom(1000)
    for item in items:
        made.insert(item)


@pytest.mark.parametrize(
    ("kind", "who", "call"),
    [
        ("Bloom", "called from Python", lambda items: Bloom(1000).insert_many(items)),
        ("Bloom", "plain Python", plain_insert),
        ("Bloom", "Python's set", lambda items: set(items)),
        ("cuckoo", "called from Python", lambda items: Cuckoo(1000).insert_many(items)),
        ("cuckoo", "Python's set", lambda items: set(items)),
    ],
)
def test_insert(benchmark: Any, kind: str, who: str, call: Any) -> None:
    benchmark.group = f"filters: add 1,000 to a {kind} filter"
    benchmark.extra_info["who"] = who
    benchmark(call, HELD[:1000])


@pytest.mark.parametrize(("who", "call"), [("called from Python", Fuse), ("Python's set", set)])
def test_seal(benchmark: Any, who: str, call: Any) -> None:
    benchmark.group = "filters: seal 100,000 items"
    benchmark.extra_info["who"] = who
    assert len(benchmark(call, HELD[:100_000])) == 100_000
