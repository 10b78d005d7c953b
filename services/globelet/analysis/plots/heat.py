"""A table of pairs as a heat map, with its numbers written in."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from globelet.analysis import columns
from globelet.analysis.plots.style import INK, SCALE, SOFT, place

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]


def heat(
    ax: Any, table: pd.DataFrame, *, below: pd.DataFrame | None = None, groups: dict[str, str] | None = None
) -> None:
    """Draws sources down, destinations across; `below` are second numbers, written small under the first.

    `groups` names the continent of each place: a white gap is left between two of them.
    """
    numpy = columns.lab("numpy")
    values = table.to_numpy(dtype=float)
    ax.imshow(values, cmap=SCALE, vmin=0, vmax=1.15 * float(numpy.nanmax(values)), aspect="auto")
    for row in range(len(table)):
        for column in range(len(table.columns)):
            _cell(ax, row, column, values, None if below is None else below.to_numpy(dtype=float))
    names = [place(name) for name in table.index]
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="to", ylabel="from")
    ax.xaxis.set_label_position("top")
    ax.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    for at in _borders(list(table.index), groups or {}):
        ax.axhline(at, color="white", linewidth=4)
        ax.axvline(at, color="white", linewidth=4)


def _cell(ax: Any, row: int, column: int, values: Any, below: Any) -> None:
    value = values[row, column]
    if math.isnan(value):  # no transfer of that pair
        ax.text(column, row, "–", ha="center", va="center", color=SOFT)
        return
    colour = "white" if value > 0.6 * float(columns.lab("numpy").nanmax(values)) else INK
    ax.text(column, row + (-0.12 if below is not None else 0), f"{value:,.0f}", ha="center", va="center", color=colour)
    if below is not None and not math.isnan(below[row, column]):
        small = f"p99 {below[row, column]:,.0f}"
        ax.text(column, row + 0.25, small, ha="center", va="center", color=colour, fontsize=7.5, alpha=0.85)


def _borders(names: list[str], groups: dict[str, str]) -> list[float]:
    return [at + 0.5 for at, (a, b) in enumerate(pairwise(names)) if groups.get(a) != groups.get(b)]
