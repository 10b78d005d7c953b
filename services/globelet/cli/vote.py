"""`globelet vote`: an account's vote for the committee of its municipality, its ladder shown as it is climbed."""

from __future__ import annotations

from typing import Annotated

import typer

from globelet.cli import BAD_INPUT, fresh
from globelet.cli.terminal import Json, emit, refusals, running, say, stop


def register(app: typer.Typer) -> None:
    """Add `vote`."""
    app.command("vote", epilog="Example: `globelet vote --in tokyo --for tokyo-r5 --amount 1250`")(vote)


def vote(
    place: Annotated[str, typer.Option("--in", help="Municipality whose committee is elected.")],
    candidate: Annotated[str, typer.Option("--for", help="The replica that shall sit in it.")],
    amount: Annotated[int, typer.Option(help="What the account holds.", min=1, max=2**64 - 1)] = 1_000,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.", min=0.0)] = 60.0,
    world: Annotated[str, typer.Option(help="Name of the world.")] = "elections",
    as_json: Json = False,
) -> None:
    """Open an account, vote, and show each step: stage, ms since the click; then the stake behind each candidate."""
    with refusals():
        from globelet.client.bank import Bank
        from globelet.scenarios import committee

        bank = Bank(running(world))
        place = bank.municipality(place)
        try:
            candidates = committee.of(bank.engine.ledgers(), place).stakes
        except ValueError as error:
            stop(BAD_INPUT, str(error))
        if candidate not in candidates:
            stop(BAD_INPUT, f"{candidate} is no candidate in {place}: name one of {', '.join(candidates)} with --for")
        say("opening an account …")
        receipt = fresh.account(bank, "vote", place, amount).vote(candidate)
        if not as_json:
            print(
                f"{receipt.id}\n{place}, {amount} behind {candidate}\n\n{'stage':<14}{'ms since click':>15}", flush=True
            )
        receipt.wait("committed", timeout, None if as_json else lambda stage, ms: print(f"{stage:<14}{ms:>15.1f}"))
        stakes = dict(committee.of(bank.engine.ledgers(), place).stakes)
        if as_json:
            emit(receipt.as_dict() | {"stakes": stakes})
        else:
            print(f"\n{'candidate':<14}{'stake':>15}")
            print("\n".join(f"{name:<14}{stake:>15}" for name, stake in stakes.items()))
