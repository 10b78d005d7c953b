"""The embedded store: one SQLite file for receipts, documents (blocks, roots, interval signatures), checkpoints."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from globelet.archiver import brief
from globelet.archiver.document import canonical, read

FORMAT = 2

_SCHEMA = """
CREATE TABLE IF NOT EXISTS receipts (
    id TEXT PRIMARY KEY, process TEXT NOT NULL, state TEXT NOT NULL, source TEXT, destination TEXT,
    payer TEXT, payee TEXT, amount INTEGER, admitted_us INTEGER, ended_us INTEGER, body TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, id TEXT NOT NULL, process TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)
) STRICT;
CREATE TABLE IF NOT EXISTS checkpoints (process TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS dead_letters (
    process TEXT NOT NULL, at INTEGER NOT NULL, reason TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (process, at)
) STRICT;
"""

_RECEIPT = """INSERT INTO receipts VALUES (?,?,?,?,?,?,?,?,?,?,?)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended_us = excluded.ended_us, body = excluded.body
WHERE length(excluded.body) >= length(receipts.body)"""


class StoreRefused(Exception):  # noqa: N818
    """The file is not a store of this version."""


def _micros(stages: Mapping[str, Any], name: str) -> int | None:
    stamp = stages.get(name)
    value = stamp.get("micros") if isinstance(stamp, Mapping) else stamp
    return int(value) if value is not None else None


def receipt_row(process: str, record: Mapping[str, Any]) -> tuple[Any, ...]:
    """A receipt record as a row of `receipts`; raises `ValueError` that says what is missing."""
    body = record.get("receipt", record)
    if not isinstance(body, Mapping) or not isinstance(body.get("id"), str):
        raise ValueError("a receipt record needs the transfer's id")
    inner = body.get("transfer")
    order = inner if isinstance(inner, Mapping) else body
    stages = body.get("stages") or {}
    ends = [m for s in ("credited", "refunded", "refused") if (m := _micros(stages, s)) is not None]
    amount = order.get("amount")
    return (
        body["id"],
        process,
        str(body.get("state", "")),
        _text(order.get("source")),
        _text(order.get("destination")),
        _text(order.get("from")),
        _text(order.get("to")),
        int(amount) if amount is not None else None,
        _micros(stages, "admitted"),
        ends[0] if ends else None,
        canonical(body).decode(),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _document(process: str, record: Mapping[str, Any]) -> tuple[str, str, str, str]:
    kind = str(record["kind"])
    name = record.get("id") or record.get("hash") or f"{process}-{record['offset']}"
    return kind, str(name), process, canonical(record).decode()


class Store:
    """Idempotent writes: the records of one page and the checkpoint after it are one transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, FORMAT):
            raise StoreRefused(f"{path} has format {found}, this version writes {FORMAT}; move the file away")
        self._db.executescript(_SCHEMA)
        self._db.execute(f"PRAGMA user_version = {FORMAT}")

    def checkpoint(self, process: str) -> int:
        """The offset after the last record that is safely here."""
        row = self._db.execute("SELECT next FROM checkpoints WHERE process = ?", (process,)).fetchone()
        return int(row[0]) if row else 0

    def rewind(self, process: str) -> None:
        """Forgets how far a process' outbox was read: all of it comes again, and nothing is stored twice."""
        self._db.execute("DELETE FROM checkpoints WHERE process = ?", (process,))

    def write(self, process: str, records: Iterable[Mapping[str, Any]], upto: int) -> list[str]:
        """Stores a page; returns its receipts, as JSON. What it cannot store goes to `dead_letters` with the reason."""
        kept: list[str] = []
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for record in records:
                self._write_one(process, record, kept)
            self._db.execute(
                "INSERT INTO checkpoints VALUES (?,?) ON CONFLICT (process) DO UPDATE SET "
                "next = max(next, excluded.next)",
                (process, upto),
            )
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        return kept

    def _write_one(self, process: str, record: Mapping[str, Any], kept: list[str]) -> None:
        try:
            if record["kind"] == "receipt":
                row = receipt_row(process, record)
                self._db.execute(_RECEIPT, row)
                kept.append(row[-1])
            else:
                self._db.execute(
                    "INSERT INTO documents VALUES (?,?,?,?) ON CONFLICT DO NOTHING", _document(process, record)
                )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            self._db.execute(
                "INSERT OR REPLACE INTO dead_letters VALUES (?,?,?,?)",
                (process, int(record.get("offset", -1)), repr(error), json.dumps(record)),
            )

    def counts(self) -> dict[str, int]:
        """Rows per table."""
        tables = ("receipts", "documents", "dead_letters")
        counted = {t: self._db.execute("SELECT count(*) FROM " + t) for t in tables}  # noqa: S608
        return {t: int(cursor.fetchone()[0]) for t, cursor in counted.items()}

    def receipt(self, transfer: str) -> dict[str, Any] | None:
        """One receipt, whole. Raises `IntervalMissing`."""
        row = self._db.execute("SELECT body FROM receipts WHERE id = ?", (transfer,)).fetchone()
        if row is None:
            return None
        body = read(row[0])
        return brief.whole(body, {name: found for name in brief.names(body) if (found := self._interval(name))})

    def _interval(self, name: str) -> bytes | None:
        query = "SELECT body FROM documents WHERE kind = 'interval' AND id = ?"
        row = self._db.execute(query, (name,)).fetchone()
        return bytes.fromhex(read(row[0])["encoded"]) if row else None

    def close(self) -> None:
        """Closes the file."""
        self._db.close()
