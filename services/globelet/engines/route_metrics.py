"""The routes of one process, read from its Prometheus text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_SAMPLE = re.compile(r"globelet_route_(\w+)\{(.*)\} (\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def measured(text: str) -> list[dict[str, Any]]:
    """One row per pair of regions and route; see `Engine.routes`."""
    figures: dict[str, dict[tuple[str, ...], float]] = {}
    for name, labels, value in _samples(text):
        figures.setdefault(name, {})[tuple(labels.get(key, "") for key in ("from", "to", "route"))] = value

    def figure(name: str, *key: str) -> float:
        return figures.get(name, {}).get(key, 0.0)

    return [
        {
            "from": source,
            "to": to,
            "route": route,
            "active": round(active),
            "delay_ms": round(1000 * figure("delay_seconds", source, to, route), 3),
            "declared_ms": round(1000 * figure("declared_seconds", source, to, route), 3),
            "switches": round(figure("switches_total", source, to, "")),
        }
        for (source, to, route), active in sorted(figures.get("active", {}).items())
    ]


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for name, labels, value in _SAMPLE.findall(text):
        yield name, dict(_LABEL.findall(labels)), float(value)
