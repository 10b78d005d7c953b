"""`globelet algorithm rendezvous`: places for shards among the sites of a file."""

from __future__ import annotations

import hashlib
from typing import Annotated, NamedTuple

import typer

from globelet.algorithms import rendezvous
from globelet.algorithms.shell.arguments import lines
from globelet.cli import BAD_INPUT
from globelet.cli.terminal import Json, emit, stop

app = typer.Typer(help="Weighted rendezvous hashing with rules of placement (RVH).", no_args_is_help=True)

File = Annotated[
    str, typer.Argument(metavar="FILE", help="Lines `name,weight,city,building`, or - for standard input.")
]
Key = Annotated[str, typer.Option(help="What is to be placed: any text.")]
Count = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="How many sites.")]
PerBuilding = Annotated[int, typer.Option(min=1, max=2**32 - 1, help="Most in one building.")]
PerCity = Annotated[int | None, typer.Option(min=1, max=2**32 - 1, help="Most in one city; as few as can be if unset.")]


class _Site(NamedTuple):
    name: str
    weight: int
    city: str
    building: str

    @property
    def id(self) -> int:
        """From the name alone, so that a file may be sorted or shortened and nothing else moves."""
        return int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:8], "big")


def _site(number: int, line: bytes) -> _Site:
    try:
        name, weight, city, building = (part.strip() for part in line.decode().split(","))
        return _Site(name, int(weight), city, building)
    except ValueError:
        stop(BAD_INPUT, f"line {number} is not name,weight,city,building, such as: tokyo-1,100,Tokyo,Ginza 4")


class _Sites:
    """The sites of a file, and the set that the algorithm makes of them."""

    def __init__(self, path: str) -> None:
        given = [_site(number, line) for number, line in enumerate(lines(path), 1) if line.strip()]
        outside = next((site.name for site in given if not 0 <= site.weight < 2**64), None)
        if outside is not None:
            stop(BAD_INPUT, f"the weight of {outside} is not from 0 to 2^64 - 1: use a larger unit")
        # Only which are the same matters of cities and buildings, so any numbers for them do.
        cities = {name: number for number, name in enumerate(sorted({site.city for site in given}))}
        buildings = {name: number for number, name in enumerate(sorted({site.building for site in given}))}
        self.by_id = {site.id: site for site in given}
        self.set = rendezvous.Sites(
            [(site.id, site.weight, cities[site.city], buildings[site.building]) for site in given]
        )

    def tell(self, ids: list[int], as_json: bool) -> None:
        chosen = [self.by_id[number] for number in ids]
        if as_json:
            emit([site._asdict() for site in chosen])
        else:
            print(*(f"{site.name}, {site.city}, {site.building}" for site in chosen), sep="\n")


@app.command(epilog="Example: `globelet algorithm rendezvous place sites.csv --key batch-1 --count 7`")
def place(
    file: File,
    key: Key,
    count: Count = 7,
    per_building: PerBuilding = 1,
    per_city: PerCity = None,
    as_json: Json = False,
) -> None:
    """Print the sites for a key: no two in one building, spread over the cities."""
    sites = _Sites(file)
    sites.tell(sites.set.place(key.encode(), count, per_building, per_city), as_json)


@app.command(epilog="Example: `globelet algorithm rendezvous rank sites.csv --key batch-1`")
def rank(file: File, key: Key, as_json: Json = False) -> None:
    """Print all sites, the first choice for a key first, without rules."""
    sites = _Sites(file)
    sites.tell(sites.set.rank(key.encode()), as_json)


@app.command(epilog="Example: `globelet algorithm rendezvous balance sites.csv --keys 100000`")
def balance(
    file: File,
    keys: Annotated[int, typer.Option(min=1, max=10_000_000, help="Keys to place.")] = 10_000,
    as_json: Json = False,
) -> None:
    """Print how many of many keys each site comes first for, beside its share of the weights."""
    sites = _Sites(file)
    total = sum(site.weight for site in sites.by_id.values())
    won = dict.fromkeys(sites.by_id, 0)
    for [first] in sites.set.place_many([number.to_bytes(8, "big") for number in range(keys)], 1):
        won[first] += 1
    rows = [
        {"name": site.name, "won": won[number], "expected": round(keys * site.weight / total if total else 0.0, 1)}
        for number, site in sites.by_id.items()
    ]
    if as_json:
        emit(rows)
    else:
        print(f"{'site':<24}{'keys':>10}{'expected':>12}")
        print(*(f"{row['name']:<24}{row['won']:>10}{row['expected']:>12}" for row in rows), sep="\n")
