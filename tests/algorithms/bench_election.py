"""Elections called from Python, and the same draw in plain Python."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from globelet.algorithms.election import Candidate, elect

SEATS, SHARE = 50, 100_000
FIELD = [(hashlib.sha256(bytes([n % 256, n // 256])).digest(), n % 47, 1_000 + n * 37 % 9_000) for n in range(1_000)]


def plain(seed: bytes, field: list[tuple[bytes, int, int]]) -> list[bytes]:
    """Systematic sampling over an order drawn from the seed, with the caps of `elect`, in floating point."""
    parts: dict[bytes, float] = {}

    def fill(items: list[tuple[bytes, int, int]], total: float) -> None:
        while items:
            rate = total / sum(stake for _, _, stake in items)
            full = [item for item in items if item[2] * rate >= 1]
            if not full:
                parts.update((key, stake * rate) for key, _, stake in items)
                return
            parts.update((key, 1.0) for key, _, _ in full)
            total -= len(full)
            items = [item for item in items if item not in full]

    limit, left, free = SEATS * SHARE // 1_000_000, float(SEATS), list(field)
    while free:
        fill(free, left)
        sums: dict[int, float] = {}
        for key, place, _ in free:
            sums[place] = sums.get(place, 0.0) + parts[key]
        over = {place for place, total in sums.items() if total > limit}
        if not over:
            break
        for place in over:
            fill([item for item in free if item[1] == place], float(limit))
            left -= limit
        free = [item for item in free if item[1] not in over]
    line = sorted(
        field, key=lambda i: (hashlib.sha256(seed + bytes([i[1]])).digest(), hashlib.sha256(seed + i[0]).digest())
    )
    point, end, elected = int.from_bytes(hashlib.sha256(seed).digest()[:5], "big") / 2**40, 0.0, []
    for key, _, _ in line:
        end += parts[key]
        if point < end:
            elected.append(key)
            point += 1
    return elected


@pytest.mark.benchmark(group="election: 50 seats of 1,000 candidates")
def test_native(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    field = [Candidate(*entry) for entry in FIELD]
    assert len(benchmark(elect, bytes(32), field, SEATS, SHARE)) == SEATS


@pytest.mark.benchmark(group="election: 50 seats of 1,000 candidates")
def test_plain(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "plain Python"
    assert abs(len(benchmark(plain, bytes(32), FIELD)) - SEATS) <= 1
