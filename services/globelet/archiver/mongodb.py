"""MongoDB: one document per receipt and per block for analysis, written by `_id`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pymongo
from bson.errors import InvalidDocument
from pymongo import InsertOne, MongoClient, ReplaceOne
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DocumentTooLarge,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
)

from globelet.archiver.bus import Position
from globelet.archiver.parquet import STAGES
from globelet.archiver.record import Record, newest
from globelet.archiver.refusal import OtherSchema, Poisoned, Transient, WrongCredentials
from globelet.archiver.settings import SCHEMA, Settings
from globelet.archiver.sink import Refused

Document = dict[str, Any]
Operation = Callable[[Document], InsertOne[Document] | ReplaceOne[Document]]
INDEXES: dict[str, tuple[tuple[str, ...], ...]] = {
    "receipts": (("payer", "admitted_us"), ("payee", "admitted_us"), ("source", "destination"), ("admitted_us",)),
    "blocks": (("chain", "height"),),
}
_MARKS, _MARK = "globelet", "schema"
_DUPLICATE = 11000
_REMEMBERED = 50_000
_NOT_ALLOWED = {13, 18, 8000}
# Interrupted, not primary, shutting down, exceeded its time: the server's own words for "later".
_LATER = {6, 7, 50, 89, 91, 112, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436}


class MongoSink:
    """Bulk writes by `_id`; a shorter version of a receipt never replaces a longer one.

    Filters hold `_id` alone: FerretDB uses no index for any other.
    """

    name = "mongodb"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        try:
            self._client: MongoClient[Document] = MongoClient(
                settings.mongo,
                serverSelectionTimeoutMS=3000,
                connectTimeoutMS=3000,
                socketTimeoutMS=20000,
                retryWrites=False,
                appname="globelet-archiver",
            )
        except ConfigurationError as error:
            raise Poisoned("bad_address", str(error), "set GLOBELET_MONGO_URL to a mongodb:// address") from error
        self._database = self._client[settings.database]
        self._sizes: OrderedDict[str, int] = OrderedDict()

    def inspect(self) -> bool:
        """True if the database has no mark and no receipts."""
        try:
            mark = self._database[_MARKS].find_one({"_id": _MARK})
            if mark is None:
                if any(self._database[name].find_one() is not None for name in INDEXES):
                    raise OtherSchema("MongoDB", f"database {self._settings.database}", "no mark of", SCHEMA)
                return True
            if mark.get("version") != SCHEMA:
                found = mark.get("version")
                raise OtherSchema("MongoDB", f"database {self._settings.database}", found, SCHEMA)
            return False
        except PyMongoError as error:
            raise self._told(error) from error

    def reach(self) -> int | None:
        """All that the bus has."""
        return None

    def damaged(self) -> dict[str, int]:
        """Nothing: a record is there whole or not at all."""
        return {}

    def prepare(self) -> None:
        """Indexes where they are of use, then the mark.

        What is remembered of an earlier connection may be gone with the data.
        """
        self._sizes.clear()
        try:
            # FerretDB keeps indexes and reads none but that of `_id`: they would cost half of every write.
            if "ferretdbVersion" not in self._client.admin.command("buildInfo"):
                self._index()
            self._database[_MARKS].replace_one({"_id": _MARK}, {"_id": _MARK, "version": SCHEMA}, upsert=True)
        except PyMongoError as error:
            raise self._told(error) from error

    def _index(self) -> None:
        for name, indexes in INDEXES.items():
            for columns in indexes:
                self._database[name].create_index([(c, pymongo.ASCENDING) for c in columns])

    def write(self, records: Sequence[Record]) -> Refused:
        """One bulk write per collection, unordered: one refused document does not hold the others up."""
        kept = newest(list(records))
        receipts = [r for r in kept if r.kind == "receipt" and self._sizes.get(r.id, 0) <= r.size]
        # Interval signatures are for bodies, of which there are none here.
        blocks = [r for r in kept if r.kind in ("block", "root")]
        try:
            return self._take("receipts", receipts) + self._take("blocks", blocks)
        except PyMongoError as error:
            raise self._told(error) from error

    def pause(self) -> Refused:
        """Nothing was put off."""
        return []

    def settled(self, consumed: Mapping[str, Position]) -> dict[str, Position]:
        """All of it: a write returns when the server has taken it."""
        return dict(consumed)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _take(self, collection: str, records: list[Record]) -> Refused:
        """New ones are inserted, known ones replaced; an insert that meets its own `_id` becomes a replacement."""
        new = [r for r in records if r.id not in self._sizes]
        known = [r for r in records if r.id in self._sizes]
        duplicates: list[Record] = []
        refused: Refused = []
        for record, code, text in self._bulk(collection, new, InsertOne):
            there = self._size(collection, record.id) if code == _DUPLICATE else None
            if there is None:
                refused.append((record, self._refusal(code, text)))
            elif there <= record.size:
                duplicates.append(record)
        told = self._bulk(collection, known + duplicates, _replacement)
        refused += [(record, self._refusal(code, text)) for record, code, text in told]
        self._remember(records, {id(record) for record, _ in refused})
        return refused

    def _bulk(self, collection: str, records: list[Record], operation: Operation) -> list[tuple[Record, int, str]]:
        """Writes them; returns those that failed, with MongoDB's code and words."""
        if not records:
            return []
        try:
            self._database[collection].bulk_write([operation(document(r)) for r in records], ordered=False)
        except BulkWriteError as error:
            return _failed(records, error.details)
        except (DocumentTooLarge, InvalidDocument, OverflowError) as error:
            if len(records) == 1:
                return [(records[0], 0, str(error))]
            half = len(records) // 2
            return self._bulk(collection, records[:half], operation) + self._bulk(collection, records[half:], operation)
        return []

    def _size(self, collection: str, name: str) -> int | None:
        """How long the version is that MongoDB has; None if it has none."""
        found = self._database[collection].find_one({"_id": name}, {"size": 1})
        return None if found is None else int(found.get("size") or 0)

    def _remember(self, records: list[Record], refused: set[int]) -> None:
        for record in records:
            if id(record) not in refused:
                self._sizes[record.id] = record.size
                self._sizes.move_to_end(record.id)
        while len(self._sizes) > _REMEMBERED:
            self._sizes.popitem(last=False)

    def _refusal(self, code: int, text: str) -> Poisoned:
        mend = f"see what refuses it in {self._settings.database} (an index, a validator, its size), then replay it"
        return Poisoned("schema_refused", f"MongoDB error {code}: {text}", mend)

    def _told(self, error: PyMongoError) -> Exception:
        if isinstance(error, (AutoReconnect, ExecutionTimeout)):
            return Transient(f"MongoDB: {str(error)[:300]}")
        if isinstance(error, OperationFailure) and error.code in _NOT_ALLOWED:
            where = self._settings.mongo.rpartition("@")[2].removeprefix("mongodb://")
            return WrongCredentials("MongoDB", where, "GLOBELET_MONGO_URL")
        return Transient(f"MongoDB: {type(error).__name__}: {str(error)[:300]}")


def document(record: Record) -> Document:
    """The document of a record: its columns, those that are null left out; also each stage in ms of the epoch."""
    made: Document = {name: value for name, value in record.row.items() if value is not None}
    made["_id"] = made.pop("id")
    if record.kind == "receipt":
        for stage in STAGES:
            if (micros := made.get(f"{stage}_us")) is not None:
                made[f"{stage}_ms"] = micros // 1000
    return made


def _replacement(made: Document) -> ReplaceOne[Document]:
    return ReplaceOne({"_id": made["_id"]}, made, upsert=True)


def _failed(records: list[Record], details: Any) -> list[tuple[Record, int, str]]:
    """The writes that failed for good. Raises `Transient` where one failed for now."""
    found = [(records[e["index"]], int(e.get("code", 0)), str(e.get("errmsg", ""))) for e in details["writeErrors"]]
    for _, code, text in found:
        if code in _LATER:
            raise Transient(f"MongoDB: {text}")
    if details.get("writeConcernErrors"):
        raise Transient(f"MongoDB: {details['writeConcernErrors']}")
    return found
