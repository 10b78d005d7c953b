"""Real outlines and cities of municipalities, for maps; sources and licences in data/README.md."""

from __future__ import annotations

import json
from functools import cache

from globelet.world import atlas
from globelet.world.resolved import ResolvedWorld

Ring = list[tuple[float, float]]
"""A closed line of (longitude, latitude), degrees (WGS 84)."""


@cache
def rings(municipality: str) -> tuple[Ring, ...]:
    """The outer lines of a municipality, the largest first; islands are lines of their own. Raises `KeyError`."""
    text = (atlas.data_folder() / "municipalities.geojson").read_text(encoding="utf-8")
    for feature in json.loads(text)["features"]:
        if atlas.slug(feature["properties"]["name"]) == municipality:
            shape = feature["geometry"]
            polygons = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
            found = [[(float(x), float(y)) for x, y, *_ in polygon[0]] for polygon in polygons]
            return tuple(sorted(found, key=_area, reverse=True))
    raise KeyError(f"there is no outline of {municipality}; data/municipalities.geojson has those of the known ones")


def _area(ring: Ring) -> float:
    """Twice the area in square degrees (shoelace): good enough to tell an island from a mainland."""
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1], strict=True)))


def continents(world: ResolvedWorld) -> dict[str, str]:
    """The continent of each municipality of a world, in the world's order."""
    return {chain.name: world.chains[chain.parent].name for chain in world.municipalities() if chain.parent is not None}


def bounds(municipalities: list[str]) -> tuple[float, float, float, float]:
    """West, south, east, north of their main outlines, degrees."""
    corners = [corner for name in municipalities for corner in rings(name)[0]]
    west, east = min(x for x, _ in corners), max(x for x, _ in corners)
    return west, min(y for _, y in corners), east, max(y for _, y in corners)
