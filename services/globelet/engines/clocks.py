"""Clocks that are apart, as the processes of a world measured each other's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_AHEAD = re.compile(r'^globelet_clock_ahead_seconds\{peer="([^"]+)"\} (\S+)$', re.M)


@dataclass(frozen=True)
class Ahead:
    """How far one process saw another's clock ahead of its own, in seconds; negative if behind."""

    process: str
    peer: str
    seconds: float


def measured(texts: Mapping[str, str]) -> Iterator[Ahead]:
    """What each process found of those it has a connection to; `texts` are their Prometheus texts by name."""
    for process, text in texts.items():
        for peer, seconds in _AHEAD.findall(text):
            yield Ahead(process, peer, float(seconds))


def apart(texts: Mapping[str, str], bound_us: int) -> Ahead | None:
    """The widest of those beyond the bound."""
    return max(
        (one for one in measured(texts) if abs(one.seconds) > bound_us / 1e6),
        key=lambda one: abs(one.seconds),
        default=None,
    )
