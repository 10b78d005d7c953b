"""Delay over distance: physics, cables, and the ledger on top of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from globelet.analysis.floor import FIBRE, LIGHT_KM_PER_MS
from globelet.analysis.plots.style import PATH, SOFT, WARM

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]


def distance(ax: Any, pairs: pd.DataFrame) -> None:
    """Draws `pairs.percentiles`: per pair the wire, and a bar from p50 to p90 up to the credit, milliseconds."""
    km = pairs["floor_ms"] * LIGHT_KM_PER_MS * FIBRE
    right = 1.06 * float(km.max())
    ax.plot([0, right], [0, right / (LIGHT_KM_PER_MS * FIBRE)], color=SOFT, linewidth=1.2)
    ax.scatter(km, pairs["wire_ms"], marker="_", s=90, color=WARM, linewidth=1.6, zorder=3)
    ax.vlines(km, pairs["p50_ms"], pairs["p90_ms"], color=PATH, linewidth=1.6, alpha=0.6, zorder=2)
    ax.scatter(km, pairs["p50_ms"], s=26, color=PATH, zorder=4)
    far = pairs[km > 0.5 * float(km.max())]
    left, top = float(km[far.index].min()) - 0.03 * right, float(pairs["p90_ms"].max())
    for name, x, y, colour in (
        ("credited, p50 to p90", left, float(far["p50_ms"].median()), PATH),
        ("wire, declared", left, float(far["wire_ms"].median()), WARM),
        ("light in fibre", 0.45 * right, 0.45 * right / (LIGHT_KM_PER_MS * FIBRE) + 0.05 * top, SOFT),
    ):
        ax.text(x, y, name, color=colour, ha="right", va="center")
    ax.set(xlim=(-0.02 * right, right), ylim=(0, 1.05 * top))
    ax.set(xlabel="kilometres along the great circle", ylabel="milliseconds")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(axis="y")
    ax.set_axisbelow(True)
