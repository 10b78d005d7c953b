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


def play(
    world: World, rate: float, seconds: float, weights: str | Mapping[str, float], pairs: list[tuple[str, str]] | None
) -> list[Receipt]:
    """Plays the load and returns its receipts; latencies count from the intended time of sending."""
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
    start, refused = world.engine.play(planned)
    for order, receipt in zip(planned, receipts, strict=True):
        receipt.clicked_us = start + order.due_us
        if problem := refused.get(order.id):
            receipt.absorb(
                {
                    "refusal": {"code": problem.code, "detail": problem.detail},
                    "stage": "refused",
                    "micros": world.engine.now_us(),
                }
            )
    return receipts


def _one(world: World, payer: Account, payee: Account, amount: int, due_us: int) -> tuple[Planned, Receipt]:
    order = world.bank.transfer_order(payer, payee, amount)
    body = world.bank.body(payer, payee, order)
    receipt = world.bank.receipt(order, payer, payee, 0)
    return Planned(due_us, payer.municipality, payer.id, world.bank.token(payer), order.id, body), receipt
