"""Parquet files of receipts: one per chain process and minute, under the state directory."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from globelet.archiver.document import read

STAGES = (
    "admitted",
    "held",
    "committed",
    "delivered",
    "credited",
    "acknowledged",
    "anchored",
    "archived",
    "refused",
    "refunded",
)


def available() -> bool:
    """Whether the extra `stores` (pyarrow) is installed."""
    return find_spec("pyarrow") is not None


def columns(receipts: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Receipts as columns: id, state, parties, amount, route, one `<stage>_us` per stage."""
    table: dict[str, list[Any]] = {"id": [], "state": [], "source": [], "destination": [], "amount": [], "route": []}
    table |= {f"{stage}_us": [] for stage in STAGES}
    for receipt in receipts:
        inner = receipt.get("transfer")
        order = inner if isinstance(inner, dict) else receipt
        stages = receipt.get("stages") or {}
        table["id"].append(receipt["id"])
        table["state"].append(receipt.get("state"))
        for name in ("source", "destination"):
            value = order.get(name)
            table[name].append(None if value is None else str(value))
        table["amount"].append(order.get("amount"))
        table["route"].append(receipt.get("route"))
        for stage in STAGES:
            stamp = stages.get(stage)
            table[f"{stage}_us"].append(stamp.get("micros") if isinstance(stamp, dict) else stamp)
    return table


def write(path: Path, receipts: list[dict[str, Any]]) -> None:
    """Writes one file, whole or not at all. Needs pyarrow."""
    import pyarrow  # type: ignore[import-untyped,unused-ignore]
    import pyarrow.parquet as pq  # type: ignore[import-untyped,unused-ignore]

    integers = {"amount", *(f"{stage}_us" for stage in STAGES)}
    table = columns(receipts)
    arrays = {n: pyarrow.array(v, pyarrow.int64() if n in integers else pyarrow.string()) for n, v in table.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    pq.write_table(pyarrow.table(arrays), part, compression="zstd")
    part.replace(path)


class MinuteFiles:
    """Gathers receipts in a journal per process and minute; a minute that is over becomes one Parquet file.

    The journal is what a crash leaves; it is folded at the next start. Duplicate ids keep the last.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, process: str, receipts: list[str], now: float) -> None:
        """Journals receipts, each as JSON in one line, under the minute of their archiving."""
        if receipts:
            name = time.strftime("%Y%m%dT%H%M", time.gmtime(now))
            with (self.folder / f"{process}-{name}.journal").open("a") as file:
                file.write("\n".join(receipts) + "\n")

    def fold(self, now: float, *, everything: bool = False) -> int:
        """Turns finished minutes into files; returns how many. Keeps the journals where pyarrow is missing."""
        if not available():
            return 0
        journals = sorted(self.folder.glob("*.journal")) if everything else self.waiting(now)
        for journal in journals:
            self._fold_one(journal)
        return len(journals)

    def waiting(self, now: float) -> list[Path]:
        """The journals of minutes that are over."""
        current = time.strftime("%Y%m%dT%H%M", time.gmtime(now))
        return sorted(path for path in self.folder.glob("*.journal") if not path.stem.endswith(current))

    def _fold_one(self, journal: Path) -> None:
        process, minute = journal.stem.rsplit("-", 1)
        latest: dict[str, dict[str, Any]] = defaultdict(dict)
        for line in journal.read_text().splitlines():
            try:
                receipt = read(line)
            except ValueError:
                continue  # the torn last line of a crash; its page was not checkpointed and comes again
            latest[receipt["id"]] = receipt
        target = self.folder / process / f"{minute}.parquet"
        if target.exists():
            target = target.with_name(f"{minute}-{time.time_ns()}.parquet")
        write(target, list(latest.values()))
        journal.unlink()


if __name__ == "__main__":
    MinuteFiles(Path(sys.argv[1])).fold(time.time())
