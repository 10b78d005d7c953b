"""`globelet move`: an account moves to another municipality, its ladder shown as it is climbed."""

from __future__ import annotations

from typing import Annotated

import typer

from globelet.cli import BAD_INPUT, fresh
from globelet.cli.terminal import DEFAULT_WORLD, Json, emit, refusals, running, say, stop


def register(app: typer.Typer) -> None:
    """Add `move`."""
    app.command("move", epilog="Example: `globelet move --from tokyo --to paris --amount 1250`")(move)


def move(
    source: Annotated[str, typer.Option("--from", help="Municipality that the account leaves.")],
    to: Annotated[str, typer.Option("--to", help="Municipality that it moves to.")],
    amount: Annotated[int, typer.Option(help="What it holds, in the smallest unit.", min=0, max=2**64 - 1)] = 0,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.", min=0.0)] = 60.0,
    world: Annotated[str, typer.Option(help="Name of the world.")] = DEFAULT_WORLD,
    as_json: Json = False,
) -> None:
    """Open an account, move it and show each step: stage, ms since the click; then where it lives and what it holds."""
    with refusals():
        from globelet.client.bank import Bank

        bank = Bank(running(world))
        source, to = bank.municipality(source), bank.municipality(to)
        if source == to:
            stop(BAD_INPUT, f"the account is in {source} already: name another municipality with --to")
        say("opening an account …")
        account = fresh.account(bank, "move", source, amount)
        receipt = account.move(to)
        if not as_json:
            print(f"{receipt.id}\n{source} → {to}, balance {amount}, wire {receipt.wire_ms:g} ms\n")
            print(f"{'stage':<14}{'ms since click':>15}", flush=True)
        receipt.wait("credited", timeout, None if as_json else lambda stage, ms: print(f"{stage:<14}{ms:>15.1f}"))
        bank.engine.wait_until(lambda: bank.engine.account(to, account.id) is not None, timeout)
        if as_json:
            emit(receipt.as_dict() | {"balance": account.balance, "moved_to": bank.engine.home(source, account.id)})
        else:
            print(f"\n{source} says: it lives in {bank.engine.home(source, account.id)}")
            print(f"{to} says: balance {account.balance}")
