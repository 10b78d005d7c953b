"""What the commands share: JSON on standard output, people's words on standard error, errors as exit statuses."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from globelet.cli import BAD_INPUT, FAILED, MISSING

if TYPE_CHECKING:
    from globelet.engines.choice import LiveEngine
    from globelet.engines.engine import Progress, Status

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, messages on standard error.")]
WorldName = Annotated[str, typer.Argument(help="Name of a world, or its file.")]
EngineName = Annotated[
    str | None,
    typer.Option("--engine", help="local or compose; by default $GLOBELET_ENGINE, else whichever runs or can."),
]
DEFAULT_WORLD = "tokyo-paris"


def emit(document: object) -> None:
    """Prints one JSON document."""
    print(json.dumps(document, indent=1))


def say(text: str) -> None:
    """Tells people something, on standard error."""
    print(text, file=sys.stderr)


def stop(status: int, text: str) -> NoReturn:
    """Ends the command with a sentence."""
    say(f"globelet: {text}")
    raise typer.Exit(status)


@contextmanager
def refusals() -> Iterator[None]:
    """Turns the typed errors of engine, world and client into a sentence and an exit status."""
    from globelet.client.problem import EndedOtherwise, Problem, Unreachable, WaitedTooLong
    from globelet.engines.errors import EngineError
    from globelet.world import WorldError

    try:
        yield
    except EngineError as error:
        stop(error.exit_status, str(error))
    except WorldError as error:
        stop(BAD_INPUT, str(error))
    except Unreachable as error:
        stop(MISSING, str(error))
    except (Problem, EndedOtherwise, WaitedTooLong, TimeoutError, LookupError) as error:
        stop(FAILED, str(error))


def running(world: str) -> LiveEngine:
    """The engine of a world that is up. Raises `NotUp`."""
    from globelet.engines.choice import existing
    from globelet.engines.errors import NotUp

    name = Path(world).stem if world.endswith((".yaml", ".yml")) else world
    engine = existing(name)
    if engine.world.name != name or not engine.anything_runs():
        raise NotUp(name)
    return engine


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """Shows progress on standard error: a bar on a terminal, a line per step elsewhere, nothing when quiet."""
    from globelet.engines.engine import silent

    if quiet:
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    tasks: dict[str, Any] = {}
    with Bars(
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of)
                if not console.is_terminal:
                    say(f"{what} …")
            bars.update(tasks[what], completed=done, total=of)

        yield show


def table(title: str, head: list[str], rows: list[list[object]]) -> None:
    """Prints a table for people."""
    from rich.console import Console
    from rich.table import Table

    made = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for column in head:
        made.add_column(column)
    for row in rows:
        made.add_row(*("–" if cell is None else str(cell) for cell in row))
    Console().print(made)


def show_status(status: Status) -> None:
    """Processes and endpoints."""
    contained = status.engine == "compose"
    table(
        f"{status.world} on {status.engine}",
        ["process", "container" if contained else "pid", "nodes", "MB", "CPU %", "state"],
        [
            [p.name, p.container if contained else p.pid, len(p.nodes), p.rss_mb, p.cpu_percent, p.state]
            for p in status.processes
        ],
    )
    rows: list[list[object]] = [[name, url] for name, url in status.endpoints.items()]
    table("\nEndpoints", ["municipality", "url"], [*rows, ["links (Toxiproxy API)", status.link_emulator]])
