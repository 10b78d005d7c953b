"""Packing changes nothing: the same transfers in one world, packed by chain and spread by node, give the same ledger.

Both worlds are dealt from the same seed, so nodes, treasuries and accounts have the same keys; nonces and amounts are
the same too. What differs is what may: the world's tag (its processes are part of the genesis) and with it the orders'
ids, all stamps, and so every hash over them. Compared is what is left:

- every account's balance and highest nonce, and each treasury's;
- per municipality, the orders under its blocks' roots in the order of their heights: payer, payee, amount, nonce,
  outcome with its reason, and the number of the parcel in its lane;
- per municipality, each replica's books: supply, balances, and per lane what was sent, credited, refused and refunded,
  how many parcels, and that none is missing or unsettled.

A simulated world is compared by accounts and books; it does not tell its blocks.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from globelet.client.account import Account, Key
from globelet.client.bank import Bank
from globelet.client.orders import Transfer
from globelet.engines import binaries
from globelet.engines.engine import Engine
from globelet.engines.local import LocalEngine
from globelet.engines.simulator import SimulatorEngine
from globelet.engines.state import StateDirectory
from globelet.scenarios.world import World
from globelet.world import load
from globelet.world.resolved import ResolvedWorld
from globelet.world.template import write

pytestmark = [pytest.mark.e2e, pytest.mark.local_only]

SEED = "7a" * 32
# Payer, payee, amount: at home, across and back, what was just received, and to an account that nobody opened.
TRANSFERS = [
    ("alice", "akira", 300),
    ("alice", "bob", 1_250),
    ("bob", "akira", 1_000),
    ("bob", "bella", 250),
    ("akira", "nobody", 700),
    ("bella", "alice", 75),
    ("alice", "bob", 8_525),
]
HOMES = {"alice": "tokyo", "akira": "tokyo", "bob": "paris", "bella": "paris", "nobody": "paris"}
GIVEN = {"alice": 10_000}
TIMEOUT = 30.0

Left = dict[str, Any]


def world(folder: Path, pack: str) -> ResolvedWorld:
    """Two municipalities on two continents without jitter, as people write it."""
    text, _ = write("packing", ["tokyo", "paris"], 7)
    file = folder / f"{pack}.yaml"
    file.write_text(text.replace("jitter: true", "jitter: false") + f"pack: {pack}\n")
    return load(str(file))


def dealt(spec: ResolvedWorld, root: Path) -> LocalEngine:
    """An engine whose world has its keys from the seed of this test."""
    StateDirectory(root).claim(spec)
    command = [binaries.find("globelet-node"), "deal", "--world", root / "world.json", "--state", root, "--seed", SEED]
    subprocess.run(command, check=True, capture_output=True)
    return LocalEngine(spec, root)


class Desk:
    """Sends transfers with nonces counted from 1, one after the other, each to its end."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.bank = engine, Bank(engine)
        self.accounts = {name: self.bank.account(Key.derive("packing", name), home) for name, home in HOMES.items()}
        self.nonces: dict[str, int] = {}
        self.names = {account.id: name for name, account in self.accounts.items()}
        self.names |= {self.bank.treasury(home).id: f"treasury of {home}" for home in set(HOMES.values())}
        self.sent: list[tuple[str, str]] = []

    def pay(self, payer: Account, payee: Account, amount: int) -> str:
        """Sends and waits until it has ended and everybody has settled it; how it ended."""
        nonce = self.nonces[payer.id] = self.nonces.get(payer.id, 0) + 1
        made = self.bank.transfer_order(payer, payee, amount)
        order = Transfer(
            made.world, made.source, made.destination, made.payer, made.payee, amount, nonce, made.expires_us
        )
        body = self.bank.body(payer, payee, order)
        self.engine.submit(payer.municipality, "/v1/transfers", body, self.bank.token(payer))
        receipt = self.bank.receipt(order, payer, payee, self.engine.now_us())
        assert self.engine.wait_until(lambda: receipt.refresh().ended is not None, TIMEOUT), receipt.micros
        assert self.engine.wait_until(self.settled, TIMEOUT), self.engine.ledgers()
        self.sent.append((payer.municipality, order.id))
        return str(receipt.ended)

    def settled(self) -> bool:
        """Every replica is where the others of its municipality are, and no parcel is on its way."""
        books = [books for shown in self.books().values() for books in shown]
        level = all(all(one == shown[0] for one in shown) for shown in self.books().values())
        return level and not any(amount for book in books for amount in book["unsettled"].values())

    def books(self) -> dict[str, list[dict[str, Any]]]:
        """Per municipality, what each of its replicas booked, without what depends on stamps."""
        kept = ("supply", "balances", "sent", "credited", "refused", "refunded", "sent_numbers", "unsettled", "lanes")
        found: dict[str, list[dict[str, Any]]] = {}
        for ledger in self.engine.ledgers():
            if ledger["kind"] == "municipal":
                found.setdefault(ledger["chain"], []).extend(
                    {key: replica[key] for key in kept} for replica in ledger["replicas"]
                )
        return found

    def orders(self) -> dict[str, list[dict[str, Any]]]:
        """Per municipality, the orders of its blocks, ascending."""
        found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for municipality, order in self.sent:
            state = self.engine.transfer(municipality, order)
            assert state is not None
            leaf = {"amount": state["amount"], "nonce": state["nonce"], "refusal": (state["refusal"] or {}).get("code")}
            leaf |= {"payer": self.names[state["from"]], "payee": self.names[state["to"]]}
            leaf |= {"lane": state["proofs"]["lane"]}
            found.setdefault(municipality, []).append((state["proofs"]["block"]["height"], leaf))
        return {n: [leaf for _, leaf in sorted(leaves, key=lambda pair: pair[0])] for n, leaves in found.items()}

    def held(self) -> dict[str, dict[str, Any] | None]:
        """Each account and treasury: its balance and highest nonce; None for one that is not open."""
        found = {}
        for account, name in self.names.items():
            home = HOMES.get(name) or name.removeprefix("treasury of ")
            state = self.engine.account(home, account)
            found[name] = state and {key: state[key] for key in ("municipality", "balance", "highest_nonce")}
        return found


def lived(engine: Engine) -> Left:
    """What all the transfers left behind."""
    desk = Desk(engine)
    for name, account in desk.accounts.items():
        if name != "nobody":
            desk.bank.open(account)
    given = [desk.pay(desk.bank.treasury(HOMES[n]), desk.accounts[n], amount) for n, amount in GIVEN.items()]
    ends = given + [desk.pay(desk.accounts[payer], desk.accounts[payee], amount) for payer, payee, amount in TRANSFERS]
    left = {"ends": ends, "accounts": desk.held(), "books": desk.books()}
    return left | {"orders": desk.orders()} if engine.real_time else left


@pytest.fixture(scope="module")
def live(engine: LocalEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Left]]:
    """What is left in a live world of this pack. The session's world makes room, and is back afterwards as it was."""
    folder, known = tmp_path_factory.mktemp("packing"), dict[str, Left]()
    engine.down()

    def left(pack: str) -> Left:
        if pack not in known:
            made = dealt(world(folder, pack), folder / f"state-{pack}")
            try:
                hosts = [p for p in made.up().processes if p.nodes]
                assert len(hosts) == {"chain": 5, "node": 26}[pack]
                known[pack] = lived(made)
            finally:
                made.down(wipe=True)
        return known[pack]

    yield left
    engine.up()


def simulated(folder: Path, pack: str) -> Left:
    made = SimulatorEngine(world(folder, pack), 7)
    made.up()
    try:
        return lived(made)
    finally:
        made.down()


def same(one: Left, other: Left) -> None:
    for part in one:
        assert other[part] == one[part], part


def test_what_is_compared_is_what_was_sent(live):
    left = live("chain")
    assert left["ends"] == ["credited"] * 5 + ["refunded"] + ["credited"] * 2
    balances = {name: state and state["balance"] for name, state in left["accounts"].items()}
    due = {"alice": 0, "akira": 1_300, "bob": 8_525, "bella": 175, "nobody": None}
    assert {name: balances[name] for name in due} == due
    assert sum(map(len, left["orders"].values())) == len(GIVEN) + len(TRANSFERS)
    refusals = [leaf["refusal"] for leaf in left["orders"]["tokyo"] if leaf["payee"] == "nobody"]
    assert refusals == ["unknown_recipient"]
    assert {name: len(books) for name, books in left["books"].items()} == {"tokyo": 4, "paris": 4}


def test_packed_and_spread_leave_the_same_ledger(live):
    same(live("chain"), live("node"))


def test_so_they_do_in_the_simulator_and_there_it_is_the_ledger_of_the_live_world(live, tmp_path):
    packed = simulated(tmp_path, "chain")
    same(packed, simulated(tmp_path, "node"))
    same(packed, live("chain"))


def test_a_spread_municipality_is_reached_at_the_replicas_that_are_left(live, tmp_path):
    made = dealt(world(tmp_path, "node"), tmp_path / "state")
    try:
        made.up()
        place = World(made, 1)
        alice, bob = place.account("tokyo", balance=100), place.account("paris")
        before = alice.send(bob, 1).wait("credited")
        for lost in ("tokyo-r0", "tokyo-h2", "paris-r3", "globe-r1"):
            place.process(lost).kill()
        meanwhile = alice.send(bob, 2).wait("credited")
        assert (alice.balance, bob.balance) == (97, 3)
        made.restart()
        after = alice.send(bob, 4).wait("anchored")
        for receipt in (before, meanwhile, after):
            receipt.wait("anchored")
        # Credited before its own ingress, alone to have been away, heard that it was held: the stamps are mended.
        assert [i for i in place.invariants() if i.holds is False] == []
        assert (alice.balance, bob.balance) == (93, 7)
    finally:
        made.down(wipe=True)
