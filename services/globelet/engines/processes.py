"""Detached processes with pid files: started, recognised and stopped across invocations."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from globelet.engines.errors import DidNotStart, DiskFull
from globelet.engines.state import room

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Identity:
    """A pid and the start time of the process (clock ticks since boot): together they are never reused."""

    pid: int
    start: int


def start_time(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat; None for no process or a dead one not yet collected.

    A process whose first thread has ended keeps its files and ports until the others have: it is not dead yet.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    threads = int(fields[17])
    return None if fields[0] in "ZX" and threads <= 1 else int(fields[19])


class Processes:
    """The processes of one world, by name, from its pid files."""

    def __init__(self, pids: Path, logs: Path) -> None:
        self._pids, self._logs = pids, logs
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def log(self, name: str) -> Path:
        """Where a process writes."""
        return self._logs / f"{name}.log"

    def start(self, name: str, command: Sequence[str | Path], environment: dict[str, str] | None = None) -> Identity:
        """Starts a process in a session of its own and notes who it is. Raises `DiskFull`."""
        with room(self.log(name)), self.log(name).open("ab") as log:
            child = subprocess.Popen(  # noqa: S603
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
            )
        self._children[name] = child
        identity = Identity(child.pid, start_time(child.pid) or 0)
        part = self._pids / f"{name}.part"
        try:
            with room(part):
                part.write_text(json.dumps(asdict(identity)))
                part.replace(self._pids / f"{name}.json")
        except DiskFull:
            # Without its note nobody would find it again.
            child.kill()
            child.wait()
            raise
        return identity

    def alive(self, name: str) -> int | None:
        """The pid, if the very process that was started still runs."""
        if (child := self._children.get(name)) is not None:
            child.poll()  # collects it if it has ended
        try:
            identity = Identity(**json.loads((self._pids / f"{name}.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return identity.pid if start_time(identity.pid) == identity.start else None

    def names(self) -> list[str]:
        """All that were started and not forgotten."""
        return sorted(path.stem for path in self._pids.glob("*.json"))

    def signal(self, names: Sequence[str], number: signal.Signals) -> None:
        """Signals those of them that run, each with its session."""
        for name in names:
            if (pid := self.alive(name)) is not None:
                try:
                    os.killpg(pid, number)
                except ProcessLookupError:
                    continue

    def gone(self, names: Sequence[str], timeout: float) -> list[str]:
        """Waits until they have ended; returns those that have not."""
        end = time.monotonic() + timeout
        while left := [name for name in names if self.alive(name) is not None]:
            if time.monotonic() >= end:
                return left
            time.sleep(0.02)
        return []

    def stop(self, names: Sequence[str], *, grace: float = 5.0) -> None:
        """Asks them to end, then ends them, then forgets them."""
        self.signal(names, signal.SIGCONT)
        self.signal(names, signal.SIGTERM)
        if left := self.gone(names, grace):
            self.kill(left)
        for name in names:
            (self._pids / f"{name}.json").unlink(missing_ok=True)

    def kill(self, names: Sequence[str]) -> None:
        """Ends them at once and waits until the system has let go of them."""
        self.signal(names, signal.SIGKILL)
        self.gone(names, 10.0)

    def await_ready(self, name: str, ready: Callable[[], bool], timeout: float) -> None:
        """Waits until `ready`; raises `DidNotStart` with the log's last line when the process ends before that."""
        end = time.monotonic() + timeout
        while not ready():
            if self.alive(name) is None:
                child = self._children.get(name)
                status = child.poll() if child else None
                raise DidNotStart(
                    name, f"ended with status {status}: {self.last_words(name)}", str(self.log(name)), status
                )
            if time.monotonic() >= end:
                raise DidNotStart(name, f"was not ready within {timeout:.0f} s", str(self.log(name)))
            time.sleep(0.05)

    def last_words(self, name: str) -> str:
        """The last line of its log."""
        try:
            lines = self.log(name).read_bytes()[-2000:].decode(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "it said nothing"


def usage(pid: int) -> tuple[float, float]:
    """Resident megabytes and processor seconds of a process; zeros if it is gone."""
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return process.memory_info().rss / 1e6, times.user + times.system
    except psutil.Error:
        return 0.0, 0.0


def age(pid: int) -> float:
    """Seconds since a process started."""
    start = start_time(pid)
    return max(0.01, time.clock_gettime(time.CLOCK_BOOTTIME) - start / _TICKS) if start is not None else 0.01
