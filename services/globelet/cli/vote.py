"""`globelet vote`: an account's vote for the committee of its municipality, its ladder shown as it is climbed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from globelet.cli import BAD_INPUT
from globelet.cli.terminal import Json, emit, refusals, running, say, stop

if TYPE_CHECKING:
    from globelet.client.bank import Bank


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
        from globelet.client.account import Key
        from globelet.client.bank import Bank

        bank = Bank(running(world))
        place = bank.municipality(place)
        if _stakes(bank, place) is None:
            stop(BAD_INPUT, f"{place} elects nobody: give the world file `parameters: {{epoch_us: …}}`")
        account = bank.account(Key.derive("vote", bank.engine.tag, time.time_ns()), place)
        say("opening an account …")
        bank.open(account)
        bank.send(bank.treasury(place), account, amount).wait("credited")
        receipt = account.vote(candidate)
        if not as_json:
            print(
                f"{receipt.id}\n{place}, {amount} behind {candidate}\n\n{'stage':<14}{'ms since click':>15}", flush=True
            )
        receipt.wait("committed", timeout, None if as_json else lambda stage, ms: print(f"{stage:<14}{ms:>15.1f}"))
        stakes = _stakes(bank, place) or {}
        if as_json:
            emit(receipt.as_dict() | {"stakes": stakes})
        else:
            print(f"\n{'candidate':<14}{'stake':>15}")
            print("\n".join(f"{name:<14}{stake:>15}" for name, stake in stakes.items()))


def _stakes(bank: Bank, place: str) -> dict[str, int] | None:
    """Stake behind each candidate, by the farthest replica; None where nobody is elected."""
    replicas = [r for ledger in bank.engine.ledgers() if ledger["chain"] == place for r in ledger["replicas"]]
    told = [replica for replica in replicas if "stakes" in replica]
    return dict(max(told, key=lambda replica: replica["height"])["stakes"]) if told else None
