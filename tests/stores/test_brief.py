"""What receipts share is kept once by each real store, and every receipt comes out whole."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from globelet.analysis import audit, columns, open_archive, shared
from globelet.archiver import brief, dead_letter
from globelet.archiver.dynamodb import DynamoSink
from globelet.archiver.dynamodb_wire import SignedWire
from globelet.archiver.mongodb import MongoSink
from globelet.archiver.packed import unpack
from globelet.archiver.refusal import Transient
from globelet.archiver.s3 import S3Sink

pytestmark = pytest.mark.stores
PROCESS, SHARED = "tokyo", 3


@pytest.fixture
def home(desk, dynamodb, minio, mongo):
    addresses = {"dynamodb": f"http://{dynamodb.address}", "s3": f"http://{minio.address}"}
    desk.settings = replace(desk.settings, mongo=f"mongodb://{mongo.address}", **addresses)

    def serves() -> bool:
        try:
            for sink in (DynamoSink, S3Sink, MongoSink):
                sink(desk.settings).inspect()
        except Transient:
            return False
        return True

    desk.until(serves)
    return desk


@pytest.fixture
def signed() -> dict[str, bytes]:
    """Interval signatures by name."""
    made = [secrets.token_bytes(3_359) for _ in range(SHARED)]
    return {brief.name_of(one): one for one in made}


def intervals(signed: dict[str, bytes]) -> list[dict]:
    return [{"kind": "interval", "id": name, "encoded": one.hex()} for name, one in signed.items()]


def entire(home, number: int, signed: dict[str, bytes]) -> dict:
    """A whole receipt that names all of them."""
    encoded, cuts = secrets.token_bytes(900), []
    for name, one in signed.items():
        cuts.append({"at": len(encoded), "length": len(one), "name": name})
        encoded += one + secrets.token_bytes(300)
    return home.receipt(number, encoded=encoded.hex(), intervals=cuts)


class NextMinute:
    """The wall clock, which can be put forward by more than a minute."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@contextmanager
def s3_sink(home) -> Iterator[Callable[[], None]]:
    """Feeds S3; what is given writes the objects of what was put on the bus until then."""
    clock = NextMinute()
    with home.running(S3Sink(home.settings, now=clock)) as runner:

        def written() -> None:
            home.until(lambda: runner._consumed.get(PROCESS) and runner._consumed[PROCESS].outbox == home.offset)
            clock.ahead += 65.0
            home.until(lambda: home.settled(runner))

        yield written


def archive(home, monkeypatch, **where: str):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", home.settings.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", home.settings.secret_key)
    return open_archive(home.settings.world, **where)


def test_the_same_receipt_is_whole_in_dynamodb_and_s3_and_equal_in_mongodb(home, signed, monkeypatch):
    made = {one["id"]: one for one in (entire(home, n, signed) for n in range(1, 60))}
    home.put(*intervals(signed))
    home.publish(*(brief.kept(one) for one in made.values()))
    with home.running(DynamoSink(home.settings)) as one, home.running(MongoSink(home.settings)) as other:
        home.until(lambda: home.settled(one) and home.settled(other))
    with s3_sink(home) as written:
        written()
    objects = archive(home, monkeypatch, s3=f"{home.settings.s3}/{home.settings.bucket}")
    bodies = objects.bodies(list(made))
    assert {order: json.loads(body) for order, body in bodies.items()} == made
    wire, table = SignedWire(home.settings), home.settings.table
    there = {i["id"]["S"]: i for i in wire.call("Scan", {"TableName": table("intervals")})["Items"]}
    parts = {name: base64.b64decode(item["body"]["B"]) for name, item in there.items()}
    assert parts == signed
    for order, body in made.items():
        asked = {"TableName": table("receipts"), "Key": {"id": {"S": order}}}
        item = wire.call("GetItem", asked)["Item"]
        kept = json.loads(unpack(base64.b64decode(item["body"]["B"])))
        assert brief.whole(kept, parts) == body
        assert item["digest"]["S"] == columns.digest(bodies[order])
        assert len(item["body"]["B"]) * 3 < len(body["encoded"])
    frames = objects.receipts(), archive(home, monkeypatch, mongo=home.settings.mongo).receipts()
    assert frames[0].equals(frames[1])
    assert audit.digests(frames[0], bodies).holds is True


def test_a_receipt_whose_shared_part_has_not_come_says_so_until_it_comes(home, signed, monkeypatch):
    made = entire(home, 1, signed)
    first, *others = intervals(signed)
    home.put(*others)
    home.publish(brief.kept(made))
    with s3_sink(home) as written:
        written()
        objects = archive(home, monkeypatch, s3=f"{home.settings.s3}/{home.settings.bucket}")
        early = objects.bodies([made["id"]])
        assert shared.lacks(early[made["id"]]) is not None
        assert audit.digests(objects.receipts(), early).holds is True
        home.put(first)
        written()
    late = objects.bodies([made["id"]])
    assert shared.lacks(late[made["id"]]) is None
    assert json.loads(late[made["id"]]) == made


def test_an_interval_signature_that_is_none_is_a_dead_letter(home, signed):
    name, *_ = signed
    home.put({"kind": "interval", "id": "00" * 32, "encoded": signed[name].hex()}, b"\x03", *intervals(signed))
    with home.running(DynamoSink(home.settings)) as runner:
        home.until(lambda: home.settled(runner))
    letters = dead_letter.every(home.settings)
    assert [letter.code for letter in letters] == ["malformed", "malformed"]
    found = SignedWire(home.settings).call("Scan", {"TableName": home.settings.table("intervals")})["Items"]
    assert {item["id"]["S"] for item in found} == set(signed)
