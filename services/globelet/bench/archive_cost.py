"""What a receipt costs: processor time of the archiver and of each store in a container."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from globelet.bench.figure import Aim, Figure, figure

_REST_S = 15.0


@dataclass(frozen=True)
class Sample:
    """One look at the archiver: seconds since the begin, megabytes, processor seconds, records by store, archived."""

    at: float
    rss_mb: float
    cpu_s: float
    stores: dict[str, int]
    archived: int
    newest: int
    total: int


def spent(prefix: str) -> dict[str, float]:
    """Processor seconds so far of the containers whose names begin so; nothing for an empty prefix."""
    if not prefix:
        return {}
    import docker

    found = {}
    for container in docker.from_env().containers.list():
        if str(container.name).startswith(prefix):
            main = psutil.Process(container.attrs["State"]["Pid"])
            times = [one.cpu_times() for one in [main, *main.children(recursive=True)]]
            found[str(container.name).removeprefix(prefix)] = sum(t.user + t.system for t in times)
    return found


def at_rest(prefix: str) -> dict[str, float]:
    """Processors that the containers use when nothing is asked of them, measured for some seconds."""
    before, began = spent(prefix), time.monotonic()
    if before:
        time.sleep(_REST_S)
    span = time.monotonic() - began
    return {name: (seconds - before[name]) / span for name, seconds in spent(prefix).items() if name in before}


def of_stores(
    used: Mapping[str, float], idle: Mapping[str, float], first: Sample, last: Sample, aim: float
) -> list[Figure]:
    """What a receipt costs in each container, and what two processors could do with that and the archiver's part.

    `used` is in seconds, up to when all stores had all; `idle` what each container uses in a second without receipts.
    """
    count, group = max(last.archived, 1), "processor time per receipt"
    own = (last.cpu_s - first.cpu_s) / count * 1e3
    each = {name: max(0.0, seconds - idle.get(name, 0.0) * last.at) / count * 1e3 for name, seconds in used.items()}
    rows = [figure(group, name, cost, "ms", against="the archiver", baseline=own) for name, cost in each.items()]
    if each:
        whole, rest = own + sum(each.values()), sum(idle.values())
        rows.append(figure(group, "archiver and stores together", whole, "ms"))
        rows.append(figure(group, "processors used by the stores when idle", rest, ""))
        name = "receipts a second that two processors can do, at that"
        rows.append(figure(group, name, (2 - rest) * 1e3 / whole, "1/s", aim=Aim(aim, side="least"), how="estimated"))
    return rows
