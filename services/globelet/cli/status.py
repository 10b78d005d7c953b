"""`globelet status`."""

from __future__ import annotations

import typer

from globelet.cli import MISSING
from globelet.cli.terminal import DEFAULT_WORLD, EngineName, Json, WorldName, emit, refusals, show_status


def register(app: typer.Typer) -> None:
    """Add `status`."""
    app.command("status", epilog="Example: `globelet status --json`")(status)


def status(world: WorldName = DEFAULT_WORLD, engine: EngineName = None, as_json: Json = False) -> None:
    """Show a world's processes and endpoints; exit 4 unless all of it runs."""
    with refusals():
        from globelet.engines.choice import existing

        found = existing(world, engine).status()
        if as_json:
            emit(found.as_dict())
        else:
            show_status(found)
        if not found.up:
            raise typer.Exit(MISSING)
