"""Accounts that move in virtual time, as scripts see it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from globelet.client.orders import Move, encoded, order_of
from globelet.client.problem import Problem
from globelet.engines.simulator import SimulatorEngine
from globelet.scenarios import invariants
from globelet.scenarios.world import World
from globelet.world import load

pytestmark = pytest.mark.simulator


@pytest.fixture
def world() -> Iterator[World]:
    engine = SimulatorEngine(load("tokyo-paris"), 5)
    engine.up()
    yield World(engine, 5)
    engine.down()


def test_an_account_goes_from_home_to_home_and_is_found(world):
    alice = world.account("tokyo", balance=1_000)
    first_known = world.bank.account(alice.key, "tokyo")
    for place in ("paris", "osaka", "hesse"):
        alice.move(place).wait("credited")
        assert world.wait_until(lambda: world.engine.account(alice.municipality, alice.id) is not None, 10.0)
        assert alice.municipality == place
    assert (first_known.locate(), first_known.balance) == ("hesse", 1_000)
    assert world.engine.home("hesse", alice.id) is None
    (home,) = [i for i in world.invariants() if i.name == "one_home"]
    assert home.holds, home.detail


def test_an_account_under_way_orders_nothing_and_is_told_where_it_goes(world):
    alice, bob = world.account("tokyo", balance=1_000), world.account("paris")
    receipt = alice.move("paris")
    assert alice.municipality == "tokyo", "it is not there yet"
    for order in (lambda: alice.send(bob, 1), lambda: alice.move("osaka")):
        with pytest.raises(Problem) as refused:
            order()
        assert refused.value.code in {"moving", "moved"}
        assert refused.value.moved_to == "paris"
    receipt.wait("credited")
    alice.send(bob, 1).wait("credited")
    with pytest.raises(Problem, match="nothing to do"):
        alice.move("paris")
    assert {"account", "source", "destination", "nonce", "state"} <= set(receipt.as_dict())


def test_the_bytes_of_a_move_are_those_of_its_body():
    numbers = {"tokyo": 0, "paris": 3}
    body = {"account": "ab" * 32, "source": "tokyo", "destination": "paris", "nonce": 7, "expires_us": 9}
    order = order_of(body, 5, numbers)
    assert order == Move(5, 0, 3, bytes.fromhex("ab" * 32), 7, 9)
    signed = encoded({**body, "signature": "00" * 64}, 5, numbers)
    assert b"globelet order 1" + signed[:-64] == order.signing_bytes()
    with pytest.raises(KeyError):
        order_of({**body, "destination": "atlantis"}, 5, numbers)


def test_an_account_at_two_places_or_none_breaks_the_invariant():
    assert invariants.one_home({"a": ["paris"]}).holds
    assert not invariants.one_home({"a": ["paris"], "b": ["paris", "tokyo"]}).holds
    assert "none" in invariants.one_home({"c": []}).detail
