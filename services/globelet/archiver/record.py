"""A record of the bus, decoded once: its flat columns, its canonical body, its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from globelet.archiver import brief
from globelet.archiver.document import canonical, read
from globelet.archiver.packed import pack, unpack
from globelet.archiver.parquet import STAGES
from globelet.archiver.refusal import Poisoned

TEXTS = ("id", "process", "state", "source", "destination", "payer", "payee", "route")
STAMPS = tuple(f"{stage}_us" for stage in STAGES)
RECEIPT_COLUMNS = (*TEXTS, "amount", *STAMPS, "digest", "size")
"""The columns of a receipt, equal in every store; `size` is the canonical body's length in bytes, the larger wins."""
INTERVAL_COLUMNS = ("id", "process")
BLOCK_COLUMNS = ("id", "chain", "height", "hash", "items", "at_us", "kind")
_MOST = 2**63
_MEND = "see who wrote it to the bus; a process' outbox never holds such a record"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: process, offset on the bus and its time (ms), generation and offset of the outbox."""

    process: str
    bus: int
    at_ms: int
    generation: int
    outbox: int
    known: bool = True
    """Whether the publisher put it there, in its turn: what is replayed, or somebody else's, says nothing of order."""
    replay: str | None = None
    """The key of the dead letter that this record is replayed for."""
    store: str | None = None
    """The only store that is to take it; None for all."""


@dataclass(frozen=True, slots=True)
class Record:
    """A receipt with its packed body, an interval signature with its encoding, or a block (no body)."""

    place: Place
    kind: str
    row: dict[str, Any]
    packed: bytes

    @property
    def id(self) -> str:
        """Transfer, `<chain>:<height>`, or the interval signature's name."""
        return str(self.row["id"])

    @property
    def body(self) -> bytes:
        """A receipt's canonical JSON."""
        return unpack(self.packed)

    @property
    def size(self) -> int:
        """Bytes of the canonical body: of two versions of a receipt the larger is the later one. 0 for others."""
        return int(self.row.get("size", 0))


def parse(value: bytes | None) -> dict[str, Any]:
    """The JSON object of a message. Raises `Poisoned`."""
    try:
        document = read(value or b"")
    except ValueError as error:
        raise Poisoned("not_json", f"the value is not JSON: {error}", _MEND) from error
    if not isinstance(document, dict):
        raise Poisoned("not_json", "the value is JSON but not an object", _MEND)
    return document


def record(place: Place, document: Mapping[str, Any]) -> Record:
    """A document of the bus as a record. Raises `Poisoned` with what is missing."""
    try:
        if document.get("kind") == "receipt":
            body = document["receipt"]
            encoded = canonical(body)
            return Record(place, "receipt", receipt_row(place.process, body, encoded), pack(encoded))
        if document["kind"] == "interval":
            return interval(place, bytes.fromhex(document["encoded"]), str(document["id"]))
        return Record(place, str(document["kind"]), block_row(document), b"")
    except KeyError as error:
        raise Poisoned("field_missing", f"the record has no field {error}", _MEND) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise Poisoned("malformed", f"the record is malformed: {error}", _MEND) from error


def interval(place: Place, encoded: bytes, named: str | None = None) -> Record:
    """An interval signature as a record, under the name that follows from it. Raises `ValueError`."""
    if not 0 < len(encoded) <= brief.LONGEST:
        raise ValueError(f"an interval signature has {brief.LONGEST} bytes at most, not {len(encoded)}")
    name = brief.name_of(encoded)
    if named not in (None, name):
        raise ValueError(f"its name is {name}, not {named}")
    return Record(place, "interval", {"id": name, "process": place.process}, encoded)


def receipt_row(process: str, body: Mapping[str, Any], encoded: bytes) -> dict[str, Any]:
    """The flat columns of a receipt. Raises `KeyError`, `TypeError` or `ValueError`."""
    if not isinstance(body["id"], str) or not body["id"]:
        raise ValueError("the id is no text")
    stages = body.get("stages") or {}
    row: dict[str, Any] = {
        "id": body["id"],
        "process": process,
        "state": str(body.get("state", "")),
        "source": _text("source", body.get("source")),
        "destination": _text("destination", body.get("destination")),
        "payer": _text("from", body.get("from")),
        "payee": _text("to", body.get("to")),
        "route": _text("route", body.get("route")),
        "amount": _whole("amount", body.get("amount")),
    }
    for stage, name in zip(STAGES, STAMPS, strict=True):
        stamp = stages.get(stage)
        row[name] = _whole(name, stamp["micros"] if isinstance(stamp, dict) else stamp)
    row["digest"] = hashlib.sha256(encoded).hexdigest()
    row["size"] = len(encoded)
    return row


def _text(name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is {value!r}, not a text")
    return value


def _whole(name: str, value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not -_MOST <= value < _MOST:
        raise ValueError(f"{name} is {value!r}, not a whole number of 64 bits")
    return value


def block_row(document: Mapping[str, Any]) -> dict[str, Any]:
    """The flat columns of a block; `kind` is `root` for those of the global chain."""
    if document["kind"] not in ("block", "root"):
        raise ValueError(f"there is no kind {document['kind']!r}")
    height = _whole("height", document["height"])
    return {
        "id": f"{document['chain']}:{height}",
        "chain": str(document["chain"]),
        "height": height,
        "hash": str(document["hash"]),
        "items": _whole("items", document.get("items")),
        "at_us": _whole("micros", document.get("micros")),
        "kind": document["kind"],
    }


def newest(records: list[Record]) -> list[Record]:
    """One record per id, the largest: a later version of a receipt holds all that an earlier one has, and more."""
    best: dict[tuple[str, str], Record] = {}
    for found in records:
        key = ("block" if found.kind == "root" else found.kind, found.id)
        kept = best.get(key)
        if kept is None or found.size >= kept.size:
            best.pop(key, None)  # so that they stay in the order of the bus
            best[key] = found
    return list(best.values())
