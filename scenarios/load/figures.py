"""Figures of a load from its transfers: as a whole, by pair of municipalities, by step of the schedule."""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journey import COLUMNS
from schedule import Schedule
from testbed import Testbed

from globelet.scenarios.figures import QUANTILES, percentile, quantiles

MOMENTS = ("admitted", "committed", "credited", "told")


@dataclass(frozen=True)
class Transfer:
    """A line of transfers.csv; milliseconds from the intended time, None where unknown."""

    intended_us: int
    source: str
    to: str
    lag_ms: float
    ms: dict[str, float | None]
    end: str
    problem: str


def gather(folder: Path) -> list[Transfer]:
    """Puts the files of all generator processes together as transfers.csv, in the order of intended times."""
    rows: list[dict[str, str]] = []
    parts = sorted(folder.glob("transfers-*.csv"))
    for part in parts:
        with part.open(newline="", encoding="utf-8") as file:
            rows += csv.DictReader(file)
    rows.sort(key=lambda row: int(row["intended_us"]))
    with (folder / "transfers.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    for part in parts:
        part.unlink()
    return [_transfer(row) for row in rows]


def _transfer(row: dict[str, str]) -> Transfer:
    ms = {moment: float(row[f"{moment}_ms"]) if row[f"{moment}_ms"] else None for moment in MOMENTS}
    return Transfer(
        int(row["intended_us"]), row["from"], row["to"], float(row["lag_ms"]), ms, row["end"], row["problem"]
    )


def times(transfers: Iterable[Transfer], moment: str) -> list[float]:
    """The known times of one moment."""
    return [ms for t in transfers if (ms := t.ms[moment]) is not None]


def whole(testbed: Testbed, transfers: Sequence[Transfer]) -> dict[str, Any]:
    """Counts and quantiles over all transfers: `stretch`, and that of pairs on different continents (`ocean`)."""
    ends, far = Counter(t.end for t in transfers), {}
    wires = {(a, b): testbed.wire_ms(a, b) for a in testbed.endpoints for b in testbed.endpoints}
    for a, b in wires:
        far[a, b] = testbed.continent(a) != testbed.continent(b)
    credited = [(t, ms) for t in transfers if (ms := t.ms["credited"]) is not None]
    stretches = [(ms / wires[t.source, t.to], far[t.source, t.to]) for t, ms in credited]
    return {
        "sent": len(transfers),
        **{end: ends[end] for end in ("credited", "refused", "refunded", "unfinished")},
        "problems": dict(Counter(t.problem for t in transfers if t.problem)),
        **{f"{moment}_ms": quantiles(times(transfers, moment)) for moment in MOMENTS},
        "stretch": quantiles([s for s, _ in stretches]),
        "ocean": {"stretch": quantiles([s for s, ocean in stretches if ocean])},
    }


def reached(transfers: Sequence[Transfer], schedule: Schedule) -> float:
    """Transfers a second that were really handed over: a generator that is late stretches its time."""
    if not transfers:
        return 0.0
    start, last = transfers[0].intended_us, transfers[-1]
    over = (max(t.intended_us / 1000 + t.lag_ms for t in transfers[-100:]) - last.intended_us / 1000) / 1000
    return len(transfers) / max(schedule.seconds + over, (last.intended_us - start) / 1e6)


def pair_rows(testbed: Testbed, transfers: Iterable[Transfer]) -> list[dict[str, Any]]:
    """The lines of pairs.csv."""
    pairs: dict[tuple[str, str], list[Transfer]] = defaultdict(list)
    for transfer in transfers:
        pairs[transfer.source, transfer.to].append(transfer)
    rows = []
    for (source, to), some in sorted(pairs.items()):
        wire = testbed.wire_ms(source, to)
        row: dict[str, Any] = {"from": source, "to": to, "count": len(some)}
        row["errors"] = sum(t.end != "credited" for t in some)
        row["wire_ms"] = wire
        for moment in MOMENTS:
            row |= {f"{moment}_{name}_ms": value for name, value in quantiles(times(some, moment)).items()}
        stretches = quantiles([ms / wire for ms in times(some, "credited")])
        rows.append(row | {f"stretch_{name}": value for name, value in stretches.items()})
    return rows


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """A CSV file of them; an empty cell for what is unknown."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows(rows)


def lag(transfers: Sequence[Transfer]) -> dict[str, float]:
    """How late the generator itself was, milliseconds."""
    late = [t.lag_ms for t in transfers] or [0.0]
    return {**{name: percentile(late, QUANTILES[name]) for name in ("p50", "p99")}, "max": max(late)}


def keeps_up(transfers: Sequence[Transfer], schedule: Schedule, most_ms: float) -> list[bool]:
    """Step by step, against a server that answers at once: whether answers stayed within `most_ms` of the due time.

    What counts is the median of the step's last quarter; what was not answered was late.
    """
    start, begin, found = (transfers[0].intended_us if transfers else 0), 0.0, []
    for step in schedule.steps:
        quarter, end = begin + 0.75 * step.seconds, begin + step.seconds
        some = [t.ms["admitted"] for t in transfers if quarter <= (t.intended_us - start) / 1e6 < end]
        late = [math.inf if ms is None else ms for ms in some]
        whole_step = len(late) >= 0.2 * step.count
        found.append(whole_step and percentile(late, 0.5) <= most_ms)
        begin = end
    return found
