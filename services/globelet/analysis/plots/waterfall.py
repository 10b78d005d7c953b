"""One transfer's ladder, step under step, against the wire and the physical floor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from globelet.analysis.plots.style import BESIDE, FAINT, INK, PATH, SOFT, WARM, halo

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]


_GAP = 0.7
"""Rows left free, for words, above the steps beside the path."""


def waterfall(ax: Any, rows: pd.DataFrame, wire_ms: float, floor_ms: float) -> None:
    """Draws `ladder.waterfall` rows; milliseconds. A step that ends far to the right leaves the drawing (→)."""
    credited = rows.loc[rows["stage"] == "credited", "end_ms"]
    end = 1.3 * max(wire_ms, *credited)
    ax.axvspan(0, floor_ms, color=FAINT, zorder=0)
    for at, name, colour, height in ((floor_ms, "light in fibre", SOFT, -1.2), (wire_ms, "wire", WARM, -0.75)):
        ax.plot([at, at], [len(rows) + 1, height], color=colour, linewidth=1.2, zorder=1)
        ax.text(at, height, f" {name} {at:.1f} ms", color=colour, ha="left", va="center")
    heights = [place + (_GAP if beside else 0.0) for place, beside in enumerate(rows["beside"])]
    for height, (_, row) in zip(heights, rows.iterrows(), strict=True):
        _step(ax, height, row, end)
    if rows["beside"].any():
        rule = int((~rows["beside"]).sum()) - 0.5
        ax.axhline(rule, color=SOFT, linewidth=0.8, linestyle=":")
        words = "beside the path: nobody waits for these"
        ax.text(0.006 * end, rule + _GAP / 2, words, color=SOFT, va="center", fontsize=9, zorder=3, **halo())
    ax.set(xlim=(0, end), ylim=(heights[-1] + 0.6, -1.5), xlabel="milliseconds since the click")
    ax.set_yticks(heights, rows["stage"])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _step(ax: Any, height: float, row: Any, end: float) -> None:
    right = min(row["end_ms"], end)
    start = min(row["start_ms"], right)
    colour = BESIDE if row["beside"] else PATH
    ax.barh(height, max(right - start, end / 400), left=start, height=0.55, color=colour, zorder=2)
    label = f"{row['end_ms']:,.1f} ms" + (" →" if row["end_ms"] > end else "")
    inside = right > 0.82 * end
    ink = "white" if inside and not row["beside"] else INK
    at = right + (-1 if inside else 1) * 0.01 * end
    around = {} if inside else halo()
    ax.text(at, height, label, color=ink, ha="right" if inside else "left", va="center", zorder=3, **around)


def shares(ax: Any, credited_ms: float, wire_ms: float, floor_ms: float) -> None:
    """One bar from the click to the credit: what physics takes, what cables and routers add, what the ledger adds."""
    parts = (
        ("light in fibre,\nshortest way", floor_ms, SOFT),
        ("detours, amplifiers,\nrouters", wire_ms - floor_ms, WARM),
        ("the ledger", credited_ms - wire_ms, PATH),
    )
    left = 0.0
    for name, wide, colour in parts:
        ax.barh(0, wide, left=left, height=0.5, color=colour)
        ax.text(left + wide / 2, 0, f"{wide:.1f} ms", color="white", ha="center", va="center", fontweight="bold")
        ax.text(left + wide / 2, 0.33, name, color=colour, ha="center", va="top")
        left += wide
    ax.set(xlim=(0, left), ylim=(0.8, -0.35), yticks=[], xticks=[])
    for side in ax.spines.values():
        side.set_visible(False)
