"""The archiver and MongoDB's protocol alone."""

from __future__ import annotations

from dataclasses import replace

import pymongo
import pytest

from globelet.archiver import dead_letter, replay
from globelet.archiver.mongodb import INDEXES, MongoSink
from globelet.archiver.record import RECEIPT_COLUMNS, canonical, receipt_row
from globelet.archiver.refusal import OtherSchema, Transient, WrongCredentials
from globelet.archiver.settings import SCHEMA

pytestmark = pytest.mark.stores

PROCESS = "tokyo"


@pytest.fixture
def home(desk, mongo):
    desk.settings = replace(desk.settings, mongo=f"mongodb://{mongo.address}")

    def serves() -> bool:
        try:
            MongoSink(desk.settings).inspect()
        except Transient:
            return False
        return True

    desk.until(serves)
    return desk


def database(home):
    return pymongo.MongoClient(home.settings.mongo)[home.settings.database]


def test_the_longest_version_stays_however_often_and_in_whatever_order_they_come(home):
    early, late = home.receipt(1), home.receipt(1, proofs=2, state="anchored")
    home.publish(early, late, early, *(home.receipt(n) for n in range(2, 50)))
    with home.running(MongoSink(home.settings)) as runner:
        home.until(lambda: home.settled(runner))
        home.publish(early, late)
        home.until(lambda: home.settled(runner))
    home.publish(early)
    with home.running(MongoSink(home.settings)) as runner:
        home.until(lambda: home.settled(runner))
    receipts = database(home)["receipts"]
    assert receipts.count_documents({}) == 49
    found = receipts.find_one({"_id": late["id"]})
    row = receipt_row(PROCESS, late, canonical(late))
    assert {name: found.get("_id" if name == "id" else name) for name in RECEIPT_COLUMNS} == row
    assert found["credited_ms"] == row["credited_us"] // 1000
    indexed = {tuple(i["key"]) for i in receipts.list_indexes()} - {("_id",)}
    reads = "ferretdbVersion" not in receipts.database.client.admin.command("buildInfo")
    assert indexed == ({tuple(columns) for columns in INDEXES["receipts"]} if reads else set())


def test_a_stop_of_the_store_loses_nothing(home, mongo):
    with home.running(MongoSink(home.settings)) as runner:
        home.publish(*(home.receipt(n) for n in range(200)))
        home.until(lambda: home.settled(runner))
        mongo.stop()
        home.publish(*(home.receipt(n) for n in range(200, 400)))
        home.until(lambda: "mongodb" in runner.progress.troubles)
        home.until(lambda: runner.progress.track("mongodb", PROCESS).lag >= 200)
        assert not home.settled(runner)
        mongo.start()
        home.until(lambda: home.settled(runner))
        home.until(lambda: "mongodb" not in runner.progress.troubles)
    assert database(home)["receipts"].count_documents({}) == 400


def test_what_the_store_refuses_waits_as_a_dead_letter_and_comes_home_by_replay(home):
    with home.running(MongoSink(home.settings)) as runner:
        home.publish(home.receipt(0))
        home.until(lambda: home.settled(runner))
        receipts = database(home)["receipts"]
        receipts.create_index("payee", unique=True, name="strange")
        home.put(b"\xff not JSON", {"kind": "receipt", "receipt": {"state": "x"}}, {"kind": "comet"}, b"[]")
        home.publish(home.receipt(1), home.receipt(5), home.receipt(2))
        home.until(lambda: home.settled(runner))
        letters = dead_letter.every(home.settings)
        assert [one.code for one in letters] == [
            "not_json",
            "field_missing",
            "malformed",
            "not_json",
            "schema_refused",
        ]
        assert {one.state for one in letters} == {dead_letter.WAITING}
        assert sorted(d["_id"] for d in receipts.find()) == [f"{n:064x}" for n in (0, 1, 2)]
        refused = [letters[-1]]
        assert [o.outcome for o in replay.replay(home.settings, refused, 30)] == [replay.REFUSED]
        receipts.drop_index("strange")
        assert [o.outcome for o in replay.replay(home.settings, refused, 30)] == [replay.STORED]
        assert [o.outcome for o in replay.replay(home.settings, letters[:1], 30)] == [replay.REFUSED]
        # Again, and nothing changes.
        assert [o.outcome for o in replay.replay(home.settings, refused, 30)] == [replay.STORED]
    assert receipts.count_documents({}) == 4
    waiting = [one.code for one in dead_letter.every(home.settings) if one.open]
    assert waiting == ["not_json", "field_missing", "malformed", "not_json"]


def test_a_store_that_came_back_empty_is_filled_again(home):
    home.publish(*(home.receipt(n) for n in range(30)))
    with home.running(MongoSink(home.settings)) as runner:
        home.until(lambda: home.settled(runner))
    pymongo.MongoClient(home.settings.mongo).drop_database(home.settings.database)
    with home.running(MongoSink(home.settings)) as runner:
        home.until(lambda: database(home)["receipts"].count_documents({}) == 30)


def test_wrong_credentials_are_refused_with_the_mend_and_not_shown(home):
    wrong = home.settings.mongo.replace("mongodb://", "mongodb://nobody:secret@") + "/?authSource=admin"
    with pytest.raises(WrongCredentials, match="GLOBELET_MONGO_URL") as refused:
        MongoSink(replace(home.settings, mongo=wrong)).inspect()
    assert (refused.value.code, refused.value.exit_status) == ("wrong_credentials", 2)
    assert "secret" not in str(refused.value)


def test_another_schema_is_refused(home):
    marks = database(home)["globelet"]
    marks.insert_one({"_id": "schema", "version": 0})
    with pytest.raises(OtherSchema, match=f"schema 0, this version writes {SCHEMA}") as refused:
        MongoSink(home.settings).inspect()
    assert refused.value.code == "other_schema"
    marks.delete_one({"_id": "schema"})
    database(home)["receipts"].insert_one({"_id": "x"})
    with pytest.raises(OtherSchema, match="no mark"):
        MongoSink(home.settings).inspect()
