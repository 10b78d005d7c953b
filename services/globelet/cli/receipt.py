"""`globelet receipt`: show one, verify one offline."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Annotated, Any

import typer

from globelet.cli import BAD_INPUT, FAILED, MISSING
from globelet.cli.terminal import DEFAULT_WORLD, Json, emit, refusals, running, stop, table

_YES_NO = {True: "yes", False: "NO"}


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
        Path | None, typer.Option(help="The world's genesis.json. Default: the one in the state directory.")
    ] = None,
    world: Annotated[str, typer.Option(help="Name of the world.")] = DEFAULT_WORLD,
    as_json: Json = False,
) -> None:
    """Check a receipt offline against the genesis of its world: no server is asked.

    Exit 0 when every step holds, 1 when one fails, 2 for a file that is no receipt, 4 when the genesis is missing.
    """
    with refusals():
        from globelet.engines.binaries import find
        from globelet.engines.state import default_root

        if not file.is_file():
            stop(BAD_INPUT, f"there is no file {file}; `globelet receipt show ID --out {file}` writes one")
        truth = genesis or default_root(world) / "genesis.json"
        if not truth.is_file():
            stop(MISSING, f"there is no genesis {truth}; name the world's genesis.json with --genesis")
        command = [str(find("globelet-node")), "receipt-verify", "--json", "--genesis", str(truth), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode not in (0, FAILED):
            reason = done.stderr.strip().removeprefix("globelet-node: ") or f"status {done.returncode}"
            stop(done.returncode if done.returncode in (BAD_INPUT, MISSING) else FAILED, reason)
        found = json.loads(done.stdout)
        if as_json:
            emit(found)
        else:
            _verdict(file, found)
        if not found["valid"]:
            raise typer.Exit(FAILED)


def _verdict(file: Path, found: dict[str, Any]) -> None:
    steps = found["steps"]
    table(str(file), ["step", "holds", "detail"], [[s["name"], _YES_NO[s["holds"]], s["detail"] or ""] for s in steps])
    failing = ", ".join(s["name"] for s in steps if not s["holds"])
    print(f"\nrefused: {failing}" if failing else "\nvalid: every step holds")
