"""Rendezvous: the definition stated once more in plain Python, laws of placement, refusals, the shell."""

from __future__ import annotations

import json
from collections import Counter
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain.threads import turns_while
from typer.testing import CliRunner

from globelet.algorithms import AlgorithmError, rendezvous
from globelet.algorithms.rendezvous import RendezvousError, Sites, settle
from globelet.cli import BAD_INPUT, build

pytestmark = pytest.mark.algorithms

Site = tuple[int, int, int, int]

# BLAKE3 of a single chunk, after sections 2.1 to 2.4 of its paper.
_START = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
_PERMUTED = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
_MIXED = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
          (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))  # fmt: skip


def _turned(word: int, by: int) -> int:
    return (word >> by | word << (32 - by)) & 0xFFFFFFFF


def _compressed(chain: tuple[int, ...], block: bytes, flags: int) -> tuple[int, ...]:
    words = [int.from_bytes(block.ljust(64, b"\0")[at : at + 4], "little") for at in range(0, 64, 4)]
    v = [*chain, *_START[:4], 0, 0, len(block), flags]
    for _ in range(7):
        for number, (a, b, c, d) in enumerate(_MIXED):
            for word, first, second in ((words[2 * number], 16, 12), (words[2 * number + 1], 8, 7)):
                v[a] = (v[a] + v[b] + word) & 0xFFFFFFFF
                v[d] = _turned(v[d] ^ v[a], first)
                v[c] = (v[c] + v[d]) & 0xFFFFFFFF
                v[b] = _turned(v[b] ^ v[c], second)
        words = [words[place] for place in _PERMUTED]
    return tuple(v[place] ^ v[place + 8] for place in range(8))


def _hash(key: tuple[int, ...], data: bytes, flags: int) -> bytes:
    blocks = [data[at : at + 64] for at in range(0, len(data), 64)] or [b""]
    chain = key
    for number, block in enumerate(blocks):
        last = 2 | 8 if number == len(blocks) - 1 else 0
        chain = _compressed(chain, block, flags | (number == 0) | last)
    return b"".join(word.to_bytes(4, "little") for word in chain)


def _words(key: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(key[at : at + 4], "little") for at in range(0, 32, 4))


def _minus_log2(draw: int) -> int:
    """In units of 2^-48, by repeated squaring with 63 bits behind the point."""
    value = draw + 1
    whole = value.bit_length() - 1
    mantissa, log = value << 63 >> whole, whole
    for _ in range(48):
        square = mantissa * mantissa
        carry = square >> 127
        mantissa = square >> (63 + carry)
        log = log << 1 | carry
    return (64 << 48) - log


def stated(key: bytes, sites: list[Site]) -> list[int]:
    """The order for a key, as the crate defines it."""
    context = _hash(_START, b"globelet weighted rendezvous v1", 32)
    drawing = _words(_hash(_words(context), key, 64))

    def score(site: Site) -> tuple[bool, int, int, int]:
        draw = int.from_bytes(_hash(drawing, site[0].to_bytes(8, "little"), 16)[:8], "little")
        return site[1] == 0, (_minus_log2(draw) << 64) // max(site[1], 1), draw, site[0]

    return [site[0] for site in sorted(sites, key=score)]


def stated_placement(key: bytes, sites: list[Site], count: int, per_building: int, per_city: int) -> list[int]:
    where = {number: (city, building) for number, _, city, building in sites}
    cities: Counter[int] = Counter()
    buildings: Counter[tuple[int, int]] = Counter()
    placed: list[int] = []
    for number in stated(key, sites):
        city = where[number][0]
        if len(placed) < count and buildings[where[number]] < per_building and cities[city] < per_city:
            placed.append(number)
            buildings[where[number]] += 1
            cities[city] += 1
    return placed


whole = st.integers(0, 2**64 - 1)
places = st.integers(0, 3)
some_sites = st.lists(
    st.tuples(whole, whole | st.integers(0, 20), places, places),
    min_size=1,
    max_size=12,
    unique_by=lambda site: site[0],
)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=100), some_sites)
def test_the_order_is_the_stated_one(key: bytes, sites: list[Site]) -> None:
    made = Sites(sites)
    assert made.rank(key) == stated(key, sites)
    assert made.top(key, 3) == stated(key, sites)[:3]
    assert made.sites == sites
    assert len(made) == len(sites)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=64), some_sites, st.integers(0, 6), st.integers(1, 3), st.integers(1, 3) | st.none())
def test_a_placement_is_the_stated_one(
    key: bytes, sites: list[Site], count: int, building: int, city: int | None
) -> None:
    made = Sites(sites)
    try:
        placed = made.place(key, count, building, city)
    except RendezvousError as refused:
        assert refused.code == "rendezvous.too-few"  # noqa: PT017
        assert len(stated_placement(key, sites, count, building, city or 2**32)) < count
        return
    limit = city or made.evenest(count, building)
    assert placed == stated_placement(key, sites, count, building, limit)
    assert city is not None or limit == 1 or len(stated_placement(key, sites, count, building, limit - 1)) < count


def test_one_that_leaves_or_comes_moves_one_shard_at_most() -> None:
    sites = [(n, 1 + n % 5, n % 6, n // 12) for n in range(60)]
    for number in range(200):
        key, leaver = number.to_bytes(2, "big"), number % 60
        before = Sites(sites).place(key, 12, 1, 2)
        after = settle(before, Sites([s for s in sites if s[0] != leaver]).place(key, 12, 1, 2))
        moved = [shard for shard in range(12) if before[shard] != after[shard]]
        assert moved == [shard for shard in range(12) if before[shard] == leaver]
        assert len(set(after)) == 12


def test_shares_are_binomial() -> None:
    sites, keys = Sites([(n, 10 * (1 + n), 0, n) for n in range(10)]), 50_000
    firsts = Counter(
        first for [first] in sites.place_many(np.arange(keys, dtype=">u4").view(np.uint8).reshape(-1, 4), 1)
    )
    for number in range(10):
        share = (1 + number) / 55
        assert abs(firsts[number] - share * keys) < 5 * sqrt(keys * share * (1 - share))


def test_buffers_of_every_kind_are_keys() -> None:
    sites = Sites([(n, 1, n, 0) for n in range(9)])
    keys = np.arange(40, dtype=np.uint8).reshape(5, 8)
    plain = [row.tobytes() for row in keys]
    expected = [sites.place(key, 4) for key in plain]
    assert sites.place_many(keys, 4) == sites.place_many(plain, 4) == expected
    assert sites.place_many([memoryview(key) for key in plain], 4) == expected
    assert sites.place(bytearray(plain[0]), 4) == sites.place(keys[0], 4) == expected[0]
    assert sites.place_many([], 4) == []
    assert sites == Sites([(n, 1, n, 0) for n in range(9)]) != Sites([])


def test_other_threads_run_meanwhile() -> None:
    sites = Sites([(n, 1 + n, n, 0) for n in range(200)])
    keys = np.arange(80_000, dtype=np.uint8).reshape(-1, 8)
    assert turns_while(lambda: sites.place_many(keys, 7)) > 100


SITES = [(1, 1, 0, 0), (2, 1, 0, 0), (3, 1, 1, 0)]

REFUSED: list[tuple[str, Any]] = [
    ("rendezvous.same-id", lambda _: Sites([*SITES, (1, 2, 3, 4)])),
    ("rendezvous.too-many", lambda _: Sites([(1, 1, 1, 1)] * (2**20 + 1))),
    ("rendezvous.too-few", lambda sites: sites.place(b"", 3)),
    ("rendezvous.too-few", lambda sites: sites.place(b"", 2**63)),
    ("rendezvous.too-few", lambda sites: sites.place(b"", 3, 2, 1)),
    ("rendezvous.too-few", lambda sites: sites.evenest(4, 2)),
    ("rendezvous.too-few", lambda sites: sites.place_many([b""], 3)),
    ("rendezvous.too-few", lambda _: Sites([]).place(b"", 1)),
    ("rendezvous.no-room", lambda sites: sites.place(b"", 1, 0)),
    ("rendezvous.no-room", lambda sites: sites.place(b"", 1, 1, 0)),
    ("rendezvous.no-room", lambda sites: sites.evenest(1, 0)),
    ("rendezvous.unequal", lambda _: settle([1, 2], [1])),
    ("rendezvous.same-id", lambda _: settle([1, 1], [1, 2])),
    ("rendezvous.same-id", lambda _: settle([1, 2], [3, 3])),
]


@pytest.mark.parametrize(("code", "call"), REFUSED)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(RendezvousError) as refused:
        call(Sites(SITES))
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize(
    "call",
    [
        lambda sites: sites.rank("text"),
        lambda sites: sites.top(b"", "1"),
        lambda sites: sites.place(b"", 1.5),
        lambda sites: sites.place_many("text", 1),
        lambda sites: sites.place_many([1], 1),
        lambda _: Sites([("1", 1, 1, 1)]),
        lambda _: Sites([1]),
        lambda _: settle(1, 2),
    ],
)
def test_wrong_types_are_type_errors(call: Any) -> None:
    with pytest.raises(TypeError):
        call(Sites(SITES))


def test_numbers_out_of_range_are_refused() -> None:
    for call in (
        lambda: Sites([(-1, 1, 1, 1)]),
        lambda: Sites([(1, 2**64, 1, 1)]),
        lambda: Sites([(1, 1, 2**32, 1)]),
        lambda: Sites(SITES).place(b"", -1),
        lambda: Sites(SITES).place(b"", 1, 2**32),
        lambda: rendezvous.settle([-1], [1]),
    ):
        with pytest.raises(OverflowError):
            call()


def test_nothing_and_much() -> None:
    assert Sites([]).rank(b"") == Sites([]).top(b"", 5) == Sites([]).place(b"", 0) == []
    assert Sites(SITES).top(b"k" * 1_000_000, 2**63) == Sites(SITES).rank(b"k" * 1_000_000)
    assert settle([], []) == []


def test_at_the_shell(tmp_path: Path) -> None:
    file = tmp_path / "sites.csv"
    rows = [f"{city}-{n},{1 + n},{city},house {n}" for city in ("tokyo", "paris", "lagos") for n in range(4)]
    file.write_text("\n".join(rows))

    def run(*words: str) -> Any:
        return CliRunner().invoke(build(), ["algorithm", "rendezvous", words[0], str(file), *words[1:]])

    placed = json.loads(run("place", "--key", "batch-1", "--count", "6", "--json").stdout)
    assert Counter(site["city"] for site in placed) == {"tokyo": 2, "paris": 2, "lagos": 2}
    order = run("rank", "--key", "batch-1").stdout.splitlines()
    assert len(order) == 12
    # Another order of the lines, or a line less behind the chosen, changes nothing.
    file.write_text("\n".join(reversed(rows)))
    assert run("rank", "--key", "batch-1").stdout.splitlines() == order
    table = json.loads(run("balance", "--keys", "2000", "--json").stdout)
    assert sum(row["won"] for row in table) == 2000
    assert run("place", "--key", "k", "--count", "13").exit_code == BAD_INPUT
    for wrong in ("tokyo", "a,b,c,d", "a,-1,c,d", f"a,{2**64},c,d", "a,1,c,d\na,1,c,d", "\udcff"):
        file.write_bytes(wrong.encode(errors="surrogateescape"))
        ended = run("place", "--key", "k", "--count", "1")
        assert ended.exit_code == BAD_INPUT, ended.output
        assert "Traceback" not in ended.stderr
