"""How much load the generator makes by itself: against a server that answers everything at once."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from figures import keeps_up
from meter import Usage
from schedule import MOST_RATE, Schedule
from testbed import Testbed
from trial import HERE, Choice, play
from verdict import FULL

RATES = (1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000)
SECONDS, MOST_LATE_MS, GIVE_UP = 1.0, 50.0, 0.5


@contextmanager
def null_server() -> Iterator[tuple[str, int]]:
    """A server that does nothing, in a process of its own: its address and its pid."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, str(HERE / "nullserver.py")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None, "a pipe was asked for"
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid
    finally:
        process.terminate()
        process.wait(10)


def alone(testbed: Testbed, choice: Choice, say: Callable[[str], None]) -> dict[str, Any]:
    """`alone_rate`: the highest rate at which the generator keeps up by itself; `alone_saturated_by`: what ended it."""
    say("the generator alone …")
    rates = ",".join(str(most) for rate in RATES if (most := rate * choice.processes) <= MOST_RATE)
    quick = replace(choice, duration=f"{SECONDS:g}s", settle=1)
    schedule = Schedule.parse(rates, quick.duration)
    folder = Path(tempfile.mkdtemp(prefix="globelet-load-alone-"))
    try:
        with null_server() as (url, server):
            environment = {"GLOBELET_LOAD_NULL": url, "GLOBELET_LOAD_GIVE_UP": f"{GIVE_UP:g}"}
            # It asks no engine where the world is.
            environment |= {"GLOBELET_GENESIS": str(testbed.genesis), "GLOBELET_TREASURY": str(testbed.treasury)}
            empty = replace(testbed, status={"processes": [{"name": "null", "pid": server}]}, null=True)
            transfers, usage, _ = play(empty, quick, rates, folder, environment)
        held = keeps_up(transfers, schedule, MOST_LATE_MS)
        kept = next((number for number, holds in enumerate(held) if not holds), len(held))
        return {
            "alone_rate": schedule.steps[kept - 1].rate if kept else 0.0,
            "alone_saturated_by": _by(kept == len(held), usage, choice.processes),
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _by(all_held: bool, usage: Usage, processes: int) -> str:
    if all_held:
        return "nothing saturated: that is the highest rate tried"
    if any(process.peak_processors >= FULL for process in usage.processes):
        return "the empty server saturated there, so it can do more"
    if usage.generator_peak >= FULL * processes:
        return "its own processor is what saturates"
    return f"it got {usage.generator_peak:.2f} processors at most, other programs had the rest of the machine"
