"""One load: planned and signed beforehand, played in open loop, with the processor time it took."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from globelet.bench.metrics import Counts
from globelet.bench.threads import Spent, minus
from globelet.client.account import Account
from globelet.client.receipt import Receipt
from globelet.engines.play import Planned
from globelet.scenarios.host import cpu_ticks
from globelet.scenarios.world import World

QUIET = 0.03
"""A world is at rest when it uses no more processors than this above its idle cost."""
_LOOK, _LOOKS = 0.5, 3
_SAMPLE = 120
_TICKS = os.sysconf("SC_CLK_TCK")
_ACCOUNTS = 8
_BALANCE = 1_000_000_000


@dataclass
class Load:
    """What was played and what it took: processor seconds of the world and of the load generator.

    `receipts` are all of them, or a sample where the world was still busy (not `rested`) when the time was over; the
    seconds are not complete then either. `others` is how many processors other programs kept busy meanwhile: what is
    above 0 disturbs the times.
    """

    rate: float
    seconds: float
    sent: int
    receipts: list[Receipt]
    rested: bool = True
    used: Spent = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    generator: float = 0.0
    others: float = 0.0
    span: float = 0.0

    @property
    def credited(self) -> list[Receipt]:
        """The transfers that arrived."""
        return [r for r in self.receipts if r.ended == "credited"]

    @property
    def lost(self) -> int:
        """Receipts whose transfer was not credited, whatever became of it."""
        return len(self.receipts) - len(self.credited)


@dataclass(frozen=True)
class Mix:
    """Who pays whom: pairs of municipalities and their weights."""

    name: str
    pairs: list[tuple[str, str]]
    weights: list[float]


def continent(world: World, municipality: str) -> str:
    """The continent a municipality lies on."""
    chain = next(c for c in world.spec.chains if c.name == municipality)
    return world.spec.chains[chain.parent].name if chain.parent is not None else ""


def crosses(world: World, receipt: Receipt) -> bool:
    """Whether a transfer goes from one continent to another."""
    return continent(world, receipt.source) != continent(world, receipt.destination)


def mixes(world: World) -> dict[str, Mix]:
    """`light`: Tokyo to Paris. `everyone`: every pair by population. `ocean`: of those, the ones across an ocean."""
    weight = {c.name: float(max(1, c.population)) for c in world.spec.municipalities()}
    pairs = [(a, b) for a in weight for b in weight]
    far = [(a, b) for a, b in pairs if continent(world, a) != continent(world, b)]
    light = [("tokyo", "paris")]
    return {
        name: Mix(name, chosen, [weight[a] * weight[b] for a, b in chosen])
        for name, chosen in (("light", light), ("everyone", pairs), ("ocean", far))
    }


class Player:
    """Plays loads in one world, always between the same accounts: opening them is no part of what is measured."""

    def __init__(self, world: World, used: Callable[[], Spent], counts: Callable[[], Counts]) -> None:
        self._world, self._used, self._counts = world, used, counts
        self._accounts: dict[str, list[Account]] = {}
        self._dice = random.Random(world.seed)  # noqa: S311

    def _of(self, place: str) -> list[Account]:
        if place not in self._accounts:
            self._accounts[place] = self._world.accounts(place, _ACCOUNTS, balance=_BALANCE)
        return self._accounts[place]

    def plan(self, mix: Mix, rate: float, seconds: float) -> tuple[list[Planned], list[Receipt]]:
        """Signs `rate × seconds` transfers, evenly spaced."""
        count, bank = int(rate * seconds), self._world.bank
        planned, receipts = [], []
        for number, (source, to) in enumerate(self._dice.choices(mix.pairs, mix.weights, k=count)):
            payer = self._dice.choice(self._of(source))
            payee = self._dice.choice([a for a in self._of(to) if a is not payer])
            order = bank.transfer_order(payer, payee, 1)
            body, due = bank.body(payer, payee, order), int(number * 1e6 / rate)
            planned.append(Planned(due, payer.municipality, payer.id, bank.token(payer), order.id, body))
            receipts.append(bank.receipt(order, payer, payee, 0))
        return planned, receipts

    def rest(self, idle: float, timeout: float = 60.0) -> bool:
        """Waits until the world's clocks say that it is at rest. Asking for transfers would cost what is measured."""
        quiet, before = 0, sum(self._used().values())
        end = time.monotonic() + timeout
        while quiet < _LOOKS and time.monotonic() < end:
            began = time.monotonic()
            self._world.run_for(_LOOK)
            now = sum(self._used().values())
            quiet = quiet + 1 if (now - before) / (time.monotonic() - began) <= idle + QUIET else 0
            before = now
        return quiet >= _LOOKS

    def play(self, mix: Mix, rate: float, seconds: float, idle: float, patience: float) -> Load:
        """Plays, lets the world come to rest unwatched, looks at the clocks, then asks what became of all."""
        planned, receipts = self.plan(mix, rate, seconds)
        self.rest(idle, patience)
        before, counted = self._used(), self._counts()
        own, began, busy = time.process_time(), time.monotonic(), cpu_ticks()
        start, refused = self._world.engine.play(planned).finish()
        generator, played = time.process_time() - own, time.monotonic() - began
        others = (cpu_ticks()[0] - busy[0]) / _TICKS - generator - sum(minus(self._used(), before).values())
        rested = self.rest(idle, patience)
        used, counts, span = self._used(), self._counts(), time.monotonic() - began
        for order, receipt in zip(planned, receipts, strict=True):
            receipt.clicked_us = start + order.due_us
            if problem := refused.get(order.id):
                refusal = {"code": problem.code, "detail": problem.detail}
                receipt.absorb({"refusal": refusal, "stage": "refused", "micros": self._world.engine.now_us()})
        # A busy world takes its time for each answer.
        asked = receipts if rested else receipts[:: max(1, len(receipts) // _SAMPLE)]
        self._world.settle(asked, 5.0 if rested else 0.0)
        return Load(
            rate,
            seconds,
            len(receipts),
            asked,
            rested,
            minus(used, before),
            counts.minus(counted),
            generator,
            max(0.0, others / played),
            span,
        )
