"""How the chains grew: height over time, one line a chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from globelet.analysis.plots.style import BESIDE, PATH, WARM
from globelet.world.resolved import ResolvedWorld

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

_COLOURS = {"municipal": PATH, "continental": BESIDE, "global": WARM}
_APART = 0.045


def heights(ax: Any, world: ResolvedWorld, blocks: pd.DataFrame) -> None:
    """Draws `Archive.blocks()`: seconds since the first block against the height, a name at the end of each line."""
    kinds = {chain.name: chain.kind for chain in world.chains}
    begin, top = int(blocks["at_us"].min()), float(blocks["height"].max())
    right = (int(blocks["at_us"].max()) - begin) / 1e6
    ends = []
    for chain, some in blocks.sort_values("height").groupby("chain"):
        seconds = [*(some["at_us"] - begin).astype(float) / 1e6, right]
        colour = _COLOURS[kinds.get(str(chain), "municipal")]
        ax.step(seconds, [*some["height"], some["height"].max()], where="post", color=colour, linewidth=1.4)
        ends.append((float(some["height"].max()), str(chain), colour))
    low = -1.0
    for height, chain, colour in sorted(ends):
        # Names of chains that end at nearly the same height are moved apart.
        low = max(height, low + _APART * top)
        ax.text(1.02 * right, low, f"{chain} {height:,.0f}", color=colour, va="center", fontsize=9)
    ax.set(xlabel="seconds since the first block", ylabel="height", xlim=(0, right), ylim=(0, None))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:,.0f}")
    ax.grid(axis="y")
    ax.set_axisbelow(True)
