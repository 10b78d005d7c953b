"""What the commands take: files, standard input, hexadecimal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from globelet.cli import BAD_INPUT
from globelet.cli.terminal import stop

File = Annotated[str, typer.Argument(metavar="FILE", help="A file, or - for standard input.")]


def read(path: str) -> bytes:
    """All bytes of a file, or of standard input for `-`. Ends the command with status 2 if it can't be read."""
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        stop(BAD_INPUT, f"{path} can't be read: {error.strerror}")


def lines(path: str) -> list[bytes]:
    """The lines of a file, without their ends."""
    return read(path).splitlines()


def write(path: Path, data: bytes) -> None:
    """Writes a file. Ends the command with status 2 if it can't be written."""
    try:
        path.write_bytes(data)
    except OSError as error:
        stop(BAD_INPUT, f"{path} can't be written: {error.strerror}")


def from_hex(text: str, what: str, length: int | None = None) -> bytes:
    """Bytes from hexadecimal digits. Ends the command with status 2 and the name `what` if they are none."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        stop(BAD_INPUT, f"{what} is not hexadecimal: two digits 0-9, a-f for each byte")
    if length is not None and len(data) != length:
        stop(BAD_INPUT, f"{what} has {length} bytes, {2 * length} hexadecimal digits, not {len(text)}")
    return data
