"""`globelet algorithm gossip`: overlays in virtual time, packets, signed payloads."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from globelet.algorithms import gossip
from globelet.algorithms.shell.arguments import File, read, write
from globelet.cli import DONE, FAILED
from globelet.cli.terminal import Json, emit

app = typer.Typer(help="HyParView membership and Plumtree broadcast (HVP).", no_args_is_help=True)


class Distances(StrEnum):
    """Where the members of a network live."""

    EVEN = "even"
    CITIES = "cities"


Row = dict[str, str | int | float]
Nodes = Annotated[int, typer.Option(min=2, max=20_000, help="Members.")]
Fail = Annotated[float, typer.Option(min=0.0, max=0.9, help="Share of the members that stop at once.")]
Broadcasts = Annotated[int, typer.Option(min=1, max=100, help="Broadcasts in each part.")]
SeedFile = Annotated[Path, typer.Option("--seed", help="The secret key: a file of 32 bytes.")]


def _row(part: str, number: int, network: gossip.Network) -> Row:
    """One broadcast of member 0, and how it went."""
    arrivals = network.broadcast(0, f"{part} {number}".encode())
    return {
        "part": part,
        "broadcast": number,
        "alive": len(network.alive),
        "reached": len(arrivals) + 1,
        "redundancy": round(arrivals.redundancy, 3),
        "last_hop": arrivals.last_hop,
        "took_ms": round(arrivals.took_us / 1000, 1),
        "announcements": arrivals.announcements,
    }


def _played(network: gossip.Network, fail: float, broadcasts: int) -> list[Row]:
    rows = [_row("joined", number, network) for number in range(1, broadcasts + 1)]
    if network.fail(fail):
        rows += [_row("failed", number, network) for number in range(1, broadcasts + 1)]
        network.run_for(300_000_000)
        rows += [_row("healed", number, network) for number in range(1, broadcasts + 1)]
    return rows


@app.command(epilog="Example: `globelet algorithm gossip run --nodes 200 --fail 0.3 --seed 7`")
def run(
    nodes: Nodes = 200,
    fail: Fail = 0.3,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="What chance follows from.")] = 1,
    broadcasts: Broadcasts = 5,
    distances: Annotated[Distances, typer.Option(help="Where the members live.")] = Distances.CITIES,
    as_json: Json = False,
) -> None:
    """Join members by one contact, broadcast, stop a share at once, broadcast, heal; status 1 if anybody missed one."""
    network = gossip.Network(nodes, seed, distances.value)
    rows = _played(network, fail, broadcasts)
    whole = len(network.reachable(0)) == len(network.alive)
    if as_json:
        emit({"rows": rows, "one_piece": whole, "packets": network.handled,
              "mean_round_trip_us": network.mean_round_trip_us()})  # fmt: skip
    else:
        names = list(rows[0])
        print(*(f"{name:>15}" for name in names), sep="")
        for row in rows:
            print(*(f"{row[name]:>15}" for name in names), sep="")
        print(f"{network.handled} packets; the overlay is {'one piece' if whole else 'in parts'};", end=" ")
        print(f"mean round trip of its links {network.mean_round_trip_us() / 1000:.1f} ms")
    raise typer.Exit(DONE if whole and all(row["reached"] == row["alive"] for row in rows) else FAILED)


@app.command(epilog="Example: `globelet algorithm gossip packets packets.bin`")
def packets(file: File, as_json: Json = False) -> None:
    """Print what packets say."""
    found = gossip.packets(read(file))
    if as_json:
        emit(found)
    else:
        print(*found, sep="\n")


@app.command(epilog="Example: `globelet algorithm gossip sign message.txt --seed key --number 1 --out payload`")
def sign(
    file: File,
    seed: SeedFile,
    out: Annotated[Path, typer.Option(help="Where the payload goes.")],
    number: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="The author's number for it.")] = 0,
) -> None:
    """Sign a file, so that it can be broadcast among members who know its author."""
    write(out, gossip.sign(read(str(seed)), number, read(file)))


@app.command("open", epilog="Example: `globelet algorithm gossip open payload`")
def open_payload(file: File, as_json: Json = False) -> None:
    """Print author, number and body of a signed payload; status 1 if its author did not sign it."""
    try:
        author, number, body = gossip.open_signed(read(file))
    except gossip.GossipError as refused:
        if refused.code != "gossip.forged":
            raise
        print("does not hold")
        raise typer.Exit(FAILED) from None
    shown = {"author": author.hex(), "number": number, "body": body.decode(errors="replace")}
    if as_json:
        emit(shown)
    else:
        print(*(f"{name} {value}" for name, value in shown.items()), sep="\n")
