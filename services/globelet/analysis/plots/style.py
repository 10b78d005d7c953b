"""One look for all drawings: few lines, few colours, words beside what they name."""

from __future__ import annotations

from typing import Any

from globelet.analysis import columns

INK, SOFT, FAINT = "#1f2933", "#7b8794", "#e4e7eb"
PATH, BESIDE, WARM, GOOD = "#2b6cb0", "#a0b8d0", "#c05621", "#2f855a"
SCALE = "Blues"

_LOOK = {
    "figure.dpi": 110,
    "font.size": 10,
    "text.color": INK,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 14,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": FAINT,
    "legend.frameon": False,
}


def use() -> None:
    """Makes every drawing that follows look like the others, and lets tables show their sentences whole."""
    columns.lab("matplotlib").rcParams.update(_LOOK)
    pandas = columns.lab("pandas")
    pandas.set_option("display.max_colwidth", None)
    pandas.set_option("display.max_columns", None)


def bare(ax: Any) -> None:
    """Takes the frame and the ticks away."""
    ax.set(xticks=[], yticks=[])
    for side in ax.spines.values():
        side.set_visible(False)


def halo() -> dict[str, Any]:
    """Words with a white edge: they stay legible over lines."""
    return {"path_effects": [columns.lab("matplotlib.patheffects").withStroke(linewidth=3, foreground="white")]}


def place(name: str) -> str:
    """A place as people write it: `new-south-wales` → `New South Wales`."""
    return name.replace("-", " ").title()
