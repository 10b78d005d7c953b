"""`globelet algorithm signatures`: sign files and verify them."""

from __future__ import annotations

import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from globelet.algorithms import signatures
from globelet.algorithms.shell.arguments import File, from_hex, read, write
from globelet.cli import DONE, FAILED
from globelet.cli.terminal import Json, emit, say

app = typer.Typer(help="Ed25519, ML-DSA (FIPS 204) and hybrids of both.", no_args_is_help=True)


class Scheme(StrEnum):
    """The schemes."""

    ED25519 = "ed25519"
    ML_DSA_44 = "ml-dsa-44"
    ML_DSA_65 = "ml-dsa-65"
    ML_DSA_44_ED25519 = "ml-dsa-44-ed25519"
    ML_DSA_65_ED25519 = "ml-dsa-65-ed25519"


SchemeOption = Annotated[Scheme, typer.Option("--scheme", help="The scheme.")]
SeedOption = Annotated[str, typer.Option("--seed", help="File with the secret seed.")]
ContextOption = Annotated[str, typer.Option("--context", help="A context, hexadecimal; none for Ed25519.")]


@app.command(epilog="Example: `globelet algorithm signatures keys --seed tokyo.seed --public tokyo.pub`")
def keys(
    seed: Annotated[Path, typer.Option(help="File for the secret seed; read if it exists, made (0600) if not.")],
    public: Annotated[Path, typer.Option(help="File for the public key.")],
    scheme: SchemeOption = Scheme.ED25519,
    as_json: Json = False,
) -> None:
    """Make a key pair: a secret seed and its public key."""
    if not seed.exists():
        seed.touch(mode=0o600)
        write(seed, secrets.token_bytes(64 if scheme.value.startswith("ml-dsa") and "ed25519" in scheme.value else 32))
    key = signatures.SigningKey(scheme.value, read(str(seed))).public()
    write(public, key)
    if as_json:
        emit({"scheme": scheme.value, "seed": str(seed), "public": str(public), "public_bytes": len(key)})
    else:
        say(f"wrote {public}, {len(key)} bytes; keep {seed} secret")


@app.command(epilog="Example: `globelet algorithm signatures sign order.json --seed tokyo.seed --out order.sig`")
def sign(
    file: File,
    seed: SeedOption,
    out: Annotated[Path, typer.Option("--out", help="File to write.")],
    scheme: SchemeOption = Scheme.ED25519,
    context: ContextOption = "",
    as_json: Json = False,
) -> None:
    """Sign a file."""
    key = signatures.SigningKey(scheme.value, read(seed))
    signature = key.sign(read(file), from_hex(context, "the context"))
    write(out, signature)
    if as_json:
        emit({"scheme": scheme.value, "signature": str(out), "signature_bytes": len(signature)})
    else:
        say(f"wrote {out}, {len(signature)} bytes")


@app.command(epilog="Example: `globelet algorithm signatures verify order.json --public a.pub --signature a.sig`")
def verify(
    file: File,
    public: Annotated[str, typer.Option("--public", help="File with the public key.")],
    signature: Annotated[str, typer.Option("--signature", help="File with the signature.")],
    scheme: SchemeOption = Scheme.ED25519,
    context: ContextOption = "",
    as_json: Json = False,
) -> None:
    """Check a signature of a file; status 1 if it does not stand."""
    key = signatures.VerifyingKey(scheme.value, read(public))
    holds = key.verify(read(file), read(signature), from_hex(context, "the context"))
    if as_json:
        emit({"holds": holds})
    else:
        print("holds" if holds else "does not hold")
    raise typer.Exit(DONE if holds else FAILED)
