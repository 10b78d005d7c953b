"""One run of Locust into a folder, with what the machine used meanwhile."""

# ruff: noqa: N818  (errors are named after what happened)
from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from figures import Transfer, gather, lag, pair_rows, reached, whole, write_rows
from meter import Meter, Usage
from schedule import Schedule
from testbed import Testbed
from verdict import judge

from globelet.engines.errors import EngineError

HERE = Path(__file__).resolve().parent
_MARGIN = 120.0


@dataclass(frozen=True)
class Choice:
    """What was asked for, besides the rate."""

    world: str
    duration: str
    people: int
    streams: int
    settle: int
    processes: int
    seed: int


class LoadEnded(EngineError):
    """Locust ended before the load was over; its sentence and exit status count."""

    code = "load_ended"

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.exit_status = status


def play(
    testbed: Testbed, choice: Choice, rates: str, folder: Path, environment: dict[str, str]
) -> tuple[list[Transfer], Usage, float]:
    """Runs Locust; the transfers, what was used while they were sent, and when that began (s of the epoch).

    Raises `LoadEnded`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    schedule = Schedule.parse(rates, choice.duration)
    log = folder / "locust.log"
    process = subprocess.Popen(  # noqa: S603
        _command(choice, rates, folder),
        env=os.environ | environment | {"GLOBELET_LOAD_OUT": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=log.open("wb"),
    )
    meter = Meter(testbed, lambda: _family(process.pid)).start()
    try:
        status = process.wait(schedule.seconds + choice.settle + _MARGIN)
    except subprocess.TimeoutExpired as error:
        raise LoadEnded(f"the load did not end in time; its log is {log}", 1) from error
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(10)
        meter.stop()
    said = [json.loads(path.read_text()) for path in sorted(folder.glob("generator-*.json"))]
    if status != 0 or not said:
        raise LoadEnded(_last_words(log), status if status in (2, 4) else 1)
    start = min(part["start_us"] for part in said) / 1e6
    meter.write(folder / "usage.csv", start)
    for path in folder.glob("generator-*.json"):
        path.unlink()
    usage = meter.over(start, start + schedule.seconds)
    # Its own clocks, while it sent; opening accounts and settling are no part of it.
    usage.generator = sum(part["processors"] for part in said)
    usage.generator_peak = sum(part["peak"] for part in said)
    return gather(folder), usage, start


def _command(choice: Choice, rates: str, folder: Path) -> list[str]:
    options: list[object] = ["--headless", "--only-summary", "--exit-code-on-error", 0, "--loglevel", "INFO"]
    options += ["--csv", folder / "locust", "--html", folder / "locust.html"]
    options += ["--world", choice.world, "--rate", rates, "--for", choice.duration, "--people", choice.people]
    options += ["--streams", choice.streams, "--settle", choice.settle, "--seed", choice.seed]
    if choice.processes > 1:
        options += ["--processes", choice.processes]
    return [sys.executable, "-m", "locust", "-f", str(HERE / "locustfile.py"), *map(str, options)]


def _family(pid: int) -> list[int]:
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return []


def _last_words(log: Path) -> str:
    """The sentence of the load itself, where it said one."""
    lines = log.read_text(errors="replace").splitlines()
    mine = [line.partition("globelet.load: ")[2] for line in lines if "globelet.load: " in line]
    return f"{mine[-1] if mine else 'Locust ended before the load was over'}; its log is {log}"


def measure(
    testbed: Testbed, choice: Choice, rate: float, folder: Path, alone: dict[str, Any], say: Callable[[str], None]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One load at one rate: all of its folder but the report. What load.json and pairs.csv hold."""
    say(f"{rate:g} transfers/s for {choice.duration}, {choice.people} people …")
    schedule = Schedule.parse(f"{rate:g}", choice.duration)
    transfers, usage, start = play(testbed, choice, f"{rate:g}", folder, {})
    load: dict[str, Any] = {
        "world": choice.world,
        "rate": rate,
        "seconds": schedule.seconds,
        "reached": round(reached(transfers, schedule), 1),
        **whole(testbed, transfers),
        "generator": {
            "processes": choice.processes,
            "processors": round(usage.generator, 3),
            "lag_ms": lag(transfers),
            **alone,
        },
        "machine": {
            "cores": usage.cores,
            "busy_percent": usage.busy_percent,
            "steal_percent": usage.steal_percent,
            "others": round(usage.others, 2),
        },
        "processes": [asdict(process) for process in usage.processes],
        "started_us": int(start * 1e6),
        "seed": choice.seed,
    }
    verdict = judge(load, usage)
    load |= {"saturated_what": verdict.what, "saturated": verdict.sentence}
    pairs = pair_rows(testbed, transfers)
    write_rows(folder / "pairs.csv", pairs)
    (folder / "load.json").write_text(json.dumps(load, indent=1) + "\n", encoding="utf-8")
    return load, pairs
