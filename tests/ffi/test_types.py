"""`globelet._native.types`: the same bytes as the format says, and the same world as Rust reads."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import blake3 as published
import pytest

from globelet import world
from globelet._native import types
from globelet.client.orders import Vote

pytestmark = pytest.mark.ffi

TRANSFER = {
    "world": 2**64 - 1,
    "source": 1,
    "destination": 513,
    "from": b"\x01" * 32,
    "to": "02" * 32,
    "amount": 1250,
    "nonce": 3,
    "expires_us": 1_700_000_000_000_000,
}


def test_signing_bytes_follow_the_written_format() -> None:
    expected = b"globelet order 1\x00" + struct.pack("<QHH", 2**64 - 1, 1, 513)
    expected += b"\x01" * 32 + b"\x02" * 32 + struct.pack("<QQQ", 1250, 3, 1_700_000_000_000_000)
    assert types.signing_bytes(TRANSFER) == expected
    assert types.order_id(TRANSFER) == published.blake3(expected).hexdigest()
    opening = {"world": 9, "municipality": 4, "account": "ff" * 32, "expires_us": 8}
    expected = b"globelet order 1\x01" + struct.pack("<QH", 9, 4) + b"\xff" * 32 + struct.pack("<Q", 8)
    assert types.signing_bytes(opening) == expected
    move = {"world": 9, "source": 4, "destination": 5, "account": "ff" * 32, "nonce": 7, "expires_us": 8}
    expected = b"globelet order 1\x02" + struct.pack("<QHH", 9, 4, 5) + b"\xff" * 32 + struct.pack("<QQ", 7, 8)
    assert types.signing_bytes(move) == expected
    with pytest.raises(ValueError, match="6 fields"):
        types.signing_bytes(move | {"amount": 1})


@pytest.mark.parametrize(
    ("candidate", "delegate", "choice"),
    [(None, None, b"\x00"), (513, None, b"\x01\x01\x02"), (None, "02" * 32, b"\x02" + b"\x02" * 32)],
)
def test_a_vote_names_a_candidate_or_a_delegate_or_nobody(candidate, delegate, choice) -> None:
    vote = {"world": 9, "municipality": 4, "account": "ff" * 32, "nonce": 7, "expires_us": 8}
    vote |= {"candidate": candidate, "delegate": delegate}
    head = b"globelet order 1\x03" + struct.pack("<QH", 9, 4) + b"\xff" * 32
    expected = head + choice + struct.pack("<QQ", 7, 8)
    assert types.signing_bytes(vote) == expected
    ours = Vote(9, 4, b"\xff" * 32, candidate, bytes.fromhex(delegate) if delegate else None, 7, 8)
    assert (ours.signing_bytes(), ours.id) == (expected, types.order_id(vote))
    with pytest.raises(ValueError, match="not both"):
        types.signing_bytes(vote | {"candidate": 1, "delegate": "02" * 32})
    with pytest.raises(ValueError, match="7 fields"):
        types.signing_bytes(vote | {"amount": 1})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"amount": -1}, ValueError),
        ({"source": 65_536}, ValueError),
        ({"to": "02" * 31}, ValueError),
        ({"from": b"short"}, TypeError),
        ({"extra": 1}, ValueError),
        ({"nonce": None}, ValueError),
    ],
)
def test_wrong_orders_are_refused(change: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        types.signing_bytes(TRANSFER | change)  # type: ignore[arg-type]


def test_a_missing_field_is_named() -> None:
    with pytest.raises(KeyError, match="nonce"):
        types.signing_bytes({name: value for name, value in TRANSFER.items() if name != "nonce"})


@pytest.mark.parametrize("length", [0, 1, 4095, 4096, 100_000])
def test_blake3_of_anything_with_bytes(length: int) -> None:
    data = bytes(i % 251 for i in range(length))
    expected = published.blake3(data).digest()
    assert types.blake3(data) == types.blake3(bytearray(data)) == types.blake3(memoryview(data)) == expected


@pytest.mark.parametrize("name", ["tokyo-paris", "earth"])
def test_rust_reads_every_world_that_comes_with_the_package(name: str) -> None:
    types.check_world(world.load(name).to_json())


def test_rust_refuses_a_world_with_a_committee_too_small() -> None:
    spec = json.loads(world.load("tokyo-paris").to_json())
    spec["nodes"].pop(0)
    with pytest.raises(ValueError, match="fewer than four"):
        types.check_world(json.dumps(spec))


def test_parameters_are_the_same_in_rust_and_python(tmp_path: Path) -> None:
    spec = json.loads(world.load("tokyo-paris").to_json())
    del spec["parameters"]["skew_us"]
    with pytest.raises(ValueError, match="skew_us"):
        types.check_world(json.dumps(spec))
