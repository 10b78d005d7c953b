"""`globelet watch`: chain heights and invariants, again and again."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from globelet.cli import FAILED
from globelet.cli.terminal import DEFAULT_WORLD, Json, WorldName, refusals, running, table


def register(app: typer.Typer) -> None:
    """Add `watch`."""
    app.command("watch", epilog="Example: `globelet watch --every 5`")(watch)


def watch(
    world: WorldName = DEFAULT_WORLD,
    every: Annotated[float, typer.Option(help="Seconds between looks.", min=0.2)] = 2.0,
    times: Annotated[int, typer.Option(help="Looks before it ends; 0 for ever.", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Show heights and check the invariants of a running world (with --json, one document per line and look)."""
    with refusals():
        from globelet.scenarios import invariants

        engine, looks, broken = running(world), 0, False
        floors: dict[str, int] = {}
        try:
            while True:
                ledgers = engine.ledgers()
                checked = [i for i in invariants.check(ledgers, [], floors) if i.name not in ("credited_once", "time")]
                floors = invariants.heights(ledgers)
                broken = any(i.holds is False and i.name in ("agreement", "durability") for i in checked)
                if as_json:
                    rows = [i.model_dump() for i in checked]
                    print(json.dumps({"at_us": engine.now_us(), "heights": floors, "invariants": rows}), flush=True)
                else:
                    table(world, ["chain", "height"], [[c, h] for c, h in floors.items()])
                    table("", ["invariant", "holds", "detail"], [[i.name, i.holds, i.detail] for i in checked])
                looks += 1
                if broken or looks == times:
                    break
                engine.run_for(every)
        except KeyboardInterrupt:
            pass
        if broken:
            raise typer.Exit(FAILED)
