"""Stretch at several rates, and the highest rate at which nothing is lost and the stretch stays small."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from globelet.bench.figure import Aim, Figure, figure
from globelet.bench.load import Load, crosses
from globelet.bench.session import RATES
from globelet.scenarios.figures import percentile

if TYPE_CHECKING:
    from globelet.bench.session import Session
    from globelet.scenarios.world import World

GROUP, HIGHEST = "stretch", "highest rate"
WIRE = "the wire"
MOST_STRETCH = 2.0
_START, _STEP, _CLIMBS, _HALVINGS = 100.0, 2.0, 7, 3


def stretches(world: World, load: Load) -> list[float]:
    """Stretch of every credited transfer that crossed an ocean."""
    return [r.stretch for r in load.credited if crosses(world, r)]


def rows(session: Session) -> list[Figure]:
    """Light load from Tokyo to Paris, then everyone with everyone at each rate."""
    found = _of(session, "light", RATES[0], "Tokyo to Paris", light=True)
    for rate in RATES:
        found += _of(session, "everyone", rate, "across oceans", light=False)
    return found


def _of(session: Session, mix: str, rate: float, what: str, *, light: bool) -> list[Figure]:
    load = session.load(mix, rate)
    seen = stretches(session.world, load)
    found = []
    for name, share, bound in (("p50", 0.5, 1.2), ("p99", 0.99, 1.5)):
        value = percentile(seen, share) if seen else None
        aim = Aim(bound, "ratio") if light else None
        label = f"{what}, {rate:g}/s, {name}"
        found.append(figure(GROUP, label, value, "wires", against=WIRE, baseline=1.0, aim=aim))
    lost, against = f"{what}, {rate:g}/s, not credited", "sent" if load.rested else "a sample of those sent"
    found.append(figure(GROUP, lost, load.lost, "transfers", against=against, baseline=len(load.receipts), aim=Aim(0)))
    return found


def bearable(world: World, load: Load) -> bool:
    """Whether everything arrived, and soon enough."""
    seen = stretches(world, load)
    return load.rested and load.lost == 0 and bool(seen) and percentile(seen, 0.99) <= MOST_STRETCH


def search(bears: Callable[[float], bool], start: float) -> float:
    """The highest rate found that is borne: climbs by doubling, then halves the gap a few times; 0 where none was."""
    low, high = 0.0, start
    for _ in range(_CLIMBS):
        if not bears(high):
            break
        low, high = high, high * _STEP
    else:
        return low
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high) if low else high / 2
        if bears(middle):
            low = middle
        else:
            high = middle
    return low


def highest(session: Session) -> list[Figure]:
    """All transfers cross an ocean, for seconds at a time."""
    borne: dict[float, Load] = {}

    def bears(rate: float) -> bool:
        load = session.trial("ocean", rate)
        if bearable(session.world, load):
            borne[rate] = load
        return rate in borne

    found = search(bears, _START)
    return _named(session, found, borne.get(found))


def _named(session: Session, borne: float, load: Load | None) -> list[Figure]:
    seen = stretches(session.world, load) if load else []
    generator = load.generator / load.seconds if load else None
    return [
        figure(
            HIGHEST,
            f"nothing lost, stretch p99 ≤ {MOST_STRETCH:g}, all across oceans",
            borne,
            "transfers/s",
            against="one processor verifying each four times",
            baseline=1 / (4 * session.costs.of("verify_of_batch")),
            aim=Aim(5_000, side="least"),
        ),
        figure(
            HIGHEST, "its stretch, p99", percentile(seen, 0.99) if seen else None, "wires", against=WIRE, baseline=1.0
        ),
        figure(HIGHEST, "the load generator's own use then", generator, "processors"),
    ]
