"""Elected committees in a live world: the script of `scenarios/`, a power cut in it, and what the metrics tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from globelet.client.problem import Problem
from globelet.engines.local import LocalEngine
from globelet.scenarios.committee import Committee
from globelet.scenarios.runner import run
from globelet.scenarios.scenario import load
from globelet.scenarios.world import World
from globelet.world import load as load_world

pytestmark = [pytest.mark.e2e, pytest.mark.local_only]
SCRIPT = Path(__file__).parents[2] / "scenarios" / "epochs.py"


@pytest.fixture
def electing(instead: Callable[..., AbstractContextManager[LocalEngine]], tmp_path: Path) -> Iterator[LocalEngine]:
    """The world of the script."""
    with instead(load_world(load(SCRIPT).world), tmp_path / "state") as made:
        yield made


def metrics(engine: LocalEngine, process: str) -> str:
    url = next(p for p in engine.world.processes if p.name == process)
    return httpx.get(f"http://{url.host}:{url.http_port}/metrics").text


def votes_are_taken(world: World, before: Committee, state: Path) -> None:
    """Votes by command line and by script count; wrong ones are refused by their own codes."""
    here = os.environ | {"GLOBELET_STATE": str(state)}

    def voted(candidate: str) -> subprocess.CompletedProcess[str]:
        words = f"-m globelet vote --in tokyo --for {candidate} --amount 700 --json".split()
        return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, env=here)

    wrong = voted("paris-r0")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "tokyo-r4, tokyo-r5" in wrong.stderr
    told = json.loads(voted("tokyo-r5").stdout)
    assert told["stakes"]["tokyo-r5"] == before.stakes["tokyo-r5"] + 700
    carol = world.account("tokyo", balance=300)
    carol.vote("tokyo-r5").wait("anchored")
    dave = world.account("tokyo", balance=50)
    dave.vote(carol).wait("committed")
    assert world.committee("tokyo").stakes["tokyo-r5"] == before.stakes["tokyo-r5"] + 1_050
    order = world.bank.vote_order(carol, "tokyo-r5")
    body = world.bank.vote_body(carol, "tokyo-r5", order)
    cases = [
        ({"candidate": "paris-r0"}, 422, "unknown_candidate", "tokyo-r5"),
        ({"delegate": dave.id}, 400, "malformed", "not both"),
        ({"nonce": 1}, 403, "bad_signature", "sign the order"),
        ({"signature": ""}, 400, "unsigned", "no signature"),
    ]
    for change, status, code, mend in cases:
        with pytest.raises(Problem) as refused:
            world.engine.submit("tokyo", "/v1/votes", body | change, world.bank.token(carol))
        assert (refused.value.status, refused.value.code) == (status, code)
        assert mend in refused.value.detail
    carol.vote(None).wait("committed")
    assert world.committee("tokyo").stakes["tokyo-r5"] == before.stakes["tokyo-r5"] + 700


def test_committees_change_hands_and_all_come_back_with_the_same(electing: LocalEngine, tmp_path: Path) -> None:
    result = run(load(SCRIPT), electing, tmp_path / "out", seed=17).result
    assert result.error is None
    # Times depend on the machine; counts hold on any.
    assert [e for e in result.expectations if not e.holds and "stretch" not in e.name] == []
    assert [i for i in result.invariants if i.holds is not True] == []
    world = World(electing, 17)
    world.kill_all()
    world.restart_all()
    tokyo = world.committee("tokyo")
    assert tokyo.epoch >= 3
    told = metrics(electing, "tokyo")
    assert f'globelet_epoch{{chain="tokyo"}} {tokyo.epoch}\n' in told
    seats = {f"tokyo-r{place}": int(f"tokyo-r{place}" in tokyo.members) for place in range(6)}
    for node, seat in seats.items():
        assert f'globelet_committee_seat{{node="{node}"}} {seat}\n' in told
    votes_are_taken(world, tokyo, tmp_path / "state")
    alice, bob = world.account("tokyo", balance=5), world.account("paris")
    alice.send(bob, 5).wait("credited")
    assert bob.balance == 5
