"""How far each store is with each process: for the metrics, for `archived`, for the command line."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Mapping
from threading import Lock

from globelet.archiver.bus import Position

BUS = "bus"
LEAD = 2_000
"""Records that a store may be ahead of another while it has more than as many before it."""


class Track:
    """One store and one process: the end of the bus, what was handed over and what is settled, with their times."""

    def __init__(self) -> None:
        self.end, self.settled = 0, Position(0)
        self._taken: deque[tuple[int, int]] = deque()

    def taken(self, bus: int, at_ms: int) -> None:
        """A batch that begins at this offset and time was handed to the store."""
        if not self._taken or bus > self._taken[-1][0]:
            self._taken.append((bus, at_ms))

    def settle(self, at: Position) -> None:
        """Everything before this is in the store."""
        self.settled = at
        while len(self._taken) > 1 and self._taken[1][0] <= at.bus:
            self._taken.popleft()

    def notice(self) -> None:
        """For a store whose batches nobody announces: what it lacks now counts from now."""
        if self.lag == 0:
            self._taken.clear()
        elif not self._taken:
            self._taken.append((self.settled.bus, int(time.time() * 1000)))

    def rewind(self, at: Position) -> None:
        """The store begins again from here."""
        self._taken.clear()
        self.settled = at

    @property
    def lag(self) -> int:
        """Records on the bus that the store has not."""
        return max(0, self.end - self.settled.bus)

    def age(self, now: float) -> float:
        """Seconds since the oldest record that the store has not came to the bus; 0 if it has all."""
        if self.lag == 0 or not self._taken:
            return 0.0
        return max(0.0, now - self._taken[0][1] / 1000)


class Progress:
    """All stores and processes. Safe to use from several threads."""

    def __init__(self, processes: list[str]) -> None:
        self.processes = processes
        self._tracks: dict[tuple[str, str], Track] = {}
        self._records: Counter[str] = Counter()
        self._dead: Counter[tuple[str, str]] = Counter()
        self._passed: dict[str, int] = {}
        self._lock = Lock()
        self.troubles: dict[str, str] = {}
        """What keeps a store from working now, by store: a sentence with its code."""
        self.generations: dict[str, int] = {}
        """How often each outbox was begun anew, as the publisher knows."""

    def track(self, store: str, process: str) -> Track:
        """The track of a store and a process."""
        found = self._tracks.get((store, process))
        if found is None:
            with self._lock:
                found = self._tracks.setdefault((store, process), Track())
        return found

    def passed(self, store: str, consumed: Mapping[str, Position]) -> None:
        """A store was handed everything before these positions, settled or not."""
        with self._lock:
            self._passed[store] = sum(at.bus for at in consumed.values())

    def ahead(self, store: str) -> bool:
        """Whether much waits for a store, and yet more for another that works."""
        ends = sum(self.track(store, process).end for process in self.processes)
        with self._lock:
            own = self._passed.get(store, 0)
            last = min((n for name, n in self._passed.items() if name not in self.troubles), default=own)
        return min(ends - own, own - last) > LEAD

    def count(self, store: str, records: int) -> None:
        """A store took records."""
        with self._lock:
            self._records[store] += records

    def died(self, store: str, process: str) -> None:
        """A store refused a record for good."""
        with self._lock:
            self._dead[process, store] += 1

    def archived(self, process: str, stores: tuple[str, ...]) -> int:
        """The outbox offset up to which all these stores have a process, in the generation that is published now."""
        settled = [self.track(store, process).settled for store in stores]
        generation = self.generations.get(process)
        if generation is None or any(at.generation != generation for at in settled):
            return 0
        return min((at.outbox for at in settled), default=0)

    def rows(self) -> list[tuple[str, str, int, float]]:
        """Store, process, lag in records, age in seconds."""
        now = time.time()
        with self._lock:
            tracks = sorted(self._tracks.items())
        return [(store, process, t.lag, t.age(now)) for (store, process), t in tracks]

    def metrics(self) -> str:
        """In Prometheus' text format."""
        rows = self.rows()
        lines = ["# TYPE globelet_archiver_lag_records gauge"]
        lines += [f'globelet_archiver_lag_records{{store="{s}",process="{p}"}} {lag}' for s, p, lag, _ in rows]
        lines.append("# TYPE globelet_archiver_age_seconds gauge")
        lines += [f'globelet_archiver_age_seconds{{store="{s}",process="{p}"}} {age:.3f}' for s, p, _, age in rows]
        with self._lock:
            records, dead = sorted(self._records.items()), sorted(self._dead.items())
        lines.append("# TYPE globelet_archiver_records_total counter")
        lines += [f'globelet_archiver_records_total{{store="{s}"}} {n}' for s, n in records]
        lines.append("# TYPE globelet_dead_letters_total counter")
        lines += [f'globelet_dead_letters_total{{process="{p}",store="{s}"}} {n}' for (p, s), n in dead]
        lines.append("# TYPE globelet_archiver_store_up gauge")
        lines += [f'globelet_archiver_store_up{{store="{s}"}} {int(s not in self.troubles)}' for s, _ in records]
        return "\n".join(lines) + "\n"
