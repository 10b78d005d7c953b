"""What the machine, the world's processes and the generator use while a load runs, sampled beside it."""

from __future__ import annotations

import csv
import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psutil
from testbed import Testbed

from globelet.bench.metrics import Counts
from globelet.bench.threads import Spent, minus, spent
from globelet.scenarios.host import cpu_ticks

EACH = 2.0
"""Seconds between two samples."""
GENERATOR, MACHINE = "generator", "machine"
COLUMNS = ("at_s", "process", "processors", "rss_mb", "core_queue", "gated")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """One look: processor seconds so far by process and thread, memory, queues by process, the machine's ticks."""

    at: float
    spent: Spent
    rss_mb: dict[str, float]
    queues: dict[str, tuple[float, float]]
    busy_s: float
    steal_s: float
    all_s: float


@dataclass
class Used:
    """What one process used over a span."""

    name: str
    processors: float
    peak_processors: float = 0.0
    busiest_thread: str = ""
    thread_processors: float = 0.0
    rss_mb: float = 0.0
    core_queue_max: float | None = None
    gated_max: float | None = None


@dataclass
class Usage:
    """What all used over a span."""

    cores: int
    busy_percent: float
    steal_percent: float
    generator: float
    generator_peak: float
    others: float
    processes: list[Used] = field(default_factory=list)


class Meter:
    """Samples on a thread from `start` to `stop`."""

    def __init__(self, testbed: Testbed, generators: Callable[[], list[int]]) -> None:
        self._pids, self._generators = pids(testbed.status), generators
        self._metrics = metric_doors(testbed) if not testbed.null else {}
        self.samples: list[Sample] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)

    def start(self) -> Meter:
        """Begins."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends after one more sample."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        with httpx.Client(timeout=1.0, trust_env=False) as client:
            while True:
                self.samples.append(self._sample(client))
                if self._over.wait(EACH):
                    return

    def _sample(self, client: httpx.Client) -> Sample:
        own = {f"{GENERATOR} {pid}": pid for pid in self._generators()}
        busy, steal, total = (ticks / _TICKS for ticks in cpu_ticks())
        at, used = time.time(), spent(self._pids | own)
        rss = {name: _rss(pid) for name, pid in (self._pids | own).items()}
        queues = {name: _queues(client, url) for name, url in self._metrics.items()}
        found = {name: queue for name, queue in queues.items() if queue is not None}
        return Sample(at, used, rss, found, busy, steal, total)

    def over(self, begin: float, end: float) -> Usage:
        """What was used between two moments (seconds of the epoch), as near as the samples come."""
        inside = [s for s in self.samples if begin - EACH / 2 <= s.at <= end + EACH / 2]
        if len(inside) < 2:
            inside = self.samples[-2:]
        if len(inside) < 2 or inside[-1].all_s <= inside[0].all_s:
            return Usage(os.cpu_count() or 1, 0.0, 0.0, 0.0, 0.0, 0.0)
        first, last = inside[0], inside[-1]
        span, all_s = last.at - first.at, last.all_s - first.all_s
        by_thread = {key: seconds / span for key, seconds in minus(last.spent, first.spent).items()}
        generator = sum(p for (process, _), p in by_thread.items() if process.startswith(GENERATOR))
        processes = [self._used(name, by_thread, inside) for name in self._pids]
        cores = round(all_s / span)
        busy = (last.busy_s - first.busy_s) / all_s
        others = max(0.0, busy * cores - generator - sum(p.processors for p in processes))
        steal = (last.steal_s - first.steal_s) / all_s
        return Usage(cores, round(100 * busy, 1), round(100 * steal, 2), generator, generator, others, processes)

    @staticmethod
    def _used(name: str, by_thread: Spent, inside: list[Sample]) -> Used:
        threads = {thread: p for (process, thread), p in by_thread.items() if process == name}
        busiest = max(threads, key=lambda thread: threads[thread], default="")
        queues = [s.queues[name] for s in inside if name in s.queues]
        return Used(
            name,
            round(sum(threads.values()), 3),
            round(max(_rate(name, a, b) for a, b in pairwise(inside)), 3),
            busiest,
            round(threads.get(busiest, 0.0), 3),
            round(max((s.rss_mb.get(name, 0.0) for s in inside), default=0.0), 1),
            max((core for core, _ in queues), default=None),
            max((gated for _, gated in queues), default=None),
        )

    def write(self, path: Path, start: float) -> None:
        """All samples as usage.csv; times in seconds from `start`."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for before, now in pairwise(self.samples):
                span = max(0.001, now.at - before.at)
                used = minus(now.spent, before.spent)
                rows = dict.fromkeys([*self._pids, GENERATOR], 0.0)
                for (process, _), seconds in used.items():
                    rows[GENERATOR if process.startswith(GENERATOR) else process] += seconds / span
                rows[MACHINE] = (now.busy_s - before.busy_s) / span
                for name, processors in rows.items():
                    rss = [mb for process, mb in now.rss_mb.items() if process.startswith(name)]
                    core, gated = now.queues.get(name, ("", ""))
                    writer.writerow(
                        [
                            f"{now.at - start:.1f}",
                            name,
                            f"{processors:.3f}",
                            f"{sum(rss):.1f}" if rss else "",
                            core,
                            gated,
                        ]
                    )


def _rate(name: str, before: Sample, now: Sample) -> float:
    """Processors that a process kept busy between two samples."""
    used = minus(now.spent, before.spent)
    return sum(s for (process, _), s in used.items() if process == name) / max(0.001, now.at - before.at)


def pids(status: dict[str, Any]) -> dict[str, int]:
    """Processes of a world by name: by pid where the engine tells it, else by container, where Docker tells."""
    found = {}
    for process in status.get("processes", []):
        name = str(process["name"])
        if process.get("pid"):
            found[name] = int(process["pid"])
        elif process.get("container") and (pid := _container_pid(str(process["container"]))):
            found[name] = pid
    return found


def _container_pid(container: str) -> int | None:
    command = ["docker", "inspect", "--format", "{{.State.Pid}}", container]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = done.stdout.strip()
    return _working(int(text)) if text.isdecimal() and int(text) > 0 else None


def _working(pid: int) -> int:
    """Of a container's first process and those below it, the one that works: the first may be an init."""
    try:
        first = psutil.Process(pid)
        times = {p.pid: sum(p.cpu_times()[:2]) for p in [first, *first.children(recursive=True)]}
    except psutil.Error:
        return pid
    return max(times, key=lambda each: times[each])


def metric_doors(testbed: Testbed) -> dict[str, str]:
    """Where each process that hosts nodes tells its metrics, by name: those that can be asked from here."""
    names = {p.name for p in testbed.world.processes}
    return {name: f"{url}/metrics" for name, url in testbed.doors.items() if name in names}


def _queues(client: httpx.Client, url: str) -> tuple[float, float] | None:
    try:
        counts = Counts.read([client.get(url).raise_for_status().text])
    except httpx.HTTPError:
        return None
    return counts.get("core_queue_length"), counts.get("gated_effects")


def _rss(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0
