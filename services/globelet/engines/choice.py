"""Which engine runs a world: the one that was named, the one that runs it already, or the best there is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeAlias

from globelet.engines.compose import ComposeEngine
from globelet.engines.compose_project import ComposeProject, folder
from globelet.engines.containers import Containers
from globelet.engines.errors import EngineError, Missing, NoDocker, NotUp, OldDocker, WrongEngine
from globelet.engines.local import LocalEngine
from globelet.engines.swarm_errors import ByDocker
from globelet.engines.swarm_world import SwarmWorld
from globelet.world.resolved import ResolvedWorld

LiveEngine: TypeAlias = LocalEngine | ComposeEngine | SwarmWorld
NAMES = ("auto", "local", "compose", "swarm")


def named(engine: str | None) -> str:
    """The name asked for, else `$GLOBELET_ENGINE`, else `auto`. Raises `WrongEngine`."""
    name = engine or os.environ.get("GLOBELET_ENGINE") or "auto"
    if name not in NAMES:
        raise WrongEngine(name, NAMES)
    return name


def choose(engine: str | None) -> tuple[str, str]:
    """The engine to start a world with, and why. Raises `WrongEngine`."""
    name = named(engine)
    if name != "auto":
        return name, "as asked for"
    try:
        Containers("globelet")
        ComposeProject("globelet", [], [], folder()).check()
    except (NoDocker, OldDocker, Missing) as error:
        return "local", f"no containers here: {error}"
    return "compose", "a Docker engine answers"


def make(
    engine: str, world: ResolvedWorld, *, mirror: bool | None = None, overlays: Sequence[str] | None = None
) -> LiveEngine:
    """The engine `local` or `compose` for a world; images and overlays are the compose engine's.

    Where neither is said, a world keeps what it was started with; a new one takes `$GLOBELET_MIRROR` (1 for the
    mirror) and `$GLOBELET_OVERLAYS` (names separated by commas), or the mirror where only its images are here.
    """
    if engine == SwarmWorld.name:
        raise ByDocker("a swarm is not started by this command: `globelet swarm up` deploys a world to one")
    if engine != "compose":
        return LocalEngine(world)
    if mirror is None and (said := os.environ.get("GLOBELET_MIRROR")):
        mirror = said == "1"
    if overlays is None and (named := os.environ.get("GLOBELET_OVERLAYS")) is not None:
        overlays = [name for name in named.split(",") if name]
    made = ComposeEngine(world, mirror=mirror, overlays=overlays)
    if mirror is None and made.only_the_mirror_is_here():
        return ComposeEngine(world, mirror=True, overlays=overlays)
    return made


def existing(world: str, engine: str | None = None) -> LiveEngine:
    """The engine that runs a world; of two that have a state for it, the one that does. Raises `NotUp`."""
    name, found = named(engine), []
    if name == SwarmWorld.name:  # what a client container of `globelet swarm` says
        return SwarmWorld.existing(world)
    for kind in (LocalEngine, ComposeEngine):
        if name in ("auto", kind.name):
            try:
                made = kind.existing(world)
            except NotUp:
                continue
            except EngineError:
                if name != "auto" or kind is LocalEngine:
                    raise
                continue  # no Docker: no containers of this world either
            if made.anything_runs():
                return made
            found.append(made)
    if not found:
        raise NotUp(world)
    return found[0]
