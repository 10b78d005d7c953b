"""A map: real outlines and cities, one panel a continent, with the delays between municipalities on it."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

from globelet.analysis import columns, outlines
from globelet.analysis.floor import Place, places
from globelet.analysis.plots.style import BESIDE, INK, PATH, SOFT, WARM, bare, halo, place
from globelet.world import atlas
from globelet.world.resolved import ResolvedWorld

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

# Width over height of a panel.
_SHAPE = 1.25
_KM_PER_DEGREE = 111.2
_MOST_ACROSS, _MOST_NUMBERED = 3, 4


def chart(figure: Any, world: ResolvedWorld, pairs: pd.DataFrame, column: str = "p50_ms") -> list[Any]:
    """Draws a panel per continent and the delays across the oceans; returns the axes. `pairs` as of `percentiles`."""
    groups: dict[str, list[str]] = {}
    for name, continent in outlines.continents(world).items():
        groups.setdefault(continent, []).append(name)
    wide = min(len(groups), _MOST_ACROSS)
    grid = figure.subplots(-(-len(groups) // wide), wide, squeeze=False, gridspec_kw={"wspace": 0.22, "hspace": 0.3})
    times = {(row.source, row.destination): getattr(row, column) for row in pairs.itertuples()}
    for ax, (continent, names) in zip(grid.flat, groups.items(), strict=False):
        panel(ax, names, times, places(world))
        others = [name for name in outlines.continents(world) if name not in names]
        ax.set_title(place(continent))
        if len(groups) > 2:
            _apart(ax, _across(names, others, times))
    for ax in grid.flat[len(groups) :]:
        ax.set_visible(False)
    if len(groups) == 2:
        here, there = groups.values()
        _ocean(figure, grid.flat[0], grid.flat[1], _across(here, there, times))
    return list(grid.flat[: len(groups)])


def panel(ax: Any, names: list[str], times: dict[tuple[str, str], float], where: dict[str, Place]) -> None:
    """One continent's municipalities: outline, cities by population, and the delay of each pair (both ways' mean)."""
    bare(ax)
    ax.set_facecolor("#f7fafc")
    _frame(ax, outlines.bounds(names))
    for one, other in combinations(names, 2):
        _pair(ax, where[one], where[other], _mean(times, one, other) if len(names) <= _MOST_NUMBERED else None)
    for name in names:
        _land(ax, name)
        west, south, east, north = outlines.bounds([name])
        above = _leaning(where[name], [where[other] for other in names if other != name]) <= 0
        label = f"{place(name)} {times[name, name]:.0f} ms" if (name, name) in times else place(name)
        _text(ax, (west + east) / 2, north if above else south, label, INK, (0, 9 if above else -9), "bold")


def _leaning(here: Place, others: list[Place]) -> float:
    """Whether the lines to the others leave upwards (above 0) or downwards; the name goes to the other side."""
    away = [(o.longitude - here.longitude, o.latitude - here.latitude) for o in others]
    return sum(up / (math.hypot(across, up) or 1.0) for across, up in away)


def _frame(ax: Any, box: tuple[float, float, float, float]) -> None:
    """Room around the outlines, the same shape for every panel, and a scale."""
    west, south, east, north = box
    middle = (south + north) / 2
    # A degree of longitude is shorter than one of latitude by this much: the panel keeps the shape of its middle.
    short = math.cos(math.radians(middle))
    half = 0.68 * max((east - west) * short, (north - south) * _SHAPE, 0.5)
    ax.set_aspect(1 / short)
    ax.set(xlim=((west + east) / 2 - half / short, (west + east) / 2 + half / short))
    ax.set(ylim=(middle - half / _SHAPE, middle + half / _SHAPE))
    km = 10 ** int(math.log10(half * _KM_PER_DEGREE))
    at, long = ax.get_xlim()[0] + 0.08 * half / short, km / _KM_PER_DEGREE / short
    low = middle - 0.92 * half / _SHAPE
    ax.plot([at, at + long], [low, low], color=SOFT, linewidth=2, solid_capstyle="butt")
    ax.text(at + long, low, f"  {km} km", color=SOFT, va="center", fontsize=8)


def _land(ax: Any, name: str) -> None:
    for ring in outlines.rings(name):
        ax.fill(*zip(*ring, strict=True), facecolor=BESIDE, edgecolor=PATH, linewidth=0.7, alpha=0.75, zorder=2)
    cities = atlas.municipalities()[name].cities
    sizes = [2 + city.population / 250_000 for city in cities]
    at = [city.longitude for city in cities], [city.latitude for city in cities]
    ax.scatter(*at, s=sizes, color=PATH, edgecolor="white", linewidth=0.3, zorder=3)


def _pair(ax: Any, here: Place, there: Place, ms: float | None) -> None:
    ax.plot([here.longitude, there.longitude], [here.latitude, there.latitude], color=SOFT, linewidth=1.1, zorder=1)
    if ms is not None:
        middle = (here.longitude + there.longitude) / 2, (here.latitude + there.latitude) / 2
        _text(ax, *middle, f"{ms:.0f} ms", SOFT)


def _text(
    ax: Any, x: float, y: float, text: str, colour: str, off: tuple[int, int] = (0, 0), weight: str = "normal"
) -> None:
    words = {"color": colour, "ha": "center", "va": "center", "weight": weight, "fontsize": 9, "zorder": 5}
    ax.annotate(text, (x, y), off, textcoords="offset points", **words, **halo())


def _across(here: list[str], there: list[str], times: dict[Any, float]) -> str:
    """The quickest and the slowest pair between two groups; empty without any."""
    found = sorted(ms for a in here for b in there if (ms := _mean(times, a, b)) is not None)
    return f"{found[0]:.0f} to {found[-1]:.0f} ms" if found else ""


def _apart(ax: Any, words: str) -> None:
    ax.text(1, 1.03, f"to others {words}", color=WARM, ha="right", va="bottom", transform=ax.transAxes, fontsize=9)


def _ocean(figure: Any, left: Any, right: Any, words: str) -> None:
    """An arrow between two panels."""
    patches = columns.lab("matplotlib.patches")
    if not words:
        return
    ends = {"axesA": left, "axesB": right, "coordsA": "axes fraction", "coordsB": "axes fraction"}
    line = patches.ConnectionPatch((1.01, 0.5), (-0.01, 0.5), **ends, color=WARM, linewidth=1.6)
    line.set_arrowstyle("<|-|>", head_length=0.4, head_width=0.2)
    line.set_mutation_scale(16)
    figure.add_artist(line)
    boxes = [ax.get_position() for ax in (left, right)]
    middle = (boxes[0].x1 + boxes[1].x0) / 2, (boxes[0].y0 + boxes[0].y1) / 2 + 0.02
    figure.text(*middle, words.replace(" to ", " to\n"), color=WARM, ha="center", va="bottom")


def _mean(times: dict[tuple[str, str], float], one: str, other: str) -> float | None:
    both = [times[pair] for pair in ((one, other), (other, one)) if pair in times]
    return sum(both) / len(both) if both else None
