"""Measures the links before, while and after a scenario runs."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from globelet.engines.engine import Engine
from globelet.scenarios.faults import FaultLog

Rows = list[dict[str, Any]]

# Draws of the jitter come in turns of sixteen: two turns to be near the declared median.
SAMPLES, SPACING_MS = 32, 25.0
SWEEP_SAMPLES, SWEEP_SPACING_MS, BETWEEN_SWEEPS = 16, 100.0, 2.0


class Probes:
    """All measurements of one run. On engines in real time, a thread sweeps the links beside the scenario."""

    def __init__(self, engine: Engine) -> None:
        self.rounds: list[Rows] = []
        self.notes: list[str] = []
        self._engine, self._sweeps, self._over = engine, list[Rows](), threading.Event()
        self._thread: threading.Thread | None = None

    def measure(self) -> None:
        """Measures every link now. What goes wrong becomes a note."""
        try:
            rows = self._engine.measured_links(SAMPLES, SPACING_MS)
        except Exception as error:
            self.notes.append(f"the links could not be measured: {type(error).__name__}: {error}")
            return
        self.rounds.append(rows)
        if not rows:
            self.notes.append("no process measured any link")

    def start(self) -> None:
        """Begins to sweep, where time is real."""
        if self._engine.real_time:
            self._thread = threading.Thread(target=self._sweep, name="link-probes", daemon=True)
            self._thread.start()

    def _sweep(self) -> None:
        while not self._over.wait(BETWEEN_SWEEPS):
            try:
                rows = self._engine.measured_links(SWEEP_SAMPLES, SWEEP_SPACING_MS)
            except Exception:  # noqa: S112 a process that is down measures nothing
                continue
            self._sweeps.append(rows)

    def stop(self) -> None:
        """Ends the sweeping."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def alongside(self, faults: FaultLog) -> list[Rows]:
        """The sweeps, without the links that the scenario itself disturbed; none where it disturbed processes."""
        if any("process" in entry or entry["fault"].endswith("_all") for entry in faults.entries):
            return []
        broken = {(entry["source"], entry["to"]) for entry in faults.entries if "source" in entry}
        return [_without(rows, broken) for rows in self._sweeps]


def _without(rows: Iterable[dict[str, Any]], broken: set[tuple[str, str]]) -> Rows:
    return [row for row in rows if (row["from"], row["to"]) not in broken]
