"""Nodes log in, are found by gossip, are listed nearest first, and are gone when they are gone."""

from typing import Any

import httpx
import pytest

from globelet.bench.metrics import Counts
from globelet.engines.local import PRESENCE_PORT
from globelet.scenarios.world import World

pytestmark = [pytest.mark.e2e, pytest.mark.local_only]
# A record counts for 25 s after it was renewed; the machine may be busy.
SOON = 60.0


def listed(**query: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"http://127.0.0.1:{PRESENCE_PORT}/v1/nodes", params={"limit": "1000", **query})
    return list(answer.raise_for_status().json()["nodes"])


def present(engine: Any, process: str, name: str = "holders_present") -> dict[str, float]:
    """What a process knows by gossip: holders by municipality."""
    url = next(p for p in engine.world.processes if p.name == process)
    return Counts.read([httpx.get(f"http://{url.host}:{url.http_port}/metrics").text]).by(name, "chain")


def test_every_node_is_listed_and_holders_nearest_first(engine):
    nodes = {node.name for node in engine.world.nodes}
    assert engine.wait_until(lambda: {row["node"] for row in listed()} == nodes, SOON)
    holders = listed(role="holder", near="paris")
    assert len(holders) == sum(node.role == "holder" for node in engine.world.nodes) == 18
    trips = [row["round_trip_ms"] for row in holders]
    assert trips == sorted(trips)
    assert {row["chain"] for row in holders[:3]} == {"paris"}
    assert all(row["distance_km"] > 5_000 for row in holders if row["chain"] in ("tokyo", "osaka", "seoul"))


def test_holders_of_a_killed_process_are_gone_and_come_back(engine):
    municipalities = {chain.name for chain in engine.world.municipalities()}
    everybody = dict.fromkeys(municipalities, 3.0)
    others = ["tokyo", "globe"]
    assert engine.wait_until(lambda: all(present(engine, p) == everybody for p in others), SOON)
    engine.kill("hesse")
    try:
        gone = {**everybody, "hesse": 0.0}
        assert engine.wait_until(lambda: all(present(engine, p) == gone for p in others), SOON)
        assert engine.wait_until(lambda: not listed(chain="hesse"), SOON)
        assert len(listed(role="holder")) == 15
        # Where holders are, batches go on being held; where none is, the last ones known stay candidates.
        world = World(engine, 1, f"presence {engine.now_us()}")
        assert world.account("tokyo", balance=7).balance == 7
        assert present(engine, "tokyo", "candidates")["hesse"] == 2
    finally:
        engine.restart("hesse")
    assert engine.wait_until(lambda: all(present(engine, p) == everybody for p in others), SOON)
    assert engine.wait_until(lambda: len(listed(chain="hesse", role="holder")) == 3, SOON)


def test_nobody_is_refused_for_its_place_where_the_links_are_as_declared(engine):
    everybody = dict.fromkeys((chain.name for chain in engine.world.municipalities()), 3.0)
    for process in engine.world.processes:
        name = process.name
        assert engine.wait_until(lambda name=name: present(engine, name) == everybody, SOON)
        refused = Counts.read([httpx.get(f"http://{process.host}:{process.http_port}/metrics").text])
        assert refused.by("frames_refused_total", "reason").get("presence_impossible_place", 0.0) == 0.0
