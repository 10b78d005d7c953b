"""`globelet algorithm election`: committees from lists of candidates."""

from __future__ import annotations

import csv
import hashlib
from typing import Annotated

import typer

from globelet.algorithms import election
from globelet.algorithms.shell.arguments import File, from_hex, lines, read
from globelet.cli import BAD_INPUT
from globelet.cli.terminal import Json, emit, stop

app = typer.Typer(help="Elections with a cap for each place, and handovers (DPoS).", no_args_is_help=True)

Seats = Annotated[int, typer.Option("--seats", min=1, max=1024, help="Seats of the committee.")]
Share = Annotated[
    int, typer.Option("--place-share", min=1, max=1_000_000, help="Most of the seats for one place, in millionths.")
]


def _candidates(path: str) -> dict[bytes, tuple[str, election.Candidate]]:
    """Lines `name,place,stake[,holding_ppm[,bonus_ppm]]`; a name's key is its SHA-256."""
    places: dict[str, int] = {}
    found = {}
    rows = csv.reader(line.decode(errors="replace") for line in lines(path))
    for number, row in enumerate(rows, 1):
        if not row:
            continue
        try:
            name, place, *numbers = (cell.strip() for cell in row)
            stake, holding, bonus = (int(n) for n in [*numbers, "1000000", "1000000"][:3] if len(numbers) in (1, 2, 3))
            key = hashlib.sha256(name.encode()).digest()
            where = places.setdefault(place, len(places))
            found[key] = (name, election.Candidate(key, where, stake, holding, bonus))
        except (ValueError, OverflowError):
            stop(BAD_INPUT, f"line {number} of {path} is not name,place,stake[,holding_ppm[,bonus_ppm]]")
    return found


@app.command(epilog="Example: `globelet algorithm election chances candidates.csv --seats 4 --place-share 250000`")
def chances(file: File, seats: Seats, place_share: Share = 1_000_000, as_json: Json = False) -> None:
    """Print the chance of a seat of each candidate: lines name,place,stake[,holding_ppm[,bonus_ppm]]."""
    field = _candidates(file)
    found = election.chances([c for _, c in field.values()], seats, place_share)
    named = sorted(((field[key][0], chance) for key, chance in found), key=lambda pair: (-pair[1], pair[0]))
    if as_json:
        emit({"chances": [{"name": name, "chance": chance} for name, chance in named]})
    else:
        print(*(f"{chance:.6f} {name}" for name, chance in named), sep="\n")


@app.command(epilog="Example: `globelet algorithm election elect candidates.csv --seats 4 --seed 00ff…`")
def elect(
    file: File,
    seats: Seats,
    seed: Annotated[str, typer.Option("--seed", help="What the draw follows from, 64 hexadecimal digits.")],
    place_share: Share = 1_000_000,
    as_json: Json = False,
) -> None:
    """Elect a committee from lines name,place,stake[,holding_ppm[,bonus_ppm]]; print the names."""
    field = _candidates(file)
    elected = election.elect(from_hex(seed, "the seed", 32), [c for _, c in field.values()], seats, place_share)
    if as_json:
        emit({"elected": [{"name": field[key][0], "key": key.hex()} for key in elected]})
    else:
        print(*sorted(field[key][0] for key in elected), sep="\n")


@app.command(epilog="Example: `globelet algorithm election follow genesis.committee epoch-*.handover`")
def follow(
    genesis: File,
    handovers: Annotated[list[str], typer.Argument(help="Files of handovers, the oldest first.")],
    as_json: Json = False,
) -> None:
    """Follow handovers from a committee that is trusted, and print the newest; status 2 where they do not follow."""
    steps = [election.Handover.from_bytes(read(path)) for path in handovers]
    newest = election.follow(election.Committee.from_bytes(read(genesis)), steps)
    found = {"chain": newest.chain, "epoch": newest.epoch, "quorum": newest.quorum, "hash": newest.hash().hex()}
    if as_json:
        emit(found | {"members": [key.hex() for key in newest.keys]})
    else:
        print(*(f"{name} {value}" for name, value in found.items()), *(key.hex() for key in newest.keys), sep="\n")
