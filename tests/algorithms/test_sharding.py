"""Sharding: exactly once and conservation on bad networks, moves of accounts, the map, refusals."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain.threads import turns_while
from typer.testing import CliRunner

from globelet.algorithms import AlgorithmError, sharding
from globelet.algorithms.sharding import Books, Map, ShardingError
from globelet.cli import build

pytestmark = pytest.mark.algorithms

START = 1_000


def name(kind: str, number: int) -> bytes:
    return hashlib.sha256(f"{kind} {number}".encode()).digest()


class World:
    """Municipalities on a network that loses, doubles and reorders, beside a model that knows only who paid whom."""

    def __init__(self, chains: int, accounts: int, seed: int) -> None:
        self.draw = random.Random(seed)
        self.accounts = [name("account", n) for n in range(accounts)]
        self.genesis = [[(a, START) for a in self.accounts[c::chains]] for c in range(chains)]
        self.books = [Books(c, self.genesis[c]) for c in range(chains)]
        self.logs: list[list[tuple[str, tuple[Any, ...]]]] = [[] for _ in range(chains)]
        self.flying: list[tuple[str, int, bytes]] = []
        self.orders: dict[bytes, tuple[bytes, bytes, int]] = {}
        self.decided: dict[bytes, str | None] = {}

    def at(self, chain: int, what: str, *arguments: Any) -> None:
        self.logs[chain].append((what, arguments))
        for effect in getattr(self.books[chain], what)(*arguments):
            if effect[0] == "send":
                self.flying.append(("receive", effect[1], effect[2]))
            elif effect[0] == "settled":
                assert effect[1] not in self.decided, "a transfer is decided once"
                self.decided[effect[1]] = effect[2]

    def order(self, number: int) -> None:
        payer = self.draw.choice(self.accounts)
        home = next((c for c, b in enumerate(self.books) if b.balance(payer) is not None), None)
        if home is None:
            return
        there = self.draw.randrange(len(self.books))
        try:
            if self.draw.random() < 0.25:
                self.at(home, "relocate", payer, there, number)
            else:
                order, payee, amount = name("order", number), self.draw.choice(self.accounts), self.draw.randint(1, 400)
                self.at(home, "transfer", order, payer, payee, there, amount, number)
                self.orders[order] = (payer, payee, amount)
        except ShardingError:
            pass

    def step(self, number: int, loss: float, copies: float) -> None:
        self.order(number)
        if number % 5 == 0:
            self.tick()
        if self.flying and self.draw.random() < 0.7:
            how, to, message = self.flying.pop(self.draw.randrange(len(self.flying)))
            if self.draw.random() >= loss:
                self.at(to, how, message)
            if self.draw.random() < copies:
                self.flying.append((how, to, message))
        self.audit()

    def tick(self) -> None:
        for chain, books in enumerate(self.books):
            self.at(chain, "close")
            self.flying.extend(("told", to, head) for to, head in books.heads())

    def rest(self) -> None:
        for _ in range(100):
            self.tick()
            waiting, self.flying = self.flying, []
            for how, to, message in waiting:
                self.at(to, how, message)
            if all(books.at_rest for books in self.books):
                return
        raise AssertionError("the world does not come to rest")

    def replay(self, chain: int) -> Books:
        books = Books(chain, self.genesis[chain])
        for what, arguments in self.logs[chain]:
            try:
                getattr(books, what)(*arguments)
            except ShardingError:
                continue
        return books

    def audit(self) -> None:
        assert sharding.audit(self.books)["total"] == START * len(self.accounts)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.6), st.floats(0, 0.6))
def test_nothing_is_lost_or_doubled_whatever_the_network_does(seed: int, loss: float, copies: float) -> None:
    world = World(3, 8, seed)
    for number in range(1, 200):
        world.step(number, loss, copies)
    world.rest()
    world.audit()
    assert set(world.decided) == set(world.orders), "every transfer is credited or refunded"
    balances = dict.fromkeys(world.accounts, START)
    for order, (payer, payee, amount) in world.orders.items():
        if world.decided[order] is None:
            balances[payer] -= amount
            balances[payee] += amount
    for account, balance in balances.items():
        assert [b.balance(account) for b in world.books if b.balance(account) is not None] == [balance]
    for chain, books in enumerate(world.books):
        assert world.replay(chain) == books, "a restart gives the same books"


def test_a_gap_is_visible_and_is_filled_by_a_head() -> None:
    alice, bob = name("account", 1), name("account", 2)
    tokyo, paris = Books(0, [(alice, 100)]), Books(1, [(bob, 0)])
    parcels = []
    for number in range(1, 4):
        tokyo.transfer(name("order", number), alice, bob, 1, 10, number)
        parcels += [effect[2] for effect in tokyo.close()]
    assert sharding.parcel(parcels[1])["number"] == 2
    assert paris.receive(memoryview(parcels[2])) == []
    assert (paris.balance(bob), paris.cursor(0), paris.missing(0)) == (10, 0, [1, 2])
    [(to, head)] = paris.heads()
    assert to == 0
    assert [sharding.parcel(effect[2])["number"] for effect in tokyo.told(head)] == [1, 2, 3]
    paris.receive(np.frombuffer(parcels[0], dtype=np.uint8))
    paris.receive(bytearray(parcels[1]))
    assert (paris.balance(bob), paris.cursor(0), paris.missing(0)) == (30, 3, [])
    assert (tokyo.chain, paris.chain) == (0, 1)


def test_money_for_an_account_on_its_way_waits_for_it() -> None:
    alice, bob = name("account", 1), name("account", 2)
    tokyo, paris, seoul = Books(0, [(alice, 100)]), Books(1, []), Books(2, [(bob, 50)])
    tokyo.relocate(alice, 1, 1)
    [(_, _, moving)] = tokyo.close()
    seoul.transfer(name("order", 1), bob, alice, 0, 7, 1)
    [(_, _, payment)] = seoul.close()
    tokyo.receive(payment)
    forwarded = next(effect[2] for effect in tokyo.close() if effect[1] == 1)
    paris.receive(forwarded)
    assert (paris.parked, paris.balance(alice), tokyo.moved(alice)) == (7, None, 1)
    assert sharding.audit([tokyo, paris, seoul])["total"] == 150
    assert paris.receive(moving) == [("settler", alice, 1)]
    assert (paris.parked, paris.balance(alice), paris.version(alice)) == (0, 107, 1)


def test_maps_follow_epoch_by_epoch() -> None:
    one, two, account = Map(), Map(), name("account", 1)
    assert one.learn(account, 4)
    assert one.learn(account, 2, version=1)
    assert not one.learn(account, 3, version=0)
    assert one.home(account) is None
    first = one.close()
    assert (one.home(account), one.epoch, len(one)) == ((2, 1), 1, 1)
    second = one.close()
    with pytest.raises(ShardingError) as refused:
        two.follow(second)
    assert refused.value.code == "sharding.broken-map"
    two.follow(first)
    two.follow(second)
    assert two == one
    assert two.digest == one.digest != Map().digest


def test_other_threads_run_meanwhile() -> None:
    payees = [name("account", n) for n in range(2_000)]
    paris = Books(1, [(payee, 0) for payee in payees])
    tokyo = Books(0, [(name("payer", 0), 10**9)])
    for number in range(1, 20_001):
        tokyo.transfer(name("order", number), name("payer", 0), payees[number % 2_000], 1, 1, number)
    [(_, _, parcel)] = tokyo.close()
    assert turns_while(lambda: paris.receive(parcel)) > 100
    assert sharding.audit([tokyo, paris])["balances"] == 10**9


ALICE, BOB, ORDER = name("account", 1), name("account", 2), name("order", 1)


def parcel() -> bytes:
    paris = Books(1, [(BOB, 9)])
    paris.transfer(ORDER, BOB, ALICE, 0, 1, 1)
    [(_, _, sent)] = paris.close()
    return bytes(sent)


REFUSED: list[tuple[str, Any]] = [
    ("sharding.length", lambda _: Books(0, [(b"", 1)])),
    ("sharding.length", lambda b: b.transfer(b"", ALICE, BOB, 1, 1, 1)),
    ("sharding.already-open", lambda _: Books(0, [(ALICE, 1), (ALICE, 1)])),
    ("sharding.already-open", lambda b: b.open(ALICE)),
    ("sharding.overflow", lambda _: Books(0, [(ALICE, 2**64 - 1), (BOB, 1)])),
    ("sharding.zero-amount", lambda b: b.transfer(ORDER, ALICE, BOB, 1, 0, 1)),
    ("sharding.overdrawn", lambda b: b.transfer(ORDER, ALICE, BOB, 1, 101, 1)),
    ("sharding.replayed", lambda b: b.transfer(ORDER, ALICE, BOB, 1, 1, 0)),
    ("sharding.unknown-account", lambda b: b.transfer(ORDER, BOB, ALICE, 1, 1, 1)),
    ("sharding.unknown-recipient", lambda b: b.transfer(ORDER, ALICE, BOB, 0, 1, 1)),
    ("sharding.nothing-to-move", lambda b: b.relocate(ALICE, 0, 1)),
    ("sharding.replayed", lambda b: (b.order(ALICE, 1), b.transfer(ORDER, ALICE, BOB, 1, 1, 1))),
    ("sharding.unknown-account", lambda b: b.order(BOB, 1)),
    ("sharding.length", lambda b: b.order(b"", 1)),
    ("sharding.moved", lambda b: (b.relocate(ALICE, 1, 1), b.relocate(ALICE, 2, 2))),
    ("sharding.malformed", lambda b: b.receive(b"")),
    ("sharding.malformed", lambda b: b.receive(parcel() + b"\0")),
    ("sharding.malformed", lambda b: b.told(b"\0" * 19)),
    ("sharding.malformed", lambda _: Map().follow(b"\xff" * 50)),
    ("sharding.wrong-lane", lambda _: Books(2, []).receive(parcel())),
    ("sharding.out-of-window", lambda b: b.receive(parcel()[:4] + b"\xff" * 8 + parcel()[12:])),
    ("sharding.doubled", lambda b: (b.receive(parcel()), sharding.audit([b, Books(1, [(BOB, 9)])]))),
]


@pytest.mark.parametrize(("code", "call"), REFUSED)
def test_wrong_values_are_refused_by_code(code: str, call: Any) -> None:
    with pytest.raises(ShardingError) as refused:
        call(Books(0, [(ALICE, 100)]))
    assert refused.value.code == code
    assert isinstance(refused.value, AlgorithmError)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Books("0", []),
        lambda: Books(0, [ALICE]),
        lambda: Books(0, []).receive("text"),
        lambda: Books(0, []).open(None),
        lambda: sharding.audit([1]),
        lambda: Map().learn(ALICE, "0"),
    ],
)
def test_wrong_types_are_type_errors(call: Any) -> None:
    with pytest.raises(TypeError):
        call()


def test_numbers_out_of_range_are_refused() -> None:
    for number in (-1, 2**64):
        with pytest.raises(OverflowError):
            Books(0, [(ALICE, number)])
    with pytest.raises(OverflowError):
        Books(2**16, [])


@given(st.binary(max_size=300))
def test_decoders_take_any_bytes_without_harm(data: bytes) -> None:
    books = Books(0, [(ALICE, 100)])
    for call in (books.receive, books.told, Map().follow, sharding.parcel):
        try:
            call(data)
        except ShardingError as refused:
            assert refused.code.startswith("sharding.")  # noqa: PT017


def test_at_the_shell(tmp_path: Any) -> None:
    words = ["algorithm", "sharding", "play", "--orders", "200", "--loss", "40", "--seed", "3", "--json"]
    done = CliRunner().invoke(build(), words)
    found = json.loads(done.stdout)
    assert found["total"] == found["balances"] == 20_000
    assert found["credited"] + found["refunded"] == found["ordered"] > 50
    assert found["moved"] > 10
    (tmp_path / "parcel").write_bytes(parcel())
    words = ["algorithm", "sharding", "parcel", str(tmp_path / "parcel"), "--json"]
    assert json.loads(CliRunner().invoke(build(), words).stdout)["amount"] == 1
    (tmp_path / "parcel").write_bytes(b"")
    assert CliRunner().invoke(build(), words).exit_code != 0
