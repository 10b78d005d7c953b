"""`globelet bench`: the figures of the design, measured here and now."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from globelet.cli import BAD_INPUT, FAILED
from globelet.cli.terminal import DEFAULT_WORLD, Json, emit, progress, refusals, say, stop


def register(app: typer.Typer) -> None:
    """Add `bench`."""
    app.command("bench", epilog="Example: `globelet bench --only kernels,hop --quick`")(bench)


def bench(
    only: Annotated[
        list[str] | None, typer.Option(help="Benchmarks by name, separated by commas; all of them if not given.")
    ] = None,
    quick: Annotated[bool, typer.Option(help="Shorter loads and fewer rounds: coarse figures.")] = False,
    seconds: Annotated[float | None, typer.Option(help="Length of each load.", min=1)] = None,
    out: Annotated[Path | None, typer.Option(help="File that gets the JSON document too.")] = None,
    as_json: Json = False,
) -> None:
    """Measure, in a world of its own, what the design has aims for. Every figure stands against one of the same run."""
    with refusals():
        from globelet.bench.run import BENCHMARKS, run
        from globelet.bench.session import Session
        from globelet.bench.table import document, show

        names = [name for part in only or [",".join(BENCHMARKS)] for name in part.split(",") if name]
        if unknown := sorted(set(names) - set(BENCHMARKS)):
            stop(BAD_INPUT, f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(FAILED))  # its world must not outlive it
        with (
            progress(quiet=False) as told,
            Session(DEFAULT_WORLD, quick=quick, seconds=seconds, progress=told) as session,
        ):
            figures = run(session, names)
        made = document(figures, session.notes, world=DEFAULT_WORLD, quick=quick)
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(json.dumps(made, indent=1) + "\n")
            say(f"figures: {out}")
        for note in session.notes:
            say(f"globelet: {note}")
        if as_json:
            emit(made)
            return
        show(figures)
