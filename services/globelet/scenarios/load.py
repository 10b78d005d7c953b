"""Open-loop load: a plan made from the seed, signed beforehand, played at its own pace whatever the world does."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING

from globelet.client.account import Account
from globelet.client.receipt import Receipt
from globelet.engines.play import Planned

if TYPE_CHECKING:
    from globelet.scenarios.world import World

ACCOUNTS_EACH = 4


def shares(world: World, weights: str | Mapping[str, float]) -> dict[str, float]:
    """Weight per municipality: `population`, `equal`, or given by name. Raises `ValueError`."""
    chains = world.spec.municipalities()
    if weights == "population":
        return {c.name: float(max(1, c.population)) for c in chains}
    if weights == "equal":
        return {c.name: 1.0 for c in chains}
    if isinstance(weights, str):
        raise ValueError(f"weights {weights!r} is neither 'population' nor 'equal' nor a mapping by municipality")
    return {world.bank.municipality(name): float(weight) for name, weight in weights.items() if weight > 0}


class Load:
    """Transfers that are being sent, come what may."""

    def __init__(self, world: World, planned: list[Planned], receipts: list[Receipt]) -> None:
        self._world, self._planned, self.receipts = world, planned, receipts
        self._playing = world.engine.play(planned)
        # Nearly so; exactly once it is finished. A scenario that raises before leaves a report all the same.
        self._clicked(world.engine.now_us())

    def _clicked(self, start_us: int) -> None:
        for order, receipt in zip(self._planned, self.receipts, strict=True):
            receipt.clicked_us = start_us + order.due_us

    def finish(self, settle: float = 60.0) -> list[Receipt]:
        """Waits until all are sent, and up to `settle` seconds for their ends; returns their receipts."""
        start, refused = self._playing.finish()
        self._clicked(start)
        for order, receipt in zip(self._planned, self.receipts, strict=True):
            if problem := refused.get(order.id):
                refusal = {"code": problem.code, "detail": problem.detail}
                receipt.absorb({"refusal": refusal, "stage": "refused", "micros": self._world.engine.now_us()})
        self._world.settle(self.receipts, settle)
        return self.receipts


def begin(
    world: World, rate: float, seconds: float, weights: str | Mapping[str, float], pairs: list[tuple[str, str]] | None
) -> Load:
    """Plans a load and begins to play it; latencies count from the intended time of sending."""
    count = int(rate * seconds)
    dice = random.Random(f"{world.seed} load {len(world.receipts)}")  # noqa: S311
    parts = shares(world, weights)
    if pairs:
        chosen = [(world.bank.municipality(a), world.bank.municipality(b)) for a, b in dice.choices(pairs, k=count)]
    else:
        names, w = list(parts), list(parts.values())
        chosen = list(zip(dice.choices(names, w, k=count), dice.choices(names, w, k=count), strict=True))
    places = sorted({place for pair in chosen for place in pair})
    accounts = {place: world.accounts(place, ACCOUNTS_EACH, balance=1_000 * max(1, count)) for place in places}
    planned, receipts = [], []
    for number, (source, to) in enumerate(chosen):
        payer, payee = dice.choice(accounts[source]), dice.choice(accounts[to])
        if payer is payee:
            payee = next(a for a in accounts[to] if a is not payer)
        order, receipt = _one(world, payer, payee, dice.randint(1, 1_000), int(number * 1e6 / rate))
        planned.append(order)
        receipts.append(receipt)
    return Load(world, planned, receipts)


def _one(world: World, payer: Account, payee: Account, amount: int, due_us: int) -> tuple[Planned, Receipt]:
    order = world.bank.transfer_order(payer, payee, amount)
    body = world.bank.body(payer, payee, order)
    receipt = world.bank.receipt(order, payer, payee, 0)
    return Planned(due_us, payer.municipality, payer.id, world.bank.token(payer), order.id, body), receipt
