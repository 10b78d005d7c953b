"""The real Earth that worlds are built from: municipalities, their cities, and measured round trips between them."""

from __future__ import annotations

import csv
import json
import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from globelet.algorithms.place import Atlas

_HERE = Path(__file__).resolve().parent
# The outlines are simplified to about so much; towns on a river that is a border lie on the wrong bank of them.
_EXACT_M, _METRES_A_DEGREE = 400.0, 111_195.0


@dataclass(frozen=True)
class City:
    """A city: position in degrees (WGS 84), inhabitants."""

    name: str
    latitude: float
    longitude: float
    population: int


@dataclass(frozen=True)
class Municipality:
    """A prefecture, state or department: its continent, its cities (largest first), the region whose links it uses."""

    name: str
    title: str
    continent: str
    region: str
    cities: tuple[City, ...]

    @property
    def population(self) -> int:
        """Inhabitants of the listed cities: a weight for load, not a census."""
        return sum(city.population for city in self.cities)


@dataclass(frozen=True)
class RoundTrip:
    """A measured round trip, milliseconds."""

    p50_ms: float
    p90_ms: float


def slug(name: str) -> str:
    """`São Paulo` → `sao-paulo`: the form in which places are named in files, metrics and proxies."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "-".join("".join(c if c.isalnum() else " " for c in plain.lower()).split())


def data_folder() -> Path:
    """The folder with the data sets: beside this module in an installed package, at the top of a source tree."""
    for folder in (_HERE / "data", _HERE.parents[2] / "data"):
        if (folder / "rtt.csv").is_file():
            return folder
    raise FileNotFoundError("rtt.csv, cities.csv and municipalities.geojson are missing: reinstall globelet")


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file whose comment lines start with `#`."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(line for line in file if not line.startswith("#"))


@cache
def municipalities() -> dict[str, Municipality]:
    """Every municipality there is data for, by name."""
    folder = data_folder()
    cities: dict[str, list[City]] = {}
    for row in rows(folder / "cities.csv"):
        city = City(row["city"], float(row["latitude"]), float(row["longitude"]), int(row["population"]))
        cities.setdefault(row["municipality"], []).append(city)
    found = {}
    for feature in json.loads((folder / "municipalities.geojson").read_text(encoding="utf-8"))["features"]:
        about = feature["properties"]
        name = slug(about["name"])
        listed = sorted(cities[name], key=lambda city: -city.population)
        found[name] = Municipality(name, about["name"], about["continent"], about["aws_region"], tuple(listed))
    return found


@cache
def outlines() -> Atlas:
    """The outline of every municipality, by name, under the R-tree of `globelet.algorithms.place`."""
    from globelet.algorithms.place import Atlas  # that module asks this one for the folder

    return Atlas.from_geojson((data_folder() / "municipalities.geojson").read_bytes())


def lies_in(municipality: str, latitude: float, longitude: float) -> bool:
    """Whether a point, in degrees, lies in a municipality's outline, or as near to it as the outline is exact.

    False for a point that is none of the globe, True for a municipality that has no outline: nothing speaks against it.
    """
    from globelet.algorithms.place import PlaceError

    if municipality not in municipalities():
        return True
    try:
        if outlines().holds(municipality, longitude, latitude):
            return True
        return any(outlines().holds(municipality, *point) for point in _around(longitude, latitude))
    except PlaceError:
        return False


def _around(longitude: float, latitude: float) -> Iterator[tuple[float, float]]:
    """Eight points of the compass, as far away as an outline may be off."""
    north = _EXACT_M / _METRES_A_DEGREE
    east = north / max(0.01, math.cos(math.radians(latitude)))
    for eighth in range(8):
        turned = math.tau * eighth / 8
        yield longitude + east * math.sin(turned), latitude + north * math.cos(turned)


@cache
def continents() -> tuple[str, ...]:
    """The continents that have a municipality with data."""
    return tuple(dict.fromkeys(place.continent for place in municipalities().values()))


@cache
def also_known_as() -> dict[str, str]:
    """What people call a place by (`sydney`, `mumbai`, `frankfurt`) → its municipality (`new-south-wales`, …)."""
    names: dict[str, str] = {}
    for place in municipalities().values():
        for city in place.cities:
            names.setdefault(slug(city.name), place.name)
            names.setdefault(slug(city.name).split("-")[0], place.name)
    of_region = {place.region: place.name for place in municipalities().values()}
    for row in rows(data_folder() / "rtt.csv"):
        names.setdefault(slug(row["from_place"]), of_region[row["from_region"]])
    return {name: place for name, place in names.items() if name not in municipalities()}


@cache
def round_trips(path: Path) -> dict[tuple[str, str], RoundTrip]:
    """Measured round trips by (region sending, region answering)."""
    return {
        (row["from_region"], row["to_region"]): RoundTrip(float(row["rtt_p50_ms"]), float(row["rtt_p90_ms"]))
        for row in rows(path)
    }
