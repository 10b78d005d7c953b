"""Selection policies: found by name, broken ones told at the door, answers checked, asked over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from globelet import web
from globelet.engines import chain_services
from globelet.presence.app import application, window
from globelet.presence.record import Genesis
from globelet.presence.register import Register
from globelet.presence.selection import Counsel
from globelet.selection import MOST_SOURCE, MOST_WEIGHT, Chooser, PolicyError, find, load
from globelet.world import WorldError, check
from globelet.world import load as load_world
from globelet.world.resolved import ResolvedWorld, Selection

pytestmark = pytest.mark.unit
SCENARIOS = Path(__file__).parents[2] / "scenarios"
WORLD = load_world("tokyo-paris")
NUMBERS = {node.name: number for number, node in enumerate(WORLD.nodes)}
TOKYO, PARIS = 0, 3
HOLDERS = [(NUMBERS[f"tokyo-h{i}"], True, None) for i in range(3)]
BODY = {"stage": "S1", "here": TOKYO, "of": TOKYO, "candidates": [[number, True, None] for number, _, _ in HOLDERS]}


def world(source: str, name: str = "own:weigh") -> ResolvedWorld:
    return WORLD.model_copy(update={"selection": Selection(name=name, source=source)})


def weighing(expression: str) -> str:
    return f"def weigh(stage, here, candidates):\n    return {expression}\n"


def refused(call: Callable[[], Any]) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        call()
    assert caught.value.code in str(caught.value)
    return caught.value


# names and sources


def test_a_policy_is_looked_for_beside_the_world_file_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "near.py").write_text("# in the working directory\n")
    (tmp_path / "beside" / "near.py").write_text("# beside the world file\n")
    (tmp_path / "beside" / "deep").mkdir()
    (tmp_path / "beside" / "deep" / "far.py").write_text("# deeper\n")
    monkeypatch.chdir(tmp_path)
    assert find("near:x", tmp_path / "beside") == "# beside the world file\n"
    assert find("near:x") == "# in the working directory\n"
    assert find("deep.far:x", tmp_path / "beside") == "# deeper\n"
    assert "def bring_to_festivals" in find("festival:bring_to_festivals")
    assert "class Candidate" in find("globelet.selection.candidate:Candidate")


@pytest.mark.parametrize(
    "name", ["", "near", "near:", ":f", "near:f.g", "../near:f", "a/b:f", "near:f g", "n" * 300 + ":f"]
)
def test_a_name_that_names_nothing(name: str) -> None:
    assert refused(lambda: find(name)).code == "policy_name"


def test_a_module_that_is_not_there_or_is_no_module(tmp_path: Path) -> None:
    missing = refused(lambda: find("nowhere_at_all:weigh", tmp_path))
    assert missing.code == "policy_not_found"
    assert "nowhere_at_all.py beside the world file" in missing.detail
    assert refused(lambda: find("nowhere.at.all:weigh", tmp_path)).code == "policy_not_found"
    (tmp_path / "latin.py").write_bytes(b"# \xff\n")
    assert refused(lambda: find("latin:weigh", tmp_path)).code == "policy_not_found"
    (tmp_path / "large.py").write_bytes(b"#" * (MOST_SOURCE + 1))
    assert refused(lambda: find("large:weigh", tmp_path)).code == "policy_too_large"


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("def weigh(:\n", "policy_import", "SyntaxError"),
        ("import nothing_of_that_name\n", "policy_import", "nothing_of_that_name"),
        ("from . import other\n", "policy_import", "ImportError"),
        ("1 / 0\n", "policy_import", "division by zero"),
        ("raise SystemExit(3)\n", "policy_import", "SystemExit"),
        ("x = '\0'\n", "policy_import", "null bytes"),
        ("weigh = 5\n", "policy_not_callable", "can't be called as weigh"),
        ("def wiegh(*_): ...\n", "policy_not_callable", "it has wiegh"),
        ("", "policy_not_callable", "define it"),
    ],
)
def test_a_source_that_is_no_policy(source: str, code: str, words: str) -> None:
    error = refused(lambda: load("own:weigh", source))
    assert error.code == code
    assert words in error.detail


def test_a_module_may_hold_dataclasses_and_is_not_what_is_installed() -> None:
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n"
        "@dataclass\nclass Weight:\n    value: int = 4\n\n"
        "def weigh(stage, here, candidates):\n    return [Weight().value for _ in candidates]\n"
    )
    assert Chooser(world(source, "json:weigh")).choose("S1", TOKYO, HOLDERS) == [4, 4, 4]
    assert json.loads("1") == 1


# the door


def written(folder: Path, selection: str, more: str = "") -> Path:
    text = (SCENARIOS / "worlds" / "festival.yaml").read_text()
    file = folder / "mine.yaml"
    file.write_text(
        text.replace("festival:bring_to_festivals", selection).replace("name: festival", "name: mine") + more
    )
    return file


def test_a_world_with_a_policy_carries_its_source_and_one_without_is_as_before(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(weighing("[1] * len(candidates)"))
    found = load_world(written(tmp_path, "own:weigh"))
    assert found.selection == Selection(name="own:weigh", source=weighing("[1] * len(candidates)"))
    assert ResolvedWorld.model_validate_json(found.to_json()) == found
    assert "selection" not in json.loads(WORLD.to_json())


@pytest.mark.parametrize(
    ("selection", "code"),
    [("own", "policy_name"), ("missing:weigh", "policy_not_found"), ("own:other", "policy_not_callable")],
)
def test_a_broken_policy_is_a_mistake_with_its_line(tmp_path: Path, selection: str, code: str) -> None:
    (tmp_path / "own.py").write_text(weighing("[]"))
    file = written(tmp_path, selection)
    (mistake,) = check(file)
    assert mistake.where == "selection"
    assert f"[{code}]" in mistake.message
    assert file.read_text().splitlines()[mistake.line - 1].startswith("selection:")
    with pytest.raises(WorldError):
        load_world(file)


def test_too_few_holders_drawn_are_a_mistake(tmp_path: Path) -> None:
    text = (SCENARIOS / "worlds" / "festival.yaml").read_text()
    file = tmp_path / "few.yaml"
    file.write_text(text.replace("proofs_needed: 4", "proofs_needed: 5"))
    assert [m.where for m in check(file)] == ["parameters.holders_drawn"]


@pytest.mark.parametrize(
    "words", [["up", "mine.yaml"], ["run", "{scenario}", "--engine", "simulator", "--world", "mine.yaml"]]
)
def test_commands_refuse_a_broken_policy_with_status_2(tmp_path: Path, words: list[str]) -> None:
    written(tmp_path, "missing:weigh")
    words = [word.format(scenario=SCENARIOS / "tokyo_pays_paris.py") for word in words]
    command = [sys.executable, "-m", "globelet", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert "policy_not_found" in done.stderr
    assert "Traceback" not in done.stderr


# answers


def test_a_policy_sees_who_and_where_and_how_far() -> None:
    seen: list[Any] = []
    chooser = Chooser(world(weighing("[0] * len(candidates)")))
    chooser._policy = lambda stage, here, candidates: seen.append((stage, here, candidates)) or [1] * len(candidates)
    replica = NUMBERS["paris-r0"]
    assert chooser.choose("R2", TOKYO, [(replica, False, 210.5), (NUMBERS["paris-r1"], True, None)]) == [1, 1]
    ((stage, here, (first, second)),) = seen
    node = WORLD.nodes[replica]
    assert (stage, here.municipality, here.latitude) == ("R2", "tokyo", WORLD.nodes[NUMBERS["tokyo-r0"]].latitude)
    assert (first.node, first.role, first.municipality) == ("paris-r0", "replica", "paris")
    assert (first.city, first.latitude, first.longitude, first.stake) == (
        node.city,
        node.latitude,
        node.longitude,
        node.stake,
    )
    declared = (WORLD.link("tokyo", "paris").delay_us + WORLD.link("paris", "tokyo").delay_us) / 1000
    assert (first.present, first.declared_ms, first.round_trip_ms, first.near_ms) == (False, declared, 210.5, 210.5)
    assert (second.present, second.round_trip_ms, second.near_ms) == (True, None, declared)


@pytest.mark.parametrize("answer", ["[3, 0, 10**9]", "(3, 0, 10**9)", "iter([3, 0, 10**9])"])
def test_weights_may_come_in_anything_that_lists_them(answer: str) -> None:
    assert Chooser(world(weighing(answer))).choose("S1", TOKYO, HOLDERS) == [3, 0, MOST_WEIGHT]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("[1, 2]", "policy_count"),
        ("[]", "policy_count"),
        ("[1, 2, 3, 4]", "policy_count"),
        ("__import__('itertools').count()", "policy_count"),
        ("[1, 2, -1]", "policy_weight"),
        ("[1, 2, 10**9 + 1]", "policy_weight"),
        ("[1, 2, 10**5000]", "policy_weight"),
        ("[1, 2, 1.5]", "policy_weight"),
        ("[1, 2, True]", "policy_weight"),
        ("[1, 2, 'a' * 10**6]", "policy_weight"),
        ("None", "policy_answer"),
        ("5", "policy_answer"),
        ("'123'", "policy_answer"),
        ("{1, 2, 3}", "policy_answer"),
        ("{1: 2, 3: 4, 5: 6}", "policy_answer"),
        ("candidates[7]", "policy_raised"),
        ("(1 // 0 for _ in candidates)", "policy_raised"),
        ("exit(3)", "policy_raised"),
        ("weigh(stage, here, candidates)", "policy_raised"),
    ],
)
def test_an_answer_that_is_not_taken_is_counted_and_named(answer: str, code: str) -> None:
    chooser = Chooser(world(weighing(answer)))
    error = refused(lambda: chooser.choose("S1", TOKYO, HOLDERS))
    assert error.code == code
    assert len(error.detail) < 500
    told = chooser.figures()
    assert (told["policy"], told["asked"], told["failed"]) == ("own:weigh", 1, 1)
    assert str(error) in told["last_failure"]


def test_where_a_policy_raised_is_said() -> None:
    chooser = Chooser(world(weighing("candidates[7]")))
    assert "at line 2 of own" in refused(lambda: chooser.choose("S1", TOKYO, HOLDERS)).detail


def test_the_examples_do_as_they_say() -> None:
    near = Chooser(load_world("tokyo-paris").model_copy(update={"selection": example("near:prefer_near")}))
    rows = [(NUMBERS["paris-r0"], True, 9.0), (NUMBERS["paris-r1"], True, 19.0), (NUMBERS["paris-r2"], True, 1e9)]
    assert near.choose("R2", TOKYO, rows) == [10_000, 2_500, 1]
    festival = Chooser(load_world("festival"))
    assert festival.choose("S1", TOKYO, HOLDERS) == [500_000, 100_000, 100_000]
    paris = [(NUMBERS[f"paris-h{i}"], True, None) for i in range(3)]
    assert festival.choose("S1", PARIS, paris) == [100_000, 300_000, 100_000]
    assert festival.choose("R2", TOKYO, rows) == [1, 1, 1]


def example(name: str) -> Selection:
    return Selection(name=name, source=find(name))


# over HTTP


@dataclass
class Service:
    """The presence service of a world with a policy."""

    url: str
    counsel: Counsel | None

    def ask(self, body: Any) -> tuple[int, Any]:
        answer = httpx.post(f"{self.url}/v1/selection", json=body)
        return answer.status_code, answer.json()


@contextmanager
def serving(genesis: Genesis, within: float = 30.0) -> Iterator[Service]:
    counsel = Counsel(Chooser(genesis.world), within) if genesis.world.selection else None
    server = web.server(application(Register(genesis), None, counsel), 0)
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    try:
        yield Service(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", counsel)
    finally:
        server.should_exit = True
        thread.join()


def genesis(spec: ResolvedWorld) -> Genesis:
    return Genesis(spec, 7, tuple(bytes(32) for _ in spec.nodes))


def test_nodes_ask_and_people_read_what_came_of_it() -> None:
    with serving(genesis(world(weighing("[c.stake + i for i, c in enumerate(candidates)]")))) as service:
        assert service.ask(BODY) == (200, {"weights": [100, 101, 102]})
        status, told = service.ask(
            {**BODY, "candidates": [*BODY["candidates"][:1], [NUMBERS["tokyo-h2"], False, 1500]]}
        )
        assert (status, told) == (200, {"weights": [100, 101]})
        told = httpx.get(f"{service.url}/v1/selection").json()
        assert told == {"policy": "own:weigh", "asked": 2, "failed": 0, "failing": 0, "last_failure": None}
        text = httpx.get(f"{service.url}/metrics").text
        assert 'globelet_presence_selection_questions_total{outcome="answered"} 2\n' in text


def test_a_world_without_a_policy_says_so() -> None:
    with serving(genesis(WORLD)) as service:
        status, told = service.ask(BODY)
        assert (status, told["code"]) == (404, "no_policy")
        assert "selection" not in httpx.get(f"{service.url}/metrics").text


@pytest.mark.parametrize(
    "change",
    [
        {"stage": "R2"},
        {"stage": "S9"},
        {"here": 99},
        {"here": -1},
        {"here": 6},
        {"of": "tokyo"},
        {"candidates": []},
        {"candidates": "all"},
        {"candidates": [[NUMBERS["tokyo-h0"], True, None]] * 2},
        {"candidates": [[NUMBERS["tokyo-h0"], True, None]] * 1_001},
        {"candidates": [[NUMBERS["paris-h0"], True, None]]},
        {"candidates": [[NUMBERS["tokyo-r0"], True, None]]},
        {"candidates": [[10**9, True, None]]},
        {"candidates": [[NUMBERS["tokyo-h0"], 1, None]]},
        {"candidates": [[True, True, None]]},
        {"candidates": [[NUMBERS["tokyo-h0"], True, -1]]},
        {"candidates": [[NUMBERS["tokyo-h0"], True, 1.5]]},
        {"candidates": [[NUMBERS["tokyo-h0"], True]]},
        {"candidates": [5]},
    ],
)
def test_questions_that_make_no_sense_are_refused_and_not_put(change: dict[str, Any]) -> None:
    with serving(genesis(world(weighing("[1] * len(candidates)")))) as service:
        status, told = service.ask({**BODY, **change})
        assert (status, told["code"]) == (400, "malformed")
        assert service.counsel is not None
        assert service.counsel.chooser.asked == 0


def test_a_policy_that_fails_is_a_problem_with_its_code() -> None:
    with serving(genesis(world(weighing("[-1] * len(candidates)")))) as service:
        status, told = service.ask(BODY)
        assert (status, told["code"]) == (422, "policy_weight")
        told = httpx.get(f"{service.url}/v1/selection").json()
        assert (told["failed"], told["failing"]) == (1, 1)


def test_a_policy_that_hangs_keeps_nobody_from_anything_else() -> None:
    go = Event()
    with serving(genesis(world(weighing("[1] * len(candidates)"))), within=0.05) as service:
        assert service.counsel is not None
        chooser = service.counsel.chooser
        quick = chooser._policy
        chooser._policy = lambda *asked: go.wait() and quick(*asked)
        try:
            assert service.ask(BODY)[1]["code"] == "policy_slow"
            assert service.ask(BODY)[1]["code"] == "policy_slow"
            assert httpx.get(f"{service.url}/v1/nodes").json()["nodes"] == []
            assert (chooser.asked, chooser.failed, chooser.figures()["failing"]) == (1, 2, 1)
        finally:
            go.set()
        while (answer := service.ask(BODY))[0] == 422:
            assert answer[1]["code"] == "policy_slow"
        assert answer == (200, {"weights": [1, 1, 1]})
        assert chooser.figures()["failing"] == 0


def test_the_container_of_the_services_has_the_policy_in_its_genesis(tmp_path: Path) -> None:
    spec = chain_services.contained(load_world("festival"))
    keys = {"nodes": [{"signing": "00" * 32} for _ in spec.nodes], "tag": "7", "world": json.loads(spec.to_json())}
    for file in ("genesis.json", "world.json", "ports.json"):
        (tmp_path / file).write_text(json.dumps(keys))
    chain_services.lay_out_services(tmp_path)
    found = Genesis.load(tmp_path / "chains" / "services" / "genesis.json")
    counsel = Counsel.of(found)
    assert counsel is not None
    assert counsel.chooser.choose("S1", TOKYO, HOLDERS) == [500_000, 100_000, 100_000]
    assert window(found) is not None
    broken = found.world.model_copy(update={"selection": Selection(name="own:weigh", source="import not_in_there")})
    assert refused(lambda: window(genesis(broken))).code == "policy_import"
