"""`globelet algorithm kem`: keys, ciphertexts and shared secrets in files and hexadecimal."""

from __future__ import annotations

import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from globelet.algorithms import kem
from globelet.algorithms.shell.arguments import File, read, write
from globelet.cli.terminal import Json, emit, say

app = typer.Typer(help="Key encapsulation: ML-KEM-768, X-Wing, sntrup761.", no_args_is_help=True)


class Scheme(StrEnum):
    """The schemes."""

    ML_KEM_768 = "ml-kem-768"
    X_WING = "x-wing"
    SNTRUP761 = "sntrup761"


SchemeOption = Annotated[Scheme, typer.Option("--scheme", help="The scheme; X-Wing joins ML-KEM-768 and X25519.")]
Out = Annotated[Path, typer.Option("--out", help="File to write.")]


@app.command(epilog="Example: `globelet algorithm kem keys --seed tokyo.seed --public tokyo.pub`")
def keys(
    seed: Annotated[Path, typer.Option(help="File for the secret seed; read if it exists, made (0600) if not.")],
    public: Annotated[Path, typer.Option(help="File for the public key.")],
    scheme: SchemeOption = Scheme.X_WING,
    as_json: Json = False,
) -> None:
    """Make a key pair: a secret seed and its public key."""
    if not seed.exists():
        seed.touch(mode=0o600)
        write(seed, secrets.token_bytes(kem.SIZES[scheme.value]["seed"]))
    key = kem.SecretKey(scheme.value, read(str(seed))).public().to_bytes()
    write(public, key)
    if as_json:
        emit({"scheme": scheme.value, "seed": str(seed), "public": str(public), "public_bytes": len(key)})
    else:
        say(f"wrote {public}, {len(key)} bytes; keep {seed} secret")


@app.command(epilog="Example: `globelet algorithm kem encapsulate tokyo.pub --out to-tokyo`")
def encapsulate(public: File, out: Out, scheme: SchemeOption = Scheme.X_WING, as_json: Json = False) -> None:
    """Make a ciphertext for a public key, and print the shared secret."""
    key = kem.PublicKey(scheme.value, read(public))
    ciphertext, shared = key.encapsulate(secrets.token_bytes(kem.SIZES[scheme.value]["randomness"]))
    write(out, ciphertext)
    _tell(scheme, shared, as_json)


@app.command(epilog="Example: `globelet algorithm kem decapsulate --seed tokyo.seed to-tokyo`")
def decapsulate(
    ciphertext: File,
    seed: Annotated[str, typer.Option(help="File with the secret seed.")],
    scheme: SchemeOption = Scheme.X_WING,
    as_json: Json = False,
) -> None:
    """Print the shared secret of a ciphertext; one that was not made for this key gives another secret."""
    key = kem.SecretKey(scheme.value, read(seed))
    _tell(scheme, key.decapsulate(read(ciphertext)), as_json)


def _tell(scheme: Scheme, shared: bytes, as_json: bool) -> None:
    if as_json:
        emit({"scheme": scheme.value, "shared": shared.hex()})
    else:
        print(shared.hex())
