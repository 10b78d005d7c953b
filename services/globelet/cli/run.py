"""`globelet run`: one scenario on one engine."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from globelet.cli import BAD_INPUT, MISSING
from globelet.cli.terminal import Json, emit, progress, refusals, say, stop, table

if TYPE_CHECKING:
    from globelet.scenarios.result import Result
    from globelet.scenarios.runner import Run


def register(app: typer.Typer) -> None:
    """Add `run`."""
    app.command("run", epilog="Example: `globelet run scenarios/tokyo_pays_paris.py --out results/first`")(run)


def run(
    file: Annotated[Path, typer.Argument(help="A scenario file.")],
    engine: Annotated[str, typer.Option(help="local, compose or simulator.")] = "local",
    world: Annotated[str | None, typer.Option(help="World name or file, instead of the scenario's own.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, instead of the scenario's own.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the result.")] = None,
    as_json: Json = False,
) -> None:
    """Run a scenario; exit 0 on pass, 1 on fail, 3 when the run says nothing because the links were not true."""
    if engine not in ("local", "compose", "simulator"):
        stop(BAD_INPUT, f"there is no engine {engine!r}; one of local, compose, simulator")
    if engine != "local":
        stop(MISSING, f"the engine {engine} is not part of this installation; use --engine local")
    with refusals():
        from globelet.scenarios.result import EXIT_STATUS
        from globelet.scenarios.scenario import NoScenario, load

        try:
            scenario = load(file)
        except NoScenario as error:
            stop(BAD_INPUT, str(error))
        command = [
            "globelet",
            "run",
            str(file),
            "--engine",
            engine,
            "--world",
            world or scenario.world,
            "--seed",
            str(scenario.seed if seed is None else seed),
        ]
        from globelet.scenarios.runner import default_folder

        done = _run(world or scenario.world, file, seed, out or default_folder(scenario), shlex.join(command), as_json)
        if as_json:
            emit(done.result.model_dump(mode="json", by_alias=True))
        else:
            _show(done.result)
        say(f"result folder: {done.folder}")
        raise typer.Exit(EXIT_STATUS[done.result.verdict])


def _run(world: str, file: Path, seed: int | None, out: Path, repeat: str, quiet: bool) -> Run:
    """In the world of that name if it is up, which stays up; else in one started for this run."""
    from globelet.engines.local import LocalEngine
    from globelet.scenarios.runner import run as carry_out
    from globelet.scenarios.scenario import load
    from globelet.world import load as load_world

    engine = LocalEngine(load_world(world))
    was_up = engine.anything_runs()
    try:
        with progress(quiet=quiet) as told:
            engine.up(told)
            return carry_out(load(file), engine, out, seed=seed, repeat=repeat, progress=told)
    finally:
        if not was_up:
            engine.down()


def _show(result: Result) -> None:
    mark = {True: "yes", False: "NO", None: "–"}
    table(
        f"{result.scenario} in {result.world}: {result.verdict.upper()}",
        ["expectation", "value", "bound", "holds"],
        [[e.name, e.value, e.bound, mark[e.holds]] for e in result.expectations],
    )
    table("", ["invariant", "holds", "detail"], [[i.name, mark[i.holds], i.detail] for i in result.invariants])
    figures = result.figures
    table(
        "",
        ["transfers", "credited", "refused", "refunded", "credited ms p50", "p99", "stretch p50", "p99"],
        [
            [
                figures["transfers"],
                figures["credited"],
                figures["refused"],
                figures["refunded"],
                figures["credited_ms"]["p50"],
                figures["credited_ms"]["p99"],
                figures["stretch"]["p50"],
                figures["stretch"]["p99"],
            ]
        ],
    )
    for reason in result.reasons:
        print(f"- {reason}", file=sys.stdout)
