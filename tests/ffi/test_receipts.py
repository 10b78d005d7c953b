"""Receipts of a simulated world prove themselves through the extension, and changed ones do not."""

from __future__ import annotations

import json

import pytest

from globelet._native import receipts
from globelet.engines.simulator import SimulatorEngine
from globelet.scenarios.world import World
from globelet.world import load

pytestmark = pytest.mark.ffi


@pytest.fixture(scope="module")
def proved() -> tuple[str, list[str]]:
    """A genesis and five complete receipts."""
    engine = SimulatorEngine(load("tokyo-paris"), 5)
    engine.up()
    try:
        world = World(engine, 5)
        alice, bob = world.account("tokyo", balance=1_000), world.account("paris")
        sent = [alice.send(bob, amount) for amount in range(1, 6)]
        assert engine.documents({sent[0].id: "tokyo"}) == {}, "it is not complete yet"
        assert world.settle(sent, 60.0, "anchored")
        documents = engine.documents({r.id: r.source for r in sent})
        assert list(documents) == [r.id for r in sent]
        return engine.genesis_json(), [str(d) for d in documents.values()]
    finally:
        engine.down()


def test_complete_receipts_hold_at_every_step(proved: tuple[str, list[str]]) -> None:
    genesis, documents = proved
    found = receipts.verify(genesis, [documents[0], *(d.encode() for d in documents[1:])])
    assert len(found) == 5
    for steps in found:
        names = [name for name, _, _ in steps]
        assert {"world", "certificate", "continental inclusion", "global root"} <= set(names)
        assert [name for name, holds, _ in steps if not holds] == []
    assert receipts.verify(genesis.encode(), []) == []


def test_what_is_changed_fails_and_says_why(proved: tuple[str, list[str]]) -> None:
    genesis, documents = proved
    forged = json.loads(documents[1])
    forged["order"]["amount"] += 1
    elsewhere = json.loads(documents[2]) | {"world": "00" * 32}
    found = receipts.verify(genesis, [documents[0], json.dumps(forged), json.dumps(elsewhere), "{", "{}"])
    failing = [[name for name, holds, _ in steps if not holds] for steps in found]
    assert failing == [[], ["document"], ["world", "document"], ["document"], ["world", "document"]]
    assert all(note for steps in found for _, holds, note in steps if not holds)


def test_a_genesis_must_be_one(proved: tuple[str, list[str]]) -> None:
    genesis = json.loads(proved[0])
    genesis["world"]["seed"] += 1
    for wrong in ("{", "{}", json.dumps(genesis)):
        with pytest.raises(ValueError, match="no genesis"):
            receipts.verify(wrong, [])


def test_the_name_of_an_interval_signature_is_that_of_its_bytes():
    assert receipts.name(bytes(3_359)) == receipts.name(bytes(3_359))
    assert receipts.name(b"") == "d6132eaf7da0fd10d2b30f1ba87c6b812a8bee69ba7582f5601808db65aed965"
    assert receipts.name(bytes(3_359)) != receipts.name(bytes(3_358) + b"\x01")
