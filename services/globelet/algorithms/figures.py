"""The figures of the algorithms: what criterion and pytest-benchmark measured in one run, as ratios.

A kernel is one benchmark group, named `<algorithm>: <kernel>` on both sides. Its base is the crate itself (`globelet`,
or `globelet, <variant>`); every other row of the same variant is a multiple of that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

OWN = "globelet"


@dataclass(frozen=True)
class Figure:
    """The time that one of several takes for one kernel."""

    algorithm: str
    kernel: str
    who: str
    nanoseconds: float
    ratio: float | None = None
    """Multiple of the crate's own time in the same run; None where nothing of that variant is its own."""

    @property
    def variant(self) -> str:
        """What follows the name after a comma: two with the same variant do the same work."""
        return self.who.partition(", ")[2]


def gather(criterion: Path, python: Path) -> list[Figure]:
    """Reads the results of both and sets them side by side, sorted by kernel, the crate's own first.

    Raises ValueError if a file is not what the tools write.
    """
    found = [*_of_criterion(criterion), *_of_python(python)]
    bases: dict[tuple[str, str, str], float] = {}
    for figure in found:
        if figure.who.split(",")[0] == OWN:
            bases[figure.algorithm, figure.kernel, figure.variant] = figure.nanoseconds
    return sorted((_compared(f, bases) for f in found), key=lambda f: (f.algorithm, f.kernel, f.variant, f.ratio or 0))


def _compared(figure: Figure, bases: dict[tuple[str, str, str], float]) -> Figure:
    same = [base for key, base in bases.items() if key[:2] == (figure.algorithm, figure.kernel)]
    base = bases.get((figure.algorithm, figure.kernel, figure.variant))
    if base is None and len(same) == 1:
        base = same[0]
    ratio = None if base is None else round(figure.nanoseconds / base, 3)
    return Figure(figure.algorithm, figure.kernel, figure.who, figure.nanoseconds, ratio)


def _figure(group: str, who: str, nanoseconds: float) -> Figure:
    algorithm, _, kernel = group.partition(": ")
    return Figure(algorithm, kernel or group, who, nanoseconds)


def _of_criterion(folder: Path) -> Iterator[Figure]:
    for file in sorted(folder.glob("**/new/benchmark.json")):
        names = json.loads(file.read_text(encoding="utf-8"))
        estimates = json.loads(file.with_name("estimates.json").read_text(encoding="utf-8"))
        if ": " in names["group_id"]:
            yield _figure(names["group_id"], names["function_id"], estimates["median"]["point_estimate"])


def _of_python(file: Path) -> Iterator[Figure]:
    if not file.exists():
        return
    for entry in json.loads(file.read_text(encoding="utf-8"))["benchmarks"]:
        yield _figure(entry["group"], entry["extra_info"]["who"], entry["stats"]["median"] * 1e9)


def save(figures: list[Figure], file: Path) -> None:
    """Writes figures for `load`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n", encoding="utf-8")


def load(file: Path) -> list[Figure]:
    """Reads figures that `save` wrote; none if there is no such file. Raises ValueError if it is another file."""
    if not file.exists():
        return []
    try:
        return [Figure(**entry) for entry in json.loads(file.read_text(encoding="utf-8"))]
    except (TypeError, ValueError) as error:
        text = f"{file} holds no figures: run `make bench-algorithms` again"
        raise ValueError(text) from error
