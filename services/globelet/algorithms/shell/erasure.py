"""`globelet algorithm erasure`: files into shards and back, stripe by stripe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from globelet.algorithms import erasure
from globelet.algorithms.shell.arguments import File, read, write
from globelet.cli import BAD_INPUT, DONE, FAILED
from globelet.cli.terminal import Json, emit, say, stop

app = typer.Typer(help="Reed-Solomon shards of files, any k of n rebuild.", no_args_is_help=True)

NUMBER = 4
"""Bytes in front of a shard file: its number, little-endian. Its pieces follow, stripe after stripe."""

STRIPE = 1 << 20

ManifestFile = Annotated[Path, typer.Option("--manifest", help="The manifest, as `encode` wrote it.")]
Shards = Annotated[list[Path], typer.Argument(help="Files of shards.")]


@app.command(epilog="Example: `globelet algorithm erasure encode --k 4 --n 7 ledger.bin --out ledger.shards`")
def encode(
    file: File,
    k: Annotated[int, typer.Option("--k", min=1, max=65_535, help="Shards needed to rebuild.")],
    n: Annotated[int, typer.Option("--n", min=1, max=65_535, help="Shards to make.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write; FILE.shards by default.")] = None,
    stripe: Annotated[int, typer.Option("--stripe", min=1, max=erasure.MAX_STRIPE, help="Bytes of a stripe.")] = STRIPE,
    as_json: Json = False,
) -> None:
    """Cut a file into n shard files and a manifest, stripe by stripe, whatever its size."""
    encoder = erasure.Encoder(k, n, stripe)
    folder = out or Path(("payload" if file == "-" else file) + ".shards")
    names = [folder / f"shard-{index:05}" for index in range(n)]
    with _writing(folder), _reading(file) as source:
        for index, name in enumerate(names):
            name.write_bytes(index.to_bytes(NUMBER, "little"))
        while part := source.read(stripe):
            _append(names, encoder.push(part))
        last, manifest = encoder.finish()
        _append(names, last)
    write(folder / "manifest", manifest.to_bytes())
    found = {"manifest": str(folder / "manifest"), "id": manifest.id.hex(), "bytes": manifest.length, "shards": n}
    if as_json:
        emit(found | {"files": [str(name) for name in names]})
    else:
        print(*(f"{name} {value}" for name, value in found.items()), sep="\n")


@app.command(
    epilog="Example: `globelet algorithm erasure decode --manifest s/manifest --out copy.bin s/shard-0000[2-5]`"
)
def decode(
    shards: Shards,
    manifest: ManifestFile,
    out: Annotated[Path, typer.Option("--out", help="File to write; it appears when all of it was rebuilt.")],
    as_json: Json = False,
) -> None:
    """Rebuild a file from any k shard files; wrong shards are named and not used."""
    trusted = erasure.Manifest.from_bytes(read(str(manifest)))
    decoder, wrong = erasure.Decoder(trusted), set[int]()
    part = out.with_name(out.name + ".part")
    with ExitStack() as stack:
        stack.enter_context(_writing(out.parent))
        opened = {path: stack.enter_context(_reading(str(path))) for path in shards}
        stack.callback(part.unlink, missing_ok=True)
        with part.open("wb") as target:
            numbers = {path: _number(path, source, trusted) for path, source in opened.items()}
            for stripe in range(len(trusted)):
                lengths = {path: trusted.piece_len(stripe, numbers[path]) for path in opened}
                pieces = [(numbers[path], source.read(lengths[path])) for path, source in opened.items()]
                payload, bad = decoder.open(stripe, pieces)
                target.write(payload)
                wrong.update(bad)
        part.replace(out)
    for index in sorted(wrong):
        say(f"shard {index} is not what was committed to: it was left out")
    if as_json:
        emit({"file": str(out), "bytes": trusted.length, "wrong": sorted(wrong)})
    else:
        print(f"{out}: {trusted.length} bytes")


@app.command(
    epilog="Example: `globelet algorithm erasure verify --manifest ledger.shards/manifest ledger.shards/shard-*`"
)
def verify(shards: Shards, manifest: ManifestFile, as_json: Json = False) -> None:
    """Check shard files, each alone, against a manifest; status 1 if one is wrong."""
    trusted = erasure.Manifest.from_bytes(read(str(manifest)))
    found = []
    for path in shards:
        with _reading(str(path)) as source:
            index = _number(path, source, trusted)
            found.append({"file": str(path), "shard": index, "holds": _holds(trusted, index, source)})
    if as_json:
        emit({"shards": found, "needed": trusted.k})
    else:
        print(*(f"{e['file']}: shard {e['shard']} {'holds' if e['holds'] else 'is wrong'}" for e in found), sep="\n")
    raise typer.Exit(DONE if all(entry["holds"] for entry in found) else FAILED)


def _holds(manifest: erasure.Manifest, index: int, source: BinaryIO) -> bool:
    for stripe in range(len(manifest)):
        if not manifest.verify(stripe, index, source.read(manifest.piece_len(stripe, index))):
            return False
    return not source.read(1)


def _number(path: Path, source: BinaryIO, manifest: erasure.Manifest) -> int:
    head = source.read(NUMBER)
    index = int.from_bytes(head, "little")
    if len(head) < NUMBER or index >= manifest.n:
        stop(BAD_INPUT, f"{path} is no shard of this manifest: it has to begin with a number below {manifest.n}")
    return index


def _append(names: list[Path], stripes: list[list[bytes]]) -> None:
    """One file at a time is open, so that n may be more than a process may open."""
    for index, name in enumerate(names):
        if stripes:
            with name.open("ab") as target:
                target.writelines(pieces[index] for pieces in stripes)


@contextmanager
def _reading(path: str) -> Iterator[BinaryIO]:
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        source = Path(path).open("rb")  # noqa: SIM115 - closed below; opened here so that only this error is caught
    except OSError as error:
        stop(BAD_INPUT, f"{path} can't be read: {error.strerror}")
    with source:
        yield source


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        stop(BAD_INPUT, f"{error.filename or folder} can't be read or written: {error.strerror}")
