"""The links of a world as a frame: what was declared beside what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from globelet.analysis import columns, results
from globelet.scenarios.truth import judge, judge_internet
from globelet.world.resolved import ResolvedWorld

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

ENDS = ("source", "destination", "route")
NAMES = (*ENDS, "declared_ms", "jitter_ms", "loss", "measured_p50_ms", "measured_p99_ms", "true")


def frame(world: ResolvedWorld, measured: Path | Iterable[Mapping[str, Any]] | None = None) -> pd.DataFrame:
    """One row per directed link between regions and route (backbone, internet), one-way milliseconds.

    `measured` is the folder of a result (its `links.csv`), or the rows of `engine.measured_links(…)`; without it, the
    newest result of this world below `results/`. `true` says whether the median is within 5 % + 1 ms of what was
    declared; it is missing, as the measured columns are, where nobody measured.
    """
    declared = columns.lab("pandas").DataFrame(
        {
            "source": world.regions[link.source],
            "destination": world.regions[link.to],
            "route": route,
            "declared_ms": link.delay_us / 1000,
            "jitter_ms": link.jitter_us / 1000,
            "loss": link.loss,
        }
        for route, links in (("backbone", world.links), ("internet", world.internet))
        for link in links
    )
    told = _measured(world, newest(world.name) if measured is None else measured)
    return declared.merge(told, "left", list(ENDS)).reindex(columns=list(NAMES))


def newest(world: str) -> Path | None:
    """The newest result folder of a world that has measured links; None where there is none."""
    return next((file.parent for file in results.newest("*/links.csv") if _of(file.parent, world)), None)


def _of(folder: Path, world: str) -> bool:
    import yaml

    file = folder / "world.yaml"
    return file.is_file() and file.stat().st_size > 0 and _name(yaml.safe_load(file.read_text())) == world


def _name(document: Any) -> str | None:
    return str(document.get("name")) if isinstance(document, dict) else None


def _measured(world: ResolvedWorld, measured: Path | Iterable[Mapping[str, Any]] | None) -> pd.DataFrame:
    pandas = columns.lab("pandas")
    names = ["from", "to", "route", "measured_p50_ms", "measured_p99_ms", "within_tolerance"]
    if isinstance(measured, Path):
        found = pandas.read_csv(measured / "links.csv")
    else:
        probes = [[dict(row) for row in measured or ()]]
        judged = [*judge(world, probes), *judge_internet(world, probes)]
        rows = [{"route": "backbone", **row.model_dump(by_alias=True)} for row in judged]
        found = pandas.DataFrame(rows, columns=names)
    found = found.assign(route=found.get("route", "backbone")).reindex(columns=names).astype({"route": "str"})
    found = found.rename(columns={"from": "source", "to": "destination", "within_tolerance": "true"})
    return found.astype({"measured_p50_ms": float, "measured_p99_ms": float, "true": "boolean"})
