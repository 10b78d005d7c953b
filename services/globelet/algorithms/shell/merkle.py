"""`globelet algorithm merkle`: trees over the lines of a file."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from globelet.algorithms import merkle
from globelet.algorithms.shell.arguments import File, from_hex, lines
from globelet.cli import DONE, FAILED
from globelet.cli.terminal import Json, emit

app = typer.Typer(help="Merkle trees over the lines of a file (RFC 9162).", no_args_is_help=True)


class Hash(StrEnum):
    """The hashes that a tree can stand on."""

    BLAKE3 = "blake3"
    SHA256 = "sha256"


HashOption = Annotated[Hash, typer.Option("--hash", help="What the tree hashes by.")]
RootOption = Annotated[str, typer.Option("--root", help="The root, 64 hexadecimal digits.")]
ProofOption = Annotated[str, typer.Option("--proof", help="The proof, hexadecimal, as `prove` printed it.")]


@app.command(epilog="Example: `globelet algorithm merkle root names.txt`")
def root(file: File, hash_name: HashOption = Hash.BLAKE3, as_json: Json = False) -> None:
    """Print the root over the lines of a file."""
    tree = merkle.Tree(lines(file), hash_name.value)
    if as_json:
        emit({"root": tree.root().hex(), "leaves": len(tree), "hash": tree.hash_name})
    else:
        print(tree.root().hex())


@app.command(epilog="Example: `globelet algorithm merkle prove names.txt 2 5`")
def prove(
    file: File,
    leaves: Annotated[list[int], typer.Argument(min=0, max=2**32 - 1, help="Numbers of lines, from 0, rising.")],
    hash_name: HashOption = Hash.BLAKE3,
    as_json: Json = False,
) -> None:
    """Print the proof that lines stand in a file: an inclusion proof for one, a multi-proof for more."""
    tree = merkle.Tree(lines(file), hash_name.value)
    proof = tree.prove(leaves[0]) if len(leaves) == 1 else tree.prove_many(leaves)
    if as_json:
        path = [node.hex() for node in proof.path]
        emit({"root": tree.root().hex(), "count": proof.count, "leaves": leaves, "path": path,
              "proof": proof.to_bytes().hex()})  # fmt: skip
    else:
        print(proof.to_bytes().hex())


@app.command(epilog="Example: `globelet algorithm merkle verify --root 5f2c… --proof 0200… tokyo`")
def verify(
    leaves: Annotated[list[str], typer.Argument(help="The lines, in the order of their numbers.")],
    root_hex: RootOption,
    proof_hex: ProofOption,
    hash_name: HashOption = Hash.BLAKE3,
    as_json: Json = False,
) -> None:
    """Check that lines stand under a root; status 1 if they do not."""
    digest, proof = from_hex(root_hex, "the root", 32), from_hex(proof_hex, "the proof")
    texts = [leaf.encode() for leaf in leaves]
    if len(texts) == 1:
        single = merkle.InclusionProof.from_bytes(proof)
        holds = single.verify(digest, texts[0], hash_name.value)
    else:
        holds = merkle.MultiProof.from_bytes(proof).verify(digest, texts, hash_name.value)
    _tell(holds, as_json)


@app.command(epilog="Example: `globelet algorithm merkle grown log.txt 1000`")
def grown(
    file: File,
    old: Annotated[int, typer.Argument(min=0, max=2**32 - 1, help="How many lines the file had before.")],
    hash_name: HashOption = Hash.BLAKE3,
    as_json: Json = False,
) -> None:
    """Print the proof that a file only grew, with both roots."""
    tree = merkle.Tree(lines(file), hash_name.value)
    proof = tree.prove_consistency(old)
    found = {"old": tree.root(old).hex(), "new": tree.root().hex(), "proof": proof.to_bytes().hex()}
    if as_json:
        emit(found)
    else:
        print(*(f"{name} {value}" for name, value in found.items()), sep="\n")


@app.command("verify-grown", epilog="Example: `globelet algorithm merkle verify-grown --proof 0300… 5f2c… 77ab…`")
def verify_grown(
    old: Annotated[str, typer.Argument(help="The root before, 64 hexadecimal digits.")],
    new: Annotated[str, typer.Argument(help="The root after, 64 hexadecimal digits.")],
    proof_hex: ProofOption,
    hash_name: HashOption = Hash.BLAKE3,
    as_json: Json = False,
) -> None:
    """Check that the tree under one root begins with the tree under another; status 1 if it does not."""
    proof = merkle.ConsistencyProof.from_bytes(from_hex(proof_hex, "the proof"))
    before, after = from_hex(old, "the root before", 32), from_hex(new, "the root after", 32)
    _tell(proof.verify(before, after, hash_name.value), as_json)


def _tell(holds: bool, as_json: bool) -> None:
    if as_json:
        emit({"holds": holds})
    else:
        print("holds" if holds else "does not hold")
    raise typer.Exit(DONE if holds else FAILED)
