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
    """Measure every link over the connections messages use; exit 3 if one is off by more than 5 % + 1 ms.

    Between continents both routes are measured: the backbone, and the public internet that nodes fall back to.
    """
    with refusals():
        from globelet.scenarios.result import LinkTruth, RouteTruth
        from globelet.scenarios.truth import judge, judge_internet

        engine = running(world)
        rows = engine.measured_links(samples)
        found: list[LinkTruth] = [*judge(engine.world, [rows]), *judge_internet(engine.world, [rows])]
        if as_json:
            emit([link.model_dump(by_alias=True) for link in found])
        else:
            table(
                f"links of {world}, one way, ms",
                ["from", "to", "route", "declared", "p50", "p99", "true"],
                [
                    [
                        k.source,
                        k.to,
                        k.route if isinstance(k, RouteTruth) else "backbone",
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
