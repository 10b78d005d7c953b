"""One measured figure, what it is compared with, and whether it is what the design aims at."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

How = Literal["measured", "sampled", "estimated"]


@dataclass(frozen=True)
class Aim:
    """A bound of the design on a figure's value, or on its ratio to the baseline."""

    bound: float
    of: Literal["value", "ratio"] = "value"
    side: Literal["most", "least"] = "most"

    @property
    def text(self) -> str:
        """For people: `≤ 1.5`, `ratio ≥ 3`."""
        return f"{'ratio ' if self.of == 'ratio' else ''}{'≤' if self.side == 'most' else '≥'} {self.bound:g}"

    def holds(self, value: float | None, ratio: float | None) -> bool | None:
        """Whether it is met; None where there is nothing to judge."""
        found = value if self.of == "value" else ratio
        if found is None or math.isnan(found):
            return None
        return found <= self.bound if self.side == "most" else found >= self.bound


@dataclass(frozen=True)
class Figure:
    """A row of the table. `ratio` is value ÷ baseline; `how` says whether it was measured, sampled or estimated."""

    group: str
    name: str
    value: float | None
    unit: str
    against: str | None
    baseline: float | None
    ratio: float | None
    aim: str | None
    holds: bool | None
    how: How

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def significant(value: float | None, digits: int = 4) -> float | None:
    """The value with so many significant digits; None for none and for what is no number."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")


def figure(
    group: str,
    name: str,
    value: float | None,
    unit: str,
    *,
    against: str | None = None,
    baseline: float | None = None,
    aim: Aim | None = None,
    how: How = "measured",
) -> Figure:
    """A figure with its ratio worked out and its aim judged, on the numbers as they were measured."""
    known = value is not None and baseline is not None and baseline > 0
    ratio = value / baseline if known and value is not None and baseline is not None else None
    return Figure(
        group,
        name,
        significant(value),
        unit,
        against,
        significant(baseline),
        significant(ratio),
        aim.text if aim else None,
        aim.holds(value, ratio) if aim else None,
        how,
    )
