"""`globelet swarm`: a world over the machines of a Docker Swarm."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from globelet.cli.terminal import DEFAULT_WORLD, Json, WorldName, emit, progress, refusals, say, table

if TYPE_CHECKING:
    from globelet.engines.swarm_deployment import SwarmDeployment

World = Annotated[str, typer.Option("--world", help="Name of a world, or its file.")]
Mirror = Annotated[bool | None, typer.Option("--mirror/--official", help="Images built from package registries alone.")]
Publish = Annotated[
    bool,
    typer.Option("--publish", help="Publish every port on the node of its service, on ALL its addresses."),
]
Stores = Annotated[bool, typer.Option("--stores/--no-stores", help="Bus, archiver and stores too, or none of them.")]


def register(app: typer.Typer) -> None:
    """Add `swarm` and its words."""
    swarm = typer.Typer(help="Run a world over the machines of a Docker Swarm.", no_args_is_help=True)
    swarm.command("up", epilog="Example: `globelet swarm up tokyo-paris --mirror`")(up)
    swarm.command("down")(down)
    swarm.command("status")(status)
    swarm.command("render", epilog="Example: `globelet swarm render earth > stack.yaml`")(render)
    swarm.command(
        "client",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        epilog="Example: `globelet swarm client send --from tokyo --to paris --amount 1250`",
    )(client)
    swarm.command("await", hidden=True)(await_ready)
    app.add_typer(swarm, name="swarm")


def _deployment(world: str, mirror: bool | None = None, stores: bool = True) -> SwarmDeployment:
    from globelet.engines.swarm_deployment import SwarmDeployment
    from globelet.world import load

    return SwarmDeployment(load(world), mirror=mirror, stores=stores)


def up(
    world: WorldName = DEFAULT_WORLD,
    mirror: Mirror = None,
    stores: Stores = True,
    publish: Publish = False,
    as_json: Json = False,
) -> None:
    """Deploy a world to the swarm of $DOCKER_HOST or this machine, and wait until all of it is connected.

    A second time it is a rolling update: what has changed goes one service after the other, the old task ended before
    the new one starts, each connected again before the next.
    """
    with refusals():
        made = _deployment(world, mirror, stores)
        say(f"stack {made.stack}; state in {made.state}")
        with progress(quiet=as_json) as told:
            made.deploy(told, publish=publish)
        _show(made, as_json)


def down(
    world: WorldName = DEFAULT_WORLD,
    wipe: Annotated[bool, typer.Option("--wipe", help="Remove the state, and the volumes of this node.")] = False,
) -> None:
    """Take the stack away; volumes and state stay unless --wipe. Other nodes' volumes are theirs to remove."""
    with refusals():
        made = _deployment(world)
        made.remove(wipe=wipe)
        say(f"stack {made.stack} is gone; its state {'is removed' if wipe else f'stays in {made.state}'}")


def status(world: WorldName = DEFAULT_WORLD, as_json: Json = False) -> None:
    """Show what runs where."""
    with refusals():
        made = _deployment(world)
        made.swarm.check()
        _show(made, as_json)


def _show(made: SwarmDeployment, as_json: bool) -> None:
    rows = made.swarm.tasks(made.stack)
    if as_json:
        emit({"world": made.world.name, "engine": "swarm", "stack": made.stack, "tasks": rows})
    else:
        table(f"{made.stack}", ["service", "node", "state"], [[r["service"], r["node"], r["state"]] for r in rows])


def render(
    world: WorldName = DEFAULT_WORLD, mirror: Mirror = None, stores: Stores = True, publish: Publish = False
) -> None:
    """Print the stack file; its configs and secrets are files of the state directory."""
    with refusals():
        print(_deployment(world, mirror, stores).render(publish=publish), end="")


def client(context: typer.Context, world: World = DEFAULT_WORLD) -> NoReturn:
    """Run any globelet command on the world's own network: send, status, links, watch.

    Nothing of a swarm is published. What follows runs in a container of the services image that joins the network,
    with the world's genesis and the treasuries' keys.
    """
    with refusals():
        made = _deployment(world)
        terminal = ["--interactive", *(["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else [])]
        words = made.client(["globelet", *context.args], terminal)
    raise typer.Exit(subprocess.run(words, check=False).returncode)  # noqa: S603


def await_ready(world: WorldName = DEFAULT_WORLD) -> None:
    """In a client container: wait until every process is connected."""
    with refusals():
        from globelet.engines.swarm_world import SwarmWorld

        with progress(quiet=False) as told:
            SwarmWorld.existing(world).up(told)
