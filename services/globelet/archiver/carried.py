"""A receipt as the bus carries it: its columns, read once by the publisher, and its packed body.

    0x02, length of the columns (4 bytes, big-endian), the columns (JSON), the packed body

    0x03, the encoding of an interval signature

Anything else on the bus is JSON: blocks, and receipts that no columns can be read of, which the stores refuse.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import orjson

from globelet._native import receipts as native
from globelet.archiver.follower import read_page
from globelet.archiver.packed import NotPacked, size
from globelet.archiver.parquet import STAGES
from globelet.archiver.record import RECEIPT_COLUMNS, TEXTS, Place, Record, interval, parse, record
from globelet.archiver.refusal import Poisoned

_MARK, _INTERVAL = b"\x02", b"\x03"
_HEAD = struct.Struct(">cI")
_MOST, _SHAPES = 2**63, 256
_FITTING: set[tuple[Any, ...]] = set()
_OWED = {"id", "process", "state", "digest", "size"}
_MEND = "see who wrote it to the bus; a process' outbox never holds such a record"


def carried_page(process: str, answer: bytes, after: int) -> tuple[list[tuple[int, bytes, bytes]], int, int]:
    """The records of a page of an outbox as `(offset, key, value)`, its last offset and the outbox' newest.

    Raises `ValueError` for what is no page. What is usual is read in Rust, in little more than half the time.
    """
    upto, newest, found = native.carried(process, answer, STAGES)
    told = {name: value for name, value in (("next", upto), ("newest", newest)) if value is not None}
    _, upto, newest = read_page(told | {"records": found}, after)
    return [one if isinstance(one, tuple) else _unusual(process, one) for one in found], upto, newest


def _unusual(process: str, text: bytes) -> tuple[int, bytes, bytes]:
    record = orjson.loads(text)
    offset = record.get("offset", 0) if isinstance(record, dict) else None
    if not isinstance(offset, int):
        raise ValueError("a record of the outbox is no object, or its offset no whole number")
    return offset, key_of(record), carried(process, record)


def key_of(record: Mapping[str, Any]) -> bytes:
    """The transfer's id, an interval signature's name, or `<chain>:<height>`; empty for what has none of them.

    The stores say what is wrong with it.
    """
    receipt = record.get("receipt")
    if isinstance(receipt, dict):
        return str(receipt.get("id", "")).encode()
    if record.get("kind") == "interval":
        return str(record.get("id", "")).encode()
    return f"{record['chain']}:{record['height']}".encode() if "chain" in record and "height" in record else b""


def carried(process: str, found: Mapping[str, Any]) -> bytes:
    """A record of an outbox as a value of the bus."""
    place = Place(process, 0, 0, 0, 0)
    try:
        made = record(place, found) if found.get("kind") in ("receipt", "interval") else None
    except Poisoned:
        made = None  # the stores say what is wrong with it
    if made is None:
        return orjson.dumps(dict(found) | {"process": process})
    if made.kind == "interval":
        return _INTERVAL + made.packed
    columns = orjson.dumps(made.row)
    return b"".join((_HEAD.pack(_MARK, len(columns)), columns, made.packed))


def read(place: Place, value: bytes | None) -> Record:
    """The record of a value of the bus. Raises `Poisoned`."""
    if value is None or value[:1] not in (_MARK, _INTERVAL):
        return record(place, parse(value))
    try:
        if value[:1] == _INTERVAL:
            return interval(place, value[1:])
        _, length = _HEAD.unpack_from(value)
        row = orjson.loads(value[_HEAD.size : _HEAD.size + length])
        _check(row)
        packed = value[_HEAD.size + length :]
        if size(packed) != row["size"]:
            raise ValueError("the body is not as long as its columns say")
    except (struct.error, ValueError, NotPacked) as error:
        raise Poisoned("malformed", f"the record is malformed: {error}", _MEND) from error
    return Record(place, "receipt", row, packed)


def _check(row: Any) -> None:
    """Raises `ValueError` where these are not the columns of a receipt. Names and types are looked at once per kind."""
    shape = (*row, *map(type, row.values())) if isinstance(row, dict) else ()
    if shape not in _FITTING:
        _examine(row)
        if len(_FITTING) < _SHAPES:
            _FITTING.add(shape)
    if not row["id"] or any(value >= _MOST for value in row.values() if type(value) is int):
        raise ValueError("the id is empty, or a number beyond 64 bits")


def _examine(row: Any) -> None:
    if not isinstance(row, dict) or set(row) != set(RECEIPT_COLUMNS):
        raise ValueError("its columns are not those of a receipt")
    for name, value in row.items():
        fits = value is None and name not in _OWED
        if name in TEXTS or name == "digest":
            fits = fits or isinstance(value, str)
        else:
            fits = fits or (isinstance(value, int) and not isinstance(value, bool) and value >= -_MOST)
        if not fits:
            raise ValueError(f"{name} is {value!r}")


def readable(value: bytes) -> bytes:
    """A value of the bus as JSON, for people; what cannot be read stays as it is."""
    if value[:1] not in (_MARK, _INTERVAL):
        return value
    try:
        found = read(Place("", 0, 0, 0, 0), value)
    except Poisoned:
        return value
    if found.kind == "interval":
        return orjson.dumps({"kind": "interval", "id": found.id, "encoded": found.packed.hex()})
    process = orjson.dumps(found.row["process"])
    return b"".join((b'{"kind":"receipt","process":', process, b',"receipt":', found.body, b"}"))
