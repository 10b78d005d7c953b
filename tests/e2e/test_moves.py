"""An account moves in a world that runs for real: what its old municipality, its new one and the command line say."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
import pytest

from globelet.client.account import Account, Key
from globelet.client.problem import Problem
from globelet.engines.choice import LiveEngine
from globelet.scenarios.world import World

pytestmark = pytest.mark.e2e


@pytest.fixture
def world(engine: LiveEngine) -> World:
    return World(engine, 1, f"moves {engine.now_us()}")


def get(engine: LiveEngine, place: str, account: Account) -> httpx.Response:
    return httpx.get(f"{engine.hall(place).url}/v1/accounts/{account.id}", trust_env=False)


def test_an_account_moves_and_its_old_home_says_where_to(engine, world):
    alice, bob = world.account("tokyo", balance=1_000), world.account("tokyo", balance=50)
    receipt = alice.move("paris").wait("credited")
    assert receipt.stages["credited"] >= receipt.wire_ms * 0.99, "faster than the wire"
    assert engine.wait_until(lambda: get(engine, "paris", alice).status_code == 200, 10.0)
    assert (alice.municipality, alice.balance) == ("paris", 1_000)
    told = get(engine, "tokyo", alice)
    assert (told.status_code, told.json()["code"], told.json()["moved_to"]) == (410, "moved", "paris")
    assert "paris" in told.json()["detail"]
    alice.send(bob, 10).wait("credited")
    stale = world.bank.account(alice.key, "tokyo")
    for order, code in (lambda: stale.send(bob, 1), "moved"), (lambda: bob.send(stale, 1), "recipient_moved"):
        with pytest.raises(Problem) as refused:
            order()
        assert (refused.value.code, refused.value.moved_to) == (code, "paris")
        assert "paris" in refused.value.detail
    with pytest.raises(Problem) as refused:
        stale.move("osaka")
    assert (refused.value.code, refused.value.status) == ("moved", 410)
    assert (stale.locate(), stale.balance) == ("paris", 990)
    receipt.wait("anchored")
    assert {i.name: i.holds for i in world.invariants() if i.holds is False} == {}


def test_what_comes_to_the_old_home_follows(world):
    alice, osaka = world.account("tokyo", balance=1_000), world.account("osaka", balance=500)
    receipt = alice.move("paris")
    gifts = [osaka.send(alice, 7) for _ in range(5)]  # nobody told Osaka
    receipt.wait("credited")
    assert world.settle(gifts)
    assert [gift.ended for gift in gifts] == ["credited"] * 5
    assert world.wait_until(lambda: alice.balance == 1_035, 10.0)


def test_a_key_that_has_an_account_there_brings_its_move_back(world):
    alice = world.account("tokyo", balance=1_000)
    world.bank.open(world.bank.account(alice.key, "paris"))
    receipt = alice.move("paris").wait("refunded")
    assert (receipt.refusal or {})["code"] == "already_open"
    assert world.wait_until(lambda: (alice.municipality, alice.balance) == ("tokyo", 1_000), 10.0)
    alice.move("osaka").wait("credited")
    assert alice.municipality == "osaka"


def test_only_the_holder_moves_an_account_and_to_a_place_there_is(engine, world):
    alice, mallory = world.account("tokyo", balance=1_000), world.account("tokyo")
    bank = world.bank
    body = bank.move_body(alice, "paris", bank.move_order(alice, "paris"))

    def code(body: object, account: Account) -> tuple[int, str]:
        with pytest.raises(Problem) as refused:
            engine.submit("tokyo", "/v1/moves", body, bank.token(account))
        return refused.value.status, refused.value.code

    assert code(body, mallory) == (403, "token_other_account")
    assert code({**body, "signature": mallory.sign(bank.move_order(alice, "paris")).hex()}, alice) == (
        403,
        "bad_signature",
    )
    assert code({**body, "destination": "atlantis"}, alice) == (422, "unknown_municipality")
    assert code({**body, "nonce": -1}, alice) == (400, "malformed")
    assert code({**body, "amount": 1}, alice) == (400, "malformed")
    nobody = bank.account(Key.derive("nobody", engine.now_us()), "tokyo")
    order = bank.move_order(nobody, "paris")
    assert code(bank.move_body(nobody, "paris", order), nobody) == (422, "unknown_account")
    assert (alice.locate(), alice.balance) == ("tokyo", 1_000)


def test_the_command_line_shows_the_ladder_and_where_it_lives(world):
    words = ["move", "--from", "tokyo", "--to", "paris", "--amount", "77"]
    done = subprocess.run(
        [sys.executable, "-m", "globelet", *words, "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["state"], told["moved_to"], told["balance"]) == ("credited", "paris", 77)
    home = subprocess.run(
        [sys.executable, "-m", "globelet", *words[:4], "tokyo"], capture_output=True, text=True, check=False
    )
    assert home.returncode == 2
    assert "name another municipality" in home.stderr
