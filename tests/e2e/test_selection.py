"""A policy of one's own in a live world: nodes ask it, draw by its weights, and go on without it where it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from globelet.bench.metrics import Counts
from globelet.engines.local import PRESENCE_PORT, LocalEngine
from globelet.scenarios.world import World
from globelet.world import load
from globelet.world.template import write

pytestmark = [pytest.mark.e2e, pytest.mark.local_only]
SOON = 60.0
POLICY = '''
"""Everything to the third holder; and nothing to say about whom to ask for a repair."""

def the_third(stage, here, candidates):
    if stage == "R2":
        raise LookupError("no map of the sources")
    return [int(one.node.endswith("2")) for one in candidates]
'''


@pytest.fixture
def chosen(instead: Callable[..., AbstractContextManager[LocalEngine]], tmp_path: Path) -> Iterator[LocalEngine]:
    """A world whose policy lies beside its file."""
    text, _ = write("chosen", ["tokyo", "paris"], 7)
    file = tmp_path / "chosen.yaml"
    file.write_text(f"{text}selection: one_of_three:the_third\nparameters: {{ proofs_needed: 4, holders_drawn: 1 }}\n")
    (tmp_path / "one_of_three.py").write_text(POLICY)
    with instead(load(file), tmp_path / "state") as made:
        yield made


def questions(engine: LocalEngine, process: str) -> dict[str, float]:
    url = next(p for p in engine.world.processes if p.name == process)
    text = httpx.get(f"http://{url.host}:{url.http_port}/metrics").text
    return Counts.read([text]).by("selection_questions_total", "reason")


def logged(engine: LocalEngine) -> dict[str, int]:
    """Bytes that each of Tokyo's holders has on disk: what it was sent, above all shards."""
    names = [node.name for node in engine.world.nodes if node.name.startswith("tokyo-h")]
    return {name: (engine.state / "nodes" / name / "log").stat().st_size for name in names}


def test_a_live_world_draws_by_the_weights_of_a_policy_and_goes_on_where_it_fails(chosen: LocalEngine) -> None:
    expected = {"answered": 1.0, "kept": 1.0}
    for process in ("tokyo", "paris"):
        assert chosen.wait_until(lambda p=process: expected.items() <= asked(chosen, p).items(), SOON)
    world = World(chosen, 1)
    alice, bob = world.account("tokyo", balance=100), world.account("paris")
    before = logged(chosen)
    for amount in range(1, 9):
        alice.send(bob, amount).wait("credited")
    grown = {name: size - before[name] for name, size in logged(chosen).items()}
    assert grown["tokyo-h2"] > 10 * (grown["tokyo-h0"] + grown["tokyo-h1"]), grown
    assert bob.balance == 36
    told = chosen.figures()["selection"]
    assert (told["policy"], told["failing"]) == ("one_of_three:the_third", 2)
    assert "policy_raised" in told["last_failure"]
    assert "no map of the sources at line 6 of one_of_three" in told["last_failure"]
    assert told["asked"] > told["failed"] >= 2
    metrics = httpx.get(f"http://127.0.0.1:{PRESENCE_PORT}/metrics").text
    assert 'globelet_presence_selection_questions_total{outcome="answered"} ' in metrics
    assert "no map of the sources" in (chosen.state / "logs" / "tokyo.log").read_text()


def asked(engine: LocalEngine, process: str) -> dict[str, float]:
    """What came of a process' questions, each outcome counted once: a failed one is put again every few seconds."""
    return {reason: min(count, 1.0) for reason, count in questions(engine, process).items()}
