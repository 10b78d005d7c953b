"""`globelet receipt`: show one, verify one offline."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from globelet.cli import BAD_INPUT, FAILED
from globelet.cli.terminal import DEFAULT_WORLD, Json, emit, refusals, running, stop, table


def register(app: typer.Typer) -> None:
    """Add `receipt show` and `receipt verify`."""
    receipt = typer.Typer(help="Show and verify receipts.", no_args_is_help=True)
    receipt.command("show", epilog="Example: `globelet receipt show 5f2c… --out receipt.json`")(show)
    receipt.command("verify", epilog="Example: `globelet receipt verify receipt.json`")(verify)
    app.add_typer(receipt, name="receipt")


def show(
    transfer: Annotated[str, typer.Argument(help="Id of the transfer, 64 hexadecimal digits.")],
    out: Annotated[Path | None, typer.Option(help="Write the whole receipt to this file.")] = None,
    world: Annotated[str, typer.Option(help="Name of the world.")] = DEFAULT_WORLD,
    as_json: Json = False,
) -> None:
    """Show the receipt of a transfer, asked of each municipality in turn."""
    if len(transfer) != 64 or set(transfer) - set("0123456789abcdef"):
        stop(BAD_INPUT, "the id of a transfer is 64 lowercase hexadecimal digits")
    with refusals():
        found = _find(world, transfer)
        if found is None:
            stop(FAILED, f"no municipality of {world} knows transfer {transfer}")
        if out is not None:
            import json

            out.write_text(json.dumps(found, indent=1) + "\n")
        if as_json:
            emit(found)
        else:
            _print(found)


def _find(world: str, transfer: str) -> dict[str, Any] | None:
    from globelet.client.problem import Problem

    engine = running(world)
    for chain in engine.world.municipalities():
        try:
            return dict(engine.hall(chain.name).call("GET", f"/v1/receipts/{transfer}"))
        except Problem as problem:
            if problem.status != 404:
                raise
    return None


def _print(receipt: dict[str, Any]) -> None:
    stages = {
        stage: stamp["micros"] if isinstance(stamp, dict) else stamp
        for stage, stamp in (receipt.get("stages") or {}).items()
    }
    first = min(stages.values(), default=0)
    table(
        str(receipt.get("id", "")),
        ["stage", "ms since the first"],
        [[stage, f"{(at - first) / 1000:.1f}"] for stage, at in sorted(stages.items(), key=lambda s: s[1])],
    )


def verify(
    file: Annotated[Path, typer.Argument(help="A receipt, as `receipt show --out` or the HTTP interface gives it.")],
    genesis: Annotated[
        Path | None, typer.Option(help="Genesis of the world. Default: that of the local world.")
    ] = None,
    world: Annotated[str, typer.Option(help="Name of the world.")] = DEFAULT_WORLD,
    as_json: Json = False,
) -> None:
    """Check a receipt offline against the genesis of its world: no server is asked. Exit 0 or 1."""
    with refusals():
        from globelet.engines.binaries import find
        from globelet.engines.state import default_root

        truth = genesis or default_root(world) / "genesis.json"
        for path in (file, truth):
            if not path.is_file():
                stop(BAD_INPUT, f"there is no file {path}")
        command = [str(find("globelet-node")), "receipt-verify", "--genesis", str(truth), str(file)]
        done = subprocess.run([*command, "--json"] if as_json else command, check=False)  # noqa: S603
        sys.stdout.flush()
        if done.returncode != 0:
            raise typer.Exit(done.returncode if done.returncode in (1, 2, 3, 4) else FAILED)
