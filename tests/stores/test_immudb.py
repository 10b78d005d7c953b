"""The archiver and immuDB, fed from the streams of DynamoDB."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from threading import Thread

import pytest

from globelet.archiver.dynamodb import DynamoSink
from globelet.archiver.dynamodb_wire import SignedWire
from globelet.archiver.immudb import Ledger
from globelet.archiver.record import canonical, receipt_row
from globelet.archiver.refusal import LedgerLost, OtherSchema, Transient, WrongCredentials
from globelet.archiver.settings import SCHEMA
from globelet.archiver.stream import StreamFollower

pytestmark = pytest.mark.stores
PROCESS = "tokyo"


@pytest.fixture
def home(desk, dynamodb, immudb):
    desk.settings = replace(desk.settings, dynamodb=f"http://{dynamodb.address}", immudb=immudb.address)

    def serves() -> bool:
        try:
            SignedWire(desk.settings).call("ListTables", {})
            Ledger(desk.settings).open()
        except Transient:
            return False
        return True

    desk.until(serves)
    return desk


@contextmanager
def following(home, progress):
    follower = StreamFollower(home.settings, Ledger(home.settings), progress)
    thread = Thread(target=follower.run, daemon=True)
    thread.start()
    try:
        yield follower
    finally:
        follower.stop.set()
        thread.join(30)
        assert not thread.is_alive()


def has(runner, home) -> bool:
    return home.settled(runner) and runner.progress.track("immudb", PROCESS).settled.bus >= home.offset


def test_digests_and_roots_are_there_verified_and_survive_a_stop(home, immudb):
    receipts = [home.receipt(n) for n in range(40)]
    late = home.receipt(3, proofs=2)
    root = {"kind": "root", "chain": "globe", "height": 12, "hash": "ab" * 32, "items": 2, "micros": 7}
    with home.running(DynamoSink(home.settings)) as runner, following(home, runner.progress):
        home.publish(*receipts[:20])
        home.put(root, root | {"kind": "block", "chain": "tokyo", "height": 1})
        home.until(lambda: has(runner, home))
        immudb.stop()
        home.publish(*receipts[20:], late)
        home.until(lambda: "immudb" in runner.progress.troubles)
        assert runner.progress.track("immudb", PROCESS).lag >= 0
        immudb.start()
        home.until(lambda: has(runner, home))
    ledger = Ledger(home.settings)
    wanted = {one["id"]: receipt_row(PROCESS, one, canonical(one))["digest"] for one in [*receipts, late]}
    assert {name: ledger.get(f"receipt:{name}") for name in wanted} == wanted
    assert ledger.get("root:12") == root["hash"]
    assert ledger.get("root:1") is None
    kept = json.loads((home.settings.folder / "immudb-state.json").read_text())
    assert kept["tx"] > 2
    ledger.close()


def test_a_server_that_does_not_hold_what_was_verified_is_found_out(home):
    ledger = Ledger(home.settings)
    ledger.put({"receipt:a": "1"}, "a")
    ledger.close()
    path = home.settings.folder / "immudb-state.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps(kept | {"hash": "00" * 32}))
    with pytest.raises(LedgerLost, match="bring its data back") as refused:
        Ledger(home.settings).put({"receipt:b": "2"}, "b")
    assert refused.value.code == "ledger_lost"


def test_wrong_credentials_and_another_schema_are_refused_with_the_mend(home):
    with pytest.raises(WrongCredentials, match="GLOBELET_IMMUDB_PASSWORD"):
        Ledger(replace(home.settings, immudb_password="wrong")).open()
    ledger = Ledger(home.settings)
    ledger.put({"globelet:schema": "0"}, "mark")
    with pytest.raises(OtherSchema, match="schema 0"):
        Ledger(home.settings).open()
    ledger.put({"globelet:schema": str(SCHEMA)}, "mark again")
    Ledger(home.settings).open()


def test_what_a_long_load_leaves_fits_into_the_memory_that_compose_gives(desk, immudb_as_composed):
    ledger = Ledger(replace(desk.settings, immudb=immudb_as_composed.address))
    desk.until(lambda: opens(ledger))
    digests = (hashlib.sha256(bytes([n % 256, n >> 8 & 255, n >> 16])).hexdigest() for n in range(400_000))
    for number in range(40):
        ledger.put({f"receipt:{digest}": digest for digest in islice(digests, 10_000)}, str(number))
    first = hashlib.sha256(bytes(3)).hexdigest()
    assert ledger.get(f"receipt:{first}") == first
    ledger.close()


def opens(ledger: Ledger) -> bool:
    try:
        ledger.open()
    except Transient:
        return False
    return True
