"""`globelet up` and `globelet down`."""

from __future__ import annotations

from typing import Annotated

import typer

from globelet.cli.terminal import DEFAULT_WORLD, Json, WorldName, emit, progress, refusals, say, show_status


def register(app: typer.Typer) -> None:
    """Add `up` and `down`."""
    app.command("up", epilog="Example: `globelet up tokyo-paris`")(up)
    app.command("down", epilog="Example: `globelet down tokyo-paris --wipe`")(down)


def up(world: WorldName = DEFAULT_WORLD, as_json: Json = False) -> None:
    """Start a world, or what of it does not run, and wait until it is ready."""
    with refusals():
        from globelet.engines.local import LocalEngine
        from globelet.world import load

        engine = LocalEngine(load(world))
        say(f"engine: local, one process per chain on this machine; state in {engine.state}")
        with progress(quiet=as_json) as told:
            status = engine.up(told)
        if as_json:
            emit(status.as_dict())
        else:
            show_status(status)


def down(
    world: WorldName = DEFAULT_WORLD,
    wipe: Annotated[bool, typer.Option("--wipe", help="Remove the state too.")] = False,
    as_json: Json = False,
) -> None:
    """Stop a world; its state stays unless --wipe."""
    with refusals():
        from globelet.engines.errors import NotUp
        from globelet.engines.local import LocalEngine

        try:
            engine = LocalEngine.existing(world)
        except NotUp:
            say(f"world {world} has no state; nothing to do")
        else:
            engine.down(wipe=wipe)
            say(f"world {world} is down; its state {'is removed' if wipe else f'stays in {engine.state}'}")
        if as_json:
            emit({"world": world, "up": False, "wiped": wipe})
