"""When transfers are due: a constant arrival rate, whatever becomes of those before (the open model)."""

# ruff: noqa: N818  (errors are named after what happened)
from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from globelet.engines.errors import EngineError

MOST_RATE, MOST_SECONDS = 100_000.0, 86_400.0
MOST_TRANSFERS = 1_000_000
"""They are signed before the load begins, and remembered until it ends: about 1 KB each."""
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


class BadFigure(EngineError):
    """A rate, a duration or a count that cannot be read."""

    code, exit_status = "bad_figure", 2


@dataclass(frozen=True)
class Step:
    """So many transfers a second for so many seconds."""

    rate: float
    seconds: float

    @property
    def count(self) -> int:
        """How many transfers that are."""
        return round(self.rate * self.seconds)


@dataclass(frozen=True)
class Schedule:
    """Steps one after the other. Most loads are one step."""

    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, rates: str, duration: str) -> Schedule:
        """`500` or `500,1000,2000`, each for `duration`. Raises `BadFigure`."""
        seconds = parse_seconds(duration)
        made = cls(tuple(Step(parse_rate(rate), seconds) for rate in rates.split(",")))
        if not 0 < made.count <= MOST_TRANSFERS:
            raise BadFigure(
                f"{rates} transfers/s for {duration} makes {made.count:,} transfers; choose a rate and a duration "
                f"that make from 1 to {MOST_TRANSFERS:,}"
            )
        return made

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return sum(step.seconds for step in self.steps)

    @property
    def count(self) -> int:
        """How many transfers fall due."""
        return sum(step.count for step in self.steps)

    def due(self, worker: int = 0, workers: int = 1) -> Iterator[tuple[float, float]]:
        """When the transfers of one worker fall due, every n-th one of all: seconds after the start; the rate then."""
        number, begin = 0, 0.0
        for step in self.steps:
            for index in range(step.count):
                if number % workers == worker:
                    yield begin + index / step.rate, step.rate
                number += 1
            begin += step.seconds


def parse_rate(text: str) -> float:
    """Transfers a second, above 0. Raises `BadFigure`."""
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate <= MOST_RATE:
        raise BadFigure(
            f"the rate {text!r} is not a number of transfers a second above 0 and up to {MOST_RATE:g}; "
            "write for example RATE=500, or RATE=knee to look for the highest one"
        )
    return rate


def parse_seconds(text: str) -> float:
    """`60`, `60s`, `2m` or `1h`. Raises `BadFigure`."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text)
    if not found or found[2] not in _UNITS or not 0 < float(found[1]) * _UNITS[found[2]] <= MOST_SECONDS:
        raise BadFigure(f"the duration {text!r} cannot be read; write for example FOR=60s or FOR=2m")
    return float(found[1]) * _UNITS[found[2]]


def parse_count(text: str, what: str, least: int, most: int) -> int:
    """A whole number between two bounds. Raises `BadFigure`."""
    if not text.isdecimal() or not least <= int(text) <= most:
        raise BadFigure(f"{what} {text!r} is not a whole number from {least:,} to {most:,}")
    return int(text)
