"""Alert rules over a world in containers: what they are for happens, and they fire; it is over, and they stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests

from globelet.engines.compose import ComposeEngine
from globelet.engines.errors import LinksUntrue
from globelet.scenarios.world import World

pytestmark = [pytest.mark.e2e, pytest.mark.compose_only]

# Rates are taken over a minute, and a rule waits for up to half of one.
SOON = 180.0


class Prometheus:
    """The one of the overlay `observability`, beside the session's world."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, path: str) -> list[dict[str, Any]]:
        answer = requests.get(self._url + path, timeout=5).json()["data"]
        return list(next(iter(value for value in answer.values() if isinstance(value, list))))

    def firing(self) -> set[str]:
        return {a["labels"]["alertname"] for a in self.ask("/api/v1/alerts") if a["state"] == "firing"}

    def targets(self) -> set[tuple[str, str]]:
        return {(t["labels"]["job"], t["health"]) for t in self.ask("/api/v1/targets?state=active")}


@pytest.fixture(scope="module")
def prometheus(engine: ComposeEngine) -> Iterator[Prometheus]:
    watched = ComposeEngine(engine.world, engine.state, mirror=None, overlays=["observability"])
    with suppress(LinksUntrue):
        watched.up()
    yield Prometheus(watched.address("PROMETHEUS"))
    with suppress(LinksUntrue):
        ComposeEngine(engine.world, engine.state, mirror=None, overlays=[]).up()


@pytest.fixture(scope="module")
def world(engine: ComposeEngine) -> World:
    return World(engine, 1, f"alerts {engine.now_us()}")


def test_every_chain_and_the_archiver_are_scraped(prometheus, world):
    found = {("chains", "up"), ("archiver", "up")}
    assert world.wait_until(lambda: found <= prometheus.targets(), SOON), prometheus.targets()


def test_every_rule_fires_on_the_figures_it_is_for_and_on_no_others(prometheus, engine):
    words = ["promtool", "test", "rules", "/etc/globelet/alerts.test.yml"]
    status, said = engine._containers.get("prometheus").exec_run(words)
    assert status == 0, said.decode()


def test_a_slow_backbone_and_the_way_round_it_are_told_and_untold(prometheus, world):
    backbone = world.ocean("asia", "europe", route="backbone")
    expected = {"BackboneSlow", "FallbackActive"}
    backbone.slow(3)
    try:
        assert world.wait_until(lambda: expected <= prometheus.firing(), SOON), prometheus.firing()
    finally:
        backbone.up()
    assert world.wait_until(lambda: not expected & prometheus.firing(), SOON), prometheus.firing()


def test_a_continent_that_acknowledges_late_is_told(prometheus, world):
    load = world.begin_load(rate=5, seconds=60, pairs=[("tokyo", "osaka")])
    world.process("asia").pause()
    world.run_for(3)
    world.process("asia").resume()
    assert world.wait_until(lambda: "ContinentalAcknowledgementSlow" in prometheus.firing(), SOON)
    receipts = load.finish()
    assert all(r.ended == "credited" for r in receipts)


def test_a_chain_that_is_down_is_told(prometheus, world):
    world.process("hesse").kill()
    try:
        assert world.wait_until(lambda: "ProcessDown" in prometheus.firing(), SOON)
    finally:
        world.process("hesse").restart()
    assert world.wait_until(lambda: "ProcessDown" not in prometheus.firing(), SOON)
