"""`globelet.algorithms.place` against the definitions written out in Python, real cities, and wrong input."""

from __future__ import annotations

import csv
import json
import math
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain.threads import turns_while
from typer.testing import CliRunner

from globelet.algorithms import AlgorithmError, place
from globelet.algorithms.place import Atlas, Calendar, EventArea, PlaceError, earth
from globelet.cli import BAD_INPUT, DONE, FAILED, build

pytestmark = pytest.mark.algorithms

DATA = Path(__file__).resolve().parents[2] / "native" / "algorithms" / "place" / "tests" / "data"
Place = tuple[float, float]


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def square(west: float, south: float, east: float, north: float) -> list[Place]:
    return [(west, south), (east, south), (east, north), (west, north)]


def geojson(*outlines: list[list[Place]]) -> bytes:
    features = [
        {"type": "Feature", "id": f"o{n}", "properties": {"name": f"Outline {n}"},
         "geometry": {"type": "Polygon", "coordinates": rings}} for n, rings in enumerate(outlines)
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


GEOJSON = geojson([square(0, 0, 10, 10), square(3, 3, 7, 7)], [square(5, 5, 20, 20)])
TWO = Atlas.from_geojson(GEOJSON)


def test_every_city_of_the_earth_falls_where_it_belongs_or_is_listed() -> None:
    regions: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows("regions.csv"):
        regions[row["country"], row["admin1"]].add(row["outline"])
    cities = rows("cities.csv")
    lons = np.array([float(city["longitude"]) for city in cities])
    lats = np.array([float(city["latitude"]) for city in cities])
    found = earth().find_many(lons, lats)
    astray = [
        (city["geoname"], fell or "")
        for city, fell in zip(cities, found, strict=True)
        if fell not in regions.get((city["country"], city["admin1"]), set())
    ]
    assert astray == [(row["geoname"], row["found"]) for row in rows("exceptions.csv")]
    assert len(cities) > 34_000
    assert len(earth()) > 4_000


def crossings(rings: list[list[Place]], lon: float, lat: float) -> int:
    """The even-odd rule, word for word: how often a ray to the east crosses."""
    count = 0
    for ring in rings:
        for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
            if (y0 <= lat < y1) or (y1 <= lat < y0):
                count += x0 + (lat - y0) * (x1 - x0) / (y1 - y0) > lon
    return count


WHOLE = st.tuples(st.integers(-170, 170), st.integers(-80, 80))


@given(st.lists(WHOLE, min_size=3, max_size=8), st.lists(WHOLE, min_size=1, max_size=20))
def test_inside_is_what_an_odd_number_of_rings_enclose(corners: list[Any], points: list[Any]) -> None:
    narrow = [(lon / 2, float(lat)) for lon, lat in corners]
    if len(set(corners)) < 3:
        return
    area = EventArea([narrow], 0, 1, 0)
    for lon, lat in points:
        # A third of a degree off whole numbers, no point lies on a border, where rounding would decide.
        at = (lon / 2 + 1 / 3, lat + 1 / 3)
        assert area.holds(*at) == (crossings([narrow], *at) % 2 == 1)


def haversine(a: Place, b: Place) -> float:
    (x0, y0), (x1, y1) = (tuple(map(math.radians, p)) for p in (a, b))
    h = math.sin((y1 - y0) / 2) ** 2 + math.cos(y0) * math.cos(y1) * math.sin((x1 - x0) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(min(1.0, math.sqrt(h)))


DEGREES = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


@given(DEGREES, st.lists(DEGREES, min_size=1, max_size=9))
def test_distances_are_those_of_the_haversine(a: Place, others: list[Place]) -> None:
    lons, lats = np.array([b[0] for b in others]), np.array([b[1] for b in others])
    assert place.distances_m(a, lons, lats) == [place.distance_m(a, b) for b in others]
    for b in others:
        assert place.distance_m(a, b) == pytest.approx(haversine(a, b), abs=2)
        reach = place.distance_m(a, b)
        # A witness at `b` contradicts a claim of `a` only if the answer came from nearer than the way allows.
        assert place.refute(*a, [(*b, math.ceil(reach / 100))]) == []
        if reach > 200_000:
            assert [n for n, _, _ in place.refute(*a, [(*b, math.floor(reach * 0.99 / 100))])] == [0]


def test_claims_are_refuted_worst_first() -> None:
    paris, london = (2.3488, 48.85341), (-0.12574, 51.50853)
    found = earth().refute("jpn/tokyo", [(*london, 5_000), (139.69171, 35.6895, 0), (*paris, 2_000), (*paris, 220_000)])
    assert [number for number, _, _ in found] == [2, 0]
    assert all(least > reach for _, least, reach in found)
    assert earth().least_distance_m("jpn/tokyo", 139.69171, 35.6895) == 0
    assert place.reach_m(1_000) == 100_000


def test_atlas_and_events_come_back_from_their_bytes() -> None:
    again = Atlas.from_bytes(memoryview(TWO.to_bytes()))
    assert again == TWO
    assert (again.ids, again.name("o1"), len(again)) == (["o0", "o1"], "Outline 1", 2)
    assert again.rings("o0") == [square(0, 0, 10, 10), square(3, 3, 7, 7)]
    assert (again.find(8, 8), again.find_all(8, 8), again.find(5, 5), again.find(-1, 5)) == (
        "o0", ["o0", "o1"], "o1", None)  # fmt: skip
    assert again.holds("o1", 8, 8)
    event = EventArea([square(170, -10, -170, 10)], 5, 9, 2_000)
    assert EventArea.from_bytes(bytearray(event.to_bytes())) == event
    assert (event.from_us, event.until_us, event.per_mille, len(event.rings)) == (5, 9, 2_000, 1)
    assert event.holds(180, 0)
    calendar = Calendar([event, EventArea([square(-180, -5, 0, 5)], 0, 7, 3_000)])
    assert [calendar.per_mille(-175, 0, now) for now in (4, 5, 7, 9)] == [3_000, 3_000, 2_000, 1_000]
    assert calendar.per_mille_many([175.0, -175.0, 0.0], [0.0, 0.0, 0.0], 6) == [2_000, 3_000, 1_000]
    assert len(calendar) == 2


def test_arrays_are_read_where_they_lie() -> None:
    lons, lats = np.array([1.0, 4.0, 19.0, 50.0]), np.array([1.0, 4.0, 19.0, 50.0])
    expected = ["o0", None, "o1", None]
    assert TWO.find_many(lons, lats) == expected
    assert TWO.find_many(memoryview(lons), list(lats)) == expected
    assert TWO.find_many(tuple(lons), lats) == expected
    assert TWO.find_many(np.zeros(0), []) == []


def test_other_threads_run_meanwhile() -> None:
    lons, lats = np.full(400_000, 139.7), np.full(400_000, 35.7)
    earth()
    assert turns_while(lambda: earth().find_many(lons, lats)) > 1_000


RING = [square(0, 0, 1, 1)]
REFUSED: list[tuple[str, Any]] = [
    ("place.off-globe", lambda: TWO.find(180.1, 0)),
    ("place.off-globe", lambda: TWO.find(0, math.nan)),
    ("place.off-globe", lambda: TWO.find_many(np.array([math.inf]), np.zeros(1))),
    ("place.off-globe", lambda: place.distance_m((0, 0), (0, 91))),
    ("place.off-globe", lambda: place.refute(0, 0, [(0, 91, 1)])),
    ("place.not-geojson", lambda: Atlas.from_geojson(b"")),
    ("place.nameless", lambda: Atlas.from_geojson(
        b'{"features":[{"geometry":{"type":"Polygon","coordinates":[]}}]}')),
    ("place.doubled", lambda: Atlas.from_geojson(
        b'{"features":[' + b",".join([b'{"id":"a","geometry":{"type":"Polygon","coordinates":[]}}'] * 2) + b"]}")),
    ("place.ring", lambda: EventArea([[(0, 0), (1, 1)]], 0, 1, 0)),
    ("place.winding", lambda: EventArea([[((n * 100 + 180) % 360 - 180, n) for n in range(40)]], 0, 1, 0)),
    ("place.malformed", lambda: Atlas.from_bytes(b"")),
    ("place.malformed", lambda: Atlas.from_bytes(TWO.to_bytes() + b"\0")),
    ("place.malformed", lambda: Atlas.from_bytes(TWO.to_bytes()[:-1])),
    ("place.malformed", lambda: EventArea.from_bytes(TWO.to_bytes())),
    ("place.window", lambda: EventArea(RING, 1, 1, 0)),
    ("place.multiplier", lambda: EventArea(RING, 0, 1, 1_000_001)),
    ("place.no-such-place", lambda: TWO.name("o2")),
    ("place.no-such-place", lambda: TWO.refute("", [])),
    ("place.one-latitude-each", lambda: TWO.find_many(np.zeros(2), np.zeros(1))),
]  # fmt: skip


@pytest.mark.parametrize(("code", "call"), REFUSED)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(PlaceError) as refused:
        call()
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize(
    "call",
    [
        lambda: TWO.find("0", 0),
        lambda: TWO.find(0),
        lambda: TWO.find_many(np.zeros(2, dtype=np.float32), np.zeros(2)),
        lambda: TWO.find_many(np.zeros((2, 2)), np.zeros((2, 2))),
        lambda: TWO.find_many(np.zeros(4)[::2], np.zeros(2)),
        lambda: TWO.find_many(["a"], [0.0]),
        lambda: Atlas.from_geojson("text"),
        lambda: Atlas.from_bytes(None),
        lambda: EventArea([[(0, 0, 0)]], 0, 1, 0),
        lambda: Calendar([1]),
        lambda: place.refute(0, 0, [(0, 0)]),
    ],
)
def test_wrong_types_are_type_errors(call: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as refused:
        call()
    assert not isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize("number", [-1, 2**64, 2**70])
def test_numbers_out_of_range_are_refused(number: int) -> None:
    for call in (lambda: place.reach_m(number), lambda: EventArea(RING, number, 1, 0)):
        with pytest.raises(OverflowError):
            call()


@given(st.binary(max_size=200))
def test_decoders_take_any_bytes_without_harm(data: bytes) -> None:
    for kind, mark in ((Atlas, b"outlines\x01"), (EventArea, b"event\x01")):
        for given_ in (data, mark + data):
            with suppress(PlaceError):
                assert kind.from_bytes(given_).to_bytes() == given_
    with suppress(PlaceError):
        Atlas.from_geojson(data)


def run(*words: str) -> Any:
    return CliRunner().invoke(build(), ["algorithm", "place", *words])


def test_at_the_shell(tmp_path: Path) -> None:
    assert run("find", "35.6895", "139.69171").stdout.strip() == "jpn/tokyo  Tokyo"
    assert run("find", "-33.44", "-70.66", "--json").exit_code == DONE
    assert run("find", "35", "-40").exit_code == FAILED
    assert run("find", "139", "35").exit_code == BAD_INPUT
    assert run("distance", "35.6895", "139.69171", "48.85341", "2.3488").stdout.startswith("9712.5 km, 97.13 ms")
    claim = ["refute", "35.68", "139.69", "--trip", "48.85,2.35,20"]
    assert run(*claim).exit_code == FAILED
    assert run(*claim, "--liars", "1").exit_code == DONE
    assert json.loads(run(*claim, "--json").stdout)["contradictions"][0]["reach_m"] == 2_000_000
    assert run("refute", "35.68", "139.69", "--trip", "48.85,2.35").exit_code == BAD_INPUT
    plain, packed = tmp_path / "outlines.geojson", tmp_path / "outlines"
    plain.write_bytes(GEOJSON)
    assert run("find", "5", "5", "--outlines", str(plain)).stdout.strip() == "o1  Outline 1"
    packed.write_bytes(run("pack", str(plain)).stdout_bytes)
    assert packed.read_bytes() == TWO.to_bytes()
    assert run("find", "5", "5", "--outlines", str(packed)).stdout.strip() == "o1  Outline 1"
