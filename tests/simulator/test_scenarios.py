"""The very scripts of `scenarios/` in virtual time: they pass, again with one bad actor in every committee."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from globelet.client.problem import Problem, Unreachable
from globelet.engines.errors import NoSuchRoute, UnknownProcess
from globelet.engines.simulator import SimulatorEngine
from globelet.scenarios.records import verifiability
from globelet.scenarios.result import Result
from globelet.scenarios.runner import run
from globelet.scenarios.scenario import Scenario, load, scenario
from globelet.scenarios.world import World
from globelet.world import load as load_world

pytestmark = pytest.mark.simulator
SCENARIOS = Path(__file__).parents[2] / "scenarios"
QUICK = ["tokyo_pays_paris", "unknown_recipient", "power_cut", "ocean_cut", "backbone_slow", "account_moves"]


def simulated(script: Scenario, folder: Path, seed: int | None = None, adversary: str | None = None) -> Result:
    engine = SimulatorEngine(load_world(script.world), script.seed if seed is None else seed, adversary)
    engine.up()
    try:
        return run(script, engine, folder, seed=engine.seed).result
    finally:
        engine.down()


@scenario(seed=11)
def a_little_of_everyone(world: World) -> None:
    """`everyone_pays_everyone` at a tenth of its rate."""
    receipts = world.load(rate=50, seconds=2, weights="population")
    world.expect("credited", sum(r.ended == "credited" for r in receipts), equals=len(receipts))


@scenario(seed=23)
def one_transfer(world: World) -> None:
    alice, bob = world.account("tokyo", balance=100), world.account("paris")
    receipt = alice.send(bob, 10).wait("anchored")
    world.expect("acknowledged", "acknowledged" in receipt.micros, equals=True)


@scenario(seed=29)
def gives_up_under_load(world: World) -> None:
    """Raises with transfers under way and a fault that nobody healed."""
    world.begin_load(rate=20, seconds=3, weights="population")
    world.process("osaka").kill()
    world.run_for(2.0)
    raise RuntimeError("enough")


def holds(result: Result) -> None:
    assert result.error is None
    assert [e for e in result.expectations if not e.holds] == []
    assert [i for i in result.invariants if i.holds is not True] == []
    assert result.verdict == "pass", result.reasons


@pytest.mark.parametrize("name", QUICK)
def test_the_very_same_scripts_pass(name, tmp_path):
    result = simulated(load(SCENARIOS / f"{name}.py"), tmp_path)
    holds(result)
    invariants = {i.name for i in result.invariants}
    assert {"conservation", "credited_once", "agreement", "durability", "completeness", "time"} <= invariants
    assert len(result.links) == len(load_world("tokyo-paris").regions) ** 2
    assert len(result.routes) == len(load_world("tokyo-paris").internet)
    assert result.figures["virtual_seconds"] > 1
    left = {path.name for path in tmp_path.iterdir()}
    assert {"result.json", "world.yaml", "receipts.parquet", "faults.jsonl", "links.csv", "report.html"} <= left


def test_committees_change_hands_and_who_contradicts_itself_loses_its_seat(tmp_path):
    script = load(SCENARIOS / "epochs.py")
    holds(simulated(script, tmp_path / "honest"))
    engine = SimulatorEngine(load_world(script.world), script.seed, "equivocator")
    engine.up()
    try:
        result = run(script, engine, tmp_path / "bent", seed=script.seed).result
        holds(result)
        world = World(engine, script.seed)
        committees = [world.committee(chain.name) for chain in engine.world.municipalities()]
    finally:
        engine.down()
    liars = {f"{chain.name}-r3" for chain in engine.world.municipalities()}
    assert [c for c in committees if liars & set(c.members)] == []


def test_one_that_raises_under_load_leaves_a_report_of_sane_times(tmp_path):
    result = simulated(gives_up_under_load, tmp_path)
    assert result.verdict == "fail"
    assert "enough" in (result.error or "")
    assert result.figures["credited"] > 0
    assert 0 < result.figures["stretch"]["p99"] < 1_000
    assert (tmp_path / "report.html").stat().st_size < 1_000_000


def test_whom_account_holders_stand_behind_is_elected(tmp_path):
    holds(simulated(load(SCENARIOS / "votes.py"), tmp_path))


@pytest.mark.parametrize("adversary", ["silent", "equivocator"])
@pytest.mark.parametrize(
    "script", [load(SCENARIOS / "tokyo_pays_paris.py"), a_little_of_everyone], ids=lambda s: s.name
)
def test_they_pass_with_one_bad_actor_in_every_committee(script, adversary, tmp_path):
    holds(simulated(script, tmp_path, adversary=adversary))


@pytest.mark.parametrize(
    "adversary",
    [
        *("withholder", "replayer", "liar_about_time", "wrong_shards", "wrong_keys", "false_shares"),
        *("forgetful_holder", "altering_holder"),
    ],
)
def test_so_does_a_transfer_with_any_other(adversary, tmp_path):
    holds(simulated(one_transfer, tmp_path, adversary=adversary))


def test_one_seed_gives_one_run_and_another_seed_another(tmp_path):
    runs = [simulated(one_transfer, tmp_path / str(i), seed=seed) for i, seed in enumerate((7, 7, 8))]
    first, again, other = (r.figures["fingerprint"] for r in runs)
    assert first == again
    assert first != other
    same = [r.model_dump(exclude={"host", "figures"}) for r in runs[:2]]
    assert same[0] == same[1]
    receipts = [(tmp_path / str(i) / "receipts.parquet").read_bytes() for i in range(3)]
    assert receipts[0] == receipts[1] != receipts[2]


@pytest.fixture
def engine() -> Iterator[SimulatorEngine]:
    made = SimulatorEngine(load_world("tokyo-paris"), 5)
    made.up()
    yield made
    made.down()


@pytest.fixture
def world(engine) -> World:
    return World(engine, 5)


def test_a_world_file_may_ask_for_lane_keys_by_ntru(tmp_path):
    file = tmp_path / "ntru.yaml"
    file.write_text(
        "name: ntru\ncontinents: {asia: [tokyo], europe: [paris]}\nparameters: {lane_kem: sntrup761}\n",
        encoding="utf-8",
    )
    engine = SimulatorEngine(load_world(file), 5)
    engine.up()
    world = World(engine, 5)
    alice, bob = world.account("tokyo", balance=100), world.account("paris")
    alice.send(bob, 10).wait("credited", timeout=60)
    assert bob.balance == 10
    keys = json.loads(engine.genesis_json())["lanes"]
    assert {len(bytes.fromhex(key)) for key in keys} == {0, 1_158}
    engine.down()


@pytest.mark.parametrize("member", range(4))
def test_chains_above_go_on_when_a_leader_is_gone(engine, world, member):
    alice, bob = world.account("tokyo", balance=100), world.account("paris")
    for chain in ("asia", "europe", "globe"):
        engine.kill(f"{chain}-r{member}")
    receipt = alice.send(bob, 10).wait("anchored", timeout=60)
    assert "acknowledged" in receipt.micros
    assert bob.balance == 10
    assert [f for f in engine.findings() if f.holds is not True] == []


def test_time_passes_only_when_it_is_let(engine, world):
    before = engine.now_us()
    engine.run_for(0.5)
    assert engine.now_us() == before + 500_000
    assert not engine.wait_until(lambda: False, 0.25)
    assert engine.now_us() == before + 750_000
    assert engine.wait_until(lambda: True, 5)
    assert engine.now_us() == before + 750_000


def test_refusals_and_absences_are_those_of_a_live_world(engine, world):
    alice, bob = world.account("tokyo", balance=10), world.account("paris")
    with pytest.raises(Problem) as caught:
        alice.send(bob, 11)
    assert (caught.value.code, caught.value.status) == ("overdrawn", 422)
    assert engine.transfer("tokyo", "00" * 32) is None
    assert engine.account("paris", "00" * 32) is None
    world.process("tokyo").kill()
    assert not engine.status().up
    with pytest.raises(Unreachable):
        alice.send(bob, 1)
    world.process("tokyo").restart()
    assert engine.status().up
    alice.send(bob, 1).wait("credited")
    with pytest.raises(UnknownProcess):
        engine.kill("atlantis")


def test_a_frozen_municipality_goes_on_where_it_stopped(engine, world):
    alice, bob = world.account("tokyo", balance=10), world.account("paris")
    world.process("paris").pause()
    receipt = alice.send(bob, 3).wait("committed")
    engine.run_for(2)
    assert receipt.refresh().ended is None
    world.process("paris").resume()
    assert receipt.wait("credited").ended == "credited"
    assert [f for f in engine.findings() if f.holds is not True] == []


def in_use(engine: SimulatorEngine, source: str, to: str) -> str:
    (active,) = [r["route"] for r in engine.routes() if (r["from"], r["to"], r["active"]) == (source, to, 1)]
    return str(active)


def test_one_route_can_be_broken_alone_and_messages_take_the_other(engine, world):
    with pytest.raises(NoSuchRoute):
        world.link("tokyo", "osaka", route="internet")
    alice, bob = world.account("tokyo", balance=10), world.account("paris")
    first = alice.send(bob, 1).wait("credited")
    usual = first.stretch
    assert (first.route, first.as_dict()["route"]) == ("backbone", "backbone")
    backbone = world.link("tokyo", "paris", both=True, route="backbone")
    for wrong in ({}, {"factor": 0.5}, {"factor": 2.0, "extra_ms": 1.0}, {"extra_ms": -1.0}):
        with pytest.raises(ValueError, match="slow needs"):
            backbone.slow(**wrong)
    backbone.down()
    assert (in_use(engine, "tokyo", "paris"), in_use(engine, "tokyo", "london")) == ("internet", "backbone")
    detour = alice.send(bob, 1).wait("credited")
    assert (detour.route, detour.stretch > 1.4 * usual) == ("internet", True)
    near = alice.send(world.account("osaka"), 1).wait("credited")
    assert near.route is None, "there is one way only"
    backbone.up()
    engine.run_for(6)
    assert in_use(engine, "paris", "tokyo") == "backbone"
    backbone.slow(extra_ms=500)
    assert in_use(engine, "tokyo", "paris") == "backbone", "it takes some probes to see that"
    assert world.wait_until(lambda: in_use(engine, "tokyo", "paris") == "internet", 10)
    world.link("tokyo", "paris").down()
    world.link("tokyo", "paris").up()
    assert in_use(engine, "tokyo", "paris") == "backbone", "both were cut, so it begins anew"
    assert world.wait_until(lambda: 0 < world.on_internet() < 1, 10), "the way back is still slow"


def test_what_broke_names_its_invariant(engine, world, tmp_path):
    @scenario()
    def unfinished(world: World) -> None:
        alice, bob = world.account("tokyo", balance=10), world.account("paris")
        alice.send(bob, 3)
        world.process("paris").kill()

    result = run(unfinished, engine, tmp_path, seed=5).result
    assert result.verdict == "fail"
    assert "completeness" in {i.name for i in result.invariants if i.holds is False}


def test_a_complete_receipt_that_nobody_tells_is_not_verified(engine, world, monkeypatch):
    alice, bob = world.account("tokyo", balance=10), world.account("paris")
    for _ in range(2):
        alice.send(bob, 1).wait("anchored")
    assert verifiability(world).holds is True
    told = engine.documents
    monkeypatch.setattr(engine, "documents", lambda asked: dict(list(told(asked).items())[1:]))
    found = verifiability(world)
    assert found.holds is False
    assert "1 not told" in found.detail


def test_the_command_line_runs_and_repeats(tmp_path):
    def globelet(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "globelet", "run", str(SCENARIOS / "unknown_recipient.py"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    done = globelet("--engine", "simulator", "--seed", "3", "--adversary", "silent", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["engine"] == "simulator"
    assert result["figures"]["adversary"] == "silent"
    assert result["repeat"].endswith("--engine simulator --world tokyo-paris --seed 3 --adversary silent")
    assert {"fingerprint", "virtual_seconds", "speed"} <= set(result["figures"])
    assert globelet("--engine", "simulator", "--adversary", "friendly").returncode == 2
    assert globelet("--engine", "local", "--adversary", "silent").returncode == 2
    assert globelet("--engine", "swarm").returncode == 2


class Asked(SimulatorEngine):
    """Notes how many transfers it is asked for."""

    counts: list[int]

    def states(self, orders):
        self.counts.append(len(orders))
        return super().states(orders)


def test_a_load_at_another_rate_is_waited_for_by_asking_few(tmp_path):
    engine = Asked(load_world("tokyo-paris"), 11)
    engine.counts = []
    engine.up()
    try:
        result = run(load(SCENARIOS / "everyone_pays_everyone.py"), engine, tmp_path, seed=11, rate=4).result
    finally:
        engine.down()
    assert result.figures["transfers"] == result.figures["credited"] == 4 * 30
    # Those that are behind are asked again, never all of them: each transfer is asked for about once.
    assert engine.counts
    assert max(engine.counts) < 120


def test_a_rate_that_a_scenario_has_no_use_for_is_told(tmp_path):
    engine = SimulatorEngine(load_world("tokyo-paris"), 1)
    engine.up()
    try:
        result = run(load(SCENARIOS / "unknown_recipient.py"), engine, tmp_path, seed=1, rate=3).result
    finally:
        engine.down()
    assert result.verdict == "invalid"
    assert any("without --rate" in reason for reason in result.reasons)
