"""What `make load` leaves under `results/load-*`: steps to the knee, pairs, transfers, use of the machine."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from globelet.analysis import columns, results
from globelet.analysis.errors import AnalysisError, ExtraMissing, NoArchive
from globelet.engines.errors import Missing
from globelet.scenarios.figures import QUANTILES

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

MOMENTS = ("admitted", "committed", "credited", "told")


@dataclass(frozen=True)
class LoadRun:
    """One folder: a single rate, or the steps of a search for the knee. All latencies count from the intended time."""

    folder: Path

    @cached_property
    def report(self) -> dict[str, Any]:
        """`load.json` of a single rate, `knee.json` of a search. Raises `NoArchive` where there is neither."""
        for name in ("knee.json", "load.json"):
            if (self.folder / name).is_file():
                return dict(json.loads((self.folder / name).read_text()))
        raise NoArchive(f"{self.folder} has neither knee.json nor load.json; `make load` writes one when it has done")

    @property
    def searched(self) -> bool:
        """Whether it went to the knee."""
        return (self.folder / "knee.json").is_file()

    @property
    def steps(self) -> pd.DataFrame:
        """One row per rate, by rate: reached, sent, credited, `credited_p50_ms` …, stretch, `holds`; one if single."""
        pandas = columns.lab("pandas")
        if self.searched:
            return pandas.read_csv(self.folder / "steps.csv").sort_values("rate", ignore_index=True)
        told = self.report
        row = {name: told[name] for name in ("rate", "reached", "sent", "credited", "saturated_what")}
        row |= {f"{m}_{q}_ms": told[f"{m}_ms"][q] for m in ("committed", "credited") for q in QUANTILES}
        row |= {f"stretch_{q}": told["ocean"]["stretch"][q] for q in ("p50", "p99")}
        row |= {"errors": told["sent"] - told["credited"], "busy_percent": told["machine"]["busy_percent"]}
        return pandas.DataFrame([row])

    @property
    def detail(self) -> LoadRun:
        """The run of one rate to look into: itself, or the highest step that holds (else the lowest there is)."""
        if not self.searched:
            return self
        steps = self.steps
        held = steps.loc[steps["holds"].astype(str).str.lower() == "true", "rate"]
        return LoadRun(self.folder / f"step-{held.max() if len(held) else steps['rate'].min():g}")

    @property
    def pairs(self) -> pd.DataFrame:
        """One row per pair: count, errors, `wire_ms`, percentiles of each moment in ms, stretch."""
        return columns.lab("pandas").read_csv(self.folder / "pairs.csv").rename(columns=_ENDS)

    @property
    def transfers(self) -> pd.DataFrame:
        """One row per transfer: `intended_us`, ends, `lag_ms` of the generator, ms to each moment, how it ended."""
        return columns.lab("pandas").read_csv(self.folder / "transfers.csv").rename(columns=_ENDS)

    @property
    def usage(self) -> pd.DataFrame:
        """Processors busy and memory (MB) of each process every two seconds or so, `generator` and `machine` too."""
        return columns.lab("pandas").read_csv(self.folder / "usage.csv")


_ENDS = {"from": "source", "to": "destination"}


def newest() -> LoadRun | None:
    """The newest search for the knee, else the newest run of one rate; None where there is neither."""
    files = [*results.newest("load-*/knee.json"), *results.newest("load-*/load.json")]
    return LoadRun(files[0].parent) if files else None


def per_second(transfers: pd.DataFrame, moment: str = "credited") -> pd.DataFrame:
    """By second of intended time, from 0: sent, and p50, p90, p99 of the time to a moment, ms (nearest rank)."""
    from globelet.scenarios.figures import percentile

    second = ((transfers["intended_us"] - transfers["intended_us"].min()) // 1_000_000).rename("second")
    rows = [
        {"second": int(at), "sent": len(some)}
        | {f"{q}_ms": percentile(list(known), QUANTILES[q]) if len(known) else None for q in ("p50", "p90", "p99")}
        for at, some in transfers.groupby(second)
        for known in [some[f"{moment}_ms"].dropna()]
    ]
    return columns.lab("pandas").DataFrame(rows, columns=["second", "sent", "p50_ms", "p90_ms", "p99_ms"])


def shares(transfers: pd.DataFrame, moments: tuple[str, ...] = MOMENTS) -> dict[str, Any]:
    """Of each moment: its sorted times (ms) and the share of all sent that was there by then, 0 to 1."""
    numpy = columns.lab("numpy")
    times = {moment: numpy.sort(transfers[f"{moment}_ms"].dropna().to_numpy(dtype=float)) for moment in moments}
    return {m: (some, numpy.arange(1, len(some) + 1) / len(transfers)) for m, some in times.items() if len(some)}


def run(rate: float, seconds: float, out: Path, world: str | None = None) -> LoadRun:
    """Loads the world that is up with `rate` transfers a second, into the folder `out`.

    Raises `Missing` without the generator, `AnalysisError` with its sentence where it could not run.
    """
    script = _script()
    # Looked for and not imported: it replaces sockets and threads of whoever imports it.
    if find_spec("locust") is None:
        raise ExtraMissing("locust", "load")
    words = ["--rate", f"{rate:g}", "--for", f"{seconds:g}s", "--no-alone", "--out", str(out)]
    command = [sys.executable, str(script), *words, *(["--world", world] if world else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if not (out / "load.json").is_file():
        said = (done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1]
        raise AnalysisError(f"the load generator did not run: {said}")
    return LoadRun(out)


def _script() -> Path:
    here = [Path.cwd(), *Path.cwd().parents[:2], *Path(__file__).resolve().parents[3:4]]
    for folder in here:
        if (folder / "scenarios" / "load" / "run.py").is_file():
            return folder / "scenarios" / "load" / "run.py"
    raise Missing(
        "scenarios/load/run.py is not here; run `make load` in a clone, and name its results in GLOBELET_RESULTS"
    )
