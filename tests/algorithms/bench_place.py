"""Places of cities called from Python, beside shapely's STRtree and plain Python over the same outlines."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from globelet.algorithms import place
from globelet.algorithms.place import earth

DATA = Path(__file__).resolve().parents[2] / "native" / "algorithms" / "place" / "tests" / "data"
GROUP = "place: find the outlines of 101 cities among 4,600"
DISTANCE = "place: distance from Tokyo to Paris"


def cities() -> tuple[np.ndarray, np.ndarray]:
    with (DATA / "cities.csv").open(encoding="utf-8", newline="") as file:
        some = list(csv.DictReader(file))[::340]
    return np.array([float(c["longitude"]) for c in some]), np.array([float(c["latitude"]) for c in some])


class Plain:
    """Boxes, then the even-odd rule."""

    def __init__(self) -> None:
        self.outlines = [(id_, earth().rings(id_)) for id_ in earth().ids]
        self.boxes = [
            [f(p[i] for r in rings for p in r) for f in (min, max) for i in (0, 1)] for _, rings in self.outlines
        ]

    def find(self, lon: float, lat: float) -> str | None:
        for (west, south, east, north), (id_, rings) in zip(self.boxes, self.outlines, strict=True):
            if west <= lon < east and south <= lat < north and self.holds(rings, lon, lat):
                return id_
        return None

    @staticmethod
    def holds(rings: list[list[tuple[float, float]]], lon: float, lat: float) -> bool:
        odd = False
        for ring in rings:
            x0, y0 = ring[-1]
            for x1, y1 in ring:
                if (y0 > lat) != (y1 > lat) and x0 + (lat - y0) * (x1 - x0) / (y1 - y0) > lon:
                    odd = not odd
                x0, y0 = x1, y1
        return odd


@pytest.mark.benchmark(group=GROUP)
def test_native(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "called from Python"
    assert len(benchmark(earth().find_many, *cities())) == 101


@pytest.mark.benchmark(group=GROUP)
def test_shapely(benchmark: Any) -> None:
    shapely = pytest.importorskip("shapely", reason="shapely is not installed: pip install shapely")
    benchmark.extra_info["who"] = "shapely, STRtree"
    shapes = [shapely.MultiPolygon([shapely.Polygon(r) for r in earth().rings(id_)]) for id_ in earth().ids]
    tree = shapely.STRtree(shapes)
    shapely.prepare(tree.geometries)
    lons, lats = cities()

    def find() -> Any:
        return tree.query(shapely.points(lons, lats), predicate="intersects")

    find()
    assert benchmark(find).shape[1] > 90


@pytest.mark.benchmark(group=GROUP)
def test_plain(benchmark: Any) -> None:
    benchmark.extra_info["who"] = "plain Python"
    plain, points = Plain(), list(zip(*cities(), strict=True))
    found = benchmark(lambda: [plain.find(*point) for point in points])
    assert found == earth().find_many(*cities())


def haversine(a: tuple[float, float], b: tuple[float, float]) -> float:
    x0, y0, x1, y1 = map(math.radians, (*a, *b))
    h = math.sin((y1 - y0) / 2) ** 2 + math.cos(y0) * math.cos(y1) * math.sin((x1 - x0) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(h))


@pytest.mark.benchmark(group=DISTANCE)
@pytest.mark.parametrize(("who", "call"), [("called from Python", place.distance_m), ("plain Python", haversine)])
def test_distance(benchmark: Any, who: str, call: Any) -> None:
    benchmark.extra_info["who"] = who
    assert round(benchmark(call, (139.69171, 35.6895), (2.3488, 48.85341))) == 9_712_518
