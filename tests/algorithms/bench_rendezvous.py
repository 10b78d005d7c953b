"""Choices called from Python, beside the same in plain Python over the fastest keyed hash that it carries."""

from __future__ import annotations

import hashlib
import math
from heapq import nsmallest
from typing import Any

import pytest

from globelet.algorithms.rendezvous import Sites

SITES = [(number, 100 + number % 900, number % 20, number // 40) for number in range(100)]
KEY = b"a key of some bytes"
GROUP = "rendezvous: first 7 of 100 sites"
RULES = "rendezvous: 7 of 100 sites, one in a building, spread over cities"


def distance(key: bytes, site: tuple[int, int, int, int]) -> float:
    """In floating point over BLAKE2b: BLAKE3 and integers would take a hundred times as long here."""
    drawn = hashlib.blake2b(site[0].to_bytes(8, "little"), key=key, digest_size=8).digest()
    return -math.log((int.from_bytes(drawn, "little") + 1) / 2**64) / site[1]


def plain_top(key: bytes, count: int) -> list[int]:
    return [site[0] for site in nsmallest(count, SITES, key=lambda site: distance(key, site))]


def plain_place(key: bytes, count: int) -> list[int]:
    """With one in a building and one in a city, which is the evenest for seven of twenty cities."""
    taken: set[int] = set()
    placed = []
    for site in sorted(SITES, key=lambda site: distance(key, site)):
        if site[2] not in taken:
            taken.add(site[2])
            placed.append(site[0])
            if len(placed) == count:
                break
    return placed


@pytest.mark.benchmark(group=GROUP)
@pytest.mark.parametrize("who", ["called from Python", "plain Python, BLAKE2b"])
def test_top(benchmark: Any, who: str) -> None:
    benchmark.extra_info["who"] = who
    call = Sites(SITES).top if who.startswith("called") else plain_top
    assert len(benchmark(call, KEY, 7)) == 7


@pytest.mark.benchmark(group=RULES)
@pytest.mark.parametrize("who", ["called from Python", "plain Python, BLAKE2b"])
def test_place(benchmark: Any, who: str) -> None:
    benchmark.extra_info["who"] = who
    call = Sites(SITES).place if who.startswith("called") else plain_place
    assert len(benchmark(call, KEY, 7)) == 7
