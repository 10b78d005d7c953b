"""`globelet links`: declared against measured."""

from __future__ import annotations

from typing import Annotated

import typer

from globelet.cli import INVALID
from globelet.cli.terminal import DEFAULT_WORLD, Json, WorldName, emit, refusals, running, table


def register(app: typer.Typer) -> None:
    """Add `links`."""
    app.command("links", epilog="Example: `globelet links --samples 50`")(links)


def links(
    world: WorldName = DEFAULT_WORLD,
    samples: Annotated[int, typer.Option(help="Probes per link.", min=1, max=1000)] = 32,
    as_json: Json = False,
) -> None:
    """Measure every link over the connections messages use; exit 3 if one is off by more than 5 % + 1 ms."""
    with refusals():
        from globelet.scenarios.truth import judge

        engine = running(world)
        found = judge(engine.world, [engine.measured_links(samples)])
        if as_json:
            emit([link.model_dump(by_alias=True) for link in found])
        else:
            table(
                f"links of {world}, one way, ms",
                ["from", "to", "declared", "p50", "p99", "true"],
                [
                    [
                        k.source,
                        k.to,
                        k.declared_ms,
                        k.measured_p50_ms,
                        k.measured_p99_ms,
                        "yes" if k.within_tolerance else "NO",
                    ]
                    for k in found
                ],
            )
        if not found or not all(link.within_tolerance for link in found):
            raise typer.Exit(INVALID)
