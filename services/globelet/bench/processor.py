"""Processor seconds per 1,000 transfers, and where they go.

By part of the system: read from the clocks of the threads. By step: the core thread's own count of its time. By kind:
sampled by `perf` where that works, and estimated, from how often each operation was done and what it costs by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from globelet.bench import profile
from globelet.bench.figure import Aim, Figure, How, figure
from globelet.bench.operations import KINDS, estimate
from globelet.bench.session import RATES
from globelet.bench.threads import by_part

if TYPE_CHECKING:
    from globelet.bench.load import Load
    from globelet.bench.session import Session

GROUP, WHERE = "processor", "where it goes"
_PARTS = {
    "core": "nodes, core threads (the protocol)",
    "disk": "nodes, log threads (disk)",
    "network": "nodes, network threads (TLS, gRPC, HTTP)",
    "links": "link emulator",
    "services": "services (identity, presence, archiver)",
}
_SHOWN = 12
VERIFIED = "four Ed25519 verifications of each, in batches"


def per_thousand(load: Load, idle: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Seconds per 1,000 transfers by part, above what a world at rest would have used in that time."""
    above = {key: seconds - idle.get(key, 0.0) * load.span for key, seconds in load.used.items()}
    thousands = load.sent / 1000
    return {part: seconds / thousands for part, seconds in by_part(above).items()}


def rows(session: Session) -> list[Figure]:
    """At rest and at each rate; how the cost grows; where it goes."""
    idle = sum(session.idle.values()) * 100
    found = [figure(GROUP, "a world at rest", idle, "%", against="one processor", baseline=100, aim=Aim(3))]
    base = 4 * 1000 * session.costs.of("verify_of_batch")
    totals: dict[float, float] = {}
    for rate in RATES:
        load = session.load("everyone", rate)
        spent = per_thousand(load, session.idle)
        totals[rate] = sum(spent.values())
        found += _at_rate(load, spent, base)
    low, high = RATES[0], borne(session)
    if high > low:
        name, against = f"{high:g}/s, growth of the cost per transfer", f"at {low}/s"
        aim = Aim(1, "ratio")
        found.append(figure(GROUP, name, totals[high], "s", against=against, baseline=totals[low], aim=aim))
    return found + where(session)


def _at_rate(load: Load, spent: Mapping[str, float], base: float) -> list[Figure]:
    """All of it, then its parts, then the load generator, which is no part of it."""
    total, at = sum(spent.values()), f"{load.rate:g}/s"
    name = f"{at}, per 1,000 transfers, idle cost taken off" + ("" if load.rested else ", not complete")
    found = [figure(GROUP, name, total, "s", against=VERIFIED, baseline=base, aim=Aim(0.25))]
    parts = [(label, spent[part]) for part, label in _PARTS.items()]
    parts.append(("load generator, beside that", load.generator / load.sent * 1000))
    return found + [figure(GROUP, f"{at}, {n}", s, "s", against="all of it", baseline=total) for n, s in parts]


def where(session: Session) -> list[Figure]:
    """Steps, kinds sampled, kinds estimated: at the lowest rate, and at the highest that is borne."""
    found = []
    for rate in sorted({float(RATES[0]), borne(session)}):
        load = session.load("everyone", rate)
        spent = per_thousand(load, session.idle)
        total = sum(spent.values())
        found += _sampled(session, rate, total) + _estimated(session, load, total) + _steps(load, spent["core"])
    return found


def borne(session: Session) -> float:
    """The highest of the rates that this machine carries."""
    return float(max((rate for rate in RATES if session.load("everyone", rate).rested), default=RATES[0]))


def _row(name: str, seconds: float | None, of: float, how: How, what: str) -> Figure:
    return figure(WHERE, name, seconds, "s per 1,000", against=what, baseline=of, how=how)


def _steps(load: Load, core: float) -> list[Figure]:
    """The core threads' time by what they were handling.

    They count by the clock on the wall: where threads waited for a processor, all is scaled to what they really used.
    """
    thousands = load.sent / 1000
    seconds = {n: s / thousands for n, s in load.counts.by("core_work_seconds_total", "work").items() if s > 0}
    scale = min(1.0, core / max(1e-9, sum(seconds.values())))
    largest = sorted(seconds.items(), key=lambda item: -item[1])
    shown = {name: taken * scale for name, taken in largest[:_SHOWN]}
    shown["all other events"] = sum(taken * scale for _, taken in largest[_SHOWN:])
    what = f"core threads at {load.rate:g}/s"
    found = [_row(f"core: {name}", taken, core, "measured", what) for name, taken in shown.items()]
    # Where all had to be scaled, what was spent between events is in it and cannot be told apart.
    rest = core - sum(shown.values()) if scale == 1 else None
    return [*found, _row("core: between events", rest, core, "measured", what)]


def _sampled(session: Session, rate: float, total: float) -> list[Figure]:
    shares = profile.sample(session, "everyone", rate)
    if shares is None:
        note = "perf does not work here: where the processor's time goes is estimated, not sampled"
        session.notes += [note] if note not in session.notes else []
        return []
    return [_row(kind, share * total, total, "sampled", f"all at {rate:g}/s") for kind, share in shares.items()]


def _estimated(session: Session, load: Load, total: float) -> list[Figure]:
    world = session.world.spec
    seconds = estimate(load.counts, world, session.costs.of)
    thousands = load.sent / 1000
    spent = by_part({key: s - session.idle.get(key, 0.0) * load.span for key, s in load.used.items()})
    by_kind = {kind: seconds.get(kind, 0.0) for kind in KINDS}
    by_kind |= {"disk": spent["disk"], "network": spent["network"] + spent["links"]}
    by_kind["services"] = spent["services"]
    by_kind["agreement, ledger, codec: not explained"] = sum(spent.values()) - sum(by_kind.values())
    what = f"all at {load.rate:g}/s"
    return [_row(kind, taken / thousands, total, "estimated", what) for kind, taken in by_kind.items()]
