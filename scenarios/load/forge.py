"""Transfers signed ahead, so that signing costs nothing while the load runs."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from journey import Journey
from seats import Seat, populations

from globelet._native.signatures import sign
from globelet.client.orders import Transfer
from globelet.world.resolved import ResolvedWorld

LIFE_US = 600_000_000
"""How long an order is good after it is due."""
MOST_AMOUNT = 9


def forge(
    world: ResolvedWorld,
    tag: int,
    people: Sequence[Seat],
    due: Iterable[tuple[float, float]],
    dice: random.Random,
    streams: float,
    seal: Callable[[bytes, bytes], bytes] = sign,
) -> list[Journey]:
    """A signed transfer for each due time (seconds after the start, and the rate then), between people by population.

    At most `streams` a second have a sender who reads the receipt stream; the others are asked for afterwards.
    `seal` makes the signature from a seed and a message.
    """
    times = list(due)
    homes: dict[str, list[Seat]] = defaultdict(list)
    for seat in people:
        homes[seat.municipality].append(seat)
    weights = populations(world)
    places, shares = list(weights), list(weights.values())
    sources = dice.choices(places, shares, k=len(times))
    destinations = dice.choices(places, shares, k=len(times))
    now_us = time.time_ns() // 1000
    expires = now_us + int((times[-1][0] if times else 0) * 1e6) + LIFE_US
    made = []
    for number, ((at, rate), source, to) in enumerate(zip(times, sources, destinations, strict=True)):
        payer = dice.choice(homes[source])
        payee = dice.choice(homes[to])
        while payee is payer:
            payee = dice.choice(homes[to])
        # A nonce only has to be above the account's highest: the time of signing, counted on.
        order = Transfer(
            tag, payer.number, payee.number, payer.public, payee.public, dice.randint(1, MOST_AMOUNT),
            now_us + number, expires,
        )  # fmt: skip
        if number % 256 == 0:
            time.sleep(0)  # where greenlets share this thread, they get their turn
        share = min(1.0, streams / rate)
        followed = int((number + 1) * share) > int(number * share)
        made.append(Journey(at, payer, payee, order.id, _body(order, payer, payee, seal), order.amount, followed))
    return made


def unsigned(_seed: bytes, _message: bytes) -> bytes:
    """For a server that looks at nothing: nobody waits for signatures that nobody checks."""
    return bytes(64)


def _body(order: Transfer, payer: Seat, payee: Seat, seal: Callable[[bytes, bytes], bytes]) -> bytes:
    """The order as `POST /v1/transfers` takes it, ready for the wire."""
    return (
        f'{{"from":"{payer.account}","source":"{payer.municipality}","to":"{payee.account}",'
        f'"destination":"{payee.municipality}","amount":{order.amount},"nonce":{order.nonce},'
        f'"expires_us":{order.expires_us},"signature":"{seal(payer.seed, order.signing_bytes()).hex()}"}}'
    ).encode()


def spent(journeys: Iterable[Journey]) -> dict[str, int]:
    """What each account will pay, by account: it needs as much."""
    needs: dict[str, int] = defaultdict(int)
    for journey in journeys:
        needs[journey.payer.account] += journey.amount
    return dict(needs)
