"""`globelet algorithm abba`: agreements among members of whom some lie."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from globelet.algorithms import abba
from globelet.algorithms.shell.arguments import File, read
from globelet.cli import BAD_INPUT, FAILED
from globelet.cli.terminal import Json, emit, stop, table

app = typer.Typer(help="Asynchronous binary agreement (ABBA).", no_args_is_help=True)


class Inputs(StrEnum):
    """What honest members put in."""

    random = "random"
    true = "true"
    false = "false"


class Liars(StrEnum):
    """What faulty members do."""

    silent = "silent"
    two_faced = "two-faced"


@app.command(epilog="Example: `globelet algorithm abba run --n 4 --faulty 1 --seed 7`")
def run(
    n: Annotated[int, typer.Option("--n", min=1, max=100, help="Members.")] = 4,
    faulty: Annotated[int, typer.Option(min=0, help="How many of them are faulty: less than a third.")] = 0,
    liars: Annotated[Liars, typer.Option(help="What they do.")] = Liars.silent,
    inputs: Annotated[Inputs, typer.Option(help="What the members put in.")] = Inputs.random,
    seed: Annotated[int, typer.Option(help="What chance follows from.")] = 1,
    as_json: Json = False,
) -> None:
    """Run one agreement in lock step; print what each honest member decided, in which round, after how many delays."""
    given = None if inputs is Inputs.random else [inputs is Inputs.true] * n
    try:
        network = abba.Network(n, faulty, seed, given, liars.value)
    except abba.AbbaError:
        raise
    except ValueError as error:
        stop(BAD_INPUT, f"{error}")
    network.run()
    rows = [
        {"member": me, **vars(outcome), "shares": member.shares}
        for me, (member, outcome) in enumerate(zip(network.honest, network.outcomes, strict=True))
    ]
    if as_json:
        emit({"members": rows, "delivered": network.delivered})
    else:
        head = ["member", "input", "decided", "round", "delays", "coin shares"]
        table(f"{n} members, {faulty} faulty", head, [list(row.values()) for row in rows])
        print(f"{network.delivered} messages delivered")
    if len({outcome.decided for outcome in network.outcomes}) != 1 or network.outcomes[0].decided is None:
        stop(FAILED, "the honest members did not agree")


@app.command(epilog="Example: `globelet algorithm abba message message.bin`")
def message(file: File, as_json: Json = False) -> None:
    """Print what a message says."""
    said = abba.message(read(file))
    if as_json:
        emit(said)
    else:
        print(*(f"{name} {value}" for name, value in said.items()), sep="\n")
