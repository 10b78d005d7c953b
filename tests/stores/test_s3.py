"""The archiver and S3 alone."""

from __future__ import annotations

import io
import re
import time
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from globelet.archiver import dead_letter
from globelet.archiver.minute import MARK
from globelet.archiver.record import RECEIPT_COLUMNS, canonical, receipt_row
from globelet.archiver.refusal import OtherSchema, Transient, WrongCredentials
from globelet.archiver.s3 import MARK_KEY, S3Sink, connect, damaged
from globelet.archiver.settings import SCHEMA

pytestmark = pytest.mark.stores
PROCESS = "tokyo"


@pytest.fixture
def home(desk, minio):
    desk.settings = replace(desk.settings, s3=f"http://{minio.address}")

    def serves() -> bool:
        try:
            S3Sink(desk.settings).inspect()
        except Transient:
            return False
        return True

    desk.until(serves)
    return desk


class Clock:
    """The wall clock, which can be put forward: minutes end when the test says so."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead

    def next_minute(self) -> None:
        self.ahead += 65


def objects(home) -> dict[str, list[dict]]:
    client, found = connect(home.settings), {}
    for entry in client.list_objects_v2(Bucket=home.settings.bucket).get("Contents", []):
        if entry["Key"] != MARK_KEY:
            data = client.get_object(Bucket=home.settings.bucket, Key=entry["Key"])["Body"].read()
            found[entry["Key"]] = pq.read_table(io.BytesIO(data)).to_pylist()
    return found


def ids(home) -> set[str]:
    return {row["id"] for key, rows in objects(home).items() if key.startswith("receipts/") for row in rows}


def test_a_minute_is_one_object_with_the_longest_version_of_each_receipt(home):
    clock = Clock()
    early, late = home.receipt(1), home.receipt(1, proofs=2, state="anchored")
    with home.running(S3Sink(home.settings, now=clock)) as runner:
        home.publish(early, late, early, *(home.receipt(n) for n in range(2, 300)))
        home.put({"kind": "block", "chain": "tokyo", "height": 9, "hash": "cd", "items": 1, "micros": 7})
        home.until(lambda: runner._consumed.get(PROCESS) and runner._consumed[PROCESS].outbox == home.offset)
        clock.next_minute()
        home.until(lambda: home.settled(runner))
    found = objects(home)
    receipts = [row for key, rows in found.items() if key.startswith("receipts/") for row in rows]
    assert all(re.fullmatch(r"\w+/chain=tokyo/day=\d{4}-\d\d-\d\d/\d{4}\.parquet", key) for key in found)
    # They may have come over the end of a minute, but an id is in an object once.
    assert all(len({row["id"] for row in rows}) == len(rows) for rows in found.values())
    best = max((row for row in receipts if row["id"] == late["id"]), key=lambda row: row["size"])
    assert best == receipt_row(PROCESS, late, canonical(late)) | {"body": canonical(late)}
    assert len({row["id"] for row in receipts}) == 299
    assert set(best) == {*RECEIPT_COLUMNS, "body"}
    assert [row["id"] for key, rows in found.items() if key.startswith("blocks/") for row in rows] == ["tokyo:9"]
    name = next(key for key in found if key.startswith("receipts/"))
    data = connect(home.settings).get_object(Bucket=home.settings.bucket, Key=name)["Body"].read()
    assert pq.read_schema(io.BytesIO(data)).metadata[MARK] == str(SCHEMA).encode()


def test_what_was_not_written_comes_again_after_a_restart_and_gives_the_same_objects(home):
    home.publish(*(home.receipt(n) for n in range(50)))
    with home.running(S3Sink(home.settings, now=lambda: 0.0)) as runner:
        home.until(lambda: runner._consumed.get(PROCESS) and runner._consumed[PROCESS].outbox == home.offset)
        assert not home.settled(runner)
    assert ids(home) == set()
    for _ in range(2):
        clock = Clock()
        clock.next_minute()
        with home.running(S3Sink(home.settings, now=clock)) as runner:
            home.until(lambda: home.settled(runner))
    assert len(ids(home)) == 50


def test_a_stop_of_the_store_loses_nothing(home, minio):
    clock = Clock()
    with home.running(S3Sink(home.settings, now=clock)) as runner:
        home.publish(*(home.receipt(n) for n in range(50)))
        home.until(lambda: runner._consumed.get(PROCESS) and runner._consumed[PROCESS].outbox == home.offset)
        minio.stop()
        clock.next_minute()
        home.until(lambda: "s3" in runner.progress.troubles)
        home.publish(*(home.receipt(n) for n in range(50, 100)))
        minio.start()
        home.until(lambda: home.settled(runner))
    assert len(ids(home)) == 100


def test_a_half_written_object_is_found_and_written_again(home):
    clock = Clock()
    with home.running(S3Sink(home.settings, now=clock)) as runner:
        home.publish(*(home.receipt(n) for n in range(50)))
        home.until(lambda: runner._consumed.get(PROCESS) and runner._consumed[PROCESS].outbox == home.offset)
        clock.next_minute()
        home.until(lambda: home.settled(runner))
    client, bucket = connect(home.settings), home.settings.bucket
    key = next(key for key in objects(home) if key.startswith("receipts/"))
    whole = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    client.put_object(Bucket=bucket, Key=key, Body=whole[: len(whole) // 2])
    assert damaged(client, bucket) == [key]
    with home.running(S3Sink(home.settings, now=clock)) as runner:
        home.until(lambda: damaged(client, bucket) == [])
        home.until(lambda: home.settled(runner))
    assert len(ids(home)) == 50


def test_what_is_no_record_waits_as_a_dead_letter_and_holds_nothing_up(home):
    clock = Clock()
    with home.running(S3Sink(home.settings, now=clock)) as runner:
        home.put(b"\x00", {"kind": "receipt", "receipt": home.receipt(1, amount=2**70)})
        home.publish(home.receipt(2))
        home.until(lambda: runner._consumed.get(PROCESS) and runner._consumed[PROCESS].outbox == home.offset)
        clock.next_minute()
        home.until(lambda: home.settled(runner))
    letters = dead_letter.every(home.settings)
    assert [(one.store, one.code) for one in letters] == [("s3", "not_json"), ("s3", "malformed")]
    assert "64 bits" in letters[1].reason
    assert ids(home) == {f"{2:064x}"}


def test_wrong_credentials_and_another_schema_are_refused_with_the_mend(home):
    with pytest.raises(WrongCredentials, match="AWS_SECRET_ACCESS_KEY") as refused:
        S3Sink(replace(home.settings, secret_key="wrong")).inspect()
    assert (refused.value.code, refused.value.exit_status) == ("wrong_credentials", 2)
    client = connect(home.settings)
    client.create_bucket(Bucket=home.settings.bucket)
    client.put_object(Bucket=home.settings.bucket, Key=MARK_KEY, Body=b'{"schema": 0}')
    with pytest.raises(OtherSchema, match=f"schema 0, this version writes {SCHEMA}"):
        S3Sink(home.settings).inspect()
