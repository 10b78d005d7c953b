"""What services read of the bus, of nodes and of files: any bytes, and any JSON, are read or refused by name."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from globelet._native.types import check_world
from globelet.archiver.carried import carried, read, readable
from globelet.archiver.packed import NotPacked, pack, size, unpack
from globelet.archiver.record import Place
from globelet.archiver.refusal import Poisoned
from globelet.presence.record import Record, RecordRefused
from globelet.world import check, load
from globelet.world.resolved import ResolvedWorld

pytestmark = pytest.mark.unit

PLACE = Place("tokyo", 7, 1_795_000_000_000, 0, 8)
RECEIPT = {
    "offset": 3,
    "kind": "receipt",
    "receipt": {"id": "ab" * 32, "state": "credited", "encoded": "00ff" * 20, "stages": {"admitted": {"micros": 5}}},
}
BLOCK = {"offset": 4, "kind": "block", "chain": "tokyo", "height": 2, "hash": "ab" * 32, "items": 1, "micros": 9}
CARRIED = [carried("tokyo", RECEIPT), carried("tokyo", BLOCK), pack(b'{"encoded":"00ff"}'), b"", b"\x01", b"\x02"]
PRESENCE = {
    "node": 4, "chain": 0, "latitude": 35_000_000, "longitude": 139_000_000, "stake": 1,
    "since": [1, 0], "at": [2, 0], "ttl_us": 25_000_000, "signature": "00" * 64,
}  # fmt: skip

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@st.composite
def bent(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """One of some values, with a stretch of it replaced."""
    value = draw(st.sampled_from(seeds))
    start = draw(st.integers(0, len(value)))
    end = draw(st.integers(start, min(len(value), start + 12)))
    return value[:start] + draw(st.binary(max_size=12)) + value[end:]


@settings(max_examples=500)
@given(st.binary(max_size=64) | bent(CARRIED))
def test_values_of_the_bus(value: bytes) -> None:
    try:
        found = read(PLACE, value)
    except Poisoned:
        found = None
    if found is not None and found.kind == "receipt":
        assert found.body
    assert isinstance(readable(value), bytes)


@settings(max_examples=500)
@given(st.binary(max_size=64) | bent(CARRIED))
def test_packed_bodies(value: bytes) -> None:
    try:
        body = unpack(value)
    except NotPacked:
        return
    assert len(body) == size(value) <= 2 * len(value)


def changed(field: str, value: Any) -> dict[str, Any]:
    return {**PRESENCE, field: value}


@settings(max_examples=500)
@given(VALUES | st.builds(changed, st.sampled_from(sorted(PRESENCE)), VALUES))
@example(changed("stake", float("inf")))
@example(changed("at", [float("-inf"), 0]))
@example(changed("stake", "9" * 5_000))
@example(changed("since", {}))
def test_presence_records(value: Any) -> None:
    try:
        record = Record.parse(value)
    except RecordRefused:
        return
    assert Record.parse(record.as_json()) == record


WORLD = json.loads(load("tokyo-paris").to_json())


def world(path: tuple[str, str | None], value: Any) -> str:
    """The world with a value replaced: one of its own, or one of the first row of a table."""
    table, column = path
    made = json.loads(json.dumps(WORLD))
    if column is None:
        made[table] = value
    elif isinstance(made[table], list):
        made[table][0][column] = value
    else:
        made[table][column] = value
    return json.dumps(made)


def paths() -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = [(name, None) for name in WORLD]
    for name, table in WORLD.items():
        row = table[0] if isinstance(table, list) and table and isinstance(table[0], dict) else table
        found += [(name, column) for column in row] if isinstance(row, dict) else []
    return found


@settings(max_examples=300, deadline=None)
@given(st.builds(world, st.sampled_from(paths()), VALUES) | st.text(max_size=30))
def test_resolved_worlds(text: str) -> None:
    """Both sides of the seam read them, and refuse by what the command line understands."""
    for reads in (check_world, ResolvedWorld.model_validate_json):
        with suppress(ValueError):
            reads(text)


FILES = [b"name: x\nmunicipalities: [tokyo, paris]\n", b"{", b"- 1\n", b"a: &a [*a]\n"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worlds")


@settings(max_examples=200, deadline=None)
@given(
    data=st.binary(max_size=200) | bent([b"name: x\nmunicipalities: [tokyo, paris]\n", b"{", b"- 1\n", b"a: &a [*a]\n"])
)
def test_world_files(folder: Path, data: bytes) -> None:
    file = folder / "world.yaml"
    file.write_bytes(data)
    assert all(str(mistake) for mistake in check(file))
