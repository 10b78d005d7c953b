"""`globelet watch` looks at a world that runs: nothing is broken in a sound one, and a split chain is seen."""

from __future__ import annotations

import copy

import pytest

from globelet.cli.watch import Watched
from globelet.engines.simulator import SimulatorEngine
from globelet.scenarios.world import World
from globelet.world import load

pytestmark = pytest.mark.simulator


class Forgetful(SimulatorEngine):
    """Tells, from some moment on, what it told before it; or that one replica has another head."""

    told: list[dict] | None = None
    split = False

    def ledgers(self):
        found = copy.deepcopy(self.told) if self.told is not None else super().ledgers()
        if self.split:
            found[0]["replicas"][0]["head"] = "00" * 32
        return found


@pytest.fixture
def world():
    engine = Forgetful(load("tokyo-paris"), 3)
    engine.up()
    yield World(engine, 3)
    engine.down()


def broken(watched: Watched) -> set[str]:
    return {i.name for i in watched.look() if i.holds is False}


def test_a_sound_world_under_load_holds_at_every_look(world):
    watched = Watched(world.engine)
    load_ = world.begin_load(rate=100, seconds=2)
    for _ in range(20):
        assert broken(watched) == set()
        world.run_for(0.2)
    load_.finish()
    assert broken(watched) == set()
    assert min(watched.heights.values()) > 0


def test_a_chain_that_splits_or_forgets_is_broken(world):
    watched, early = Watched(world.engine), world.engine.ledgers()
    alice, bob = world.account("tokyo", balance=100), world.account("paris")
    alice.send(bob, 5).wait("anchored")
    assert broken(watched) == set()
    world.engine.split = True
    assert broken(watched) == {"agreement"}
    world.engine.split = False
    world.engine.told = early
    assert broken(watched) == {"durability"}
