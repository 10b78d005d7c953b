"""`globelet algorithm hotstuff`: chains among members of whom some lie or are down."""

from __future__ import annotations

from typing import Annotated

import typer

from globelet.algorithms import hotstuff
from globelet.algorithms.shell.arguments import File, read
from globelet.cli import BAD_INPUT, FAILED
from globelet.cli.terminal import Json, emit, stop, table

app = typer.Typer(help="HotStuff in two phases: a chain with a stable leader (HS).", no_args_is_help=True)


@app.command(epilog="Example: `globelet algorithm hotstuff run --n 7 --views 2 --blocks 3`")
def run(
    n: Annotated[int, typer.Option("--n", min=1, max=100, help="Members.")] = 4,
    blocks: Annotated[int, typer.Option(min=1, max=10_000, help="Blocks to commit.")] = 4,
    views: Annotated[int, typer.Option(min=0, help="Views that fail first: their leaders are down.")] = 0,
    twins: Annotated[int, typer.Option(min=0, help="Of the last members so many are two copies with one key.")] = 0,
    lying_leader: Annotated[bool, typer.Option(help="The leader of view 0 is two copies with one key.")] = False,
    delay_ms: Annotated[float, typer.Option(min=0.001, max=10_000, help="Message delay, milliseconds.")] = 10,
    jitter_ms: Annotated[float, typer.Option(min=0, max=10_000, help="At most so much more.")] = 0,
    timeout_ms: Annotated[float, typer.Option(min=0.001, max=100_000, help="Time-out of a view.")] = 200,
    seed: Annotated[int, typer.Option(help="What chance follows from.")] = 1,
    as_json: Json = False,
) -> None:
    """Run a chain in virtual time; print each block: its view, its proposer, when it was committed."""
    down = [] if lying_leader else list(range(views))
    two = [0] if lying_leader else list(range(n - twins, n))
    delay_us, jitter_us, timeout_us = (round(1_000 * value) for value in (delay_ms, jitter_ms, timeout_ms))
    try:
        network = hotstuff.Network(n, down, two, delay_us, jitter_us, timeout_us, seed)
    except hotstuff.HotstuffError:
        raise
    except ValueError as error:
        stop(BAD_INPUT, f"{error}")
    try:
        network.run(blocks)
    except TimeoutError as error:
        stop(FAILED, f"the chain stands still: {error}")
    found = (network.keys.convicts(evidence) for evidence in network.evidence)
    convicted = sorted({member for member in found if member is not None})
    equivocations = sorted(network.equivocations)
    if as_json:
        rows = [{**vars(block), "payload": block.payload.decode()} for block in network.blocks]
        emit({"blocks": rows, "delivered": network.delivered, "equivocations": equivocations, "convicted": convicted})
        return
    head = ["height", "view", "proposer", "payload", "first ms", "last ms", "members"]
    shown: list[list[object]] = [
        [b.height, b.view, b.proposer, b.payload.decode(), b.first_us / 1_000, b.last_us / 1_000, b.by]
        for b in network.blocks
    ]
    table(f"{n} members, down {down}, twins {two}", head, shown)
    print(f"{network.delivered} messages delivered")
    for member, view in equivocations:
        print(f"leader {member} proposed two blocks in view {view}")
    for liar in convicted:
        print(f"member {liar} signed what no honest member signs")


@app.command(epilog="Example: `globelet algorithm hotstuff message message.bin`")
def message(file: File, as_json: Json = False) -> None:
    """Print what a message says."""
    said = hotstuff.message(read(file))
    shown = {**said, "block": None if said["block"] is None else said["block"].hex()}
    if as_json:
        emit(shown)
    else:
        print(*(f"{name} {value}" for name, value in shown.items()), sep="\n")
