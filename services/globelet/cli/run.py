"""`globelet run`: one scenario on one engine."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from globelet.cli import BAD_INPUT
from globelet.cli.terminal import DEFAULT_WORLD, Json, emit, progress, refusals, say, stop, table

if TYPE_CHECKING:
    from globelet.engines.choice import LiveEngine
    from globelet.engines.simulator import SimulatorEngine
    from globelet.scenarios.result import Result
    from globelet.scenarios.runner import Run
    from globelet.scenarios.scenario import Scenario


def register(app: typer.Typer) -> None:
    """Add `run`."""
    app.command("run", epilog="Example: `globelet run scenarios/tokyo_pays_paris.py --out results/first`")(run)


def run(
    file: Annotated[Path, typer.Argument(help="A scenario file.")],
    engine: Annotated[
        str | None, typer.Option(help="local, compose or simulator; by default the one the world is up on, or local.")
    ] = None,
    world: Annotated[str | None, typer.Option(help="World name or file, instead of the scenario's own.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, instead of the scenario's own.")] = None,
    rate: Annotated[
        float | None, typer.Option(help="Transfers a second of the scenario's load, instead of its own.", min=0.1)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the result.")] = None,
    adversary: Annotated[
        str | None, typer.Option(help="Simulator only: corrupts one replica, or holder, of every committee, by name.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a scenario; exit 0 on pass, 1 on fail, 3 when the run says nothing because the links were not true."""
    engine = engine or _standing(world)
    if engine not in ("local", "compose", "simulator"):
        stop(BAD_INPUT, f"there is no engine {engine!r}; one of local, compose, simulator")
    if adversary is not None:
        _check_adversary(engine, adversary)
    with refusals():
        from globelet.scenarios.result import EXIT_STATUS
        from globelet.scenarios.runner import default_folder
        from globelet.scenarios.scenario import NoScenario, load

        try:
            scenario = load(file)
        except NoScenario as error:
            stop(BAD_INPUT, str(error))
        if scenario.engines and engine not in scenario.engines:
            stop(
                BAD_INPUT,
                f"{scenario.name} breaks what the engine {engine} does not have; use --engine "
                + " or ".join(scenario.engines),
            )
        number = scenario.seed if seed is None else seed
        chosen = Choice(engine, world or scenario.world, number, rate, adversary, str(file))
        done = _run(chosen, scenario, out or default_folder(scenario), as_json)
        if as_json:
            emit(done.result.model_dump(mode="json", by_alias=True))
        else:
            _show(done.result)
        say(f"result folder: {done.folder}")
        raise typer.Exit(EXIT_STATUS[done.result.verdict])


def _standing(world: str | None) -> str:
    """The engine that a world is up on; `local` where it is up on none."""
    from globelet.engines.choice import existing
    from globelet.engines.errors import EngineError

    try:
        found = existing(Path(world or DEFAULT_WORLD).stem)
        return found.name if found.anything_runs() else "local"
    except EngineError:
        return "local"


@dataclass(frozen=True)
class Choice:
    """What is run, on what."""

    engine: str
    world: str
    seed: int
    rate: float | None
    adversary: str | None
    file: str

    def command(self) -> str:
        """The command that repeats it."""
        words = ["globelet", "run", self.file, "--engine", self.engine, "--world", self.world, "--seed", str(self.seed)]
        words += ["--rate", f"{self.rate:g}"] if self.rate is not None else []
        return shlex.join(words + (["--adversary", self.adversary] if self.adversary else []))

    def make(self) -> LiveEngine | SimulatorEngine:
        """The engine."""
        from globelet.world import load

        if self.engine == "simulator":
            from globelet.engines.simulator import SimulatorEngine

            return SimulatorEngine(load(self.world), self.seed, self.adversary)
        from globelet.engines.choice import make

        return make(self.engine, load(self.world))


def _check_adversary(engine: str, adversary: str) -> None:
    from globelet._native.simulator import ADVERSARIES

    if engine != "simulator":
        stop(BAD_INPUT, f"adversaries are simulated: use --engine simulator, not {engine}")
    if adversary not in ADVERSARIES:
        stop(BAD_INPUT, f"there is no adversary {adversary!r}; one of {', '.join(ADVERSARIES)}")


def _run(chosen: Choice, scenario: Scenario, out: Path, quiet: bool) -> Run:
    """In the world of that name if it is up, which stays up; else in one started for this run."""
    from globelet.engines.errors import LinksUntrue
    from globelet.scenarios.runner import run as carry_out

    engine = chosen.make()
    was_up = engine.anything_runs()
    try:
        with progress(quiet=quiet) as told:
            try:
                engine.up(told)
            except LinksUntrue as error:
                # The world is up; the run measures its links itself, and says so in its verdict.
                say(str(error))
            return carry_out(
                scenario, engine, out, seed=chosen.seed, rate=chosen.rate, repeat=chosen.command(), progress=told
            )
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
    if "fingerprint" in figures:
        print(f"{figures['virtual_seconds']:g} s of virtual time, {figures['speed']:g} × as fast as real time")
        print(f"fingerprint {figures['fingerprint']}")
    for reason in result.reasons:
        print(f"- {reason}", file=sys.stdout)
