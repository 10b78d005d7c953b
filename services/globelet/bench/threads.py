"""Processor time of every thread of some processes, from /proc."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

Spent = dict[tuple[str, str], float]
"""Seconds by (process, thread name)."""

_TICK = 1 / os.sysconf("SC_CLK_TCK")


def spent(pids: Mapping[str, int]) -> Spent:
    """What each thread of the named processes has used so far; threads of one name are added up."""
    found: Spent = defaultdict(float)
    for name, pid in pids.items():
        for task in Path(f"/proc/{pid}/task").glob("*"):
            try:
                found[name, (task / "comm").read_text().strip()] += _seconds(task)
            except OSError:
                continue  # it ended meanwhile
    return dict(found)


def _seconds(task: Path) -> float:
    """Nanoseconds on a processor where the kernel tells, else clock ticks."""
    try:
        return int((task / "schedstat").read_text().split()[0]) / 1e9
    except (OSError, ValueError, IndexError):
        fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * _TICK


def minus(after: Spent, before: Spent) -> Spent:
    """What was used between two looks."""
    return {key: max(0.0, value - before.get(key, 0.0)) for key, value in after.items()}


def by_part(used: Spent) -> dict[str, float]:
    """Seconds by part of the system: the core, disk and network threads of the nodes, links, services."""
    parts = dict.fromkeys(("core", "disk", "network", "links", "services"), 0.0)
    for (process, thread), seconds in used.items():
        if process in ("links", "services"):
            parts[process] += seconds
        elif thread == "core":
            parts["core"] += seconds
        elif thread == "log":
            parts["disk"] += seconds
        else:
            parts["network"] += seconds
    return parts
