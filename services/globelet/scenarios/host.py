"""The host honesty meter: whether the machine itself was the bottleneck."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from globelet.scenarios.figures import percentile
from globelet.scenarios.result import Host

LAG_LIMIT_MS, STEAL_LIMIT, BUSY_LIMIT = 25.0, 5.0, 97.0
# A machine that was full for so many seconds was saturated, however long the run rested afterwards.
WINDOW_S = 10
_STEP = 0.05


def cpu_ticks() -> tuple[int, int, int]:
    """Busy, stolen and all clock ticks of all processors since boot, from /proc/stat."""
    fields = [int(text) for text in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle, steal = fields[3] + fields[4], fields[7]
    return sum(fields) - idle, steal, sum(fields)


class HostMeter:
    """Measures from `start` to `stop`: how late this process is woken, stolen and busy time, the world's own use.

    `usage` gives the processor seconds and the resident megabytes of the world's processes, each by pid.
    """

    def __init__(self, usage: Callable[[], tuple[dict[int, float], float]]) -> None:
        self._usage, self._lags = usage, [0.0]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="host-meter", daemon=True)
        self._max_rss, self._spent, self._seen = 0.0, 0.0, dict[int, float]()
        self._ticks: deque[tuple[int, int]] = deque(maxlen=WINDOW_S + 1)
        self._busiest = 0.0

    def start(self) -> HostMeter:
        """Begins."""
        self._before, self._own = cpu_ticks(), time.process_time()
        self._seen, self._max_rss = self._usage()
        self._thread.start()
        return self

    def _watch(self) -> None:
        rounds = 0
        while True:
            began = time.monotonic()
            if self._over.wait(_STEP):
                return
            self._lags.append(max(0.0, time.monotonic() - began - _STEP) * 1000)
            rounds += 1
            if rounds % 20 == 0:
                self._sample()
                self._look()

    def _look(self) -> None:
        """Keeps the busiest of all windows, in percent."""
        busy, _, total = cpu_ticks()
        self._ticks.append((busy, total))
        first = self._ticks[0]
        if len(self._ticks) > WINDOW_S and total > first[1]:
            self._busiest = max(self._busiest, 100 * (busy - first[0]) / (total - first[1]))

    def _sample(self) -> None:
        now, rss = self._usage()
        self._spent += sum(max(0.0, seconds - self._seen.get(pid, 0.0)) for pid, seconds in now.items())
        self._seen |= now
        self._max_rss = max(self._max_rss, rss)

    def stop(self) -> Host:
        """Ends, and says what was seen."""
        self._over.set()
        self._thread.join()
        self._sample()
        busy, steal, total = (after - before for after, before in zip(cpu_ticks(), self._before, strict=True))
        share = 100 / max(1, total)
        lag = percentile(self._lags, 0.99)
        saturated = lag > LAG_LIMIT_MS or steal * share > STEAL_LIMIT or max(busy * share, self._busiest) > BUSY_LIMIT
        spent = self._spent + time.process_time() - self._own
        return Host(
            saturated=saturated,
            cpu_seconds=round(spent, 3),
            max_rss_mb=round(self._max_rss, 1),
            steal_percent=round(steal * share, 2),
            busy_percent=round(busy * share, 1),
            lag_p99_ms=round(lag, 2),
        )
