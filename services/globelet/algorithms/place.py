"""Proof of place: point in polygon over real outlines, event areas, and claims that the speed of light refutes.

Positions are longitude and latitude in degrees (WGS 84), in this order, as in GeoJSON. `earth` is the atlas of all
admin-1 regions of Natural Earth:

>>> from globelet.algorithms.place import Calendar, EventArea, PlaceError, earth, refute
>>> atlas = earth()
>>> atlas.find(139.69171, 35.6895), atlas.find(2.3488, 48.85341), atlas.find(-40.0, 35.0)
('jpn/tokyo', 'fra/paris', None)
>>> atlas.name("fra/paris")
'Paris'

A claim is refuted by a witness who heard the answer sooner than light in fibre allows. Somebody claims to be in Tokyo,
and answers Paris within 20 ms: 2,000 km at most, where there must be more than 9,000:

>>> [(trip, least_m, reach_m)] = atlas.refute("jpn/tokyo", [(2.3488, 48.85341, 20_000)])
>>> trip, least_m > 9_000_000, reach_m
(0, True, 2000000)
>>> refute(139.69171, 35.6895, [(2.3488, 48.85341, 220_000)])
[]

An area can count more for a while:

>>> hanami = EventArea(rings=[[(139.7, 35.7), (139.8, 35.7), (139.8, 35.8)]], from_us=100, until_us=200, per_mille=1500)
>>> week = Calendar([hanami])
>>> week.per_mille(139.78, 35.72, now_us=150), week.per_mille(139.78, 35.72, now_us=200)
(1500, 1000)

What is refused says why, with a code:

>>> atlas.find(35.6895, 139.69171)
Traceback (most recent call last):
globelet.algorithms.place.PlaceError: longitude 35.6895, latitude 139.69171 is not on the globe: degrees, ...
"""

from __future__ import annotations

from functools import cache

from globelet._native.place import (
    Atlas,
    Calendar,
    EventArea,
    PlaceError,
    distance_m,
    distances_m,
    reach_m,
    refute,
)
from globelet.algorithms.about import About

__all__ = [
    "ABOUT",
    "Atlas",
    "Calendar",
    "EventArea",
    "PlaceError",
    "distance_m",
    "distances_m",
    "earth",
    "reach_m",
    "refute",
]

ABOUT = About(
    name="place",
    does="point in polygon over real outlines, event areas, claims refuted by round trips (PoP)",
    follows="RFC 7946; Shimrat 1962 for the even-odd rule; Guttman 1984 for the R-tree",
    stands_on="own, on rstar and libm",
    vectors="Natural Earth's 4,600 admin-1 outlines against GeoNames' 34,006 cities, and 1,616 regions by name alone; "
    "laws of tilings",
    peers=("geo", "shapely"),
    note="outlines and distances stand beside geo and shapely; no library refutes a place by round trips",
)


@cache
def earth() -> Atlas:
    """All admin-1 outlines of Natural Earth; an id is the country's code and the region's name: `jpn/tokyo`.

    Read once. Raises FileNotFoundError if the package has lost its data.
    """
    from globelet.world.atlas import data_folder  # worlds bring in pydantic, which outlines don't need

    return Atlas.from_bytes((data_folder() / "admin-1.outlines").read_bytes())
