"""The knee: the highest rate that the testbed holds, found by doubling and then halving the gap."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figures import write_rows
from meter import pids
from report import knee_report
from testbed import Testbed
from verdict import RULE, holds

from globelet.bench.threads import Spent, minus, spent

START, DOUBLINGS, DESCENTS, HALVINGS = 100.0, 8, 3, 2
REST, RESTED = 60.0, 0.35
"""Seconds that the world may take to come to rest between steps, and the processors it may use then."""


def search(step: Callable[[float], dict[str, Any]], alone_rate: float, start: float = START) -> dict[str, Any]:
    """Climbs by doubling until a rate does not hold, then halves the gap; never above what the generator can make.

    Where the first rate does not hold, it descends, to an eighth at most.
    """
    steps: list[dict[str, Any]] = []

    def bears(rate: float) -> bool:
        steps.append(step(rate))
        return bool(steps[-1]["holds"])

    low, high = 0.0, start
    for _ in range(DOUBLINGS):
        if high > alone_rate > 0 or not bears(high):
            break
        low, high = high, high * 2
    broke = bool(steps) and not steps[-1]["holds"]
    for _ in range(DESCENTS if broke and not low else 0):
        if bears(high / 2):
            low = high / 2
            break
        high /= 2
    for _ in range(HALVINGS if broke and low else 0):
        middle = round(math.sqrt(low * high))
        low, high = (middle, high) if bears(middle) else (low, middle)
    broken = next((s for s in steps if s["rate"] == high and not s["holds"]), None)
    last = broken or steps[-1]
    return {
        "knee": low,
        "broke_at": high if broken else 0.0,
        "rule": RULE,
        "saturated": last["saturated"],
        "saturated_what": last["saturated_what"],
        "steps": steps,
    }


def step_of(load: dict[str, Any]) -> dict[str, Any]:
    """A line of steps.csv."""
    ms = {f"{m}_{q}_ms": load[f"{m}_ms"][q] for m in ("committed", "credited") for q in ("p50", "p90", "p99", "p999")}
    for name in ("committed_p90_ms", "committed_p999_ms"):
        del ms[name]
    return {
        "rate": load["rate"],
        "reached": load["reached"],
        "sent": load["sent"],
        "credited": load["credited"],
        "errors": load["sent"] - load["credited"],
        **ms,
        "stretch_p50": load["ocean"]["stretch"]["p50"],
        "stretch_p99": load["ocean"]["stretch"]["p99"],
        "lag_p99_ms": load["generator"]["lag_ms"]["p99"],
        "generator_processors": load["generator"]["processors"],
        "busy_percent": load["machine"]["busy_percent"],
        "holds": holds(load),
        "saturated_what": load["saturated_what"],
        "saturated": load["saturated"],
    }


def rest(testbed: Testbed) -> None:
    """Waits until the world has got over the step before, a minute at most; at once where nothing can be seen."""
    known, end = pids(testbed.status), time.monotonic() + REST
    while known and time.monotonic() < end:
        before, began = spent(known), time.monotonic()
        time.sleep(1.0)
        if _processors(spent(known), before, time.monotonic() - began) <= RESTED:
            return


def _processors(after: Spent, before: Spent, span: float) -> float:
    return sum(minus(after, before).values()) / span


def write(folder: Path, knee: dict[str, Any]) -> None:
    """steps.csv, knee.json and report.md."""
    rows = [{name: value for name, value in step.items() if name != "saturated"} for step in knee["steps"]]
    write_rows(folder / "steps.csv", [{**row, "holds": str(row["holds"]).lower()} for row in rows])
    (folder / "knee.json").write_text(json.dumps(knee, indent=1) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(knee_report(knee), encoding="utf-8")
