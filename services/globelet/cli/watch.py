"""`globelet watch`: the invariants that ledgers show, checked again and again while a world runs."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from globelet.cli import FAILED
from globelet.cli.terminal import DEFAULT_WORLD, Json, WorldName, refusals, running, say, table

if TYPE_CHECKING:
    from globelet.engines.engine import Engine
    from globelet.scenarios.invariants import Mark
    from globelet.scenarios.result import Invariant

_MARK = {True: "yes", False: "NO", None: "–"}
# Chains are not read at one instant: what is under way between two of them is not broken until it stays so.
_AGAIN, _PAUSE = 5, 0.2
_KEPT = 64


def register(app: typer.Typer) -> None:
    """Add `watch`."""
    app.command("watch", epilog="Example: `globelet watch --every 5`, `globelet watch --once --json`")(watch)


def watch(
    world: WorldName = DEFAULT_WORLD,
    every: Annotated[float, typer.Option(help="Seconds between looks.", min=0.2)] = 2.0,
    times: Annotated[int, typer.Option(help="Looks before it ends; 0 for ever.", min=0)] = 0,
    once: Annotated[bool, typer.Option("--once", help="One look only.")] = False,
    as_json: Json = False,
) -> None:
    """Check the invariants of a running world continuously, and show heights.

    Ends with exit status 1 as soon as one is broken. With --json, one document per line and look. A process that is
    away is said to be, and is no broken invariant.
    """
    from globelet.client.problem import Unreachable

    with refusals():
        engine, looks, most = running(world), 0, 1 if once else times
        watched = Watched(engine)
        try:
            while True:
                looks += 1
                try:
                    checked = watched.look()
                except Unreachable as error:
                    if looks == most:
                        raise
                    say(f"globelet: {error}; looking again")
                else:
                    _show(world, watched, checked, as_json)
                    if any(i.holds is False for i in checked):
                        raise typer.Exit(FAILED)
                if looks == most:
                    return
                engine.run_for(every)
        except KeyboardInterrupt:
            return


class Watched:
    """A world, and the certified blocks it had at earlier looks."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.heights: dict[str, int] = {}
        self.at_us = 0
        self._before: list[Mark] = []

    def look(self) -> list[Invariant]:
        """Checks now; what seems broken is looked at again, for a second."""
        for _ in range(_AGAIN):
            checked = self._look()
            if all(i.holds is not False for i in checked):
                break
            time.sleep(_PAUSE)
        return checked

    def _look(self) -> list[Invariant]:
        from globelet.scenarios import invariants

        ledgers = self.engine.ledgers()
        self.at_us, self.heights = self.engine.now_us(), invariants.certified(ledgers)
        found = invariants.standing(ledgers, self._before, self.engine.certified)
        new = [m for m in invariants.marks(ledgers, self.engine.certified) if m not in self._before]
        self._before = [*self._before, *new][-_KEPT:]
        return found


def _show(world: str, watched: Watched, checked: list[Invariant], as_json: bool) -> None:
    if as_json:
        rows: list[dict[str, Any]] = [i.model_dump() for i in checked]
        print(json.dumps({"at_us": watched.at_us, "heights": watched.heights, "invariants": rows}), flush=True)
        return
    table(world, ["chain", "height"], [[c, h] for c, h in watched.heights.items()])
    table("", ["invariant", "holds", "detail"], [[i.name, _MARK[i.holds], i.detail] for i in checked])
