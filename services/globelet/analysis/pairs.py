"""Latency per pair of municipalities: percentiles, and the stretch against wire and floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from globelet.analysis import columns
from globelet.analysis.errors import BadChoice
from globelet.analysis.floor import floor_ms, places, wires_ms
from globelet.scenarios.figures import QUANTILES
from globelet.world.resolved import ResolvedWorld

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]


def latencies(receipts: pd.DataFrame, stage: str = "credited", since: str = "admitted") -> pd.DataFrame:
    """Per transfer that has both stages: source, destination and `ms` between the two. Raises `BadChoice`."""
    for name in (stage, since):
        if name not in columns.STAGES:
            raise BadChoice(f"{name!r} is not a stage; one of {', '.join(columns.STAGES)}")
    ms = (receipts[f"{stage}_us"] - receipts[f"{since}_us"]).astype("Float64") / 1000
    both = receipts["source"].notna() & receipts["destination"].notna() & ms.notna()
    return receipts.loc[both, ["id", "source", "destination"]].assign(ms=ms[both].astype(float)).reset_index(drop=True)


def percentiles(world: ResolvedWorld, times: pd.DataFrame) -> pd.DataFrame:
    """One row per pair: transfers, `p50_ms` … `p999_ms` (nearest rank), wire, floor and stretch (p50 ÷ wire).

    `times` has source, destination and `ms`. Wire is the declared one-way delay, floor light in fibre, both ms.
    """
    wires, where = wires_ms(world), places(world)
    grouped = times.groupby(["source", "destination"], sort=True)["ms"]
    found = grouped.agg(transfers="count", **{f"{n}_ms": _nearest(q) for n, q in QUANTILES.items()}).reset_index()
    pairs = list(zip(found["source"], found["destination"], strict=True))
    found["wire_ms"] = [wires[pair] for pair in pairs]
    found["floor_ms"] = [floor_ms(where[a], where[b]) for a, b in pairs]
    found["stretch"] = found["p50_ms"] / found["wire_ms"]
    return found


def square(world: ResolvedWorld, pairs: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column of `percentiles` as a table, sources down, destinations across, in the world's order."""
    names = [chain.name for chain in world.municipalities()]
    return pairs.pivot(index="source", columns="destination", values=column).reindex(index=names, columns=names)


def _nearest(share: float) -> object:
    from globelet.scenarios.figures import percentile

    return lambda some: percentile(list(some), share)
