"""How often the nodes do things for one transfer: counts, the same on every machine as far as the load is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from globelet.bench.figure import Figure, figure
from globelet.bench.session import RATES

if TYPE_CHECKING:
    from globelet.bench.load import Load
    from globelet.bench.session import Session

GROUP = "events per transfer"
_SHOWN = 10


def rows(session: Session) -> list[Figure]:
    """At the lowest and at the highest rate."""
    return [row for rate in (RATES[0], RATES[-1]) for row in of_load(session.load("everyone", rate))]


def of_load(load: Load) -> list[Figure]:
    """What the cores handled, by event; messages between processes; syncs of the logs."""
    work = load.counts.by("core_work_total", "work")
    work.pop("send", None)
    total = sum(work.values()) / load.sent
    at, unit, against = f"{load.rate:g}/s", "times", "all events"
    found = [figure(GROUP, f"{at}, all events", total, unit)]
    for name, times in sorted(work.items(), key=lambda item: -item[1])[:_SHOWN]:
        found.append(figure(GROUP, f"{at}, {name}", times / load.sent, unit, against=against, baseline=total))
    for name, key in (
        ("frames from other processes", "frames_received_total"),
        ("messages to other processes", "messages_sent_total"),
        ("syncs of a log", "log_sync_seconds_count"),
    ):
        found.append(
            figure(GROUP, f"{at}, {name}", load.counts.get(key) / load.sent, unit, against="all events", baseline=total)
        )
    return found
