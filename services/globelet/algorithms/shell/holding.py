"""`globelet algorithm holding`: commitments to files, challenges and answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from globelet.algorithms import holding
from globelet.algorithms.shell.arguments import File, from_hex, read, write
from globelet.cli import DONE, FAILED
from globelet.cli.terminal import Json, emit

app = typer.Typer(help="Shards in pieces, challenged for some of them (PoH).", no_args_is_help=True)

Piece = Annotated[int, typer.Option("--piece", min=1, max=65_536, help="Bytes of a piece.")]
Seed = Annotated[str, typer.Option("--seed", help="What the pieces are drawn from, 64 hexadecimal digits.")]
Ranges = Annotated[int, typer.Option("--ranges", min=1, max=4096, help="Ranges to show.")]
Width = Annotated[int, typer.Option("--width", min=1, max=4096, help="Pieces of a range.")]
Pieces = Annotated[int, typer.Argument(min=0, max=2**32 - 1, help="Pieces of the shard.")]
Lost = Annotated[int, typer.Argument(min=0, max=2**32 - 1, help="Pieces that are lost.")]

_VERTEX = bytes(32)


def _challenge(seed: str, ranges: int, width: int) -> holding.Challenge:
    return holding.Challenge(_VERTEX, 0, 0, from_hex(seed, "the seed", 32), ranges, width)


@app.command(epilog="Example: `globelet algorithm holding commit shard.bin --piece 256`")
def commit(file: File, piece: Piece = 256, as_json: Json = False) -> None:
    """Print the commitment to a shard, which is all that those who check it need."""
    made = holding.Shard(read(file), piece).commitment
    if as_json:
        emit(
            {"root": made.root.hex(), "length": made.length, "pieces": made.pieces, "commitment": made.to_bytes().hex()}
        )
    else:
        print(made.to_bytes().hex())


@app.command(epilog="Example: `globelet algorithm holding answer shard.bin --seed 00ff… --key 0102… --out answer.bin`")
def answer(
    file: File,
    seed: Seed,
    key: Annotated[str, typer.Option("--key", help="The holder's Ed25519 seed, 64 hexadecimal digits.")],
    out: Annotated[Path, typer.Option("--out", help="Where the answer goes.")],
    ranges: Ranges = 16,
    width: Width = 1,
    piece: Piece = 256,
) -> None:
    """Answer a challenge for a shard, and print the public key that the answer is signed by."""
    signing = from_hex(key, "the key", 32)
    made = holding.Shard(read(file), piece).answer(signing, _challenge(seed, ranges, width))
    write(out, made.to_bytes())
    print(holding.Holder(0, signing, 0, 0, 0).public.hex())


@app.command(epilog="Example: `globelet algorithm holding check answer.bin --seed 00ff… --commitment 77… --public 42…`")
def check(
    file: File,
    seed: Seed,
    commitment: Annotated[str, typer.Option("--commitment", help="As `commit` printed it.")],
    public: Annotated[str, typer.Option("--public", help="The holder's public key, as `answer` printed it.")],
    ranges: Ranges = 16,
    width: Width = 1,
    as_json: Json = False,
) -> None:
    """Check an answer; status 1, and why, if it does not stand."""
    committed = holding.Commitment.from_bytes(from_hex(commitment, "the commitment", 44))
    given, key = holding.Answer.from_bytes(read(file)), from_hex(public, "the public key", 32)
    try:
        given.verify(committed, _challenge(seed, ranges, width), key, 0)
        holds, why = True, None
    except holding.HoldingError as error:
        if error.code not in ("holding.wrong-answer", "holding.bad-signature"):
            raise
        holds, why = False, str(error)
    if as_json:
        emit({"holds": holds, "why": why, "pieces": len(given.pieces)})
    else:
        print("it stands" if holds else f"it does not stand: {why}")
    raise typer.Exit(DONE if holds else FAILED)


@app.command(epilog="Example: `globelet algorithm holding caught 10000 100 --ranges 460`")
def caught(pieces: Pieces, lost: Lost, ranges: Ranges = 16, width: Width = 1) -> None:
    """Print the probability that a challenge catches who lost some of the pieces."""
    print(f"{holding.caught(pieces, lost, ranges, width):.9f}")


@app.command("ranges", epilog="Example: `globelet algorithm holding ranges 10000 100 --at-least 0.99`")
def ranges_needed(
    pieces: Pieces,
    lost: Lost,
    at_least: Annotated[float, typer.Option("--at-least", min=0, max=1, help="The probability.")] = 0.99,
    width: Width = 1,
) -> None:
    """Print how many ranges catch who lost some of the pieces; status 1 if 4,096 pieces do not."""
    needed = holding.ranges_needed(pieces, lost, at_least, width)
    print(needed if needed is not None else "no challenge of 4096 pieces catches it so often")
    raise typer.Exit(DONE if needed is not None else FAILED)
