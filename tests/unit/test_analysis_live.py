"""A world that somebody else runs is found by its addresses; the archive goes with the engine."""

import json
from types import SimpleNamespace

import pytest

from globelet.analysis import live
from globelet.analysis.archive import Archive
from globelet.analysis.errors import BadChoice, NoArchive, StoreAway
from globelet.archiver.store import Store
from globelet.engines.errors import Missing, NotUp
from globelet.world import load

pytestmark = pytest.mark.unit
WORLD = load("tokyo-paris")
NAMES = ("GLOBELET_ENDPOINTS", "GLOBELET_OUTBOXES", "GLOBELET_GENESIS", "GLOBELET_MONGO_URL", "GLOBELET_S3_URL")


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    for name in (*NAMES, "GLOBELET_WORLD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GLOBELET_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("GLOBELET_ENGINE", "local")
    return monkeypatch


def test_addresses_of_a_neighbour():
    read = live.addresses("tokyo=http://tokyo:6100, paris=paris:6103/,")
    assert read == {"tokyo": "http://tokyo:6100", "paris": "http://paris:6103"}
    for wrong in ("tokyo", "tokyo=", "tokyo=ftp://x:1"):
        with pytest.raises(BadChoice, match="is not NAME=http://HOST:PORT"):
            live.addresses(wrong)


def test_chains_are_reached_at_the_processes_of_their_replicas():
    every = {process.name: f"http://{process.name}:1" for process in WORLD.processes}
    assert live._chains(WORLD, every)["globe"] == ["http://globe:1"]
    assert set(live._chains(WORLD, every)) == {chain.name for chain in WORLD.chains}
    assert live._chains(WORLD, {"tokyo": "http://a:1"}) == {"tokyo": ["http://a:1"]}


@pytest.mark.parametrize("variable", ["GLOBELET_ENDPOINTS", "GLOBELET_OUTBOXES"])
def test_a_neighbour_needs_its_genesis(bare, variable):
    bare.setenv(variable, "tokyo=http://tokyo:6100")
    with pytest.raises(Missing, match=r"no genesis .*; name the world's genesis\.json in GLOBELET_GENESIS"):
        live.running()


def test_a_world_that_is_not_up_is_told():
    with pytest.raises(NotUp, match="`globelet up tokyo-paris`"):
        live.running()


def test_the_archive_goes_with_the_engine(bare, tmp_path):
    Store(tmp_path / "state" / "archive" / "archive.sqlite").close()
    local = SimpleNamespace(name="local", world=WORLD, state=tmp_path / "state")
    other = SimpleNamespace(name="compose", world=WORLD, state=tmp_path / "other")
    bare.setenv("GLOBELET_MONGO_URL", "mongodb://127.0.0.1:9")
    assert live.archive_of(local).source.store == "SQLite"
    assert live.archive_of(other).source.store == "MongoDB"


def test_the_world_of_an_archive_is_the_one_of_the_genesis_that_is_named(bare, tmp_path):
    Store(tmp_path / "archive" / "archive.sqlite").close()
    own = WORLD.model_copy(update={"name": "mine"})
    nodes = [{"signing": "00"} for _ in own.nodes]
    genesis = {"world": json.loads(own.to_json()), "tag": "7", "nodes": nodes}
    (tmp_path / "genesis.json").write_text(json.dumps(genesis))
    bare.setenv("GLOBELET_GENESIS", str(tmp_path / "genesis.json"))
    assert Archive("mine", tmp_path).world == own
    assert Archive("tokyo-paris", tmp_path).world == WORLD


def test_waiting_for_what_does_not_come_ends(tmp_path):
    Store(tmp_path / "archive" / "archive.sqlite").close()
    assert Archive("w", tmp_path).wait_for(["ab"], 0.0) == ["ab"]
    assert Archive("w", tmp_path).wait_for([], 0.0) == []
    with pytest.raises(NoArchive):
        Archive("w", tmp_path / "none")


class _Returning:
    """A store that is away at first, then empty, then there."""

    store, skipped = "some store", []

    def __init__(self, *answers) -> None:
        self._answers = list(answers)

    def stages(self, ids):
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return {order: {"stages": {}} for order in ids if order in answer}


def test_a_store_that_comes_back_is_waited_for(tmp_path):
    away = StoreAway("some store", "there", "no route")
    returning = Archive("w", tmp_path, _Returning(away, NoArchive("nothing yet"), {"ab"}, {"ab", "cd"}))
    assert returning.wait_for(["ab", "cd"], 30.0) == []
    with pytest.raises(StoreAway, match="no route"):
        Archive("w", tmp_path, _Returning(away)).wait_for(["ab"], 0.0)
