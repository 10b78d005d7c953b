"""`globelet send`: one transfer, its ladder shown as it is climbed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from globelet.cli import BAD_INPUT, fresh
from globelet.cli.terminal import DEFAULT_WORLD, Json, emit, refusals, running, say, stop

if TYPE_CHECKING:
    from globelet.client.receipt import Receipt


def register(app: typer.Typer) -> None:
    """Add `send`."""
    app.command("send", epilog="Example: `globelet send --from tokyo --to paris --amount 1250 --wait anchored`")(send)


def send(
    source: Annotated[str, typer.Option("--from", help="Municipality that pays.")],
    to: Annotated[str, typer.Option("--to", help="Municipality that receives.")],
    amount: Annotated[int, typer.Option(help="Amount, in the smallest unit.", min=1, max=2**64 - 1)],
    wait: Annotated[str, typer.Option(help="Stage to wait for.")] = "credited",
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.", min=0.0)] = 60.0,
    world: Annotated[str, typer.Option(help="Name of the world.")] = DEFAULT_WORLD,
    as_json: Json = False,
) -> None:
    """Send an amount between two new accounts and show each step: stage, ms since the click, share of the wire."""
    with refusals():
        from globelet.client.bank import Bank
        from globelet.client.receipt import LADDER, OTHER_ENDS

        if wait not in LADDER + OTHER_ENDS:
            stop(BAD_INPUT, f"{wait!r} is not a stage; one of {', '.join(LADDER + OTHER_ENDS)}")
        bank = Bank(running(world))
        source, to = bank.municipality(source), bank.municipality(to)
        say("opening two accounts …")
        payer, payee = fresh.account(bank, "send", source, amount), fresh.account(bank, "send", to)
        receipt = payer.send(payee, amount)
        if not as_json:
            print(f"{receipt.id}\n{source} → {to}, amount {amount}, wire {receipt.wire_ms:g} ms\n")
            print(f"{'stage':<14}{'ms since click':>15}{'share of wire':>15}", flush=True)
        receipt.wait(wait, timeout, None if as_json else lambda stage, ms: _step(receipt, stage, ms))
        if as_json:
            emit(receipt.as_dict())
        elif "credited" in receipt.micros:
            print(f"\nstretch {receipt.stretch:.3f}{_over(receipt)}")


def _step(receipt: Receipt, stage: str, elapsed: float) -> None:
    print(f"{stage:<14}{elapsed:>15.1f}{elapsed / receipt.wire_ms:>14.0%}", flush=True)


def _over(receipt: Receipt) -> str:
    """Between continents: which of the two routes its parcel took."""
    words = {"backbone": "the backbone", "internet": "the public internet"}
    return f", over {words[receipt.route]}" if receipt.route in words else ""
