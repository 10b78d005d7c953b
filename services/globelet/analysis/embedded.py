"""The embedded store: one SQLite file under the state directory."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from globelet.analysis import columns
from globelet.analysis.errors import NoArchive, OtherSchema
from globelet.analysis.source import Skipped

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

_NEEDED = {"receipts": {"id", "process", "body"}, "documents": {"kind", "body"}}


class EmbeddedStore:
    """Reads `archive/archive.sqlite`, also while the world runs."""

    store = "SQLite"

    def __init__(self, root: Path, world: str) -> None:
        self.path = root / "archive" / "archive.sqlite"
        self.skipped: list[Skipped] = []
        if not self.path.exists():
            raise NoArchive(f"{self.path} is not there; `globelet up {world}` and some transfers make it")

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> Iterator[sqlite3.Row]:
        try:
            with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as db:
                db.row_factory = sqlite3.Row
                yield from db.execute(query, values)
        except sqlite3.DatabaseError as error:
            raise OtherSchema(str(self.path), f"is not an archive of this version ({error})") from error

    def _has(self, table: str) -> set[str]:
        """The columns of a table. Raises `OtherSchema` where those are missing that this version reads."""
        found = {str(row["name"]) for row in self._rows("SELECT name FROM pragma_table_info(?)", (table,))}
        if missing := _NEEDED[table] - found:
            raise OtherSchema(str(self.path), f"has no {', '.join(sorted(missing))} in its table {table}")
        return found

    def receipts(self, since_us: int = 0) -> pd.DataFrame:
        """Flat columns where the file has them, else worked out of the bodies."""
        found = self._has("receipts")
        names = columns.RECEIPTS if found.issuperset(columns.RECEIPTS) else ("process", "body")
        since = "WHERE coalesce(admitted_us, 0) >= ?" if "admitted_us" in found else "WHERE 0 <= ?"
        query = f"SELECT {', '.join(names)} FROM receipts {since}"  # noqa: S608  (names of our own columns)
        rows = self._rows(query, (since_us,))
        if "body" not in names:
            return columns.receipts_frame(dict(row) for row in rows)
        made = (columns.flat(row["process"], json.loads(_text(row["body"]))) for row in rows)
        return columns.receipts_frame(row for row in made if (row["admitted_us"] or 0) >= since_us)

    def blocks(self) -> pd.DataFrame:
        """From the documents of every chain, roots among them."""
        self._has("documents")
        rows = self._rows("SELECT body FROM documents WHERE kind IN ('block', 'root')")
        return columns.blocks_frame(columns.block(json.loads(_text(row["body"]))) for row in rows)

    def documents(self, kind: str) -> list[dict[str, Any]]:
        """The documents of a kind (`block`, `root`), whole."""
        rows = self._rows("SELECT body FROM documents WHERE kind = ? ORDER BY id", (kind,))
        return [dict(json.loads(_text(row["body"]))) for row in rows]

    def stages(self, ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """The ladders, in one query, taken out of the bodies by SQLite."""
        query = (
            "SELECT id, json_extract(body, '$.stages') AS stages FROM receipts "
            "WHERE id IN (SELECT value FROM json_each(?))"
        )
        rows = self._rows(query, (json.dumps(list(ids)),))
        return {row["id"]: {"stages": json.loads(row["stages"] or "{}")} for row in rows}

    def bodies(self, ids: Collection[str]) -> dict[str, bytes]:
        """The bodies as kept, made canonical."""
        return {row: columns.canonical(json.loads(body)) for row, body in self._bodies(ids)}

    def intervals(self, names: Collection[str]) -> dict[str, bytes]:
        """The interval signatures among the documents."""
        query = "SELECT id, body FROM documents WHERE kind = 'interval' AND id IN (SELECT value FROM json_each(?))"
        rows = self._rows(query, (json.dumps(list(names)),))
        return {row["id"]: bytes.fromhex(json.loads(_text(row["body"]))["encoded"]) for row in rows}

    def _bodies(self, ids: Collection[str]) -> Iterator[tuple[str, str]]:
        query = "SELECT id, body FROM receipts WHERE id IN (SELECT value FROM json_each(?))"
        for row in self._rows(query, (json.dumps(list(ids)),)):
            yield row["id"], _text(row["body"])


def _text(body: str | bytes) -> str:
    if isinstance(body, str):
        return body
    return (body if body[:1] == b"{" else zlib.decompress(body)).decode()
