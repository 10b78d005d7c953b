"""The archiver and DynamoDB alone."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from globelet.archiver import dead_letter, dynamodb_tables, replay
from globelet.archiver.dynamodb import LARGEST_ITEM, DynamoSink
from globelet.archiver.dynamodb_wire import SignedWire
from globelet.archiver.packed import unpack
from globelet.archiver.record import RECEIPT_COLUMNS, canonical, receipt_row
from globelet.archiver.refusal import OtherSchema, Transient

pytestmark = pytest.mark.stores
PROCESS = "tokyo"


@pytest.fixture
def home(desk, dynamodb):
    desk.settings = replace(desk.settings, dynamodb=f"http://{dynamodb.address}")

    def serves() -> bool:
        try:
            SignedWire(desk.settings).call("ListTables", {})
        except Transient:
            return False
        return True

    desk.until(serves)
    # The store's jobs look through one table after the other: those of earlier tests would hold this one up.
    wire = SignedWire(desk.settings)
    for name in wire.call("ListTables", {})["TableNames"]:
        wire.call("DeleteTable", {"TableName": name})
    return desk


def items(home, kind: str = "receipts") -> dict[str, dict]:
    wire, found, request = SignedWire(home.settings), {}, {"TableName": home.settings.table(kind)}
    while True:
        answer = wire.call("Scan", request)
        found |= {item["id"]["S"]: item for item in answer["Items"]}
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


class Throttle:
    """In front of the real server: passes requests on, and answers as a throttled table does when it is told to."""

    def __init__(self, port: int) -> None:
        self.mode, self.refused = "pass", 0
        throttle = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                batch = self.headers["X-Amz-Target"].endswith("BatchWriteItem")
                if batch and throttle.mode == "refuse":
                    throttle.refused += 1
                    name = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
                    self._answer(400, json.dumps({"__type": name, "message": "slow down"}).encode())
                elif batch and throttle.mode == "half":
                    throttle.refused += 1
                    self._half(json.loads(body))
                else:
                    self._answer(*self._forward(body))

            def _half(self, request: dict) -> None:
                kept, left = {}, {}
                for table, requests in request["RequestItems"].items():
                    kept[table], left[table] = requests[: len(requests) // 2], requests[len(requests) // 2 :]
                kept = {table: requests for table, requests in kept.items() if requests}
                if kept:
                    status, _ = self._forward(json.dumps({"RequestItems": kept}).encode())
                    assert status == 200
                self._answer(200, json.dumps({"UnprocessedItems": left}).encode())

            def _forward(self, body: bytes) -> tuple[int, bytes]:
                real = http.client.HTTPConnection("127.0.0.1", port)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("content-length", "host")}
                real.request("POST", "/", body, headers)
                answer = real.getresponse()
                data = answer.read()
                real.close()
                return answer.status, data

            def _answer(self, status: int, data: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def serving(self) -> Iterator[Throttle]:
        thread = Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(10)


def test_receipts_are_whole_and_equal_however_often_they_come(home):
    early, late = home.receipt(1), home.receipt(1, proofs=2, state="anchored")
    root = {"kind": "root", "chain": "globe", "height": 3, "hash": "ab", "items": 2, "micros": 7}
    for _ in range(2):
        home.publish(early, late, *(home.receipt(n) for n in range(2, 60)))
        home.put(root)
    with home.running(DynamoSink(home.settings)) as runner:
        home.until(lambda: home.settled(runner))
    found = items(home)
    assert len(found) == 59
    item, row = found[late["id"]], receipt_row(PROCESS, late, canonical(late))
    plain = {name: value for name in RECEIPT_COLUMNS for value in item.get(name, {"S": None}).values()}
    assert {name: str(value) if value is not None else None for name, value in row.items()} == plain
    assert unpack(base64.b64decode(item["body"]["B"])) == canonical(late)
    assert int(item["expires_at"]["N"]) > 0
    assert set(items(home, "blocks")) == {"globe:3"}
    wire = SignedWire(home.settings)
    tables = {kind: dynamodb_tables.describe(wire, home.settings.table(kind)) for kind in dynamodb_tables.KINDS}
    streamed = {kind: table["StreamSpecification"] for kind, table in tables.items() if "StreamSpecification" in table}
    assert streamed == {"digests": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}}
    live = wire.call("DescribeTimeToLive", {"TableName": home.settings.table("receipts")})
    assert live["TimeToLiveDescription"]["AttributeName"] == "expires_at"


@pytest.mark.parametrize("mode", ["refuse", "half"])
def test_a_throttled_table_gets_all_in_order_once_it_takes_it(home, dynamodb, mode):
    with Throttle(dynamodb.port).serving() as throttle:
        real, home.settings = home.settings, replace(home.settings, dynamodb=throttle.url)
        # A spill that is soon full: what does not go in waits on the bus.
        sink = DynamoSink(home.settings, spill_bytes=150_000)
        with home.running(sink) as runner:
            home.publish(*(home.receipt(n) for n in range(50)))
            home.until(lambda: home.settled(runner))
            throttle.mode = mode
            home.publish(*(home.receipt(n) for n in range(50, 100)))
            home.publish(*(home.receipt(n, proofs=2) for n in range(50)))
            home.until(lambda: sink.throttled > 2)
            if mode == "refuse":
                home.until(lambda: sink.spill.full)
                assert not home.settled(runner)
            throttle.mode = "pass"
            home.until(lambda: home.settled(runner))
            assert len(sink.spill) == 0
        home.settings = real
    found = items(home)
    assert len(found) == 100
    assert throttle.refused > 2
    assert all(int(found[f"{n:064x}"]["size"]["N"]) > 6000 for n in range(50))


def test_a_stop_of_the_store_loses_nothing(home, dynamodb):
    with home.running(DynamoSink(home.settings)) as runner:
        home.publish(*(home.receipt(n) for n in range(100)))
        home.until(lambda: home.settled(runner))
        dynamodb.stop()
        home.publish(*(home.receipt(n) for n in range(100, 200)))
        home.until(lambda: "dynamodb" in runner.progress.troubles)
        dynamodb.start()
        home.until(lambda: home.settled(runner))
    assert len(items(home)) == 200


def test_tables_that_are_gone_are_made_and_filled_again(home):
    home.publish(*(home.receipt(n) for n in range(40)))
    wire = SignedWire(home.settings)
    with home.running(DynamoSink(home.settings)) as runner:
        home.until(lambda: home.settled(runner))
        for kind in ("schema", *dynamodb_tables.KINDS):
            wire.call("DeleteTable", {"TableName": home.settings.table(kind)})
        home.publish(home.receipt(40))
        home.until(lambda: home.settled(runner))
    assert len(items(home)) == 41


def test_what_the_store_refuses_waits_as_a_dead_letter_and_comes_home_by_replay(home):
    name = home.settings.table("receipts")
    wire = SignedWire(home.settings)
    with home.running(DynamoSink(home.settings)) as runner:
        home.publish(home.receipt(0))
        home.until(lambda: home.settled(runner))
        # An index for which payers have the wrong type.
        index = {
            "IndexName": "strange",
            "KeySchema": [{"AttributeName": "payer", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
        types = [{"AttributeName": "payer", "AttributeType": "N"}]
        change = {"TableName": name, "AttributeDefinitions": types, "GlobalSecondaryIndexUpdates": [{"Create": index}]}
        wire.call("UpdateTable", change)
        opening = {k: v for k, v in home.receipt(2).items() if k != "from"}
        home.publish(home.receipt(1), opening)
        home.put(b"not JSON")
        home.publish(home.receipt(3, encoded="".join(chr(33 + n * n % 90) for n in range(7)) * 150_000))
        home.publish(home.receipt(4, **{"from": None}, encoded=home.receipt(0, proofs=2000)["encoded"]))
        home.until(lambda: home.settled(runner))
        letters = dead_letter.every(home.settings)
        assert sorted(one.code for one in letters) == ["not_json", "oversized", "schema_refused", "schema_refused"]
        assert str(LARGEST_ITEM) in next(one.reason for one in letters if one.code == "oversized")
        assert set(items(home)) == {f"{n:064x}" for n in (0, 2)}
        gone = {"TableName": name, "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "strange"}}]}
        home.until(lambda: active(wire, name), 120)
        wire.call("UpdateTable", gone)
        home.until(lambda: "GlobalSecondaryIndexes" not in dynamodb_tables.describe(wire, name), 120)
        refused = [one for one in letters if one.code == "schema_refused"]
        outcomes = replay.replay(home.settings, refused, 30)
        assert [o.outcome for o in outcomes] == [replay.STORED] * 2
    assert set(items(home)) == {f"{n:064x}" for n in range(4)}


def active(wire: SignedWire, name: str) -> bool:
    table = dynamodb_tables.describe(wire, name)
    return all(i["IndexStatus"] == "ACTIVE" for i in table["GlobalSecondaryIndexes"])


def test_a_replay_does_not_bring_an_old_version_back(home):
    early, late = home.receipt(1), home.receipt(1, proofs=2)
    with home.running(DynamoSink(home.settings)) as runner:
        home.publish(late)
        home.until(lambda: home.settled(runner))
        value = json.dumps({"kind": "receipt", "receipt": early}).encode()
        place = dead_letter.Place(PROCESS, 0, 0, 0, 1)
        one = dead_letter.letter("dynamodb", place, b"key", value, dead_letter.Poisoned("x", "y", "z"))
        assert [o.outcome for o in replay.replay(home.settings, [one], 30)] == [replay.STORED]
    assert items(home)[early["id"]]["size"]["N"] == str(len(canonical(late)))


def test_another_schema_is_refused(home):
    wire = SignedWire(home.settings)
    dynamodb_tables.make(wire, home.settings.table("receipts"), stream=False)
    with pytest.raises(OtherSchema, match="no mark"):
        DynamoSink(home.settings).inspect()
    dynamodb_tables.make(wire, home.settings.table("schema"), stream=False)
    item = {"id": {"S": "schema"}, "version": {"N": "0"}}
    wire.call("PutItem", {"TableName": home.settings.table("schema"), "Item": item})
    with pytest.raises(OtherSchema, match="schema 0"):
        DynamoSink(home.settings).inspect()
