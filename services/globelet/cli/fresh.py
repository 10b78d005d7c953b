"""Fresh accounts: a command makes its own, so nobody needs to keep a key to try it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from globelet.client.account import Account
    from globelet.client.bank import Bank


def account(bank: Bank, command: str, place: str, amount: int = 0) -> Account:
    """An account that no other call has, open in a municipality, holding an amount from its treasury.

    Raises `Problem`, `TimeoutError` or `Unreachable` if the municipality does not open or fund it.
    """
    from globelet.client.account import Key

    made = bank.account(Key.derive(command, bank.engine.tag, time.time_ns(), place), place)
    bank.open(made)
    if amount:
        bank.send(bank.treasury(place), made, amount).wait("credited")
    return made
