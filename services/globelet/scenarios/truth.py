"""The latency truth gate: declared delays beside those measured on the connections that messages use."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any

from globelet.scenarios.result import LinkTruth
from globelet.world.resolved import ResolvedWorld

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
    the sweeps made while the scenario ran; they count together as one more probe of the links they reached.
    """
    rounds = [_worst(world, rows) for rows in probes]
    loaded = _worst(world, _pooled(alongside))
    pairs = sorted(set().union(*rounds)) if rounds else []
    found = []
    for source, to in pairs:
        declared = world.link(source, to).delay_us / 1000
        seen = [r[source, to] for r in rounds if (source, to) in r]
        complete = len(seen) == len(rounds)
        seen += [loaded[source, to]] if (source, to) in loaded else []
        p50 = max((p for p, _ in seen), key=lambda p: abs(p - declared))
        row = {
            "from": source,
            "to": to,
            "declared_ms": round(declared, 3),
            "measured_p50_ms": round(p50, 3),
            "measured_p99_ms": round(max(p99 for _, p99 in seen), 3),
            "within_tolerance": complete and within(declared, p50),
        }
        found.append(LinkTruth.model_validate(row))
    return found


def _pooled(sweeps: Iterable[Iterable[dict[str, Any]]]) -> list[dict[str, Any]]:
    """One row per link and process: the median of its sweeps' medians."""
    rows: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in (row for sweep in sweeps for row in sweep if row.get("samples")):
        rows.setdefault((row["from"], row["to"], row["process"]), []).append(row)
    return [
        {**some[0], "p50_ms": median(float(r["p50_ms"]) for r in some), "p99_ms": max(float(r["p99_ms"]) for r in some)}
        for some in rows.values()
    ]


def _worst(world: ResolvedWorld, rows: Iterable[dict[str, Any]]) -> dict[tuple[str, str], tuple[float, float]]:
    worst: dict[tuple[str, str], tuple[float, float]] = {}
    for row in rows:
        if not row.get("samples"):
            continue
        pair = str(row["from"]), str(row["to"])
        declared = world.link(*pair).delay_us / 1000
        p50, p99 = float(row["p50_ms"]), float(row["p99_ms"])
        before = worst.get(pair)
        if before is None:
            worst[pair] = p50, p99
        else:
            worst[pair] = max(before[0], p50, key=lambda p: abs(p - declared)), max(before[1], p99)
    return worst
