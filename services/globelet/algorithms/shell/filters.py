"""`globelet algorithm filters`: filters of the lines of a file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from globelet.algorithms import filters
from globelet.algorithms.shell.arguments import File, lines, read, write
from globelet.cli import BAD_INPUT, DONE, FAILED
from globelet.cli.terminal import Json, emit, stop

app = typer.Typer(help="Bloom, cuckoo and binary fuse filters over the lines of a file.", no_args_is_help=True)

Filter: TypeAlias = filters.Bloom | filters.GrowingBloom | filters.Cuckoo | filters.Fuse


class Kind(StrEnum):
    """The kinds of filters."""

    BLOOM = "bloom"
    GROWING = "growing"
    CUCKOO = "cuckoo"
    FUSE = "fuse"


# The letters in front of a filter's bytes.
DECODERS: dict[bytes, tuple[Kind, type[Filter]]] = {
    b"gfb1": (Kind.BLOOM, filters.Bloom),
    b"gfg1": (Kind.GROWING, filters.GrowingBloom),
    b"gfc1": (Kind.CUCKOO, filters.Cuckoo),
    b"gff1": (Kind.FUSE, filters.Fuse),
}

KindOption = Annotated[Kind, typer.Option("--kind", help="fuse is smallest and sealed, cuckoo can delete.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**64 - 1, help="What decides every choice.")]
Room = Annotated[int, typer.Option("--room", min=0, help="Items to make room for; those of the file if they are more.")]
Out = Annotated[Path, typer.Option("--out", help="File to write.")]


@app.command(epilog="Example: `globelet algorithm filters make names.txt --kind cuckoo --out names.filter`")
def make(
    file: File,
    out: Out,
    kind: KindOption = Kind.BLOOM,
    rate: Annotated[float, typer.Option("--rate", help="Of false answers, for Bloom filters.")] = 0.01,
    seed: Seed = 0,
    room: Room = 0,
    as_json: Json = False,
) -> None:
    """Make a filter of the lines of a file."""
    items = lines(file)
    count = max(room, len(items))
    made: Filter
    if kind is Kind.FUSE:
        made = filters.Fuse(items, seed)
    elif kind is Kind.CUCKOO:
        made = filters.Cuckoo(count, seed)
        made.insert_many(items)
    else:
        made = (filters.Bloom if kind is Kind.BLOOM else filters.GrowingBloom)(count, rate, seed)
        made.insert_many(items)
    write(out, made.to_bytes())
    _show(kind, made, as_json)


@app.command(epilog="Example: `globelet algorithm filters ask names.filter tokyo paris`")
def ask(
    file: File,
    items: Annotated[list[str], typer.Argument(help="What to ask for.")],
    as_json: Json = False,
) -> None:
    """Ask whether items are perhaps in a filter; status 1 if one certainly is not."""
    _, filter_ = _read(file)
    found = filter_.contains_many([item.encode() for item in items])
    if as_json:
        emit({"found": dict(zip(items, found, strict=True))})
    else:
        print(*(f"{item}: {'perhaps' if there else 'no'}" for item, there in zip(items, found, strict=True)), sep="\n")
    raise typer.Exit(DONE if all(found) else FAILED)


@app.command(epilog="Example: `globelet algorithm filters remove names.filter tokyo --out names.filter`")
def remove(
    file: File,
    items: Annotated[list[str], typer.Argument(help="What to delete; only what was added.")],
    out: Out,
    as_json: Json = False,
) -> None:
    """Delete items from a cuckoo filter; status 1, and nothing written, if one is not there."""
    kind, filter_ = _read(file)
    if not isinstance(filter_, filters.Cuckoo):
        stop(BAD_INPUT, f"nothing can be deleted from a filter of the kind {kind}: make one of the kind cuckoo")
    removed = filter_.remove_many([item.encode() for item in items])
    if not all(removed):
        stop(FAILED, f"{items[removed.index(False)]} is not in the filter")
    write(out, filter_.to_bytes())
    _show(kind, filter_, as_json)


@app.command(epilog="Example: `globelet algorithm filters merge asia.filter europe.filter --out both.filter`")
def merge(
    file: File,
    other: Annotated[str, typer.Argument(help="The other filter, made alike.")],
    out: Out,
    as_json: Json = False,
) -> None:
    """Merge two Bloom or two cuckoo filters of the same seed and size."""
    (kind, one), (_, two) = _read(file), _read(other)
    if (isinstance(one, filters.Bloom) and isinstance(two, filters.Bloom)) or (
        isinstance(one, filters.Cuckoo) and isinstance(two, filters.Cuckoo)
    ):
        one.merge(two)  # type: ignore[arg-type]  # of one kind, as was just checked
    else:
        stop(BAD_INPUT, "two Bloom filters can be merged, or two cuckoo filters: make both of the same kind")
    write(out, one.to_bytes())
    _show(kind, one, as_json)


@app.command(epilog="Example: `globelet algorithm filters about names.filter`")
def about(file: File, as_json: Json = False) -> None:
    """Say what a filter is: its kind, items, size and rate of false answers."""
    _show(*_read(file), as_json)


def _read(path: str) -> tuple[Kind, Filter]:
    data = read(path)
    found = DECODERS.get(data[:4])
    if found is None:
        stop(BAD_INPUT, f"{path} is no filter: pass a file that `globelet algorithm filters make` wrote")
    return found[0], found[1].from_bytes(data)


def _show(kind: Kind, filter_: Filter, as_json: bool) -> None:
    known = {"kind": kind.value, "items": len(filter_), "bytes": filter_.size, "rate": filter_.rate}
    if as_json:
        emit(known | {"seed": filter_.seed})
    else:
        print(*(f"{name} {value}" for name, value in known.items()), sep="\n")
