"""One minute of one process on its way to a Parquet object: bodies on disk, the newest version of each receipt."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped,unused-ignore]

from globelet.archiver.packed import unpack
from globelet.archiver.record import BLOCK_COLUMNS, INTERVAL_COLUMNS, RECEIPT_COLUMNS, STAMPS, Place, Record
from globelet.archiver.settings import SCHEMA
from globelet.archiver.spill import before

MARK = b"globelet.schema"
_ROWS, _BUFFER = 128, 256 * 1024
_WHOLE = {"amount", "size", "height", "items", "at_us", *STAMPS}
_COLUMNS = {"receipts": RECEIPT_COLUMNS, "intervals": INTERVAL_COLUMNS, "blocks": BLOCK_COLUMNS}
_WORDS = ["process", "state", "source", "destination", "chain", "kind"]

# Arrow's own allocators keep what they freed; a minute is folded once, and its memory is wanted elsewhere.
pa.set_memory_pool(pa.system_memory_pool())


def schema(kind: str) -> Any:
    """The columns of a kind of object, with the mark of their version."""
    names = _COLUMNS[kind]
    fields = [pa.field(name, pa.int64() if name in _WHOLE else pa.string()) for name in names]
    if kind != "blocks":
        fields.append(pa.field("body", pa.binary()))
    return pa.schema(fields, metadata={MARK: str(SCHEMA).encode()})


class Minute:
    """The records of one process and one minute (of the bus) that are not in S3 yet."""

    def __init__(self, folder: Path, first: Place, minute: int, *, tail: bool) -> None:
        self.process, self.minute, self.start = first.process, minute, before(first)
        self._first, self._tail = first.bus, tail
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder / f"{first.process}-{minute}-{first.bus}.parquet"
        self._bodies = self.path.with_suffix(".bodies")
        self._file = self._bodies.open("w+b", buffering=_BUFFER)
        self._places: dict[bytes, tuple[int, int, int, int]] = {}
        self._intervals: dict[str, tuple[int, int]] = {}
        self._blocks: dict[str, dict[str, Any]] = {}
        self.bytes = 0

    def add(self, record: Record) -> None:
        """Takes a record in; of several versions of a receipt the longest stays."""
        if record.kind == "interval":
            if record.id not in self._intervals:
                self._file.write(record.packed)
                self._intervals[record.id] = (self.bytes, len(record.packed))
                self.bytes += len(record.packed)
            return
        if record.kind != "receipt":
            self._blocks[record.id] = record.row
            return
        key = record.id.encode()
        if key in self._places and self._places[key][0] > record.size:
            return
        row = orjson.dumps(record.row)
        self._file.write(record.packed + row)
        self._places[key] = (record.size, self.bytes, len(record.packed), len(row))
        self.bytes += len(record.packed) + len(row)

    def key(self, kind: str) -> str:
        """Where it lies in the bucket. A tail is what came to a minute whose object was written already."""
        at = time.gmtime(self.minute * 60)
        tail = f"-{self._first}" if self._tail else ""
        day, hour = time.strftime("%Y-%m-%d", at), time.strftime("%H%M", at)
        return f"{kind}/chain={self.process}/day={day}/{hour}{tail}.parquet"

    def files(self) -> Iterator[tuple[str, Path]]:
        """Writes the Parquet files of what is there, one after the other, as key and path."""
        # First, so that no object names what the bucket does not have.
        if self._intervals:
            yield self._written("intervals", self._signatures())
        if self._places:
            yield self._written("receipts", self._receipts())
        if self._blocks:
            yield self._written("blocks", iter([list(self._blocks.values())]))

    def close(self) -> None:
        """Removes what lies on disk."""
        self._file.close()
        self._bodies.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def _signatures(self) -> Iterator[list[dict[str, Any]]]:
        self._file.flush()
        names = list(self._intervals)
        for begin in range(0, len(names), _ROWS):
            rows = []
            for name in names[begin : begin + _ROWS]:
                place, length = self._intervals[name]
                body = os.pread(self._file.fileno(), length, place)
                rows.append({"id": name, "process": self.process, "body": body})
            yield rows

    def _receipts(self) -> Iterator[list[dict[str, Any]]]:
        self._file.flush()
        keys = list(self._places)
        for begin in range(0, len(keys), _ROWS):
            rows = []
            for key in keys[begin : begin + _ROWS]:
                _, place, body, row = self._places[key]
                found = os.pread(self._file.fileno(), body + row, place)
                rows.append(orjson.loads(found[body:]) | {"body": unpack(found[:body])})
            yield rows

    def _written(self, kind: str, groups: Iterator[list[dict[str, Any]]]) -> tuple[str, Path]:
        columns = schema(kind)
        words = [name for name in _WORDS if name in columns.names]
        with pq.ParquetWriter(
            self.path, columns, compression="zstd", compression_level=1, use_dictionary=words, write_statistics=words
        ) as writer:
            for rows in groups:
                writer.write_table(pa.Table.from_pylist(rows, columns))
        return self.key(kind), self.path
