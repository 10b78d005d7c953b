"""A bounded file of what DynamoDB would not take yet, first in, first out; the bus still has all of it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from globelet.archiver.bus import Position
from globelet.archiver.record import Place, Record


class Spill:
    """Records wait here in order. Places stay in memory, bodies on disk; nothing counts as stored while it is here."""

    def __init__(self, path: Path, most: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path, self.most = path, most
        self._file = path.open("w+b")
        self._waiting: deque[tuple[Record, int]] = deque()
        self._read = self._written = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether it has its bytes."""
        return self._written >= self.most

    def add(self, record: Record) -> None:
        """Puts a record last."""
        self._file.seek(self._written)
        self._file.write(record.packed)
        self._written += len(record.packed)
        empty = Record(record.place, record.kind, record.row, b"")
        self._waiting.append((empty, len(record.packed)))

    def first(self, count: int) -> list[Record]:
        """The first so many, which stay until `drop`."""
        self._file.flush()
        place, found = self._read, []
        for record, size in _take(self._waiting, count):
            body = os.pread(self._file.fileno(), size, place)
            place += size
            found.append(Record(record.place, record.kind, record.row, body))
        return found

    def drop(self, count: int) -> None:
        """Forgets the first so many; an empty file is cut."""
        for _ in range(count):
            self._read += self._waiting.popleft()[1]
        if not self._waiting:
            self._file.flush()
            self._file.truncate(0)
            self._read = self._written = 0

    def earliest(self) -> dict[str, Place]:
        """The first record that waits of each process."""
        found: dict[str, Place] = {}
        for record, _ in self._waiting:
            found.setdefault(record.place.process, record.place)
        return found

    def close(self) -> None:
        """Removes the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def before(place: Place) -> Position:
    """The position of something that has all but this record."""
    return Position(place.bus, place.generation, max(place.outbox - 1, 0))


def _take(waiting: deque[tuple[Record, int]], count: int) -> Iterator[tuple[Record, int]]:
    for number, entry in enumerate(waiting):
        if number == count:
            return
        yield entry
