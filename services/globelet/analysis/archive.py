"""Reads the embedded stores of a world."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from globelet.engines.state import default_root


class Archive:
    """The archive of one world, read-only, also while the world runs."""

    def __init__(self, world: str = "tokyo-paris", root: Path | None = None) -> None:
        self._path = (root or default_root(world)) / "archive" / "archive.sqlite"
        if not self._path.exists():
            raise FileNotFoundError(f"{self._path} is not there; `globelet up {world}` and some transfers make it")

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> Iterator[sqlite3.Row]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            yield from db.execute(query, values)

    def receipts(self) -> list[dict[str, Any]]:
        """One row per receipt: parties, amount, state, and `<stage>_us` for each stage reached."""
        return [_flat(row) for row in self._rows("SELECT * FROM receipts ORDER BY admitted_us, id")]

    def stages(self, transfers: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The ladders of those of these transfers that the stores have: `{id: {"stages": …}}`, in one query."""
        wanted = json.dumps(list(transfers))
        query = (
            "SELECT id, json_extract(body, '$.stages') AS stages FROM receipts "
            "WHERE id IN (SELECT value FROM json_each(?))"
        )
        return {row["id"]: {"stages": json.loads(row["stages"] or "{}")} for row in self._rows(query, (wanted,))}

    def documents(self, kind: str) -> list[dict[str, Any]]:
        """The documents of a kind (`block`, `root`)."""
        rows = self._rows("SELECT body FROM documents WHERE kind = ? ORDER BY id", (kind,))
        return [dict(json.loads(row["body"])) for row in rows]

    def frame(self) -> Any:
        """The receipts as a pandas frame; needs the extra `lab`."""
        import pandas  # type: ignore[import-not-found,import-untyped,unused-ignore]

        return pandas.DataFrame(self.receipts())


def _flat(row: sqlite3.Row) -> dict[str, Any]:
    body = json.loads(row["body"])
    flat = {name: row[name] for name in row.keys() if name != "body"}  # noqa: SIM118
    for stage, stamp in (body.get("stages") or {}).items():
        flat[f"{stage}_us"] = stamp.get("micros") if isinstance(stamp, dict) else stamp
    return flat
