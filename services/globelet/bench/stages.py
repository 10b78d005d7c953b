"""How long each step of the ladder takes while little else is under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from globelet.bench.figure import Aim, Figure, figure
from globelet.bench.session import RATES
from globelet.client.receipt import Receipt
from globelet.scenarios.figures import percentile

if TYPE_CHECKING:
    from globelet.bench.session import Session
    from globelet.world.resolved import ResolvedWorld

GROUP = "stages"
_SHARES = (("p50", 0.5), ("p99", 0.99))


def between(first: str, then: str) -> Callable[[Receipt], float]:
    """Milliseconds from one step to the next."""
    return lambda r: r.stages[then] - r.stages.get(first, 0.0)


# Name, the last step it needs, its milliseconds.
STEPS: list[tuple[str, str, Callable[[Receipt], float]]] = [
    ("S0 admit: click to admitted", "admitted", between("click", "admitted")),
    ("S1-S3 seal and hold: admitted to held", "held", between("admitted", "held")),
    ("S5 agree: held to committed", "committed", between("held", "committed")),
    ("S4, R1-R4 deliver, beyond the wire", "delivered", lambda r: between("committed", "delivered")(r) - r.wire_ms),
    ("R5 credit: delivered to credited", "credited", between("delivered", "credited")),
]


def rows(session: Session) -> list[Figure]:
    """Each step at light load, then what a sender waits for."""
    load = session.load("light", RATES[0])
    done, wire = load.credited, load.receipts[0].wire_ms
    found = []
    for name, stage, value in STEPS:
        seen = [value(r) for r in done if stage in r.micros]
        found += _pair(name, seen, wire, Aim(10), "the wire")
    found += _since_click(session, done, wire)
    return found


def _pair(name: str, seen: Sequence[float], baseline: float, aim: Aim | None, against: str) -> list[Figure]:
    """Median and 99th percentile; the aim is on the latter."""
    return [
        figure(
            GROUP,
            f"{name}, {label}",
            percentile(seen, share) if seen else None,
            "ms",
            against=against,
            baseline=baseline,
            aim=aim if label == "p99" else None,
        )
        for label, share in _SHARES
    ]


def _since_click(session: Session, done: list[Receipt], wire: float) -> list[Figure]:
    def clicked(receipts: list[Receipt], stage: str) -> list[float]:
        return [r.stages[stage] for r in receipts if stage in r.micros]

    world = session.world.spec
    trip = quorum_trip_ms(world, "tokyo")
    heavy = session.load("everyone", RATES[-1]).credited if not session.quick else []
    found = _pair("click to committed, light", clicked(done, "committed"), wire, Aim(20), "the wire")
    if heavy:
        name = f"click to committed, {RATES[-1]:g}/s"
        found += _pair(name, clicked(heavy, "committed"), wire, Aim(50), "the wire")
    acknowledged = clicked(done, "acknowledged")
    found += _pair(
        "click to acknowledged", acknowledged, trip, Aim(2.5, "ratio"), "round trip to the continent's quorum"
    )
    found += _pair("click to anchored", clicked(done, "anchored"), wire, Aim(30_000), "the wire")
    found += _pair("click to archived", clicked(done, "archived"), wire, None, "the wire")
    return found


def quorum_trip_ms(world: ResolvedWorld, municipality: str) -> float:
    """Round trip from the first replica of the municipality's continent to the farthest one of its nearest quorum."""
    chain = next(c for c in world.chains if c.name == municipality)
    if chain.parent is None:
        raise ValueError(f"{municipality} lies on no continent")
    regions = [node.region for node in world.members(chain.parent, "replica")]
    first = regions[0]
    trips = sorted((world.link(first, r).delay_us + world.link(r, first).delay_us) / 1000 for r in regions[1:])
    faults = (len(regions) - 1) // 3
    return trips[len(regions) - faults - 2]
