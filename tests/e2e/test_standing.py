"""In a world of one process for each replica, any of them tells how a transfer stands, whoever admitted it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import httpx
import pytest

from globelet.engines.local import LocalEngine
from globelet.scenarios.world import World
from globelet.world import load
from globelet.world.template import write

pytestmark = [pytest.mark.e2e, pytest.mark.local_only]
TIMEOUT = 60.0


@pytest.fixture(scope="module")
def spread(
    instead: Callable[..., AbstractContextManager[LocalEngine]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalEngine]:
    """Two municipalities, a process for each node."""
    folder = tmp_path_factory.mktemp("standing")
    text, _ = write("standing", ["tokyo", "paris"], 7)
    (folder / "world.yaml").write_text(text + "pack: node\n")
    with instead(load(str(folder / "world.yaml")), folder / "state") as made:
        yield made


def ask(engine: LocalEngine, process: str, order: str, what: str = "") -> httpx.Response:
    at = next(p for p in engine.world.processes if p.name == process)
    return httpx.get(f"http://{at.host}:{at.http_port}/v1/transfers/{order}{what}")


def test_another_replica_tells_a_transfer_while_its_ingress_is_dead(spread):
    world = World(spread, 7, "standing")
    alice, bob = world.account("tokyo", balance=10_000), world.account("paris")
    receipt = alice.send(bob, 1_250).wait("credited", TIMEOUT)
    everywhere = [f"{place}-r{number}" for place in ("tokyo", "paris") for number in range(4)]
    (ingress,) = [p for p in everywhere if "told_by" not in ask(spread, p, receipt.id).json()][:1]
    assert ingress.startswith("tokyo")
    others = [p for p in everywhere if p != ingress]

    def credited() -> bool:
        return all(ask(spread, p, receipt.id).json().get("state") == "credited" for p in others)

    assert spread.wait_until(credited, TIMEOUT), [ask(spread, p, receipt.id).json() for p in others]
    blocks = set()
    for name in others:
        state = ask(spread, name, receipt.id).json()
        assert (state["told_by"], state["source"], state["destination"]) == ("blocks", "tokyo", "paris")
        assert set(state["stages"]) == {"committed", "delivered", "credited"}
        assert state["proofs"]["block"]["signatures"] >= 3
        blocks.add((name.split("-")[0], state["proofs"]["block"]["hash"], state["proofs"]["lane"]))
        assert ask(spread, name, receipt.id, "/events").json()["code"] == "unknown_order"
    assert len(blocks) == 2, "all replicas of a municipality name one block"
    nowhere = ask(spread, "globe-r0", receipt.id)
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "unknown_order")

    spread.kill(ingress)
    assert spread.states({receipt.id: "tokyo"})[receipt.id]["told_by"] == "blocks"
    again = receipt.refresh().wait("credited", TIMEOUT)
    assert again.ended == "credited"
    spread.restart(ingress)
    whole = spread.wait_until(lambda: "told_by" not in spread.states({receipt.id: "tokyo"})[receipt.id], TIMEOUT)
    assert whole, "the ingress has its receipts again from its log"
