"""The archiver against a real outbox over HTTP, a real SQLite file and real Parquet files."""

import asyncio
import json
import sqlite3
from threading import Thread

import pytest
from starlette.responses import JSONResponse
from starlette.routing import Route

from globelet import web
from globelet.analysis import Archive
from globelet.archiver.follower import Follower
from globelet.archiver.parquet import MinuteFiles
from globelet.archiver.store import Store, StoreRefused
from globelet.client.wire import Answer, Wire

pytestmark = pytest.mark.unit


def receipt(number: int, state: str = "credited") -> dict:
    return {
        "offset": number,
        "kind": "receipt",
        "id": f"{number:064x}",
        "state": state,
        "source": "tokyo",
        "destination": "paris",
        "amount": 5,
        "stages": {"admitted": {"micros": 10 + number, "counter": 0}, state: {"micros": 99, "counter": 0}},
    }


def test_a_page_is_written_once_however_often_it_comes(tmp_path):
    store = Store(tmp_path / "a.sqlite")
    page = [receipt(1), receipt(2), {"offset": 3, "kind": "block", "hash": "ab", "height": 1}]
    for _ in range(3):
        store.write("tokyo", page, 3)
    assert store.counts() == {"receipts": 2, "documents": 1, "dead_letters": 0}
    assert store.checkpoint("tokyo") == 3
    assert store.checkpoint("paris") == 0
    store.close()
    assert Store(tmp_path / "a.sqlite").checkpoint("tokyo") == 3


def test_a_later_receipt_replaces_an_earlier_one_not_the_other_way_round(tmp_path):
    store = Store(tmp_path / "a.sqlite")
    early, late = receipt(1, "committed"), receipt(1)
    late["stages"]["committed"] = {"micros": 50}
    store.write("tokyo", [late, early], 1)
    assert store.receipt(f"{1:064x}")["state"] == "credited"


def test_what_cannot_be_stored_is_kept_with_its_reason(tmp_path):
    store = Store(tmp_path / "a.sqlite")
    store.write("tokyo", [{"offset": 1, "kind": "receipt"}, receipt(2), {"offset": 3}], 3)
    assert store.counts() == {"receipts": 1, "documents": 0, "dead_letters": 2}
    assert store.checkpoint("tokyo") == 3


def test_a_page_that_fails_leaves_nothing(tmp_path):
    store = Store(tmp_path / "a.sqlite")

    def torn():
        yield receipt(1)
        raise OSError("the connection broke")

    with pytest.raises(OSError, match="broke"):
        store.write("tokyo", torn(), 1)
    assert store.counts()["receipts"] == 0
    assert store.checkpoint("tokyo") == 0


def test_an_outbox_that_lost_its_end_is_read_again_and_nothing_is_stored_twice(tmp_path):
    records = [receipt(n) for n in range(1, 6)]

    async def pages() -> list[int]:
        store = Store(tmp_path / "archive" / "archive.sqlite")
        follower = Follower({}, store, MinuteFiles(tmp_path / "archive" / "parquet"))
        found = [await follower.page("tokyo", _Outbox(records))]
        # A power cut; then others come in its place, with numbers that were given before.
        del records[3:]
        records.append(receipt(4) | {"id": f"{44:064x}"})
        found += [await follower.page("tokyo", _Outbox(records)) for _ in range(2)]
        found.append(store.checkpoint("tokyo"))
        store.close()
        return found

    assert asyncio.run(pages()) == [5, 4, 0, 4]
    archive = Archive("w", tmp_path)
    ids = [f"{n:064x}" for n in (1, 2, 3, 4, 5, 44)]
    found = archive.stages([*ids, "ab"])
    assert set(found) == set(ids)
    assert found[ids[0]] == {"stages": receipt(1)["stages"]}
    assert len(archive.receipts()) == 6


class _Outbox(Wire):
    """The outbox of a process, as its HTTP gives it."""

    def __init__(self, records):
        self._records = records

    async def get(self, path, headers=None):
        after = int(path.split("after=")[1].split("&")[0])
        found = [r for r in self._records if r["offset"] > after]
        newest = self._records[-1]["offset"]
        next_ = found[-1]["offset"] if found else after
        return Answer(200, json.dumps({"records": found, "next": next_, "newest": newest}).encode())

    async def post(self, path, value, headers=None):
        return Answer(200, b"{}")


def test_another_format_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "a.sqlite") as db:
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(StoreRefused, match="format 9"):
        Store(tmp_path / "a.sqlite")


def test_minutes_become_files_and_a_torn_journal_is_read(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    files = MinuteFiles(tmp_path)
    files.add("tokyo", [json.dumps(receipt(n)) for n in (1, 1, 2)], 0.0)
    with next(tmp_path.glob("*.journal")).open("a") as file:
        file.write('{"id": "torn')
    assert files.fold(30.0) == 0
    assert files.fold(61.0) == 1
    table = parquet.read_table(next((tmp_path / "tokyo").glob("*.parquet")))
    assert table.num_rows == 2
    assert table.column("credited_us").to_pylist() == [99, 99]
    assert not list(tmp_path.glob("*.journal"))


def test_an_outbox_is_followed_from_its_checkpoint_and_told(tmp_path):
    records = [receipt(n) for n in range(1, 8)]
    told = []

    async def outbox(request):
        after = int(request.query_params["after"])
        found = [r for r in records if r["offset"] > after][:3]
        return JSONResponse({"records": found, "next": found[-1]["offset"] if found else after})

    async def archived(request):
        told.append((await request.json())["upto"])
        return JSONResponse({})

    server = web.server(
        web.application([Route("/v1/outbox", outbox), Route("/v1/outbox/archived", archived, methods=["POST"])]), 0
    )
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]

    async def pages() -> list[int]:
        store = Store(tmp_path / "archive" / "archive.sqlite")
        follower = Follower({"tokyo": ("127.0.0.1", port)}, store, MinuteFiles(tmp_path / "archive" / "parquet"))
        wire = Wire("127.0.0.1", port)
        found = [await follower.page("tokyo", wire) for _ in range(2)]
        store.close()
        again = Follower(follower._outboxes, Store(tmp_path / "archive" / "archive.sqlite"), follower._files)
        found += [await again.page("tokyo", wire) for _ in range(2)]
        wire.close()
        return found

    try:
        assert asyncio.run(pages()) == [3, 3, 1, 0]
    finally:
        server.should_exit = True
        thread.join()
    assert told == [3, 6, 7]
    rows = Archive("w", tmp_path).receipts()
    assert rows["admitted_us"].tolist() == list(range(11, 18))
