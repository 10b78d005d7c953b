"""`globelet.algorithms.filters`: against Python's own sets and counters, theory, and wrong input."""

from __future__ import annotations

import json
import math
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain.threads import turns_while
from typer.testing import CliRunner

from globelet.algorithms import AlgorithmError, filters
from globelet.algorithms.filters import Bloom, Cuckoo, FilterError, Fuse, GrowingBloom
from globelet.cli import BAD_INPUT, DONE, FAILED, build

pytestmark = pytest.mark.algorithms

ITEMS = st.lists(st.binary(max_size=12), max_size=200)
SEEDS = st.integers(0, 2**64 - 1)
KINDS: list[Any] = [Bloom, GrowingBloom, Cuckoo, Fuse]


def numbers(start: int, count: int) -> np.ndarray[Any, Any]:
    """So many items of eight bytes."""
    return np.arange(start, start + count, dtype=np.uint64).view(np.uint8).reshape(count, 8)


@given(SEEDS, st.lists(st.tuples(st.booleans(), st.integers(0, 400)), max_size=800), st.sampled_from([16, 32]))
@settings(max_examples=60)
def test_a_cuckoo_filter_is_a_counter_that_never_forgets(seed: int, steps: list[tuple[bool, int]], bits: Any) -> None:
    filter_, held, refusals = Cuckoo(1, seed, bits), Counter[int](), set[str]()
    for add, number in steps:
        item = number.to_bytes(4)
        if add:
            try:
                filter_.insert(item)
                held[number] += 1
            except FilterError as refused:
                refusals.add(refused.code)
        elif held[number]:
            assert filter_.remove(item)
            held[number] -= 1
        assert len(filter_) == held.total()
    assert refusals <= {"filters.copies"}
    kept = [number.to_bytes(4) for number in held.elements()]
    assert all(filter_.contains_many(kept))
    assert Cuckoo.from_bytes(filter_.to_bytes()) == filter_
    assert all(filter_.remove_many(kept))
    assert len(filter_) == 0


@given(SEEDS, ITEMS)
@settings(max_examples=60)
def test_whatever_is_added_is_found(seed: int, items: list[bytes]) -> None:
    bloom, growing, sealed = Bloom(len(items), 0.1, seed), GrowingBloom(4, 0.1, seed), Fuse(items, seed)
    bloom.insert_many(items)
    for item in items:
        assert growing.insert(item) in (True, False)
    for filter_ in (bloom, growing, sealed):
        assert all(filter_.contains_many(items))
        assert all(item in filter_ for item in items)
        assert type(filter_).from_bytes(filter_.to_bytes()) == filter_
        assert filter_.seed == seed
    assert len(sealed) == len(set(items))
    assert len(bloom) <= len(set(items))


def near(found: int, asked: int, rate: float, slack: float = 0.0) -> bool:
    """Within five standard deviations of the binomial, and a part of the mean that theory leaves open."""
    return abs(found - asked * rate) <= 5 * math.sqrt(asked * rate * (1 - rate)) + slack * asked * rate


def test_strangers_are_found_as_often_as_theory_says() -> None:
    held, strangers = numbers(0, 20_000), numbers(2**40, 500_000)
    bloom, growing, cuckoo = Bloom(20_000, 0.01, 1), GrowingBloom(300, 0.01, 1), Cuckoo(100, 1)
    for filter_ in (bloom, growing, cuckoo):
        filter_.insert_many(held)
        assert all(filter_.contains_many(held))
        assert near(sum(filter_.contains_many(strangers)), len(strangers), filter_.rate, 0.1)
    assert bloom.rate <= 0.01
    assert growing.rate <= 0.01
    assert cuckoo.grown > 0
    assert cuckoo.rate <= 8 / 2 ** (16 - cuckoo.grown)
    for bits in (8, 16):
        sealed = Fuse(held, 1, bits)  # type: ignore[arg-type]
        assert sealed.rate == 2.0**-bits
        assert near(sum(sealed.contains_many(strangers)), len(strangers), sealed.rate)


def plain_rate(items: int, blocks: int) -> float:
    """The mean over blocks of the probability that all eight words of 64 bits have the stranger's bit set."""
    mean = items / blocks
    poisson = [math.exp(-mean + j * math.log(mean) - math.lgamma(j + 1)) for j in range(400)]
    return sum(p * (1 - (63 / 64) ** j) ** 8 for j, p in enumerate(poisson))


def test_the_rate_is_that_of_the_formula() -> None:
    filter_ = Bloom(100_000, 0.02, 3)
    filter_.insert_many(numbers(0, 100_000))
    assert filter_.rate == pytest.approx(plain_rate(len(filter_), filter_.size // 64), rel=0.01)


@given(st.integers(0, 600), st.integers(0, 600))
@settings(max_examples=40)
def test_merged_filters_hold_what_both_held(ours: int, theirs: int) -> None:
    one, two, bloom, other = Cuckoo(9, 5, 32), Cuckoo(9, 5, 32), Bloom(900, 0.01, 5), Bloom(900, 0.01, 5)
    for filters_, items in (((one, bloom), numbers(0, ours)), ((two, other), numbers(400, theirs))):
        for filter_ in filters_:
            filter_.insert_many(items)
    one.merge(two)
    bloom.merge(other)
    both = [*numbers(0, ours), *numbers(400, theirs)]
    assert len(one) == ours + theirs
    assert all(bloom.contains_many(both))
    assert all(one.remove_many(both))
    assert len(one) == 0


def test_buffers_of_every_kind_are_read_where_they_lie() -> None:
    rows = numbers(0, 50)
    plain = [row.tobytes() for row in rows]
    made: list[Any] = [Bloom(50), GrowingBloom(50), Cuckoo(50)]
    for filter_ in made:
        filter_.insert_many(rows)
        filter_.insert(bytearray(b"more"))
        assert memoryview(b"more") in filter_
    for filter_ in [*made, Fuse(rows)]:
        assert filter_.contains_many(plain) == filter_.contains_many(tuple(rows)) == [True] * 50
        data = filter_.to_bytes()
        assert type(filter_).from_bytes(np.frombuffer(data, dtype=np.uint8)) == filter_
    assert Fuse(rows) == Fuse(plain)


def test_what_a_filter_says_of_itself() -> None:
    cuckoo = Cuckoo(1000, 9)
    assert (cuckoo.bits, cuckoo.grown, cuckoo.slots, cuckoo.size, cuckoo.seed, cuckoo.rate) == (16, 0, 2048, 4096, 9, 0)
    growing = GrowingBloom()
    assert (growing.layers, len(growing), growing.rate) == (1, 0, 0.0)
    sealed = Fuse([b"tokyo"], bits=16)
    assert (sealed.bits, len(sealed), sealed.rate) == (16, 1, 1 / 65_536)
    assert Bloom(1000, 0.01) != Bloom(1000, 0.01, 1)
    assert filters.MOST_BYTES == 2**30


def test_other_threads_run_meanwhile() -> None:
    """A million items are sealed while another thread counts: with the lock held, it could not."""
    items = numbers(0, 1_000_000)
    assert turns_while(lambda: Fuse(items)) > 1_000


def full() -> Cuckoo:
    """With the same item as often as it can be held."""
    filter_ = Cuckoo(1)
    filter_.insert_many([b"tokyo"] * 8)
    return filter_


REFUSED: list[tuple[str, Any]] = [
    ("filters.rate", lambda: Bloom(1, 0)),
    ("filters.rate", lambda: Bloom(1, 0.6)),
    ("filters.rate", lambda: Bloom(1, math.nan)),
    ("filters.rate", lambda: GrowingBloom(1, -0.1)),
    ("filters.too-large", lambda: Bloom(2**64 - 1)),
    ("filters.too-large", lambda: GrowingBloom(2**64 - 1)),
    ("filters.too-large", lambda: Cuckoo(2**64 - 1)),
    ("filters.too-large", lambda: Cuckoo(2**28, bits=32)),
    ("filters.bits", lambda: Cuckoo(1, bits=8)),  # type: ignore[arg-type]
    ("filters.bits", lambda: Fuse([], bits=32)),  # type: ignore[arg-type]
    ("filters.copies", lambda: full().insert(b"tokyo")),
    ("filters.copies", lambda: full().merge(full())),
    ("filters.full", lambda: Cuckoo(1).insert_many(numbers(0, 70_000))),
    ("filters.different", lambda: Bloom(1).merge(Bloom(1, seed=1))),
    ("filters.different", lambda: Bloom(1).merge(Bloom(1000))),
    ("filters.different", lambda: Cuckoo(1).merge(Cuckoo(1, bits=32))),
    ("filters.different", lambda: Cuckoo(1).merge(Cuckoo(1, seed=1))),
    *[("filters.malformed", lambda kind=kind: kind.from_bytes(b"")) for kind in KINDS],
    *[("filters.malformed", lambda kind=kind: kind.from_bytes(b"gfx1" + bytes(200))) for kind in KINDS],
    ("filters.malformed", lambda: Bloom.from_bytes(Bloom(1).to_bytes()[:-1])),
    ("filters.malformed", lambda: Bloom.from_bytes(Bloom(1).to_bytes()[:-1] + b"\x01")),
    ("filters.malformed", lambda: GrowingBloom.from_bytes(GrowingBloom(1).to_bytes() + b"\0")),
    ("filters.malformed", lambda: Cuckoo.from_bytes(Cuckoo(1).to_bytes()[:-1])),
    ("filters.malformed", lambda: Cuckoo.from_bytes(Cuckoo(1).to_bytes()[:-1] + b"\x01")),
    ("filters.malformed", lambda: Fuse.from_bytes(Fuse([b"a"]).to_bytes()[:-1])),
    ("filters.too-large", lambda: Fuse.from_bytes(b"gff1" + bytes(8) + b"\xff" * 8 + b"\x08\0")),
]


@pytest.mark.parametrize(("code", "call"), REFUSED)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(FilterError) as refused:
        call()
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize("wrong", ["text", None, 7, 1.5])
def test_wrong_types_are_type_errors(wrong: Any) -> None:
    made: list[Any] = [Bloom(1), GrowingBloom(), Cuckoo(1)]
    for filter_ in made:
        for call in (filter_.insert, filter_.insert_many, filter_.contains_many, lambda item, f=filter_: item in f):
            with pytest.raises(TypeError):
                call(wrong)
    for call in (Fuse, Bloom.from_bytes, Cuckoo.from_bytes, Fuse.from_bytes, Bloom(1).merge, Cuckoo(1).merge):
        with pytest.raises(TypeError):
            call(wrong)


def test_numbers_out_of_range_are_refused() -> None:
    for number in (-1, 2**64, 2**70):
        for call in (Bloom, GrowingBloom, Cuckoo, lambda seed: Bloom(1, 0.1, seed), lambda seed: Fuse([], seed)):
            with pytest.raises(OverflowError):
                call(number)


@given(st.binary(max_size=300), st.sampled_from(KINDS), st.sampled_from([b"gfb1", b"gfg1", b"gfc1", b"gff1", b""]))
def test_decoders_take_any_bytes_without_harm(data: bytes, kind: Any, letters: bytes) -> None:
    with suppress(FilterError):
        assert kind.from_bytes(letters + data).to_bytes() == letters + data


def run(*words: object) -> Any:
    return CliRunner().invoke(build(), ["algorithm", "filters", *(str(word) for word in words)])


@pytest.mark.parametrize("kind", ["bloom", "growing", "cuckoo", "fuse"])
def test_the_shell_makes_and_asks(tmp_path: Path, kind: str) -> None:
    cities, made = tmp_path / "cities.txt", tmp_path / "cities.filter"
    cities.write_text("tokyo\nparis\nosaka\n")
    shown = run("make", cities, "--kind", kind, "--out", made, "--seed", 3, "--json")
    assert shown.exit_code == DONE, shown.output
    told = json.loads(run("about", made, "--json").stdout)
    assert told == json.loads(shown.stdout)
    assert (told["kind"], told["items"], told["seed"]) == (kind, 3, 3)
    assert run("ask", made, "tokyo", "osaka").exit_code == DONE
    asked = run("ask", made, "tokyo", "lima", "--json")
    assert (asked.exit_code, json.loads(asked.stdout)["found"]) == (FAILED, {"tokyo": True, "lima": False})


def test_the_shell_deletes_and_merges(tmp_path: Path) -> None:
    for name in ("asia", "europe"):
        (tmp_path / name).write_text({"asia": "tokyo\nosaka\n", "europe": "paris\n"}[name])
        for kind in ("cuckoo", "bloom"):
            out = tmp_path / f"{name}.{kind}"
            assert run("make", tmp_path / name, "--kind", kind, "--out", out, "--room", 100).exit_code == DONE
    both = tmp_path / "both"
    for kind in ("bloom", "cuckoo"):
        merged = run("merge", tmp_path / f"asia.{kind}", tmp_path / f"europe.{kind}", "--out", both)
        assert merged.exit_code == DONE, merged.output
        assert run("ask", both, "tokyo", "osaka", "paris").exit_code == DONE
    assert run("remove", both, "tokyo", "--out", both).exit_code == DONE
    assert run("ask", both, "tokyo").exit_code == FAILED
    assert run("remove", both, "tokyo", "--out", both).exit_code == FAILED
    for words in (
        ["remove", tmp_path / "asia.bloom", "tokyo", "--out", both],
        ["merge", tmp_path / "asia.bloom", tmp_path / "asia.cuckoo", "--out", both],
        ["about", tmp_path / "asia"],
        ["ask", tmp_path / "nothing", "x"],
        ["make", tmp_path / "asia", "--rate", "7", "--out", both],
    ):
        ended = run(*words)
        assert ended.exit_code == BAD_INPUT, ended.output
        assert ended.stderr.strip()
        assert "Traceback" not in ended.stderr


def test_a_filter_merged_with_itself_holds_what_it_held() -> None:
    bloom, cuckoo = filters.Bloom(10), filters.Cuckoo(10)
    for one in (bloom, cuckoo):
        one.insert(b"tokyo")
        one.merge(one)
        assert b"tokyo" in one
    assert [cuckoo.remove(b"tokyo") for _ in range(3)] == [True, True, False]
