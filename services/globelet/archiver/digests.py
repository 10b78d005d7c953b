"""What the ledger gets to know: the digests of a batch of receipts and the hashes of its roots, an item per process.

It lies in a table of its own, and only that table has a stream: a stream of the receipts themselves would carry each of
them a second time. An item is written over by the next, which a stream keeps in order, since both have the same key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from globelet.archiver.record import Record

MOST = 2_000
"""Entries of one item: 140 bytes each, and DynamoDB takes 400 KiB."""
Item = dict[str, dict[str, Any]]


def entry(record: Record) -> tuple[str, str] | None:
    """Of a receipt the digest, of a root the hash, of any other block nothing."""
    if record.kind == "receipt":
        return f"receipt:{record.id}", str(record.row["digest"])
    if record.kind == "root":
        return f"root:{record.row['height']}", str(record.row["hash"])
    return None


def items(records: Sequence[Record]) -> list[Item]:
    """The items of a batch, in its order; those of one process are to be written one after the other."""
    by_process: dict[str, list[Record]] = {}
    for record in records:
        by_process.setdefault(record.place.process, []).append(record)
    return [
        _item(process, several[begin : begin + MOST])
        for process, several in by_process.items()
        for begin in range(0, len(several), MOST)
        if any(entry(record) for record in several[begin : begin + MOST])
    ]


def _item(process: str, records: Sequence[Record]) -> Item:
    told = [found for record in records if (found := entry(record)) is not None]
    upto = max(record.place.bus for record in records)
    return {
        "id": {"S": process},
        "bus": {"S": f"{process}:{upto}"},
        "entries": {"S": "\n".join(f"{key}={value}" for key, value in told)},
    }


def told(images: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The entries of images of a stream, the later in place of the earlier."""
    found: dict[str, str] = {}
    for image in images:
        for line in image.get("entries", {}).get("S", "").splitlines():
            key, _, value = line.rpartition("=")
            found[key] = value
    return found


def reached(images: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The offset on the bus up to which images of a stream speak of each process."""
    found: dict[str, int] = {}
    for image in images:
        process, _, offset = image.get("bus", {}).get("S", "").rpartition(":")
        if offset.isdigit():
            found[process] = max(int(offset), found.get(process, 0))
    return found
