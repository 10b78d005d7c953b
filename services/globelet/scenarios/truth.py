"""The latency truth gate: declared delays beside those measured on the connections that messages use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import median
from typing import Any

from globelet.scenarios.result import LinkTruth, RouteTruth
from globelet.world.resolved import ResolvedWorld, RouteName

RELATIVE, ABSOLUTE_MS = 0.05, 1.0


def within(declared_ms: float, measured_ms: float) -> bool:
    """Whether a measured median is within 5 % + 1 ms of what was declared."""
    return abs(measured_ms - declared_ms) <= RELATIVE * declared_ms + ABSOLUTE_MS


def judge(
    world: ResolvedWorld,
    probes: Iterable[Iterable[dict[str, Any]]],
    alongside: Iterable[Iterable[dict[str, Any]]] = (),
) -> list[LinkTruth]:
    """One row per link that carries messages, the worst of what all its senders saw in all probes.

    A link nobody measured, in any one of `probes`, is outside the tolerance: silence is no evidence. `alongside` are
    the sweeps made while the scenario ran; they count together as one more probe of the links they reached. Between
    two continents this is the backbone; `judge_internet` judges the other route.
    """
    return [LinkTruth.model_validate(row) for row in _judged(world, probes, alongside, "backbone")]


def judge_internet(
    world: ResolvedWorld,
    probes: Iterable[Iterable[dict[str, Any]]],
    alongside: Iterable[Iterable[dict[str, Any]]] = (),
) -> list[RouteTruth]:
    """As `judge`, for the routes over the public internet."""
    rows = _judged(world, probes, alongside, "internet")
    return [RouteTruth.model_validate(row | {"route": "internet"}) for row in rows]


def unproven(world: ResolvedWorld, looks: Iterable[Iterable[dict[str, Any]]]) -> tuple[int, list[LinkTruth]]:
    """How many links and routes none of the looks found as declared, and those of them that the last one measured.

    For the door, before anything depends on them: one look at a link that is as declared is enough, since a wrong delay
    never looks right, and a busy machine makes any of them late now and then.
    """
    shown, last = set[str](), list[LinkTruth]()
    for rows in map(list, looks):
        last = [*judge(world, [rows]), *judge_internet(world, [rows])]
        shown |= {link.named for link in last if link.within_tolerance}
    declared = len(world.links) + len(world.internet)
    return declared - len(shown), [link for link in last if link.named not in shown]


def _judged(
    world: ResolvedWorld,
    probes: Iterable[Iterable[dict[str, Any]]],
    alongside: Iterable[Iterable[dict[str, Any]]],
    route: RouteName,
) -> Iterator[dict[str, Any]]:
    rounds = [_worst(world, _over(route, rows), route) for rows in probes]
    loaded = _worst(world, _pooled(_over(route, rows) for rows in alongside), route)
    pairs = sorted(set().union(*rounds)) if rounds else []
    for source, to in pairs:
        declared = world.link(source, to, route).delay_us / 1000
        seen = [r[source, to] for r in rounds if (source, to) in r]
        complete = len(seen) == len(rounds)
        seen += [loaded[source, to]] if (source, to) in loaded else []
        p50 = max((p for p, _ in seen), key=lambda p: abs(p - declared))
        yield {
            "from": source,
            "to": to,
            "declared_ms": round(declared, 3),
            "measured_p50_ms": round(p50, 3),
            "measured_p99_ms": round(max(p99 for _, p99 in seen), 3),
            "within_tolerance": complete and within(declared, p50),
        }


def _over(route: RouteName, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row.get("route", "backbone") == route]


def _pooled(sweeps: Iterable[Iterable[dict[str, Any]]]) -> list[dict[str, Any]]:
    """One row per link and process: the median of its sweeps' medians."""
    rows: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in (row for sweep in sweeps for row in sweep if row.get("samples")):
        rows.setdefault((row["from"], row["to"], row["process"]), []).append(row)
    return [
        {**some[0], "p50_ms": median(float(r["p50_ms"]) for r in some), "p99_ms": max(float(r["p99_ms"]) for r in some)}
        for some in rows.values()
    ]


def _worst(
    world: ResolvedWorld, rows: Iterable[dict[str, Any]], route: RouteName
) -> dict[tuple[str, str], tuple[float, float]]:
    worst: dict[tuple[str, str], tuple[float, float]] = {}
    for row in rows:
        if not row.get("samples"):
            continue
        pair = str(row["from"]), str(row["to"])
        declared = world.link(*pair, route).delay_us / 1000
        p50, p99 = float(row["p50_ms"]), float(row["p99_ms"])
        before = worst.get(pair)
        if before is None:
            worst[pair] = p50, p99
        else:
            worst[pair] = max(before[0], p50, key=lambda p: abs(p - declared)), max(before[1], p99)
    return worst
