"""`globelet algorithm vrf`: draw for a file, check a draw."""

from __future__ import annotations

import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from globelet.algorithms import vrf
from globelet.algorithms.shell.arguments import File, from_hex, read, write
from globelet.cli import DONE, FAILED
from globelet.cli.terminal import Json, emit, say

app = typer.Typer(help="Verifiable draws (RFC 9381).", no_args_is_help=True)


class Suite(StrEnum):
    """The suites."""

    TAI = "tai"
    ELL2 = "ell2"


SuiteOption = Annotated[Suite, typer.Option("--suite", help="How an input becomes a point.")]
ProofOption = Annotated[str, typer.Option("--proof", help="The proof, 160 hexadecimal digits, as `prove` printed it.")]


@app.command(epilog="Example: `globelet algorithm vrf keygen --seed tokyo.seed --public tokyo.pub`")
def keygen(
    seed: Annotated[Path, typer.Option(help="File for the secret seed; read if it exists, made (0600) if not.")],
    public: Annotated[Path, typer.Option(help="File for the public key.")],
    as_json: Json = False,
) -> None:
    """Make a key pair: a secret seed and its public key."""
    if not seed.exists():
        seed.touch(mode=0o600)
        write(seed, secrets.token_bytes(32))
    key = vrf.SecretKey(read(str(seed))).public()
    write(public, key)
    if as_json:
        emit({"seed": str(seed), "public": str(public), "public_hex": key.hex()})
    else:
        say(f"wrote {public}, {len(key)} bytes; keep {seed} secret")


@app.command(epilog="Example: `globelet algorithm vrf prove epoch.txt --seed tokyo.seed`")
def prove(
    file: File,
    seed: Annotated[str, typer.Option("--seed", help="File with the secret seed.")],
    suite: SuiteOption = Suite.TAI,
    as_json: Json = False,
) -> None:
    """Print the proof of the draw for a file's bytes."""
    proof = vrf.SecretKey(read(seed)).prove(read(file), suite.value)
    if as_json:
        emit({"suite": suite.value, "proof": proof.hex(), "output": vrf.proof_to_hash(proof, suite.value).hex()})
    else:
        print(proof.hex())


@app.command(epilog="Example: `globelet algorithm vrf verify epoch.txt --public tokyo.pub --proof 8657…`")
def verify(
    file: File,
    public: Annotated[str, typer.Option("--public", help="File with the public key.")],
    proof_hex: ProofOption,
    suite: SuiteOption = Suite.TAI,
    as_json: Json = False,
) -> None:
    """Check the draw for a file's bytes and print its output; status 1 if the proof does not hold."""
    key = vrf.PublicKey(read(public))
    proof = from_hex(proof_hex, "the proof", 80)
    output = key.verify_many([read(file)], [proof], suite.value)[0]
    if as_json:
        emit({"holds": output is not None, "output": output.hex() if output else None})
    else:
        print(output.hex() if output else "does not hold")
    raise typer.Exit(DONE if output else FAILED)


@app.command("hash", epilog="Example: `globelet algorithm vrf hash --proof 8657…`")
def to_hash(proof_hex: ProofOption, suite: SuiteOption = Suite.TAI, as_json: Json = False) -> None:
    """Print the output that a proof is for, without checking it: for proofs known to hold."""
    output = vrf.proof_to_hash(from_hex(proof_hex, "the proof", 80), suite.value)
    if as_json:
        emit({"suite": suite.value, "output": output.hex()})
    else:
        print(output.hex())
