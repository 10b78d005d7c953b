"""A selection policy in the simulator: its effect, its determinism, and what becomes of a run in which it fails."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import pytest

from globelet.engines.simulator import SimulatorEngine
from globelet.scenarios.result import Result
from globelet.scenarios.runner import run
from globelet.scenarios.scenario import scenario
from globelet.scenarios.world import World
from globelet.world import load
from globelet.world.resolved import ResolvedWorld, Selection

pytestmark = pytest.mark.simulator
SHARES = {"tokyo-h0": 5 / 7, "tokyo-h1": 1 / 7, "tokyo-h2": 1 / 7}


@scenario(world="festival", seed=5)
def a_few(world: World) -> None:
    alice, bob = world.account("tokyo", balance=1_000), world.account("paris")
    for amount in (1, 2, 3):
        alice.send(bob, amount).wait("credited")


def result(world: ResolvedWorld, folder: Path) -> Result:
    engine = SimulatorEngine(world, 5)
    engine.up()
    try:
        return run(a_few, engine, folder, seed=5).result
    finally:
        engine.down()


def weighing(expression: str) -> ResolvedWorld:
    source = f"def weigh(stage, here, candidates):\n    return {expression}\n"
    return load("festival").model_copy(update={"selection": Selection(name="own:weigh", source=source)})


def test_holders_are_drawn_by_the_weights_of_the_festival():
    engine = SimulatorEngine(load("festival"), 7)
    engine.up()
    try:
        world = World(engine, 7)
        alice, bob = world.account("tokyo", balance=1_000), world.account("tokyo")
        before = engine.bytes_held()
        for _ in range(150):
            alice.send(bob, 1).wait("held")
        # These batches are of one size, within a few bytes, so that bytes count draws.
        kept = {name: bytes_ - before[name] for name, bytes_ in engine.bytes_held().items() if name in SHARES}
        for name, share in SHARES.items():
            bound = 4 * sqrt(share * (1 - share) / 150) + 0.02
            assert abs(kept[name] / sum(kept.values()) - share) < bound, kept
        assert kept["tokyo-h0"] > 2 * max(kept["tokyo-h1"], kept["tokyo-h2"])
    finally:
        engine.down()


def test_the_same_seed_and_policy_give_the_same_run_and_the_result_says_what_chose(tmp_path):
    one, two = (result(load("festival"), tmp_path / name) for name in ("one", "two"))
    assert one.verdict == "pass", one.reasons
    assert one.figures["fingerprint"] == two.figures["fingerprint"]
    told = one.figures["selection"]
    assert (told["policy"], told["failed"]) == ("festival:bring_to_festivals", 0)
    # Six municipalities, each among its own holders and the replicas of five others, at the start alone.
    assert told["asked"] == 36
    assert "def bring_to_festivals" in (tmp_path / "one" / "world.yaml").read_text()
    other = result(weighing("[1 + 99 * (c.node[-1] == '2') for c in candidates]"), tmp_path / "other")
    assert other.verdict == "pass", other.reasons
    assert other.figures["fingerprint"] != one.figures["fingerprint"]


def test_a_policy_that_fails_leaves_the_weights_in_force_and_makes_the_run_invalid(tmp_path):
    failed = result(weighing("[c.nowhere for c in candidates]"), tmp_path / "failed")
    assert failed.verdict == "invalid"
    assert failed.figures["credited"] == failed.figures["transfers"] > 0
    (reason,) = failed.reasons
    assert "policy_raised" in reason
    assert "at line 2 of own" in reason
    told = failed.figures["selection"]
    assert told["failed"] == told["asked"] == 36


def test_presence_is_told_again_when_holders_lose_their_power():
    engine = SimulatorEngine(load("festival"), 7)
    engine.up()
    try:
        asked = engine.figures()["selection"]["asked"]
        engine.kill("tokyo-h0")
        engine.run_for(30)
        assert engine.figures()["selection"]["asked"] == asked + 1
        engine.restart("tokyo-h0")
        engine.run_for(1)
        assert engine.figures()["selection"]["asked"] == asked + 2
    finally:
        engine.down()
