"""`globelet up` and `globelet down`."""

from __future__ import annotations

from typing import Annotated

import typer

from globelet.cli.terminal import DEFAULT_WORLD, EngineName, Json, WorldName, emit, progress, refusals, say, show_status


def register(app: typer.Typer) -> None:
    """Add `up` and `down`."""
    app.command("up", epilog="Example: `globelet up tokyo-paris`")(up)
    app.command("down", epilog="Example: `globelet down tokyo-paris --wipe`")(down)


def up(
    world: WorldName = DEFAULT_WORLD,
    engine: EngineName = None,
    mirror: Annotated[
        bool | None, typer.Option("--mirror/--official", help="Compose: images built from package registries alone.")
    ] = None,
    overlay: Annotated[
        list[str] | None, typer.Option(help="Compose: add compose/compose.NAME.yaml (observability, lab, load, …).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Start a world, or what of it does not run, and wait until it is ready.

    In containers where a Docker engine answers, else as processes of this machine.
    """
    with refusals():
        from globelet.engines.choice import choose, make
        from globelet.world import load

        chosen, why = choose(engine)
        made = make(chosen, load(world), mirror=mirror, overlays=overlay)
        say(f"engine: {chosen} ({why}); state in {made.state}")
        with progress(quiet=as_json) as told:
            status = made.up(told)
        if as_json:
            emit(status.as_dict())
        else:
            show_status(status)


def down(
    world: WorldName = DEFAULT_WORLD,
    engine: EngineName = None,
    wipe: Annotated[bool, typer.Option("--wipe", help="Remove the state too.")] = False,
    as_json: Json = False,
) -> None:
    """Stop a world; its state stays unless --wipe."""
    with refusals():
        from globelet.engines.choice import existing
        from globelet.engines.errors import NotUp

        try:
            found = existing(world, engine)
        except NotUp:
            say(f"world {world} has no state; nothing to do")
        else:
            # $GLOBELET_STATE may hold another one than was named.
            world = found.world.name
            found.down(wipe=wipe)
            say(f"world {world} is down; its state {'is removed' if wipe else f'stays in {found.state}'}")
        if as_json:
            emit({"world": world, "up": False, "wiped": wipe})
