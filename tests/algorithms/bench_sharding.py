"""Transfers across a lane, called from Python, and the same bookkeeping in plain Python."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from globelet.algorithms.sharding import Books

GROUP = "sharding: 1,000 transfers sent, credited and settled"
NAMES = [hashlib.sha256(n.to_bytes(2, "big")).digest() for n in range(200)]
ORDERS = [
    (hashlib.sha256(b"order" + n.to_bytes(2, "big")).digest(), NAMES[n % 100], NAMES[100 + n % 97], 1, 1, 1 + n // 100)
    for n in range(1_000)
]


def native() -> int:
    here, there = Books(0, [(a, 1_000) for a in NAMES[:100]]), Books(1, [(a, 1_000) for a in NAMES[100:]])
    for order in ORDERS:
        here.transfer(*order)
    [sent] = here.close()
    there.receive(sent[2])
    [back] = there.close()
    return len(here.receive(back[2]))


def plain() -> int:
    """Balances, nonces, a parcel as a list, a seen-set and a settlement, without encoding any of it."""
    here, there = dict.fromkeys(NAMES[:100], 1_000), dict.fromkeys(NAMES[100:], 1_000)
    nonces: dict[bytes, set[int]] = {}
    parcel = []
    for order, payer, payee, _, amount, nonce in ORDERS:
        used = nonces.setdefault(payer, set())
        if nonce in used or here[payer] < amount:
            raise ValueError
        used.add(nonce)
        here[payer] -= amount
        parcel.append((order, payer, payee, amount))
    seen, refused, settled = {1}, set(), 0
    for order, _, payee, amount in parcel:
        if payee in there:
            there[payee] += amount
        else:
            refused.add(order)
    for order, payer, _, amount in parcel:
        settled += 1
        if order in refused:
            here[payer] += amount
    return settled if seen else 0


@pytest.mark.benchmark(group=GROUP)
def test_native(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    assert benchmark(native) == 1_000


@pytest.mark.benchmark(group=GROUP)
def test_plain(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "plain Python"
    assert benchmark(plain) == 1_000
