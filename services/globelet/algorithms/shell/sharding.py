"""`globelet algorithm sharding`: municipalities on a bad network."""

from __future__ import annotations

import hashlib
import random
from typing import Annotated

import typer

from globelet.algorithms import sharding
from globelet.algorithms.shell.arguments import File, read
from globelet.cli.terminal import Json, emit

app = typer.Typer(help="Lanes, parcels and moves of accounts between municipalities (SC).", no_args_is_help=True)

Percent = typer.Option(min=0, max=90, help="Percent of messages.")


def _name(kind: str, number: int) -> bytes:
    return hashlib.sha256(f"{kind} {number}".encode()).digest()


class _Play:
    """Municipalities, the messages between them, and what came of the orders."""

    def __init__(self, municipalities: int, accounts: int, seed: int) -> None:
        self.draw = random.Random(seed)  # noqa: S311 (a play that can be repeated)
        lives: list[list[tuple[bytes, int]]] = [[] for _ in range(municipalities)]
        for number in range(accounts):
            lives[number % municipalities].append((_name("account", number), 1_000))
        self.books = [sharding.Books(chain, opened) for chain, opened in enumerate(lives)]
        self.accounts = [_name("account", number) for number in range(accounts)]
        self.flying: list[tuple[str, int, bytes]] = []
        self.counts = {"ordered": 0, "credited": 0, "refunded": 0, "moved": 0, "lost": 0, "copied": 0}

    def note(self, effects: list[tuple[str, object, object]]) -> None:
        for kind, first, second in effects:
            if kind == "send" and isinstance(first, int) and isinstance(second, bytes):
                self.flying.append(("receive", first, second))
            elif kind == "settled":
                self.counts["credited" if second is None else "refunded"] += 1
            elif kind == "settler":
                self.counts["moved"] += 1

    def order(self, number: int) -> None:
        payer = self.draw.choice(self.accounts)
        home = next((b for b in self.books if b.balance(payer) is not None), None)
        if home is None:
            return
        destination = self.draw.randrange(len(self.books))
        try:
            if self.draw.random() < 0.2:
                self.note([*home.relocate(payer, destination, number)])
                return
            payee, amount = self.draw.choice(self.accounts), self.draw.randint(1, 300)
            effects = home.transfer(_name("transfer", number), payer, payee, destination, amount, number)
        except sharding.ShardingError:
            return  # overdrawn, unknown here, or at home already: nothing moved
        self.counts["ordered"] += 1
        self.note([*effects])

    def deliver(self, loss: int, copies: int) -> None:
        self.draw.shuffle(self.flying)
        waiting, self.flying = self.flying, []
        for how, to, message in waiting:
            if self.draw.randrange(100) < loss:
                self.counts["lost"] += 1
                continue
            again = self.draw.randrange(100) < copies
            self.counts["copied"] += again
            for _ in range(1 + again):
                book = self.books[to]
                self.note([*(book.receive(message) if how == "receive" else book.told(message))])

    def close(self) -> None:
        for book in self.books:
            self.note([*book.close()])
            self.flying.extend(("told", to, head) for to, head in book.heads())


@app.command(epilog="Example: `globelet algorithm sharding play --loss 40 --copies 40 --seed 7`")
def play(
    municipalities: Annotated[int, typer.Option(min=2, max=50, help="Municipalities.")] = 4,
    accounts: Annotated[int, typer.Option(min=1, max=10_000, help="Accounts, 1,000 on each.")] = 20,
    orders: Annotated[int, typer.Option(min=0, max=1_000_000, help="Transfers and moves.")] = 500,
    loss: Annotated[int, Percent] = 30,
    copies: Annotated[int, Percent] = 30,
    seed: Annotated[int, typer.Option(help="What chance follows from.")] = 1,
    as_json: Json = False,
) -> None:
    """Let municipalities pay each other and swap accounts on a bad network; print where the money is after all."""
    world = _Play(municipalities, accounts, seed)
    for number in range(1, orders + 1):
        world.order(number)
        if number % 10 == 0:
            world.close()
            world.deliver(loss, copies)
    rounds = 0
    while not all(book.at_rest for book in world.books):
        world.close()
        world.deliver(loss, copies)
        rounds += 1
    found: dict[str, object] = {**world.counts, "rounds_to_rest": rounds, **sharding.audit(world.books)}
    if as_json:
        emit(found)
    else:
        print(*(f"{name} {value}" for name, value in found.items()), sep="\n")


@app.command(epilog="Example: `globelet algorithm sharding parcel parcel.bin`")
def parcel(file: File, as_json: Json = False) -> None:
    """Print what a parcel holds."""
    found = sharding.parcel(read(file))
    shown = {**found, "digest": found["digest"].hex()}
    if as_json:
        emit(shown)
    else:
        print(*(f"{name} {value}" for name, value in shown.items()), sep="\n")
