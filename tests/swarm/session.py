"""Runs in a client container on the stack's network: one JSON order per line in, one JSON answer per line out.

It lives through the loss of the other engine, so it knows every transfer that was ever sent.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from globelet.client.account import Account, Key
from globelet.client.bank import Bank
from globelet.client.problem import EndedOtherwise, Problem, Unreachable, WaitedTooLong
from globelet.client.receipt import Receipt
from globelet.engines.errors import EngineError
from globelet.engines.swarm_world import SwarmWorld
from globelet.scenarios import invariants

GIVEN = 1_000_000


class Session:
    """Accounts, transfers and checks of one world. Each public method is an order."""

    def __init__(self, world: str) -> None:
        self._engine = SwarmWorld.existing(world)
        self._bank = Bank(self._engine)
        self._accounts: dict[str, Account] = {}
        self._receipts: list[Receipt] = []
        self._groups: dict[str, list[Receipt]] = {}
        self._marks: list[invariants.Mark] = []

    def ready(self, timeout: float) -> dict[str, Any]:
        """Waits until every process is connected."""
        began = time.monotonic()
        self._engine.up(timeout=timeout)
        return {"seconds": time.monotonic() - began}

    def open(self, municipalities: list[str]) -> dict[str, Any]:
        """An account in each, with money from its treasury."""
        for name in municipalities:
            key = Key.derive("swarm", self._engine.tag, time.time_ns(), name)
            account = self._accounts[name] = self._bank.account(key, name)
            self._bank.open(account, timeout=120)
            self._receipts.append(self._bank.send(self._bank.treasury(name), account, GIVEN).wait("credited", 120))
        return {}

    def send(self, group: str, source: str, to: str, count: int) -> dict[str, Any]:
        """Sends, without waiting for anything but admission."""
        payer, payee = self._accounts[source], self._accounts[to]
        sent = [self._bank.send(payer, payee, 10) for _ in range(count)]
        self._groups.setdefault(group, []).extend(sent)
        self._receipts.extend(sent)
        return {"sent": len(sent)}

    def wait(self, group: str, stage: str, timeout: float) -> dict[str, Any]:
        """Waits until all of a group have reached a stage; the ladder of the first one, ms."""
        end = time.monotonic() + timeout
        for receipt in self._groups[group]:
            receipt.wait(stage, max(0.1, end - time.monotonic()))
        return {"first": self._groups[group][0].stages}

    def stages(self, group: str) -> list[list[str]]:
        """The stages that each of a group has reached, as its source tells now."""
        return [list(receipt.refresh().micros) for receipt in self._groups[group]]

    def heights(self, chains: list[str]) -> dict[str, int]:
        """The newest certified height of chains."""
        told = [self._engine.hall(name).ledger() for name in chains]
        rows = [row for answer in told for row in (answer if isinstance(answer, list) else [answer])]
        return {name: height for name, height in invariants.certified(rows).items() if name in chains}

    def mark(self) -> int:
        """Remembers every chain's newest certified block: it may never be lost."""
        self._marks = invariants.marks(self._engine.ledgers(), self._engine.certified)
        return len(self._marks)

    def checks(self, timeout: float) -> list[dict[str, Any]]:
        """The design's invariants, once no parcel is on its way any more, or as they are when time is over."""
        found: list[invariants.Invariant] = []

        def whole() -> bool:
            nonlocal found
            ledgers = self._engine.ledgers()
            for receipt in self._receipts:
                receipt.refresh()
            known = [*invariants.check(ledgers, self._receipts, self._marks, self._engine.certified)]
            found = [*known, invariants.booked(self._books(), self._receipts), invariants.lanes(ledgers)]
            return all(one.holds for one in found)

        self._engine.wait_until(whole, timeout)
        return [one.model_dump() for one in found]

    def _books(self) -> list[invariants.Book]:
        """What each account was given is a transfer too, so at first it holds nothing."""
        return [invariants.Book(a.id, 0, a.balance) for a in self._accounts.values()]

    def streams(self) -> dict[str, bool]:
        """Which processes are connected to all others."""
        return {name: self._engine.connected(name) for name in self._engine.processes()}


def answer(orders: Session, line: str) -> dict[str, Any]:
    """Does what one line says."""
    asked = json.loads(line)
    method: Callable[..., Any] = getattr(orders, asked.pop("do"))
    try:
        return {"answer": method(**asked)}
    except (EngineError, Problem, Unreachable, EndedOtherwise, WaitedTooLong, TimeoutError, LookupError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Answers until its input ends."""
    orders = Session(sys.argv[1])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(orders, line)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
