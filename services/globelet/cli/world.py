"""`globelet world`: check a world file, write a new one, show one, as its Compose file too."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from globelet.cli import BAD_INPUT

if TYPE_CHECKING:
    from rich.table import Table

    from globelet.world import Mistake, ResolvedWorld

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add `globelet world` and its commands."""
    world = typer.Typer(help="Check, write and show worlds.", no_args_is_help=True)
    world.command("check", epilog="Example: `globelet world check scenarios/worlds/earth.yaml`")(check)
    world.command("new", epilog="Example: `globelet world new --name pacific tokyo sydney oregon`")(new)
    world.command("show", epilog="Example: `globelet world show tokyo-paris`")(show)
    world.command("compose", epilog="Example: `globelet world compose earth > chains.yaml`")(compose)
    app.add_typer(world, name="world")


def check(
    file: Annotated[str, typer.Argument(help="A world file, or the name of a world.")], as_json: Json = False
) -> None:
    """Say everything that is wrong with a world file, each mistake with its line."""
    from globelet import world

    mistakes = world.check(file)
    if as_json:
        print(json.dumps({"file": file, "valid": not mistakes, "mistakes": [m.as_dict() for m in mistakes]}))
    elif not mistakes:
        print(f"{file}: nothing wrong; {_size(world.load(file))}")
    if mistakes:
        _refuse(mistakes, quiet=as_json)


def new(
    places: Annotated[list[str], typer.Argument(help="Municipalities or their cities, such as tokyo paris sydney.")],
    name: Annotated[str, typer.Option(help="Name of the world: small letters, digits, hyphens.")],
    out: Annotated[Path | None, typer.Option(help="File to write. Default: scenarios/worlds/NAME.yaml")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 7,
    as_json: Json = False,
) -> None:
    """Write a world file from chosen municipalities."""
    from globelet import world
    from globelet.world import template

    try:
        text, notes = template.write(name, places, seed)
    except world.WorldError as error:
        _refuse(error.mistakes)
    folder = Path("scenarios/worlds")
    path = out or (folder if folder.is_dir() else Path()) / f"{name}.yaml"
    if path.exists():
        _stop(f"{path} exists: choose another --name or --out, or remove it")
    if not path.parent.is_dir():
        _stop(f"there is no folder {path.parent}: create it or choose another --out")
    for note in notes:
        print(note, file=sys.stderr)
    path.write_text(text, encoding="utf-8")
    resolved = world.load(path)
    if as_json:
        print(json.dumps({"file": str(path), "name": name, "nodes": len(resolved.nodes)}))
    else:
        print(f"wrote {path}: {_size(resolved)}")


def show(
    world: Annotated[str, typer.Argument(help="The name of a world, or a world file.")], as_json: Json = False
) -> None:
    """Show the places, chains and links of a world; with --json the resolved world."""
    from globelet import world as worlds

    try:
        resolved = worlds.load(world)
    except worlds.WorldError as error:
        _refuse(error.mistakes)
    if as_json:
        print(resolved.to_json())
        return
    from rich.console import Console

    console = Console()
    console.print(f"[bold]{resolved.name}[/bold], seed {resolved.seed}: {_size(resolved)}")
    for table in (_places(resolved), _chains(resolved), _links(resolved)):
        console.print(table)


def compose(
    world: Annotated[str, typer.Argument(help="The name of a world, or a world file.")], as_json: Json = False
) -> None:
    """Print the Compose file of a world's chains, which `globelet up --engine compose` adds to compose/compose.yaml."""
    import yaml

    from globelet import world as worlds
    from globelet.engines import chain_services

    try:
        resolved = worlds.load(world)
    except worlds.WorldError as error:
        _refuse(error.mistakes)
    document = chain_services.compose_file(chain_services.contained(resolved))
    print(json.dumps(document) if as_json else yaml.safe_dump(document, sort_keys=False), end="\n" if as_json else "")


def _size(world: ResolvedWorld) -> str:
    return (
        f"{len(world.municipalities())} municipalities, {len(world.chains)} chains, "
        f"{len(world.nodes)} nodes in {len(world.processes)} processes"
    )


def _places(world: ResolvedWorld) -> Table:
    table = _table("Places", "municipality", "continent", "people", "cities with nodes")
    for number, chain in enumerate(world.chains):
        if chain.kind == "municipal" and chain.parent is not None:
            cities = ", ".join(dict.fromkeys(node.city for node in world.members(number)))
            table.add_row(chain.name, world.chains[chain.parent].name, f"{chain.population:,}", cities)
    return table


def _chains(world: ResolvedWorld) -> Table:
    table = _table("Chains", "chain", "kind", "replicas in", "holders", "process", "HTTP", "nodes")
    for number, chain in enumerate(world.chains):
        replicas = world.members(number, "replica")
        where = ", ".join(world.regions[node.region] for node in replicas)
        if len({node.region for node in replicas}) == 1:
            where = f"{len(replicas)} × {world.regions[replicas[0].region]}"
        hosts = [world.processes[i] for i in dict.fromkeys(node.process for node in world.members(number))]
        name = hosts[0].name if len(hosts) == 1 else f"{len(hosts)} processes"
        holders = str(len(world.members(number, "holder")) or "")
        table.add_row(chain.name, chain.kind, where, holders, name, _ports(hosts[0].http_port, len(hosts)),
                      _ports(hosts[0].node_port, len(hosts)))  # fmt: skip
    return table


def _ports(first: int, count: int) -> str:
    return str(first) if count == 1 else f"{first}…{first + count - 1}"


def _links(world: ResolvedWorld) -> Table:
    table = _table("Links: one way, ms (± standard deviation); from ↓ to →", "", *world.regions)
    for source in world.regions:
        links = [world.link(source, to) for to in world.regions]
        cells = (f"{link.delay_us / 1000:.1f} ±{link.jitter_us / 1000:.1f}" for link in links)
        table.add_row(source, *cells)
    return table


def _table(title: str, *columns: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in columns:
        table.add_column(column)
    return table


def _refuse(mistakes: list[Mistake] | tuple[Mistake, ...], *, quiet: bool = False) -> NoReturn:
    if not quiet:
        for mistake in mistakes:
            print(mistake, file=sys.stderr)
        print(f"{len(mistakes)} to mend", file=sys.stderr)
    raise typer.Exit(BAD_INPUT)


def _stop(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(BAD_INPUT)
