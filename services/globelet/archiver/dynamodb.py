"""DynamoDB: receipts, and what they share, for hours, and blocks; batches of 25, and a spill for what is throttled."""

from __future__ import annotations

import base64
import random
import time
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from globelet.archiver import digests, dynamodb_tables
from globelet.archiver.bus import Position
from globelet.archiver.dynamodb_wire import Refused as Refusal
from globelet.archiver.dynamodb_wire import SignedWire, Throttled
from globelet.archiver.record import Record, newest
from globelet.archiver.refusal import Full, Poisoned, Transient
from globelet.archiver.settings import Settings
from globelet.archiver.sink import Refused
from globelet.archiver.spill import Spill, before

BATCH = 25
LARGEST_ITEM = 400 * 1024
LIFE_S = 2 * 3600
INTERVAL_LIFE_S = 2 * LIFE_S
"""Longer than a receipt's: it is there first, and named by receipts that come later."""
SPILL_BYTES = 64 * 1024 * 1024
_AT_ONCE = 4
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
Item = dict[str, dict[str, Any]]


class DynamoSink:
    """Writes in batches; what is throttled waits in the spill, in order, and is tried again after a growing pause."""

    name = "dynamodb"

    def __init__(self, settings: Settings, *, spill_bytes: int = SPILL_BYTES) -> None:
        self._settings, self._wire = settings, SignedWire(settings)
        self.spill = Spill(settings.folder / "dynamodb.spill", spill_bytes)
        self._threads = ThreadPoolExecutor(_AT_ONCE, "dynamodb")
        self._pause, self._again = 0.0, 0.0
        self._passed: set[int] = set()
        self.throttled = 0

    def inspect(self) -> bool:
        """True if the tables are not there."""
        return dynamodb_tables.inspect(self._wire, self._settings)

    def reach(self) -> int | None:
        """What would have lived until now."""
        return LIFE_S * 1000

    def damaged(self) -> dict[str, int]:
        """Nothing: a record is there whole or not at all."""
        return {}

    def prepare(self) -> None:
        """Tables, streams, time to live. What was spilled comes again from the bus."""
        self.spill.drop(len(self.spill))
        dynamodb_tables.prepare(self._wire, self._settings)

    def write(self, records: Sequence[Record]) -> Refused:
        """Sends records, or spills them behind those that wait already. Raises `Transient` when the spill is full."""
        refused = self.pause()
        if self.spill.full:
            raise Full("DynamoDB is throttled and the spill is full")
        kept = newest(list(records))
        if self.spill:
            self._put_off(kept)
            return refused
        left, more = self._send(kept)
        self._put_off(left)
        return refused + more

    def pause(self) -> Refused:
        """Sends what was spilled, as far as DynamoDB takes it and the pause is over."""
        refused: Refused = []
        while self.spill and time.monotonic() >= self._again:
            first = self.spill.first(BATCH * _AT_ONCE)
            left, more = self._send(newest(first))
            refused += more
            waiting = {id(record) for record in left}
            self.spill.drop(next((n for n, r in enumerate(first) if id(r) in waiting), len(first)))
        return refused

    def settled(self, consumed: Mapping[str, Position]) -> dict[str, Position]:
        """All that does not wait in the spill."""
        return dict(consumed) | {process: before(place) for process, place in self.spill.earliest().items()}

    def close(self) -> None:
        """Lets the spill go: the bus has what is in it."""
        self._threads.shutdown()
        self._wire.close()
        self.spill.close()

    def _put_off(self, records: Sequence[Record]) -> None:
        for record in records:
            self.spill.add(record)

    def _send(self, records: Sequence[Record]) -> tuple[list[Record], Refused]:
        """Sends records, a few batches at once; returns those that are left, in order, and those refused."""
        refused = [(r, why) for r in records if (why := too_large(r)) is not None]
        fit = [r for r in records if too_large(r) is None]
        replayed = [r for r in fit if r.place.replay is not None]
        plain = [r for r in fit if r.place.replay is None]
        batches = [plain[i : i + BATCH] for i in range(0, len(plain), BATCH)]
        left: list[Record] = []
        for unsent, more in self._threads.map(self._batch, batches):
            left += unsent
            refused += more
        for record in replayed:
            refused += self._put(record)
        out = {id(record) for record in [*left, *(record for record, _ in refused)]} | self._passed
        self._passed = set()
        if not self._told([record for record in fit if id(record) not in out]):
            held = {id(record) for record, _ in refused}
            left = [record for record in fit if id(record) not in held]
        self._note(throttled=bool(left))
        return left, refused

    def _told(self, records: Sequence[Record]) -> bool:
        """Writes the digests of what the tables have taken; False where that is throttled: all of it is sent again."""
        for made in digests.items(records):
            try:
                self._wire.call("PutItem", {"TableName": self._settings.table("digests"), "Item": made})
            except Throttled:
                return False
            except Refusal as refusal:
                raise Transient(f"the table of digests: {refusal}") from refusal
        return True

    def _batch(self, records: list[Record]) -> tuple[list[Record], Refused]:
        requests: dict[str, list[Any]] = {}
        for record in records:
            request = {"PutRequest": {"Item": item(record)}}
            requests.setdefault(self._table(record), []).append(request)
        try:
            answer = self._wire.call("BatchWriteItem", {"RequestItems": requests})
        except Throttled:
            return records, []
        except Refusal as refusal:
            if refusal.name == "ResourceNotFoundException":
                raise Transient("the table is gone") from refusal
            # One of them is refused, and with it the whole batch.
            return [], [why for record in records for why in self._put(record)]
        unsent = {
            (table, request["PutRequest"]["Item"]["id"]["S"])
            for table, several in answer.get("UnprocessedItems", {}).items()
            for request in several
        }
        return [r for r in records if (self._table(r), r.id) in unsent], []

    def _put(self, record: Record) -> Refused:
        """One item alone, unless a longer version is there: what is replayed is old."""
        request: dict[str, Any] = {"TableName": self._table(record), "Item": item(record)}
        if record.kind == "receipt":
            request["ConditionExpression"] = "attribute_not_exists(id) OR #size <= :size"
            request["ExpressionAttributeNames"] = {"#size": "size"}
            request["ExpressionAttributeValues"] = {":size": {"N": str(record.row["size"])}}
        try:
            self._wire.call("PutItem", request)
        except Refusal as refusal:
            if refusal.name == "ResourceNotFoundException":
                raise Transient("the table is gone") from refusal
            if refusal.name == "ConditionalCheckFailedException":
                self._passed.add(id(record))
            else:
                mend = f"see what refuses it (an index of {request['TableName']}), then replay it"
                return [(record, Poisoned("schema_refused", f"DynamoDB: {refusal}", mend))]
        return []

    def _table(self, record: Record) -> str:
        return self._settings.table(f"{record.kind}s" if record.kind in ("receipt", "interval") else "blocks")

    def _note(self, *, throttled: bool) -> None:
        if not throttled:
            self._pause = 0.0
            return
        self.throttled += 1
        self._pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, self._pause * 2))
        # Jitter, so that writers that were throttled together do not come back together.
        self._again = time.monotonic() + self._pause * random.uniform(0.5, 1.5)  # noqa: S311


def item(record: Record) -> Item:
    """The item of a record: its columns without those that are null, and its body, as `stored` has it.

    `bus` says where the record stands on the bus, so that what reads the table's stream knows how far it is.
    """
    made: Item = {"bus": {"S": f"{record.place.process}:{record.place.bus}"}}
    for name, value in record.row.items():
        if value is not None:
            made[name] = {"S": value} if isinstance(value, str) else {"N": str(value)}
    if record.kind in ("receipt", "interval"):
        life = LIFE_S if record.kind == "receipt" else INTERVAL_LIFE_S
        made["expires_at"] = {"N": str(record.place.at_ms // 1000 + life)}
        made["body"] = {"B": base64.b64encode(stored(record)).decode()}
    return made


def stored(record: Record) -> bytes:
    """A receipt's body as DynamoDB keeps it: packed, and one that is large also compressed by zlib."""
    return record.packed if len(record.packed) < LARGEST_ITEM // 2 else zlib.compress(record.packed, 1)


def too_large(record: Record) -> Poisoned | None:
    """Whether no table takes it."""
    if len(record.packed) < LARGEST_ITEM // 2:
        return None
    size = len(stored(record)) + sum(len(n) + len(str(v)) for n, v in record.row.items()) + 64
    if size <= LARGEST_ITEM:
        return None
    mend = "DynamoDB takes 400 KiB at most; MongoDB, S3 and the outbox have it"
    return Poisoned("oversized", f"the item would be {size} bytes, {LARGEST_ITEM} at most", mend)
