"""A world that runs for real: money moves, faults heal, results are left."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from globelet.cli.run import Choice, _run
from globelet.client.problem import Problem
from globelet.engines import clocks
from globelet.engines.engine import silent
from globelet.engines.errors import LinksUntrue
from globelet.engines.local import LocalEngine
from globelet.scenarios.runner import run
from globelet.scenarios.scenario import load
from globelet.scenarios.world import World

SCENARIOS = Path(__file__).parents[2] / "scenarios"
pytestmark = [pytest.mark.e2e, pytest.mark.local_only]


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "globelet", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def world(engine) -> World:
    return World(engine, 1, str(engine.now_us()))


def test_a_transfer_crosses_the_ocean_and_is_archived(world):
    alice, bob = world.account("tokyo", balance=10_000), world.account("paris")
    receipt = alice.send(bob, 1_250).wait("credited")
    assert receipt.stages["credited"] >= receipt.wire_ms * 0.99, "faster than the wire"
    assert (alice.balance, bob.balance) == (8_750, 1_250)
    receipt.wait("anchored").wait("archived", timeout=30)
    assert all(i.holds is not False for i in world.invariants())


def test_who_cannot_pay_is_refused_with_a_code(world):
    alice, bob = world.account("tokyo", balance=10), world.account("paris")
    with pytest.raises(Problem) as caught:
        alice.send(bob, 11)
    assert caught.value.code == "overdrawn"


def test_processes_tell_how_far_the_clocks_of_others_are(engine):
    found = list(clocks.measured({name: engine.hall(name).metrics() for name in engine.processes()}))
    assert {one.process for one in found} == {one.peer for one in found} == set(engine.processes())
    assert clocks.apart({name: engine.hall(name).metrics() for name in engine.processes()}, 500_000) is None


def test_up_again_changes_nothing_and_a_killed_process_comes_back(engine, world):
    before = {p.name: p.pid for p in engine.status().processes}
    engine.up()
    assert {p.name: p.pid for p in engine.status().processes} == before
    world.process("tokyo").kill()
    assert not engine.status().up
    engine.up()
    after = {p.name: p.pid for p in engine.status().processes}
    assert {name for name in after if after[name] != before[name]} == {"tokyo"}
    assert world.account("tokyo", balance=5).balance == 5


def test_a_scenario_that_raises_fails(engine, tmp_path):
    file = tmp_path / "broken.py"
    file.write_text("from globelet import scenario\n\n@scenario()\ndef broken(world):\n    raise ValueError('no')\n")
    done = run(load(file), engine, tmp_path / "out")
    assert done.result.verdict == "fail"
    assert done.result.error == "ValueError: no"
    assert "ValueError: no" in (tmp_path / "out" / "traceback.txt").read_text()


def test_the_command_line_speaks_json(engine, tmp_path):
    status = json.loads(cli("status", "--json").stdout)
    assert {"world", "engine", "processes", "link_emulator", "endpoints"} <= set(status)
    sent = json.loads(
        cli("send", "--from", "tokyo", "--to", "paris", "--amount", "7", "--wait", "anchored", "--json").stdout
    )
    shown = cli("receipt", "show", sent["id"], "--out", str(tmp_path / "r.json"), "--json")
    assert json.loads(shown.stdout)["id"] == sent["id"]
    assert cli("receipt", "verify", str(tmp_path / "r.json")).returncode == 0
    assert cli("send", "--from", "tokyo", "--to", "atlantis", "--amount", "7").returncode == 2


def test_a_run_goes_on_in_a_world_whose_links_came_up_untrue(engine, tmp_path, monkeypatch, capsys):
    class Busy(LocalEngine):
        def up(self, told=silent):
            super().up(told)
            raise LinksUntrue("53 of 54 as declared")

    monkeypatch.setattr(Choice, "make", lambda chosen: Busy.existing(chosen.world))
    script = SCENARIOS / "unknown_recipient.py"
    done = _run(Choice("local", "tokyo-paris", 1, None, None, str(script)), load(script), tmp_path / "out", quiet=True)
    assert done.result.figures["refunded"] == 1
    assert "53 of 54 as declared" in capsys.readouterr().err
    assert engine.status().up
