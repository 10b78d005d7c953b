"""What the stores keep of a receipt proves itself from the genesis alone; whatever is changed in it is found out."""

import json
from typing import Any

import pytest

from globelet.analysis import archive_of, audit, columns, open_archive, proof, stores
from globelet.scenarios.world import World

pytestmark = pytest.mark.notebooks


@pytest.fixture(scope="module")
def kept(engine) -> dict[str, bytes]:
    """The bodies of an opening, of a transfer that was credited and of one that came back."""
    world = World(engine, 3, f"proof {engine.now_us()}")
    alice, bob = world.account("tokyo", balance=1_000), world.account("paris")
    nobody = world.account("paris", opened=False)
    paid = alice.send(bob, 250).wait("credited").wait("anchored")
    returned = alice.send(nobody, 50).wait("refunded").wait("anchored")
    archive = archive_of(engine)
    if archive.source.store == "MongoDB":
        archive = open_archive(engine.world.name, s3=stores.of(engine.world.name, engine.state).s3)
    assert archive.wait_for([paid.id, returned.id], 180) == []
    receipts = archive.receipts()
    opened = receipts.loc[receipts["amount"].isna(), "id"].iloc[-1]
    return archive.bodies([paid.id, returned.id, opened])


def test_stored_bodies_of_every_kind_prove_themselves(engine, kept):
    found = proof.verify(engine.genesis_json(), kept)
    assert len(found) == 3
    assert found["holds"].all(), found.to_string()
    assert audit.proven(found).holds is True
    assert {json.loads(body)["state"] for body in kept.values()} >= {"anchored", "refunded"}


def changed(body: bytes, change: Any) -> bytes:
    document = json.loads(body)
    change(document)
    return columns.canonical(document)


def flip(document: dict[str, Any]) -> None:
    """One bit in the middle of what is signed."""
    text = document["encoded"]
    middle = len(text) // 2
    document["encoded"] = text[:middle] + f"{int(text[middle], 16) ^ 1:x}" + text[middle + 1 :]


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(state="refused"),
        lambda d: d["stages"]["admitted"].update(micros=1),
        lambda d: d["proofs"]["anchored"].update(height=10**6),
        lambda d: d["proofs"]["checkpoint"].update(head="00" * 32) if d["proofs"]["checkpoint"] else flip(d),
        lambda d: d.pop("proofs"),
        flip,
    ],
    ids=["state", "stamp", "root", "checkpoint", "no proofs", "a bit"],
)
def test_a_changed_body_is_found_out(engine, kept, change):
    broken = {order: changed(body, change) for order, body in kept.items()}
    found = proof.verify(engine.genesis_json(), broken)
    assert not found["holds"].any(), found.to_string()
    assert audit.proven(found).holds is False


def test_another_amount_is_found_out_by_its_field(engine, kept):
    transfers = {order: body for order, body in kept.items() if json.loads(body)["kind"] == "transfer"}
    broken = {order: changed(body, lambda d: d.update(amount=251)) for order, body in transfers.items()}
    found = proof.verify(engine.genesis_json(), broken)
    assert list(found["broken"]) == ["document", "document"]
    assert all("`order.amount`" in why for why in found["why"])


def test_what_is_no_receipt_at_all_is_told(engine):
    found = proof.verify(engine.genesis_json(), {"ab": b"{", "cd": b"[]"})
    assert not found["holds"].any()
