"""`globelet algorithms`: all of them, what stands behind each, how it was tested, how fast it is on this machine."""

from __future__ import annotations

from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from globelet.cli import BAD_INPUT, MISSING
from globelet.cli.terminal import Json, emit, say, stop, table

if TYPE_CHECKING:
    from globelet.algorithms import About
    from globelet.algorithms.figures import Figure

FIGURES = Path("results/algorithms.json")
FiguresFile = Annotated[Path, typer.Option("--figures", help="Figures that `make bench-algorithms` left.")]
Gather = Annotated[
    tuple[Path, Path] | None,
    typer.Option(
        metavar="CRITERION PYTEST", help="Read new results first: criterion's folder and pytest-benchmark's file."
    ),
]


def register(app: typer.Typer) -> None:
    """Add `globelet algorithms`."""
    app.command(epilog="Example: `globelet algorithms`")(algorithms)


def algorithms(
    figures: FiguresFile = FIGURES,
    gather: Gather = None,
    as_json: Json = False,
) -> None:
    """Show the algorithms: what stands behind each, its vectors, its figures on this machine."""
    from globelet.algorithms import figures as reader
    from globelet.algorithms import names

    abouts: list[About] = [import_module(f"globelet.algorithms.{name}").ABOUT for name in names()]
    try:
        if gather is not None:
            reader.save(reader.gather(*gather), figures)
        found = reader.load(figures)
    except (OSError, ValueError, KeyError) as error:
        stop(BAD_INPUT, str(error))
    if gather is not None and not found:
        stop(MISSING, f"there are no results in {gather[0]} nor {gather[1]}: run `make bench-algorithms`")
    if as_json:
        emit({"algorithms": [asdict(about) for about in abouts], "figures": [asdict(figure) for figure in found]})
        return
    if gather is None:
        _show(abouts)
    _show_figures(abouts, found)


def _show(abouts: list[About]) -> None:
    rows: list[list[object]] = [[a.name, a.does, a.follows, a.stands_on, a.vectors] for a in abouts]
    table("Algorithms", ["name", "does", "follows", "stands on", "tested by"], rows)


def _show_figures(abouts: list[About], figures: list[Figure]) -> None:
    if not figures:
        say("\nno figures yet: `make bench-algorithms` measures them")
        return
    rows: list[list[object]] = []
    kernel = ""
    for figure in figures:
        ratio = None if figure.ratio is None else f"{figure.ratio:,.2f} ×"
        name = f"{figure.algorithm}: {figure.kernel}"
        rows.append(["" if name == kernel else name, figure.who, _time(figure.nanoseconds), ratio])
        kernel = name
    table("\nFigures of one run on this machine", ["kernel", "who", "time", "against globelet"], rows)
    for about in abouts:
        for text in filter(None, (about.slower, about.note)):
            print(f"{about.name}: {text}")


def _time(nanoseconds: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:,.2f} {unit}"
    return f"{nanoseconds:,.0f} ns"
